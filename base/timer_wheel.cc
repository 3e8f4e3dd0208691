#include "base/timer_wheel.h"

#include <algorithm>

namespace sallyport {

TimerWheel::~TimerWheel() {
  for (TimerLink& slot : slots_)
    while (slot.next_ != &slot) static_cast<Timer*>(slot.next_)->unlink();
}

void TimerWheel::link(Timer& timer, uint64_t tick) {
  timer.unlink();
  TimerLink& slot = slots_[tick % kSlots];
  timer.slot_tick_ = tick;
  timer.prev_ = slot.prev_;
  timer.next_ = &slot;
  slot.prev_->next_ = &timer;
  slot.prev_ = &timer;
}

void TimerWheel::set(Timer& timer, std::chrono::milliseconds after) {
  constexpr auto kTickNanos = std::chrono::nanoseconds(kTick);
  constexpr std::chrono::milliseconds kLongest = std::chrono::years(10);
  const auto deadline = (now_ - start_) + std::clamp(after, std::chrono::milliseconds(0), kLongest);
  const auto due = (deadline + kTickNanos - std::chrono::nanoseconds(1)) / kTickNanos;  // rounded up: never early
  timer.due_tick_ = std::max(static_cast<uint64_t>(std::max<int64_t>(0, due)), tick_ + 1);
  if (timer.linked() && timer.slot_tick_ <= timer.due_tick_) return;  // found again when its slot comes round
  link(timer, std::min(timer.due_tick_, tick_ + kSlots - 1));
}

void TimerWheel::advance(Monotonic now) {
  now_ = now;
  const auto target = static_cast<uint64_t>(std::max<int64_t>(0, (now - start_) / kTick));
  while (tick_ < target) {
    ++tick_;
    TimerLink& slot = slots_[tick_ % kSlots];
    while (slot.next_ != &slot) {
      Timer& timer = *static_cast<Timer*>(slot.next_);
      timer.unlink();
      if (timer.due_tick_ == 0) continue;
      if (timer.due_tick_ > tick_) {
        link(timer, std::min(timer.due_tick_, tick_ + kSlots - 1));
        continue;
      }
      timer.due_tick_ = 0;
      timer.expired();
    }
  }
}

}  // namespace sallyport
