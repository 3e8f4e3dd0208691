#include "policy/provider_checks.h"

#include <algorithm>

#include "base/http/url.h"
#include "base/ip.h"
#include "base/units.h"
#include "policy/group_roles.h"
#include "policy/shape_checks.h"
#include "policy/texts.h"

namespace sallyport::policy {
namespace {

bool names_this_machine(std::string_view host) {
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  const auto address = IpAddress::parse(host);
  return address && is_loopback(*address);
}

bool brackets_fit(std::string_view filter) {
  int depth = 0;
  for (const char c : filter) {
    if (c == '(') ++depth;
    if (c == ')' && --depth < 0) return false;
  }
  return depth == 0 && filter.starts_with('(') && filter.ends_with(')');
}

}  // namespace

bool is_provider_url(std::string_view text) {
  const auto url = http::parse_url(text);
  return url && (url->scheme == "https" || (url->scheme == "http" && names_this_machine(url->host)));
}

bool is_metadata_document(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  return first != text.npos && text[first] == '<';
}

Fault check_domain(std::string_view text) {
  if (text.find('@') != text.npos) return {"must be the domain alone, without @"};
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return is_host_name(lower) ? Fault{} : Fault{"must be a domain like example.test"};
}

Fault check_clock_skew(std::string_view text) {
  const auto duration = parse_duration(text);
  if (!duration) return {duration.error().what};
  if (*duration > std::chrono::minutes(5)) return {"must be at most 5m", "out_of_range"};
  return {};
}

Fault check_attribute(std::string_view text) {
  const bool printable =
      std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) > 0x1f && c != 0x7f; });
  if (printable && text.front() != ' ' && text.back() != ' ') return {};
  return {"must be printable, without blanks at its ends"};
}

Fault check_group_pattern_text(std::string_view text) {
  return text.empty() ? Fault{} : fault_of(check_group_pattern(text));
}
Fault check_group_expression_text(std::string_view text) { return fault_of(check_group_expression(text)); }
Fault check_group_team_text(std::string_view text) { return fault_of(check_group_team(text)); }

Fault check_metadata(std::string_view text) {
  if (is_metadata_document(text) || is_provider_url(text)) return {};
  if (text.starts_with("http://")) return {"must be an https:// URL; http:// only to this machine itself"};
  return {"must be a file that can be read, or an https:// URL"};
}

Fault check_issuer(std::string_view text) {
  if (!is_provider_url(text)) return {"must be an https:// URL; http:// only to this machine itself"};
  if (text.find_first_of("?#") != text.npos) return {"must not have a query or a fragment"};
  return {};
}

Fault check_scope(std::string_view text) {  // RFC 6749 s3.3
  const bool fits = std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; });
  return fits ? Fault{} : Fault{"must be a scope: printable ASCII without blanks, quotes and backslashes"};
}

Fault check_ldap_url(std::string_view text) {
  const bool tls = text.starts_with("ldaps://");
  if (!tls && !text.starts_with("ldap://")) return {"must begin with ldaps:// or ldap://"};
  const std::string_view authority = text.substr(tls ? 8 : 7);
  if (authority.find_first_of("/?#@") != authority.npos)
    return {"must be host[:port] alone; base_dn says where to search"};
  return http::parse_authority(authority) ? Fault{} : Fault{"must be ldaps://host[:port]"};
}

Fault check_user_filter(std::string_view text) {
  if (text.find("{user}") == text.npos) return {"must hold {user}"};
  return brackets_fit(text) ? Fault{} : Fault{"must be a filter in brackets, like (uid={user})"};
}

Fault check_group_filter(std::string_view text) {
  if (text.find("{dn}") == text.npos && text.find("{user}") == text.npos) return {"must hold {dn} or {user}"};
  return brackets_fit(text) ? Fault{} : Fault{"must be a filter in brackets, like (member={dn})"};
}

}  // namespace sallyport::policy
