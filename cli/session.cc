// sallyport session list, end.
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/commands.h"
#include "cli/control_client.h"
#include "cli/node_parts.h"
#include "cli/store_lookup.h"
#include "cli/table.h"
#include "cli/when.h"

namespace sallyport::cli {
namespace {

using nlohmann::ordered_json;
using storage::SessionRecord;

// The living sessions on the gate, each with the hosts its children are on; `user` and `id` of the options narrow.
struct Family {
  SessionRecord session;
  std::vector<std::string> hosts;
};

Outcome<std::vector<Family>> select(NodeParts& node, const SelectOptions& options, const UserNames& users) {
  auto sessions = node.store->sessions(node.clock.wall());
  if (!sessions) return failure("cannot read the sessions", sessions.error());
  std::optional<UserId> user;
  if (!options.user.empty()) {
    const auto id = users.id_of(options.user);
    if (!id) return std::unexpected(id.error());
    user = *id;
  }
  std::map<RecordId, Family> families;
  for (SessionRecord& session : *sessions) {
    if (user && session.user != *user) continue;
    Family& family = families[session.family];
    if (session.id != session.family)
      family.hosts.push_back(session.host);
    else
      family.session = std::move(session);
  }
  std::vector<Family> out;
  for (auto& [id, family] : families) {
    if (family.session.id.is_zero()) continue;  // its gate session is over, and so is it
    if (options.id.empty() || id.to_string() == options.id) out.push_back(std::move(family));
  }
  return out;
}

ordered_json show(const Family& family, const UserNames& users) {
  const SessionRecord& session = family.session;
  return {{"id", session.id.to_string()},
          {"user", users.name_of(session.user)},
          {"strength", std::string(policy::to_string(session.strength))},
          {"created", show_time_exactly(session.created_at)},
          {"last_seen", show_time_exactly(session.last_seen_at)},
          {"ends", show_time_exactly(session.absolute_end)},
          {"client", session.client},
          {"user_agent", session.user_agent},
          {"hosts", family.hosts}};
}

}  // namespace

int run_session_list(Terminal& terminal, const SelectOptions& options) {
  auto node = open_node(options.config);
  if (!node) return refuse(terminal, node.error());
  const auto users = UserNames::read(*node->store);
  if (!users) return refuse(terminal, users.error());
  const auto families = select(*node, options, *users);
  if (!families) return refuse(terminal, families.error());
  if (options.format == Format::kJson) {
    ordered_json all = ordered_json::array();
    for (const Family& family : *families) all.push_back(show(family, *users));
    terminal.out << all.dump(2, ' ', false, ordered_json::error_handler_t::replace) << '\n';
    return kDone;
  }
  Table table({"ID", "USER", "STRENGTH", "SINCE", "LAST SEEN", "FROM", "PROGRAM"});
  for (const Family& family : *families) {
    const SessionRecord& session = family.session;
    table.add({session.id.to_string(), users->name_of(session.user), std::string(policy::to_string(session.strength)),
               show_time(session.created_at), show_time(session.last_seen_at), session.client, session.user_agent});
  }
  table.print(terminal.out);
  return kDone;
}

int run_session_end(Terminal& terminal, const SelectOptions& options) {
  if (options.id.empty() && options.user.empty()) {
    refuse(terminal, {"say whose sessions: --user NAME, or one: --id ID (see `session list`)"});
    return kWrongUsage;
  }
  auto node = open_node(options.config);
  if (!node) return refuse(terminal, node.error());
  const auto users = UserNames::read(*node->store);
  if (!users) return refuse(terminal, users.error());
  const auto families = select(*node, options, *users);
  if (!families) return refuse(terminal, families.error());
  if (families->empty() && !options.id.empty()) return refuse(terminal, {"there is no such session"});

  storage::ChangeSet changes;
  std::vector<storage::AdminEvent> events;
  for (const Family& family : *families) {
    changes.changes.emplace_back(storage::EndSession{family.session.id});
    events.push_back(
        {.at = node->clock.wall(),
         .action = "session.end",
         .actor = actor(),
         .object = "session " + family.session.id.to_string() + " of user " + users->name_of(family.session.user),
         .client = "",
         .detail = ""});
  }
  // Whoever signs in between the reading and this commit is ended as well.
  if (!options.user.empty()) changes.changes.emplace_back(storage::EndSessionsOfUser{*users->id_of(options.user)});
  const auto generation = node->store->commit(changes, events);
  if (!generation) return refuse(terminal, failure_of("no session was ended", generation.error()));
  tell_or_warn(terminal, node->control_socket(), *generation);
  for (const Family& family : *families)
    terminal.out << "- session " << family.session.id.to_string() << ' ' << users->name_of(family.session.user) << '\n';
  return kDone;
}

}  // namespace sallyport::cli
