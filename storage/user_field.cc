#include "storage/user_field.h"

#include <algorithm>

#include "storage/resource_changes.h"

namespace sallyport::storage {
namespace {

constexpr int kAttemptsMax = 8;  // against commits of other processes

Result<PlannedPut> plan_edit(const StoredResource& stored, const UserFieldEdit& edit) {
  TRY(PlannedPut put, plan_user(stored));
  const auto now = std::ranges::find(put.secrets, edit.field, &PlannedSecret::field);
  const uint64_t is = now == put.secrets.end() ? 0 : now->kept->epoch;
  if (is != edit.was) return fail(Code::kConflict, Side::kStorage, "the field was changed by somebody else meanwhile");
  if (now != put.secrets.end()) put.secrets.erase(now);
  if (edit.value)
    put.secrets.push_back({edit.field, nullptr, &*edit.value});
  else if (edit.was != 0)
    put.gone.push_back(edit.field);
  put.end_sessions = false;  // whose sessions end is said in `more`
  return put;
}

}  // namespace

Result<Generation> edit_user_field(Store& store, const Keyring& keyring, const UserFieldEdit& edit,
                                   const ChangeSet& more, const std::vector<AdminEvent>& events) {
  for (int attempt = 1;; ++attempt) {
    TRY(const Generation now, store.generation());
    TRY(ResourceRow row, store.resource(edit.user));
    if (row.record.kind != policy::Kind::kUser) return fail(Code::kNotFound, Side::kClient, "there is no such user");
    const StoredResource stored = judged_and_read(std::move(row), keyring);
    ResourcePlan plan;
    TRY(PlannedPut put, plan_edit(stored, edit));
    plan.puts.push_back(std::move(put));
    // The event is the caller's, who knows what the change means.
    TRY(PreparedChanges prepared, prepare_changes(plan, now, {}, keyring, "", WallMicros{}));
    std::ranges::copy(more.changes, std::back_inserter(prepared.changes.changes));
    auto committed = store.commit(prepared.changes, events);
    if (committed || committed.error().code != Code::kConflict || attempt == kAttemptsMax) return committed;
    TRY(const Generation since, store.generation());
    if (since == now) return committed;  // it was not for somebody else's change
  }
}

}  // namespace sallyport::storage
