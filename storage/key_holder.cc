#include "storage/key_holder.h"

#include "storage/keyring.h"

namespace sallyport::storage {

Task<Result<SecretBytes>> LocalKeyHolder::unseal(SealedRecord record) {
  co_return keyring_.unseal(std::move(record.context), record.sealed);
}

}  // namespace sallyport::storage
