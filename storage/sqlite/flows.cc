// Flows (taken by at most one), and forgetting what has expired.
#include "storage/sqlite/sqlite_store_inside.h"

namespace sallyport::storage {
namespace {

// Uses are written now and then: what looks idle here may have been used since by a running gateway.
constexpr std::chrono::hours kUnwrittenUse{1};
constexpr std::chrono::hours kRemembered{30 * 24};  // deletions, for those who follow; expired tokens, for their owners

Result<FlowRecord> flow_of(Query& read, const Sha256& key_hash) {
  TRY(const bool found, read.row());
  if (!found) return fail(Code::kNotFound, Side::kClient, "flow is unknown, used up or expired");
  FlowRecord out{key_hash, std::string(read.text(0)), read.bytes(1), read.time(2)};
  CHECKED(read.run());
  return out;
}

}  // namespace

Result<FlowRecord> SqliteStore::take_flow(const Sha256& key_hash, WallMicros now) {
  TRY(Transaction transaction, Transaction::to_write(connection_));
  Result<FlowRecord> out = [&]() -> Result<FlowRecord> {
    TRY(Query take, connection_.query("DELETE FROM flows WHERE key_hash = ? AND expires_at > ?"
                                      " RETURNING kind, sealed, expires_at"));
    take.bind(key_hash).bind(now);
    return flow_of(take, key_hash);
  }();
  if (out) CHECKED(transaction.commit());
  return out;
}

Result<FlowRecord> SqliteStore::peek_flow(const Sha256& key_hash, WallMicros now) {
  TRY(Query read,
      connection_.query("SELECT kind, sealed, expires_at FROM flows WHERE key_hash = ? AND expires_at > ?"));
  read.bind(key_hash).bind(now);
  return flow_of(read, key_hash);
}

Result<void> SqliteStore::sweep(WallMicros now) {
  TRY(Transaction transaction, Transaction::to_write(connection_));
  const auto run = [&](const char* sql, WallMicros time) -> Result<void> {
    TRY(Query write, connection_.query(sql));
    return write.bind(time).run();
  };
  CHECKED(run("DELETE FROM flows WHERE expires_at <= ?", now));
  CHECKED(run("DELETE FROM used_once WHERE until <= ?", now));
  CHECKED(run("DELETE FROM sessions WHERE absolute_end <= ?", now));
  CHECKED(run("DELETE FROM sessions WHERE last_seen_at + idle_seconds * 1000000 <= ?", now - kUnwrittenUse));
  CHECKED(run("DELETE FROM tokens WHERE expires_at <= ?", now - kRemembered));
  CHECKED(run("UPDATE tombstones SET at = ? WHERE at IS NULL", now));
  CHECKED(run("DELETE FROM tombstones WHERE at <= ?", now - kRemembered));
  return transaction.commit();
}

}  // namespace sallyport::storage
