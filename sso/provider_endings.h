// Sessions end because their provider says so. Any thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sso/in_force.h"
#include "storage/session_table.h"
#include "storage/store.h"

namespace sallyport::sso {

constexpr size_t kSessionsEndedMax = 1000;  // in one commit

class ProviderEndings {
 public:
  struct Parts {
    storage::StoreThread& store;
    storage::SessionTable& sessions;
    const Clock& clock;
    std::function<void(const RecordId& family)> session_ended;  // may be empty
    AwaitInForce in_force;                                      // may be empty
  };
  explicit ProviderEndings(Parts parts) : parts_(std::move(parts)) {}

  // When it returns they are over everywhere. once: of the message that said so.   returns: how many
  // errors: kConflict the message counted before; and the store's.
  Task<Result<size_t>> end(Loop& home, std::string provider, std::string client,
                           std::vector<storage::SessionOrigin> origins, storage::UseOnce once);

 private:
  Parts parts_;
};

}  // namespace sallyport::sso
