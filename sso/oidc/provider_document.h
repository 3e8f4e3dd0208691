// What an OpenID provider says of itself (OpenID Connect Discovery 1.0 s3): where its endpoints are and what it can do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/fetch.h"
#include "policy/identity_provider.h"
#include "sso/checks.h"

namespace sallyport::sso::oidc {

struct ProviderDocument {
  std::string issuer;
  http::Url authorization_endpoint;
  http::Url token_endpoint;
  http::Url jwks_uri;
  std::optional<http::Url> userinfo_endpoint;
  std::optional<http::Url> end_session_endpoint;
  bool issuer_in_answers = false;   // RFC 9207: every answer through the browser names its issuer
  std::vector<std::string> scopes;  // those it tells of; empty: it does not say
  bool backchannel_logout = false;
};

constexpr size_t kProviderDocumentBytesMax = size_t{256} << 10;

// ISSUER/.well-known/openid-configuration, a slash at the issuer's end taken off (s4).   errors: kMalformed the issuer
Result<http::Url> provider_document_url(std::string_view issuer);

// text: of that URL, or one that was kept.
// errors (kIdentityProvider): kTooLarge, kMalformed; kDenied it is about another issuer; kUnsupported it cannot do the
// code flow, PKCE with S256, one of our algorithms, the way in which this client shows itself, or userinfo where that
// is asked for.
Result<ProviderDocument> read_provider_document(std::string_view text, const policy::OidcSettings& settings,
                                                Checks& checks);

struct FetchedDocument {
  ProviderDocument document;
  std::string text;  // to be kept
  std::optional<WallMicros> certificate_ends;
};
// errors: of Fetcher::fetch(), as well.   cost: blocks for a connection
Result<FetchedDocument> fetch_provider_document(Fetcher& fetcher, const policy::IdentityProvider& provider,
                                                Checks& checks);

}  // namespace sallyport::sso::oidc
