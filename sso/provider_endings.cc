#include "sso/provider_endings.h"

#include <algorithm>
#include <span>

namespace sallyport::sso {

Task<Result<size_t>> ProviderEndings::end(Loop& home, std::string provider, std::string client,
                                          std::vector<storage::SessionOrigin> origins, storage::UseOnce once) {
  storage::Generation generation{};
  for (size_t ended = 0; ended == 0 || ended < origins.size();) {
    const std::span part = std::span(origins).subspan(ended, std::min(kSessionsEndedMax, origins.size() - ended));
    storage::ChangeSet changes;
    std::vector<storage::AdminEvent> events;
    if (ended == 0) changes.changes.emplace_back(once);
    for (const storage::SessionOrigin& origin : part) {
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
    CO_TRY(generation, co_await committing);
    for (const storage::SessionOrigin& origin : part) {
      parts_.sessions.end(origin.session);
      if (parts_.session_ended) parts_.session_ended(origin.session);
    }
    if (part.empty()) break;
    ended += part.size();
  }
  auto waiting = wait_until_in_force(parts_.in_force, home, generation);
  co_await waiting;
  co_return origins.size();
}

}  // namespace sallyport::sso
