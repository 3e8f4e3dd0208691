// What an OpenID provider, or somebody who says he is one, sends: key sets, signed tokens, its document, claims, and
// the query that a browser brings. It is read or refused; and nothing is believed but what the known keys have signed.
//
// The first byte says what the rest is: 's' a key set, 't' a token, 'd' a provider's document, 'c' claims, 'q' a query.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "sso/jose_verify.h"
#include "sso/oidc/authorization.h"
#include "sso/oidc/claims.h"
#include "sso/strict_json.h"
#include "tests/fuzz/require.h"

namespace {

using namespace sallyport;
using namespace sallyport::sso;

// The keys that signed the corpus, and what they have signed.
constexpr const char* kKeys =
    R"({"keys":[{"kty":"RSA","n":"2XLMk630WVu6S-Rvr2kpwPPpt00GbnBTHVe9mG5zKfBovn1H_s3ZY_1Mxb-2B4FxkdKKqxSzkiujH1fFcr3lw7bgQd2vKOt681mFqUBoIKgUUix_6CPK7ilPdW_4iPqhUu6SQgz-04T2uac79KKLP3dW_KGz2IEZIxxfvQ31lpOucCXJTtDcfiPCBNceEiGEX4rEgt__WQMXZ1mg3ChpPqJ-SkOwCOv2jQYxcLS1bzVOXMIi-ejJCd82GGWCmEO3YnmMhmLLNi6umbwmot_TTlSlkxuJRwS6535CIwI9hpD9BdCFQeuyD-fDKtAtQ3sxtOfEKh9eLySAAsVNDIF5RQ","e":"AQAB","use":"sig","alg":"RS256","kid":"rs"},
{"kty":"RSA","n":"_Gytrn4fzrXHCwP0i7hDAv-X462cJCQB_Iaf-2NTcCEUJWx5Yq8FCESti-f2ugS-bLP_Taty2x6Wrd4ob1ODxQw2XVYTj5Y9GU7H5YudwiKrUMzUmxD2Itk1KF4hApGKQisbajDOHdoLvygn9z7Lu2zWVBrcuFDwtzdJ-jxv9BvIM8oEHFEmRgMB9f7rpKWx4arbEXvZ6vLdN91i1KjuqPE8CZe-y_fUF-PK4Lhg2GR19BHsojs4C-cQv9WY8kEogYVBB9-uGKPm5gWwN1uOQvkpo3O4IhJie2KdmVeihC7pPrwkDqdWolVa134Zdpjwm1CVbdYKh6ZRbuAV3CqPeQ","e":"AQAB","use":"sig","alg":"PS256","kid":"ps"},
{"kty":"EC","x":"ReRVmZr6BEcHKKmVPRQdPZ6A6J0L5hidKlcO-dBFLcA","y":"wCPxcb1F6lue0a0F8X8qx-enQPsWrWr1T1jjHVQWA08","crv":"P-256","use":"sig","alg":"ES256","kid":"es"},
{"crv":"Ed25519","x":"_tc4ooHbjRH8v_HxvtuTIi-eWST16QxKGE1QWz2b73I","kty":"OKP","use":"sig","alg":"EdDSA","kid":"ed"}]})";
constexpr const char* kSigned = R"({"sub":"alice"})";

void key_set(std::string_view text) {
  const auto set = read_jwk_set(text);
  if (!set) return;
  require(set->keys.size() + set->foreign + set->broken <= kJwkSetKeysMax);
  for (const VerifyingJwk& key : set->keys) {
    require(key.kid().size() <= kKidBytesMax);
    int algorithms = 0;
    for (const auto algorithm :
         {JoseAlgorithm::kRs256, JoseAlgorithm::kPs256, JoseAlgorithm::kEs256, JoseAlgorithm::kEdDsa}) {
      algorithms += key.takes(algorithm) ? 1 : 0;
      require(!key.fits(algorithm, "nobody has signed this", as_bytes(text.substr(0, 64))));
    }
    require(algorithms >= 1 && algorithms <= 2);
  }
}

void token(std::string_view text) {
  static const JwkSet keys = read_jwk_set(kKeys).value();
  require(keys.keys.size() == 4);
  Checks checks;
  const auto verified = verify_jws(text, keys, checks);
  require(verified || (!checks.list().empty() && !checks.list().back().passed));
  if (!verified) return;
  require(verified->payload == kSigned);
  require(read_jws_header(text).has_value());
  require(std::ranges::count(text, '.') == 2);
}

void document(std::string_view text) {
  policy::OidcSettings settings;
  settings.issuer = "https://op.example.test";
  Checks checks;
  const auto read = oidc::read_provider_document(text, settings, checks);
  require(read || (!checks.list().empty() && !checks.list().back().passed));
  if (!read) return;
  require(read->issuer == settings.issuer);
  for (const http::Url* url : {&read->authorization_endpoint, &read->token_endpoint, &read->jwks_uri})
    require(parse_fetch_url(url->to_string(), Side::kSelf).has_value());
  const std::string url = oidc::authorization_url(*read, settings, {"https://gate/cb", "s", "n", "c", "", "", {}});
  require(url.find_first_of("\r\n \"<>") == url.npos);
}

void claims(std::string_view text) {
  const auto read = parse_strict_object(text);
  if (!read) return;
  policy::IdentityProvider provider;
  for (const char* groups : {"groups", "realm_access.roles"}) {
    provider.groups.attribute = groups;
    Checks checks;
    const auto identity = oidc::identity_of(provider, *read, nullptr, checks);
    if (!identity) continue;
    require(!identity->subject.empty() && identity->subject.size() <= kSubjectBytesMax);
    require(identity->groups.size() <= kAssertedGroupsMax);
    require(identity->email.empty() || (*read)["email_verified"] == true || (*read)["email_verified"] == "true");
  }
}

void query(std::string_view text) {
  const auto callback = oidc::read_callback(text);
  if (!callback) return;
  require(!callback->state.empty());
  require(callback->code.empty() != callback->error.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size == 0) return 0;
  const std::string_view rest = fuzz_text(bytes + 1, size - 1);
  switch (bytes[0]) {
    case 's':
      key_set(rest);
      break;
    case 't':
      token(rest);
      break;
    case 'd':
      document(rest);
      break;
    case 'c':
      claims(rest);
      break;
    default:
      query(rest);
  }
  return 0;
}
