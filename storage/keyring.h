// The keys of an installation: the master key and salt give the wrap key, which opens the data keys, which open
// everything else. Immutable after open(); any thread may use it.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "storage/records.h"
#include "storage/seal.h"

namespace sallyport::storage {

class Store;

class Keyring {
  struct Inside;

 public:
  // masters: the current one first; 32 bytes each. Makes the first data key and the row-MAC key if the store has none.
  // errors: kDenied no master key opens the data keys ("master key does not fit this store"), or the salt's fingerprint
  // differs ("salt does not fit this store"); kMalformed key or salt length; and the store's.
  static Result<std::unique_ptr<Keyring>> open(Store& store, std::vector<SecretBytes> masters, ByteView salt,
                                               WallMicros now);
  explicit Keyring(std::unique_ptr<Inside> inside);  // by open()
  ~Keyring();

  const RecordId& installation() const;
  Result<Bytes> seal(SealContext context, ByteView plain) const;  // fills in .installation; under the active data key
  // errors: as unseal(), and kDenied for an unknown key id.
  Result<SecretBytes> unseal(SealContext context, ByteView sealed) const;
  // The MAC over a resource row: id, kind, name, spec, applied, every sealed field with its epoch, and the row's own
  // epoch (how often it was written), so that an older row does not fit. Not the version, which the commit sets.
  Bytes row_mac(const policy::ResourceRecord& record, uint64_t row_epoch) const;
  Bytes epoch_mac(const RecordId& record, std::string_view field, uint64_t epoch) const;
  // 32 bytes derived from master and salt for "csrf", "state", ...
  Result<SecretBytes> derived(std::string_view purpose) const;

  // A key with a purpose of its own ("audit-signing", "tls-ticket"): sealed for the store, and opened again.
  // errors: kDenied the record was tampered with or carries another purpose.
  Result<NamedKeyRecord> seal_named_key(std::string_view purpose, ByteView key, Bytes public_key, WallMicros now) const;
  Result<SecretBytes> open_named_key(const NamedKeyRecord& record) const;
  // What to write into .sealed of a record that keeps its id and purpose.
  Result<Bytes> seal_named_key_again(const NamedKeyRecord& record, ByteView key) const;

  struct Status {
    uint32_t active_key = 0;
    size_t data_keys = 0;
    size_t master_keys = 0;
  };
  Status status() const;

 private:
  std::unique_ptr<Inside> inside_;
};

// The context under which a field of a resource is sealed; a user's "password" has no destination.
SealContext secret_context(policy::Kind kind, const RecordId& record, const policy::SealedField& field,
                           std::string_view destination);
inline SealContext secret_context(const policy::ResourceRecord& record, const policy::SealedField& field,
                                  std::string_view destination) {
  return secret_context(record.kind, record.id, field, destination);
}

}  // namespace sallyport::storage
