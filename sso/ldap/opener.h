// From a server's url to a connection that is what it should be: its name looked up, each address judged by the rule
// for everything outside, connected to, TLS verified. Any thread, several at once.
#pragma once

#include <memory>
#include <optional>

#include "base/ldap_url.h"
#include "policy/identity_provider.h"
#include "sso/checks.h"
#include "sso/ldap/connection.h"
#include "sso/ldap/host_lookup.h"

namespace sallyport::sso::ldap {

struct Opened {
  std::unique_ptr<Connection> connection;
  std::optional<TlsFacts> tls;  // none: plain, to this machine
};

class Opener {
 public:
  // errors: kMalformed the authorities.
  static Result<std::unique_ptr<Opener>> make(const policy::LdapSettings& settings, policy::ProviderNetwork network,
                                              HostLookup& lookup);

  // The first of its addresses that does. Each step is a check.
  // errors: kNotFound the name, kDenied no address may be connected to, kUnavailable.
  Result<Opened> open(const LdapUrl& url, Monotonic until, Checks& checks) const;

 private:
  Opener(bool start_tls, policy::ProviderNetwork network, HostLookup& lookup, TlsContext tls);
  const char* refusal(const LdapUrl& url, const IpAddress& address) const;
  Result<Opened> open_at(const LdapUrl& url, const IpAddress& address, Monotonic until, Checks& checks) const;

  const bool start_tls_;
  const policy::ProviderNetwork network_;
  HostLookup& lookup_;
  const TlsContext tls_;
};

}  // namespace sallyport::sso::ldap
