// Small parts that the pages of the account share: times, and rows of a list of facts.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "sso/html.h"

namespace sallyport::sso {

std::string date_text(WallMicros time);                 // 31 January 2026, 12:00 UTC
std::string ago_text(WallMicros time, WallMicros now);  // "just now", "5 minutes ago"
// "just now", with the exact time for machines.
Html time_element(WallMicros time, const std::string& shown);
Html date(WallMicros time);

Html row(Markup name, const Html& value);  // of a <dl>
Html words(std::string_view bytes);        // escaped

}  // namespace sallyport::sso
