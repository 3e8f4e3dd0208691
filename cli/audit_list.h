// The audit log as one list: access entries of this node's segments and administrative events of the store, by time.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "cli/terminal.h"
#include "storage/store.h"

namespace sallyport::cli {

struct AuditFilter {
  std::optional<WallMicros> since;
  std::string resource;  // exact name; empty: any
  std::string user;
};

// entry: as read_audit() gives it, or as admin_entry() makes it.
bool fits(const AuditFilter& filter, const nlohmann::ordered_json& entry);
nlohmann::ordered_json admin_entry(const storage::ChainedAdminEvent& event);

// Calls `each` for every entry that fits, oldest first, without checkpoints. cost: one entry in memory at a time.
Outcome<void> walk_audit(storage::Store& store, const std::string& dir, const AuditFilter& filter,
                         const std::function<void(const nlohmann::ordered_json&)>& each);

}  // namespace sallyport::cli
