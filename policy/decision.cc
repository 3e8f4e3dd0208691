#include "policy/decision.h"

#include <algorithm>

#include "policy/certificate_pattern.h"
#include "policy/decision_checks.h"
#include "policy/factor_demand.h"

namespace sallyport::policy {
namespace {

// What one rule says of a request.
enum class Fit : uint8_t { kNo, kNeedsFactor, kFits };

// Who is asking, as far as that counts here: sets user and role. Null: fine; else the reason.
const char* recognise(const RequestFacts& facts, Decision& decision) {
  const CompiledUser* user = facts.snapshot.user(facts.identity->user);
  if (!user) return "no such user";
  decision.user = user;
  if (user->damaged) return "damaged user";
  if (user->suspended) return "suspended";
  if (const char* reason = outside_scope(facts)) return reason;
  decision.role = role_on(facts.resource, user->id);
  return nullptr;
}

// area: the one that decided, if one did.
void allow(const RequestFacts& facts, Decision& decision, int rule, const char* reason, const Area* area = nullptr) {
  decision.outcome = Outcome::kAllow;
  decision.rule = rule;
  decision.reason = reason;
  decision.credential = credential_for(facts.resource, decision.role, area);
}

void deny(Decision& decision, int rule, const char* reason) {
  decision.outcome = Outcome::kDeny;
  decision.rule = rule;
  decision.reason = reason;
}

// All fits but the factor. A token cannot show one.
void ask_for_factor(const Identity& identity, Decision& decision, int rule,
                    const std::optional<MfaWithin>& within = std::nullopt) {
  decision.outcome = identity.means == Means::kSession ? Outcome::kStepUp : Outcome::kDeny;
  decision.rule = rule;
  decision.reason = identity.means == Means::kSession ? "second factor" : "token without second factor";
  if (within) decision.within = within->within;
}

// Of who was recognised, on this resource.
bool demanded(const RequestFacts& facts, const Decision& decision) {
  return static_cast<bool>(factor_demand(facts.snapshot, *decision.user, decision.role, &facts.resource));
}

Fit fit_of(const RequestFacts& facts, const AccessRule& rule, const CompiledRule& compiled, Role role, bool mfa) {
  if (!has_role(compiled.roles, role) || !has_method(compiled, rule.methods, facts, WebSockets::kAsAnyMethod))
    return Fit::kNo;
  if (!has_path(compiled, rule.paths, facts.path)) return Fit::kNo;
  if (!compiled.admitted.admits(facts.client.address)) return Fit::kNo;
  if (!bears_one_of(facts.certificate, rule.certificates)) return Fit::kNo;
  return has_factor(*facts.identity, facts.now, {mfa || rule.mfa, &rule.mfa_within}) ? Fit::kFits : Fit::kNeedsFactor;
}

// Allowed if any rule fits; else a factor is asked for if one lacks nothing else; else denied.
void decide_by_rules(const RequestFacts& facts, Decision& decision) {
  const std::vector<AccessRule>& rules = facts.resource.spec.access;
  const bool mfa = demanded(facts, decision);
  int needs_factor = -1;
  for (size_t i = 0; i < rules.size(); ++i) {
    switch (fit_of(facts, rules[i], facts.resource.rules[i], decision.role, mfa)) {
      case Fit::kFits:
        return allow(facts, decision, static_cast<int>(i), "rule");
      case Fit::kNeedsFactor:
        if (needs_factor < 0) needs_factor = static_cast<int>(i);
        break;
      case Fit::kNo:
        break;
    }
  }
  if (needs_factor >= 0)
    return ask_for_factor(*facts.identity, decision, needs_factor, rules[static_cast<size_t>(needs_factor)].mfa_within);
  deny(decision, -1, "no rule allows");
}

void decide_by_area(const RequestFacts& facts, Decision& decision, const Area& area, int index) {
  const CompiledRule& rule = facts.resource.rules[static_cast<size_t>(index)];
  if (!has_role(rule.roles, decision.role)) return deny(decision, index, "area: role");
  const auto websockets = area.websocket ? WebSockets::kToo : WebSockets::kAsAnyMethod;
  if (!has_method(rule, area.methods, facts, websockets)) return deny(decision, index, "area: method");
  if (!rule.admitted.admits(facts.client.address)) return deny(decision, index, "area: address");
  if (!bears_one_of(facts.certificate, area.certificates)) return deny(decision, index, "area: certificate");
  const bool read_only = has_role(rule.read_only_for, decision.role);
  if (read_only) {
    RequestFacts without_upgrade = facts;
    if (area.websocket) without_upgrade.upgrade = false;
    if (!is_read_only(without_upgrade)) return deny(decision, index, "area: read only");
  }
  const Demand demand{demanded(facts, decision) || area.mfa, &area.mfa_within};
  if (!has_factor(*facts.identity, facts.now, demand))
    return ask_for_factor(*facts.identity, decision, index, area.mfa_within);
  allow(facts, decision, index, "area", &area);
  if (read_only && facts.upgrade) decision.messages = area.read_only_messages;
}

// No areas: owner and member, everywhere.
void decide_without_areas(const RequestFacts& facts, Decision& decision) {
  if (decision.role != Role::kOwner && decision.role != Role::kMember) return deny(decision, -1, "no rule allows");
  if (!has_factor(*facts.identity, facts.now, {demanded(facts, decision), nullptr}))
    return ask_for_factor(*facts.identity, decision, -1);
  allow(facts, decision, -1, "default");
}

// A public area needs no identity, and one that would not count elsewhere does not count here either: such a request is
// let in as nobody's, so that a weak session never gets a role's credential.
void decide_in_public(const RequestFacts& facts, Decision& decision, const Area& area, int index) {
  const CompiledRule& rule = facts.resource.rules[static_cast<size_t>(index)];
  if (!has_method(rule, area.methods, facts, WebSockets::kAsAnyMethod)) return deny(decision, index, "area: method");
  if (!rule.admitted.admits(facts.client.address)) return deny(decision, index, "area: address");
  if (!bears_one_of(facts.certificate, area.certificates)) return deny(decision, index, "area: certificate");
  const bool counts = facts.identity && !recognise(facts, decision) &&
                      has_factor(*facts.identity, facts.now, {demanded(facts, decision), nullptr});
  if (!counts) {
    decision.user = nullptr;
    decision.role = Role::kNone;
  }
  allow(facts, decision, index, "public area", &area);
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::kAllow:
      return "allow";
    case Outcome::kSignIn:
      return "sign-in";
    case Outcome::kStepUp:
      return "step-up";
    case Outcome::kDeny:
      return "deny";
  }
  return "deny";
}

bool address_allowed(const Snapshot& snapshot, const CompiledResource& resource, const ClientAddress& client) {
  return !snapshot.platform_damaged() && snapshot.platform_admits(client) &&
         resource.team->admitted.admits(client.address) && resource.admitted.admits(client.address);
}

Decision decide(const RequestFacts& facts) {
  Decision decision;
  const CompiledResource& resource = facts.resource;
  if (resource.damaged || facts.snapshot.platform_damaged()) {
    deny(decision, -1, "damaged");
    return decision;
  }
  if (!address_allowed(facts.snapshot, resource, facts.client)) {
    deny(decision, -1, "address");
    return decision;
  }
  const bool by_area = has_areas(resource);
  const int index = by_area ? area_of(facts) : -1;
  const Area* area = index >= 0 ? &resource.spec.areas[static_cast<size_t>(index)] : nullptr;
  if (area && area->is_public) {
    decide_in_public(facts, decision, *area, index);
    return decision;
  }
  if (!facts.identity) {  // whatever the place is: what is behind it is nobody's to know
    decision.outcome = Outcome::kSignIn;
    decision.reason = "nobody is signed in";
    return decision;
  }
  if (const char* reason = recognise(facts, decision)) {
    deny(decision, -1, reason);
  } else if (decision.role == Role::kNone) {
    deny(decision, -1, "no role");
  } else if (resource.kind == Kind::kDatasource) {
    decide_by_rules(facts, decision);
  } else if (!by_area) {
    decide_without_areas(facts, decision);
  } else if (!area) {
    deny(decision, -1, "no area");
  } else {
    decide_by_area(facts, decision, *area, index);
  }
  return decision;
}

Decision decide_gate(const Snapshot& snapshot, const Identity& identity) {
  Decision decision;
  decision.user = snapshot.user(identity.user);
  if (snapshot.platform_damaged()) {
    deny(decision, -1, "damaged");
  } else if (!decision.user) {
    deny(decision, -1, "no such user");
  } else if (decision.user->damaged) {
    deny(decision, -1, "damaged user");
  } else if (decision.user->suspended) {
    deny(decision, -1, "suspended");
  } else if (identity.means == Means::kToken && !identity.scope) {
    deny(decision, -1, "token without scope");
  } else if (identity.strength != Strength::kMfa &&
             factor_demand(snapshot, *decision.user, Role::kNone, /*resource=*/nullptr)) {
    ask_for_factor(identity, decision, -1);
  } else {
    decision.outcome = Outcome::kAllow;
    decision.reason = "gate";
  }
  return decision;
}

}  // namespace sallyport::policy
