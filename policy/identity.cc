#include "policy/identity.h"

#include <array>
#include <utility>

namespace sallyport::policy {
namespace {

constexpr std::array<std::pair<Role, std::string_view>, 5> kRoles{{{Role::kNone, "none"},
                                                                   {Role::kDashboard, "dashboard"},
                                                                   {Role::kViewer, "viewer"},
                                                                   {Role::kMember, "member"},
                                                                   {Role::kOwner, "owner"}}};

}  // namespace

std::string_view to_string(Role role) {
  for (const auto& [value, name] : kRoles) {
    if (value == role) return name;
  }
  return "none";
}

Result<Role> parse_role(std::string_view text) {
  for (const auto& [value, name] : kRoles) {
    if (name == text) return value;
  }
  return malformed(Side::kClient, "must be owner, member, viewer, dashboard or none");
}

std::string_view to_string(Strength strength) { return strength == Strength::kMfa ? "mfa" : "password"; }

}  // namespace sallyport::policy
