// Who a request's session cookie proves, if it proves anybody.
#pragma once

#include <optional>
#include <string>

#include "policy/decision.h"
#include "sso/gate.h"
#include "storage/session_table.h"

namespace sallyport::sso {

struct SignedIn {
  storage::LiveSession session;
  const policy::CompiledUser* user;  // of the request's snapshot
  std::string cookie;                // the session cookie's value
  bool needs_factor;                 // a second factor is demanded at the gate, and this session has none
};

policy::Identity identity_of(const storage::LiveSession& session);

// Nobody when there is no living session for this host, or its user may not be here at all (gone, suspended).
std::optional<SignedIn> signed_in(const GateRequest& request, storage::SessionTable& sessions, WallMicros now);

}  // namespace sallyport::sso
