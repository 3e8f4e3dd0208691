// The only thing that crosses threads: work that would block a loop (argon2, SQLite, file reading) runs on the pool's
// threads. Owned data goes in, a value comes back to the loop that asked. The queue is bounded; over it the answer is
// kUnavailable at once. Who a job is for may be said: of one such owner a part of the threads and of the queue can be
// had, so that the others are served while his jobs take long. Destroying the awaiting coroutine abandons the result;
// the job itself still runs to its end.
#pragma once

#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/loop.h"
#include "base/record_id.h"
#include "base/result.h"

namespace sallyport {

// A queue of its own for jobs that come first, with the same bound: who waits in the other one does not fill it.
enum class Turn : uint8_t { kInOrder, kFirst };
// kBehind: for work that may take all of a core for long; the loops' threads come before it.
enum class Pace : uint8_t { kUsual, kBehind };
// Of the jobs of one owner.
struct OwnerBounds {
  size_t running_max = SIZE_MAX;
  size_t queued_max = SIZE_MAX;
};

struct PoolLoad {
  size_t queued = 0;
  size_t running = 0;
  uint64_t done = 0;
  uint64_t refused = 0;                 // over the queue's bound
  std::chrono::microseconds waited{0};  // in the queue, all jobs together
};

class BlockingPool {
 public:
  BlockingPool(const char* name, size_t threads, size_t queue_max, Pace pace = Pace::kUsual, OwnerBounds bounds = {});
  ~BlockingPool();  // runs what is queued, then joins
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  // False when the queue is full, or the owner's part of it. The job runs once on one of the threads.
  bool submit(std::move_only_function<void()> job, Turn turn = Turn::kInOrder, std::optional<RecordId> owner = {});
  size_t queued() const { return load().queued; }
  PoolLoad load() const;

 private:
  struct Waiting {
    std::move_only_function<void()> job;
    std::chrono::steady_clock::time_point since;
    std::optional<RecordId> owner;
  };
  struct Owned {
    size_t running = 0;
    size_t queued = 0;
  };
  std::deque<Waiting>& queue_of(Turn turn) { return turn == Turn::kFirst ? first_ : in_order_; }
  bool next(Waiting& out);  // waits for one; false: there will be none for this thread
  bool take(Waiting& out);  // the first that may run now
  void done(const Waiting& job);
  void work();

  const size_t queue_max_;
  const Pace pace_;
  const OwnerBounds bounds_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Waiting> first_;
  std::deque<Waiting> in_order_;
  std::map<RecordId, Owned> owned_;  // of those who have a job here
  PoolLoad load_;                    // without .queued
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

// A job for a pool, to be awaited by name on `home`:
//   Offload<Verdict> verifying(pool, loop, [password = std::move(password)] { return verify(password); });
//   CO_TRY(const Verdict verdict, co_await verifying);
template <class T>
class Offload {
  struct State {
    State(std::shared_ptr<Mailbox> loop, std::move_only_function<Result<T>()> work)
        : home(std::move(loop)), job(std::move(work)) {}
    std::shared_ptr<Mailbox> home;
    std::move_only_function<Result<T>()> job;
    std::optional<Result<T>> value;
    std::coroutine_handle<> waiter;  // touched on the home thread only
  };

 public:
  Offload(BlockingPool& pool, Loop& home, std::move_only_function<Result<T>()> job, Turn turn = Turn::kInOrder,
          std::optional<RecordId> owner = {})
      : pool_(pool), turn_(turn), owner_(owner), state_(std::make_shared<State>(home.mailbox(), std::move(job))) {}

  class Awaiter {
   public:
    explicit Awaiter(Offload& offload) : offload_(offload), state_(offload.state_) {}
    Awaiter(const Awaiter&) = delete;
    Awaiter& operator=(const Awaiter&) = delete;
    ~Awaiter() { state_->waiter = {}; }
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> handle) {
      state_->waiter = handle;
      const auto run = [state = state_] {
        state->value.emplace(state->job());
        state->job = {};
        state->home->post([state] {
          if (auto waiter = std::exchange(state->waiter, {})) waiter.resume();
        });
      };
      const bool queued = offload_.pool_.submit(run, offload_.turn_, offload_.owner_);
      if (!queued) state_->waiter = {};
      return queued;
    }
    Result<T> await_resume() {
      if (!state_->value) return fail(Code::kUnavailable, Side::kSelf, "too much work is waiting");
      return *std::move(state_->value);
    }

   private:
    Offload& offload_;
    std::shared_ptr<State> state_;
  };
  Awaiter operator co_await() & { return Awaiter(*this); }
  Awaiter operator co_await() && = delete;

 private:
  BlockingPool& pool_;
  Turn turn_;
  std::optional<RecordId> owner_;
  std::shared_ptr<State> state_;
};

}  // namespace sallyport
