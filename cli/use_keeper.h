// When sessions and tokens were last used: collected from the tables and written to the store in batches. What a
// failing store did not take is kept and tried again.
#pragma once

#include <map>

#include "base/log.h"
#include "storage/session_table.h"
#include "storage/store.h"

namespace sallyport::cli {

class UseKeeper {
 public:
  UseKeeper(storage::SessionTable& sessions, storage::TokenTable& tokens, const Clock& clock)
      : sessions_(sessions), tokens_(tokens), clock_(clock) {}

  // On the store's thread.   returns: false when some could not be written.
  bool write(storage::Store& store);

 private:
  static constexpr size_t kBatch = 5000;  // rows per transaction: other commits get in between
  storage::SessionTable& sessions_;
  storage::TokenTable& tokens_;
  const Clock& clock_;
  std::map<RecordId, WallMicros> unwritten_sessions_;
  std::map<RecordId, storage::TokenUse> unwritten_tokens_;
};

}  // namespace sallyport::cli
