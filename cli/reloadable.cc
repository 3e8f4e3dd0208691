#include "cli/reloadable.h"

#include <algorithm>

namespace sallyport::cli {
namespace {

using namespace conf;

bool same(const std::vector<MasterKeySource>& a, const std::vector<MasterKeySource>& b) {
  return std::ranges::equal(
      a, b, [](const MasterKeySource& x, const MasterKeySource& y) { return x.from == y.from && x.value == y.value; });
}

bool same(const AuditConfig& a, const AuditConfig& b) {
  return a.dir == b.dir && a.mode == b.mode && a.anchor == b.anchor && a.segment_bytes == b.segment_bytes;
}

}  // namespace

std::vector<std::string> keys_that_need_restart(const NodeConfig& started, const NodeConfig& wanted) {
  std::vector<std::string> out;
  const auto look = [&out](const char* key, bool is_same) {
    if (!is_same) out.emplace_back(key);
  };
  look("storage", started.storage.sqlite_path == wanted.storage.sqlite_path);
  look("master_key", same(started.master_keys, wanted.master_keys));
  look("salt", started.salt == wanted.salt);
  look("gate", started.gate.to_string() == wanted.gate.to_string());
  look("workers", started.workers == wanted.workers);
  look("audit", same(started.audit, wanted.audit));
  return out;
}

NodeConfig reloadable_part(const NodeConfig& started, NodeConfig wanted) {
  wanted.storage = started.storage;
  wanted.master_keys = started.master_keys;
  wanted.salt = started.salt;
  wanted.gate = started.gate;
  wanted.workers = started.workers;
  wanted.audit = started.audit;
  return wanted;
}

}  // namespace sallyport::cli
