#include "storage/store.h"

namespace sallyport::storage {
namespace {
constexpr size_t kQueueMax = 4096;  // a commit is about a millisecond; over this the answer is kUnavailable
}

StoreThread::StoreThread(std::unique_ptr<Store> store) : store_(std::move(store)), pool_("store", 1, kQueueMax) {}
StoreThread::~StoreThread() = default;

Task<Result<Generation>> StoreThread::commit(Loop& home, ChangeSet changes, std::vector<AdminEvent> events) {
  Offload<Generation> committing(pool_, home,
                                 [&store = *store_, changes = std::move(changes), events = std::move(events)] {
                                   return store.commit(changes, events);
                                 });
  co_return co_await committing;
}

Task<Result<FlowRecord>> StoreThread::take_flow(Loop& home, Sha256 key_hash, WallMicros now) {
  Offload<FlowRecord> taking(pool_, home, [&store = *store_, key_hash, now] { return store.take_flow(key_hash, now); });
  co_return co_await taking;
}

Task<Result<FlowRecord>> StoreThread::peek_flow(Loop& home, Sha256 key_hash, WallMicros now) {
  Offload<FlowRecord> peeking(pool_, home,
                              [&store = *store_, key_hash, now] { return store.peek_flow(key_hash, now); });
  co_return co_await peeking;
}

bool StoreThread::submit(std::move_only_function<void(Store&)> job) {
  return pool_.submit([&store = *store_, job = std::move(job)]() mutable { job(store); });
}

}  // namespace sallyport::storage
