#include "storage/sqlite/connection.h"

#include <fcntl.h>
#include <sqlite3.h>

#include <cerrno>

#include "base/fd.h"
#include "storage/sqlite/result_code.h"

namespace sallyport::storage {
namespace {

constexpr int kBusyTimeoutMs = 5000;
// Where WAL is not to be had SQLite stays with its rollback journal, which is as safe.
constexpr const char* kPragmas =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA secure_delete = ON;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA cell_size_check = ON;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA mmap_size = 0;";

Result<void> make_file(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fd) return {};
  if (errno == EEXIST) return fail(Code::kConflict, Side::kStorage, "the store's file is there already");
  return fail(Code::kUnavailable, Side::kStorage, "the store's file cannot be made");
}

}  // namespace

Error error_of(int code) {
  const auto error = [](Code kind, const char* what) { return Error{kind, Side::kStorage, what}; };
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return error(Code::kUnavailable, "the store is locked by another process");
    case SQLITE_FULL:
      return error(Code::kUnavailable, "the store's disk is full");
    case SQLITE_IOERR:
      return error(Code::kUnavailable, "the store's disk cannot be read or written");
    case SQLITE_NOMEM:
      return error(Code::kUnavailable, "there is no memory for the store");
    case SQLITE_CANTOPEN:
      return error(Code::kUnavailable, "the store's file cannot be opened");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return error(Code::kUnavailable, "the store's file cannot be written");
    case SQLITE_CONSTRAINT:
      return error(Code::kConflict, "the store refuses a duplicate or an impossible value");
    case SQLITE_CORRUPT:
      return error(Code::kInternal, "the store's file is damaged");
    case SQLITE_NOTADB:
      return error(Code::kInternal, "the store's file is no SQLite database");
    default:
      return error(Code::kInternal, "the store failed");
  }
}

Result<Connection> Connection::open(const std::string& path, OpenFile file) {
  if (file == OpenFile::kNew) CHECKED(make_file(path));
  sqlite3* raw = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  Handle handle(raw);
  if (code != SQLITE_OK) return std::unexpected(error_of(code));
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  Connection out(std::move(handle));
  CHECKED(out.execute(kPragmas));
  return out;
}

Result<Query> Connection::query(const char* sql) {
  const auto known = statements_.find(sql);
  if (known != statements_.end()) return Query(known->second.get());
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  Statement statement(raw);
  if (code != SQLITE_OK) return std::unexpected(error_of(code));
  return Query(statements_.emplace(sql, std::move(statement)).first->second.get());
}

Result<void> Connection::execute(const char* script) {
  const int code = sqlite3_exec(handle_.get(), script, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return std::unexpected(error_of(code));
  return {};
}

int64_t Connection::changed_rows() const { return sqlite3_changes64(handle_.get()); }
bool Connection::in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }

Result<Transaction> Transaction::to_read(Connection& connection) {
  CHECKED(connection.execute("BEGIN DEFERRED"));
  return Transaction(connection);
}

Result<Transaction> Transaction::to_write(Connection& connection) {
  CHECKED(connection.execute("BEGIN IMMEDIATE"));
  return Transaction(connection);
}

Transaction::~Transaction() {
  // SQLite may have rolled back by itself (disk full, I/O error).
  if (connection_ != nullptr && connection_->in_transaction()) (void)connection_->execute("ROLLBACK");
}

Result<void> Transaction::commit() {
  CHECKED(connection_->execute("COMMIT"));
  connection_ = nullptr;
  return {};
}

}  // namespace sallyport::storage
