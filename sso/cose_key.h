// The public keys of passkeys: COSE_Key (RFC 9052 s7, RFC 9053) in the one form that WebAuthn allows (Level 3 s6.5.1.1
// and 5.8.5), and signatures made with them. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "sso/public_key.h"

namespace sallyport::sso {

// IANA COSE algorithms. What is not here is not taken, whoever says it.
enum class CoseAlgorithm : int16_t {
  kEs256 = -7,    // ECDSA on P-256 with SHA-256
  kEdDsa = -8,    // on Ed25519 alone
  kRs256 = -257,  // RSASSA-PKCS1-v1_5 with SHA-256, 2048 to 4096 bits
};
constexpr std::array kCoseAlgorithms{CoseAlgorithm::kEs256, CoseAlgorithm::kEdDsa, CoseAlgorithm::kRs256};
std::string_view to_string(CoseAlgorithm algorithm);  // "ES256"

class CoseKey {
 public:
  // A key that stands at the front of `input`; `size` of it are the key.
  // errors: kMalformed not canonical, members missing, foreign or in another order, a key that does not belong to its
  //   algorithm, not a point of its curve or one of small order, RSA outside 2048..4096 bits or with e != 65537;
  //   kUnsupported an algorithm that is not of the list.
  // cost: about 30 us for a point of P-256, 20 us for Ed25519, 1 us for RSA.
  static Result<CoseKey> read_front(ByteView input);
  // The same; anything behind it is malformed.
  static Result<CoseKey> read(ByteView input);

  CoseAlgorithm algorithm() const { return algorithm_; }
  size_t size() const { return size_; }

  // Signatures as WebAuthn has them (Level 3 s6.5.5): DER for ES256, 64 bytes for EdDSA, as long as the modulus for
  // RS256. cost: about 70 us with ES256, 120 us with EdDSA, 30 us with RS256.
  bool verify(ByteView message, ByteView signature) const { return key_.fits(message, signature); }

 private:
  CoseKey(CoseAlgorithm algorithm, size_t size, PublicKey key)
      : algorithm_(algorithm), size_(size), key_(std::move(key)) {}
  CoseAlgorithm algorithm_;
  size_t size_;
  PublicKey key_;
};

}  // namespace sallyport::sso
