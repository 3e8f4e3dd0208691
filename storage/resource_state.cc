#include "storage/resource_state.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "storage/resource_draft.h"
#include "storage/resource_service.h"

namespace sallyport::storage {

const FieldEpoch* epoch_of(const ResourceRow& row, std::string_view field) {
  const auto found = std::ranges::find(row.epochs, field, &FieldEpoch::field);
  return found == row.epochs.end() ? nullptr : &*found;
}

bool row_is_whole(const ResourceRow& row, const Keyring& keyring) {
  const policy::ResourceRecord& record = row.record;
  for (const FieldEpoch& epoch : row.epochs) {
    if (!constant_time_equal(epoch.mac, keyring.epoch_mac(record.id, epoch.field, epoch.epoch))) return false;
  }
  for (const policy::SealedField& field : record.secrets) {
    const FieldEpoch* const epoch = epoch_of(row, field.field);
    if (epoch == nullptr || epoch->epoch != field.epoch) return false;
  }
  const FieldEpoch* const own = epoch_of(row, "");
  return own != nullptr && constant_time_equal(row.mac, keyring.row_mac(record, own->epoch));
}

std::vector<policy::ResourceRecord> judged(std::vector<ResourceRow> rows, const Keyring& keyring) {
  std::vector<policy::ResourceRecord> out;
  out.reserve(rows.size());
  for (ResourceRow& row : rows) {
    row.record.damaged = !row_is_whole(row, keyring);
    out.push_back(std::move(row.record));
  }
  return out;
}

Result<ResourceState> read_state(Store& store, const Keyring& keyring) {
  TRY(ResourceChanges all, store.resources_since(Generation{0}));
  ResourceState out{.generation = all.generation, .resources = {}};
  for (ResourceRow& row : all.changed) {
    const ResourceKey key{row.record.kind, row.record.name};
    StoredResource stored{.row = std::move(row), .resource = std::nullopt};
    policy::ResourceRecord& record = stored.row.record;
    record.damaged = !row_is_whole(stored.row, keyring);
    if (!record.damaged) {
      if (const auto document = document_of(record.kind, record.name, record.spec))
        if (auto resource = policy::read_resource(*document)) stored.resource = *std::move(resource);
    }
    out.resources.emplace(key, std::move(stored));
  }
  return out;
}

}  // namespace sallyport::storage
