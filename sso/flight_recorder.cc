#include "sso/flight_recorder.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>

namespace sallyport::sso {

using storage::SignInAttempt;

class FlightRecorder::Waiting {
 public:
  explicit Waiting(Log& log) : log_(log) {}

  void add(SignInAttempt attempt) {
    const std::lock_guard lock(mutex_);
    auto& own = by_provider_[attempt.provider];
    own.push_back(std::move(attempt));
    ++count_;
    if (own.size() > kAttemptsKept) drop_first(own);
    if (count_ > kAttemptsTogetherMax) drop_of_longest();
  }

  // May a job be queued now? It has to be, when the answer is yes.
  bool take_turn(Monotonic now) {
    const std::lock_guard lock(mutex_);
    if (count_ == 0 || queued_ || budget_.wait({}, now) > std::chrono::nanoseconds::zero()) return false;
    budget_.take({}, now);
    queued_ = true;
    return true;
  }
  void give_turn_back() {
    const std::lock_guard lock(mutex_);
    queued_ = false;
  }

  // On the store's thread.
  void write(storage::Store& store) {
    storage::ChangeSet changes;
    for (const auto& [provider, attempts] : take())
      for (const SignInAttempt& attempt : attempts) changes.changes.emplace_back(storage::PutSignInAttempt{attempt});
    if (changes.changes.empty()) return;
    const auto committed = store.commit(changes, {});
    if (!committed)
      log_.error("sign_in_attempts_lost",
                 {{"count", std::to_string(changes.changes.size())}, {"reason", committed.error().what}});
  }

 private:
  using ByProvider = std::map<std::string, std::deque<SignInAttempt>>;

  ByProvider take() {
    const std::lock_guard lock(mutex_);
    queued_ = false;
    count_ = 0;
    return std::exchange(by_provider_, {});
  }

  void drop_first(std::deque<SignInAttempt>& own) {
    own.pop_front();
    --count_;
  }
  void drop_of_longest() {
    const auto longest =
        std::ranges::max_element(by_provider_, {}, [](const auto& provider) { return provider.second.size(); });
    drop_first(longest->second);
  }

  Log& log_;
  std::mutex mutex_;
  ByProvider by_provider_;
  size_t count_ = 0;
  bool queued_ = false;
  TokenBuckets budget_{kAttemptWrites, 1};
};

FlightRecorder::FlightRecorder(storage::StoreThread& store, Log& log)
    : store_(store), waiting_(std::make_shared<Waiting>(log)) {}

FlightRecorder::~FlightRecorder() {
  (void)store_.submit([waiting = waiting_](storage::Store& store) { waiting->write(store); });
}

void FlightRecorder::record(const std::string& provider, const SignInReport& report, Monotonic now) {
  waiting_->add(to_attempt(provider, report));
  flush(now);
}

void FlightRecorder::flush(Monotonic now) {
  if (!waiting_->take_turn(now)) return;
  if (!store_.submit([waiting = waiting_](storage::Store& store) { waiting->write(store); }))
    waiting_->give_turn_back();
}

Task<Result<std::vector<SignInAttempt>>> FlightRecorder::attempts(Loop& home, std::string provider, size_t count_max) {
  auto reading =
      store_.run<std::vector<SignInAttempt>>(home,
                                             [waiting = waiting_, provider = std::move(provider),
                                              count_max](storage::Store& store) -> Result<std::vector<SignInAttempt>> {
                                               waiting->write(store);
                                               return store.sign_in_attempts(provider, count_max);
                                             });
  co_return co_await reading;
}

}  // namespace sallyport::sso
