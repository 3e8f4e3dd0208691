// The third step of a snapshot: names become users, resources get their team and their place.
#include <algorithm>

#include "policy/snapshot_builder.h"

namespace sallyport::policy {
namespace {

size_t segments_of(std::string_view prefix) { return static_cast<size_t>(std::ranges::count(prefix, '/')); }

}  // namespace

const std::shared_ptr<const CompiledTeam>& no_team() {
  static const auto team = [] {
    CompiledTeam none;
    none.damaged = true;
    return std::make_shared<const CompiledTeam>(std::move(none));
  }();
  return team;
}

std::optional<UserId> SnapshotBuilder::user_named(const std::string& name) const {
  const Login* login = logins_.peek(name);
  std::optional<UserId> out;
  for (const UserId& id : login ? login->users : std::vector<UserId>{}) {
    const auto* user = users_.find(id);
    if (!user || (*user)->damaged) continue;
    if (out) return std::nullopt;
    out = id;
  }
  return out;
}

// Whatever mentions a name that now means somebody else (or nobody, or somebody again) has to be compiled anew.
void SnapshotBuilder::compile_names() {
  for (const std::string& name : moved_names_) {
    std::optional<UserId> meant;
    if (const auto* login = before_ ? before_->logins.find(name) : nullptr) {
      int sound = 0;
      for (const UserId& id : (*login)->users) {
        const auto* user = before_->users.find(id);
        if (!user || (*user)->damaged) continue;
        meant = id;
        ++sound;
      }
      if (sound != 1) meant.reset();
    }
    if (meant == user_named(name)) continue;
    const Mentions* mentions = mentions_.peek(name);
    if (!mentions) continue;
    moved_teams_.insert(mentions->teams.begin(), mentions->teams.end());
    moved_resources_.insert(mentions->resources.begin(), mentions->resources.end());
  }
}

void SnapshotBuilder::compile_team(const std::string& name) {
  TeamSlot& slot = teams_.at(name);
  moved_resources_.insert(slot.resources.begin(), slot.resources.end());
  slot.compiled = nullptr;
  if (slot.records.empty()) return;
  const std::shared_ptr<const TeamRecord> record = *team_records_.find(slot.records.front());
  CompiledTeam team;
  team.name = record->name;
  team.networks = record->spec.networks;
  team.mfa = record->spec.mfa;
  team.mfa_roles = record->spec.mfa_roles;
  team.admitted = AddressSet(team.networks);
  team.damaged = record->damaged || slot.records.size() > 1;
  if (!team.damaged) {
    for (const auto& [user, role] : record->spec.members) {
      const auto id = user_named(user);
      if (id && !(*users_.find(*id))->account) team.members.emplace(*id, role);
    }
    for (const UserId& id : slot.accounts) {
      const CompiledUser& account = **users_.find(id);
      if (user_named(account.name) == id) team.members.emplace(id, account.account->role);
    }
    for (const UserId& id : slot.provided) {  // the highest role wins
      for (const ProvidedIdentity& identity : (*users_.find(id))->identities) {
        const auto given = identity.roles.find(name);
        if (given == identity.roles.end()) continue;
        Role& role = team.members[id];
        role = std::max(role, given->second);
      }
    }
  }
  slot.compiled = std::make_shared<const CompiledTeam>(std::move(team));
}

void SnapshotBuilder::compile_resource(const RecordId& id) {
  const ResourceSlot* slot = resources_.find(id);
  if (!slot) return;
  ResourceSlot next = *slot;
  auto compiled = std::make_shared<CompiledResource>(*slot->compiled);
  const TeamSlot* team = teams_.peek(compiled->spec.team);
  compiled->team = team && team->compiled ? team->compiled : no_team();
  compiled->role_overrides.clear();
  for (const auto& [name, role] : compiled->spec.roles) {
    if (const auto user = user_named(name)) compiled->role_overrides.emplace(*user, role);
  }
  compiled->damaged = next.record_damaged || compiled->team->damaged;
  if (!compiled->spec.at.host.empty()) moved_hosts_[compiled->spec.at.host].came.push_back(id);
  next.compiled = std::move(compiled);
  resources_.set(std::move(next));
}

bool SnapshotBuilder::is_sound(const ResourceSlot& slot) const {
  return !slot.record_damaged && !slot.compiled->team->damaged;
}

void SnapshotBuilder::mark(const RecordId& id, bool damaged) {
  const ResourceSlot& slot = *resources_.find(id);
  if (slot.compiled->damaged == damaged) return;
  ResourceSlot next = slot;
  auto compiled = std::make_shared<CompiledResource>(*slot.compiled);
  compiled->damaged = damaged;
  next.compiled = std::move(compiled);
  resources_.set(std::move(next));
}

void SnapshotBuilder::compile_host(const std::string& host) {
  HostSlot& slot = hosts_.at(host);
  if (!change_host(slot)) divide_host(slot);
}

// Changes alone what moved. False: not possible here, and nothing is lost by it.
bool SnapshotBuilder::change_host(HostSlot& slot) const {
  if (slot.plain_team.empty() || slot.claimants.size() <= kFewRoutes || slot.many.size() == 0) return false;
  const HostChange& change = moved_hosts_.at(slot.key);
  SharedTable<Route, ByPrefix>::Editor many(slot.many);
  for (const std::string& prefix : change.left) many.erase(prefix);
  size_t segments_max = slot.segments_max;
  for (const RecordId& id : change.came) {
    const ResourceSlot& claimant = *resources_.find(id);
    const std::string& prefix = claimant.compiled->spec.at.prefix;
    if (!is_sound(claimant) || claimant.compiled->spec.team != slot.plain_team) return false;
    const Route* taken = many.find(prefix);
    if (taken && taken->resource->id != id) return false;
    many.set({prefix, claimant.compiled});
    segments_max = std::max(segments_max, segments_of(prefix));
  }
  SharedTable<Route, ByPrefix> changed = std::move(many).finish();
  if (changed.size() != slot.claimants.size()) return false;
  slot.many = std::move(changed);
  slot.segments_max = segments_max;
  return true;
}

// Gives the host's places to its claimants. The sound ones must be of one team, and each place has one of them.
void SnapshotBuilder::divide_host(HostSlot& slot) {
  std::vector<RecordId> holders;
  std::set<std::string> teams;
  std::unordered_map<std::string, int> claims;
  for (const RecordId& id : slot.claimants) {
    const ResourceSlot& claimant = *resources_.find(id);
    if (!is_sound(claimant)) continue;
    holders.push_back(id);
    teams.insert(claimant.compiled->spec.team);
    ++claims[claimant.compiled->spec.at.prefix];
  }
  for (const RecordId& id : holders) {
    mark(id, teams.size() > 1 || claims[resources_.find(id)->compiled->spec.at.prefix] > 1);
  }
  const bool plain = teams.size() == 1 && claims.size() == slot.claimants.size();
  slot.plain_team = plain ? *teams.begin() : "";
  if (holders.empty()) holders = slot.claimants;
  SharedTable<Route, ByPrefix>::Editor many{SharedTable<Route, ByPrefix>()};
  slot.segments_max = 0;
  for (const RecordId& id : holders) {
    const auto& compiled = resources_.find(id)->compiled;
    const std::string& prefix = compiled->spec.at.prefix;
    if (!many.find(prefix)) many.set({prefix, compiled});
    slot.segments_max = std::max(slot.segments_max, segments_of(prefix));
  }
  slot.many = std::move(many).finish();
  slot.routes.clear();
  if (slot.many.size() > kFewRoutes) return;
  slot.many.for_each([&](const Route& route) { slot.routes.push_back(route); });
  slot.many = {};
  std::ranges::sort(slot.routes, [](const Route& a, const Route& b) {
    return a.prefix.size() != b.prefix.size() ? a.prefix.size() > b.prefix.size() : a.prefix < b.prefix;
  });
}

}  // namespace sallyport::policy
