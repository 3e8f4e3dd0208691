// What belongs to sign-ins at identity providers: what counts once, where sessions came from, attempts, documents.
#include <algorithm>

#include "storage/sqlite/sqlite_store_inside.h"
#include "storage/sqlite/write_change.h"

namespace sallyport::storage {
namespace {

Result<std::optional<SessionOrigin>> next_origin(Query& read) {
  TRY(const bool more, read.row());
  if (!more) return std::optional<SessionOrigin>();
  const auto session = read.id(0);
  const auto provider = read.id(1);
  const auto subject = read.digest(2);
  if (!session || !provider || !subject) return fail(Code::kInternal, Side::kStorage, "a row of the store is damaged");
  return std::optional(SessionOrigin{*session, *provider, *subject, read.digest(3), read.bytes(4)});
}

Result<std::vector<SessionOrigin>> all_origins(Query& read) {
  std::vector<SessionOrigin> out;
  for (;;) {
    TRY(std::optional<SessionOrigin> origin, next_origin(read));
    if (!origin) return out;
    out.push_back(*std::move(origin));
  }
}

}  // namespace

Result<void> ChangeWriter::operator()(const UseOnce& change) {
  TRY(Query write, connection_->query("INSERT OR IGNORE INTO used_once (key, until) VALUES (?, ?)"));
  CHECKED(write.bind(change.key).bind(change.until).run());
  if (connection_->changed_rows() == 1) return {};
  return fail(Code::kConflict, Side::kStorage, "it was used before");
}

Result<void> ChangeWriter::operator()(const PutSessionOrigin& change) {
  const SessionOrigin& origin = change.origin;
  TRY(Query write,
      connection_->query("INSERT INTO session_origins (session, provider, subject_hash, index_hash, sealed)"
                         " VALUES (?, ?, ?, ?, ?)"));
  write.bind(origin.session).bind(origin.provider).bind(origin.subject_hash);
  if (origin.index_hash)
    write.bind(*origin.index_hash);
  else
    write.bind_null();
  return write.bind(origin.sealed).run();
}

Result<void> ChangeWriter::operator()(const PutSignInAttempt& change) {
  const SignInAttempt& attempt = change.attempt;
  {
    TRY(Query write, connection_->query(
                         "INSERT INTO sign_in_attempts (provider, at, reference, outcome, user, client, reason, checks)"
                         " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
    write.bind(attempt.provider).bind(attempt.at).bind(attempt.reference).bind(attempt.outcome).bind(attempt.user);
    CHECKED(write.bind(attempt.client).bind(attempt.reason).bind(attempt.checks).run());
  }
  TRY(Query forget, connection_->query("DELETE FROM sign_in_attempts WHERE provider = ?1 AND seq <= (SELECT seq FROM"
                                       " sign_in_attempts WHERE provider = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)"));
  return forget.bind(attempt.provider).bind(static_cast<int64_t>(kAttemptsKept)).run();
}

Result<void> ChangeWriter::operator()(const PutProviderDocument& change) {
  const ProviderDocument& document = change.document;
  TRY(Query write,
      connection_->query(
          "INSERT INTO provider_documents (provider, what, source, body, fetched_at) VALUES (?, ?, ?, ?, ?)"
          " ON CONFLICT (provider, what) DO UPDATE SET source = excluded.source, body = excluded.body,"
          " fetched_at = excluded.fetched_at"));
  write.bind(document.provider).bind(document.what).bind(document.source).bind(document.body);
  return write.bind(document.fetched_at).run();
}

Result<std::vector<SessionOrigin>> SqliteStore::session_origins(const RecordId& provider, const Sha256& subject_hash,
                                                                const std::vector<Sha256>& index_hashes) {
  TRY(Query read, connection_.query("SELECT session, provider, subject_hash, index_hash, sealed FROM session_origins"
                                    " WHERE provider = ? AND subject_hash = ?"));
  read.bind(provider).bind(subject_hash);
  TRY(std::vector<SessionOrigin> out, all_origins(read));
  if (index_hashes.empty()) return out;
  std::erase_if(out, [&](const SessionOrigin& origin) {
    return origin.index_hash && std::ranges::find(index_hashes, *origin.index_hash) == index_hashes.end();
  });
  return out;
}

Result<std::vector<SessionOrigin>> SqliteStore::session_origins_of_index(const RecordId& provider,
                                                                         const Sha256& index_hash) {
  TRY(Query read, connection_.query("SELECT session, provider, subject_hash, index_hash, sealed FROM session_origins"
                                    " WHERE provider = ? AND index_hash = ?"));
  read.bind(provider).bind(index_hash);
  return all_origins(read);
}

Result<std::optional<SessionOrigin>> SqliteStore::session_origin(const RecordId& session) {
  TRY(Query read, connection_.query("SELECT session, provider, subject_hash, index_hash, sealed FROM session_origins"
                                    " WHERE session = ?"));
  read.bind(session);
  return next_origin(read);
}

Result<std::vector<SignInAttempt>> SqliteStore::sign_in_attempts(std::string_view provider, size_t count_max) {
  TRY(Query read, connection_.query("SELECT at, reference, outcome, user, client, reason, checks FROM sign_in_attempts"
                                    " WHERE provider = ? ORDER BY seq DESC LIMIT ?"));
  read.bind(provider).bind(static_cast<int64_t>(count_max));
  std::vector<SignInAttempt> out;
  for (;;) {
    TRY(const bool more, read.row());
    if (!more) return out;
    out.push_back({std::string(provider), read.time(0), std::string(read.text(1)), std::string(read.text(2)),
                   std::string(read.text(3)), std::string(read.text(4)), std::string(read.text(5)),
                   std::string(read.text(6))});
  }
}

Result<std::optional<ProviderDocument>> SqliteStore::provider_document(const RecordId& provider,
                                                                       std::string_view what) {
  TRY(Query read,
      connection_.query("SELECT source, body, fetched_at FROM provider_documents WHERE provider = ? AND what = ?"));
  read.bind(provider).bind(what);
  TRY(const bool found, read.row());
  if (!found) return std::optional<ProviderDocument>();
  return std::optional(ProviderDocument{provider, std::string(what), std::string(read.text(0)),
                                        std::string(read.text(1)), read.time(2)});
}

}  // namespace sallyport::storage
