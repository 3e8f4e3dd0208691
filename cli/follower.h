// Brings into force what was committed to the store, by this process or another one: ended sessions and tokens leave
// the tables, changed resources become a new snapshot that every worker takes, and changed keys what it signs with.
// Works on a thread of its own, so that neither a loop nor the store waits for it; old snapshots die there too.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/blocking_pool.h"
#include "cli/assertion_key_source.h"
#include "cli/refused_records.h"
#include "policy/snapshot.h"
#include "proxy/gateway.h"
#include "storage/keyring.h"
#include "storage/session_table.h"
#include "storage/store.h"

namespace sallyport::cli {

struct FollowerParts {
  storage::StoreThread& store;
  const storage::Keyring& keyring;
  storage::SessionTable& sessions;
  storage::TokenTable& tokens;
  proxy::Gateway& gateway;
  RefusedRecords& refused;
  AssertionKeySource& assertion_keys;
  Log& log;
  const Clock& clock;
};

class Follower {
 public:
  // snapshot: what the gateway began with.
  Follower(FollowerParts parts, std::shared_ptr<const policy::Snapshot> snapshot);
  ~Follower();  // what is under way ends first

  // The door for those who wait: everything up to `generation` is in force in every worker.
  //   auto following = follower.follow(loop, generation);  CO_TRY(const uint64_t in_force, co_await following);
  // returns: the generation in force.   errors: kNotFound there is no such generation, kUnavailable the store.
  Offload<uint64_t> follow(Loop& home, uint64_t generation);
  // Looks whether something was committed, unless such a look is waiting already. Never waits.
  void poke();

  // The newest snapshot, which workers may not all have yet.
  std::shared_ptr<const policy::Snapshot> newest() const { return newest_.load(std::memory_order_acquire); }
  uint64_t in_force() const { return in_force_.load(std::memory_order_acquire); }
  size_t resource_count() const { return resource_count_.load(std::memory_order_relaxed); }

 private:
  Result<uint64_t> bring_into_force(uint64_t generation);
  void publish(uint64_t generation, const std::vector<policy::ResourceRecord>& changed,
               const std::vector<RecordId>& deleted);
  void follow_keys(uint64_t generation, const std::vector<storage::NamedKeyRecord>& records);
  void say(const Result<uint64_t>& outcome);

  FollowerParts parts_;
  // On the follower's thread only:
  std::shared_ptr<const policy::Snapshot> snapshot_;
  std::vector<std::shared_ptr<const policy::Snapshot>> retired_;  // until no worker has them
  bool store_works_ = true;

  std::atomic<std::shared_ptr<const policy::Snapshot>> newest_;
  std::atomic<uint64_t> in_force_;
  std::atomic<size_t> resource_count_;
  std::atomic<bool> look_waits_{false};
  BlockingPool thread_;  // last: joined before anything above goes
};

}  // namespace sallyport::cli
