// The single values that resource documents hold, each as the check of a shape: a reader's verdict in words.
#pragma once

#include "base/shape.h"
#include "base/time_text.h"
#include "base/units.h"
#include "policy/certificate_pattern.h"
#include "policy/template_text.h"
#include "policy/texts.h"

namespace sallyport::policy {

// A reader's answer as a fault: its `what` is the message.
template <class T>
Fault fault_of(const Result<T>& result) {
  if (result) return {};
  return {result.error().what, result.error().code == Code::kLimit ? "out_of_range" : "invalid_value"};
}

inline Fault check_name(std::string_view text) {
  if (is_name(text)) return {};
  return {"must be a name: 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or digit first"};
}
inline Fault check_secret_name(std::string_view text) {
  if (is_secret_name(text)) return {};
  return {"the name of a secret is 1 to 63 letters, digits and '_', no digit first"};
}
inline Fault check_cidr(std::string_view text) {
  if (Cidr::parse(text)) return {};
  return {"must be an address or a network like 10.0.0.0/8 or 2001:db8::/32, with no bits behind the prefix"};
}
inline Fault check_address(std::string_view text) {
  return IpAddress::parse(text) ? Fault{} : Fault{"must be an IP address like 192.0.2.1 or 2001:db8::1"};
}
template <int64_t MinMs, int64_t MaxMs>
Fault check_duration(std::string_view text) {
  static_assert(MaxMs == int64_t{365} * 86'400'000 || MaxMs == 86'400'000);
  const auto duration = parse_duration(text);
  if (!duration) return fault_of(duration);
  if (duration->count() >= MinMs && duration->count() <= MaxMs) return {};
  if (MaxMs > 86'400'000) return {"must be between 1s and 365d", "out_of_range"};
  return {MinMs == 1 ? "must be between 1ms and 24h" : "must be between 1s and 24h", "out_of_range"};
}
inline constexpr auto check_long_duration = check_duration<1000, int64_t{365} * 86'400'000>;
inline constexpr auto check_timeout = check_duration<1, 86'400'000>;

inline Fault check_rate_per(std::string_view text) {
  const auto duration = parse_duration(text);
  if (!duration) return fault_of(duration);
  if (*duration < kRatePerMin || *duration > kRatePerMax) return {"must be between 1s and 1h", "out_of_range"};
  return {};
}

inline Fault check_email(std::string_view text) {
  return is_email(text) ? Fault{} : Fault{"must be an e-mail address like alice@example.test"};
}
inline Fault check_time(std::string_view text) {
  return parse_time(text) ? Fault{} : Fault{"must be a time like 2026-01-31T12:00:00Z"};
}
inline Fault check_method(std::string_view text) {
  return is_method(text) ? Fault{} : Fault{"must be a method in capitals, like GET"};
}
inline Fault check_at(std::string_view text) { return fault_of(parse_at(text)); }
inline Fault check_rule_path(std::string_view text) { return fault_of(parse_rule_path(text)); }
inline Fault check_certificate(std::string_view text) { return fault_of(parse_certificate_pattern(text)); }
inline Fault check_origin(std::string_view text) { return fault_of(parse_origin(text)); }
inline Fault check_url(std::string_view text) { return fault_of(parse_upstream_url(text)); }
inline Fault check_server_name(std::string_view text) { return fault_of(parse_server_name(text)); }
inline Fault check_ca(std::string_view text) { return fault_of(check_ca_pem(text)); }
inline Fault check_upstream_host(std::string_view text) {
  return http::parse_authority(text) ? Fault{} : Fault{"must be a host name or address, with :PORT if wanted"};
}
inline Fault check_header_name(std::string_view text) { return fault_of(check_injected_header(text)); }
inline Fault check_query_name(std::string_view text) {
  return text.empty() || text.size() > 128 ? Fault{"the name of a parameter is 1 to 128 bytes"} : Fault{};
}
inline Fault check_header_value(std::string_view text) { return fault_of(parse_template(text, TemplateUse::kHeader)); }
inline Fault check_query_value(std::string_view text) { return fault_of(parse_template(text, TemplateUse::kQuery)); }
inline Fault check_first_message(std::string_view text) { return fault_of(parse_template(text, TemplateUse::kJson)); }
inline Fault check_basic_user(std::string_view text) {
  if (text.find("{{") != text.npos) return {"is plain text; only secrets.password is taken from the secrets"};
  // RFC 7617 s2: the first colon ends the user-id.
  return text.find(':') == text.npos ? Fault{} : Fault{"must not hold a colon"};
}

}  // namespace sallyport::policy
