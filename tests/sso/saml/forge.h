// An identity provider in small, and a forger: writes responses as text, signs and encrypts them with libxml2's C14N
// and OpenSSL alone (no xmlsec1, nothing of ours), and does so wrongly wherever it is told to. Keys are made at test
// time.
#pragma once

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/c_handle.h"
#include "sso/saml/keys.h"
#include "sso/saml/names.h"

namespace sallyport::sso::saml::forge {

using Pkey = CHandle<EVP_PKEY, EVP_PKEY_free>;

inline void demand(bool promise) {
  if (!promise) std::abort();
}

// Replaces what has to be there, once.
inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  demand(at != text.npos);
  return text.replace(at, from.size(), to);
}

// ---- keys

struct Key {
  EVP_PKEY* pkey;
  Bytes certificate;
  std::string base64() const { return base64_encode(certificate); }
  VerifyKey verify_key() const { return VerifyKey::from_certificate(certificate).value(); }
};

inline Key with_certificate(EVP_PKEY* pkey) {
  const CHandle<X509, X509_free> certificate(X509_new());
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -7200);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), -3600);  // expired: only its key counts
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("idp"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  X509_set_pubkey(certificate.get(), pkey);
  X509_sign(certificate.get(), pkey, EVP_sha256());
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate.get(), &der);
  demand(size > 0);
  const auto* bytes = reinterpret_cast<const std::byte*>(der);
  Key out{pkey, Bytes(bytes, bytes + size)};
  OPENSSL_free(der);
  return out;
}

inline const Key& rsa_key() {
  static const Key key = with_certificate(EVP_RSA_gen(2048));
  return key;
}
inline const Key& other_rsa_key() {  // the second of a roll-over, or the attacker's
  static const Key key = with_certificate(EVP_RSA_gen(2048));
  return key;
}
inline const Key& ec_key(const char* curve = "P-256") {
  static const Key p256 = with_certificate(EVP_EC_gen("P-256"));
  static const Key p384 = with_certificate(EVP_EC_gen("P-384"));
  static const Key p521 = with_certificate(EVP_EC_gen("P-521"));
  return std::string_view(curve) == "P-384" ? p384 : std::string_view(curve) == "P-521" ? p521 : p256;
}
// The same in every run, for inputs that are kept: RFC 7515 A.3.
inline const Key& fixed_ec_key() {
  static const Key key = [] {
    const Bytes der = *hex_decode(
        "307702010104208e9b109e719098bf980487df1f5d77e9cb29606ebed2263b5f57c213df84f4b2a00a06082a8648ce3d030107a1440342"
        "00047f"
        "cdce2770f6c45d4183cbee6fdb4b7b580733357be9ef13bacf6e3c7bd15445c7f144cd1bbd9b7e872cdfedb9eeb9f4b3695d6ea90b24ad"
        "8a462328"
        "8588e5ad");
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    return with_certificate(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())));
  }();
  return key;
}
inline const SpKey::Material& sp_material() {
  static const SpKey::Material material = SpKey::make("gate.example.test", WallMicros{1'700'000'000'000'000}).value();
  return material;
}
inline const SpKey& sp_key() {
  static const SpKey key = SpKey::open(sp_material().private_key, sp_material().certificate).value();
  return key;
}

// ---- text

inline constexpr char kIdp[] = "https://idp.example.test/metadata";
inline constexpr char kSp[] = "https://gate.example.test/.sallyport/saml/corp/metadata";
inline constexpr char kAcs[] = "https://gate.example.test/.sallyport/saml/corp/acs";
inline constexpr char kRequestId[] = "_req0123456789";
inline constexpr char kNowText[] = "2026-01-31T12:00:00Z";

// What a genuine provider says; a test changes what it is about.
struct Story {
  std::string response_id = "_r1";
  std::string assertion_id = "_a1";
  std::string issuer = kIdp;
  std::string response_attributes = " InResponseTo=\"" + std::string(kRequestId) + "\" Destination=\"" + kAcs + "\"";
  std::string issued = "2026-01-31T11:59:58Z";
  std::string status =
      "<samlp:Status><samlp:StatusCode Value=\"" + std::string(kSuccess) + "\"></samlp:StatusCode></samlp:Status>";
  std::string name_id =
      "<saml:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">alice@example.test</saml:NameID>";
  std::string confirmation_data = " InResponseTo=\"" + std::string(kRequestId) +
                                  "\" NotOnOrAfter=\"2026-01-31T12:05:00Z\" Recipient=\"" + kAcs + "\"";
  std::string confirmations;  // in place of the one that is made of that
  std::string conditions_attributes = " NotBefore=\"2026-01-31T11:59:30Z\" NotOnOrAfter=\"2026-01-31T12:05:00Z\"";
  std::string conditions =
      "<saml:AudienceRestriction><saml:Audience>" + std::string(kSp) + "</saml:Audience></saml:AudienceRestriction>";
  std::string authn =
      "<saml:AuthnStatement AuthnInstant=\"2026-01-31T11:59:50Z\" SessionIndex=\"_s1\" "
      "SessionNotOnOrAfter=\"2026-01-31T20:00:00Z\"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:"
      "SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></"
      "saml:AuthnStatement>";
  std::string attributes =
      "<saml:AttributeStatement>"
      "<saml:Attribute Name=\"mail\" "
      "NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:basic\"><saml:AttributeValue "
      "xsi:type=\"xs:string\">alice@example.test</saml:AttributeValue></saml:Attribute>"
      "<saml:Attribute Name=\"groups\" "
      "NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:basic\"><saml:AttributeValue "
      "xsi:type=\"xs:string\">admins</saml:AttributeValue><saml:AttributeValue "
      "xsi:type=\"xs:string\">staff</saml:AttributeValue></saml:Attribute>"
      "</saml:AttributeStatement>";
  std::string extra;  // at the assertion's end
};

inline std::string assertion_of(const Story& story) {
  const std::string confirmation =
      story.confirmations.empty()
          ? "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData" +
                story.confirmation_data + "></saml:SubjectConfirmationData></saml:SubjectConfirmation>"
          : story.confirmations;
  return "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" "
         "xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" "
         "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" ID=\"" +
         story.assertion_id + "\" IssueInstant=\"" + story.issued + "\" Version=\"2.0\"><saml:Issuer>" + story.issuer +
         "</saml:Issuer><saml:Subject>" + story.name_id + confirmation + "</saml:Subject><saml:Conditions" +
         story.conditions_attributes + ">" + story.conditions + "</saml:Conditions>" + story.authn + story.attributes +
         story.extra + "</saml:Assertion>";
}

inline std::string response_of(const Story& story, std::string_view assertion) {
  return "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" "
         "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"" +
         story.response_id + "\" Version=\"2.0\" IssueInstant=\"" + story.issued + "\"" + story.response_attributes +
         "><saml:Issuer>" + story.issuer + "</saml:Issuer>" + story.status + std::string(assertion) +
         "</samlp:Response>";
}

// ---- signing

struct Sign {
  const Key* key = nullptr;  // rsa_key()
  std::string algorithm;     // RSA or ECDSA with SHA-256
  std::string digest = "http://www.w3.org/2001/04/xmlenc#sha256";
  std::string c14n = kExclusiveC14n;
  std::string prefixes;    // InclusiveNamespaces of both
  std::string transforms;  // in place of enveloped and exclusive C14N
  std::string uri;         // in place of "#" and the id
  std::string method_content;
  std::string more_references;
  std::string key_info;
  std::string object;
  std::string hmac_key;  // signs with HMAC-SHA-256
  bool der = false;      // ECDSA as DER
};

inline Sign with_key(const Key& key) {
  Sign out;
  out.key = &key;
  return out;
}

inline const EVP_MD* md_of(std::string_view uri) {
  return uri.ends_with("sha1")     ? EVP_sha1()
         : uri.ends_with("md5")    ? EVP_md5()
         : uri.ends_with("sha384") ? EVP_sha384()
         : uri.ends_with("sha512") ? EVP_sha512()
                                   : EVP_sha256();
}

inline std::string digest_base64(std::string_view uri, std::string_view text) {
  std::array<std::byte, EVP_MAX_MD_SIZE> out;
  unsigned size = 0;
  demand(EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(out.data()), &size, md_of(uri),
                    nullptr) == 1);
  return base64_encode(ByteView(out).first(size));
}

inline xmlNode* find_id(xmlNode* node, std::string_view id) {
  for (; node; node = node->next) {
    if (node->type != XML_ELEMENT_NODE) continue;
    for (const xmlAttr* each = node->properties; each; each = each->next)
      if (std::string_view(reinterpret_cast<const char*>(each->name)) == "ID" && each->children &&
          std::string_view(reinterpret_cast<const char*>(each->children->content)) == id)
        return node;
    if (xmlNode* found = find_id(node->children, id)) return found;
  }
  return nullptr;
}

inline int is_below(void* root, xmlNode* node, xmlNode* parent) {
  if (node == root) return 1;
  for (xmlNode* at = node->type == XML_NAMESPACE_DECL ? parent : node; at; at = at->parent)
    if (at == root) return 1;
  return 0;
}

// Exclusive C14N of the element with this id, or of the whole text.
inline std::string canonical(std::string_view text, std::string_view id, std::string prefixes = {},
                             bool comments = false) {
  const CHandle<xmlDoc, xmlFreeDoc> document(xmlReadMemory(text.data(), static_cast<int>(text.size()), nullptr, "UTF-8",
                                                           XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_NOERROR));
  demand(document != nullptr);
  xmlNode* root = id.empty() ? xmlDocGetRootElement(document.get()) : find_id(xmlDocGetRootElement(document.get()), id);
  demand(root != nullptr);
  std::vector<xmlChar*> list;
  for (size_t at = 0; at < prefixes.size();) {
    const size_t end = std::min(prefixes.find(' ', at), prefixes.size());
    if (end < prefixes.size()) prefixes[end] = '\0';
    list.push_back(reinterpret_cast<xmlChar*>(prefixes.data() + at));
    at = end + 1;
  }
  list.push_back(nullptr);
  xmlOutputBuffer* buffer = xmlAllocOutputBuffer(nullptr);
  demand(xmlC14NExecute(document.get(), is_below, root, XML_C14N_EXCLUSIVE_1_0, list.size() > 1 ? list.data() : nullptr,
                        comments ? 1 : 0, buffer) >= 0);
  const std::string out(reinterpret_cast<const char*>(xmlOutputBufferGetContent(buffer)),
                        xmlOutputBufferGetSize(buffer));
  xmlOutputBufferClose(buffer);
  return out;
}

inline Bytes raw_signature(const Sign& how, std::string_view algorithm, std::string_view message) {
  const auto* text = reinterpret_cast<const unsigned char*>(message.data());
  if (!how.hmac_key.empty()) {
    Bytes out(32);
    unsigned size = 0;
    HMAC(EVP_sha256(), how.hmac_key.data(), static_cast<int>(how.hmac_key.size()), text, message.size(),
         reinterpret_cast<unsigned char*>(out.data()), &size);
    return out;
  }
  EVP_PKEY* pkey = how.key->pkey;
  const CHandle<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  size_t size = 0;
  demand(EVP_DigestSignInit(context.get(), nullptr, md_of(algorithm), nullptr, pkey) == 1 &&
         EVP_DigestSign(context.get(), nullptr, &size, text, message.size()) == 1);
  Bytes out(size);
  demand(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, text, message.size()) == 1);
  out.resize(size);
  if (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_EC || how.der) return out;
  const auto* der = reinterpret_cast<const unsigned char*>(out.data());
  const CHandle<ECDSA_SIG, ECDSA_SIG_free> pair(d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(size)));
  const int half = (EVP_PKEY_get_bits(pkey) + 7) / 8;
  Bytes sides(static_cast<size_t>(2 * half));
  auto* at = reinterpret_cast<unsigned char*>(sides.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), at, half);
  BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), at + half, half);
  return sides;
}

inline std::string algorithm_for(const Sign& how) {
  if (!how.algorithm.empty()) return how.algorithm;
  return std::string("http://www.w3.org/2001/04/xmldsig-more#") +
         (EVP_PKEY_get_base_id(how.key->pkey) == EVP_PKEY_EC ? "ecdsa-sha256" : "rsa-sha256");
}

inline std::string inclusive(const std::string& prefixes) {
  if (prefixes.empty()) return {};
  return "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"" + prefixes +
         "\"></ec:InclusiveNamespaces>";
}

// The <ds:Signature> for the element with this id in `text`, whose place in the text is not decided here.
inline std::string signature_of(std::string_view text, const std::string& id, Sign how = {}) {
  if (!how.key) how.key = &rsa_key();
  const std::string algorithm = algorithm_for(how);
  const std::string transforms = how.transforms.empty()
                                     ? "<ds:Transform Algorithm=\"" + std::string(kEnveloped) +
                                           "\"></ds:Transform><ds:Transform Algorithm=\"" + kExclusiveC14n + "\">" +
                                           inclusive(how.prefixes) + "</ds:Transform>"
                                     : how.transforms;
  const std::string uri = how.uri.empty() ? "#" + id : how.uri == "(none)" ? "" : how.uri;
  const std::string reference =
      "<ds:Reference URI=\"" + uri + "\"><ds:Transforms>" + transforms +
      "</ds:Transforms><ds:DigestMethod Algorithm=\"" + how.digest + "\"></ds:DigestMethod><ds:DigestValue>" +
      digest_base64(how.digest, canonical(text, id, how.prefixes)) + "</ds:DigestValue></ds:Reference>";
  const std::string info =
      "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:CanonicalizationMethod Algorithm=\"" +
      how.c14n + "\"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"" + algorithm + "\">" +
      how.method_content + "</ds:SignatureMethod>" + reference + how.more_references + "</ds:SignedInfo>";
  const Bytes value = raw_signature(how, algorithm, canonical(info, "", ""));
  return "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">" +
         replaced(info, " xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"", "") + "<ds:SignatureValue>" +
         base64_encode(value) + "</ds:SignatureValue>" + how.key_info + how.object + "</ds:Signature>";
}

// Puts `what` behind the Issuer of the element with this id: behind the first closing tag after it.
inline std::string behind_issuer(std::string text, std::string_view id, std::string_view what) {
  const size_t at = text.find("ID=\"" + std::string(id) + "\"");
  demand(at != text.npos);
  const size_t close = text.find("</", at);
  demand(close != text.npos);
  return text.insert(text.find('>', close) + 1, what);
}

inline std::string signed_text(const std::string& text, const std::string& id, const Sign& how = {}) {
  return behind_issuer(text, id, signature_of(text, id, how));
}

inline std::string x509_key_info(const Key& key) {
  return "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>" + key.base64() +
         "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>";
}

// ---- encryption

struct Encrypt {
  std::string cipher = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
  std::string transport = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
  std::string transport_content;  // DigestMethod, MGF
  const EVP_MD* digest = EVP_sha1();
  const EVP_MD* mask = EVP_sha1();
  ByteView certificate;  // our own key's
  bool peer = false;     // EncryptedKey beside EncryptedData
  std::string holder = "EncryptedAssertion";
  std::string type = " Type=\"http://www.w3.org/2001/04/xmlenc#Element\"";
};

inline Bytes random(size_t size) {
  Bytes out(size);
  RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(size));
  return out;
}

inline std::string aes_base64(std::string_view cipher, const Bytes& key, std::string_view plain) {
  const bool gcm = cipher.ends_with("gcm");
  const Bytes iv = random(gcm ? 12 : 16);
  std::string text(plain);
  if (!gcm) {
    const size_t padding = 16 - text.size() % 16;
    text.append(padding - 1, 'x').push_back(static_cast<char>(padding));
  }
  const EVP_CIPHER* type = gcm ? (key.size() == 16   ? EVP_aes_128_gcm()
                                  : key.size() == 24 ? EVP_aes_192_gcm()
                                                     : EVP_aes_256_gcm())
                               : (key.size() == 16   ? EVP_aes_128_cbc()
                                  : key.size() == 24 ? EVP_aes_192_cbc()
                                                     : EVP_aes_256_cbc());
  const CHandle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> context(EVP_CIPHER_CTX_new());
  Bytes out(iv.size() + text.size() + 32);
  std::ranges::copy(iv, out.begin());
  auto* at = reinterpret_cast<unsigned char*>(out.data()) + iv.size();
  int size = 0;
  EVP_EncryptInit_ex(context.get(), type, nullptr, reinterpret_cast<const unsigned char*>(key.data()),
                     reinterpret_cast<const unsigned char*>(iv.data()));
  EVP_CIPHER_CTX_set_padding(context.get(), 0);
  EVP_EncryptUpdate(context.get(), at, &size, reinterpret_cast<const unsigned char*>(text.data()),
                    static_cast<int>(text.size()));
  int rest = 0;
  EVP_EncryptFinal_ex(context.get(), at + size, &rest);
  size_t all = iv.size() + static_cast<size_t>(size + rest);
  if (gcm) {
    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, 16, at + size + rest);
    all += 16;
  }
  out.resize(all);
  return base64_encode(out);
}

inline Bytes wrapped(const Encrypt& how, const Bytes& key) {
  const ByteView der = how.certificate.empty() ? ByteView(sp_material().certificate) : how.certificate;
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const CHandle<X509, X509_free> certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  const CHandle<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(
      EVP_PKEY_CTX_new(X509_get0_pubkey(certificate.get()), nullptr));
  const bool pkcs1 = how.transport.ends_with("rsa-1_5");
  EVP_PKEY_encrypt_init(context.get());
  EVP_PKEY_CTX_set_rsa_padding(context.get(), pkcs1 ? RSA_PKCS1_PADDING : RSA_PKCS1_OAEP_PADDING);
  if (!pkcs1) {
    EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), how.digest);
    EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), how.mask);
  }
  Bytes out(1024);
  size_t size = out.size();
  demand(EVP_PKEY_encrypt(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size,
                          reinterpret_cast<const unsigned char*>(key.data()), key.size()) == 1);
  out.resize(size);
  return out;
}

// <saml:EncryptedAssertion> or another holder; the prefix saml has to be declared around it.
inline std::string encrypted(std::string_view element, const Encrypt& how = {}) {
  const Bytes key = random(how.cipher.find("128") != how.cipher.npos   ? 16
                           : how.cipher.find("192") != how.cipher.npos ? 24
                                                                       : 32);
  const std::string encrypted_key =
      "<xenc:EncryptedKey><xenc:EncryptionMethod Algorithm=\"" + how.transport + "\">" + how.transport_content +
      "</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>" + base64_encode(wrapped(how, key)) +
      "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>";
  const std::string inside =
      how.peer ? "<ds:RetrievalMethod URI=\"http://127.0.0.1:1/key\"></ds:RetrievalMethod>" : encrypted_key;
  return "<saml:" + how.holder +
         " xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" "
         "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><xenc:EncryptedData" +
         how.type + "><xenc:EncryptionMethod Algorithm=\"" + how.cipher + "\"></xenc:EncryptionMethod><ds:KeyInfo>" +
         inside + "</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>" + aes_base64(how.cipher, key, element) +
         "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>" + (how.peer ? encrypted_key : "") +
         "</saml:" + how.holder + ">";
}

// ---- whole responses

inline std::string assertion_signed(const Story& story = {}, const Sign& how = {}) {
  return response_of(story, signed_text(assertion_of(story), story.assertion_id, how));
}
inline std::string response_signed(const Story& story = {}, const Sign& how = {}) {
  return signed_text(response_of(story, assertion_of(story)), story.response_id, how);
}
inline std::string both_signed(const Story& story = {}, const Sign& how = {}) {
  return signed_text(assertion_signed(story, how), story.response_id, how);
}

}  // namespace sallyport::sso::saml::forge
