// Sessions, tokens, what ended, and the chain of administrative events.
#include "storage/sqlite/sqlite_store_inside.h"
#include "storage/token_scope.h"

namespace sallyport::storage {
namespace {

// A row that does not read is nobody's session or token: it is passed over.
std::optional<policy::Strength> strength_of(int64_t number) {
  switch (number) {
    case 1:
      return policy::Strength::kPassword;
    case 2:
      return policy::Strength::kMfa;
    default:
      return std::nullopt;
  }
}

std::optional<SessionRecord> session_of(const Query& read) {
  const auto id_hash = read.digest(0);
  const auto id = read.id(1);
  const auto family = read.id(2);
  const auto user = read.id(3);
  const auto strength = strength_of(read.integer(9));
  if (!id_hash || !id || !family || !user || !strength) return std::nullopt;
  return SessionRecord{.id_hash = *id_hash,
                       .id = *id,
                       .family = *family,
                       .user = *user,
                       .host = std::string(read.text(4)),
                       .created_at = read.time(5),
                       .last_seen_at = read.time(6),
                       .absolute_end = read.time(7),
                       .idle = std::chrono::seconds(read.integer(8)),
                       .strength = *strength,
                       .factor_at = read.optional_time(10),
                       .client = std::string(read.text(11)),
                       .user_agent = std::string(read.text(12))};
}

std::optional<TokenRecord> token_of(const Query& read) {
  const auto id = read.id(0);
  const auto hash = read.digest(1);
  const auto user = read.id(2);
  const auto strength = strength_of(read.integer(7));
  auto scope = read_token_scope(read.text(8));
  if (!id || !hash || !user || !strength || !scope) return std::nullopt;
  return TokenRecord{.id = *id,
                     .hash = *hash,
                     .user = *user,
                     .name = std::string(read.text(3)),
                     .created_at = read.time(4),
                     .expires_at = read.time(5),
                     .last_used_at = read.optional_time(6),
                     .strength = *strength,
                     .scope = *std::move(scope),
                     .last_used_from = std::string(read.text(9))};
}

Result<std::vector<SessionRecord>> all_sessions(Query read) {
  std::vector<SessionRecord> out;
  for (;;) {
    TRY(const bool more, read.row());
    if (!more) return out;
    if (auto session = session_of(read)) out.push_back(*std::move(session));
  }
}

Result<std::vector<TokenRecord>> all_tokens(Query read) {
  std::vector<TokenRecord> out;
  for (;;) {
    TRY(const bool more, read.row());
    if (!more) return out;
    if (auto token = token_of(read)) out.push_back(*std::move(token));
  }
}

}  // namespace

// Gate sessions before their children.
Result<std::vector<SessionRecord>> SqliteStore::sessions(WallMicros now) {
  TRY(Query read,
      connection_.query("SELECT id_hash, id, family, user, host, created_at, last_seen_at, absolute_end, idle_seconds,"
                        " strength, factor_at, client, user_agent FROM sessions"
                        " WHERE absolute_end > ?1 AND last_seen_at + idle_seconds * 1000000 > ?1"
                        " ORDER BY id <> family, created_at"));
  read.bind(now);
  return all_sessions(std::move(read));
}

Result<std::vector<SessionRecord>> SqliteStore::sessions_of(const UserId& user, WallMicros now) {
  TRY(Query read,
      connection_.query("SELECT id_hash, id, family, user, host, created_at, last_seen_at, absolute_end, idle_seconds,"
                        " strength, factor_at, client, user_agent FROM sessions"
                        " WHERE user = ?2 AND absolute_end > ?1 AND last_seen_at + idle_seconds * 1000000 > ?1"
                        " ORDER BY id <> family, created_at"));
  read.bind(now).bind(user);
  return all_sessions(std::move(read));
}

Result<std::vector<TokenRecord>> SqliteStore::tokens() { return tokens_since(Generation{0}); }

Result<std::vector<TokenRecord>> SqliteStore::tokens_since(Generation since) {
  TRY(Query read,
      connection_.query("SELECT id, hash, user, name, created_at, expires_at, last_used_at, strength, scope,"
                        " last_used_from FROM tokens WHERE version > ? ORDER BY created_at, id"));
  read.bind(static_cast<int64_t>(count(since)));
  return all_tokens(std::move(read));
}

Result<std::vector<TokenRecord>> SqliteStore::tokens_of(const UserId& user) {
  TRY(Query read,
      connection_.query("SELECT id, hash, user, name, created_at, expires_at, last_used_at, strength, scope,"
                        " last_used_from FROM tokens WHERE user = ? ORDER BY created_at, id"));
  read.bind(user);
  return all_tokens(std::move(read));
}

Result<RevocationsSince> SqliteStore::revocations_since(Generation since) {
  TRY(Transaction transaction, Transaction::to_read(connection_));
  RevocationsSince out;
  TRY(out.generation, generation());
  TRY(out.ended_sessions, tombstones("SELECT id FROM tombstones WHERE kind = 'session' AND generation > ?", since));
  TRY(out.revoked_tokens, tombstones("SELECT id FROM tombstones WHERE kind = 'token' AND generation > ?", since));
  TRY(out.new_tokens, tokens_since(since));
  CHECKED(transaction.commit());
  return out;
}

Result<std::vector<ChainedAdminEvent>> SqliteStore::admin_events(uint64_t after_seq, size_t count_max) {
  TRY(Query read, connection_.query("SELECT seq, at, action, actor, object, client, detail, previous, hash"
                                    " FROM admin_events WHERE seq > ? ORDER BY seq LIMIT ?"));
  read.bind(static_cast<int64_t>(after_seq)).bind(static_cast<int64_t>(count_max));
  std::vector<ChainedAdminEvent> out;
  for (;;) {
    TRY(const bool more, read.row());
    if (!more) return out;
    ChainedAdminEvent& entry = out.emplace_back();
    entry.seq = read.number(0);
    entry.event = {read.time(1),
                   std::string(read.text(2)),
                   std::string(read.text(3)),
                   std::string(read.text(4)),
                   std::string(read.text(5)),
                   std::string(read.text(6))};
    // A hash of a wrong length is left zero, which breaks the chain here.
    entry.previous = read.digest(7).value_or(Sha256{});
    entry.hash = read.digest(8).value_or(Sha256{});
  }
}

Result<ChainHead> SqliteStore::admin_chain_head() {
  TRY(Query read, connection_.query("SELECT admin_seq, admin_head FROM installation"));
  TRY(const bool found, read.row());
  const auto hash = found ? read.digest(1) : std::nullopt;
  if (!hash) return fail(Code::kInternal, Side::kStorage, "a row of the store is damaged");
  return ChainHead{read.number(0), *hash};
}

}  // namespace sallyport::storage
