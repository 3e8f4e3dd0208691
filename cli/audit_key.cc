#include "cli/audit_key.h"

#include "base/random.h"
#include "cli/node_parts.h"
#include "storage/audit_signature.h"

namespace sallyport::cli {
namespace {

Result<SecretBytes> make_audit_key(storage::Store& store, const storage::Keyring& keyring, WallMicros now) {
  TRY(SecretBytes seed, SecretBytes::of_size(32));
  fill_random(seed.span());
  TRY(const auto signer, storage::audit::Signer::open(seed));
  TRY(storage::NamedKeyRecord record, keyring.seal_named_key(kAuditKeyPurpose, seed.view(), signer.public_key(), now));
  storage::AdminEvent event{.at = now,
                            .action = "key.create",
                            .actor = actor(),
                            .object = std::string("key ") + kAuditKeyPurpose,
                            .client = "",
                            .detail = "public key " + hex_encode(signer.public_key())};
  CHECKED(store.commit({{storage::PutNamedKey{std::move(record)}}, std::nullopt}, {std::move(event)}));
  return seed;
}

}  // namespace

Outcome<SecretBytes> open_audit_key(storage::Store& store, const storage::Keyring& keyring, WallMicros now) {
  const auto records = store.named_keys(kAuditKeyPurpose);
  if (!records) return failure("cannot read the key of the audit log", records.error());
  const storage::NamedKeyRecord* newest = nullptr;
  for (const storage::NamedKeyRecord& record : *records)
    if (!record.retired && (newest == nullptr || record.created_at >= newest->created_at)) newest = &record;
  auto seed = newest != nullptr ? keyring.open_named_key(*newest) : make_audit_key(store, keyring, now);
  if (!seed) return failure("cannot open the key of the audit log", seed.error());
  return std::move(*seed);
}

}  // namespace sallyport::cli
