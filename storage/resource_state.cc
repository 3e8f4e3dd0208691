#include "storage/resource_state.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

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

StoredResource judge(ResourceRow row, const Keyring& keyring) {
  StoredResource stored{.row = std::move(row), .resource = std::nullopt};
  policy::ResourceRecord& record = stored.row.record;
  record.damaged = !row_is_whole(stored.row, keyring);
  if (record.damaged) return stored;
  if (const auto document = document_of(record.kind, record.name, record.spec))
    if (auto resource = policy::read_resource(*document)) stored.resource = *std::move(resource);
  return stored;
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

namespace {

// Does `job` for 0 ... count-1, many of them on all cores.
void in_parts(size_t count, const std::function<void(size_t)>& job) {
  constexpr size_t kWorthAThread = 2000;
  const size_t parts = std::clamp<size_t>(count / kWorthAThread, 1, std::max(1u, std::thread::hardware_concurrency()));
  std::vector<std::jthread> others;
  const auto part = [&](size_t number) {
    for (size_t i = count * number / parts; i < count * (number + 1) / parts; ++i) job(i);
  };
  for (size_t number = 1; number < parts; ++number) others.emplace_back(part, number);
  part(0);
}

}  // namespace

Result<ResourceState> read_state(Store& store, const Keyring& keyring, const ResourceNeed& need) {
  TRY(ResourceChanges all, store.resources_needed(need));
  ResourceState out{.generation = all.generation, .resources = {}};
  std::vector<StoredResource> stored(all.changed.size());
  in_parts(stored.size(), [&](size_t i) { stored[i] = judge(std::move(all.changed[i]), keyring); });
  for (StoredResource& each : stored) {
    ResourceKey key{each.row.record.kind, each.row.record.name};
    out.resources.emplace_hint(out.resources.end(), std::move(key), std::move(each));
  }
  return out;
}

}  // namespace sallyport::storage
