// ResourceService::get: resources as documents, in the shape that `apply` reads again.
#include <array>
#include <nlohmann/json.hpp>

#include "storage/resource_draft.h"
#include "storage/resource_service.h"
#include "storage/resource_state.h"

namespace sallyport::storage {
namespace {

// What a reader looks for first; the rest follows by name.
constexpr std::array kFirst{"team", "type", "at", "email", "admin", "networks", "roles", "upstream"};
constexpr std::string_view kSecretsPrefix = "secrets.";

nlohmann::ordered_json ordered(const nlohmann::json& value) {
  return nlohmann::ordered_json::parse(value.dump(), nullptr, false);
}

// A damaged record is only named: what it says is not ours, and `damaged` is a key that `apply` does not take.
nlohmann::ordered_json view_of(const StoredResource& stored) {
  const policy::ResourceRecord& record = stored.row.record;
  nlohmann::ordered_json out;
  out["kind"] = policy::to_string(record.kind);
  out["name"] = record.name;
  auto spec = document_of(record.kind, record.name, record.spec);
  if (record.damaged || !spec) {
    out["damaged"] = true;
    return out;
  }
  for (const char* key : {"kind", "name"}) spec->erase(key);
  for (const char* key : kFirst) {
    if (const auto found = spec->find(key); found != spec->end()) {
      out[key] = ordered(*found);
      spec->erase(found);
    }
  }
  for (const auto& [key, value] : spec->items()) out[key] = ordered(value);
  for (const policy::SealedField& field : record.secrets)
    if (field.field.starts_with(kSecretsPrefix))
      out["secrets"][field.field.substr(kSecretsPrefix.size())] = policy::kSecretPlaceholder;
  return out;
}

}  // namespace

Result<std::vector<nlohmann::ordered_json>> ResourceService::get(std::optional<policy::Kind> kind,
                                                                 const std::string& name) {
  TRY(const ResourceState state, read_state(store_, keyring_));
  std::vector<nlohmann::ordered_json> out;
  for (const auto& [key, stored] : state.resources)
    if ((!kind || key.first == *kind) && (name.empty() || key.second == name)) out.push_back(view_of(stored));
  if (!name.empty() && out.empty()) return fail(Code::kNotFound, Side::kClient, "there is no such resource");
  return out;
}

}  // namespace sallyport::storage
