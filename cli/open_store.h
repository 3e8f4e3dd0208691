// Opens the store a configuration names: the one place of the program that knows which kind of store it is.
#pragma once

#include <memory>
#include <string>

#include "cli/terminal.h"
#include "storage/store.h"

namespace sallyport::cli {

enum class StoreUse : uint8_t {
  kCommand,  // must exist, be of this version, and belong to the user who runs the command
  kServe,    // the same, but alone, and brings an older version up to this one
  kCreate,   // must not exist
};
Outcome<std::unique_ptr<storage::Store>> open_store(const std::string& path, StoreUse use);

// The socket of the running gateway, beside the store.
std::string control_socket_path(const std::string& store_path);

}  // namespace sallyport::cli
