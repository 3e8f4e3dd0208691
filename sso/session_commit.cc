#include "sso/session_commit.h"

#include <algorithm>
#include <memory>

namespace sallyport::sso {
namespace {

constexpr int kAttemptsMax = 8;  // against commits of other processes

// On the store's thread. Nothing of this process comes between the look and the commit; another process is seen by the
// generation.
Result<storage::Generation> look_and_commit(storage::Store& store, const VerifiedUser& user,
                                            storage::ChangeSet& changes,
                                            const std::vector<storage::AdminEvent>& events) {
  for (int attempt = 1;; ++attempt) {
    TRY(const storage::Generation now, store.generation());
    TRY(const storage::ResourceChanges since, store.resources_since(user.seen));
    const auto is_user = [&](const storage::ResourceRow& row) { return row.record.id == user.id; };
    if (std::ranges::any_of(since.changed, is_user) || std::ranges::count(since.deleted, user.id) > 0)
      return fail(Code::kDenied, Side::kClient, "changed meanwhile");
    changes.expected = now;
    auto committed = store.commit(changes, events);
    if (committed || committed.error().code != Code::kConflict || attempt == kAttemptsMax) return committed;
  }
}

struct Outcome {
  std::optional<Result<storage::Generation>> value;
  WaitSlot slot;  // of the home thread
};

}  // namespace

Task<Result<storage::Generation>> commit_for(Loop& home, storage::StoreThread& store, VerifiedUser user,
                                             storage::ChangeSet changes, std::vector<storage::AdminEvent> events) {
  auto outcome = std::make_shared<Outcome>();  // outlives this frame when the client hangs up
  const bool queued = store.submit([outcome, home = home.mailbox(), user, changes = std::move(changes),
                                    events = std::move(events)](storage::Store& inside) mutable {
    outcome->value = look_and_commit(inside, user, changes, events);
    home->post([outcome = std::move(outcome)] { outcome->slot.wake(); });
  });
  if (!queued) co_return fail(Code::kUnavailable, Side::kStorage, "too much work is waiting");
  auto waiting = outcome->slot.wait();
  co_await waiting;
  co_return *std::move(outcome->value);
}

}  // namespace sallyport::sso
