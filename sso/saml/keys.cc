#include "sso/saml/keys.h"

#include <openssl/asn1.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>

#include "base/digest.h"
#include "base/no_passphrase.h"
#include "base/random.h"

namespace sallyport::sso::saml {
namespace {

using Key = CHandle<EVP_PKEY, EVP_PKEY_free>;
using Certificate = CHandle<X509, X509_free>;
using KeyContext = CHandle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using Hashing = CHandle<EVP_MD_CTX, EVP_MD_CTX_free>;
using Number = CHandle<BIGNUM, BN_free>;
using Pair = CHandle<ECDSA_SIG, ECDSA_SIG_free>;
using Pkcs8 = CHandle<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
void free_der(unsigned char* der) { OPENSSL_free(der); }
using Bio = CHandle<BIO, BIO_free_all>;
using Der = CHandle<unsigned char, free_der>;

// What OpenSSL says of foreign bytes is not left in this thread's queue, where somebody else would find it.
struct ErrorsEndHere {
  ErrorsEndHere() { ERR_set_mark(); }
  ErrorsEndHere(const ErrorsEndHere&) = delete;
  ErrorsEndHere& operator=(const ErrorsEndHere&) = delete;
  ~ErrorsEndHere() { ERR_pop_to_mark(); }
};

constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 8192;  // a verification costs 100 us there
constexpr int kOwnBits = 3072;
constexpr long kTwentyYears = 20L * 365 * 24 * 3600;
constexpr size_t kCertificateBytesMax = size_t{16} << 10;

const unsigned char* raw(ByteView bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
unsigned char* out_of(std::span<std::byte> bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

const EVP_MD* md(Digest digest) {
  switch (digest) {
    case Digest::kSha1:
      return EVP_sha1();
    case Digest::kSha256:
      return EVP_sha256();
    case Digest::kSha384:
      return EVP_sha384();
    case Digest::kSha512:
      return EVP_sha512();
  }
  std::abort();
}

bool is_rsa(EVP_PKEY* key) {
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= kRsaBitsMin &&
         EVP_PKEY_get_bits(key) <= kRsaBitsMax;
}

bool is_ec(EVP_PKEY* key) {
  std::array<char, 32> group{};
  size_t size = 0;
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC || EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) != 1)
    return false;
  const std::string_view name(group.data(), size);
  return name == "prime256v1" || name == "secp384r1" || name == "secp521r1";
}

Result<Certificate> read_certificate(ByteView der) {
  if (der.empty() || der.size() > kCertificateBytesMax) return malformed(Side::kIdentityProvider, "no certificate");
  const ErrorsEndHere errors;
  const unsigned char* at = raw(der);
  Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!certificate || at != raw(der) + der.size()) return malformed(Side::kIdentityProvider, "no certificate");
  return certificate;
}

// r and s side by side -> DER, which is what OpenSSL takes.
Bytes ecdsa_der(ByteView sides) {
  const size_t half = sides.size() / 2;
  const Pair pair(ECDSA_SIG_new());
  Number r(BN_bin2bn(raw(sides), static_cast<int>(half), nullptr));
  Number s(BN_bin2bn(raw(sides.subspan(half)), static_cast<int>(half), nullptr));
  if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.release(), s.release()) != 1) std::abort();
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  const Der owner(der);
  if (size <= 0) std::abort();
  const auto* bytes = reinterpret_cast<const std::byte*>(der);
  return {bytes, bytes + size};
}

std::unexpected<Error> no_key(const char* what) { return fail(Code::kInternal, Side::kSelf, what); }

Result<Bytes> der_of(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  const Der owner(der);
  if (size <= 0) return no_key("OpenSSL made no certificate");
  const auto* bytes = reinterpret_cast<const std::byte*>(der);
  return Bytes(bytes, bytes + size);
}

Result<Bytes> self_signed(EVP_PKEY* key, std::string_view common_name, WallMicros now) {
  const Certificate certificate(X509_new());
  const time_t from = static_cast<time_t>(count(now) / 1'000'000);
  const auto serial = random_bytes<16>();
  const Number number(BN_bin2bn(raw(serial), serial.size(), nullptr));
  if (!certificate || !number) return no_key("no memory for a certificate");
  X509_NAME* name = X509_get_subject_name(certificate.get());
  if (X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
      BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get())) == nullptr ||
      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common_name.data()),
                                 static_cast<int>(common_name.size()), -1, 0) != 1 ||
      X509_set_issuer_name(certificate.get(), name) != 1 ||
      ASN1_TIME_set(X509_getm_notBefore(certificate.get()), from) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(certificate.get()), from + kTwentyYears) == nullptr ||
      X509_set_pubkey(certificate.get(), key) != 1 || X509_sign(certificate.get(), key, EVP_sha256()) <= 0)
    return no_key("OpenSSL made no certificate");
  return der_of(certificate.get());
}

WallMicros expiry_of(const X509* certificate) {
  struct tm time{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) return {};
  return WallMicros{static_cast<int64_t>(::timegm(&time)) * 1'000'000};
}

}  // namespace

Bytes digest_of(Digest digest, ByteView bytes) {
  Bytes out(static_cast<size_t>(EVP_MD_get_size(md(digest))));
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), out_of(out), &size, md(digest), nullptr) != 1 || size != out.size())
    std::abort();
  return out;
}

Result<VerifyKey> VerifyKey::from_certificate(ByteView der) {
  TRY(const Certificate certificate, read_certificate(der));
  Key key(X509_get_pubkey(certificate.get()));
  if (!key) return fail(Code::kUnsupported, Side::kIdentityProvider, "a certificate's key is of no known kind");
  VerifyKey out;
  if (is_rsa(key.get()))
    out.kind_ = KeyKind::kRsa;
  else if (is_ec(key.get()))
    out.kind_ = KeyKind::kEc;
  else
    return fail(Code::kUnsupported, Side::kIdentityProvider,
                "a certificate's key is neither RSA of 2048 to 8192 bits nor P-256, P-384 or P-521");
  out.key_ = std::make_shared<const Key>(std::move(key));
  out.fingerprint_ = hex_encode(sha256(der));
  out.expires_at_ = expiry_of(certificate.get());
  return out;
}

Result<std::vector<VerifyKey>> VerifyKey::from_pem(std::string_view text) {
  const ErrorsEndHere errors;
  const Bio file(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  std::vector<VerifyKey> out;
  while (const Certificate one{PEM_read_bio_X509(file.get(), nullptr, nullptr, no_passphrase())}) {
    TRY(const Bytes der, der_of(one.get()));
    TRY(VerifyKey key, from_certificate(der));
    out.push_back(std::move(key));
  }
  if (out.empty()) return malformed(Side::kIdentityProvider, "no certificate in the PEM text");
  return out;
}

EVP_PKEY* VerifyKey::handle() const { return key_->get(); }

bool VerifyKey::fits(const SignatureAlgorithm& algorithm, ByteView message, ByteView signature) const {
  if (algorithm.key != kind_) return false;
  Bytes der;
  if (kind_ == KeyKind::kEc) {
    const size_t half = static_cast<size_t>(EVP_PKEY_get_bits(handle()) + 7) / 8;
    if (signature.size() == 2 * half) {
      der = ecdsa_der(signature);
      signature = der;
    }
  }
  const Hashing hashing(EVP_MD_CTX_new());
  const ErrorsEndHere errors;
  return hashing && EVP_DigestVerifyInit(hashing.get(), nullptr, md(algorithm.digest), nullptr, handle()) == 1 &&
         EVP_DigestVerify(hashing.get(), raw(signature), signature.size(), raw(message), message.size()) == 1;
}

Result<SpKey::Material> SpKey::make(std::string_view common_name, WallMicros now) {
  const Key key(EVP_RSA_gen(kOwnBits));
  if (!key) return no_key("OpenSSL made no RSA key");
  const Pkcs8 parts(EVP_PKEY2PKCS8(key.get()));
  const int size = parts ? i2d_PKCS8_PRIV_KEY_INFO(parts.get(), nullptr) : 0;
  if (size <= 0) return no_key("OpenSSL wrote no RSA key");
  TRY(SecretBytes private_key, SecretBytes::of_size(static_cast<size_t>(size)));
  unsigned char* at = out_of(private_key.span());
  if (i2d_PKCS8_PRIV_KEY_INFO(parts.get(), &at) != size) return no_key("OpenSSL wrote no RSA key");
  TRY(Bytes certificate, self_signed(key.get(), common_name, now));
  return Material{std::move(private_key), std::move(certificate)};
}

Result<SpKey> SpKey::open(const SecretBytes& private_key, ByteView certificate) {
  const ErrorsEndHere errors;
  const unsigned char* at = raw(private_key.view());
  const unsigned char* end = at + private_key.size();
  Key key(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(private_key.size())));
  if (!key || at != end || !is_rsa(key.get()))
    return malformed(Side::kSelf, "the provider's own key is no RSA key of 2048 to 8192 bits");
  TRY(const Certificate own, read_certificate(certificate));
  if (EVP_PKEY_eq(X509_get0_pubkey(own.get()), key.get()) != 1)
    return malformed(Side::kSelf, "a certificate belongs to another key");
  SpKey out;
  out.key_ = std::make_shared<const Key>(std::move(key));
  out.certificate_.assign(certificate.begin(), certificate.end());
  return out;
}

EVP_PKEY* SpKey::handle() const { return key_->get(); }

Result<Bytes> SpKey::sign(ByteView message) const {
  const Hashing hashing(EVP_MD_CTX_new());
  Bytes out(static_cast<size_t>(EVP_PKEY_get_size(handle())));
  size_t size = out.size();
  if (!hashing || EVP_DigestSignInit(hashing.get(), nullptr, EVP_sha256(), nullptr, handle()) != 1 ||
      EVP_DigestSign(hashing.get(), out_of(out), &size, raw(message), message.size()) != 1)
    return no_key("OpenSSL signed nothing");
  out.resize(size);
  return out;
}

Result<SecretBytes> SpKey::unwrap(ByteView wrapped, Digest digest, Digest mask_digest) const {
  const ErrorsEndHere errors;
  TRY(SecretBytes out, SecretBytes::of_size(static_cast<size_t>(EVP_PKEY_get_size(handle()))));
  size_t size = out.size();
  const KeyContext context(EVP_PKEY_CTX_new(handle(), nullptr));
  if (!context || EVP_PKEY_decrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), md(digest)) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), md(mask_digest)) != 1 ||
      EVP_PKEY_decrypt(context.get(), out_of(out.span()), &size, raw(wrapped), wrapped.size()) != 1)
    return fail(Code::kDenied, Side::kIdentityProvider, "the key does not fit");
  out.shrink(size);
  return out;
}

}  // namespace sallyport::sso::saml
