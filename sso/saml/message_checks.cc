#include "sso/saml/message_checks.h"

#include "base/time_text.h"
#include "sso/saml/instant.h"
#include "sso/saml/names.h"

namespace sallyport::sso::saml {
namespace {

constexpr Side kFrom = Side::kIdentityProvider;

Result<WallMicros> check_time(const char* check, std::string_view text, Checks& checks) {
  const auto time = parse_instant(text);
  CHECKED(checks.demand(time.has_value(), check, "a time", text, time ? Error{} : time.error()));
  return *time;
}

}  // namespace

Result<void> check_version(const XmlElement& message, Checks& checks) {
  const std::string version = message.attribute("Version").value_or("");
  return checks.require(version == "2.0", "version", "2.0", version,
                        {Code::kUnsupported, kFrom, "message is not of SAML 2.0"});
}

Result<void> check_issuer(const XmlElement& holder, std::string_view provider, Absent absent, Checks& checks) {
  const auto issuers = holder.children(kAssertionSpace, "Issuer");
  if (issuers.empty() && absent == Absent::kTaken) return {};
  CHECKED(checks.demand(issuers.size() == 1 && !issuers[0].has_children(), "issuer", provider,
                        issuers.empty() ? "none" : "several, or none that is text",
                        {Code::kMalformed, kFrom, "message has not exactly one issuer"}));
  const std::string format = issuers[0].attribute("Format").value_or(kEntityFormat);
  CHECKED(checks.demand(format == kEntityFormat, "issuer's format", kEntityFormat, format,
                        {Code::kDenied, kFrom, "issuer is not an entity"}));
  const std::string issuer = issuers[0].text();
  return checks.require(issuer == provider, "issuer", provider, issuer,
                        {Code::kDenied, kFrom, "issuer is another provider"});
}

Result<void> check_issued(const XmlElement& holder, const TimeWindow& window, Checks& checks) {
  CHECKED(check_not_before("issued", holder.attribute("IssueInstant").value_or(""), window, checks));
  return {};
}

Result<void> check_destination(const XmlElement& message, std::string_view url, Absent absent, Checks& checks) {
  const auto destination = message.attribute("Destination");
  if (!destination && absent == Absent::kTaken) return {};
  return checks.require(destination == url, "destination", url, destination.value_or("none"),
                        {Code::kDenied, kFrom, "message is for another destination"});
}

Result<WallMicros> check_not_before(const char* check, std::string_view text, const TimeWindow& window,
                                    Checks& checks) {
  TRY(const WallMicros time, check_time(check, text, checks));
  CHECKED(checks.require(window.now >= time - window.skew, check, "not after " + show_time(window.now), text,
                         {Code::kDenied, kFrom, "message is not valid yet"}));
  return time;
}

Result<WallMicros> check_not_over(const char* check, std::string_view text, const TimeWindow& window, Checks& checks) {
  TRY(const WallMicros time, check_time(check, text, checks));
  CHECKED(checks.require(window.now < time + window.skew, check, "after " + show_time(window.now), text,
                         {Code::kDenied, kFrom, "message is not valid any more"}));
  return time;
}

Result<void> check_status(const XmlElement& response, Checks& checks) {
  const auto statuses = response.children(kProtocolSpace, "Status");
  const auto codes = statuses.size() == 1 ? statuses[0].children(kProtocolSpace, "StatusCode") : statuses;
  CHECKED(checks.demand(statuses.size() == 1 && codes.size() == 1, "status", kSuccess, "none, or several",
                        {Code::kMalformed, kFrom, "response has not exactly one status"}));
  std::string said = codes[0].attribute("Value").value_or("");
  const bool success = said == kSuccess;
  for (const XmlElement& second : codes[0].children(kProtocolSpace, "StatusCode"))
    said.append(" ").append(second.attribute("Value").value_or(""));
  return checks.require(success, "status", kSuccess, said, {Code::kDenied, kFrom, "provider did not sign the user in"});
}

}  // namespace sallyport::sso::saml
