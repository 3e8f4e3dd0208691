// Numbers, spans of time and sizes as people write them in configuration, resources and options: 100, 15m, 32KiB.
// One number and one unit, nothing between them: no signs, fractions, sums or blanks, so that there is one way to read
// each.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sallyport {

constexpr std::chrono::milliseconds kDurationMax{int64_t{100} * 366 * 24 * 3600 * 1000};
constexpr uint64_t kSizeMax = uint64_t{1} << 50;

// Decimal digits alone, no sign, no leading zero but "0" itself. errors: kMalformed, kLimit when it does not fit.
Result<uint64_t> parse_number(std::string_view text);

// NUMBER then ms, s, m, h or d. errors: kMalformed other text, kLimit over kDurationMax.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
// The largest unit that says it exactly: 90s, 15m, 14d.
std::string to_duration_text(std::chrono::milliseconds duration);

// NUMBER then B, KiB, MiB, GiB or nothing (bytes). errors: kMalformed other text, kLimit over kSizeMax.
Result<uint64_t> parse_size(std::string_view text);
std::string to_size_text(uint64_t bytes);

}  // namespace sallyport
