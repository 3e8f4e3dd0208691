// Metadata: the provider's, read; ours, written.
#include "sso/saml/provider_metadata.h"
#include "sso/saml/sp_metadata.h"
#include "tests/sso/saml/response_world.h"

namespace sallyport::sso::saml {
namespace {

using namespace forge;

std::string key_descriptor(const Key& key, std::string_view use = " use=\"signing\"") {
  return "<md:KeyDescriptor" + std::string(use) +
         "><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data><ds:X509Certificate>\n" +
         key.base64() + "\n</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>";
}
std::string endpoint(std::string_view service, std::string_view binding, std::string_view location,
                     std::string_view more = {}) {
  return "<md:" + std::string(service) + " Binding=\"" + std::string(binding) + "\" Location=\"" +
         std::string(location) + "\"" + std::string(more) + "/>";
}
std::string sso_endpoints() {
  return endpoint("SingleSignOnService", "urn:oasis:names:tc:SAML:2.0:bindings:SOAP", "https://idp.example.test/soap") +
         endpoint("SingleSignOnService", kRedirectBinding, "https://idp.example.test/sso") +
         endpoint("SingleSignOnService", kPostBinding, "https://idp.example.test/sso/post?x=1");
}
std::string entity(std::string_view content, std::string_view attributes = {}, std::string_view id = kIdp,
                   std::string_view role = {}) {
  return "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"" + std::string(id) + "\"" +
         std::string(attributes) +
         "><md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:1.1:protocol "
         "urn:oasis:names:tc:SAML:2.0:protocol\"" +
         std::string(role) + ">" + std::string(content) + "</md:IDPSSODescriptor></md:EntityDescriptor>";
}
std::string entities(std::string_view content, std::string_view attributes = {}) {
  return "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\"" + std::string(attributes) + ">" +
         std::string(content) + "</md:EntitiesDescriptor>";
}
std::string usual() { return key_descriptor(rsa_key()) + sso_endpoints(); }

std::string reason(std::string_view text, std::string_view wanted = {}, std::span<const VerifyKey> signers = {}) {
  const auto read = read_provider_metadata(text, wanted, signers, now());
  return read ? "ok" : read.error().what;
}

TEST(ProviderMetadata, is_read) {
  const std::string slo = endpoint("SingleLogoutService", kRedirectBinding, "https://idp.example.test/slo",
                                   " ResponseLocation=\"https://idp.example.test/slo/answer\"");
  const std::string text = "<?xml version=\"1.0\"?>\n<!-- made by hand -->\n" +
                           entity(key_descriptor(rsa_key()) + key_descriptor(other_rsa_key(), " use=\"encryption\"") +
                                      key_descriptor(ec_key(), "") + slo + sso_endpoints(),
                                  " validUntil=\"2026-02-01T00:00:00Z\"", kIdp, " WantAuthnRequestsSigned=\"true\"");
  const auto read = read_provider_metadata(text, "", {}, now());
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->entity_id, kIdp);
  ASSERT_EQ(read->signing_keys.size(), 2U);
  EXPECT_EQ(read->signing_keys[0].fingerprint(), rsa_key().verify_key().fingerprint());
  EXPECT_EQ(read->signing_keys[1].kind(), KeyKind::kEc);
  EXPECT_TRUE(read->wants_signed_requests);
  EXPECT_EQ(read->sso_redirect->location, "https://idp.example.test/sso");
  EXPECT_EQ(read->sso_post->location, "https://idp.example.test/sso/post?x=1");
  EXPECT_EQ(read->slo_redirect->location, "https://idp.example.test/slo");
  EXPECT_EQ(read->slo_redirect->response_location, "https://idp.example.test/slo/answer");
  EXPECT_FALSE(read->slo_post);
  EXPECT_EQ(read->valid_until, parse_instant("2026-02-01T00:00:00Z").value());
}

TEST(ProviderMetadata, of_several_is_the_wanted_one) {
  const std::string text =
      entities(entity(usual(), "", "https://a.test") +
                   entities(entity(usual(), "", "https://b.test"), " validUntil=\"2026-01-31T12:00:01Z\""),
               " validUntil=\"2027-01-01T00:00:00Z\"");
  EXPECT_EQ(reason(text, "https://a.test"), "ok");
  const auto read = read_provider_metadata(text, "https://b.test", {}, now());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->entity_id, "https://b.test");
  EXPECT_EQ(read->valid_until, now() + std::chrono::seconds(1)) << "the earliest around it";
  EXPECT_EQ(reason(text), "metadata has several entities that could be meant");
  EXPECT_EQ(reason(text, "https://c.test"), "metadata has no such entity");
  EXPECT_EQ(reason(entities(entity(usual()) + entity(usual())), kIdp),
            "metadata has several entities that could be meant");
}

TEST(ProviderMetadata, is_verified_where_a_key_is_given) {
  const VerifyKey signers[] = {other_rsa_key().verify_key()};
  const std::string plain = entities("<md:Extensions/>" + entity(usual()), " ID=\"_m\"");
  const auto sign = [&](const Key& key) {
    return replaced(plain, "<md:Extensions/>", signature_of(plain, "_m", with_key(key)) + "<md:Extensions/>");
  };
  const std::string good = sign(other_rsa_key());
  EXPECT_EQ(reason(good, kIdp, signers), "ok");
  EXPECT_EQ(reason(replaced(good, "<md:Extensions/>", "<md:Extensions/><!-- C14N drops it -->"), kIdp, signers), "ok");
  EXPECT_EQ(reason(good, kIdp), "ok") << "nobody asked who signed it";
  EXPECT_EQ(reason(plain, kIdp, signers), "metadata is not signed");
  EXPECT_EQ(reason(sign(rsa_key()), kIdp, signers), "signature is of none of the provider's keys");
  EXPECT_EQ(reason(replaced(good, "idp.example.test/sso\"", "evil.example.test/sso\""), kIdp, signers),
            "signature's digest is not that of what it signs");
  EXPECT_EQ(reason(entities(good + entity(usual())), kIdp, signers), "metadata is not signed") << "wrapped";
  const std::string signature = signature_of(plain, "_m", with_key(other_rsa_key()));
  EXPECT_EQ(reason(replaced(plain, "<md:Extensions/>", "<md:Extensions/>" + signature), kIdp, signers),
            "signature stands in an unexpected place");
}

TEST(ProviderMetadata, is_refused_for_the_right_reason) {
  EXPECT_EQ(reason(""), "XML is empty");
  EXPECT_EQ(reason("<html/>"), "metadata is no EntityDescriptor or EntitiesDescriptor");
  EXPECT_EQ(reason("<!DOCTYPE x>" + entity(usual())), "XML has a document type");
  EXPECT_EQ(reason(std::string(size_t{5} << 20, ' ')), "XML is too large");
  EXPECT_EQ(reason(entity(usual(), " validUntil=\"2026-01-31T12:00:00Z\"")), "metadata is out of date");
  EXPECT_EQ(reason(entities(entity(usual()), " validUntil=\"2020-01-01T00:00:00Z\"")), "metadata is out of date");
  EXPECT_EQ(reason(entity(usual(), " validUntil=\"tomorrow\"")), "time is not of the form 2026-01-31T12:00:00Z");
  EXPECT_EQ(reason(entity(sso_endpoints())), "metadata has no signing key that is taken");
  EXPECT_EQ(reason(entity(key_descriptor(rsa_key(), " use=\"encryption\"") + sso_endpoints())),
            "metadata has no signing key that is taken");
  EXPECT_EQ(reason(entity(key_descriptor(rsa_key()))), "metadata has no sign-in endpoint for Redirect or POST");
  EXPECT_EQ(reason(replaced(entity(usual()), "SAML:2.0:protocol", "SAML:2.0:protocolX")),
            "metadata has not exactly one SAML 2.0 identity provider");
  EXPECT_EQ(
      reason(replaced(entity(usual()), "</md:EntityDescriptor>",
                      "<md:IDPSSODescriptor "
                      "protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"/></md:EntityDescriptor>")),
      "metadata has not exactly one SAML 2.0 identity provider");
  EXPECT_EQ(reason(replaced(entity(usual()), "https://idp.example.test/sso\"", "http://idp.example.test/sso\"")),
            "metadata has an endpoint that is no https URL");
  EXPECT_EQ(reason(replaced(entity(usual()), "https://idp.example.test/sso\"", "javascript:alert(1)\"")),
            "metadata has an endpoint that is no https URL");
  EXPECT_EQ(reason(replaced(entity(usual()), "https://idp.example.test/sso\"", "https://u:p@idp.example.test/sso\"")),
            "metadata has an endpoint that is no https URL");
  EXPECT_EQ(reason(replaced(entity(usual()), "https://idp.example.test/sso\"", "http://127.0.0.1.evil.test/sso\"")),
            "metadata has an endpoint that is no https URL");
  EXPECT_EQ(reason(replaced(entity(usual()), "https://idp.example.test/sso\"", "http://127.0.0.1:8080/sso\"")), "ok");
  EXPECT_EQ(reason(replaced(entity(usual()), rsa_key().base64(), "AAAA")), "no certificate");
  EXPECT_EQ(reason(replaced(entity(usual()), rsa_key().base64(), rsa_key().base64() + "AAAA")),
            rsa_key().base64().ends_with("=") ? "no base64: bad length or padding" : "no certificate");
  EXPECT_EQ(reason(replaced(entity(usual()), " entityID=\"" + std::string(kIdp) + "\"", "")),
            "metadata has no entityID");
  std::string many;
  for (int i = 0; i < 9; ++i) many += key_descriptor(rsa_key());
  EXPECT_EQ(reason(entity(many + sso_endpoints())), "metadata has more than 8 signing keys");
}

TEST(ProviderMetadata, a_weak_key_is_passed_over) {
  static const Key weak = with_certificate(EVP_RSA_gen(1024));
  static const Key curve = with_certificate(EVP_EC_gen("secp256k1"));
  EXPECT_EQ(reason(entity(key_descriptor(weak) + sso_endpoints())), "metadata has no signing key that is taken");
  const auto read =
      read_provider_metadata(entity(key_descriptor(weak) + key_descriptor(curve) + usual()), "", {}, now());
  ASSERT_TRUE(read);
  ASSERT_EQ(read->signing_keys.size(), 1U);
  EXPECT_EQ(read->signing_keys[0].fingerprint(), rsa_key().verify_key().fingerprint());
}

TEST(SpMetadata, offers_both_keys_of_a_roll_over) {
  const auto material = SpKey::make("gate", now()).value();
  const SpKey keys[] = {sp_key(), SpKey::open(material.private_key, material.certificate).value()};
  const std::string xml = sp_metadata_xml({kSp, kAcs, "https://gate.example.test/slo?a&b"}, keys);
  const auto document = XmlDocument::parse(xml, kMessageRules);
  ASSERT_TRUE(document) << xml;
  EXPECT_TRUE(document->root().is(kMetadataSpace, "EntityDescriptor"));
  EXPECT_EQ(document->root().attribute("entityID"), kSp);
  const XmlElement role = document->root().children().at(0);
  EXPECT_EQ(role.attribute("AuthnRequestsSigned"), "true");
  EXPECT_EQ(role.attribute("WantAssertionsSigned"), "true");
  std::string uses;
  for (const XmlElement& key : role.children(kMetadataSpace, "KeyDescriptor")) {
    const std::string text = key.children().at(0).children().at(0).children().at(0).text();
    uses += *key.attribute("use") + (text == base64_encode(sp_key().certificate()) ? "1 " : "2 ");
  }
  EXPECT_EQ(uses, "signing1 signing2 encryption1 encryption2 ");
  EXPECT_EQ(role.children(kMetadataSpace, "AssertionConsumerService").at(0).attribute("Location"), kAcs);
  EXPECT_EQ(role.children(kMetadataSpace, "SingleLogoutService").at(1).attribute("Location"),
            "https://gate.example.test/slo?a&b");
  EXPECT_EQ(xml.find("PRIVATE"), xml.npos);
}

TEST(SpKey, belongs_to_its_certificate) {
  EXPECT_EQ(SpKey::open(sp_material().private_key, rsa_key().certificate).error().what,
            std::string_view("a certificate belongs to another key"));
  EXPECT_EQ(SpKey::open(SecretBytes::copy_of("x").value(), sp_material().certificate).error().what,
            std::string_view("the provider's own key is no RSA key of 2048 to 8192 bits"));
  EXPECT_EQ(SpKey::open(sp_material().private_key, Bytes{}).error().what, std::string_view("no certificate"));
}

TEST(Instant, is_read_exactly_or_not_at_all) {
  EXPECT_EQ(parse_instant("1970-01-01T00:00:00Z").value(), WallMicros{0});
  EXPECT_EQ(parse_instant("2024-02-29T23:59:59.9999999Z").value(), WallMicros{1'709'251'199'999'999});
  EXPECT_EQ(parse_instant("2026-01-31T12:00:00.5Z").value(), now() + std::chrono::milliseconds(500));
  for (const char* text :
       {"", "Z", "2026-01-31T12:00:00", "2026-01-31 12:00:00Z", "2026-02-29T12:00:00Z", "2026-13-01T12:00:00Z",
        "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z", "2026-01-31T12:00:60Z", "2026-01-31T12:00:00.Z",
        "2026-01-31T12:00:00,5Z", "2026-01-31T12:00:00.xZ", "1969-12-31T23:59:59Z",
        "2026-01-31T12:00:00.1234567890123456789Z", "-2026-01-31T12:00:00Z", "2026-1-31T12:00:00Z",
        " 2026-01-31T12:00:00Z", "20260131T120000Z", "2026-01-31T12:00:00z"})
    EXPECT_FALSE(parse_instant(text)) << text;
}

}  // namespace
}  // namespace sallyport::sso::saml
