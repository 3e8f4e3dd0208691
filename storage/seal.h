// Sealed values (DESIGN section 8): version 1 byte | key id 4 (big endian) | IV 12 random | ciphertext | tag 16.
// AES-256-GCM; the AAD is the length-prefixed list installation id, kind, record id, field, destination, epoch, so a
// value that was moved, renamed, re-targeted or rolled back does not open.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/record_id.h"
#include "base/secret.h"

namespace sallyport::storage {

constexpr size_t kSealOverhead = 1 + 4 + 12 + 16;
constexpr size_t kSealedPlainBytesMax = kSecretBytesMax;

struct SealContext {
  RecordId installation;  // filled in by the keyring
  std::string kind;       // "datasource", "user", "named-key", "flow", ...
  RecordId record;
  std::string field;        // "secrets.token"
  std::string destination;  // "https://host:port", or empty
  uint64_t epoch = 0;
};

// key: 32 bytes.   errors: kLimit.   cost: one AES-GCM pass.
Result<Bytes> seal(uint32_t key_id, ByteView key, const SealContext& context, ByteView plain);
// errors: kMalformed too short, too long or a foreign version; kDenied the tag does not fit (any change to value or
// context).
Result<SecretBytes> unseal(ByteView key, const SealContext& context, ByteView sealed);
Result<uint32_t> sealed_key_id(ByteView sealed);

// HKDF-SHA256 (RFC 5869) of master and salt with info "sallyport/v1/<purpose>", 32 bytes.
Result<SecretBytes> derive_key(ByteView master, ByteView salt, std::string_view purpose);

}  // namespace sallyport::storage
