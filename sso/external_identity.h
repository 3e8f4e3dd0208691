// A person as a provider vouches for him, once all that it said is verified: what SAML, OpenID Connect and LDAP have in
// common. Nothing of it is believed beyond what the provider's resource allows (sso/provider_account.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace sallyport::sso {

constexpr size_t kSubjectBytesMax = 512;
constexpr size_t kAssertedGroupsMax = 2000;
constexpr size_t kAssertedGroupBytesMax = 512;

struct ExternalIdentity {
  std::string subject;                    // tells people apart for ever; never empty
  std::string email;                      // "" when none was asserted, or one that was not verified
  std::string name;                       // what a new account may be called after; "" when nothing was said
  std::vector<std::string> groups;        // as the provider spells them; a missing attribute is an empty list
  std::string means;                      // for the audit: "saml, PasswordProtectedTransport"
  std::optional<WallMicros> session_end;  // the provider wants the session over by then
};

}  // namespace sallyport::sso
