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

}  // namespace sallyport
