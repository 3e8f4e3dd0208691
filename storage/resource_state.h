// The resources of the store as a change is planned against them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "storage/keyring.h"
#include "storage/store.h"

namespace sallyport::storage {

using ResourceKey = std::pair<policy::Kind, std::string>;

struct StoredResource {
  ResourceRow row;                           // .record.damaged is judged
  std::optional<policy::Resource> resource;  // nothing when it is damaged or does not read any more, or was left unread
};

// Which records a change concerns. Of 100,000 tools and APIs it is a few, and judging and reading all of them takes
// longer than the change; what others name (users, teams, service accounts) is always read.
struct StateNeed {
  bool everything = true;
  std::set<ResourceKey> named;  // with everything == false: these,
  std::set<std::string> hosts;  // and whatever could be on one of these

  bool covers(const policy::ResourceRecord& record) const;
};

struct ResourceState {
  Generation generation{};
  std::map<ResourceKey, StoredResource> resources;

  const StoredResource* find(policy::Kind kind, const std::string& name) const {
    const auto found = resources.find({kind, name});
    return found == resources.end() ? nullptr : &found->second;
  }
};

// A row with its MAC judged and its spec read.
StoredResource judge(ResourceRow row, const Keyring& keyring);

Result<ResourceState> read_state(Store& store, const Keyring& keyring, const StateNeed& need = {});

// Does the row's MAC fit, and has every field its epoch? See Keyring::row_mac.
bool row_is_whole(const ResourceRow& row, const Keyring& keyring);
const FieldEpoch* epoch_of(const ResourceRow& row, std::string_view field);

}  // namespace sallyport::storage
