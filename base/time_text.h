// Wall times as text: RFC 3339 in UTC.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace sallyport {

std::string show_time(WallMicros time);          // 2026-01-31T12:00:00Z
std::string show_time_exactly(WallMicros time);  // with 6 digits

// "2026-01-31", "2026-01-31T12:00:00Z", with a fraction of up to 6 digits; UTC only.
std::optional<WallMicros> parse_time(std::string_view text);

}  // namespace sallyport
