// sallyport key status: which keys there are. No key material, public halves only.
#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/commands.h"
#include "cli/node_parts.h"
#include "cli/table.h"
#include "cli/when.h"
#include "sso/assertion_key_store.h"
#include "sso/saml_keys.h"

namespace sallyport::cli {
namespace {
using nlohmann::ordered_json;

std::string short_fingerprint(const Bytes& public_key) {
  return public_key.empty() ? "" : hex_encode(sha256(public_key)).substr(0, 16);
}

// A key that takes turns with others of its purpose. What is said of it is what stands sealed, not what stands beside
// it.
struct TurnKey {
  const storage::NamedKeyRecord* record;
  const char* state;
  std::optional<WallMicros> signs_from;
  const char* known_by;  // what others call it, and how
  std::string known_as{};
};

bool is_refused(const std::vector<RecordId>& refused, const RecordId& id) {
  return std::ranges::find(refused, id) != refused.end();
}

std::vector<TurnKey> assertion_keys(const storage::Keyring& keyring,
                                    const std::vector<storage::NamedKeyRecord>& records) {
  const sso::OpenedKeys opened = sso::open_assertion_keys(keyring, records);
  const sso::AssertionKey* const signing = sso::signing_key(opened.keys);
  std::vector<TurnKey> out;
  for (const storage::NamedKeyRecord& record : records) {
    TurnKey key{&record, "retired", {}, "kid"};
    const auto found = std::ranges::find(opened.keys, record.id, &sso::AssertionKey::id);
    if (is_refused(opened.refused, record.id)) {
      key.state = "damaged";
    } else if (found != opened.keys.end()) {
      key.signs_from = found->signs_from;
      key.known_as = found->kid;
      if (&*found == signing)
        key.state = "active";
      else if (!found->signs_from)
        key.state = "next";
    }
    out.push_back(std::move(key));
  }
  return out;
}

std::vector<TurnKey> saml_keys(const storage::Keyring& keyring, const std::vector<storage::NamedKeyRecord>& records,
                               WallMicros now) {
  const sso::SamlKeys opened = sso::open_saml_keys(keyring, records, now);
  std::vector<TurnKey> out;
  for (const storage::NamedKeyRecord& record : records) {
    TurnKey key{&record, "retired", {}, "certificate"};
    const auto found = std::ranges::find(opened.keys, record.id, &sso::SamlKey::id);
    if (is_refused(opened.refused, record.id)) {
      key.state = "damaged";
    } else if (found != opened.keys.end()) {
      key.signs_from = found->signs_from;
      key.known_as = short_fingerprint(found->key.certificate());
      if (found->signs_from > now)
        key.state = "next";
      else
        key.state = found == opened.keys.begin() ? "active" : "opens only";
    }
    out.push_back(std::move(key));
  }
  return out;
}

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
  const auto assertion_records = node->store->named_keys(sso::kAssertionKeyPurpose);
  if (!assertion_records) return refuse(terminal, failure_of("cannot read the keys", assertion_records.error()));
  const auto saml_records = node->store->named_keys(sso::kSamlKeyPurpose);
  if (!saml_records) return refuse(terminal, failure_of("cannot read the keys", saml_records.error()));
  std::vector<TurnKey> turns = assertion_keys(*node->keyring, *assertion_records);
  std::ranges::move(saml_keys(*node->keyring, *saml_records, node->clock.wall()), std::back_inserter(turns));
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
    for (const TurnKey& key : turns) {
      ordered_json said{{"purpose", key.record->purpose},
                        {"id", key.record->id.to_string()},
                        {"created", show_time_exactly(key.record->created_at)},
                        {"retired", key.state == std::string_view("retired")},
                        {"state", key.state}};
      if (!key.known_as.empty()) {
        said[key.known_by] = key.known_as;
        said["signs_from"] = key.signs_from ? ordered_json(show_time_exactly(*key.signs_from)) : ordered_json();
      }
      out["keys"].push_back(std::move(said));
    }
    terminal.out << out.dump(2) << '\n';
    return kDone;
  }
  terminal.out << "installation  " << node->keyring->installation().to_string() << '\n'
               << "master keys   " << status.master_keys << (status.master_keys > 1 ? " (being rotated)" : "")
               << "\n\n";
  Table table({"KEY", "ID", "STATE", "CREATED", "SIGNS FROM", "PUBLIC KEY"});
  for (const storage::DataKeyRecord& key : *data_keys)
    table.add(
        {"data", std::to_string(key.id), key.active ? "active" : "opens only", show_time(key.created_at), "", ""});
  for (const storage::NamedKeyRecord& key : named)
    table.add({key.purpose, key.id.to_string(), key.retired ? "retired" : "active", show_time(key.created_at), "",
               short_fingerprint(key.public_key)});
  for (const TurnKey& key : turns)
    table.add({key.record->purpose, key.record->id.to_string(), key.state, show_time(key.record->created_at),
               key.signs_from ? show_time(*key.signs_from) : "", key.known_as});
  table.print(terminal.out);
  return kDone;
}

}  // namespace sallyport::cli
