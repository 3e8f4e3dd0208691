#include "storage/sqlite/migration.h"

#include <charconv>

#include "storage/admin_chain.h"

namespace sallyport::storage {
namespace {

uint32_t number_of(std::string_view name) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc() && end == name.data() + 3 && name.size() > 3 && name[3] == '_' ? number : 0;
}

Result<void> make_installation(Connection& connection) {
  const RecordId id = RecordId::random();
  TRY(Query insert, connection.query("INSERT INTO installation (only_row, id, admin_head) VALUES (1, ?, ?)"));
  return insert.bind(id).bind(admin_chain_start(id)).run();
}

Result<void> step(Connection& connection, const EmbeddedFile& migration) {
  TRY(Transaction transaction, Transaction::to_write(connection));
  TRY(const uint32_t version, schema_version(connection));
  const uint32_t target = number_of(migration.name);
  if (version >= target) return {};  // another process was faster
  CHECKED(connection.execute(std::string(migration.bytes).c_str()));
  if (target == 1) {
    CHECKED(make_installation(connection));
  } else {
    TRY(Query update, connection.query("UPDATE schema_version SET version = ?"));
    CHECKED(update.bind(int64_t{target}).run());
  }
  return transaction.commit();
}

}  // namespace

uint32_t newest_version(std::span<const EmbeddedFile> migrations) {
  uint32_t version = 0;
  for (const EmbeddedFile& migration : migrations)
    if (number_of(migration.name) != ++version) return 0;
  return version;
}

Result<uint32_t> schema_version(Connection& connection) {
  bool ours = false;
  {
    TRY(Query tables, connection.query("SELECT name FROM sqlite_schema WHERE type = 'table'"));
    bool any = false;
    for (;;) {
      TRY(const bool more, tables.row());
      if (!more) break;
      any = true;
      ours = ours || tables.text(0) == "schema_version";
    }
    if (!any) return 0;
  }
  if (!ours) return malformed(Side::kStorage, "the file is not a Sallyport store");
  TRY(Query read, connection.query("SELECT version FROM schema_version"));
  TRY(const bool found, read.row());
  if (!found || read.integer(0) < 1 || read.integer(0) > UINT32_MAX)
    return malformed(Side::kStorage, "the file is not a Sallyport store");
  return static_cast<uint32_t>(read.integer(0));
}

Result<void> migrate(Connection& connection, std::span<const EmbeddedFile> migrations) {
  const uint32_t newest = newest_version(migrations);
  if (newest == 0) return fail(Code::kInternal, Side::kSelf, "the numbers of the migrations do not count up from one");
  TRY(const uint32_t version, schema_version(connection));
  if (version > newest) return fail(Code::kDenied, Side::kStorage, kNewerStore);
  for (uint32_t next = version; next < newest; ++next) CHECKED(step(connection, migrations[next]));
  return {};
}

}  // namespace sallyport::storage
