// sallyport key status: which keys there are. No key material, public halves only.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/commands.h"
#include "cli/node_parts.h"
#include "cli/table.h"
#include "cli/when.h"
#include "sso/assertion_key_store.h"

namespace sallyport::cli {
namespace {
using nlohmann::ordered_json;

std::string short_fingerprint(const Bytes& public_key) {
  return public_key.empty() ? "" : hex_encode(sha256(public_key)).substr(0, 16);
}

// What is said of an assertion key is what stands sealed, not what stands beside it.
struct AssertionKeyStates {
  sso::OpenedKeys opened;

  const sso::AssertionKey* find(const RecordId& id) const {
    const auto found = std::ranges::find(opened.keys, id, &sso::AssertionKey::id);
    return found == opened.keys.end() ? nullptr : &*found;
  }
  std::string state(const storage::NamedKeyRecord& record) const {
    if (std::ranges::find(opened.refused, record.id) != opened.refused.end()) return "damaged";
    const sso::AssertionKey* const key = find(record.id);
    if (key != nullptr && key == sso::signing_key(opened.keys)) return "active";
    if (key != nullptr && !key->signs_from) return "next";
    return "retired";
  }
};

}  // namespace

int run_key_status(Terminal& terminal, const KeyStatusOptions& options) {
  auto node = open_node(options.config);
  if (!node) return refuse(terminal, node.error());
  const auto data_keys = node->store->data_keys();
  if (!data_keys) return refuse(terminal, failure_of("cannot read the data keys", data_keys.error()));
  std::vector<storage::NamedKeyRecord> named;
  for (const char* const purpose : {"row-mac", "audit-signing", "tls-ticket"}) {
    auto some = node->store->named_keys(purpose);
    if (!some) return refuse(terminal, failure_of("cannot read the keys", some.error()));
    named.insert(named.end(), some->begin(), some->end());
  }
  const auto assertion_keys = node->store->named_keys(sso::kAssertionKeyPurpose);
  if (!assertion_keys) return refuse(terminal, failure_of("cannot read the keys", assertion_keys.error()));
  const AssertionKeyStates assertions{sso::open_assertion_keys(*node->keyring, *assertion_keys)};
  const storage::Keyring::Status status = node->keyring->status();

  if (options.format == Format::kJson) {
    ordered_json out{{"installation", node->keyring->installation().to_string()},
                     {"master_keys", status.master_keys},
                     {"active_data_key", status.active_key},
                     {"data_keys", ordered_json::array()},
                     {"keys", ordered_json::array()}};
    for (const storage::DataKeyRecord& key : *data_keys)
      out["data_keys"].push_back(
          {{"id", key.id}, {"active", key.active}, {"created", show_time_exactly(key.created_at)}});
    for (const storage::NamedKeyRecord& key : named)
      out["keys"].push_back({{"purpose", key.purpose},
                             {"id", key.id.to_string()},
                             {"created", show_time_exactly(key.created_at)},
                             {"retired", key.retired},
                             {"public_key", hex_encode(key.public_key)}});
    for (const storage::NamedKeyRecord& record : *assertion_keys) {
      const sso::AssertionKey* const key = assertions.find(record.id);
      const std::string state = assertions.state(record);
      ordered_json said{{"purpose", record.purpose},
                        {"id", record.id.to_string()},
                        {"created", show_time_exactly(record.created_at)},
                        {"retired", state == "retired"},
                        {"state", state}};
      if (key != nullptr) {
        said["kid"] = key->kid;
        said["signs_from"] = key->signs_from ? ordered_json(show_time_exactly(*key->signs_from)) : ordered_json();
      }
      out["keys"].push_back(std::move(said));
    }
    terminal.out << out.dump(2) << '\n';
    return kDone;
  }
  terminal.out << "installation  " << node->keyring->installation().to_string() << '\n'
               << "master keys   " << status.master_keys << (status.master_keys > 1 ? " (being rotated)" : "")
               << "\n\n";
  Table table({"KEY", "ID", "STATE", "CREATED", "PUBLIC KEY"});
  for (const storage::DataKeyRecord& key : *data_keys)
    table.add({"data", std::to_string(key.id), key.active ? "active" : "opens only", show_time(key.created_at), ""});
  for (const storage::NamedKeyRecord& key : named)
    table.add({key.purpose, key.id.to_string(), key.retired ? "retired" : "active", show_time(key.created_at),
               short_fingerprint(key.public_key)});
  for (const storage::NamedKeyRecord& record : *assertion_keys) {
    const sso::AssertionKey* const key = assertions.find(record.id);
    table.add({record.purpose, record.id.to_string(), assertions.state(record), show_time(record.created_at),
               key == nullptr ? "" : key->kid});
  }
  table.print(terminal.out);
  return kDone;
}

}  // namespace sallyport::cli
