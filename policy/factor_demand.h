// Of whom is a second factor demanded, whatever the rule that lets a request in says? The one answer to that: decide(),
// decide_gate(), the sign-in and explain() ask here.
#pragma once

#include "policy/snapshot.h"

namespace sallyport::policy {

struct FactorDemand {
  bool platform = false;  // of everybody, of this role, or of an admin
  bool team = false;
  bool user = false;  // the user's own record says so
  bool own = false;   // the user has factors, and who has any is always asked
  explicit operator bool() const { return platform || team || user || own; }
};

// resource: where the user wants to go, with that role there; null: at the gate itself, where nobody has a role.
FactorDemand factor_demand(const Snapshot& snapshot, const CompiledUser& user, Role role,
                           const CompiledResource* resource);

}  // namespace sallyport::policy
