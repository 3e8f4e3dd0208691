// The store as a unit of work, blocking: one thread at a time calls it (StoreThread below gives loops a Task). Two real
// implementations: SQLite now, PostgreSQL later. Every commit is one transaction with its admin events; it is durable
// when it returns. kUnavailable: locked, out of space or out of reach; nothing was written.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/blocking_pool.h"
#include "base/task.h"
#include "storage/records.h"
#include "storage/resource_need.h"

namespace sallyport::storage {

struct Installation {
  RecordId id;
  Sha256 salt_fingerprint{};  // of the salt this store was made with; zero until the first keyring was made
  uint32_t schema_version = 0;
};

struct ResourceRow {
  policy::ResourceRecord record;  // .damaged is not judged here (judged() in resource_service.h does)
  Bytes mac;
  std::vector<FieldEpoch> epochs;  // all of the record, of fields without a value too
};

struct ResourceChanges {
  Generation generation{};
  std::vector<ResourceRow> changed;
  std::vector<RecordId> deleted;
};

struct RevocationsSince {  // what ended since a generation, for a running gateway's tables
  Generation generation{};
  std::vector<RecordId> ended_sessions;
  std::vector<RecordId> revoked_tokens;
  std::vector<TokenRecord> new_tokens;
};

struct ChainHead {
  uint64_t seq = 0;
  Sha256 hash{};
};

class Store {
 public:
  virtual ~Store() = default;

  virtual Result<Installation> installation() = 0;
  virtual Result<Generation> generation() = 0;
  // since = Generation{0}: everything. Deletions and endings are remembered for 30 days.
  virtual Result<ResourceChanges> resources_since(Generation since) = 0;
  // Those that the need covers, in .changed, and the generation they were read at. cost: a walk over all rows, and more
  // only for those.
  virtual Result<ResourceChanges> resources_needed(const ResourceNeed& need) = 0;
  // One record, in .changed, and the generation it was read at; nothing there: .changed is empty. cost: a few look-ups.
  virtual Result<ResourceChanges> resource(const RecordId& id) = 0;
  virtual Result<RevocationsSince> revocations_since(Generation since) = 0;
  virtual Result<std::vector<SessionRecord>> sessions(WallMicros now) = 0;  // living ones
  virtual Result<std::vector<SessionRecord>> sessions_of(const UserId& user, WallMicros now) = 0;
  virtual Result<std::vector<TokenRecord>> tokens() = 0;                       // not revoked, expired ones included
  virtual Result<std::vector<TokenRecord>> tokens_of(const UserId& user) = 0;  // cost: a walk over all tokens
  virtual Result<std::vector<FactorUse>> factor_uses(const UserId& user) = 0;  // in no order
  // Who has used (or registered) a factor of this id: a hint of whose it is, which is under no seal.
  virtual Result<std::vector<UserId>> users_of_factor(const RecordId& factor) = 0;
  // Living gate sessions that came from a provider: of this subject, and of one of these indexes, or of none, unless
  // there are none.
  virtual Result<std::vector<SessionOrigin>> session_origins(const RecordId& provider, const Sha256& subject_hash,
                                                             const std::vector<Sha256>& index_hashes) = 0;
  virtual Result<std::vector<SessionOrigin>> session_origins_of_index(const RecordId& provider,
                                                                      const Sha256& index_hash) = 0;
  virtual Result<std::optional<SessionOrigin>> session_origin(const RecordId& session) = 0;
  virtual Result<std::vector<SignInAttempt>> sign_in_attempts(std::string_view provider,
                                                              size_t count_max) = 0;  // the newest first
  virtual Result<std::optional<ProviderDocument>> provider_document(const RecordId& provider,
                                                                    std::string_view what) = 0;
  virtual Result<std::vector<DataKeyRecord>> data_keys() = 0;
  virtual Result<std::vector<NamedKeyRecord>> named_keys(std::string_view purpose) = 0;
  virtual Result<std::vector<ChainedAdminEvent>> admin_events(uint64_t after_seq, size_t count_max) = 0;
  virtual Result<ChainHead> admin_chain_head() = 0;

  virtual Result<Generation> commit(const ChangeSet& changes, const std::vector<AdminEvent>& events) = 0;
  // Removes and returns a flow that has not expired; kNotFound otherwise. At most one caller ever gets it.
  virtual Result<FlowRecord> take_flow(const Sha256& key_hash, WallMicros now) = 0;
  virtual Result<FlowRecord> peek_flow(const Sha256& key_hash, WallMicros now) = 0;
  virtual Result<void> sweep(WallMicros now) = 0;  // forgets what has expired
};

// The store's own thread and the door to it from any loop:
//   auto committing = store.commit(loop, std::move(changes), std::move(events));
//   CO_TRY(const Generation generation, co_await committing);
class StoreThread {
 public:
  explicit StoreThread(std::unique_ptr<Store> store);
  ~StoreThread();

  Task<Result<Generation>> commit(Loop& home, ChangeSet changes, std::vector<AdminEvent> events);
  Task<Result<FlowRecord>> take_flow(Loop& home, Sha256 key_hash, WallMicros now);
  Task<Result<FlowRecord>> peek_flow(Loop& home, Sha256 key_hash, WallMicros now);
  // Anything else on the store's thread: nothing of this process comes between what `job` reads and what it commits.
  //   auto reading = store.run<T>(loop, [](Store& inside) -> Result<T> { ... });  CO_TRY(T value, co_await reading);
  template <class T>
  Offload<T> run(Loop& home, std::move_only_function<Result<T>(Store&)> job) {
    return {pool_, home, [&store = *store_, job = std::move(job)]() mutable { return job(store); }};
  }
  bool submit(std::move_only_function<void(Store&)> job);

 private:
  std::unique_ptr<Store> store_;
  BlockingPool pool_;
};

}  // namespace sallyport::storage
