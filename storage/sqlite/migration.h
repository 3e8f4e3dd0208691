// Brings a store's schema from any earlier version to this one: files NNN_name.sql in order, each in a transaction of
// its own with the number it leads to, so that a crash in between leaves a version that the next start goes on from.
#pragma once

#include <span>

#include "base/embedded_file.h"
#include "storage/sqlite/connection.h"

namespace sallyport::storage {

constexpr const char* kNewerStore = "store is of a newer version";

// The number that the last file leads to; 0 when a name has no number or the numbers do not count 1, 2, 3, ...
uint32_t newest_version(std::span<const EmbeddedFile> migrations);

// 0: an empty database.   errors: kMalformed a database that is not ours; the connection's.
Result<uint32_t> schema_version(Connection& connection);

// What makes an empty database a store: the first migrations and a new installation id.
// errors: kDenied kNewerStore; the connection's.
Result<void> migrate(Connection& connection, std::span<const EmbeddedFile> migrations);

}  // namespace sallyport::storage
