// SAML responses: whatever is posted, only what the provider's key signed is ever taken, and all that it signed in the
// corpus is about alice. Then what stands behind the signature: contents that the harness signs, and encrypts, itself.
#include "sso/saml/codec.h"
#include "sso/saml/instant.h"
#include "sso/saml/response.h"
#include "sso/saml/xml_library.h"
#include "tests/fuzz/require.h"
#include "tests/sso/saml/forge.h"

using namespace sallyport;
using namespace sallyport::sso::saml;

namespace {

const WallMicros kNow = parse_instant(forge::kNowText).value();

const ResponseRules& rules() {
  static const ResponseRules made = [] {
    ResponseRules out;
    out.provider = forge::kIdp;
    out.audience = forge::kSp;
    out.consumer_url = forge::kAcs;
    out.provider_keys = {forge::fixed_ec_key().verify_key()};
    out.own_keys = {forge::sp_key()};
    out.in_response_to = forge::kRequestId;
    return out;
  }();
  return made;
}

ResponseVerdict judge(std::string_view posted) {
  ResponseVerdict verdict = verify_response(rules(), posted, kNow);
  const auto& list = verdict.checks.list();
  require(!list.empty() && list.back().passed == verdict.claims.has_value());
  for (size_t i = 0; i + 1 < list.size(); ++i) require(list[i].passed);
  for (const sso::Check& check : list) require(check.found.size() <= sso::kCheckFoundBytesMax);
  require(refused_openings() == 0);
  if (verdict.claims) {
    require(verdict.claims->issuer == forge::kIdp && !verdict.claims->name_id.value.empty());
    require(!verdict.claims->assertion_id.empty() && verdict.claims->replay_until > kNow);
  }
  return verdict;
}

void judge_foreign(std::string_view posted) {
  const ResponseVerdict verdict = judge(posted);
  if (!verdict.claims) return;
  require(verdict.claims->name_id.value == "alice@example.test");
  require(verdict.claims->values_of("groups") == std::vector<std::string>({"admins", "staff"}));
}

// An assertion with this behind its Issuer, signed by the provider; nothing, if it is not even XML.
std::string signed_assertion(std::string_view content) {
  const std::string head =
      "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" "
      "xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" "
      "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" ID=\"_a1\" IssueInstant=\"2026-01-31T11:59:58Z\" "
      "Version=\"2.0\"><saml:Issuer>" +
      std::string(forge::kIdp) + "</saml:Issuer>";
  const std::string text = head + std::string(content) + "</saml:Assertion>";
  if (!XmlDocument::parse(text, kMessageRules)) return {};
  return forge::signed_text(text, "_a1", forge::with_key(forge::fixed_ec_key()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input = fuzz_text(data + 1, size - 1);
  switch (data[0] % 8) {
    case 0:
      judge_foreign(input);
      break;
    case 1:
      (void)judge(encode_posted(forge::response_of({}, signed_assertion(input))));
      break;
    case 2:
      require(!judge(encode_posted(forge::response_of({}, forge::encrypted(input)))).claims ||
              input.find("Signature") != input.npos);
      break;
    default:
      judge_foreign(encode_posted(input));
  }
  return 0;
}
