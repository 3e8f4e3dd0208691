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
  const auto ticks = static_cast<uint64_t>(std::max<int64_t>(0, after / kTick)) + 2;  // + the tick under way
  timer.due_tick_ = tick_ + ticks;
  if (timer.linked() && timer.slot_tick_ <= timer.due_tick_) return;  // found again when its slot comes round
  link(timer, tick_ + std::min<uint64_t>(ticks, kSlots - 1));
}

void TimerWheel::advance(Monotonic now) {
  const auto target = static_cast<uint64_t>(std::max<int64_t>(0, (now - start_) / kTick));
  while (tick_ < target) {
    ++tick_;
    TimerLink& slot = slots_[tick_ % kSlots];
    while (slot.next_ != &slot) {
      Timer& timer = *static_cast<Timer*>(slot.next_);
      timer.unlink();
      if (timer.due_tick_ == 0) continue;
      if (timer.due_tick_ > tick_) {
        link(timer, tick_ + std::min<uint64_t>(timer.due_tick_ - tick_, kSlots - 1));
        continue;
      }
      timer.due_tick_ = 0;
      timer.expired();
    }
  }
}

}  // namespace sallyport
