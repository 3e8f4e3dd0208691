#include "sso/time_words.h"

#include "base/time_text.h"

namespace sallyport::sso {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::string date_text(WallMicros time) {
  constexpr std::string_view kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                          "July",    "August",   "September", "October", "November", "December"};
  const std::string exact = show_time(time);  // 2026-01-31T12:00:00Z
  const std::chrono::sys_time<microseconds> point{microseconds(count(time))};
  const std::chrono::year_month_day date{std::chrono::floor<days>(point)};
  return std::to_string(static_cast<unsigned>(date.day())) + " " +
         std::string(kMonths[static_cast<unsigned>(date.month()) - 1]) + " " +
         std::to_string(static_cast<int>(date.year())) + ", " + exact.substr(11, 5) + " UTC";
}

std::string ago_text(WallMicros time, WallMicros now) {
  const microseconds ago = now - time;
  if (ago < minutes(1)) return "just now";
  if (ago < hours(1)) return counted(ago / minutes(1), "minute") + " ago";
  if (ago < days(2)) return counted(ago / hours(1), "hour") + " ago";
  return counted(ago / days(1), "day") + " ago";
}

Html time_element(WallMicros time, const std::string& shown) {
  Html out;
  out << "<time datetime=\"" << text(show_time(time)) << "\">" << text(shown) << "</time>";
  return out;
}

}  // namespace

Html date_element(WallMicros time) { return time_element(time, date_text(time)); }
Html ago_element(WallMicros time, WallMicros now) { return time_element(time, ago_text(time, now)); }

std::string counted(int64_t number, const char* one) {
  return std::to_string(number) + " " + one + (number == 1 ? "" : "s");
}

std::string wait_text(seconds wait) {
  if (wait <= minutes(2)) return counted(wait.count(), "second");
  return counted(std::chrono::ceil<minutes>(wait).count(), "minute");
}

}  // namespace sallyport::sso
