#include "base/blocking_pool.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>

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

BlockingPool::BlockingPool(const char* name, size_t threads, size_t queue_max, Pace pace, OwnerBounds bounds)
    : queue_max_(queue_max), pace_(pace), bounds_(bounds) {
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

bool BlockingPool::submit(std::move_only_function<void()> job, Turn turn, std::optional<RecordId> owner) {
  {
    const std::lock_guard lock(mutex_);
    std::deque<Waiting>& queue = queue_of(turn);
    const auto owned = owner ? owned_.find(*owner) : owned_.end();
    const bool has_enough = owned != owned_.end() && owned->second.queued >= bounds_.queued_max;
    if (stop_ || queue.size() >= queue_max_ || has_enough) {
      ++load_.refused;
      return false;
    }
    if (owner) ++owned_[*owner].queued;
    queue.push_back({std::move(job), std::chrono::steady_clock::now(), owner});
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

bool BlockingPool::take(Waiting& out) {
  for (std::deque<Waiting>* const queue : {&first_, &in_order_}) {
    const auto found = std::ranges::find_if(*queue, [this](const Waiting& job) {
      return !job.owner || owned_.at(*job.owner).running < bounds_.running_max;
    });
    if (found == queue->end()) continue;
    out = std::move(*found);
    queue->erase(found);
    if (out.owner) {
      Owned& owned = owned_.at(*out.owner);
      --owned.queued;
      ++owned.running;
    }
    return true;
  }
  return false;
}

// At the end, what an owner's bound keeps waiting is left to the threads that work for him: each comes here again.
bool BlockingPool::next(Waiting& out) {
  std::unique_lock lock(mutex_);
  bool taken = false;
  ready_.wait(lock, [&] { return (taken = take(out)) || stop_; });
  if (!taken) return false;
  load_.waited += std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - out.since);
  ++load_.running;
  return true;
}

void BlockingPool::done(const Waiting& job) {
  const std::lock_guard lock(mutex_);
  --load_.running;
  ++load_.done;
  if (!job.owner) return;
  const auto owned = owned_.find(*job.owner);
  if (--owned->second.running == 0 && owned->second.queued == 0) owned_.erase(owned);
}

void BlockingPool::work() {
  if (pace_ == Pace::kBehind) step_behind();
  for (;;) {
    Waiting waiting;
    if (!next(waiting)) return;
    waiting.job();
    waiting.job = {};
    done(waiting);
  }
}

}  // namespace sallyport
