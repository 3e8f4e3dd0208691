// What can be said of a directory without a person: for `sallyport sso test NAME`, and to warn of certificates that
// end.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sso/ldap/directory.h"

namespace sallyport::sso::ldap {

struct LdapHealth {
  struct Server {
    std::string url;
    bool passed = false;
    std::optional<WallMicros> certificate_ends;  // of those that were reached over TLS
    Checks checks;
  };
  std::vector<Server> servers;  // all of them, in order
  bool passed() const;          // every one
};

// Each server by a connection of its own: name, address, connection, TLS, bind as bind_dn, base_dn and groups_dn are
// there, user_filter is a filter. Blocks, at most twice settings.timeout for each server.
LdapHealth ldap_check(Directory& directory, const SecretBytes& bind_password);

}  // namespace sallyport::sso::ldap
