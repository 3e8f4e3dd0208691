#include "base/loop.h"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <cstdlib>

namespace sallyport {
namespace {

constexpr size_t kHandlersPerClock = 16;

// Priorities of libevent: the tick comes before what descriptors have to say (1, what an event gets by itself).
constexpr int kPriorities = 2;
constexpr int kTickFirst = 0;

event_base* make_base() {
  event_config* const config = event_config_new();
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_base* const base = event_base_new_with_config(config);
  event_config_free(config);
  if (base == nullptr || event_base_priority_init(base, kPriorities) < 0) std::abort();
  return base;
}

timespec spec_of(std::chrono::nanoseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  return {.tv_sec = seconds.count(), .tv_nsec = (time - seconds).count()};
}

}  // namespace

void Deferred::withdraw() {
  if (queue_ == nullptr) return;
  (*queue_)[position_] = nullptr;
  queue_ = nullptr;
}

Loop::Loop(const Clock& clock)
    : clock_(clock),
      base_(make_base()),
      timers_(clock.monotonic()),
      tick_fd_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      tick_due_(std::chrono::steady_clock::now() + TimerWheel::kTick),
      mailbox_(std::make_shared<Mailbox>()) {
  const itimerspec ticks{.it_interval = spec_of(TimerWheel::kTick), .it_value = spec_of(tick_due_.time_since_epoch())};
  if (timerfd_settime(tick_fd_.get(), TFD_TIMER_ABSTIME, &ticks, nullptr) < 0) std::abort();
  event_assign(
      &tick_event_, base_.get(), tick_fd_.get(), EV_READ | EV_PERSIST,
      [](evutil_socket_t, short, void* self) { static_cast<Loop*>(self)->ticked(); }, this);
  event_priority_set(&tick_event_, kTickFirst);
  event_add(&tick_event_, nullptr);
  event_assign(
      &wake_event_, base_.get(), mailbox_->wake_fd_.get(), EV_READ | EV_PERSIST | EV_ET,
      [](evutil_socket_t, short, void* self) { static_cast<Loop*>(self)->drain_posts(); }, this);
  event_add(&wake_event_, nullptr);
}

Loop::~Loop() {
  std::vector<std::move_only_function<void()>> dropped;
  {
    const std::lock_guard lock(mailbox_->mutex_);
    mailbox_->closed_ = true;
    dropped.swap(mailbox_->jobs_);
  }
  event_del(&wake_event_);
  event_del(&tick_event_);
  for (auto* queue : {&deferred_, &running_})
    for (Deferred* const work : *queue)
      if (work != nullptr) work->queue_ = nullptr;  // it may outlive the loop
}

void Loop::run() {
  fresh_ = false;
  drain_posts();
  run_deferred();
  while (!stop_.load(std::memory_order_acquire)) {
    fresh_ = false;
    // What is left of a turn that was ended stays ready for the next one, before what comes meanwhile.
    if (event_base_loop(base_.get(), EVLOOP_ONCE) < 0) std::abort();
    if (mailbox_->wake_pending_.load(std::memory_order_acquire)) drain_posts();
    run_deferred();
  }
}

void Loop::one_handled() {
  const Monotonic began = now();
  if (++handled_ % kHandlersPerClock == 0 && clock_.monotonic() - began >= kTurnMost) event_base_loopbreak(base_.get());
}

void Loop::ticked() {
  uint64_t expired = 0;  // reading it is what has the kernel go on
  [[maybe_unused]] const auto got = ::read(tick_fd_.get(), &expired, sizeof expired);
  const auto came = std::chrono::steady_clock::now();
  for (; tick_due_ <= came; tick_due_ += TimerWheel::kTick)
    if (delay_observer_) delay_observer_(std::chrono::duration_cast<std::chrono::microseconds>(came - tick_due_));
  timers_.advance(now());
}

void Loop::stop() {
  stop_.store(true, std::memory_order_release);
  post([] {});
}

Mailbox::Mailbox() : wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

void Mailbox::post(std::move_only_function<void()> job) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  jobs_.push_back(std::move(job));
  if (wake_pending_.exchange(true)) return;
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_fd_.get(), &one, sizeof one);
}

void Loop::drain_posts() {
  uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(mailbox_->wake_fd_.get(), &count, sizeof count);
  std::vector<std::move_only_function<void()>> jobs;
  {
    const std::lock_guard lock(mailbox_->mutex_);
    jobs.swap(mailbox_->jobs_);
    mailbox_->wake_pending_ = false;
  }
  for (auto& job : jobs) job();
}

void Loop::defer(Deferred& work) {
  if (work.queue_ != nullptr) return;
  work.queue_ = &deferred_;
  work.position_ = deferred_.size();
  deferred_.push_back(&work);
}

void Loop::run_deferred() {
  while (!deferred_.empty()) {
    running_.swap(deferred_);
    for (size_t i = 0; i < running_.size(); ++i)
      if (running_[i] != nullptr) running_[i]->queue_ = &running_;
    for (size_t i = 0; i < running_.size(); ++i) {
      Deferred* const work = running_[i];
      if (work == nullptr) continue;
      work->queue_ = nullptr;
      work->run_deferred();
    }
    running_.clear();
  }
}

Monotonic Loop::now() {
  if (!fresh_) {
    now_ = clock_.monotonic();
    wall_ = clock_.wall();
    fresh_ = true;
  }
  return now_;
}

WallMicros Loop::wall() {
  now();
  return wall_;
}

LoopEvent::LoopEvent(Loop& loop, int fd, short what, IoHandler& handler) : loop_(loop), handler_(handler) {
  event_assign(
      &event_, loop.base(), fd, what,
      [](evutil_socket_t, short ready, void* self) {
        auto* const event = static_cast<LoopEvent*>(self);
        Loop& in = event->loop_;  // the event may be gone afterwards
        event->handler_.on_io({(ready & EV_READ) != 0, (ready & EV_WRITE) != 0, (ready & EV_CLOSED) != 0});
        in.one_handled();
      },
      this);
  event_add(&event_, nullptr);
}
LoopEvent::~LoopEvent() { event_del(&event_); }

IoEvent::IoEvent(Loop& loop, int fd, IoHandler& handler)
    : LoopEvent(loop, fd, EV_READ | EV_WRITE | EV_CLOSED | EV_ET | EV_PERSIST, handler) {}

ReadEvent::ReadEvent(Loop& loop, int fd, IoHandler& handler) : LoopEvent(loop, fd, EV_READ | EV_PERSIST, handler) {}
void ReadEvent::pause() { event_del(&event_); }
void ReadEvent::resume() { event_add(&event_, nullptr); }

SocketEvent::SocketEvent(Loop& loop, int fd, SocketInterest interest, IoHandler& handler)
    : LoopEvent(loop, fd,
                static_cast<short>(EV_PERSIST | (interest.read ? EV_READ : 0) | (interest.write ? EV_WRITE : 0)),
                handler) {}

}  // namespace sallyport
