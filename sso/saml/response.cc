#include "sso/saml/response.h"

#include "sso/saml/assertion.h"
#include "sso/saml/codec.h"
#include "sso/saml/envelope.h"
#include "sso/saml/message_checks.h"
#include "sso/saml/names.h"
#include "sso/saml/xml_signature.h"

namespace sallyport::sso::saml {
namespace {

constexpr Side kFrom = Side::kIdentityProvider;

// Verifies, and gives back what may be believed: a document of the digested bytes.
Result<XmlDocument> reparsed(XmlDocument& document, const XmlElement& signature, const ResponseRules& rules,
                             Checks& checks) {
  const std::string name(signature.parent()->name());
  const std::string id = signature.parent()->attribute("ID").value_or("");
  TRY(const std::string bytes, verify_enveloped(document, signature, rules.provider_keys, checks));
  TRY(XmlDocument out, checks.note("digested bytes", "XML again", XmlDocument::parse(bytes, kMessageRules)));
  CHECKED(checks.require(out.root().name() == name && out.root().attribute("ID") == id, "digested element", id,
                         out.root().attribute("ID").value_or("none"),
                         {Code::kUnauthenticated, kFrom, "signature is over another element"}));
  return out;
}

class Verifier {
 public:
  Verifier(const ResponseRules& rules, WallMicros now, Checks& checks) : rules_(rules), now_(now), checks_(checks) {}

  Result<Claims> run(std::string_view posted) {
    TRY(const std::string text,
        checks_.note("decoding", "base64, not too large", decode_posted(posted, kMessageRules.bytes_max)));
    TRY(XmlDocument document, checks_.note("parsing", "plain XML", XmlDocument::parse(text, kMessageRules)));
    CHECKED(check_root(document));
    // A refusal carries no assertion, and often no signature: the reason is worth telling before the shape is judged.
    CHECKED(check_status(document.root(), checks_));
    TRY(Envelope envelope, read_envelope(document, checks_));
    const bool response_signed = envelope.response_signature.has_value();
    if (response_signed) {
      TRY(document, reparsed(document, *envelope.response_signature, rules_, checks_));
      CHECKED(check_root(document));
      CHECKED(check_status(document.root(), checks_));
      TRY(envelope, read_envelope(document, checks_));
    }
    CHECKED(check_response(document.root(), response_signed ? Absent::kRefused : Absent::kTaken));
    CHECKED(checks_.demand(envelope.encrypted || !rules_.want_encrypted, "encryption", "an encrypted assertion",
                           "in clear", {Code::kDenied, kFrom, "assertion is not encrypted"}));
    if (envelope.encrypted) return run_encrypted(envelope.assertion, response_signed);
    return run_assertion(document, envelope.assertion, envelope.assertion_signature, response_signed);
  }

 private:
  Result<void> check_root(const XmlDocument& document) {
    return checks_.demand(document.root().is(kProtocolSpace, "Response"), "root", "a Response of SAML 2.0",
                          document.root().name(), {Code::kMalformed, kFrom, "message is no response of SAML 2.0"});
  }

  // Without a signature of its own this is only what the envelope says: the assertion says it again, signed.
  Result<void> check_response(const XmlElement& response, Absent absent) {
    CHECKED(check_version(response, checks_));
    CHECKED(check_issuer(response, rules_.provider, absent, checks_));
    CHECKED(check_destination(response, rules_.consumer_url, absent, checks_));
    CHECKED(check_issued(response, {now_, rules_.clock_skew}, checks_));
    const auto found = response.attribute("InResponseTo");
    return checks_.require(found == rules_.in_response_to, "InResponseTo", rules_.in_response_to.value_or("none"),
                           found.value_or("none"), {Code::kDenied, kFrom, "response answers another request"});
  }

  Result<Claims> run_encrypted(const XmlElement& encrypted, bool response_signed) {
    const CbcMode cbc = response_signed ? rules_.cbc : CbcMode::kRefused;
    TRY(XmlDocument inner, decrypt_element(encrypted, rules_.own_keys, cbc, checks_));
    TRY(const Inner found, read_inner(inner, checks_));
    return run_assertion(inner, found.assertion, found.signature, response_signed);
  }

  Result<Claims> run_assertion(XmlDocument& document, const XmlElement& assertion,
                               const std::optional<XmlElement>& signature, bool response_signed) {
    CHECKED(checks_.demand(signature || response_signed, "signed", "the response, the assertion, or both", "neither",
                           {Code::kUnauthenticated, kFrom, "neither response nor assertion is signed"}));
    if (!signature) return read_assertion(assertion, rules_, now_, checks_);
    TRY(const XmlDocument verified, reparsed(document, *signature, rules_, checks_));
    return read_assertion(verified.root(), rules_, now_, checks_);
  }

  const ResponseRules& rules_;
  const WallMicros now_;
  Checks& checks_;
};

}  // namespace

ResponseVerdict verify_response(const ResponseRules& rules, std::string_view posted, WallMicros now) {
  Checks checks;
  Result<Claims> claims = Verifier(rules, now, checks).run(posted);
  return {std::move(claims), std::move(checks)};
}

}  // namespace sallyport::sso::saml
