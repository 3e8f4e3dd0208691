#include "base/blocking_pool.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

namespace sallyport {
namespace {

// On Linux both are a thread's own. A batch thread does not take the processor from one that wakes up, and at this
// weight (nice 10: 110, where 1024 is usual) it has a tenth of a core that others want whole. Refused or not, the
// work is done.
constexpr int kBehindNice = 10;

void step_behind() {
  const sched_param none{};
  (void)::sched_setscheduler(0, SCHED_BATCH, &none);
  (void)::setpriority(PRIO_PROCESS, 0, kBehindNice);
}

}  // namespace

BlockingPool::BlockingPool(const char* name, size_t threads, size_t queue_max, Pace pace)
    : queue_max_(queue_max), pace_(pace) {
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { work(); });
    pthread_setname_np(threads_.back().native_handle(), name);
  }
}

BlockingPool::~BlockingPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  ready_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool BlockingPool::submit(std::move_only_function<void()> job, Turn turn) {
  {
    const std::lock_guard lock(mutex_);
    std::deque<Waiting>& queue = queue_of(turn);
    if (stop_ || queue.size() >= queue_max_) {
      ++load_.refused;
      return false;
    }
    queue.push_back({std::move(job), std::chrono::steady_clock::now()});
  }
  ready_.notify_one();
  return true;
}

PoolLoad BlockingPool::load() const {
  const std::lock_guard lock(mutex_);
  PoolLoad out = load_;
  out.queued = first_.size() + in_order_.size();
  return out;
}

bool BlockingPool::next(Waiting& out) {
  std::unique_lock lock(mutex_);
  ready_.wait(lock, [this] { return stop_ || !first_.empty() || !in_order_.empty(); });
  std::deque<Waiting>& queue = first_.empty() ? in_order_ : first_;
  if (queue.empty()) return false;
  out = std::move(queue.front());
  queue.pop_front();
  load_.waited += std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - out.since);
  ++load_.running;
  return true;
}

void BlockingPool::work() {
  if (pace_ == Pace::kBehind) step_behind();
  for (;;) {
    Waiting waiting;
    if (!next(waiting)) return;
    waiting.job();
    waiting.job = {};
    const std::lock_guard lock(mutex_);
    --load_.running;
    ++load_.done;
  }
}

}  // namespace sallyport
