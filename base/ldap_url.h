// Where an LDAP server is: the part of RFC 4516 that names one, and nothing of what may follow there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sallyport {

struct LdapUrl {
  bool tls_from_the_start = false;  // ldaps
  std::string host;                 // lower case name, or an address without brackets; no trailing dot
  uint16_t port = 0;                // 389, or 636 of ldaps, when the text has none
  std::string to_string() const;    // always with the port
};

// "ldap://host[:port]" or "ldaps://host[:port]", a slash behind it or none.
// errors: kMalformed another scheme, no host or none that http::parse_authority() takes, a DN, a query.
Result<LdapUrl> parse_ldap_url(std::string_view text);

}  // namespace sallyport
