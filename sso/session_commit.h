// The commit that begins a session, made only while the user is still who was verified: a hash takes a quarter of a
// second, and a password that was changed meanwhile must not open anything.
#pragma once

#include <vector>

#include "base/task.h"
#include "policy/snapshot.h"
#include "storage/store.h"

namespace sallyport::sso {

struct VerifiedUser {
  UserId id;
  storage::Generation seen{};  // of the snapshot in which the user was found
};

// errors: kDenied the user's record was changed or deleted since; and the store's.
Task<Result<storage::Generation>> commit_for(Loop& home, storage::StoreThread& store, VerifiedUser user,
                                             storage::ChangeSet changes, std::vector<storage::AdminEvent> events);

}  // namespace sallyport::sso
