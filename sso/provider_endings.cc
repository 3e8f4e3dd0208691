#include "sso/provider_endings.h"

namespace sallyport::sso {

Task<Result<size_t>> ProviderEndings::end(Loop& home, std::string provider, std::string client,
                                          std::vector<storage::SessionOrigin> origins, storage::UseOnce once) {
  if (origins.size() > kSessionsEndedMax) origins.resize(kSessionsEndedMax);
  storage::ChangeSet changes;
  std::vector<storage::AdminEvent> events;
  changes.changes.emplace_back(once);
  for (const storage::SessionOrigin& origin : origins) {
    changes.changes.emplace_back(storage::EndSession{origin.session});
    storage::AdminEvent event;
    event.at = parts_.clock.wall();
    event.action = "session.end";
    event.actor = "identity_provider " + provider;
    event.object = "session " + origin.session.to_string();
    event.client = client;
    event.detail = "signed out at the provider";
    events.push_back(std::move(event));
  }
  auto committing = parts_.store.commit(home, std::move(changes), std::move(events));
  CO_TRY(const storage::Generation generation, co_await committing);
  for (const storage::SessionOrigin& origin : origins) {
    parts_.sessions.end(origin.session);
    if (parts_.session_ended) parts_.session_ended(origin.session);
  }
  auto waiting = wait_until_in_force(parts_.in_force, home, generation);
  co_await waiting;
  co_return origins.size();
}

}  // namespace sallyport::sso
