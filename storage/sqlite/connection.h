// SQLite behind three small values: a Connection, a Query (a prepared statement in use) and a Transaction. Only this
// folder includes sqlite3.h. One thread at a time. Result codes become errors here:
//   kUnavailable  busy, out of space, an I/O error, out of memory, a file that cannot be opened or written
//   kConflict     a constraint of the schema does not hold
//   kInternal     the file is damaged or is no database; anything else
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/bytes.h"
#include "base/c_handle.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/record_id.h"

struct sqlite3;
struct sqlite3_stmt;
extern "C" int sqlite3_close_v2(sqlite3*);
extern "C" int sqlite3_finalize(sqlite3_stmt*);

namespace sallyport::storage {

// Bind the parameters in order, then step. Ends (reset, parameters cleared) when it is destroyed. What row() gives is
// valid until the next row().
class Query {
 public:
  explicit Query(sqlite3_stmt* statement) : statement_(statement) {}
  Query(Query&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)), next_(other.next_) {}
  Query& operator=(Query&&) = delete;
  ~Query();

  Query& bind(int64_t value);
  Query& bind(ByteView value);
  Query& bind(std::string_view value);
  Query& bind(const RecordId& value) { return bind(value.view()); }
  Query& bind(const Sha256& value) { return bind(ByteView(value)); }
  Query& bind(WallMicros value) { return bind(count(value)); }
  Query& bind(std::optional<WallMicros> value) { return value ? bind(*value) : bind_null(); }
  Query& bind_null();

  Result<bool> row();  // false: there is no further one
  Result<void> run();  // to the end

  bool is_null(int column) const;
  int64_t integer(int column) const;
  uint64_t number(int column) const { return static_cast<uint64_t>(integer(column)); }
  WallMicros time(int column) const { return WallMicros{integer(column)}; }
  std::optional<WallMicros> optional_time(int column) const;
  std::string_view text(int column) const;
  ByteView blob(int column) const;
  Bytes bytes(int column) const;
  std::optional<RecordId> id(int column) const;    // nothing when it has not 16 bytes
  std::optional<Sha256> digest(int column) const;  // nothing when it has not 32

 private:
  sqlite3_stmt* statement_;
  int next_ = 1;
  bool bound_ = true;
};

enum class OpenFile : uint8_t { kExisting, kNew };

class Connection {
 public:
  // Opens with what this house wants of SQLite: WAL, synchronous FULL, foreign keys, secure_delete, no trusted schema,
  // defensive, busy_timeout 5 s.   A new file has mode 0600 and must not be there yet (kConflict).
  static Result<Connection> open(const std::string& path, OpenFile file);

  // sql: a literal; its prepared form is kept and used again.
  Result<Query> query(const char* sql);
  Result<void> execute(const char* script);
  int64_t changed_rows() const;
  bool in_transaction() const;

 private:
  using Handle = CHandle<sqlite3, sqlite3_close_v2>;
  using Statement = CHandle<sqlite3_stmt, sqlite3_finalize>;
  explicit Connection(Handle handle) : handle_(std::move(handle)) {}
  Handle handle_;
  std::unordered_map<const char*, Statement> statements_;  // closed before the handle
};

// Rolls back when it is destroyed without commit().
class Transaction {
 public:
  static Result<Transaction> to_read(Connection& connection);   // one consistent view
  static Result<Transaction> to_write(Connection& connection);  // BEGIN IMMEDIATE: waits for other writers up to 5 s
  Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

}  // namespace sallyport::storage
