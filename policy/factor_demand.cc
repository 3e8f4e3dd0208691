#include "policy/factor_demand.h"

#include <algorithm>

namespace sallyport::policy {
namespace {

bool demands(MfaRule rule, const std::vector<Role>& roles, Role role) {
  switch (rule) {
    case MfaRule::kOptional:
      return false;
    case MfaRule::kRequired:
      return true;
    case MfaRule::kRoles:
      return std::ranges::find(roles, role) != roles.end();
  }
  return true;
}

}  // namespace

FactorDemand factor_demand(const Snapshot& snapshot, const CompiledUser& user, Role role,
                           const CompiledResource* resource) {
  const Platform& platform = snapshot.platform();
  FactorDemand out;
  out.platform = demands(platform.mfa, platform.mfa_roles, role) || (platform.mfa_admins && user.admin);
  out.team = resource != nullptr && demands(resource->team->mfa, resource->team->mfa_roles, role);
  out.user = user.mfa == MfaRule::kRequired;
  out.own = user.has_factors;
  return out;
}

}  // namespace sallyport::policy
