// The public keys of somebody who signs in JOSE: a JWK set (RFC 7517 s5), of which only what can verify the four
// algorithms below is kept. Values; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sso/public_key.h"

namespace sallyport::sso {

// RFC 7518 s3.1, RFC 8037 s3.1. What is not here is not taken, whoever says it: neither "none" nor HS256, whose secret
// an attacker would take the public key for.
enum class JoseAlgorithm : uint8_t { kRs256, kPs256, kEs256, kEdDsa };
std::string_view to_string(JoseAlgorithm algorithm);
std::optional<JoseAlgorithm> jose_algorithm(std::string_view name);  // its exact spelling
constexpr std::string_view kJoseAlgorithms = "RS256, PS256, ES256, EdDSA";
// By the hash that the algorithm itself uses: SHA-256, or SHA-512 with Ed25519.
Bytes jose_hash(JoseAlgorithm algorithm, std::string_view text);

class VerifyingJwk {
 public:
  VerifyingJwk(std::string kid, std::optional<JoseAlgorithm> algorithm, PublicKey key)
      : kid_(std::move(kid)), algorithm_(algorithm), key_(std::move(key)) {}
  const std::string& kid() const { return kid_; }  // "": it has none
  // Is the algorithm one of this key's type, and the one that it names, if it names one?
  bool takes(JoseAlgorithm algorithm) const;
  // False for an algorithm that it does not take.   cost: 30 us (RSA-2048) to 120 us (Ed25519)
  bool fits(JoseAlgorithm algorithm, std::string_view message, ByteView signature) const;

 private:
  std::string kid_;
  std::optional<JoseAlgorithm> algorithm_;
  PublicKey key_;
};

struct JwkSet {
  std::vector<VerifyingJwk> keys;
  size_t foreign = 0;  // of a type, use or algorithm that is not looked at
  size_t broken = 0;   // of a type that is, and wrong
};

constexpr size_t kJwkSetBytesMax = size_t{256} << 10;
constexpr size_t kJwkSetKeysMax = 64;
constexpr size_t kJwkRsaBytesMax = 1024;  // 8192 bits
constexpr size_t kKidBytesMax = 256;

// A set without a single key that is kept is a set all the same.
// errors (kIdentityProvider): kTooLarge, kMalformed no JSON or no list of objects, a member twice; kLimit more keys.
Result<JwkSet> read_jwk_set(std::string_view text);

}  // namespace sallyport::sso
