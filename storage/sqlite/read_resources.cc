// Installation, resources with their secrets and epochs, keys.
#include "storage/sqlite/sqlite_store_inside.h"

namespace sallyport::storage {
namespace {

std::unexpected<Error> damaged() { return fail(Code::kInternal, Side::kStorage, "a row of the store is damaged"); }

Result<void> read_secrets(Connection& connection, ResourceRow& row) {
  TRY(Query read,
      connection.query("SELECT s.field, s.sealed, e.epoch FROM secrets s LEFT JOIN epochs e"
                       " ON e.record = s.resource AND e.field = s.field WHERE s.resource = ? ORDER BY s.field"));
  read.bind(row.record.id);
  for (;;) {
    TRY(const bool more, read.row());
    if (!more) return {};
    // Without an epoch (0) the value does not open and the row's MAC does not fit.
    row.record.secrets.push_back({std::string(read.text(0)), read.bytes(1), read.number(2)});
  }
}

Result<void> read_epochs(Connection& connection, ResourceRow& row) {
  TRY(Query read, connection.query("SELECT field, epoch, mac FROM epochs WHERE record = ? ORDER BY field"));
  read.bind(row.record.id);
  for (;;) {
    TRY(const bool more, read.row());
    if (!more) return {};
    row.epochs.push_back({std::string(read.text(0)), read.number(1), read.bytes(2)});
  }
}

}  // namespace

Result<Installation> SqliteStore::installation() {
  TRY(const uint32_t version, [&]() -> Result<uint32_t> {
    TRY(Query read, connection_.query("SELECT version FROM schema_version"));
    TRY(const bool found, read.row());
    if (!found) return damaged();
    return static_cast<uint32_t>(read.integer(0));
  }());
  TRY(Query read, connection_.query("SELECT id, salt_fingerprint FROM installation"));
  TRY(const bool found, read.row());
  if (!found) return damaged();
  const auto id = read.id(0);
  const auto fingerprint = read.is_null(1) ? std::optional(Sha256{}) : read.digest(1);
  if (!id || !fingerprint) return damaged();
  return Installation{*id, *fingerprint, version};
}

Result<Generation> SqliteStore::generation() {
  TRY(Query read, connection_.query("SELECT generation FROM installation"));
  TRY(const bool found, read.row());
  if (!found) return damaged();
  return Generation{read.number(0)};
}

Result<ResourceChanges> SqliteStore::resources_since(Generation since) {
  TRY(Transaction transaction, Transaction::to_read(connection_));
  ResourceChanges out;
  TRY(out.generation, generation());
  {
    TRY(Query read, connection_.query("SELECT id, kind, name, spec, version, applied, mac FROM resources"
                                      " WHERE version > ? ORDER BY kind, name"));
    read.bind(static_cast<int64_t>(count(since)));
    for (;;) {
      TRY(const bool more, read.row());
      if (!more) break;
      const auto id = read.id(0);
      const auto kind = policy::parse_kind(read.text(1));
      if (!id || !kind) continue;  // nobody can say what it was; what names it finds nothing
      ResourceRow& row = out.changed.emplace_back();
      row.record.id = *id;
      row.record.kind = *kind;
      row.record.name = read.text(2);
      row.record.spec = read.text(3);
      row.record.version = read.number(4);
      row.record.applied = read.integer(5) != 0;
      row.mac = read.bytes(6);
    }
  }
  for (ResourceRow& row : out.changed) {
    CHECKED(read_secrets(connection_, row));
    CHECKED(read_epochs(connection_, row));
  }
  TRY(out.deleted, tombstones("SELECT id FROM tombstones WHERE kind = 'resource' AND generation > ?", since));
  CHECKED(transaction.commit());
  return out;
}

Result<std::vector<RecordId>> SqliteStore::tombstones(const char* sql, Generation since) {
  std::vector<RecordId> out;
  if (since == Generation{0}) return out;
  TRY(Query read, connection_.query(sql));
  read.bind(static_cast<int64_t>(count(since)));
  for (;;) {
    TRY(const bool more, read.row());
    if (!more) return out;
    if (const auto id = read.id(0)) out.push_back(*id);
  }
}

Result<std::vector<DataKeyRecord>> SqliteStore::data_keys() {
  TRY(Query read, connection_.query("SELECT id, wrapped, active, created_at FROM data_keys ORDER BY id"));
  std::vector<DataKeyRecord> out;
  for (;;) {
    TRY(const bool more, read.row());
    if (!more) return out;
    out.push_back({static_cast<uint32_t>(read.integer(0)), read.bytes(1), read.integer(2) != 0, read.time(3)});
  }
}

Result<std::vector<NamedKeyRecord>> SqliteStore::named_keys(std::string_view purpose) {
  TRY(Query read, connection_.query("SELECT purpose, id, sealed, public_key, created_at, retired FROM named_keys"
                                    " WHERE purpose = ? ORDER BY created_at, rowid"));
  read.bind(purpose);
  std::vector<NamedKeyRecord> out;
  for (;;) {
    TRY(const bool more, read.row());
    if (!more) return out;
    const auto id = read.id(1);
    if (!id) continue;  // as good as deleted: nothing under it would open
    out.push_back({std::string(read.text(0)), *id, read.bytes(2), read.bytes(3), read.time(4), read.integer(5) != 0});
  }
}

}  // namespace sallyport::storage
