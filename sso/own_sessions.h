// A person's own sessions on the gate: what they are, and their ends. What is here is only ever the person's: somebody
// else's session is not found. Behind the account page and the API; any thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/task.h"
#include "sso/in_force.h"
#include "storage/session_table.h"
#include "storage/store.h"

namespace sallyport::sso {

constexpr size_t kSessionsShownMax = 100;

struct OwnSession {
  RecordId id;  // of the family
  bool current = false;
  std::string client;  // the address it began from
  std::string user_agent;
  std::vector<std::string> hosts;  // it was handed over to; each once, in order
  WallMicros created_at{};
  WallMicros last_seen_at{};
  WallMicros absolute_end{};
  policy::Strength strength = policy::Strength::kPassword;
};

struct OwnSessionList {
  std::vector<OwnSession> shown;  // the current one, then by last use; at most kSessionsShownMax
  size_t all = 0;
};

// Who asks, from where and in which session.
struct Asker {
  UserId user;
  RecordId session;  // the family's
  std::string name;
  std::string client;
};

class OwnSessions {
 public:
  // session_ended: told of each family after commit and table, before the answer; may be empty.
  OwnSessions(storage::StoreThread& store, storage::SessionTable& sessions, const Clock& clock,
              std::function<void(const RecordId& family)> session_ended, AwaitInForce in_force)
      : store_(store),
        sessions_(sessions),
        clock_(clock),
        session_ended_(std::move(session_ended)),
        in_force_(std::move(in_force)) {}

  // errors, of all of these: the store's. What has ended when they return is over in every worker, with all that lived
  // by it.
  Task<Result<OwnSessionList>> list(Loop& home, Asker asker);
  // errors: kNotFound no living session of theirs has this id.
  Task<Result<void>> end(Loop& home, Asker asker, RecordId id);
  // The asker's own.
  Task<Result<void>> sign_out(Loop& home, Asker asker);
  // returns: how many.
  Task<Result<size_t>> end_others(Loop& home, Asker asker);
  // Their tokens that have not expired, oldest first.
  Task<Result<std::vector<storage::TokenRecord>>> tokens(Loop& home, UserId user);

 private:
  Task<Result<void>> end_one(Loop& home, RecordId id, storage::AdminEvent event);

  storage::StoreThread& store_;
  storage::SessionTable& sessions_;
  const Clock& clock_;
  std::function<void(const RecordId& family)> session_ended_;
  AwaitInForce in_force_;
};

}  // namespace sallyport::sso
