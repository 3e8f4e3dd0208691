#include "cli/use_keeper.h"

#include <algorithm>

namespace sallyport::cli {
namespace {

storage::TouchSession touch(const RecordId& id, WallMicros at) { return {id, at}; }
storage::TouchToken touch(const RecordId& id, const storage::TokenUse& use) {
  return {id, use.at, use.from.to_string()};
}

// Takes what was written out of `uses`.
template <class Use>
bool write_batches(storage::Store& store, std::map<RecordId, Use>& uses, size_t batch) {
  while (!uses.empty()) {
    storage::ChangeSet changes;
    auto end = uses.begin();
    for (; end != uses.end() && changes.changes.size() < batch; ++end)
      changes.changes.emplace_back(touch(end->first, end->second));
    if (!store.commit(changes, {})) return false;
    uses.erase(uses.begin(), end);
  }
  return true;
}

}  // namespace

bool UseKeeper::write(storage::Store& store) {
  for (const auto& [id, at] : sessions_.collect_touched(clock_.wall())) {
    WallMicros& latest = unwritten_sessions_[id];
    latest = std::max(latest, at);
  }
  for (const storage::TokenUse& use : tokens_.collect_touched()) unwritten_tokens_[use.id] = use;
  return write_batches(store, unwritten_sessions_, kBatch) && write_batches(store, unwritten_tokens_, kBatch);
}

}  // namespace sallyport::cli
