#include "base/units.h"

#include <array>
#include <charconv>

namespace sallyport {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};
// Largest first, for the way back.
constexpr std::array<Unit, 5> kDurationUnits{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<Unit, 5> kSizeUnits{
    {{"GiB", uint64_t{1} << 30}, {"MiB", uint64_t{1} << 20}, {"KiB", uint64_t{1} << 10}, {"B", 1}, {"", 1}}};

template <size_t N>
Result<uint64_t> parse_measure(std::string_view text, const std::array<Unit, N>& units, uint64_t max,
                               const char* what) {
  size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  for (const Unit& unit : units) {
    if (text.substr(digits) != unit.name) continue;
    TRY(const uint64_t number, parse_number(text.substr(0, digits)));
    if (number > max / unit.factor) return fail(Code::kLimit, Side::kClient, "is too large");
    return number * unit.factor;
  }
  return malformed(Side::kClient, what);
}

template <size_t N>
std::string measure_text(uint64_t value, const std::array<Unit, N>& units, std::string_view unit_of_zero) {
  if (value == 0) return "0" + std::string(unit_of_zero);
  for (const Unit& unit : units) {
    if (value % unit.factor == 0) return std::to_string(value / unit.factor) + std::string(unit.name);
  }
  return std::to_string(value);
}

}  // namespace

Result<uint64_t> parse_number(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0'))
    return malformed(Side::kClient, "must be a whole number");
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 10);
  if (error == std::errc::result_out_of_range && end == text.data() + text.size())
    return fail(Code::kLimit, Side::kClient, "is too large");
  if (error != std::errc{} || end != text.data() + text.size())
    return malformed(Side::kClient, "must be a whole number");
  return value;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  TRY(const uint64_t count, parse_measure(text, kDurationUnits, static_cast<uint64_t>(kDurationMax.count()),
                                          "must be a duration like 30s, 15m, 12h or 14d"));
  return std::chrono::milliseconds{static_cast<int64_t>(count)};
}

std::string to_duration_text(std::chrono::milliseconds duration) {
  return measure_text(static_cast<uint64_t>(duration.count()), kDurationUnits, "s");
}

Result<uint64_t> parse_size(std::string_view text) {
  return parse_measure(text, kSizeUnits, kSizeMax, "must be a size like 512B, 32KiB or 16MiB");
}

std::string to_size_text(uint64_t bytes) { return measure_text(bytes, kSizeUnits, "B"); }

}  // namespace sallyport
