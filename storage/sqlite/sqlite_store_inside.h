// The class behind open_sqlite(). Reading is in read_*.cc, writing in commit.cc, flows and sweeping in flows.cc.
#pragma once

#include <span>

#include "base/embedded_file.h"
#include "base/fd.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/sqlite_store.h"

namespace sallyport::storage {

class SqliteStore final : public Store {
 public:
  // lock: what makes this process the one that serves; empty otherwise.
  SqliteStore(Connection connection, Fd lock) : lock_(std::move(lock)), connection_(std::move(connection)) {}

  Result<Installation> installation() override;
  Result<Generation> generation() override;
  Result<ResourceChanges> resources_since(Generation since) override;
  Result<ResourceChanges> resources_needed(const ResourceNeed& need) override;
  Result<ResourceChanges> resource(const RecordId& id) override;
  Result<RevocationsSince> revocations_since(Generation since) override;
  Result<std::vector<SessionRecord>> sessions(WallMicros now) override;
  Result<std::vector<SessionRecord>> sessions_of(const UserId& user, WallMicros now) override;
  Result<std::vector<TokenRecord>> tokens() override;
  Result<std::vector<TokenRecord>> tokens_of(const UserId& user) override;
  Result<std::vector<FactorUse>> factor_uses(const UserId& user) override;
  Result<std::vector<UserId>> users_of_factor(const RecordId& factor) override;
  Result<std::vector<SessionOrigin>> session_origins(const RecordId& provider, const Sha256& subject_hash,
                                                     const std::vector<Sha256>& index_hashes) override;
  Result<std::vector<SessionOrigin>> session_origins_of_index(const RecordId& provider,
                                                              const Sha256& index_hash) override;
  Result<std::optional<SessionOrigin>> session_origin(const RecordId& session) override;
  Result<std::vector<SignInAttempt>> sign_in_attempts(std::string_view provider, size_t count_max) override;
  Result<std::optional<ProviderDocument>> provider_document(const RecordId& provider, std::string_view what) override;
  Result<std::vector<DataKeyRecord>> data_keys() override;
  Result<std::vector<NamedKeyRecord>> named_keys(std::string_view purpose) override;
  Result<std::vector<ChainedAdminEvent>> admin_events(uint64_t after_seq, size_t count_max) override;
  Result<ChainHead> admin_chain_head() override;

  Result<Generation> commit(const ChangeSet& changes, const std::vector<AdminEvent>& events) override;
  Result<FlowRecord> take_flow(const Sha256& key_hash, WallMicros now) override;
  Result<FlowRecord> peek_flow(const Sha256& key_hash, WallMicros now) override;
  Result<void> sweep(WallMicros now) override;

 private:
  // The rows of a query for id, kind, name, spec, version, applied, mac that are needed; with their secrets and epochs.
  Result<std::vector<ResourceRow>> read_rows(Query& read, const ResourceNeed& need = {});
  Result<std::vector<RecordId>> tombstones(const char* sql, Generation since);
  Result<std::vector<TokenRecord>> tokens_since(Generation since);
  Result<void> append_events(const std::vector<AdminEvent>& events, ChainHead& head);

  Fd lock_;  // given back after the connection is closed
  Connection connection_;
};

// As open_sqlite(), for a program with these migrations.
Result<std::unique_ptr<Store>> open_sqlite(const std::string& path, SqliteOpen mode,
                                           std::span<const EmbeddedFile> migrations);

}  // namespace sallyport::storage
