// ECDSA on P-256 with SHA-256 (FIPS 186-5), the algorithm that JOSE calls ES256: keys that sign. With public_key.h the
// only place in this room that knows OpenSSL, beside saml/. A key may be used from any thread.
#pragma once

#include <openssl/types.h>

#include <array>
#include <string_view>

#include "base/c_handle.h"
#include "base/secret.h"

extern "C" void EVP_PKEY_free(EVP_PKEY* key);

namespace sallyport::sso {

constexpr size_t kP256ScalarBytes = 32;

struct P256Point {  // a public half; coordinates are big endian
  std::array<std::byte, 32> x{};
  std::array<std::byte, 32> y{};
  friend bool operator==(const P256Point&, const P256Point&) = default;
};

using P256Signature = std::array<std::byte, 64>;  // r, s: big endian, 32 bytes each (RFC 7518 s3.4)

class P256Key {
 public:
  // The private half of a new key, big endian.   errors: kLimit secret memory is full.
  static Result<SecretBytes> random_scalar();
  // The public half is computed, so the two always belong together.   cost: about 15 us
  // errors: kMalformed not 32 bytes, zero, or not below the order of the group; kLimit secret memory.
  static Result<P256Key> open(const SecretBytes& scalar);

  const P256Point& point() const { return point_; }
  P256Signature sign(std::string_view message) const;  // another one each time; about 25 us

 private:
  CHandle<EVP_PKEY, EVP_PKEY_free> key_;
  P256Point point_;
};

}  // namespace sallyport::sso
