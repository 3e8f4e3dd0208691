// Checks that messages and assertions have in common: version, issuer, times, destination, status.
#pragma once

#include <chrono>
#include <string_view>

#include "sso/checks.h"
#include "sso/saml/xml.h"

namespace sallyport::sso::saml {

struct TimeWindow {
  WallMicros now;
  std::chrono::seconds skew;  // how wrong either clock may be
};

// Version="2.0"
Result<void> check_version(const XmlElement& message, Checks& checks);

// The one Issuer of `holder` is `provider`, as an entity.   absent: whether it may be missing.
enum class Absent : uint8_t { kRefused, kTaken };
Result<void> check_issuer(const XmlElement& holder, std::string_view provider, Absent absent, Checks& checks);

// IssueInstant is a time, and not in the future.
Result<void> check_issued(const XmlElement& holder, const TimeWindow& window, Checks& checks);

// Destination is `url`.
Result<void> check_destination(const XmlElement& message, std::string_view url, Absent absent, Checks& checks);

// The attribute `name` of `holder`: now is not before it; or it is not over.   found: the time itself
Result<WallMicros> check_not_before(const char* check, std::string_view text, const TimeWindow& window, Checks& checks);
Result<WallMicros> check_not_over(const char* check, std::string_view text, const TimeWindow& window, Checks& checks);

// The top status code is Success; else the error says that the provider refused.   returns: nothing more
Result<void> check_status(const XmlElement& response, Checks& checks);

}  // namespace sallyport::sso::saml
