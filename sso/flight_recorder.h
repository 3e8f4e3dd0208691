// The last attempts to sign in at each identity provider, kept in the store: why one failed can be looked up afterwards
// by the reference that the person was shown. Attempts cost strangers nothing, so they are gathered in memory, the last
// of each provider, and written together a few times in a second. Any thread; never waits.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/task.h"
#include "sso/attempt_limiter.h"
#include "sso/sign_in_report.h"
#include "storage/store.h"

namespace sallyport::sso {

using storage::kAttemptsKept;                  // of each provider
constexpr size_t kAttemptsTogetherMax = 2000;  // in memory, of all providers
constexpr Rate kAttemptWrites{4, 240};         // commits: 4 at once, then 4 in a second

class FlightRecorder {
 public:
  FlightRecorder(storage::StoreThread& store, Log& log);
  ~FlightRecorder();  // hands what is left to the store's thread
  FlightRecorder(const FlightRecorder&) = delete;
  FlightRecorder& operator=(const FlightRecorder&) = delete;

  // provider: one that exists; what anybody can make up is not recorded.
  void record(const std::string& provider, const SignInReport& report, Monotonic now);
  // Writes what waits, as far as the rate allows. To be called about once in a second.
  void flush(Monotonic now);
  // The newest first, those that wait included.   errors: the store's.
  Task<Result<std::vector<storage::SignInAttempt>>> attempts(Loop& home, std::string provider, size_t count_max);

 private:
  class Waiting;
  storage::StoreThread& store_;
  std::shared_ptr<Waiting> waiting_;  // NOLINT: a job on the store's thread may outlive this
};

}  // namespace sallyport::sso
