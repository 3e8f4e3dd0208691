// One sealed field of a user's record, changed by itself: what the person changes without an admin (sso/factors.h). All
// else of the record stays as it is at that moment. On the store's thread.
#pragma once

#include <optional>
#include <string>

#include "storage/keyring.h"
#include "storage/store.h"

namespace sallyport::storage {

struct UserFieldEdit {
  UserId user;
  std::string field;
  uint64_t was = 0;                  // the epoch of the value that this one follows; 0: there was none
  std::optional<SecretBytes> value;  // nothing: the field goes
};

// Commits the edit together with `more`, in one transaction.
// errors: kConflict the field is not the one that was read, or a change of `more` met a conflict; kNotFound there is no
// such user; kDenied the record is damaged; kLimit the value is too long; and the store's.
Result<Generation> edit_user_field(Store& store, const Keyring& keyring, const UserFieldEdit& edit,
                                   const ChangeSet& more, const std::vector<AdminEvent>& events);

}  // namespace sallyport::storage
