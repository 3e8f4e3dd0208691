#include "policy/snapshot_builder.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sallyport::policy {
namespace {

using Json = nlohmann::json;

// Takes one such value out; the order of the rest may change.
template <class T>
void drop(std::vector<T>& list, const T& value) {
  const auto found = std::ranges::find(list, value);
  if (found == list.end()) return;
  if (found != std::prev(list.end())) *found = std::move(list.back());
  list.pop_back();
}

// The record as the value it stands for; nothing when it does not read.
std::optional<Resource> read_record(const ResourceRecord& record) {
  Json document = Json::parse(record.spec, nullptr, false);
  if (!document.is_object()) return std::nullopt;
  document["kind"] = to_string(record.kind);
  document["name"] = record.name;
  auto resource = read_resource(document);
  if (!resource) return std::nullopt;
  return *std::move(resource);
}

std::vector<CompiledRule> compiled_rules(const Protected& spec) {
  std::vector<CompiledRule> out;
  out.reserve(spec.access.size() + spec.areas.size());  // one of them is empty
  for (const AccessRule& rule : spec.access) out.emplace_back(rule);
  for (const Area& area : spec.areas) out.emplace_back(area, spec.ignore_case);
  return out;
}

// Does nothing that other entries point at differ? Then a change is a change of this entry alone, however many there
// are.
bool same_links(const CompiledResource& old, const ResourceRecord& record, const Protected& spec) {
  return old.kind == record.kind && old.name == record.name && !old.spec.at.host.empty() &&
         old.spec.team == spec.team && old.spec.at.host == spec.at.host &&
         std::ranges::equal(
             old.spec.roles, spec.roles, {}, [](const auto& one) { return one.first; },
             [](const auto& one) { return one.first; });
}

}  // namespace

SnapshotBuilder::SnapshotBuilder(const Snapshot* previous)
    : before_(previous ? previous->parts_ : nullptr),
      out_(std::make_shared<Snapshot>()),
      platform_id_(before_ ? before_->platform_id : RecordId{}),
      users_(before_ ? before_->users : empty_.users),
      team_records_(before_ ? before_->team_records : empty_.team_records),
      resources_(before_ ? before_->resources : empty_.resources),
      logins_(before_ ? before_->logins : empty_.logins),
      certificates_(before_ ? before_->certificates : empty_.certificates),
      subjects_(before_ ? before_->subjects : empty_.subjects),
      providers_(before_ ? before_->providers : empty_.providers),
      mentions_(before_ ? before_->mentions : empty_.mentions),
      teams_(before_ ? before_->teams : empty_.teams),
      resource_names_(before_ ? before_->resource_names : empty_.resource_names),
      hosts_(before_ ? before_->hosts : empty_.hosts) {
  if (!previous) return;
  out_->platform_ = previous->platform_;
  out_->platform_admitted_ = previous->platform_admitted_;
  out_->platform_damaged_ = previous->platform_damaged_;
}

void SnapshotBuilder::remove(const RecordId& id) {
  // Copies: the tables let go of the entry below.
  if (const auto* user = users_.find(id)) {
    const auto kept = *user;
    return remove_user(*kept);
  }
  if (const auto* team = team_records_.find(id)) {
    const auto kept = *team;
    return remove_team(*kept);
  }
  if (const auto* slot = resources_.find(id)) {
    const auto kept = slot->compiled;
    return remove_protected(*kept);
  }
  if (std::erase_if(providers_, [&](const auto& provider) { return provider->id == id; }) > 0) return;
  if (!id.is_zero() && id == platform_id_) {
    platform_id_ = {};
    out_->platform_ = {};
    out_->platform_admitted_ = {};
    out_->platform_damaged_ = false;
  }
}

void SnapshotBuilder::add(const ResourceRecord& record) {
  std::optional<Resource> resource = read_record(record);
  Resource* readable = resource ? &*resource : nullptr;
  const ResourceSlot* old = resources_.find(record.id);
  const Protected* spec = readable ? std::get_if<Protected>(&readable->body) : nullptr;
  if (old && spec && same_links(*old->compiled, record, *spec)) {
    moved_hosts_[spec->at.host].left.push_back(old->compiled->spec.at.prefix);
    return put_protected(record, readable);
  }
  remove(record.id);
  switch (record.kind) {
    case Kind::kPlatform:
      return add_platform(record, readable);
    case Kind::kTeam:
      return add_team(record, readable);
    case Kind::kUser:
      return add_user(record, readable);
    case Kind::kServiceAccount:
      return add_account(record, readable);
    case Kind::kIdentityProvider:
      return add_provider(record, readable);
    case Kind::kDatasource:
    case Kind::kInstance:
      return add_protected(record, readable);
  }
}

void SnapshotBuilder::add_platform(const ResourceRecord& record, const Resource* resource) {
  // Two records cannot both be the platform: then neither is believed.
  const bool second = !platform_id_.is_zero();
  platform_id_ = record.id;
  if (resource) out_->platform_ = std::get<Platform>(resource->body);
  out_->platform_admitted_ = AddressSet(out_->platform_.networks);
  out_->platform_damaged_ = record.damaged || !resource || second;
}

void SnapshotBuilder::add_team(const ResourceRecord& record, Resource* resource) {
  TeamRecord team{record.id, record.name, {}, record.damaged || !resource};
  if (resource) team.spec = std::move(std::get<Team>(resource->body));
  for (const auto& [name, role] : team.spec.members) mentions_.at(name).teams.push_back(team.name);
  teams_.at(team.name).records.push_back(team.id);
  moved_teams_.insert(team.name);
  team_records_.set(std::make_shared<const TeamRecord>(std::move(team)));
}

void SnapshotBuilder::remove_team(const TeamRecord& team) {
  for (const auto& [name, role] : team.spec.members) {
    drop(mentions_.at(name).teams, team.name);  // one entry: another record of the same name keeps its own
  }
  drop(teams_.at(team.name).records, team.id);
  moved_teams_.insert(team.name);
  team_records_.erase(team.id);
}

void SnapshotBuilder::add_user(const ResourceRecord& record, const Resource* resource) {
  const bool has_factors =
      std::ranges::find(record.secrets, kFactorsField, &SealedField::field) != record.secrets.end();
  CompiledUser user{.id = record.id,
                    .name = record.name,
                    .email = "",
                    .admin = false,
                    .admin_by_hand = false,
                    .suspended = true,
                    .damaged = record.damaged || !resource,
                    .secrets = record.secrets,
                    .has_factors = has_factors,
                    .mfa = MfaRule::kOptional,
                    .version = record.version,
                    .certificates = {},
                    .account = nullptr,
                    .change_password = false,
                    .password_set = {},
                    .identities = {}};
  if (resource) {
    const User& spec = std::get<User>(resource->body);
    user.email = spec.email;
    user.admin_by_hand = spec.admin && !user.damaged;
    user.admin = user.admin_by_hand;
    user.suspended = spec.suspended;
    user.mfa = spec.mfa;
    user.certificates = spec.certificates;
    user.change_password = spec.change_password;
    user.password_set = spec.password_set;
    user.identities = spec.identities;
  }
  // A damaged record gives nothing; whose subject it was is nobody's meanwhile, rather than a new account's.
  for (const ProvidedIdentity& identity : user.identities) {
    subjects_.at(subject_key(identity.provider, identity.subject)).users.push_back(user.id);
    if (user.damaged) continue;
    user.admin = user.admin || identity.admin;
    for (const auto& [team, role] : identity.roles) {
      mentions_.at(user.name).teams.push_back(team);
      teams_.at(team).provided.push_back(user.id);
      moved_teams_.insert(team);
    }
  }
  logins_.at(lower_case(user.name)).users.push_back(user.id);
  if (!user.email.empty()) logins_.at(lower_case(user.email)).users.push_back(user.id);
  for (const std::string& pattern : user.certificates) certificates_.at(pattern).users.push_back(user.id);
  moved_names_.insert(user.name);
  users_.set(std::make_shared<const CompiledUser>(std::move(user)));
}

void SnapshotBuilder::add_provider(const ResourceRecord& record, const Resource* resource) {
  auto compiled = std::make_shared<CompiledProvider>();
  compiled->id = record.id;
  compiled->name = record.name;
  compiled->secrets = record.secrets;
  compiled->version = record.version;
  compiled->damaged = record.damaged || !resource;
  if (resource) {
    compiled->spec = std::get<IdentityProvider>(resource->body);
    compiled->destination = destination_of(*resource);
  }
  compiled->groups = std::make_unique<const GroupReader>(compiled->spec.groups);
  const auto place = std::ranges::lower_bound(providers_, compiled->name, {},
                                              [](const auto& one) { return std::string_view(one->name); });
  providers_.insert(place, std::move(compiled));
}

void SnapshotBuilder::add_account(const ResourceRecord& record, const Resource* resource) {
  CompiledUser user;
  user.id = record.id;
  user.name = record.name;
  user.suspended = true;
  user.damaged = record.damaged || !resource;
  user.version = record.version;
  auto account = std::make_shared<CompiledAccount>();
  if (resource) {
    const ServiceAccount& spec = std::get<ServiceAccount>(resource->body);
    user.suspended = spec.suspended;
    account->team = spec.team;
    account->role = spec.role;
    account->networks = spec.networks;
    account->admitted = AddressSet(spec.networks);
    account->strength = spec.strength;
    // As a member's name does: when it begins or ceases to mean this account, the team is compiled again.
    mentions_.at(user.name).teams.push_back(spec.team);
    teams_.at(spec.team).accounts.push_back(user.id);
    moved_teams_.insert(spec.team);
  }
  user.account = std::move(account);
  logins_.at(lower_case(user.name)).users.push_back(user.id);
  moved_names_.insert(user.name);
  users_.set(std::make_shared<const CompiledUser>(std::move(user)));
}

void SnapshotBuilder::remove_user(const CompiledUser& user) {
  if (user.account && !user.account->team.empty()) {
    drop(mentions_.at(user.name).teams, user.account->team);
    drop(teams_.at(user.account->team).accounts, user.id);
    moved_teams_.insert(user.account->team);
  }
  for (const ProvidedIdentity& identity : user.identities) {
    drop(subjects_.at(subject_key(identity.provider, identity.subject)).users, user.id);
    if (user.damaged) continue;
    for (const auto& [team, role] : identity.roles) {
      drop(mentions_.at(user.name).teams, team);
      drop(teams_.at(team).provided, user.id);
      moved_teams_.insert(team);
    }
  }
  drop(logins_.at(lower_case(user.name)).users, user.id);
  if (!user.email.empty()) drop(logins_.at(lower_case(user.email)).users, user.id);
  for (const std::string& pattern : user.certificates) drop(certificates_.at(pattern).users, user.id);
  moved_names_.insert(user.name);
  users_.erase(user.id);
}

void SnapshotBuilder::add_protected(const ResourceRecord& record, Resource* resource) {
  resource_names_.at(resource_key(record.kind, record.name)).resources.push_back(record.id);
  if (resource) {
    const Protected& spec = std::get<Protected>(resource->body);
    teams_.at(spec.team).resources.push_back(record.id);
    hosts_.at(spec.at.host).claimants.push_back(record.id);
    for (const auto& [name, role] : spec.roles) mentions_.at(name).resources.push_back(record.id);
  }
  put_protected(record, resource);
}

void SnapshotBuilder::put_protected(const ResourceRecord& record, Resource* resource) {
  auto compiled = std::make_shared<CompiledResource>();
  compiled->id = record.id;
  compiled->kind = record.kind;
  compiled->name = record.name;
  compiled->team = no_team();
  compiled->secrets = record.secrets;
  compiled->version = record.version;
  compiled->damaged = true;  // until compile_resource has found its team and compile_host its place
  if (resource) {
    compiled->destination = destination_of(*resource);
    compiled->spec = std::move(std::get<Protected>(resource->body));
    compiled->admitted = AddressSet(compiled->spec.networks);
    compiled->rules = compiled_rules(compiled->spec);
  }
  moved_resources_.insert(record.id);
  resources_.set({std::move(compiled), record.damaged || !resource});
}

void SnapshotBuilder::remove_protected(const CompiledResource& resource) {
  const Protected& spec = resource.spec;
  if (!spec.at.host.empty()) {  // it had been read
    drop(teams_.at(spec.team).resources, resource.id);
    drop(hosts_.at(spec.at.host).claimants, resource.id);
    moved_hosts_[spec.at.host].left.push_back(spec.at.prefix);
  }
  for (const auto& [name, role] : spec.roles) drop(mentions_.at(name).resources, resource.id);
  drop(resource_names_.at(resource_key(resource.kind, resource.name)).resources, resource.id);
  moved_resources_.erase(resource.id);
  resources_.erase(resource.id);
}

std::shared_ptr<const Snapshot> SnapshotBuilder::finish(uint64_t generation) && {
  compile_names();
  for (const std::string& name : moved_teams_) compile_team(name);
  for (const RecordId& id : moved_resources_) compile_resource(id);
  for (const auto& [host, change] : moved_hosts_) compile_host(host);
  auto parts = std::make_shared<Snapshot::Parts>();
  parts->platform_id = platform_id_;
  parts->users = std::move(users_).finish();
  parts->team_records = std::move(team_records_).finish();
  parts->resources = std::move(resources_).finish();
  parts->logins = std::move(logins_).finish();
  parts->certificates = std::move(certificates_).finish();
  parts->subjects = std::move(subjects_).finish();
  parts->providers = std::move(providers_);
  parts->mentions = std::move(mentions_).finish();
  parts->teams = std::move(teams_).finish();
  parts->resource_names = std::move(resource_names_).finish();
  parts->hosts = std::move(hosts_).finish();
  out_->generation_ = generation;
  out_->parts_ = std::move(parts);
  return std::move(out_);
}

std::shared_ptr<const Snapshot> Snapshot::build(uint64_t generation, std::span<const ResourceRecord> records) {
  SnapshotBuilder builder(nullptr);
  for (const ResourceRecord& record : records) builder.add(record);
  return std::move(builder).finish(generation);
}

std::shared_ptr<const Snapshot> Snapshot::rebuild(const Snapshot& previous, uint64_t generation,
                                                  std::span<const ResourceRecord> changed,
                                                  std::span<const RecordId> deleted) {
  SnapshotBuilder builder(&previous);
  for (const RecordId& id : deleted) builder.remove(id);
  for (const ResourceRecord& record : changed) builder.add(record);
  return std::move(builder).finish(generation);
}

}  // namespace sallyport::policy
