// Facts in, Decision out: a pure function without I/O and clock. Undecided is denied.
#pragma once

#include <string_view>

#include "base/client_certificate.h"
#include "policy/identity.h"
#include "policy/snapshot.h"

namespace sallyport::policy {

enum class Outcome : uint8_t {
  kAllow,
  kSignIn,  // nobody is signed in and the place is not public
  kStepUp,  // all but the second factor (or its age) fits
  kDeny,
};
std::string_view to_string(Outcome outcome);

struct RequestFacts {
  const Snapshot& snapshot;
  const CompiledResource& resource;
  std::string_view method;
  std::string_view path;  // Place::path
  bool upgrade = false;
  ClientAddress client;
  const Identity* identity = nullptr;              // null: nobody
  const ClientCertificate* certificate = nullptr;  // verified and in force; null: none. A condition, never an identity
  WallMicros now{};
};

struct Decision {
  Outcome outcome = Outcome::kDeny;
  Role role = Role::kNone;
  const CredentialRule* credential = nullptr;  // what to inject; null: nothing. Lives as long as the snapshot
  const CompiledUser* user = nullptr;
  MessageRule messages = MessageRule::kAny;    // where a WebSocket is allowed: what the client may say on it
  std::optional<std::chrono::seconds> within;  // kStepUp: how old the factor may be; nothing: any will do
  int rule = -1;                               // index of the access rule or area that decided; -1: none
  const char* reason =
      "";  // a literal for the audit entry: "rule", "no rule allows", "address", "suspended", "scope", ...
};

// Asked before anybody is identified: may this address speak to this resource at all (platform, team, resource lists)?
bool address_allowed(const Snapshot& snapshot, const CompiledResource& resource, const ClientAddress& client);

// The whole decision: address lists again, suspension, assurance (mfa of platform, team, user and rule, and of whoever
// has factors), token scope, role, rules or areas. cost: linear in the resource's own rules.
Decision decide(const RequestFacts& facts);

// May an admin (or anybody) act on the gate itself; assurance alone (A4): the user exists, is not suspended or damaged,
// and has shown the factor that is demanded there.
Decision decide_gate(const Snapshot& snapshot, const Identity& identity);

}  // namespace sallyport::policy
