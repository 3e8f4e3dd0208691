// Says in the log which tokens will end within a week, each at most once a day (of UTC) in the life of a gateway, so
// that somebody rotates them before something breaks.
#pragma once

#include <chrono>
#include <map>

#include "base/log.h"
#include "policy/snapshot.h"
#include "storage/session_table.h"

namespace sallyport::cli {

class TokenEnds {
 public:
  static constexpr std::chrono::days kSoon{7};

  TokenEnds(storage::TokenTable& tokens, Log& log) : tokens_(tokens), log_(log) {}

  // Event "token_ends_soon" {token, name, owner, ends} for each that was not told today. By one thread at a time; not a
  // loop's.   cost: a walk over all tokens.
  void look(const policy::Snapshot& snapshot, WallMicros now);

 private:
  storage::TokenTable& tokens_;
  Log& log_;
  std::map<RecordId, int64_t> told_;  // the day
};

}  // namespace sallyport::cli
