// Metadata of identity providers: what is read has an entity, a key and an endpoint that a browser may be sent to.
#include "base/http/url.h"
#include "sso/saml/instant.h"
#include "sso/saml/provider_metadata.h"
#include "tests/fuzz/require.h"
#include "tests/sso/saml/forge.h"

using namespace sallyport;
using namespace sallyport::sso::saml;

namespace {

const WallMicros kNow = parse_instant(forge::kNowText).value();

void require_safe(const std::optional<ProviderEndpoint>& endpoint) {
  if (!endpoint) return;
  for (const std::string& text : {endpoint->location, endpoint->response_location}) {
    const auto url = http::parse_url(text);
    require(url.has_value());
    require(url->scheme == "https" || url->host == "localhost" || url->host == "::1" || url->host.starts_with("127."));
    require(text.find_first_of("\r\n\t ") == text.npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input = fuzz_text(data, size);
  static const VerifyKey signer = forge::fixed_ec_key().verify_key();
  const auto trusted = read_provider_metadata(input, "", {}, kNow);
  const auto verified = read_provider_metadata(input, "", {&signer, 1}, kNow);
  for (const auto* read : {&trusted, &verified}) {
    if (!*read) continue;
    const ProviderMetadata& metadata = **read;
    require(!metadata.entity_id.empty());
    require(!metadata.signing_keys.empty() && metadata.signing_keys.size() <= kSigningKeysMax);
    require(metadata.sso_redirect || metadata.sso_post);
    for (const auto* endpoint :
         {&metadata.sso_redirect, &metadata.sso_post, &metadata.slo_redirect, &metadata.slo_post})
      require_safe(*endpoint);
    require(!metadata.valid_until || *metadata.valid_until > kNow);
  }
  // Whoever signed the corpus said one thing.
  if (verified) require(verified->sso_redirect && verified->sso_redirect->location == "https://idp.example.test/sso");
  return 0;
}
