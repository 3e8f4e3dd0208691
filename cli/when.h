// Times as people type them: durations (90s, 15m, 12h, 30d, 2w) and RFC 3339 in UTC. How they are shown:
// base/time_text.h.
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
// "2026-01-31", "2026-01-31T12:00:00Z", with a fraction of up to 6 digits; UTC only.
std::optional<WallMicros> parse_time(std::string_view text);

}  // namespace sallyport::cli
