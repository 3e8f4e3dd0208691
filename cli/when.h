// Times as people type them: durations (90s, 15m, 12h, 30d, 2w) here, RFC 3339 in UTC in base/time_text.h, with how
// they are shown.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/time_text.h"

namespace sallyport::cli {

// A whole number and a unit, s m h d w; more than 0, at most 100 years.
std::optional<std::chrono::seconds> parse_duration(std::string_view text);
using sallyport::parse_time;

}  // namespace sallyport::cli
