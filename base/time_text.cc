#include "base/time_text.h"

#include <cstdio>

namespace sallyport {
namespace {

struct Parts {
  int year, month, day, hour, minute, second;
  int64_t micros;
};

Parts parts_of(WallMicros time) {
  using namespace std::chrono;
  const sys_time<microseconds> point{microseconds(count(time))};
  const auto midnight = floor<days>(point);
  const year_month_day date{midnight};
  const hh_mm_ss clock{point - midnight};
  return {static_cast<int>(date.year()),
          static_cast<int>(static_cast<unsigned>(date.month())),
          static_cast<int>(static_cast<unsigned>(date.day())),
          static_cast<int>(clock.hours().count()),
          static_cast<int>(clock.minutes().count()),
          static_cast<int>(clock.seconds().count()),
          clock.subseconds().count()};
}

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

std::string show_time(WallMicros time) {
  const Parts at = parts_of(time);
  char out[64];
  std::snprintf(out, sizeof out, "%04d-%02d-%02dT%02d:%02d:%02dZ", at.year, at.month, at.day, at.hour, at.minute,
                at.second);
  return out;
}

std::string show_time_exactly(WallMicros time) {
  const Parts at = parts_of(time);
  char out[64];
  std::snprintf(out, sizeof out, "%04d-%02d-%02dT%02d:%02d:%02d.%06lldZ", at.year, at.month, at.day, at.hour, at.minute,
                at.second, static_cast<long long>(at.micros));
  return out;
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

}  // namespace sallyport
