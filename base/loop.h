// One thread's event loop over libevent: raw edge-triggered events added once per descriptor, deferred work at the end
// of each turn, a timer wheel that ticks each kTick, and post() as the only way in from another thread.
//
// A turn is over when nothing is ready any more, or after kTurnMost: what other threads have posted, what is deferred
// and the timers never wait for everything that thousands of busy descriptors have to say.
#pragma once

#include <event2/event_struct.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/c_handle.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/task.h"
#include "base/timer_wheel.h"

struct event_base;
extern "C" void event_base_free(struct event_base*);

namespace sallyport {

constexpr std::chrono::milliseconds kTurnMost{5};  // and one handler, whatever that takes

struct IoReady {
  bool readable;
  bool writable;
  bool closed;  // the other side has sent its end (EPOLLRDHUP); bytes before it may still be there
};

class IoHandler {
 public:
  virtual void on_io(IoReady ready) = 0;  // may destroy itself only through Loop::defer

 protected:
  ~IoHandler() = default;
};

// Something to be done once at the end of the loop's turn, when no callback of anybody is on the stack.
class Deferred {
 public:
  Deferred() = default;
  Deferred(const Deferred&) = delete;
  Deferred& operator=(const Deferred&) = delete;
  virtual void run_deferred() = 0;  // may destroy this

 protected:
  ~Deferred() { withdraw(); }
  void withdraw();

 private:
  friend class Loop;
  std::vector<Deferred*>* queue_ = nullptr;
  size_t position_ = 0;
};

// The way into a loop from another thread. Outlives the loop: what is posted afterwards is dropped.
class Mailbox {
 public:
  Mailbox();
  void post(std::move_only_function<void()> job);

 private:
  friend class Loop;
  Fd wake_fd_;
  std::mutex mutex_;
  std::vector<std::move_only_function<void()>> jobs_;
  std::atomic<bool> wake_pending_{false};  // written under mutex_
  bool closed_ = false;                    // under mutex_
};

class Loop {
 public:
  explicit Loop(const Clock& clock);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void run();   // until stop(); on the thread that owns the loop
  void stop();  // from any thread or signal-safe context of post()
  // From any thread; runs on the loop's thread, in order: at the end of a turn, or when nothing else is to be done.
  void post(std::move_only_function<void()> job) { mailbox_->post(std::move(job)); }
  const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }  // for who may post after the loop's end
  void defer(Deferred& work);                                           // idempotent until it has run
  // Told at each tick how much later than due it came, for a tick that was missed as well: how long whatever happens at
  // any time waits for this loop, and this thread for a processor.
  void observe_delay(std::move_only_function<void(std::chrono::microseconds late)> observer) {
    delay_observer_ = std::move(observer);
  }

  event_base* base() const { return base_.get(); }
  TimerWheel& timers() {  // knows the time of this turn
    timers_.note(now());
    return timers_;
  }
  const Clock& clock() const { return clock_; }
  // Read once per turn.
  Monotonic now();
  WallMicros wall();

 private:
  friend class LoopEvent;
  void one_handled();  // ends the turn when it has been long enough
  void ticked();
  void drain_posts();
  void run_deferred();

  const Clock& clock_;
  CHandle<event_base, event_base_free> base_;
  TimerWheel timers_;
  Fd tick_fd_;
  std::chrono::steady_clock::time_point tick_due_;  // of the machine's clock, whatever clock_ says
  std::move_only_function<void(std::chrono::microseconds)> delay_observer_;
  event tick_event_;
  event wake_event_;
  std::shared_ptr<Mailbox> mailbox_;
  std::vector<Deferred*> deferred_;
  std::vector<Deferred*> running_;
  std::atomic<bool> stop_{false};
  size_t handled_ = 0;  // handlers called, in all
  bool fresh_ = false;
  Monotonic now_;
  WallMicros wall_{};
};

// A descriptor's event, for as long as this lives; what it is told of is said below.
class LoopEvent {
 public:
  LoopEvent(const LoopEvent&) = delete;
  LoopEvent& operator=(const LoopEvent&) = delete;

 protected:
  LoopEvent(Loop& loop, int fd, short what, IoHandler& handler);
  ~LoopEvent();
  event event_;

 private:
  Loop& loop_;
  IoHandler& handler_;
};

// EV_READ|EV_WRITE|EV_CLOSED, edge-triggered, persistent: on_io() is called at each edge until this is destroyed.
class IoEvent : LoopEvent {
 public:
  IoEvent(Loop& loop, int fd, IoHandler& handler);
};

// Level-triggered readability, for listening sockets and the like.
class ReadEvent : LoopEvent {
 public:
  ReadEvent(Loop& loop, int fd, IoHandler& handler);
  void pause();
  void resume();
};

struct SocketInterest {
  bool read;
  bool write;
};

// Level-triggered, for libraries that bring their own sockets.
class SocketEvent : LoopEvent {
 public:
  SocketEvent(Loop& loop, int fd, SocketInterest interest, IoHandler& handler);
};

// co_await on a named Sleep: wakes after at least `after`.
class Sleep final : private Timer {
 public:
  Sleep(Loop& loop, std::chrono::milliseconds after) : loop_(loop), after_(after) {}
  WaitSlot::Awaiter operator co_await() & {
    loop_.timers().set(*this, after_);
    return slot_.wait();
  }
  WaitSlot::Awaiter operator co_await() && = delete;

 private:
  void expired() override { slot_.wake(); }
  Loop& loop_;
  std::chrono::milliseconds after_;
  WaitSlot slot_;
};

}  // namespace sallyport
