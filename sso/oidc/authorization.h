// The two ways through the browser: to the provider for a sign-in and back (OpenID Connect Core 1.0 s3.1.2), and to the
// provider for a sign-out (RP-Initiated Logout 1.0). Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "sso/checks.h"
#include "sso/oidc/provider_document.h"

namespace sallyport::sso::oidc {

// What is thrown for one sign-in and kept until the browser is back: never shown to anybody, except as below.
struct FlowSecrets {
  SecretBytes verifier;  // PKCE's (RFC 7636 s4.1), 43 characters: goes to the token endpoint alone
  std::string nonce;     // goes through the browser, and comes back inside the ID token
};
Result<FlowSecrets> new_flow_secrets();

struct AuthorizationWish {
  std::string redirect_uri;
  std::string state;       // the flow's handle
  std::string nonce;       // of FlowSecrets
  std::string challenge;   // pkce_challenge() of FlowSecrets
  std::string login_hint;  // "": none
  std::string prompt;      // "login" where a fresh sign-in is wanted; "": none
  std::optional<std::chrono::seconds> max_age;
};

// S256: base64url of SHA-256 (RFC 7636 s4.2).
std::string pkce_challenge(const SecretBytes& verifier);

// The authorization endpoint with its own query kept (RFC 6749 s3.1).
std::string authorization_url(const ProviderDocument& document, const policy::OidcSettings& settings,
                              const AuthorizationWish& wish);

// What the browser brings back in the query of the redirect_uri.
struct Callback {
  std::string state;
  std::string code;                   // "" where there is an error
  std::string error;                  // RFC 6749 s4.1.2.1: printable ASCII; "": none
  std::optional<std::string> issuer;  // RFC 9207
};
constexpr size_t kCallbackBytesMax = size_t{16} << 10;
// query: as sent, without '?'.   errors (kClient): kTooLarge; kMalformed a parameter twice, bad percent coding, no
// state, neither code nor error or both.
Result<Callback> read_callback(std::string_view query);

// Is it this provider that answers (RFC 9207 s2.4), and did it sign the user in?
// errors (kIdentityProvider): kDenied another issuer, none where there has to be one, an error.
Result<void> check_callback(const Callback& callback, const ProviderDocument& document, Checks& checks);

struct LogoutWish {
  std::string id_token_hint;  // "": none
  std::string post_logout_redirect_uri;
  std::string state;
};
// "" when the provider has no such endpoint.
std::string logout_url(const ProviderDocument& document, const policy::OidcSettings& settings, const LogoutWish& wish);

}  // namespace sallyport::sso::oidc
