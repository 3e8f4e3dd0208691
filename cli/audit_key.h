// The key that signs this installation's audit checkpoints: made at the first `serve`, sealed in the store, its public
// half kept for ever.
#pragma once

#include "base/clock.h"
#include "cli/terminal.h"
#include "storage/keyring.h"
#include "storage/store.h"

namespace sallyport::cli {

constexpr const char* kAuditKeyPurpose = "audit-signing";

// The seed of the key in use (32 bytes, Ed25519).   errors: the key's record was tampered with; the store's.
Outcome<SecretBytes> open_audit_key(storage::Store& store, const storage::Keyring& keyring, WallMicros now);

}  // namespace sallyport::cli
