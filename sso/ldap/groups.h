// The groups of somebody, asked of his directory: by an attribute that names them (memberOf), or by a search for those
// that name him.
#pragma once

#include "sso/ldap/directory.h"
#include "sso/ldap/group_walk.h"

namespace sallyport::sso::ldap {

// person: his entry, with `attribute` in it; name: what {user} of group_filter is. Where groups_dn is set the groups
// are those below it that group_filter finds, called by group_name; else the values of `attribute`: of a DN its first
// part's value, of anything else the value itself. errors: kUnavailable; kLimit more than kAssertedGroupsMax, or the
// server gave a part only; kMalformed {user} is wanted, and he has no name.   cost: a search for each level, in lots;
// by attribute one for each group that is looked into
Result<std::vector<std::string>> groups_of(Directory& directory, const Entry& person, std::string_view name,
                                           std::string_view attribute, const SecretBytes& bind_password,
                                           Monotonic until, Checks& checks);

}  // namespace sallyport::sso::ldap
