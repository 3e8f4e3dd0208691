// One commit: every change, the admin events and the new generation in one transaction, or nothing.
#include "storage/admin_chain.h"
#include "storage/sqlite/sqlite_store_inside.h"
#include "storage/sqlite/write_change.h"

namespace sallyport::storage {
namespace {

struct State {
  uint64_t generation = 0;
  uint64_t definitions = 0;
  ChainHead head;
};

Result<State> read_state(Connection& connection) {
  TRY(Query read, connection.query("SELECT generation, definitions, admin_seq, admin_head FROM installation"));
  TRY(const bool found, read.row());
  const auto hash = found ? read.digest(3) : std::nullopt;
  if (!hash) return fail(Code::kInternal, Side::kStorage, "a row of the store is damaged");
  return State{read.number(0), read.number(1), {read.number(2), *hash}};
}

Result<void> write_state(Connection& connection, const State& state) {
  TRY(Query write,
      connection.query("UPDATE installation SET generation = ?, definitions = ?, admin_seq = ?, admin_head = ?"));
  return write.bind(static_cast<int64_t>(state.generation))
      .bind(static_cast<int64_t>(state.definitions))
      .bind(static_cast<int64_t>(state.head.seq))
      .bind(state.head.hash)
      .run();
}

}  // namespace

Result<void> SqliteStore::append_events(const std::vector<AdminEvent>& events, ChainHead& head) {
  for (const AdminEvent& event : events) {
    const uint64_t seq = head.seq + 1;
    const Sha256 hash = admin_event_hash(head.hash, seq, event);
    TRY(Query insert,
        connection_.query("INSERT INTO admin_events (seq, at, action, actor, object, client, detail, previous, hash)"
                          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    insert.bind(static_cast<int64_t>(seq)).bind(event.at).bind(event.action).bind(event.actor).bind(event.object);
    CHECKED(insert.bind(event.client).bind(event.detail).bind(head.hash).bind(hash).run());
    head = {seq, hash};
  }
  return {};
}

Result<Generation> SqliteStore::commit(const ChangeSet& changes, const std::vector<AdminEvent>& events) {
  TRY(Transaction transaction, Transaction::to_write(connection_));
  TRY(State state, read_state(connection_));
  if (changes.expected && state.definitions > count(*changes.expected))
    return fail(Code::kConflict, Side::kStorage, "resources were changed by somebody else meanwhile");
  ChangeWriter writer(connection_, state.generation + 1);
  for (const Change& change : changes.changes) CHECKED(std::visit(writer, change));
  if (writer.followed()) ++state.generation;
  if (writer.defined()) state.definitions = state.generation;
  CHECKED(append_events(events, state.head));
  if (writer.followed() || !events.empty()) CHECKED(write_state(connection_, state));
  CHECKED(transaction.commit());
  return Generation{state.generation};
}

}  // namespace sallyport::storage
