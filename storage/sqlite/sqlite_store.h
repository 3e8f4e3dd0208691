// The store in one SQLite file (WAL). Any number of processes of the file's owner may work on it; one of them may
// serve.
#pragma once

#include <memory>
#include <string>

#include "storage/store.h"

namespace sallyport::storage {

enum class SqliteOpen : uint8_t {
  kCreate,   // `init`: makes the file, mode 0600; kConflict if it is there
  kServe,    // takes and keeps the lock PATH.lock, then migrates
  kCommand,  // takes the file as it is
};

// errors: kNotFound there is no file; kDenied the store belongs to another user (root is no exception), is of a newer
// version, or (kCommand) of an older one; kConflict another gateway serves it; kMalformed a database that is not ours;
// kUnavailable, kInternal as in store.h.
Result<std::unique_ptr<Store>> open_sqlite(const std::string& path, SqliteOpen mode);

// The same error for a person: the path in front, and both user ids where the owner is another one.
std::string describe_open_error(const std::string& path, const Error& error);

}  // namespace sallyport::storage
