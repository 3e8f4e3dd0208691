// The keys of an installation: the master key and salt give the wrap key, which opens the data keys, which open everything
// else. Immutable after open(); any thread may use it.
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
 public:
  // masters: the current one first; 32 bytes each. Makes the first data key and the row-MAC key if the store has none.
  // errors: kDenied no master key opens the data keys ("master key does not fit this store"), or the salt's fingerprint
  // differs ("salt does not fit this store"); kMalformed key or salt length; and the store's.
  static Result<std::unique_ptr<Keyring>> open(Store& store, std::vector<SecretBytes> masters, ByteView salt, WallMicros now);
  ~Keyring();

  const RecordId& installation() const;
  Result<Bytes> seal(SealContext context, ByteView plain) const;  // fills in .installation; under the active data key
  // errors: as unseal(), and kDenied for an unknown key id.
  Result<SecretBytes> unseal(SealContext context, ByteView sealed) const;
  // The MAC over everything of a resource row: id, kind, name, spec, applied, version, and every sealed field with its epoch.
  Bytes row_mac(const policy::ResourceRecord& record) const;
  bool row_mac_fits(const policy::ResourceRecord& record, ByteView mac) const;
  // 32 bytes derived from master and salt for "csrf", "state", ...
  Result<SecretBytes> derived(std::string_view purpose) const;

  struct Status {
    uint32_t active_key = 0;
    size_t data_keys = 0;
    size_t master_keys = 0;
  };
  Status status() const;

 private:
  Keyring();
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

// The context under which a resource's secret is sealed.
SealContext secret_context(const policy::ResourceRecord& record, const policy::SealedField& field, std::string_view destination);

}  // namespace sallyport::storage
