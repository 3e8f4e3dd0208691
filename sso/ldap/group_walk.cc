#include "sso/ldap/group_walk.h"

#include <utility>

#include "sso/external_identity.h"
#include "sso/ldap/distinguished_name.h"

namespace sallyport::sso::ldap {

Result<void> GroupWalk::add(FoundGroup group) {
  if (!group.dn.empty() && !seen_.insert(spelling_of(group.dn)).second) return {};
  const bool readable = !group.name.empty() && group.name.size() <= kAssertedGroupBytesMax;
  if (!readable) ++unreadable_;
  if (readable && named_.insert(group.name).second) names_.push_back(std::move(group.name));
  if (!group.dn.empty()) next_.push_back(std::move(group.dn));
  if (seen_.size() > kAssertedGroupsMax || names_.size() > kAssertedGroupsMax)
    return fail(Code::kLimit, Side::kIdentityProvider, "too many groups");
  return {};
}

std::vector<std::string> GroupWalk::next_level() {
  if (levels_left_ <= 0) return {};
  --levels_left_;
  return std::exchange(next_, {});
}

}  // namespace sallyport::sso::ldap
