// Something done again and again on a loop: PeriodicJob poll(loop, 500ms, [&] { follower.poke(); });
#pragma once

#include <functional>

#include "base/loop.h"

namespace sallyport::cli {

class PeriodicJob final : private Timer {
 public:
  PeriodicJob(Loop& loop, std::chrono::milliseconds every, std::move_only_function<void()> job)
      : loop_(loop), every_(every), job_(std::move(job)) {
    loop_.timers().set(*this, every_);
  }

 private:
  void expired() override {
    loop_.timers().set(*this, every_);
    job_();
  }
  Loop& loop_;
  std::chrono::milliseconds every_;
  std::move_only_function<void()> job_;
};

}  // namespace sallyport::cli
