// Names to addresses, for threads that may wait.
#pragma once

#include <string>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace sallyport::sso::ldap {

class HostLookup {
 public:
  virtual ~HostLookup() = default;
  // In the order in which they are to be tried, never an empty list. host: lower case, or an address. Any thread.
  // errors: kNotFound there is no such name, kUnavailable nobody knows.
  virtual Result<std::vector<IpAddress>> addresses_of(const std::string& host) = 0;
};

// The system's (getaddrinfo): may wait as long as resolv.conf says. Addresses are themselves, and `localhost` and its
// sub-names are the loopback addresses, without a question (RFC 6761 s6.3).
class SystemLookup final : public HostLookup {
 public:
  Result<std::vector<IpAddress>> addresses_of(const std::string& host) override;
};

}  // namespace sallyport::sso::ldap
