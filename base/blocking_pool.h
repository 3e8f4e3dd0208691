// The only thing that crosses threads: work that would block a loop (argon2, SQLite, file reading) runs on the pool's
// threads. Owned data goes in, a value comes back to the loop that asked. The queue is bounded; over it the answer is
// kUnavailable at once. Destroying the awaiting coroutine abandons the result; the job itself still runs to its end.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/loop.h"
#include "base/result.h"

namespace sallyport {

class BlockingPool {
 public:
  BlockingPool(const char* name, size_t threads, size_t queue_max);
  ~BlockingPool();  // runs what is queued, then joins
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  // False when the queue is full. The job runs once on one of the threads.
  bool submit(std::move_only_function<void()> job);
  size_t queued() const;

 private:
  void work();
  const size_t queue_max_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::move_only_function<void()>> queue_;
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
  Offload(BlockingPool& pool, Loop& home, std::move_only_function<Result<T>()> job)
      : pool_(pool), state_(std::make_shared<State>(home.mailbox(), std::move(job))) {}

  class Awaiter {
   public:
    explicit Awaiter(Offload& offload) : offload_(offload), state_(offload.state_) {}
    Awaiter(const Awaiter&) = delete;
    Awaiter& operator=(const Awaiter&) = delete;
    ~Awaiter() { state_->waiter = {}; }
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> handle) {
      state_->waiter = handle;
      const bool queued = offload_.pool_.submit([state = state_] {
        state->value.emplace(state->job());
        state->job = {};
        state->home->post([state] {
          if (auto waiter = std::exchange(state->waiter, {})) waiter.resume();
        });
      });
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
  std::shared_ptr<State> state_;
};

}  // namespace sallyport
