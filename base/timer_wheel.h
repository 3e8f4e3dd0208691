// Many deadlines at no cost per change: a timer that is pushed further away is only re-linked when its old slot comes
// round. Resolution kTick: a timer fires in the first advance() to a tick at or after its deadline, never early. One
// thread.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace sallyport {

class TimerWheel;

// A ring of timers; a ring of one is not linked.
struct TimerLink {
  TimerLink* prev_ = this;
  TimerLink* next_ = this;
};

// A deadline of its owner. Destroying it clears it.
class Timer : public TimerLink {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual void expired() = 0;  // may destroy the timer and others

 protected:
  ~Timer() { unlink(); }

 private:
  friend class TimerWheel;
  void unlink() {
    next_->prev_ = prev_;
    prev_->next_ = next_;
    prev_ = next_ = this;
  }
  bool linked() const { return next_ != this; }
  uint64_t due_tick_ = 0;  // 0 = cleared, perhaps still linked
  uint64_t slot_tick_ = 0;
};

class TimerWheel {
 public:
  static constexpr std::chrono::milliseconds kTick{100};

  explicit TimerWheel(Monotonic start) : start_(start), now_(start) {}
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;
  ~TimerWheel();  // unlinks what is left

  // Sets or moves the deadline to `after` from the time last noted; below zero counts as zero.
  void set(Timer& timer, std::chrono::milliseconds after);
  static void clear(Timer& timer) { timer.due_tick_ = 0; }
  // The time deadlines are counted from, without firing anything: a turn that comes late must not shorten them.
  void note(Monotonic now) { now_ = now; }
  // Notes the time and fires what is due. Called by the loop every kTick.
  void advance(Monotonic now);

 private:
  static constexpr size_t kSlots = 1024;
  void link(Timer& timer, uint64_t tick);

  Monotonic start_;
  Monotonic now_;
  uint64_t tick_ = 0;  // the last one whose timers were fired
  std::array<TimerLink, kSlots> slots_;
};

}  // namespace sallyport
