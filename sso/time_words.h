// Times as people read them on a page.
#pragma once

#include <string>

#include "base/clock.h"
#include "sso/html.h"

namespace sallyport::sso {

// Each as a <time> element that says it to machines, too.
Html date_element(WallMicros time);                 // 31 January 2026, 12:00 UTC
Html ago_element(WallMicros time, WallMicros now);  // 5 minutes ago

// "1 minute", "3 minutes"
std::string counted(int64_t number, const char* one);
// How long to wait, rounded up: "40 seconds", "2 minutes".
std::string wait_text(std::chrono::seconds wait);

}  // namespace sallyport::sso
