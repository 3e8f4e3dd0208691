// What we send, and single logout both ways.
#include "base/http/url.h"
#include "sso/saml/authn_request.h"
#include "sso/saml/envelope.h"
#include "sso/saml/logout.h"
#include "sso/saml/message_writer.h"
#include "sso/saml/xml_signature.h"
#include "tests/sso/saml/response_world.h"

namespace sallyport::sso::saml {
namespace {

using namespace forge;

constexpr char kSlo[] = "https://gate.example.test/.sallyport/saml/corp/slo";
constexpr char kIdpSlo[] = "https://idp.example.test/slo?tenant=1";

VerifyKey own_verify_key() { return VerifyKey::from_certificate(sp_key().certificate()).value(); }

AuthnRequest request() {
  AuthnRequest out;
  out.id = "_req1";
  out.now = now();
  out.issuer = kSp;
  out.destination = "https://idp.example.test/sso";
  out.consumer_url = kAcs;
  return out;
}

// The last check is the one that failed.
template <class Outcome>
std::string reason(const Result<Outcome>& outcome, const Checks& checks) {
  EXPECT_FALSE(checks.list().empty());
  EXPECT_EQ(checks.list().back().passed, outcome.has_value());
  return outcome ? "ok" : outcome.error().what;
}

std::string query_of(const std::string& url) { return url.substr(url.find('?') + 1); }

TEST(MessageId, are_names_that_differ) {
  const std::string one = new_message_id();
  EXPECT_EQ(one.size(), 33U);
  EXPECT_EQ(one[0], '_');
  EXPECT_NE(one, new_message_id());
}

TEST(AuthnRequest, says_what_is_wanted) {
  AuthnRequest wanted = request();
  wanted.force_authn = true;
  wanted.name_id_format = "urn:f";
  wanted.authn_contexts = {"urn:a", "urn:b"};
  const std::string xml = authn_request_xml(wanted);
  const auto document = XmlDocument::parse(xml, kMessageRules);
  ASSERT_TRUE(document);
  const XmlElement root = document->root();
  EXPECT_TRUE(root.is(kProtocolSpace, "AuthnRequest"));
  EXPECT_EQ(root.attribute("ID"), "_req1");
  EXPECT_EQ(root.attribute("IssueInstant"), kNowText);
  EXPECT_EQ(root.attribute("Destination"), "https://idp.example.test/sso");
  EXPECT_EQ(root.attribute("AssertionConsumerServiceURL"), kAcs);
  EXPECT_EQ(root.attribute("ProtocolBinding"), kPostBinding);
  EXPECT_EQ(root.attribute("ForceAuthn"), "true");
  EXPECT_EQ(root.attribute("IsPassive"), std::nullopt);
  EXPECT_EQ(root.children(kAssertionSpace, "Issuer").at(0).text(), kSp);
  EXPECT_EQ(root.children(kProtocolSpace, "NameIDPolicy").at(0).attribute("Format"), "urn:f");
  const auto contexts = root.children(kProtocolSpace, "RequestedAuthnContext").at(0).children();
  ASSERT_EQ(contexts.size(), 2U);
  EXPECT_EQ(contexts[1].text(), "urn:b");
}

TEST(AuthnRequest, escapes_what_is_put_in) {
  AuthnRequest wanted = request();
  wanted.issuer = "https://a/?x=1&y=<\"'>\n\x01";
  const auto document = XmlDocument::parse(authn_request_xml(wanted), kMessageRules);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().children(kAssertionSpace, "Issuer").at(0).text(), "https://a/?x=1&y=<\"'>\n\xef\xbf\xbd");
}

TEST(AuthnRequest, is_signed_inside_for_post) {
  const auto posted = posted_message(authn_request_xml(request()), &sp_key());
  ASSERT_TRUE(posted);
  const std::string xml = *decode_posted(*posted, 1 << 20);
  auto document = XmlDocument::parse(xml, kMessageRules);
  ASSERT_TRUE(document);
  const auto signature = own_signature(document->root());
  ASSERT_TRUE(signature && *signature) << xml;
  // The digest, computed by the forger: of the message as it was before.
  const std::string digest = digest_base64("sha256", canonical(authn_request_xml(request()), "_req1"));
  EXPECT_NE(xml.find(digest), xml.npos);
  Checks checks;
  const VerifyKey own[] = {own_verify_key()};
  const auto bytes = verify_enveloped(*document, **signature, own, checks);
  EXPECT_EQ(reason(bytes, checks), "ok");
  EXPECT_EQ(*bytes, canonical(authn_request_xml(request()), "_req1"));
}

TEST(Redirect, query_is_signed_over_its_own_bytes) {
  const auto url = redirect_url("https://idp.example.test/sso?a=b", MessageKind::kRequest, authn_request_xml(request()),
                                "state &1", &sp_key());
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->starts_with("https://idp.example.test/sso?a=b&SAMLRequest="));
  const std::string query = query_of(*url);
  const size_t at = query.find("&Signature=");
  const Bytes signature = *base64_decode(*http::percent_decode(query.substr(at + 11)));
  // Bindings s3.4.4.1: SAMLRequest, RelayState, SigAlg, in this order.
  const std::string message = query.substr(4, at - 4);
  EXPECT_TRUE(own_verify_key().fits(*find_signature_algorithm("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"),
                                    as_bytes(message), signature));
  EXPECT_NE(message.find("&RelayState=state%20%261&SigAlg="), message.npos);

  Checks checks;
  const VerifyKey own[] = {own_verify_key()};
  const auto read = read_redirect(query, own, checks);
  ASSERT_EQ(reason(read, checks), "ok");
  EXPECT_EQ(read->xml, authn_request_xml(request()));
  EXPECT_EQ(read->relay_state, "state &1");
  EXPECT_EQ(read->kind, MessageKind::kRequest);
}

TEST(Redirect, is_unsigned_without_a_key) {
  const auto url =
      redirect_url("https://idp.example.test/sso", MessageKind::kRequest, authn_request_xml(request()), "", nullptr);
  ASSERT_TRUE(url);
  EXPECT_EQ(url->find("&SigAlg="), url->npos);
  EXPECT_EQ(url->find("RelayState"), url->npos);
}

// ---- single logout, as the provider sends it

LogoutRules logout_rules() {
  LogoutRules out;
  out.provider = kIdp;
  out.destination = kSlo;
  out.provider_keys = {rsa_key().verify_key()};
  out.own_keys = {sp_key()};
  return out;
}

std::string logout_request(
    std::string_view more = {},
    std::string_view content =
        "<saml:NameID>alice@example.test</saml:NameID><samlp:SessionIndex>_s1</samlp:SessionIndex>") {
  return "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" "
         "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_l1\" Version=\"2.0\" "
         "IssueInstant=\"2026-01-31T11:59:58Z\" Destination=\"" +
         std::string(kSlo) + "\"" + std::string(more) + "><saml:Issuer>" + kIdp + "</saml:Issuer>" +
         std::string(content) + "</samlp:LogoutRequest>";
}
std::string logout_response(
    std::string_view answers = "_l0",
    std::string_view status =
        "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"></samlp:StatusCode>") {
  return "<samlp:LogoutResponse xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" "
         "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_l2\" Version=\"2.0\" "
         "IssueInstant=\"2026-01-31T11:59:58Z\" Destination=\"" +
         std::string(kSlo) + "\" InResponseTo=\"" + std::string(answers) + "\"><saml:Issuer>" + kIdp +
         "</saml:Issuer><samlp:Status>" + std::string(status) + "</samlp:Status></samlp:LogoutResponse>";
}
Incoming posted(const std::string& xml) { return {Binding::kPost, encode_posted(xml)}; }
std::string sso_query(std::string_view name, const std::string& xml, const Key& key = rsa_key(), bool der = false,
                      std::string_view algorithm = {}) {
  Sign how;
  how.key = &key;
  how.der = der;
  how.algorithm = algorithm;
  std::string query = std::string(name) + "=" + http::percent_encode(encode_redirected(xml)) +
                      "&RelayState=r&SigAlg=" + http::percent_encode(algorithm_for(how));
  return query + "&Signature=" + http::percent_encode(base64_encode(raw_signature(how, algorithm_for(how), query)));
}
Incoming redirected(const std::string& xml, const Key& key = rsa_key()) {
  return {Binding::kRedirect, sso_query("SAMLRequest", xml, key)};
}

std::string judged_request(const Incoming& incoming, const LogoutRules& by = logout_rules(), WallMicros at = now()) {
  const auto verdict = verify_logout_request(by, incoming, at);
  return reason(verdict.request, verdict.checks);
}
std::string judged_response(const Incoming& incoming, const LogoutRules& by = logout_rules()) {
  const auto verdict = verify_logout_response(by, incoming, "_l0", now());
  return reason(verdict.status, verdict.checks);
}

TEST(LogoutRequest, is_taken_by_post_and_by_redirect) {
  for (const Incoming& incoming : {posted(signed_text(logout_request(), "_l1")), redirected(logout_request())}) {
    const auto verdict = verify_logout_request(logout_rules(), incoming, now());
    ASSERT_EQ(reason(verdict.request, verdict.checks), "ok");
    EXPECT_EQ(verdict.request->request.id, "_l1");
    EXPECT_EQ(verdict.request->request.name_id.value, "alice@example.test");
    EXPECT_EQ(verdict.request->request.session_indexes, std::vector<std::string>{"_s1"});
    EXPECT_EQ(verdict.request->relay_state, incoming.binding == Binding::kRedirect ? "r" : "");
    EXPECT_EQ(verdict.request->replay_until,
              now() - std::chrono::seconds(2) + kLogoutAgeMax + std::chrono::seconds(60));
  }
}

TEST(LogoutRequest, may_have_an_encrypted_name) {
  Encrypt how;
  how.holder = "EncryptedID";
  const std::string xml = logout_request("", encrypted("<saml:NameID>alice@example.test</saml:NameID>", how));
  const auto verdict = verify_logout_request(logout_rules(), redirected(xml), now());
  ASSERT_EQ(reason(verdict.request, verdict.checks), "ok");
  EXPECT_EQ(verdict.request->request.name_id.value, "alice@example.test");
}

TEST(LogoutRequest, may_be_signed_with_ecdsa_in_both_spellings) {
  LogoutRules by = logout_rules();
  by.provider_keys = {ec_key().verify_key()};
  for (const bool der : {false, true})
    EXPECT_EQ(judged_request({Binding::kRedirect, sso_query("SAMLRequest", logout_request(), ec_key(), der)}, by),
              "ok");
  EXPECT_EQ(judged_request(posted(signed_text(logout_request(), "_l1", with_key(ec_key()))), by), "ok");
}

TEST(LogoutRequest, is_refused_for_the_right_reason) {
  const std::string good = signed_text(logout_request(), "_l1");
  EXPECT_EQ(judged_request(posted(logout_request())), "message is not signed");
  EXPECT_EQ(judged_request(posted(replaced(good, "alice@", "bob@"))),
            "signature's digest is not that of what it signs");
  EXPECT_EQ(judged_request(posted(signed_text(logout_request(), "_l1", with_key(other_rsa_key())))),
            "signature is of none of the provider's keys");
  EXPECT_EQ(judged_request(posted(replaced(good, "alice@", "alice<!-- -->@"))), "XML has a comment");
  EXPECT_EQ(judged_request(posted(replaced(
                good, "<saml:NameID>",
                "<saml:NameID><ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"></ds:Signature>"))),
            "XML has text beside elements");
  EXPECT_EQ(judged_request(posted(replaced(good, "<samlp:SessionIndex>",
                                           "<x:Signature xmlns:x=\"urn:x\"></x:Signature><samlp:SessionIndex>"))),
            "signature stands in an unexpected place");
  EXPECT_EQ(judged_request(posted(signed_text(logout_response(), "_l2"))),
            "message is of another kind than is expected");
  EXPECT_EQ(judged_request(redirected(replaced(logout_request(), kIdp, "https://evil.test"))),
            "issuer is another provider");
  EXPECT_EQ(judged_request(redirected(replaced(logout_request(), kSlo, "https://other.test/slo"))),
            "message is for another destination");
  EXPECT_EQ(judged_request(redirected(replaced(logout_request(), " Destination=\"" + std::string(kSlo) + "\"", ""))),
            "message is for another destination");
  EXPECT_EQ(judged_request(redirected(logout_request(" NotOnOrAfter=\"2026-01-31T11:00:00Z\""))),
            "message is not valid any more");
  EXPECT_EQ(judged_request(redirected(logout_request()), logout_rules(), now() + std::chrono::minutes(12)),
            "message is not valid any more");
  EXPECT_EQ(judged_request(redirected(logout_request()), logout_rules(), now() - std::chrono::minutes(2)),
            "message is not valid yet");
  EXPECT_EQ(judged_request(redirected(replaced(logout_request(), "Version=\"2.0\"", "Version=\"1.1\""))),
            "message is not of SAML 2.0");
  EXPECT_EQ(judged_request(redirected(logout_request("", ""))), "subject has not exactly one NameID");
  std::string many = "<saml:NameID>a</saml:NameID>";
  for (int i = 0; i < 65; ++i) many += "<samlp:SessionIndex>x</samlp:SessionIndex>";
  EXPECT_EQ(judged_request(redirected(logout_request("", many))), "message has too many session indexes");
  EXPECT_EQ(judged_request(redirected(replaced(logout_request(), " ID=\"_l1\"", ""))), "message has no id");
}

TEST(RedirectedMessage, is_refused_for_the_right_reason) {
  const std::string good = sso_query("SAMLRequest", logout_request());
  const auto refused = [](const std::string& query) { return judged_request({Binding::kRedirect, query}); };
  ASSERT_EQ(refused(good), "ok");
  EXPECT_EQ(refused(good + "&other=1"), "ok") << "what the binding does not know is nobody's";
  EXPECT_EQ(refused(""), "query is not signed");
  EXPECT_EQ(refused(good.substr(0, good.find("&Signature="))), "query is not signed");
  EXPECT_EQ(refused(good.substr(0, good.find("&SigAlg="))), "query is not signed");
  EXPECT_EQ(refused(replaced(good, "RelayState=r", "RelayState=s")), "signature is of none of the provider's keys");
  EXPECT_EQ(refused(replaced(good, "RelayState=r&", "")), "signature is of none of the provider's keys");
  EXPECT_EQ(refused(replaced(good, "RelayState=r", "RelayState=%72")), "signature is of none of the provider's keys");
  EXPECT_EQ(refused(replaced(good, "SAMLRequest=", "SAMLResponse=")), "signature is of none of the provider's keys");
  EXPECT_EQ(refused(replaced(good, "SAMLRequest=", "SAMLReques%74=")), "query is malformed");
  EXPECT_EQ(refused(good + "&SAMLRequest=x"), "query has a parameter twice");
  EXPECT_EQ(refused(good + "&Signature=AAAA"), "query has a parameter twice");
  EXPECT_EQ(refused(good + "&RelayState"), "query is malformed");
  EXPECT_EQ(refused(good + "&%zz=1"), "query is malformed");
  EXPECT_EQ(refused(replaced(good, "&SigAlg=", "&SigAlg=%zz")), "query is not signed");
  EXPECT_EQ(refused(replaced(good, "&Signature=", "&Signature=%zz")), "query is not signed");
  EXPECT_EQ(refused(good + "&SAMLEncoding=urn:other"), "query has another encoding");
  EXPECT_EQ(refused(good + "&SAMLEncoding=urn%3Aoasis%3Anames%3Atc%3ASAML%3A2.0%3Abindings%3AURL-Encoding%3ADEFLATE"),
            "ok");
  EXPECT_EQ(refused(sso_query("SAMLRequest", logout_request(), other_rsa_key())),
            "signature is of none of the provider's keys");
  EXPECT_EQ(refused(sso_query("SAMLRequest", logout_request(), ec_key())),
            "signature is of none of the provider's keys");
  EXPECT_EQ(refused(sso_query("SAMLRequest", logout_request(), rsa_key(), false,
                              "http://www.w3.org/2000/09/xmldsig#rsa-sha1")),
            "signature's algorithm is not one that is taken");
  EXPECT_EQ(refused(sso_query("SAMLResponse", logout_response())), "query has another message than is expected");
  EXPECT_EQ(refused(sso_query("SAMLRequest", signed_text(logout_request(), "_l1"))),
            "redirected message has a signature inside");
  EXPECT_EQ(refused(std::string(size_t{10} << 20, 'a')), "query is too large");
  std::string many = good;
  for (int i = 0; i < 20; ++i) many += "&a=b";
  EXPECT_EQ(refused(many), "query has too many parameters");
}

std::string replaced_all(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

// The signature fits: a bomb of the provider's own.
std::string signed_query(const std::string& message) {
  std::string query = "SAMLRequest=" + http::percent_encode(message) +
                      "&SigAlg=" + http::percent_encode("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
  Sign how;
  how.key = &rsa_key();
  return query + "&Signature=" + http::percent_encode(base64_encode(raw_signature(how, "sha256", query)));
}

// What is signed is what was sent, in whatever spelling; a '+' is a space, as in every form, but in base64, which has
// no spaces.
TEST(RedirectedMessage, is_verified_as_sent_and_read_as_a_form) {
  const auto sent = [](const std::string& relay_state, std::string message) {
    Sign how;
    how.key = &rsa_key();
    std::string query =
        "SAMLRequest=" + message + "&RelayState=" + relay_state + "&SigAlg=" + http::percent_encode(algorithm_for(how));
    return query + "&Signature=" + http::percent_encode(base64_encode(raw_signature(how, algorithm_for(how), query)));
  };
  // One whose base64 has a '+'.
  std::string coded;
  for (int i = 0; !coded.contains('+'); ++i) coded = encode_redirected(logout_request() + std::string(i, '\n'));
  const std::string escaped = http::percent_encode(coded);
  const std::string plain = replaced_all(escaped, "%2B", "+");
  for (const std::string& message : {escaped, plain}) {
    for (const auto& [raw, read] : {std::pair{"a+b", "a b"}, {"a%20b", "a b"}, {"a%2Bb", "a+b"}, {"%2b+%2B", "+ +"}}) {
      const auto verdict = verify_logout_request(logout_rules(), {Binding::kRedirect, sent(raw, message)}, now());
      ASSERT_EQ(reason(verdict.request, verdict.checks), "ok") << raw;
      EXPECT_EQ(verdict.request->relay_state, read) << raw;
    }
  }
  // The twin: another spelling of the same is not what was signed.
  const std::string good = sent("a+b", escaped);
  const auto refused = [](const std::string& query) { return judged_request({Binding::kRedirect, query}); };
  ASSERT_EQ(refused(good), "ok");
  EXPECT_EQ(refused(replaced(good, "RelayState=a+b", "RelayState=a%20b")),
            "signature is of none of the provider's keys");
  EXPECT_EQ(refused(replaced(good, "RelayState=a+b", "RelayState=a%2Bb")),
            "signature is of none of the provider's keys");
  EXPECT_EQ(refused(replaced(good, escaped, plain)), "signature is of none of the provider's keys");
  EXPECT_EQ(refused(replaced(good, escaped, replaced_all(escaped, "%2B", "%20"))),
            "signature is of none of the provider's keys");
}

TEST(RedirectedMessage, inflates_to_so_much_and_no_more) {
  const auto refused = [](const std::string& message) {
    return judged_request({Binding::kRedirect, signed_query(message)});
  };
  EXPECT_EQ(refused(encode_redirected(logout_request() + std::string(50'000, '\n'))), "ok");
  EXPECT_EQ(refused(encode_redirected(logout_request() + std::string(10'000'000, '\n'))),
            "message inflates to too much");
  const Bytes bytes = *base64_decode(encode_redirected(logout_request()));
  EXPECT_EQ(refused(base64_encode(as_bytes(to_text(bytes) + "x"))), "message has bytes behind its end");
  EXPECT_EQ(refused(base64_encode(ByteView(bytes).first(bytes.size() - 3))), "message is not DEFLATE");
  EXPECT_EQ(refused(base64_encode(as_bytes(logout_request()))), "message is not DEFLATE");
  EXPECT_EQ(refused("*"), "message is not base64");
}

TEST(LogoutResponse, tells_how_it_went) {
  const auto status = [](const std::string& codes) {
    const auto verdict = verify_logout_response(
        logout_rules(), {Binding::kRedirect, sso_query("SAMLResponse", logout_response("_l0", codes))}, "_l0", now());
    EXPECT_EQ(reason(verdict.status, verdict.checks), "ok");
    return *verdict.status;
  };
  const std::string open = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:";
  EXPECT_EQ(status(open + "Success\"></samlp:StatusCode>"), LogoutStatus::kSuccess);
  EXPECT_EQ(status(open + "Responder\"></samlp:StatusCode>"), LogoutStatus::kFailed);
  EXPECT_EQ(status(open + "Success\">" + open + "PartialLogout\"/></samlp:StatusCode>"), LogoutStatus::kPartial);
  EXPECT_EQ(judged_response(posted(signed_text(logout_response(), "_l2"))), "ok");
}

TEST(LogoutResponse, is_refused_for_the_right_reason) {
  EXPECT_EQ(judged_response(posted(logout_response())), "message is not signed");
  EXPECT_EQ(judged_response(posted(signed_text(logout_response("_other"), "_l2"))), "response answers another request");
  EXPECT_EQ(judged_response(posted(signed_text(logout_response("_l0", ""), "_l2"))),
            "response has not exactly one status");
  EXPECT_EQ(judged_response(redirected(logout_request())), "query has another message than is expected");
}

TEST(OurLogout, is_read_back_by_the_same_rules) {
  LogoutRules by;  // as if we were the provider
  by.provider = kSp;
  by.destination = kIdpSlo;
  by.provider_keys = {own_verify_key()};
  const LogoutRequest request{"_l9", {"alice & co", "urn:f", "nq", "spnq"}, {"_s1", "_s2"}};
  const std::string xml = logout_request_xml(request, kSp, kIdpSlo, now());
  const auto url = redirect_url(kIdpSlo, MessageKind::kRequest, xml, "r", &sp_key());
  for (const Incoming& incoming :
       {Incoming{Binding::kRedirect, query_of(*url)}, Incoming{Binding::kPost, *posted_message(xml, &sp_key())}}) {
    const auto verdict = verify_logout_request(by, incoming, now());
    ASSERT_EQ(reason(verdict.request, verdict.checks), "ok");
    EXPECT_EQ(verdict.request->request.name_id, request.name_id);
    EXPECT_EQ(verdict.request->request.session_indexes, request.session_indexes);
  }
  for (const auto status : {LogoutStatus::kSuccess, LogoutStatus::kPartial, LogoutStatus::kFailed}) {
    const std::string answer = logout_response_xml({"_l10", "_l1", status}, kSp, kIdpSlo, now());
    const auto verdict = verify_logout_response(by, {Binding::kPost, *posted_message(answer, &sp_key())}, "_l1", now());
    EXPECT_EQ(reason(verdict.status, verdict.checks), "ok");
    EXPECT_EQ(*verdict.status, status);
  }
}

}  // namespace
}  // namespace sallyport::sso::saml
