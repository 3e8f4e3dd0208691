// sallyport audit list, verify.
#include <deque>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/audit_list.h"
#include "cli/commands.h"
#include "cli/node_parts.h"
#include "cli/table.h"
#include "cli/when.h"
#include "storage/admin_chain.h"
#include "storage/audit_log.h"

namespace sallyport::cli {
namespace {

using nlohmann::ordered_json;
constexpr size_t kTableRowsDefault = 1000;

std::string text_of(const ordered_json& entry, const char* key) {
  const auto found = entry.find(key);
  return found != entry.end() && found->is_string() ? found->get<std::string>() : "";
}

std::vector<std::string> row_of(const ordered_json& entry) {
  const std::string time = text_of(entry, "time").substr(0, 19) + "Z";
  if (text_of(entry, "kind") == "admin") {
    const std::string detail = text_of(entry, "detail");
    return {time, text_of(entry, "actor"), text_of(entry, "client"),
            text_of(entry, "action") + " " + text_of(entry, "object"), detail};
  }
  std::string what = text_of(entry, "method") + " " + text_of(entry, "host") + text_of(entry, "path");
  if (text_of(entry, "kind") == "alert") what = "alert " + text_of(entry, "resource");
  std::string result = text_of(entry, "outcome");
  if (const int status = entry.value("status", 0); status != 0) result += " " + std::to_string(status);
  if (const std::string reason = text_of(entry, "reason"); !reason.empty()) result += ": " + reason;
  return {time, text_of(entry, "user"), text_of(entry, "client"), what, result};
}

std::optional<WallMicros> read_since(const std::string& text, WallMicros now) {
  if (const auto ago = parse_duration(text)) return now - *ago;
  return parse_time(text);
}

// One JSON array, an entry a line, written as the entries come.
class JsonList {
 public:
  explicit JsonList(std::ostream& out) : out_(out) {}
  void add(const ordered_json& entry) {
    out_ << (first_ ? "[\n" : ",\n") << entry.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
    first_ = false;
  }
  void end() { out_ << (first_ ? "[]\n" : "\n]\n"); }

 private:
  std::ostream& out_;
  bool first_ = true;
};

}  // namespace

int run_audit_list(Terminal& terminal, const AuditListOptions& options) {
  auto node = open_node(options.config);
  if (!node) return refuse(terminal, node.error());
  AuditFilter filter{.since = std::nullopt, .resource = options.resource, .user = options.user};
  if (!options.since.empty()) {
    filter.since = read_since(options.since, node->clock.wall());
    if (!filter.since) {
      refuse(terminal, {"--since takes 90s, 15m, 12h, 7d, 2w, 2026-01-31 or 2026-01-31T12:00:00Z"});
      return kWrongUsage;
    }
  }
  const bool json = options.format == Format::kJson;
  const size_t newest = options.count > 0 ? static_cast<size_t>(options.count) : (json ? 0 : kTableRowsDefault);
  std::deque<ordered_json> kept;
  size_t left_out = 0;
  JsonList list(terminal.out);
  const auto done = walk_audit(*node->store, node->config.audit.dir, filter, [&](const ordered_json& entry) {
    if (newest == 0) return list.add(entry);
    kept.push_back(entry);
    if (kept.size() <= newest) return;
    kept.pop_front();
    ++left_out;
  });
  if (json) {
    for (const ordered_json& entry : kept) list.add(entry);
    list.end();
  } else {
    Table table({"TIME", "WHO", "FROM", "WHAT", "RESULT"});
    for (const ordered_json& entry : kept) table.add(row_of(entry));
    table.print(terminal.out);
    if (left_out > 0 && options.count == 0)
      warn(terminal, "only the newest " + std::to_string(newest) + " are shown; -n N shows more");
  }
  return done ? kDone : refuse(terminal, done.error());
}

int run_audit_verify(Terminal& terminal, const std::string& config) {
  auto node = open_node(config);
  if (!node) return refuse(terminal, node.error());
  const auto keys = node->store->named_keys("audit-signing");
  if (!keys) return refuse(terminal, failure_of("cannot read the public keys", keys.error()));
  std::vector<Bytes> public_keys;
  for (const storage::NamedKeyRecord& key : *keys) public_keys.push_back(key.public_key);
  const auto chain = storage::verify_admin_chain(*node->store);
  if (!chain) return refuse(terminal, failure_of("cannot read the administrative events", chain.error()));
  // The key is made by the first `serve`, just before its folder: without one there is nothing yet that could be
  // broken.
  storage::VerifyOutcome access;
  if (!public_keys.empty())
    access = storage::verify_audit(node->config.audit.dir, public_keys, node->config.audit.anchor_path());
  if (access.broken_seq) {
    terminal.out << "broken " << *access.broken_seq << ": " << access.reason << '\n';
    return kRefused;
  }
  if (chain->broken_seq) {
    terminal.out << "broken " << *chain->broken_seq << ": administrative event: " << chain->reason << '\n';
    return kRefused;
  }
  terminal.out << "ok " << access.entries + chain->entries << '\n';
  return kDone;
}

}  // namespace sallyport::cli
