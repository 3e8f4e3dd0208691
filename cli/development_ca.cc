#include "cli/development_ca.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/c_handle.h"
#include "base/ip.h"
#include "base/random.h"

namespace sallyport::cli {
namespace {

using KeyPtr = CHandle<EVP_PKEY, EVP_PKEY_free>;
using CertPtr = CHandle<X509, X509_free>;
using BioPtr = CHandle<BIO, BIO_free_all>;
using BigPtr = CHandle<BIGNUM, BN_free>;
using ExtensionPtr = CHandle<X509_EXTENSION, X509_EXTENSION_free>;

constexpr size_t kCommonNameMax = 64;  // RFC 5280 ub-common-name; what counts is subjectAltName
constexpr int64_t kDay = 24 * 3600;
constexpr int64_t kValidDays = 825;  // what browsers accept of a private authority

std::unexpected<Error> openssl_failed() {
  return fail(Code::kInternal, Side::kSelf, "OpenSSL could not make the certificate");
}

bool set_serial(X509* certificate) {
  auto bytes = random_bytes<16>();
  bytes[0] = (bytes[0] & std::byte{0x3f}) | std::byte{0x40};  // positive and of full length (RFC 5280 s4.1.2.2)
  const BigPtr number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_name(X509_NAME* name, const std::string& text) {
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.c_str()), -1,
                                    -1, 0) == 1;
}

// What both have: version 3, a random serial, the times, the subject and the key.
CertPtr begin(EVP_PKEY* key, const std::string& subject, WallMicros now) {
  CertPtr certificate(X509_new());
  const time_t from = static_cast<time_t>(count(now) / 1'000'000 - kDay);
  if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1 || !set_serial(certificate.get()) ||
      ASN1_TIME_set(X509_getm_notBefore(certificate.get()), from) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(certificate.get()), from + kValidDays * kDay) == nullptr ||
      X509_set_pubkey(certificate.get(), key) != 1 || !set_name(X509_get_subject_name(certificate.get()), subject))
    return nullptr;
  return certificate;
}

bool sign(X509* certificate, X509* issuer, EVP_PKEY* key) {
  return X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
         X509_sign(certificate, key, EVP_sha256()) > 0;
}

CertPtr make_authority(EVP_PKEY* key, WallMicros now) {
  // The random part keeps two of them apart in a browser's list.
  CertPtr ca = begin(key, "Sallyport development CA " + hex_encode(random_bytes<4>()), now);
  if (!ca || !add_extension(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !add_extension(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !add_extension(ca.get(), ca.get(), NID_subject_key_identifier, "hash") || !sign(ca.get(), ca.get(), key))
    return nullptr;
  return ca;
}

CertPtr make_leaf(EVP_PKEY* key, const std::vector<std::string>& names, X509* ca, EVP_PKEY* ca_key, WallMicros now) {
  std::string alternatives;
  for (const std::string& name : names) {
    alternatives += alternatives.empty() ? "" : ",";
    alternatives += (IpAddress::parse(name) ? "IP:" : "DNS:") + name;
  }
  CertPtr leaf = begin(key, names.front().substr(0, kCommonNameMax), now);
  if (!leaf || !add_extension(leaf.get(), ca, NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(leaf.get(), ca, NID_key_usage, "critical,digitalSignature") ||
      !add_extension(leaf.get(), ca, NID_ext_key_usage, "serverAuth") ||
      !add_extension(leaf.get(), ca, NID_subject_key_identifier, "hash") ||
      !add_extension(leaf.get(), ca, NID_authority_key_identifier, "keyid") ||
      !add_extension(leaf.get(), ca, NID_subject_alt_name, alternatives) || !sign(leaf.get(), ca, ca_key))
    return nullptr;
  return leaf;
}

std::string_view content(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<size_t>(size)};
}

Result<std::string> to_pem(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) return openssl_failed();
  return std::string(content(bio.get()));
}

Result<SecretBytes> to_pem(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return openssl_failed();
  return SecretBytes::copy_of(content(bio.get()));
}

}  // namespace

Result<DevelopmentCertificate> make_development_certificate(const std::vector<std::string>& names, WallMicros now) {
  if (names.empty()) return malformed(Side::kSelf, "a certificate needs a name");
  const KeyPtr ca_key(EVP_EC_gen("P-256"));
  const KeyPtr key(EVP_EC_gen("P-256"));
  if (!ca_key || !key) return openssl_failed();
  const CertPtr ca = make_authority(ca_key.get(), now);
  if (!ca) return openssl_failed();
  const CertPtr leaf = make_leaf(key.get(), names, ca.get(), ca_key.get(), now);
  if (!leaf) return openssl_failed();
  DevelopmentCertificate out;
  TRY(out.ca_pem, to_pem(ca.get()));
  TRY(out.cert_pem, to_pem(leaf.get()));
  TRY(out.key_pem, to_pem(key.get()));
  return out;
}

}  // namespace sallyport::cli
