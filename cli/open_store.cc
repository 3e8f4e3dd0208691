#include "cli/open_store.h"

#include <filesystem>

#include "storage/sqlite/sqlite_store.h"

namespace sallyport::cli {

Outcome<std::unique_ptr<storage::Store>> open_store(const std::string& path, StoreUse use) {
  storage::SqliteOpen mode = storage::SqliteOpen::kCommand;
  if (use == StoreUse::kServe) mode = storage::SqliteOpen::kServe;
  if (use == StoreUse::kCreate) mode = storage::SqliteOpen::kCreate;
  auto store = storage::open_sqlite(path, mode);
  if (!store) return failure(storage::describe_open_error(path, store.error()));
  return std::move(*store);
}

std::string control_socket_path(const std::string& store_path) {
  return (std::filesystem::path(store_path).parent_path() / "control.sock").string();
}

}  // namespace sallyport::cli
