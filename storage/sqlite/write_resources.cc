// Resources, their epochs, and keys.
#include "storage/sqlite/write_change.h"

namespace sallyport::storage {

Result<void> ChangeWriter::operator()(const SetSaltFingerprint& change) {
  define();
  TRY(Query write, connection_->query("UPDATE installation SET salt_fingerprint = ? WHERE salt_fingerprint IS NULL"));
  CHECKED(write.bind(change.fingerprint).run());
  if (connection_->changed_rows() == 1) return {};
  return fail(Code::kConflict, Side::kStorage, "the store has a salt already");
}

Result<void> ChangeWriter::raise_epochs(const RecordId& record, const std::vector<FieldEpoch>& epochs) {
  for (const FieldEpoch& epoch : epochs) {
    TRY(Query write, connection_->query("INSERT INTO epochs (record, field, epoch, mac) VALUES (?, ?, ?, ?)"
                                        " ON CONFLICT (record, field) DO UPDATE SET epoch = excluded.epoch,"
                                        " mac = excluded.mac WHERE excluded.epoch > epoch"));
    CHECKED(write.bind(record).bind(epoch.field).bind(static_cast<int64_t>(epoch.epoch)).bind(epoch.mac).run());
    if (connection_->changed_rows() != 1) return fail(Code::kConflict, Side::kStorage, "an epoch only rises");
  }
  return {};
}

Result<void> ChangeWriter::operator()(const PutResource& change) {
  define();
  const policy::ResourceRecord& record = change.record;
  {
    TRY(Query write,
        connection_->query("INSERT INTO resources (id, kind, name, spec, version, applied, mac)"
                           " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET spec = excluded.spec,"
                           " version = excluded.version, applied = excluded.applied, mac = excluded.mac"
                           " WHERE kind = excluded.kind AND name = excluded.name"));
    write.bind(record.id).bind(policy::to_string(record.kind)).bind(record.name).bind(record.spec);
    CHECKED(write.bind(static_cast<int64_t>(generation_)).bind(int64_t{record.applied}).bind(change.mac).run());
    if (connection_->changed_rows() != 1)
      return fail(Code::kConflict, Side::kStorage, "a resource keeps its kind and name");
  }
  {
    TRY(Query clear, connection_->query("DELETE FROM secrets WHERE resource = ?"));
    CHECKED(clear.bind(record.id).run());
  }
  for (const policy::SealedField& secret : record.secrets) {
    TRY(Query write, connection_->query("INSERT INTO secrets (resource, field, sealed) VALUES (?, ?, ?)"));
    CHECKED(write.bind(record.id).bind(secret.field).bind(secret.sealed).run());
  }
  return raise_epochs(record.id, change.epochs);
}

Result<void> ChangeWriter::operator()(const DeleteResource& change) {
  define();
  {
    TRY(Query remove, connection_->query("DELETE FROM resources WHERE id = ?"));
    CHECKED(remove.bind(change.id).run());
    if (connection_->changed_rows() != 1) return fail(Code::kConflict, Side::kStorage, "the resource is gone already");
  }
  TRY(Query bury,
      connection_->query("INSERT OR REPLACE INTO tombstones (kind, id, generation) VALUES ('resource', ?, ?)"));
  CHECKED(bury.bind(change.id).bind(static_cast<int64_t>(generation_)).run());
  return raise_epochs(change.id, change.epochs);
}

Result<void> ChangeWriter::operator()(const PutDataKey& change) {
  define();
  if (change.key.active) {
    TRY(Query rest, connection_->query("UPDATE data_keys SET active = 0 WHERE id <> ?"));
    CHECKED(rest.bind(int64_t{change.key.id}).run());
  }
  // The same id again is the same key wrapped anew (another master key) or no longer active.
  TRY(Query write,
      connection_->query("INSERT INTO data_keys (id, wrapped, active, created_at) VALUES (?, ?, ?, ?)"
                         " ON CONFLICT (id) DO UPDATE SET wrapped = excluded.wrapped, active = excluded.active"));
  write.bind(int64_t{change.key.id}).bind(change.key.wrapped).bind(int64_t{change.key.active});
  return write.bind(change.key.created_at).run();
}

Result<void> ChangeWriter::operator()(const PutNamedKey& change) {
  define();
  const NamedKeyRecord& key = change.key;
  TRY(Query write, connection_->query("INSERT INTO named_keys (purpose, id, sealed, public_key, created_at, retired)"
                                      " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
                                      " sealed = excluded.sealed, retired = excluded.retired"));
  write.bind(key.purpose).bind(key.id).bind(key.sealed).bind(key.public_key);
  return write.bind(key.created_at).bind(int64_t{key.retired}).run();
}

}  // namespace sallyport::storage
