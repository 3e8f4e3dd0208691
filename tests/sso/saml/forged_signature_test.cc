// Signatures of another key, algorithm or shape than is taken, in otherwise genuine responses.
#include <openssl/pem.h>

#include "tests/sso/saml/forged_tables.h"

namespace sallyport::sso::saml {
namespace {

using namespace forge;

constexpr char kNoKey[] = "signature is of none of the provider's keys";
constexpr char kAlgorithm[] = "signature's algorithm is not one that is taken";
constexpr char kDigest[] = "signature's digest is not one that is taken";
constexpr char kTransforms[] = "signature's transforms are not enveloped and exclusive C14N";
constexpr char kC14n[] = "signature's canonicalization is not exclusive C14N";
constexpr char kElse[] = "signature refers to something else than what it stands in";
constexpr char kInfo[] = "signature's SignedInfo has another shape";
constexpr char kReference[] = "signature's reference has another shape";
constexpr char kParts[] = "signature has other parts than SignedInfo, SignatureValue and KeyInfo";
constexpr char kNotThose[] = "signature's digest is not that of what it signs";

std::string transform(std::string_view uri, std::string_view content = {}) {
  return "<ds:Transform Algorithm=\"" + std::string(uri) + "\">" + std::string(content) + "</ds:Transform>";
}

// Each changes one thing of how a genuine response is signed; the rest is done as well as it can be.
template <class Change>
std::function<std::string(ResponseRules&)> sign(Change change) {
  return [change](ResponseRules&) {
    Sign how;
    change(how);
    return assertion_signed({}, how);
  };
}
auto algorithm(std::string uri) {
  return sign([uri](Sign& how) { how.algorithm = uri; });
}
auto transforms(std::string list) {
  return sign([list](Sign& how) { how.transforms = list; });
}
auto uri(std::string reference) {
  return sign([reference](Sign& how) { how.uri = reference; });
}
auto change(std::string from, std::string to) {
  return [from, to](ResponseRules&) { return replaced(assertion_signed(), from, to); };
}

std::string pem(EVP_PKEY* key) {
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_PUBKEY(out, key);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(out);
  return text;
}

// One bit of the signature's value, `from_end` bytes before its end.
std::string flipped(size_t from_end) {
  const std::string text = assertion_signed();
  const size_t at = text.find("<ds:SignatureValue>") + 19;
  const size_t end = text.find('<', at);
  Bytes value = *base64_decode(text.substr(at, end - at));
  value[value.size() - 1 - from_end] ^= std::byte{1};
  return text.substr(0, at) + base64_encode(value) + text.substr(end);
}

std::string with_value(const Sign& how, const Bytes& value) {
  const std::string text = assertion_signed({}, how);
  const size_t at = text.find("<ds:SignatureValue>") + 19;
  return text.substr(0, at) + base64_encode(value) + text.substr(text.find('<', at));
}

}  // namespace

const std::vector<Forged>& forged_signatures() {
  static const std::vector<Forged> all = {
      // whose key
      {"attackers_key_in_x509_data", kNoKey, sign([](Sign& how) {
         how.key = &other_rsa_key();
         how.key_info = x509_key_info(other_rsa_key());
       })},
      {"attackers_key_in_key_value", kNoKey, sign([](Sign& how) {
         how.key = &other_rsa_key();
         BIGNUM* modulus = nullptr;
         EVP_PKEY_get_bn_param(how.key->pkey, "n", &modulus);
         Bytes bytes(256);
         BN_bn2bin(modulus, reinterpret_cast<unsigned char*>(bytes.data()));
         BN_free(modulus);
         how.key_info = "<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>" + base64_encode(bytes) +
                        "</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>";
       })},
      {"attackers_key_behind_a_retrieval_method", kNoKey, sign([](Sign& how) {
         how.key = &other_rsa_key();
         how.key_info =
             "<ds:KeyInfo><ds:RetrievalMethod URI=\"http://127.0.0.1:1/key\" "
             "Type=\"http://www.w3.org/2000/09/xmldsig#X509Data\"></ds:RetrievalMethod></ds:KeyInfo>";
       })},
      {"the_genuine_certificate_beside_the_attackers_signature", kNoKey, sign([](Sign& how) {
         how.key = &other_rsa_key();
         how.key_info = x509_key_info(rsa_key());
       })},
      {"no_key_is_configured", kNoKey,
       [](ResponseRules& rules) {
         rules.provider_keys.clear();
         return assertion_signed();
       }},
      {"a_key_of_another_kind_is_configured", kNoKey,
       [](ResponseRules& rules) {
         rules.provider_keys = {ec_key().verify_key()};
         return assertion_signed();
       }},
      {"ecdsa_of_another_curve", kNoKey,
       [](ResponseRules& rules) {
         rules.provider_keys = {ec_key("P-384").verify_key()};
         Sign how;
         how.key = &ec_key();
         return assertion_signed({}, how);
       }},
      {"our_own_key", kNoKey,
       [](ResponseRules&) {
         static const Key own{forge::sp_key().handle(), forge::sp_key().certificate()};
         Sign how;
         how.key = &own;
         return assertion_signed({}, how);
       }},
      // algorithms
      {"hmac_with_the_certificate_as_secret", kAlgorithm, sign([](Sign& how) {
         how.algorithm = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256";
         how.hmac_key = to_text(rsa_key().certificate);
       })},
      {"hmac_with_the_public_key_as_secret", kAlgorithm, sign([](Sign& how) {
         how.algorithm = "http://www.w3.org/2000/09/xmldsig#hmac-sha1";
         how.hmac_key = pem(rsa_key().pkey);
       })},
      {"hmac_that_is_called_rsa", kNoKey, sign([](Sign& how) { how.hmac_key = pem(rsa_key().pkey); })},
      {"rsa_sha1", kAlgorithm, algorithm("http://www.w3.org/2000/09/xmldsig#rsa-sha1")},
      {"rsa_md5", kAlgorithm, algorithm("http://www.w3.org/2001/04/xmldsig-more#rsa-md5")},
      {"rsa_ripemd160", kAlgorithm, algorithm("http://www.w3.org/2001/04/xmldsig-more#rsa-ripemd160")},
      {"dsa_sha1", kAlgorithm, algorithm("http://www.w3.org/2000/09/xmldsig#dsa-sha1")},
      {"algorithm_none", kAlgorithm, algorithm("none")},
      {"algorithm_in_another_case", kAlgorithm, algorithm("http://www.w3.org/2001/04/xmldsig-more#RSA-SHA256")},
      {"no_algorithm", kAlgorithm,
       change("<ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\">",
              "<ds:SignatureMethod>")},
      {"algorithm_of_another_namespace", kAlgorithm,
       change("<ds:SignatureMethod Algorithm=", "<ds:SignatureMethod xmlns:x=\"urn:x\" x:Algorithm=")},
      {"a_truncated_output", kAlgorithm,
       sign([](Sign& how) { how.method_content = "<ds:HMACOutputLength>8</ds:HMACOutputLength>"; })},
      {"digest_sha1", kDigest, sign([](Sign& how) { how.digest = "http://www.w3.org/2000/09/xmldsig#sha1"; })},
      {"digest_md5", kDigest, sign([](Sign& how) { how.digest = "http://www.w3.org/2001/04/xmldsig-more#md5"; })},
      {"sha512_that_is_called_sha256", kNoKey,
       [](ResponseRules&) {
         Sign how;
         how.algorithm = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512";
         return replaced(assertion_signed({}, how), "#rsa-sha512", "#rsa-sha256");
       }},
      // transforms
      {"transform_xslt", kTransforms,
       transforms(transform(kEnveloped) +
                  transform("http://www.w3.org/TR/1999/REC-xslt-19991116",
                            "<x:stylesheet xmlns:x=\"http://www.w3.org/1999/XSL/Transform\" "
                            "version=\"1.0\"><x:template match=\"/\"><x:value-of "
                            "select=\"document('http://127.0.0.1:1/')\"></x:value-of></x:template></x:stylesheet>"))},
      {"transform_xpath", kTransforms,
       transforms(transform(kEnveloped) +
                  transform("http://www.w3.org/TR/1999/REC-xpath-19991116",
                            "<ds:XPath>not(ancestor-or-self::saml:NameID)</ds:XPath>") +
                  transform(kExclusiveC14n))},
      {"transform_xpath_filter", kTransforms,
       transforms(transform("http://www.w3.org/2002/06/xmldsig-filter2") + transform(kExclusiveC14n))},
      {"transform_base64", kTransforms,
       transforms(transform(kEnveloped) + transform("http://www.w3.org/2000/09/xmldsig#base64"))},
      {"transform_xpointer", kTransforms,
       transforms(transform(kEnveloped) + transform("http://www.w3.org/2001/04/xmldsig-more#xptr"))},
      {"transform_enveloped_alone", kTransforms, transforms(transform(kEnveloped))},
      {"transform_exclusive_alone", kTransforms, transforms(transform(kExclusiveC14n))},
      {"transforms_the_other_way_round", kTransforms, transforms(transform(kExclusiveC14n) + transform(kEnveloped))},
      {"transforms_with_a_third", kTransforms,
       transforms(transform(kEnveloped) + transform(kExclusiveC14n) + transform(kExclusiveC14n))},
      {"transform_enveloped_twice", kTransforms, transforms(transform(kEnveloped) + transform(kEnveloped))},
      {"transform_inclusive_c14n", kTransforms,
       transforms(transform(kEnveloped) + transform("http://www.w3.org/TR/2001/REC-xml-c14n-20010315"))},
      {"transform_with_comments", kTransforms,
       transforms(transform(kEnveloped) + transform("http://www.w3.org/2001/10/xml-exc-c14n#WithComments"))},
      {"transform_with_an_unknown_child", kTransforms,
       transforms(transform(kEnveloped) + transform(kExclusiveC14n, "<x:y xmlns:x=\"urn:x\"></x:y>"))},
      {"transform_with_a_long_list_of_prefixes", kTransforms, sign([](Sign& how) {
         how.prefixes = "xs";
         while (how.prefixes.size() < 256) how.prefixes += " xs";
       })},
      {"transforms_empty", kTransforms, transforms(" ")},
      {"c14n_with_comments", kC14n,
       sign([](Sign& how) { how.c14n = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"; })},
      {"c14n_inclusive", kC14n, sign([](Sign& how) { how.c14n = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"; })},
      {"c14n_1_1", kC14n, sign([](Sign& how) { how.c14n = "http://www.w3.org/2006/12/xml-c14n11"; })},
      {"c14n_none", kC14n, sign([](Sign& how) { how.c14n = ""; })},
      // references
      {"uri_empty", kElse, uri("(none)")},
      {"uri_missing", kElse, change("<ds:Reference URI=\"#_a1\">", "<ds:Reference>")},
      {"uri_twice_by_namespace", kElse,
       change("<ds:Reference URI=\"#_a1\">", "<ds:Reference xmlns:x=\"urn:x\" x:URI=\"#_a1\">")},
      {"uri_of_the_network", kElse, uri("http://127.0.0.1:1/a.xml")},
      {"uri_of_a_file", kElse, uri("file:///etc/hostname")},
      {"uri_relative", kElse, uri("hostname")},
      {"uri_root_by_xpointer", kElse, uri("#xpointer(/)")},
      {"uri_id_by_xpointer", kElse, uri("#xpointer(id('_a1'))")},
      {"uri_of_the_response", kElse, uri("#_r1")},
      {"uri_of_nothing", kElse, uri("#_nothing")},
      {"uri_with_white_space", kElse, uri("#_a1 ")},
      {"uri_that_breaks_out_of_xpointer", "signed element has no id",
       [](ResponseRules&) {
         Story story;
         story.assertion_id = "a') or id('b";
         return assertion_signed(story);
       }},
      {"signed_element_without_an_id", "signed element has no id",
       [](ResponseRules&) { return replaced(assertion_signed(), "ID=\"_a1\" ", ""); }},
      {"several_references", "signature has several references", sign([](Sign& how) {
         how.more_references =
             "<ds:Reference URI=\"#_r1\"><ds:Transforms></ds:Transforms><ds:DigestMethod "
             "Algorithm=\"\"></ds:DigestMethod><ds:DigestValue>AA==</ds:DigestValue></ds:Reference>";
       })},
      {"no_reference", kInfo,
       [](ResponseRules&) {
         std::string text = assertion_signed();
         const size_t at = text.find("<ds:Reference ");
         return text.erase(at, text.find("</ds:Reference>") + 15 - at);
       }},
      {"an_object_in_signed_info", kInfo, sign([](Sign& how) { how.more_references = "<ds:Object></ds:Object>"; })},
      {"two_signed_infos", kParts,
       [](ResponseRules&) {  // xml-crypto, CVE-2025-29774
         const std::string text = assertion_signed();
         const size_t at = text.find("<ds:SignedInfo>");
         const std::string info = text.substr(at, text.find("</ds:SignedInfo>") + 16 - at);
         return replaced(text, info, info + info);
       }},
      {"two_signature_values", kParts,
       change("<ds:SignatureValue>", "<ds:SignatureValue>AA==</ds:SignatureValue><ds:SignatureValue>")},
      {"two_key_infos", kParts,
       sign([](Sign& how) { how.key_info = x509_key_info(rsa_key()) + x509_key_info(other_rsa_key()); })},
      {"no_signature_value", kParts,
       [](ResponseRules&) {
         std::string text = assertion_signed();
         const size_t at = text.find("<ds:SignatureValue>");
         return text.erase(at, text.find("</ds:SignatureValue>") + 20 - at);
       }},
      {"signed_info_of_another_namespace", kParts,
       [](ResponseRules&) {
         return replaced(replaced(assertion_signed(), "<ds:SignedInfo>", "<x:SignedInfo xmlns:x=\"urn:x\">"),
                         "</ds:SignedInfo>", "</x:SignedInfo>");
       }},
      {"two_digest_values", kReference,
       change("<ds:DigestValue>", "<ds:DigestValue>AA==</ds:DigestValue><ds:DigestValue>")},
      {"two_digest_methods", kReference,
       change("<ds:DigestValue>",
              "<ds:DigestMethod "
              "Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue>")},
      {"two_lists_of_transforms", kReference,
       change("<ds:Transforms>", "<ds:Transforms></ds:Transforms><ds:Transforms>")},
      {"no_transforms", kReference,
       [](ResponseRules&) {
         std::string text = assertion_signed();
         const size_t at = text.find("<ds:Transforms>");
         return text.erase(at, text.find("</ds:Transforms>") + 16 - at);
       }},
      {"a_comment_in_the_digest_value", "XML has a comment",
       [](ResponseRules&) {  // xml-crypto, CVE-2025-29775
         return replaced(replaced(assertion_signed(), "alice@", "admin@"), "<ds:DigestValue>",
                         "<ds:DigestValue><!--TBlYWE0ZWM4ODI1NjliYzE3NmViN2E1OTlkOGDhhNmI=-->");
       }},
      {"a_comment_in_signed_info", "XML has a comment", change("<ds:SignedInfo>", "<ds:SignedInfo><!-- -->")},
      {"an_element_in_the_digest_value", "XML has text beside elements",
       change("<ds:DigestValue>", "<ds:DigestValue><x:y xmlns:x=\"urn:x\"></x:y>")},
      {"an_empty_digest_value", "signature's digest value is not base64",
       [](ResponseRules&) {
         std::string text = assertion_signed();
         const size_t at = text.find("<ds:DigestValue>") + 16;
         return text.erase(at, text.find('<', at) - at);
       }},
      {"a_digest_value_that_is_no_base64", "signature's digest value is not base64",
       change("<ds:DigestValue>", "<ds:DigestValue>*")},
      {"an_empty_signature_value", "signature's value is not base64",
       [](ResponseRules&) {
         std::string text = assertion_signed();
         const size_t at = text.find("<ds:SignatureValue>") + 19;
         return text.erase(at, text.find('<', at) - at);
       }},
      {"a_signature_value_that_is_no_base64", "signature's value is not base64",
       change("<ds:SignatureValue>", "<ds:SignatureValue>&#33;")},
      // values
      {"another_name", kNotThose, change("alice@example.test</saml:NameID>", "admin@example.test</saml:NameID>")},
      {"another_group", kNotThose, change(">staff<", ">owner<")},
      {"another_id", kElse, change("ID=\"_a1\"", "ID=\"_a2\"")},
      {"another_digest", kNotThose, change("<ds:DigestValue>", "<ds:DigestValue>AAAA")},
      {"a_namespace_that_changes_what_is_digested", kNotThose,
       change("<saml:Subject>", "<saml:Subject xmlns:saml=\"urn:x\">")},
      {"the_first_bit_of_the_value", kNoKey, [](ResponseRules&) { return flipped(255); }},
      {"a_bit_in_the_middle_of_the_value", kNoKey, [](ResponseRules&) { return flipped(128); }},
      {"the_last_bit_of_the_value", kNoKey, [](ResponseRules&) { return flipped(0); }},
      {"a_value_of_zeros", kNoKey, [](ResponseRules&) { return with_value({}, Bytes(256)); }},
      {"a_value_of_one_byte", kNoKey, [](ResponseRules&) { return with_value({}, Bytes(1)); }},
      {"ecdsa_of_zeros", kNoKey,
       [](ResponseRules& rules) {  // "psychic signatures"
         rules.provider_keys = {ec_key().verify_key()};
         Sign how;
         how.key = &ec_key();
         return with_value(how, Bytes(64));
       }},
      {"ecdsa_as_der", kNoKey,
       [](ResponseRules& rules) {
         rules.provider_keys = {ec_key().verify_key()};
         Sign how;
         how.key = &ec_key();
         how.der = true;
         return assertion_signed({}, how);
       }},
      {"a_changed_signed_info", kNoKey,
       [](ResponseRules&) {  // digest of the changed assertion, signature of the old one
         const std::string good = signed_text(assertion_of({}), "_a1");
         Story story;
         story.name_id = "<saml:NameID>mallory</saml:NameID>";
         const std::string bad = assertion_of(story);
         return response_of(
             {}, behind_issuer(bad, "_a1",
                               replaced(good.substr(good.find("<ds:Signature "),
                                                    good.find("</ds:Signature>") + 15 - good.find("<ds:Signature ")),
                                        digest_base64("sha256", canonical(assertion_of({}), "_a1")),
                                        digest_base64("sha256", canonical(bad, "_a1")))));
       }},
  };
  return all;
}

namespace {

FORGED_SUITE(ForgedSignature, forged_signatures);

}  // namespace
}  // namespace sallyport::sso::saml
