// The reading half of the SQLite store: installation, keys, admin events.
#include <sqlite3.h>

#include <algorithm>

#include "storage/sqlite/connection.h"
#include "storage/sqlite/result_code.h"

namespace sallyport::storage {
namespace {

// Without an allocation of our own: SQLite copies.
const auto kCopy = SQLITE_TRANSIENT;  // NOLINT: the macro casts

template <size_t N>
std::optional<std::array<std::byte, N>> exactly(ByteView bytes) {
  if (bytes.size() != N) return std::nullopt;
  std::array<std::byte, N> out;
  std::ranges::copy(bytes, out.begin());
  return out;
}

}  // namespace

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Query& Query::bind(int64_t value) {
  bound_ = sqlite3_bind_int64(statement_, next_++, value) == SQLITE_OK && bound_;
  return *this;
}

Query& Query::bind(ByteView value) {
  // A null pointer would mean NULL.
  const int code = value.empty() ? sqlite3_bind_zeroblob(statement_, next_, 0)
                                 : sqlite3_bind_blob64(statement_, next_, value.data(), value.size(), kCopy);
  ++next_;
  bound_ = code == SQLITE_OK && bound_;
  return *this;
}

Query& Query::bind(std::string_view value) {
  const char* const data = value.empty() ? "" : value.data();
  bound_ = sqlite3_bind_text64(statement_, next_++, data, value.size(), kCopy, SQLITE_UTF8) == SQLITE_OK && bound_;
  return *this;
}

Query& Query::bind_null() {
  bound_ = sqlite3_bind_null(statement_, next_++) == SQLITE_OK && bound_;
  return *this;
}

Result<bool> Query::row() {
  if (!bound_) return fail(Code::kInternal, Side::kStorage, "a value could not be bound to a statement");
  switch (const int code = sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return std::unexpected(error_of(code));
  }
}

Result<void> Query::run() {
  for (;;) {
    TRY(const bool more, row());
    if (!more) return {};
  }
}

bool Query::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::optional<WallMicros> Query::optional_time(int column) const {
  return is_null(column) ? std::nullopt : std::optional(time(column));
}

std::string_view Query::text(int column) const {
  const auto* const data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return data == nullptr ? std::string_view()
                         : std::string_view(data, size_t(sqlite3_column_bytes(statement_, column)));
}

ByteView Query::blob(int column) const {
  const auto* const data = static_cast<const std::byte*>(sqlite3_column_blob(statement_, column));
  return data == nullptr ? ByteView() : ByteView(data, size_t(sqlite3_column_bytes(statement_, column)));
}

Bytes Query::bytes(int column) const {
  const ByteView view = blob(column);
  return Bytes(view.begin(), view.end());
}

std::optional<RecordId> Query::id(int column) const {
  const auto bytes = exactly<16>(blob(column));
  return bytes ? std::optional(RecordId{*bytes}) : std::nullopt;
}

std::optional<Sha256> Query::digest(int column) const { return exactly<32>(blob(column)); }

}  // namespace sallyport::storage
