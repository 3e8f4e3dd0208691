// Installation, resources with their secrets and epochs, keys.
#include <unordered_map>

#include "storage/sqlite/sqlite_store_inside.h"

namespace sallyport::storage {
namespace {

std::unexpected<Error> damaged() { return fail(Code::kInternal, Side::kStorage, "a row of the store is damaged"); }

constexpr size_t kFewRows = 100;  // up to here each row is asked for; beyond, one walk over all is cheaper

using Adder = void (*)(ResourceRow& row, const Query& read);

// Without an epoch (0) the value does not open and the row's MAC does not fit.
void add_secret(ResourceRow& row, const Query& read) {
  row.record.secrets.push_back({std::string(read.text(1)), read.bytes(2), read.number(3)});
}
void add_epoch(ResourceRow& row, const Query& read) {
  row.epochs.push_back({std::string(read.text(1)), read.number(2), read.bytes(3)});
}

// of_one: the fields of one record; of_all: of every record. Columns: the record's id, the field, what `add` reads.
Result<void> read_fields(Connection& connection, std::vector<ResourceRow>& rows, const char* of_one, const char* of_all,
                         Adder add) {
  if (rows.size() <= kFewRows) {
    for (ResourceRow& row : rows) {
      TRY(Query read, connection.query(of_one));
      read.bind(row.record.id);
      for (;;) {
        TRY(const bool more, read.row());
        if (!more) break;
        add(row, read);
      }
    }
    return {};
  }
  std::unordered_map<RecordId, ResourceRow*, RecordIdHash> by_id;
  by_id.reserve(rows.size());
  for (ResourceRow& row : rows) by_id.emplace(row.record.id, &row);
  TRY(Query read, connection.query(of_all));
  for (;;) {
    TRY(const bool more, read.row());
    if (!more) return {};
    const auto id = read.id(0);
    const auto row = id ? by_id.find(*id) : by_id.end();
    if (row != by_id.end()) add(*row->second, read);  // epochs outlive their records
  }
}

Result<void> read_fields_of(Connection& connection, std::vector<ResourceRow>& rows) {
  CHECKED(read_fields(connection, rows,
                      "SELECT s.resource, s.field, s.sealed, e.epoch FROM secrets s LEFT JOIN epochs e"
                      " ON e.record = s.resource AND e.field = s.field WHERE s.resource = ? ORDER BY s.field",
                      "SELECT s.resource, s.field, s.sealed, e.epoch FROM secrets s LEFT JOIN epochs e"
                      " ON e.record = s.resource AND e.field = s.field ORDER BY s.resource, s.field",
                      add_secret));
  return read_fields(connection, rows, "SELECT record, field, epoch, mac FROM epochs WHERE record = ? ORDER BY field",
                     "SELECT record, field, epoch, mac FROM epochs ORDER BY record, field", add_epoch);
}

// Nothing: it is not needed, or nobody can say what it was; what names it finds nothing.
std::optional<ResourceRow> row_of(const Query& read, const ResourceNeed& need) {
  const auto id = read.id(0);
  const auto kind = policy::parse_kind(read.text(1));
  if (!id || !kind || !need.covers(*kind, read.text(2), read.text(3))) return std::nullopt;
  ResourceRow row;
  row.record.id = *id;
  row.record.kind = *kind;
  row.record.name = read.text(2);
  row.record.spec = read.text(3);
  row.record.version = read.number(4);
  row.record.applied = read.integer(5) != 0;
  row.mac = read.bytes(6);
  return row;
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
  TRY(Query read, connection_.query("SELECT id, kind, name, spec, version, applied, mac FROM resources"
                                    " WHERE version > ? ORDER BY kind, name"));
  read.bind(static_cast<int64_t>(count(since)));
  TRY(out.changed, read_rows(read));
  TRY(out.deleted, tombstones("SELECT id FROM tombstones WHERE kind = 'resource' AND generation > ?", since));
  CHECKED(transaction.commit());
  return out;
}

Result<ResourceChanges> SqliteStore::resources_needed(const ResourceNeed& need) {
  if (need.everything) return resources_since(Generation{0});
  TRY(Transaction transaction, Transaction::to_read(connection_));
  ResourceChanges out;
  TRY(out.generation, generation());
  // In the table's own order: an index would send the walk to and fro over the file.
  TRY(Query read, connection_.query("SELECT id, kind, name, spec, version, applied, mac FROM resources"));
  TRY(out.changed, read_rows(read, need));
  CHECKED(transaction.commit());
  return out;
}

Result<ResourceChanges> SqliteStore::resource(const RecordId& id) {
  TRY(Transaction transaction, Transaction::to_read(connection_));
  ResourceChanges out;
  TRY(out.generation, generation());
  TRY(Query read, connection_.query("SELECT id, kind, name, spec, version, applied, mac FROM resources WHERE id = ?"));
  read.bind(id);
  TRY(out.changed, read_rows(read));
  CHECKED(transaction.commit());
  return out;
}

Result<std::vector<ResourceRow>> SqliteStore::read_rows(Query& read, const ResourceNeed& need) {
  std::vector<ResourceRow> out;
  for (;;) {
    TRY(const bool more, read.row());
    if (!more) break;
    if (auto row = row_of(read, need)) out.push_back(*std::move(row));
  }
  CHECKED(read_fields_of(connection_, out));
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
