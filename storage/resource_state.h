// The resources of the store as a change is planned against them.
#pragma once

#include <map>
#include <optional>

#include "storage/keyring.h"
#include "storage/store.h"

namespace sallyport::storage {

struct StoredResource {
  ResourceRow row;                           // .record.damaged is judged
  std::optional<policy::Resource> resource;  // nothing when it is damaged or does not read any more
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

// What the need does not cover is left out of the state, as if it were not there.
Result<ResourceState> read_state(Store& store, const Keyring& keyring, const ResourceNeed& need = {});

// Does the row's MAC fit, and has every field its epoch? See Keyring::row_mac.
bool row_is_whole(const ResourceRow& row, const Keyring& keyring);
const FieldEpoch* epoch_of(const ResourceRow& row, std::string_view field);

}  // namespace sallyport::storage
