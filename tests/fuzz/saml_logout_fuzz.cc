// Single logout messages: by query and by form, requests and responses; nothing is taken that the provider's key did
// not sign, and in the corpus it signed out alice alone. And what stands behind the signature.
#include "base/http/url.h"
#include "sso/saml/codec.h"
#include "sso/saml/instant.h"
#include "sso/saml/logout.h"
#include "sso/saml/xml_library.h"
#include "tests/fuzz/require.h"
#include "tests/sso/saml/forge.h"

using namespace sallyport;
using namespace sallyport::sso::saml;

namespace {

const WallMicros kNow = parse_instant(forge::kNowText).value();

const LogoutRules& rules() {
  static const LogoutRules made = [] {
    LogoutRules out;
    out.provider = forge::kIdp;
    out.destination = "https://gate.example.test/slo";
    out.provider_keys = {forge::fixed_ec_key().verify_key()};
    out.own_keys = {forge::sp_key()};
    return out;
  }();
  return made;
}

enum class Origin { kForeign, kSigned };

void judge(const Incoming& incoming, Origin origin) {
  const auto request = verify_logout_request(rules(), incoming, kNow);
  require(request.checks.list().back().passed == request.request.has_value());
  if (request.request) {
    require(!request.request->request.id.empty() && request.request->replay_until > kNow);
    require(request.request->request.session_indexes.size() <= 64);
    if (origin == Origin::kForeign) require(request.request->request.name_id.value == "alice@example.test");
  }
  const auto response = verify_logout_response(rules(), incoming, "_l0", kNow);
  require(response.checks.list().back().passed == response.status.has_value());
  if (response.status && origin == Origin::kForeign) require(*response.status == LogoutStatus::kSuccess);
  require(refused_openings() == 0);
}

std::string signed_query(std::string_view name, std::string_view message) {
  const std::string algorithm = forge::algorithm_for(forge::with_key(forge::fixed_ec_key()));
  const std::string query =
      std::string(name) + "=" + http::percent_encode(message) + "&SigAlg=" + http::percent_encode(algorithm);
  const Bytes signature = forge::raw_signature(forge::with_key(forge::fixed_ec_key()), algorithm, query);
  return query + "&Signature=" + http::percent_encode(base64_encode(signature));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string input(fuzz_text(data + 1, size - 1));
  switch (data[0] % 8) {
    case 0:
      judge({Binding::kRedirect, input}, Origin::kForeign);
      break;
    case 1:
      judge({Binding::kRedirect, signed_query("SAMLRequest", base64_encode(as_bytes(input)))}, Origin::kSigned);
      break;
    case 2:
      judge({Binding::kRedirect, signed_query("SAMLRequest", encode_redirected(input))}, Origin::kSigned);
      break;
    case 3:
      judge({Binding::kRedirect, signed_query("SAMLResponse", encode_redirected(input))}, Origin::kSigned);
      break;
    default:
      judge({Binding::kPost, encode_posted(input)}, Origin::kForeign);
  }
  return 0;
}
