#include "storage/keyring.h"

#include <algorithm>

#include "base/random.h"
#include "storage/aes_gcm.h"
#include "storage/length_prefixed.h"
#include "storage/store.h"

namespace sallyport::storage {
namespace {

constexpr size_t kSaltBytesMin = 16;
constexpr uint32_t kWrapKeyId = 0;  // in the head of a wrapped data key; data keys count from 1
constexpr int kAttemptsMax = 5;
constexpr std::string_view kRowMac = "row-mac";

Sha256 fingerprint_of(ByteView salt) { return sha256({as_bytes("sallyport/v1/salt"), salt}); }

SealContext data_key_context(const RecordId& installation, uint32_t id) {
  return {.installation = installation,
          .kind = "data-key",
          .record = {},
          .field = std::to_string(id),
          .destination = "",
          .epoch = 0};
}

SealContext named_key_context(const RecordId& installation, const RecordId& id, std::string_view purpose) {
  return {.installation = installation,
          .kind = "named-key",
          .record = id,
          .field = std::string(purpose),
          .destination = "",
          .epoch = 0};
}

Result<SecretBytes> random_key() {
  TRY(SecretBytes key, SecretBytes::of_size(kAesKeyBytes));
  fill_random(key.span());
  return key;
}

Result<NamedKeyRecord> seal_named(const RecordId& installation, uint32_t key_id, ByteView data_key,
                                  std::string_view purpose, ByteView key, Bytes public_key, WallMicros now) {
  NamedKeyRecord out{.purpose = std::string(purpose),
                     .id = RecordId::random(),
                     .sealed = {},
                     .public_key = std::move(public_key),
                     .created_at = now,
                     .retired = false};
  TRY(out.sealed, seal(key_id, data_key, named_key_context(installation, out.id, purpose), key));
  return out;
}

// The first data key, the row-MAC key and the salt's fingerprint, in one commit.
Result<void> make_first_keys(Store& store, const RecordId& installation, ByteView wrap_key, ByteView salt,
                             WallMicros now) {
  TRY(const Generation expected, store.generation());
  constexpr uint32_t kFirst = 1;
  TRY(const SecretBytes data_key, random_key());
  TRY(const SecretBytes mac_key, random_key());
  TRY(Bytes wrapped, seal(kWrapKeyId, wrap_key, data_key_context(installation, kFirst), data_key.view()));
  TRY(NamedKeyRecord named, seal_named(installation, kFirst, data_key.view(), kRowMac, mac_key.view(), {}, now));
  ChangeSet changes;
  changes.expected = expected;
  changes.changes.push_back(SetSaltFingerprint{fingerprint_of(salt)});
  changes.changes.push_back(
      PutDataKey{{.id = kFirst, .wrapped = std::move(wrapped), .active = true, .created_at = now}});
  changes.changes.push_back(PutNamedKey{std::move(named)});
  TRY(const Generation made, store.commit(changes, {{now, "key.create", "sallyport", "data key 1", "", "first keys"}}));
  (void)made;
  return {};
}

}  // namespace

struct Keyring::Inside {
  struct DataKey {
    uint32_t id;
    SecretBytes key;
  };
  RecordId installation;
  std::vector<SecretBytes> masters;
  Bytes salt;
  std::vector<DataKey> data_keys;  // by id
  uint32_t active = 0;
  SecretBytes mac_key;

  const SecretBytes* data_key(uint32_t id) const {
    const auto found = std::ranges::find(data_keys, id, &DataKey::id);
    return found == data_keys.end() ? nullptr : &found->key;
  }

  Result<void> open_data_keys(const std::vector<DataKeyRecord>& records, const std::vector<SecretBytes>& wrap_keys) {
    for (const DataKeyRecord& record : records) {
      const SealContext context = data_key_context(installation, record.id);
      SecretBytes opened;
      for (const SecretBytes& wrap_key : wrap_keys) {
        Result<SecretBytes> key = storage::unseal(wrap_key.view(), context, record.wrapped);
        if (key && key->size() == kAesKeyBytes) {
          opened = *std::move(key);
          break;
        }
        if (!key && key.error().code == Code::kLimit) return std::unexpected(key.error());
      }
      if (opened.empty()) return fail(Code::kDenied, Side::kStorage, "master key does not fit this store");
      if (record.active) active = record.id;
      data_keys.push_back({record.id, std::move(opened)});
    }
    if (active == 0) return fail(Code::kInternal, Side::kStorage, "the store has no active data key");
    return {};
  }
};

Keyring::Keyring(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Keyring::~Keyring() = default;

Result<std::unique_ptr<Keyring>> Keyring::open(Store& store, std::vector<SecretBytes> masters, ByteView salt,
                                               WallMicros now) {
  if (masters.empty()) return malformed(Side::kStorage, "there is no master key");
  for (const SecretBytes& master : masters)
    if (master.size() != kAesKeyBytes) return malformed(Side::kStorage, "a master key has 32 bytes");
  if (salt.size() < kSaltBytesMin) return malformed(Side::kStorage, "the salt has at least 16 bytes");
  std::vector<SecretBytes> wrap_keys;
  for (const SecretBytes& master : masters) {
    TRY(SecretBytes wrap_key, derive_key(master.view(), salt, "wrap"));
    wrap_keys.push_back(std::move(wrap_key));
  }

  // Keys before the fingerprint: whoever makes them writes both at once.
  Installation installation;
  std::vector<DataKeyRecord> records;
  for (int attempt = 0; records.empty(); ++attempt) {
    if (attempt == kAttemptsMax) return fail(Code::kInternal, Side::kStorage, "the store's data keys are missing");
    TRY(records, store.data_keys());
    TRY(installation, store.installation());
    if (!records.empty() || installation.salt_fingerprint != Sha256{}) continue;
    const auto made = make_first_keys(store, installation.id, wrap_keys.front().view(), salt, now);
    if (!made && made.error().code != Code::kConflict) return std::unexpected(made.error());
  }
  if (installation.salt_fingerprint != fingerprint_of(salt))
    return fail(Code::kDenied, Side::kStorage, "salt does not fit this store");

  auto out = std::make_unique<Keyring>(std::make_unique<Inside>());
  Inside& inside = *out->inside_;
  inside.installation = installation.id;
  inside.masters = std::move(masters);
  inside.salt.assign(salt.begin(), salt.end());
  CHECKED(inside.open_data_keys(records, wrap_keys));
  TRY(const std::vector<NamedKeyRecord> mac_keys, store.named_keys(kRowMac));
  const auto living = std::ranges::find(mac_keys, false, &NamedKeyRecord::retired);
  if (living == mac_keys.end()) return fail(Code::kInternal, Side::kStorage, "the store's row-MAC key is missing");
  TRY(inside.mac_key, out->open_named_key(*living));
  return out;
}

const RecordId& Keyring::installation() const { return inside_->installation; }

Result<Bytes> Keyring::seal(SealContext context, ByteView plain) const {
  context.installation = inside_->installation;
  return storage::seal(inside_->active, inside_->data_key(inside_->active)->view(), context, plain);
}

Result<SecretBytes> Keyring::unseal(SealContext context, ByteView sealed) const {
  TRY(const uint32_t id, sealed_key_id(sealed));
  const SecretBytes* const key = inside_->data_key(id);
  if (key == nullptr) return fail(Code::kDenied, Side::kStorage, "sealed value names an unknown data key");
  context.installation = inside_->installation;
  return storage::unseal(key->view(), context, sealed);
}

Bytes Keyring::row_mac(const policy::ResourceRecord& record, uint64_t row_epoch) const {
  LengthPrefixed row;
  row.add(std::string_view("row"))
      .add(inside_->installation.view())
      .add(record.id.view())
      .add(policy::to_string(record.kind))
      .add(record.name)
      .add(record.spec)
      .add(uint64_t{record.applied})
      .add(row_epoch);
  std::vector<const policy::SealedField*> fields;
  for (const policy::SealedField& field : record.secrets) fields.push_back(&field);
  std::ranges::sort(fields, {}, [](const policy::SealedField* field) -> const std::string& { return field->field; });
  for (const policy::SealedField* field : fields) row.add(field->field).add(field->epoch).add(field->sealed);
  const Sha256 mac = hmac_sha256(inside_->mac_key.view(), row.bytes());
  return Bytes(mac.begin(), mac.end());
}

Bytes Keyring::epoch_mac(const RecordId& record, std::string_view field, uint64_t epoch) const {
  LengthPrefixed row;
  row.add(std::string_view("epoch")).add(inside_->installation.view()).add(record.view()).add(field).add(epoch);
  const Sha256 mac = hmac_sha256(inside_->mac_key.view(), row.bytes());
  return Bytes(mac.begin(), mac.end());
}

Result<SecretBytes> Keyring::derived(std::string_view purpose) const {
  return derive_key(inside_->masters.front().view(), inside_->salt, purpose);
}

Result<NamedKeyRecord> Keyring::seal_named_key(std::string_view purpose, ByteView key, Bytes public_key,
                                               WallMicros now) const {
  return seal_named(inside_->installation, inside_->active, inside_->data_key(inside_->active)->view(), purpose, key,
                    std::move(public_key), now);
}

Result<SecretBytes> Keyring::open_named_key(const NamedKeyRecord& record) const {
  return unseal(named_key_context(inside_->installation, record.id, record.purpose), record.sealed);
}

Result<Bytes> Keyring::seal_named_key_again(const NamedKeyRecord& record, ByteView key) const {
  return seal(named_key_context(inside_->installation, record.id, record.purpose), key);
}

Keyring::Status Keyring::status() const {
  return {
      .active_key = inside_->active, .data_keys = inside_->data_keys.size(), .master_keys = inside_->masters.size()};
}

SealContext secret_context(policy::Kind kind, const RecordId& record, const policy::SealedField& field,
                           std::string_view destination) {
  return {.installation = {},
          .kind = std::string(policy::to_string(kind)),
          .record = record,
          .field = field.field,
          .destination = std::string(destination),
          .epoch = field.epoch};
}

}  // namespace sallyport::storage
