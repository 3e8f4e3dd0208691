// Leaves an administrative event behind for a refused sign-in, without letting a flood of them fill the disk: beyond a
// rate they are only counted, and the count goes into the next event that is written. Never waits. Any thread.
#pragma once

#include <mutex>
#include <string>

#include "base/log.h"
#include "sso/attempt_limiter.h"
#include "storage/store.h"

namespace sallyport::sso {

constexpr Rate kRefusalsRecorded{20, 60};  // at most about 30 MB of the store in a day

class RefusalRecorder {
 public:
  RefusalRecorder(storage::StoreThread& store, Log& log) : store_(store), log_(log) {}

  // user: the account's name; empty when there is none (what was typed may have been a password). reason: a literal.
  void record(const std::string& user, const IpAddress& client, const char* reason, WallMicros at, Monotonic now);

 private:
  storage::StoreThread& store_;
  Log& log_;
  std::mutex mutex_;
  TokenBuckets budget_{kRefusalsRecorded, 1};
  uint64_t unrecorded_ = 0;
};

}  // namespace sallyport::sso
