// The only door to clear secrets at run time. Now it opens them in this process; behind the same interface it can
// become a process of its own, so that the one that parses hostile bytes holds no key.
#pragma once

#include "base/secret.h"
#include "base/task.h"
#include "storage/seal.h"

namespace sallyport::storage {

class Keyring;

struct SealedRecord {
  SealContext context;
  Bytes sealed;
};

class KeyHolder {
 public:
  virtual ~KeyHolder() = default;
  // errors: kDenied the record was tampered with, kLimit secret memory is full, kUnavailable.
  virtual Task<Result<SecretBytes>> unseal(SealedRecord record) = 0;
};

class LocalKeyHolder final : public KeyHolder {
 public:
  explicit LocalKeyHolder(const Keyring& keyring) : keyring_(keyring) {}
  Task<Result<SecretBytes>> unseal(SealedRecord record) override;

 private:
  const Keyring& keyring_;
};

}  // namespace sallyport::storage
