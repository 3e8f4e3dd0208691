#include "base/ldap_url.h"

#include "base/http/url.h"

namespace sallyport {
namespace {

constexpr std::string_view kPlain = "ldap://";
constexpr std::string_view kTls = "ldaps://";
constexpr uint16_t kPlainPort = 389;
constexpr uint16_t kTlsPort = 636;

}  // namespace

Result<LdapUrl> parse_ldap_url(std::string_view text) {
  LdapUrl out;
  out.tls_from_the_start = text.starts_with(kTls);
  if (!out.tls_from_the_start && !text.starts_with(kPlain))
    return malformed(Side::kSelf, "an LDAP server is ldaps://host or ldap://host");
  text.remove_prefix(out.tls_from_the_start ? kTls.size() : kPlain.size());
  if (text.ends_with('/')) text.remove_suffix(1);
  if (text.find_first_of("/?#") != text.npos) return malformed(Side::kSelf, "an LDAP url with more than host and port");
  TRY(http::Authority authority, http::parse_authority(text));
  out.host = std::move(authority.host);
  out.port = authority.port.value_or(out.tls_from_the_start ? kTlsPort : kPlainPort);
  return out;
}

std::string LdapUrl::to_string() const {
  const bool six = host.find(':') != host.npos;
  return std::string(tls_from_the_start ? kTls : kPlain) + (six ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace sallyport
