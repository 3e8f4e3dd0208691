// Wall times as text: RFC 3339 in UTC.
#pragma once

#include <string>

#include "base/clock.h"

namespace sallyport {

std::string show_time(WallMicros time);          // 2026-01-31T12:00:00Z
std::string show_time_exactly(WallMicros time);  // with 6 digits

}  // namespace sallyport
