// The token endpoint (OpenID Connect Core 1.0 s3.1.3, RFC 6749 s4.1.3, RFC 7636 s4.5): what is asked, and what the
// answer is. Pure. Codes, secrets and tokens stay in secret memory, as far as JSON's reader lets them.
#pragma once

#include <string>
#include <string_view>

#include "base/fetch.h"
#include "policy/identity_provider.h"
#include "sso/checks.h"
#include "sso/oidc/provider_document.h"

namespace sallyport::sso::oidc {

constexpr size_t kTokenAnswerBytesMax = size_t{192} << 10;

// The request for a code. client_secret: empty with OidcClientAuth::kNone.
// errors: kLimit secret memory; kMalformed no client secret where one is needed.
Result<FetchRequest> token_request(const ProviderDocument& document, const policy::IdentityProvider& provider,
                                   const SecretBytes& client_secret, std::string_view code, const SecretBytes& verifier,
                                   std::string_view redirect_uri);

struct TokenAnswer {
  SecretBytes id_token;
  SecretBytes access_token;
};

// reply: its body is wiped.   errors (kIdentityProvider): kDenied the code or this client is refused; kUnavailable 5xx;
// kMalformed no JSON object, a member twice or of another type, no ID token, a token type that is not Bearer.
Result<TokenAnswer> read_token_answer(FetchReply& reply, Checks& checks);

// The error code of a refusal (RFC 6749 s5.2), printable ASCII; "" where it has none.
std::string refusal_of(std::string_view body);

// "Basic ..." (RFC 6749 s2.3.1: both halves are form-encoded first).
Result<SecretBytes> basic_authorization(std::string_view client_id, const SecretBytes& client_secret);

}  // namespace sallyport::sso::oidc
