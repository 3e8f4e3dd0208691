#include "sso/own_sessions.h"

#include <algorithm>
#include <map>

namespace sallyport::sso {
namespace {

using storage::SessionRecord;

storage::AdminEvent event_of(const Asker& asker, const RecordId& ended, std::string detail, WallMicros at) {
  storage::AdminEvent out;
  out.at = at;
  out.action = "session.end";
  out.actor = asker.name;
  out.object = "session " + ended.to_string();
  out.client = asker.client;
  out.detail = std::move(detail);
  return out;
}

OwnSession shown(SessionRecord& record, const RecordId& current) {
  return {.id = record.id,
          .current = record.id == current,
          .client = std::move(record.client),
          .user_agent = std::move(record.user_agent),
          .hosts = {},
          .created_at = record.created_at,
          .last_seen_at = record.last_seen_at,
          .absolute_end = record.absolute_end,
          .strength = record.strength};
}

// records: gate sessions before their children, as the store gives them.
OwnSessionList gather(std::vector<SessionRecord> records, const RecordId& current, const storage::SessionTable& table,
                      WallMicros now) {
  std::map<RecordId, OwnSession> families;
  for (SessionRecord& record : records) {
    if (record.id == record.family) {
      // The table knows of uses that are not written yet, and of an end that nobody has swept up.
      const auto live = table.family(record.id, now);
      if (!live) continue;
      OwnSession& session = families[record.id] = shown(record, current);
      session.last_seen_at = std::max(session.last_seen_at, live->last_seen);
    } else if (const auto family = families.find(record.family); family != families.end()) {
      family->second.hosts.push_back(std::move(record.host));
    }
  }
  OwnSessionList out;
  out.all = families.size();
  for (auto& [id, session] : families) {
    std::ranges::sort(session.hosts);
    const auto twice = std::ranges::unique(session.hosts);
    session.hosts.erase(twice.begin(), twice.end());
    out.shown.push_back(std::move(session));
  }
  std::ranges::sort(out.shown, [](const OwnSession& one, const OwnSession& other) {
    return one.current != other.current ? one.current : other.last_seen_at < one.last_seen_at;
  });
  if (out.shown.size() > kSessionsShownMax) out.shown.resize(kSessionsShownMax);
  return out;
}

}  // namespace

Task<Result<OwnSessionList>> OwnSessions::list(Loop& home, Asker asker) {
  const WallMicros now = clock_.wall();
  auto reading = store_.run<std::vector<SessionRecord>>(
      home, [user = asker.user, now](storage::Store& store) { return store.sessions_of(user, now); });
  CO_TRY(std::vector<SessionRecord> records, co_await reading);
  co_return gather(std::move(records), asker.session, sessions_, now);
}

Task<Result<void>> OwnSessions::end(Loop& home, Asker asker, RecordId id) {
  const WallMicros now = clock_.wall();
  const auto family = sessions_.family(id, now);
  if (!family || family->user != asker.user) co_return fail(Code::kNotFound, Side::kClient, "there is no such session");
  auto ending = end_one(home, id, event_of(asker, id, "ended by session " + asker.session.to_string(), now));
  co_return co_await ending;
}

Task<Result<void>> OwnSessions::sign_out(Loop& home, Asker asker) {
  auto ending = end_one(home, asker.session, event_of(asker, asker.session, "signed out", clock_.wall()));
  co_return co_await ending;
}

// The table is marked on the store's thread, right behind the commit: the end holds even when nobody waits for the
// answer any more.
Task<Result<void>> OwnSessions::end_one(Loop& home, RecordId id, storage::AdminEvent event) {
  auto ending = store_.run<storage::Generation>(
      home, [&table = sessions_, id, event = std::move(event)](storage::Store& store) -> Result<storage::Generation> {
        storage::ChangeSet changes;
        changes.changes.emplace_back(storage::EndSession{id});
        TRY(const storage::Generation generation, store.commit(changes, {event}));
        table.end(id);
        return generation;
      });
  CO_TRY(const storage::Generation generation, co_await ending);
  if (session_ended_) session_ended_(id);
  auto following = wait_until_in_force(in_force_, home, generation);
  co_await following;
  co_return Result<void>{};
}

Task<Result<size_t>> OwnSessions::end_others(Loop& home, Asker asker) {
  struct Ended {
    std::vector<RecordId> families;
    storage::Generation generation{};
  };
  const WallMicros now = clock_.wall();
  auto ending = store_.run<Ended>(home, [&table = sessions_, asker, now](storage::Store& store) -> Result<Ended> {
    TRY(const std::vector<SessionRecord> records, store.sessions_of(asker.user, now));
    storage::ChangeSet changes;
    std::vector<storage::AdminEvent> events;
    Ended out;
    for (const SessionRecord& record : records) {
      if (record.id != record.family || record.id == asker.session) continue;
      out.families.push_back(record.id);
      changes.changes.emplace_back(storage::EndSession{record.id});
      events.push_back(event_of(asker, record.id, "all but this ended by session " + asker.session.to_string(), now));
    }
    if (out.families.empty()) return out;
    TRY(out.generation, store.commit(changes, events));
    for (const RecordId& family : out.families) table.end(family);
    return out;
  });
  CO_TRY(const Ended ended, co_await ending);
  if (ended.families.empty()) co_return 0;
  if (session_ended_)
    for (const RecordId& family : ended.families) session_ended_(family);
  auto following = wait_until_in_force(in_force_, home, ended.generation);
  co_await following;
  co_return ended.families.size();
}

Task<Result<std::vector<storage::TokenRecord>>> OwnSessions::tokens(Loop& home, UserId user) {
  auto reading = store_.run<std::vector<storage::TokenRecord>>(
      home, [user](storage::Store& store) { return store.tokens_of(user); });
  CO_TRY(std::vector<storage::TokenRecord> tokens, co_await reading);
  std::erase_if(tokens, [now = clock_.wall()](const storage::TokenRecord& token) { return token.expires_at <= now; });
  co_return std::move(tokens);
}

}  // namespace sallyport::sso
