#include "cli/use_keeper.h"

#include <algorithm>

namespace sallyport::cli {
namespace {

using Uses = std::map<RecordId, WallMicros>;

void add(Uses& uses, const std::vector<std::pair<RecordId, WallMicros>>& more) {
  for (const auto& [id, at] : more) {
    WallMicros& latest = uses[id];
    latest = std::max(latest, at);
  }
}

// Takes what was written out of `uses`.
template <class Touch>
bool write_batches(storage::Store& store, Uses& uses, size_t batch) {
  while (!uses.empty()) {
    storage::ChangeSet changes;
    auto end = uses.begin();
    for (; end != uses.end() && changes.changes.size() < batch; ++end)
      changes.changes.emplace_back(Touch{end->first, end->second});
    if (!store.commit(changes, {})) return false;
    uses.erase(uses.begin(), end);
  }
  return true;
}

}  // namespace

bool UseKeeper::write(storage::Store& store) {
  add(unwritten_sessions_, sessions_.collect_touched(clock_.wall()));
  add(unwritten_tokens_, tokens_.collect_touched());
  return write_batches<storage::TouchSession>(store, unwritten_sessions_, kBatch) &&
         write_batches<storage::TouchToken>(store, unwritten_tokens_, kBatch);
}

}  // namespace sallyport::cli
