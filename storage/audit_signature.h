// Ed25519 (RFC 8032) over checkpoints: what a node says of its chain, provable without its key.
#pragma once

#include <openssl/types.h>

#include <vector>

#include "base/c_handle.h"
#include "base/secret.h"
#include "storage/audit_format.h"

extern "C" void EVP_PKEY_free(EVP_PKEY* key);

namespace sallyport::storage::audit {

using KeyPtr = CHandle<EVP_PKEY, EVP_PKEY_free>;
using KeyId = std::array<std::byte, 16>;  // the first half of the public key's SHA-256

// What a checkpoint signs: where it stands and the hash it vouches for.
struct SignedState {
  RecordId installation;
  RecordId chain;
  uint32_t segment = 0;
  Checkpoint checkpoint;  // .signature is not read
};

class Signer {
 public:
  // seed: 32 bytes.   errors: kMalformed another length.
  static Result<Signer> open(const SecretBytes& seed);
  const KeyId& key_id() const { return key_id_; }
  const Bytes& public_key() const { return public_key_; }
  std::array<std::byte, 64> sign(const SignedState& state) const;  // about 30 us

 private:
  KeyPtr key_;
  Bytes public_key_;
  KeyId key_id_{};
};

class Verifier {
 public:
  // public_keys: 32 bytes each; others are passed over.
  explicit Verifier(const std::vector<Bytes>& public_keys);
  bool knows(const KeyId& id) const { return find(id) != nullptr; }
  bool fits(const SignedState& state) const;  // false for an unknown key too. about 100 us

 private:
  EVP_PKEY* find(const KeyId& id) const;
  std::vector<std::pair<KeyId, KeyPtr>> keys_;
};

}  // namespace sallyport::storage::audit
