// Public keys out of their numbers, as COSE and JOSE carry them, and signatures that fit them. What is not a key of its
// kind, or one that everybody could sign with, is none. With p256.h the only place in this room that knows OpenSSL,
// beside saml/. A key may be used from any thread, by several at once.
#pragma once

#include <openssl/types.h>

#include <memory>

#include "base/bytes.h"
#include "base/c_handle.h"

extern "C" void EVP_PKEY_free(EVP_PKEY* key);

namespace sallyport::sso {

enum class PublicKeyKind : uint8_t { kP256, kEd25519, kRsa };

class PublicKey {
 public:
  // Coordinates of 32 bytes, big endian.   errors: kMalformed the size, not on the curve.   cost: 30 us
  static Result<PublicKey> p256(ByteView x, ByteView y);
  // RFC 8032 s5.1.2.   errors: kMalformed not 32 bytes, no point, one of small order.   cost: 20 us
  static Result<PublicKey> ed25519(ByteView x);
  // Big endian, no zero byte in front; the exponent is 65537.   errors: kMalformed   cost: 1 us
  static Result<PublicKey> rsa(ByteView modulus, ByteView exponent, size_t modulus_bytes_max);

  PublicKeyKind kind() const { return kind_; }

  // ECDSA with SHA-256, r and s in DER; EdDSA; RSASSA-PKCS1-v1_5 with SHA-256.   cost: 70, 120, 30 us (RSA-2048)
  bool fits(ByteView message, ByteView signature) const;
  // ECDSA with SHA-256, r and s side by side in 64 bytes (RFC 7518 s3.4). False for a key of another kind.
  bool fits_raw_ecdsa(ByteView message, ByteView signature) const;
  // RSASSA-PSS with SHA-256, MGF1 with SHA-256, 32 bytes of salt (RFC 7518 s3.5). False for a key of another kind.
  bool fits_pss(ByteView message, ByteView signature) const;

 private:
  using Handle = CHandle<EVP_PKEY, EVP_PKEY_free>;
  PublicKey(PublicKeyKind kind, Handle key) : kind_(kind), key_(std::make_shared<const Handle>(std::move(key))) {}
  PublicKeyKind kind_;
  std::shared_ptr<const Handle> key_;
};

constexpr size_t kRsaModulusBytesMin = 256;

Bytes sha512(ByteView message);  // 64 bytes

}  // namespace sallyport::sso
