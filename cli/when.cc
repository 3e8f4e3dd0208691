#include "cli/when.h"

#include <charconv>

namespace sallyport::cli {
namespace {

using std::chrono::seconds;
constexpr seconds kLongest{int64_t{100} * 366 * 24 * 3600};

// Reads `digits` digits at the front of the text.
std::optional<int> take_number(std::string_view& text, size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int out = 0;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    out = out * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return out;
}

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<int> take_after(std::string_view& text, char before, size_t digits) {
  return take(text, before) ? take_number(text, digits) : std::nullopt;
}

}  // namespace

std::optional<seconds> parse_duration(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number <= 0 || end + 1 != text.data() + text.size()) return std::nullopt;
  int64_t unit = 0;
  switch (*end) {
    case 's':
      unit = 1;
      break;
    case 'm':
      unit = 60;
      break;
    case 'h':
      unit = 3600;
      break;
    case 'd':
      unit = 24 * 3600;
      break;
    case 'w':
      unit = 7 * 24 * 3600;
      break;
    default:
      return std::nullopt;
  }
  if (number > kLongest.count() / unit) return std::nullopt;
  return seconds(number * unit);
}

std::optional<WallMicros> parse_time(std::string_view text) {
  using namespace std::chrono;
  const auto year_number = take_number(text, 4);
  const auto month_number = year_number ? take_after(text, '-', 2) : std::nullopt;
  const auto day_number = month_number ? take_after(text, '-', 2) : std::nullopt;
  if (!day_number) return std::nullopt;
  const year_month_day date{year{*year_number}, month{static_cast<unsigned>(*month_number)},
                            day{static_cast<unsigned>(*day_number)}};
  if (!date.ok()) return std::nullopt;
  microseconds since_midnight{0};
  if (!text.empty()) {
    const auto hour = take_after(text, 'T', 2);
    const auto minute = hour ? take_after(text, ':', 2) : std::nullopt;
    const auto second = minute ? take_after(text, ':', 2) : std::nullopt;
    if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    since_midnight = hours(*hour) + minutes(*minute) + seconds(*second);
    if (take(text, '.')) {
      int64_t unit = 100000;
      int digits = 0;
      for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), unit /= 10, ++digits)
        since_midnight += microseconds((text.front() - '0') * unit);
      if (digits == 0 || digits > 6) return std::nullopt;
    }
    if (text != "Z") return std::nullopt;
  }
  return WallMicros{(sys_days{date}.time_since_epoch() + since_midnight).count()};
}

}  // namespace sallyport::cli
