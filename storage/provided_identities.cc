#include "storage/provided_identities.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "policy/read_provider.h"

namespace sallyport::storage {
namespace {

using policy::ProvidedIdentity;

bool is_link_of(const ProvidedIdentity& a, const ProvidedIdentity& b) {
  return a.provider == b.provider && a.subject == b.subject;
}

using Providers = std::set<std::string, std::less<>>;
Result<bool> drop_links(PlannedPut& put, const Providers& gone) {
  auto& identities = std::get<policy::User>(put.resource.body).identities;
  const auto dropped =
      std::erase_if(identities, [&](const ProvidedIdentity& identity) { return gone.contains(identity.provider); });
  if (dropped == 0) return false;
  TRY(put.spec, with_identities(put.spec, identities));
  put.end_sessions = true;
  return true;
}

}  // namespace

Result<std::string> with_identities(const std::string& spec, const std::vector<ProvidedIdentity>& identities) {
  auto out = nlohmann::json::parse(spec, nullptr, false);
  if (!out.is_object()) return malformed(Side::kStorage, "the spec of a resource does not read");
  out.erase("identities");
  if (!identities.empty()) out["identities"] = policy::identities_json(identities);
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<ProvidedIdentity> links_as_known(const std::vector<ProvidedIdentity>& wanted,
                                             const std::vector<ProvidedIdentity>& known) {
  std::vector<ProvidedIdentity> out;
  for (const ProvidedIdentity& link : wanted) {
    const auto found =
        std::ranges::find_if(known, [&](const ProvidedIdentity& identity) { return is_link_of(identity, link); });
    out.push_back(
        found != known.end()
            ? *found
            : ProvidedIdentity{.provider = link.provider, .subject = link.subject, .admin = false, .roles = {}});
  }
  return out;
}

bool lost_link(const std::vector<ProvidedIdentity>& before, const std::vector<ProvidedIdentity>& after) {
  return std::ranges::any_of(before, [&](const ProvidedIdentity& link) {
    return std::ranges::none_of(after, [&](const ProvidedIdentity& identity) { return is_link_of(identity, link); });
  });
}

Result<void> drop_links_of_deleted(const ResourceState& state, ResourcePlan& plan) {
  Providers gone;
  for (const StoredResource* const stored : plan.deletes)
    if (stored->row.record.kind == policy::Kind::kIdentityProvider) gone.insert(stored->row.record.name);
  if (gone.empty()) return {};
  std::set<std::string> planned;
  for (PlannedPut& put : plan.puts) {
    if (put.resource.kind != policy::Kind::kUser) continue;
    planned.insert(put.resource.name);
    CHECKED(drop_links(put, gone));
  }
  for (const StoredResource* const stored : plan.deletes)
    if (stored->row.record.kind == policy::Kind::kUser) planned.insert(stored->row.record.name);
  for (const auto& [key, stored] : state.resources) {
    if (key.first != policy::Kind::kUser || !stored.resource || planned.contains(key.second)) continue;
    TRY(PlannedPut put, plan_user(stored));
    put.action = "user.unlink";
    TRY(const bool changed, drop_links(put, gone));
    if (changed) plan.puts.push_back(std::move(put));
  }
  return {};
}

}  // namespace sallyport::storage
