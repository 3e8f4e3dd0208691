// The two kinds of key in this room, over OpenSSL: the provider's, that verify (public, out of configured metadata,
// never out of a message), and our own, that sign and decrypt. Values; any thread may use a key, several at once.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/c_handle.h"
#include "base/clock.h"
#include "base/secret.h"
#include "sso/saml/algorithms.h"

extern "C" void EVP_PKEY_free(EVP_PKEY* key);

namespace sallyport::sso::saml {

class VerifyKey {
 public:
  // From a certificate, of which only the key counts: metadata is what is trusted, not who issued it or until when
  // (SAML V2.0 Metadata Interoperability Profile s2.6.1).
  // errors: kMalformed no certificate; kUnsupported neither RSA of 2048 to 8192 bits nor P-256, P-384, P-521.
  static Result<VerifyKey> from_certificate(ByteView der);
  // Of certificates as PEM text (RFC 7468).   errors: as above; kMalformed there is none.
  static Result<std::vector<VerifyKey>> from_pem(std::string_view text);

  KeyKind kind() const { return kind_; }
  const std::string& fingerprint() const { return fingerprint_; }  // SHA-256 of the certificate, hex
  WallMicros expires_at() const { return expires_at_; }            // the certificate, for who wants to be warned
  // ECDSA: r and s side by side (RFC 6931 s2.3.6), or DER, as some write it in a redirect.   cost: RSA-2048 20 us
  bool fits(const SignatureAlgorithm& algorithm, ByteView message, ByteView signature) const;
  EVP_PKEY* handle() const;

 private:
  VerifyKey() = default;
  std::shared_ptr<const CHandle<EVP_PKEY, EVP_PKEY_free>> key_;
  KeyKind kind_ = KeyKind::kRsa;
  std::string fingerprint_;
  WallMicros expires_at_{};
};

// Our own: RSA, since it signs requests and takes what the provider encrypts.
class SpKey {
 public:
  // A new one of 3072 bits with a certificate of its own that lasts 20 years; nobody checks its date (see above).
  // cost: up to seconds
  struct Material;
  static Result<Material> make(std::string_view common_name, WallMicros now);

  // errors: kMalformed no RSA key of 2048 to 8192 bits in PKCS #8 DER, or a certificate of another key.
  static Result<SpKey> open(const SecretBytes& private_key, ByteView certificate);

  const Bytes& certificate() const { return certificate_; }  // DER
  KeyKind kind() const { return KeyKind::kRsa; }
  Result<Bytes> sign(ByteView message) const;  // signature_algorithm_for(kind()); about 1 ms
  // RSA-OAEP with an empty label (RFC 8017 s7.1).   errors: kDenied, whatever is wrong.
  Result<SecretBytes> unwrap(ByteView wrapped, Digest digest, Digest mask_digest) const;
  EVP_PKEY* handle() const;

 private:
  SpKey() = default;
  std::shared_ptr<const CHandle<EVP_PKEY, EVP_PKEY_free>> key_;
  Bytes certificate_;
};

struct SpKey::Material {
  SecretBytes private_key;  // PKCS #8 DER
  Bytes certificate;        // DER
};

// 20, 32, 48 or 64 bytes.
Bytes digest_of(Digest digest, ByteView bytes);

}  // namespace sallyport::sso::saml
