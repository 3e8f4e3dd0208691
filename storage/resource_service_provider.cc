// What an identity provider's word makes of an account, in one commit with what belongs to it. What was planned against
// a snapshot is checked here once more, against the store.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "storage/provided_identities.h"
#include "storage/resource_service_inside.h"

namespace sallyport::storage {
namespace {

using policy::Kind;
using policy::ProvidedIdentity;
using policy::User;
using What = ProvidedAccountWish::What;

constexpr Error kMeanwhile{Code::kDenied, Side::kClient, "changed meanwhile"};

const ProvidedIdentity* identity_at(const User& user, const std::string& provider) {
  const auto found = std::ranges::find(user.identities, provider, &ProvidedIdentity::provider);
  return found == user.identities.end() ? nullptr : &*found;
}

// "plant: viewer -> owner, admin"
std::string words_of_change(const ProvidedIdentity* before, const ProvidedIdentity& after) {
  static const ProvidedIdentity kNothing;
  const ProvidedIdentity& then = before == nullptr ? kNothing : *before;
  std::string out;
  const auto add = [&out](const std::string& words) { out += (out.empty() ? "" : ", ") + words; };
  const auto role_in = [](const ProvidedIdentity& identity, const std::string& team) {
    const auto found = identity.roles.find(team);
    return found == identity.roles.end() ? policy::Role::kNone : found->second;
  };
  std::map<std::string, policy::Role> teams = then.roles;
  teams.insert(after.roles.begin(), after.roles.end());
  for (const auto& [team, role] : teams) {
    const policy::Role was = role_in(then, team);
    const policy::Role is = role_in(after, team);
    if (was != is) add(team + ": " + std::string(to_string(was)) + " -> " + std::string(to_string(is)));
  }
  if (then.admin != after.admin) add(after.admin ? "admin" : "no longer admin");
  return out;
}

class ProvidedPlanner {
 public:
  explicit ProvidedPlanner(const ProvidedAccountWish& wish) : wish_(wish) {}

  Result<void> check_provider(const StoredResource* provider) const {
    if (provider == nullptr || !provider->resource || provider->row.record.id != wish_.provider ||
        provider->row.record.version != wish_.provider_version || provider->row.record.name != wish_.identity.provider)
      return std::unexpected(kMeanwhile);
    return {};
  }

  // Nothing: the record stays as it is.
  Result<std::optional<PlannedPut>> plan_known(const StoredResource& stored) const {
    TRY(PlannedPut put, plan(stored));
    User& user = std::get<User>(put.resource.body);
    const ProvidedIdentity* const before = identity_at(user, wish_.identity.provider);
    if (before == nullptr || before->subject != wish_.identity.subject) return std::unexpected(kMeanwhile);
    const bool new_email = user.email.empty() && !wish_.email.empty();
    if (*before == wish_.identity && !new_email) return std::optional<PlannedPut>();
    put.action = "user.provided";
    CHECKED(fill(put, new_email ? wish_.email : ""));
    return std::optional(std::move(put));
  }

  Result<PlannedPut> plan_link(const StoredResource& stored) const {
    TRY(PlannedPut put, plan(stored));
    const User& user = std::get<User>(put.resource.body);
    if (user.admin || identity_at(user, wish_.identity.provider) != nullptr || !same_address(user.email, wish_.email))
      return std::unexpected(kMeanwhile);
    put.action = "user.link";
    CHECKED(fill(put, ""));
    return put;
  }

  Result<PlannedPut> plan_new() const {
    PlannedPut put;
    put.id = wish_.user;
    put.anew = true;
    put.action = "user.provision";
    put.spec = "{}";
    put.resource = {.kind = Kind::kUser, .name = wish_.name, .body = User{}};
    CHECKED(fill(put, wish_.email));
    return put;
  }

  std::string words(const PlannedPut& put) const {
    const StoredResource* const stored = put.before;
    const ProvidedIdentity* const before =
        stored == nullptr ? nullptr : identity_at(std::get<User>(stored->resource->body), wish_.identity.provider);
    std::string out = stored == nullptr ? "made" : before == nullptr ? "linked by e-mail address" : "changed";
    out += " by identity_provider " + wish_.identity.provider;
    const std::string change = words_of_change(before, wish_.identity);
    return change.empty() ? out : out + "; " + change;
  }

 private:
  static bool same_address(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; };
    return !a.empty() && std::ranges::equal(a, b, {}, lower, lower);
  }

  Result<PlannedPut> plan(const StoredResource& stored) const {
    if (stored.row.record.kind != Kind::kUser || stored.row.record.id != wish_.user) return std::unexpected(kMeanwhile);
    TRY(PlannedPut put, plan_user(stored));
    if (std::get<User>(put.resource.body).suspended) return fail(Code::kDenied, Side::kClient, "suspended");
    put.end_sessions = false;  // what is lost, the new snapshot shows
    return put;
  }

  // The identity in its place, and the address if one is given. What is written must read again.
  Result<void> fill(PlannedPut& put, const std::string& email) const {
    auto& user = std::get<User>(put.resource.body);
    std::vector<ProvidedIdentity> identities = user.identities;
    std::erase_if(identities, [&](const ProvidedIdentity& one) { return one.provider == wish_.identity.provider; });
    identities.push_back(wish_.identity);
    TRY(put.spec, with_identities(put.spec, identities));
    TRY(nlohmann::json document, document_of(Kind::kUser, put.resource.name, put.spec));
    if (!email.empty()) document["email"] = email;
    auto read = policy::read_resource(document);
    if (!read) return fail(Code::kLimit, Side::kIdentityProvider, "the account cannot hold what the provider says");
    put.spec = canonical_spec(document);
    put.resource = *std::move(read);
    return {};
  }

  const ProvidedAccountWish& wish_;
};

// The record as it would be, or nothing where it stays; `seen`: what it was read at.
struct Attempt {
  Generation seen{};
  std::optional<StoredResource> alone;  // owns what `put` refers to
  std::optional<ResourceState> state;   // the same
  std::optional<PlannedPut> put;
};

// An account that is known and keeps its address concerns nobody else: two look-ups.
Result<void> plan_alone(Store& store, const Keyring& keyring, const ProvidedAccountWish& wish, Attempt& out) {
  const ProvidedPlanner planner(wish);
  TRY(ResourceChanges provider, store.resource(wish.provider));
  out.seen = provider.generation;
  if (provider.changed.empty()) return std::unexpected(kMeanwhile);
  const StoredResource judged_provider = judge(std::move(provider.changed.front()), keyring);
  CHECKED(planner.check_provider(&judged_provider));
  TRY(ResourceChanges user, store.resource(wish.user));
  if (user.changed.empty()) return std::unexpected(kMeanwhile);
  out.alone = judge(std::move(user.changed.front()), keyring);
  TRY(out.put, planner.plan_known(*out.alone));
  return {};
}

Result<void> plan_among_all(Store& store, const Keyring& keyring, const ProvidedAccountWish& wish, Attempt& out) {
  const ProvidedPlanner planner(wish);
  TRY(out.state, read_state(store, keyring, people_alone()));
  const ResourceState& state = *out.state;
  out.seen = state.generation;
  CHECKED(planner.check_provider(state.find(Kind::kIdentityProvider, wish.identity.provider)));
  const StoredResource* const user = state.find(Kind::kUser, wish.name);
  if (wish.what == What::kCreate) {
    if (user != nullptr || state.find(Kind::kServiceAccount, wish.name) != nullptr) return std::unexpected(kMeanwhile);
    TRY(out.put, planner.plan_new());
  } else {
    if (user == nullptr) return std::unexpected(kMeanwhile);
    if (wish.what == What::kLink) {
      TRY(out.put, planner.plan_link(*user));
    } else {
      TRY(out.put, planner.plan_known(*user));
    }
  }
  if (!out.put) return {};
  ResourcePlan plan;
  plan.puts.push_back(*out.put);
  plan.documents.emplace(ResourceKey{Kind::kUser, wish.name}, 0);  // it is this one that is at fault
  Mistakes mistakes;
  check_references(state, plan, "", mistakes);
  if (!mistakes.empty()) return std::unexpected(kMeanwhile);
  return {};
}

}  // namespace

Result<ProvidedAccount> ResourceService::put_provided_account(const ProvidedAccountWish& wish) {
  const bool concerns_others = wish.what != What::kKnown || !wish.email.empty();
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    Attempt now;
    if (concerns_others) {
      CHECKED(plan_among_all(store_, keyring_, wish, now));
    } else {
      CHECKED(plan_alone(store_, keyring_, wish, now));
    }
    PreparedChanges prepared;
    if (now.put) {
      const std::string words = ProvidedPlanner(wish).words(*now.put);
      ResourcePlan plan;
      plan.puts.push_back(*std::move(now.put));
      TRY(prepared, prepare_changes(plan, now.seen, {}, keyring_, wish.name, clock_.wall()));
      prepared.events.front().client = wish.client;
      prepared.events.front().detail = words;
    }
    const bool changed = !prepared.events.empty();
    std::ranges::copy(wish.more.changes, std::back_inserter(prepared.changes.changes));
    std::ranges::copy(wish.events, std::back_inserter(prepared.events));
    prepared.changes.expected = now.seen;
    const auto generation = store_.commit(prepared.changes, prepared.events);
    if (generation) return ProvidedAccount{.generation = *generation, .changed = changed};
    if (generation.error().code != Code::kConflict) return std::unexpected(generation.error());
    TRY(const Generation since, store_.generation());
    if (since == now.seen) return std::unexpected(generation.error());  // it was `more` that met the conflict
  }
  return std::unexpected(kTooBusy);
}

}  // namespace sallyport::storage
