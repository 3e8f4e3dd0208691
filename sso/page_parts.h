// Small parts that the pages of the account share: times as people read them, and rows of a list of facts.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "sso/html.h"

namespace sallyport::sso {

// Each as a <time> element that says it to machines, too.
Html date_element(WallMicros time);                 // 31 January 2026, 12:00 UTC
Html ago_element(WallMicros time, WallMicros now);  // "just now", "5 minutes ago"

std::string counted(int64_t number, const char* one);  // "1 minute", "3 minutes"
// How long to wait, rounded up: "40 seconds", "2 minutes".
std::string wait_text(std::chrono::seconds wait);

Html row(Markup name, const Html& value);  // of a <dl>
Html words(std::string_view bytes);        // escaped

}  // namespace sallyport::sso
