// Sessions, tokens and flows.
#include "storage/sqlite/write_change.h"
#include "storage/token_scope.h"

namespace sallyport::storage {

// What has ended stays ended: not even a write that was under way meanwhile brings it back.
Result<bool> ChangeWriter::session_may_be_written(const SessionRecord& session) {
  const char* const sql =
      session.id == session.family
          ? "SELECT 1 FROM tombstones WHERE kind = 'session' AND id = ?1"
          : "SELECT 1 FROM tombstones WHERE kind = 'session' AND id = ?1"
            " UNION ALL SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM sessions WHERE id = ?2 AND family = ?2)";
  TRY(Query read, connection_->query(sql));
  read.bind(session.id);
  if (session.id != session.family) read.bind(session.family);
  TRY(const bool ended, read.row());
  return !ended;
}

Result<void> ChangeWriter::operator()(const PutSession& change) {
  const SessionRecord& session = change.session;
  TRY(const bool may, session_may_be_written(session));
  if (!may) return fail(Code::kConflict, Side::kStorage, "the session has ended");
  TRY(Query write,
      connection_->query(
          "INSERT INTO sessions (id, id_hash, family, user, host, created_at, last_seen_at, absolute_end, idle_seconds,"
          " strength, factor_at, client, user_agent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
          " ON CONFLICT (id) DO UPDATE SET id_hash = excluded.id_hash,"
          " last_seen_at = max(last_seen_at, excluded.last_seen_at), absolute_end = excluded.absolute_end,"
          " idle_seconds = excluded.idle_seconds, strength = excluded.strength, factor_at = excluded.factor_at"));
  write.bind(session.id).bind(session.id_hash).bind(session.family).bind(session.user).bind(session.host);
  write.bind(session.created_at).bind(session.last_seen_at).bind(session.absolute_end);
  write.bind(int64_t{session.idle.count()}).bind(static_cast<int64_t>(session.strength)).bind(session.factor_at);
  return write.bind(session.client).bind(session.user_agent).run();
}

Result<void> ChangeWriter::operator()(const RaiseSession& change) {
  TRY(Query write, connection_->query("UPDATE sessions SET id_hash = ?2, strength = ?3, factor_at = ?4 WHERE id = ?1"));
  write.bind(change.id).bind(change.id_hash).bind(static_cast<int64_t>(change.strength));
  CHECKED(write.bind(change.factor_at).run());
  if (connection_->changed_rows() == 1) return {};
  return fail(Code::kConflict, Side::kStorage, "the session has ended");
}

Result<void> ChangeWriter::operator()(const TouchSession& change) {
  TRY(Query write, connection_->query("UPDATE sessions SET last_seen_at = ?2 WHERE family = ?1 AND last_seen_at < ?2"));
  return write.bind(change.id).bind(change.last_seen_at).run();
}

Result<void> ChangeWriter::end_sessions(const char* bury, const char* remove, const RecordId& id) {
  {
    TRY(Query write, connection_->query(bury));
    CHECKED(write.bind(id).bind(static_cast<int64_t>(generation_)).run());
  }
  if (connection_->changed_rows() == 0) return {};
  followed_ = true;
  TRY(Query write, connection_->query(remove));
  return write.bind(id).run();
}

Result<void> ChangeWriter::operator()(const EndSession& change) {
  return end_sessions(
      "INSERT OR REPLACE INTO tombstones (kind, id, generation)"
      " SELECT 'session', id, ?2 FROM sessions WHERE id = ?1 OR family = ?1",
      "DELETE FROM sessions WHERE id = ?1 OR family = ?1", change.id);
}

Result<void> ChangeWriter::operator()(const EndSessionsOfUser& change) {
  return end_sessions(
      "INSERT OR REPLACE INTO tombstones (kind, id, generation)"
      " SELECT 'session', id, ?2 FROM sessions WHERE user = ?1",
      "DELETE FROM sessions WHERE user = ?1", change.user);
}

Result<void> ChangeWriter::operator()(const PutToken& change) {
  followed_ = true;
  const TokenRecord& token = change.token;
  TRY(Query write, connection_->query("INSERT INTO tokens (id, hash, user, name, created_at, expires_at, last_used_at,"
                                      " strength, scope, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  write.bind(token.id).bind(token.hash).bind(token.user).bind(token.name).bind(token.created_at).bind(token.expires_at);
  write.bind(token.last_used_at).bind(static_cast<int64_t>(token.strength)).bind(write_token_scope(token.scope));
  return write.bind(static_cast<int64_t>(generation_)).run();
}

Result<void> ChangeWriter::operator()(const TouchToken& change) {
  TRY(Query write,
      connection_->query("UPDATE tokens SET last_used_at = max(?2, coalesce(last_used_at, 0)) WHERE id = ?1"));
  return write.bind(change.id).bind(change.last_used_at).run();
}

Result<void> ChangeWriter::operator()(const RevokeToken& change) {
  {
    TRY(Query remove, connection_->query("DELETE FROM tokens WHERE id = ?"));
    CHECKED(remove.bind(change.id).run());
  }
  if (connection_->changed_rows() == 0) return {};
  followed_ = true;
  TRY(Query bury,
      connection_->query("INSERT OR REPLACE INTO tombstones (kind, id, generation) VALUES ('token', ?, ?)"));
  return bury.bind(change.id).bind(static_cast<int64_t>(generation_)).run();
}

Result<void> ChangeWriter::operator()(const PutFlow& change) {
  TRY(Query write, connection_->query("INSERT INTO flows (key_hash, kind, sealed, expires_at) VALUES (?, ?, ?, ?)"
                                      " ON CONFLICT (key_hash) DO UPDATE SET kind = excluded.kind,"
                                      " sealed = excluded.sealed, expires_at = excluded.expires_at"));
  return write.bind(change.flow.key_hash)
      .bind(change.flow.kind)
      .bind(change.flow.sealed)
      .bind(change.flow.expires_at)
      .run();
}

}  // namespace sallyport::storage
