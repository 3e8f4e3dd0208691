// `sallyport sso test NAME` for an OpenID provider: everything that can be found out without a person.
#pragma once

#include <string>

#include "base/fetch.h"
#include "base/secret.h"
#include "policy/identity_provider.h"
#include "sso/checks.h"

namespace sallyport::sso::oidc {

struct ProviderReport {
  Checks checks;  // all that could be made, in plain words; whatever failed, the next are made
  std::optional<WallMicros> certificate_ends;  // of the provider's servers, the first that ends
};

// Asks for the provider's document and keys, whether its endpoints answer, and whether the token endpoint knows this
// client: with a code that is none, which a provider refuses in one way (invalid_grant) when client_id and
// client_secret are right, and in another when they are not.
// redirect_uri: of this provider here.   cost: blocks for five connections
ProviderReport check_provider(Fetcher& fetcher, const policy::IdentityProvider& provider,
                              const SecretBytes& client_secret, std::string_view redirect_uri, WallMicros now);

}  // namespace sallyport::sso::oidc
