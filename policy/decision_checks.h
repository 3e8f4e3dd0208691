// The small questions that a decision is made of. decide() asks them until the answer is known; explain() asks them
// all, to say what each one found. One definition for both.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/http/url.h"
#include "policy/decision.h"

namespace sallyport::policy {

// A clock that was set back a little must not lock people out; one set back far must not keep a factor fresh.
constexpr std::chrono::seconds kClockSlack{60};

struct Demand {  // of a rule or an area, or of the person (policy/factor_demand.h)
  bool mfa = false;
  const std::optional<MfaWithin>* within = nullptr;
};

inline bool is_read_only(const RequestFacts& facts) {
  return !facts.upgrade && (facts.method == "GET" || facts.method == "HEAD" || facts.method == "OPTIONS");
}

// A WebSocket begins as a GET and then says what it likes: where methods are listed, it must be let in by name.
enum class WebSockets : uint8_t { kAsAnyMethod, kToo };

inline bool has_method(const CompiledRule& rule, const std::vector<std::string>& methods, const RequestFacts& facts,
                       WebSockets websockets) {
  if (rule.every_method) return true;
  if (facts.upgrade && websockets == WebSockets::kAsAnyMethod) return false;
  if ((rule.methods & method_bit(facts.method)) != 0) return true;
  return rule.other_methods && std::ranges::find(methods, facts.method) != methods.end();
}

inline bool has_path(const CompiledRule& rule, const std::vector<std::string>& prefixes, std::string_view path) {
  if (rule.every_path) return true;
  const auto covers = rule.ignore_case ? http::path_has_prefix_ignoring_case : http::path_has_prefix;
  for (const std::string& prefix : prefixes) {
    if (covers(path, prefix) && (!rule.whole_path || covers(prefix, path))) return true;
  }
  return false;
}

inline bool has_role(uint8_t roles, Role role) { return (roles & role_bit(role)) != 0; }

inline bool has_factor(const Identity& identity, WallMicros now, const Demand& demand) {
  if (demand.within && *demand.within) {
    // A token was made in the past by somebody who may be away: it is never fresh.
    if (identity.means != Means::kSession || !identity.factor_at) return false;
    const std::chrono::microseconds age = now - *identity.factor_at;
    if (age > (*demand.within)->within || age < -kClockSlack) return false;
  }
  return !demand.mfa || identity.strength == Strength::kMfa;
}

// Does the token reach this place at all? Null: yes; else the reason.
inline const char* outside_scope(const RequestFacts& facts) {
  const Identity& identity = *facts.identity;
  if (!identity.scope) return identity.means == Means::kToken ? "token without scope" : nullptr;
  const TokenScope& scope = *identity.scope;
  const CompiledResource& resource = facts.resource;
  if (!scope.team.empty() && scope.team != resource.spec.team) return "token scope: team";
  if (!scope.resource.empty() && scope.resource != resource.name) return "token scope: resource";
  if (scope.read_only && !is_read_only(facts)) return "token scope: read only";
  if (!scope.path_prefix.empty()) {
    // Raw paths are not in the one form that can be compared.
    if (resource.spec.paths_mode == http::PathMode::kRaw) return "token scope: path";
    if (!http::path_has_prefix(facts.path, scope.path_prefix)) return "token scope: path";
  }
  if (!scope.networks.empty() && !contains(scope.networks, facts.client.address)) return "token scope: address";
  return nullptr;
}

inline const CredentialRule* credential_for(const CompiledResource& resource, Role role, const Area* area) {
  for (const CredentialRule& rule : resource.spec.credentials) {
    if (!rule.area.empty() && (!area || area->name != rule.area)) continue;
    const bool named = std::ranges::find(rule.roles, role) != rule.roles.end();
    if (rule.roles.empty() || (named && role != Role::kNone)) return &rule;
  }
  return nullptr;
}

inline int area_of(const RequestFacts& facts) {
  const std::vector<Area>& areas = facts.resource.spec.areas;
  for (size_t i = 0; i < areas.size(); ++i) {
    if (has_path(facts.resource.rules[i], areas[i].paths, facts.path)) return static_cast<int>(i);
  }
  return -1;
}

// Areas are asked where there are any; without them an instance is for owner and member, everywhere.
inline bool has_areas(const CompiledResource& resource) {
  return resource.kind == Kind::kInstance && !resource.spec.areas.empty();
}

}  // namespace sallyport::policy
