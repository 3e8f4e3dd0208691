// A sign-in with OpenID Connect from the browser's answer on, and a sign-out that the provider announces. Both block:
// they are for a thread of the BlockingPool, where everything they need goes by value.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/fetch.h"
#include "sso/checks.h"
#include "sso/external_identity.h"
#include "sso/oidc/authorization.h"
#include "sso/oidc/id_token.h"
#include "sso/oidc/provider_document.h"
#include "sso/oidc/provider_keys.h"

namespace sallyport::sso::oidc {

// One provider, as its resource and its own document describe it.
struct Client {
  std::string name;  // of the resource
  policy::IdentityProvider provider;
  ProviderDocument document;
  SecretBytes client_secret;
};

// Whom it may ask, and what the time is.
struct Reach {
  Fetcher& fetcher;
  ProviderKeys& keys;
  const Clock& clock;
};

// What the browser has brought, and what was kept for it. The caller has found the flow by callback.state, once.
struct Answer {
  Callback callback;
  FlowSecrets flow;
  std::string redirect_uri;
  std::optional<std::chrono::seconds> max_age;
};

struct OidcVerdict {
  Result<ExternalIdentity> identity;
  Checks checks;         // ends with the one that failed
  SecretBytes id_token;  // id_token_hint of a later logout_url()
  std::string sid;       // the provider's session, for back-channel logout; "": it named none
  std::string sub;       // as back-channel logout names it, whatever claim the subject is
};
// Exchanges the code, verifies the ID token, asks for userinfo where that is configured.
// errors: of all that; Code::kUnavailable, kTimeout and kNotFound are the provider's absence.   cost: two or three
// connections
OidcVerdict oidc_sign_in(const Reach& reach, const Client& client, const Answer& answer);

struct LogoutVerdict {
  Result<LogoutNotice> notice;
  Checks checks;
};
// token: logout_token of the form.   cost: none but the signature's, usually; anybody may ask for this.
LogoutVerdict oidc_logout(const Reach& reach, const Client& client, std::string_view token);

}  // namespace sallyport::sso::oidc
