// Coroutines for decisions: one Task per request or sign-in, plain values between.
//   auto lookup = sessions.find(id);        // a Task: nothing runs yet
//   auto found = co_await lookup;           // only a named task can be awaited (operator co_await() && is deleted)
// Destroying a Task cancels what it waits for, all the way down. A Task belongs to one thread. Frames come from a
// free list of the thread, so a request that never waits does not touch the heap.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace sallyport {

// What the owner of a root task hears when it has run to its end. Called from inside the last resume: note it, and
// destroy the task later (Loop::defer).
class TaskOwner {
 public:
  virtual void task_done() noexcept = 0;

 protected:
  ~TaskOwner() = default;
};

namespace task_detail {

void* allocate_frame(size_t size);
void free_frame(void* frame, size_t size) noexcept;

struct PromiseBase {
  std::coroutine_handle<> continuation;
  TaskOwner* owner = nullptr;

  static void* operator new(size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, size_t size) noexcept { free_frame(frame, size); }

  struct Final {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      PromiseBase& promise = self.promise();
      if (promise.continuation) return promise.continuation;
      if (promise.owner != nullptr) promise.owner->task_done();
      return std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };
  std::suspend_always initial_suspend() const noexcept { return {}; }
  Final final_suspend() const noexcept { return {}; }
  void unhandled_exception() const noexcept { std::terminate(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  auto get_return_object() { return std::coroutine_handle<Promise>::from_promise(*this); }
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() { return std::move(*value); }
};

template <>
struct Promise<void> : PromiseBase {
  auto get_return_object() { return std::coroutine_handle<Promise>::from_promise(*this); }
  void return_void() const noexcept {}
  void take() const noexcept {}
};

}  // namespace task_detail

template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = task_detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task() = default;
  Task(Handle handle) : handle_(handle) {}  // NOLINT: what get_return_object() gives
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      cancel();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  ~Task() { cancel(); }

  struct Awaiter {
    Handle handle;
    bool await_ready() const noexcept { return handle.done(); }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) const noexcept {
      handle.promise().continuation = awaiting;
      return handle;
    }
    T await_resume() const { return handle.promise().take(); }
  };
  Awaiter operator co_await() & { return Awaiter{handle_}; }
  Awaiter operator co_await() && = delete;

  // Runs the task as a root until it first waits. `owner` (may be null) hears of its end, perhaps before this returns.
  void start(TaskOwner* owner = nullptr) {
    handle_.promise().owner = owner;
    handle_.resume();
  }
  bool valid() const { return static_cast<bool>(handle_); }
  bool done() const { return handle_ && handle_.done(); }
  T take() { return handle_.promise().take(); }  // once, after done()
  void cancel() {
    if (handle_) std::exchange(handle_, {}).destroy();
  }

 private:
  Handle handle_;
};

// A place where at most one coroutine waits to be woken. Destroying the waiting coroutine empties it.
class WaitSlot {
 public:
  class Awaiter {
   public:
    explicit Awaiter(WaitSlot& slot) : slot_(slot) {}
    Awaiter(const Awaiter&) = delete;
    Awaiter& operator=(const Awaiter&) = delete;
    ~Awaiter() {
      if (waiting_) slot_.waiter_ = {};
    }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) noexcept {
      slot_.waiter_ = handle;
      waiting_ = true;
    }
    void await_resume() noexcept { waiting_ = false; }

   private:
    WaitSlot& slot_;
    bool waiting_ = false;
  };

  WaitSlot() = default;
  WaitSlot(const WaitSlot&) = delete;
  WaitSlot& operator=(const WaitSlot&) = delete;

  Awaiter wait() { return Awaiter(*this); }
  bool waiting() const { return static_cast<bool>(waiter_); }
  // Resumes the waiter, if there is one, before it returns. The caller may be gone afterwards: touch nothing after it.
  void wake() {
    if (auto waiter = std::exchange(waiter_, {})) waiter.resume();
  }

 private:
  std::coroutine_handle<> waiter_;
};

}  // namespace sallyport
