// The algorithms that count; whatever is not in these tables is refused by name. No SHA-1 in a signature, no HMAC, no
// MD5, no RSA key transport 1.5. Pure tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport::sso::saml {

enum class KeyKind : uint8_t { kRsa, kEc };
enum class Digest : uint8_t { kSha1, kSha256, kSha384, kSha512 };  // SHA-1 only inside OAEP, where it is sound

struct SignatureAlgorithm {
  std::string_view uri;
  KeyKind key;
  Digest digest;
};
// Null when it is none of RSA (PKCS #1 1.5) or ECDSA with SHA-256, 384 or 512 (RFC 9231 s2.3).
const SignatureAlgorithm* find_signature_algorithm(std::string_view uri);
const SignatureAlgorithm& signature_algorithm_for(KeyKind key);  // what we sign with: SHA-256

struct DigestAlgorithm {
  std::string_view uri;
  Digest digest;
};
const DigestAlgorithm* find_digest_algorithm(std::string_view uri);  // SHA-256, 384, 512; null for others

enum class CipherMode : uint8_t { kGcm, kCbc };
struct CipherAlgorithm {
  std::string_view uri;
  CipherMode mode;
  size_t key_bytes;
};
// AES-128, 192, 256 in GCM or CBC mode (XML Encryption 1.1 s5.2). Whether CBC counts is for the caller to decide.
const CipherAlgorithm* find_cipher_algorithm(std::string_view uri);

}  // namespace sallyport::sso::saml
