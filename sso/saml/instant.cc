#include "sso/saml/instant.h"

#include <algorithm>
#include <optional>

namespace sallyport::sso::saml {
namespace {

constexpr size_t kFractionDigitsMax = 18;

std::optional<int> number(std::string_view digits) {
  int out = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return {};
    out = out * 10 + (c - '0');
  }
  return out;
}

// ".25" -> 250000
std::optional<int64_t> micros(std::string_view fraction) {
  if (fraction.empty()) return 0;
  if (fraction.size() < 2 || fraction.size() > 1 + kFractionDigitsMax || fraction[0] != '.') return {};
  int64_t out = 0;
  for (size_t i = 1; i <= std::max<size_t>(6, fraction.size() - 1); ++i) {
    const char c = i < fraction.size() ? fraction[i] : '0';
    if (c < '0' || c > '9') return {};
    if (i <= 6) out = out * 10 + (c - '0');
  }
  return out;
}

}  // namespace

Result<WallMicros> parse_instant(std::string_view text) {
  constexpr Error kNone{Code::kMalformed, Side::kIdentityProvider, "time is not of the form 2026-01-31T12:00:00Z"};
  constexpr size_t kWholeBytes = 19;
  if (text.size() <= kWholeBytes || text.back() != 'Z' || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
      text[13] != ':' || text[16] != ':')
    return std::unexpected(kNone);
  const auto year = number(text.substr(0, 4));
  const auto month = number(text.substr(5, 2));
  const auto day = number(text.substr(8, 2));
  const auto hour = number(text.substr(11, 2));
  const auto minute = number(text.substr(14, 2));
  const auto second = number(text.substr(17, 2));
  const auto fraction = micros(text.substr(kWholeBytes, text.size() - kWholeBytes - 1));
  if (!year || !month || !day || !hour || !minute || !second || !fraction) return std::unexpected(kNone);
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (*year < 1970 || !date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::unexpected(kNone);
  const std::chrono::microseconds since = std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(*hour) +
                                          std::chrono::minutes(*minute) + std::chrono::seconds(*second);
  return WallMicros{since.count() + *fraction};
}

}  // namespace sallyport::sso::saml
