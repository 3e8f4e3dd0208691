// Which groups somebody is in, and which groups those are in, level by level: no group twice, however they hold each
// other, and a bound on all of them. Pure; who asks the directory is sso/ldap/groups.h.
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "base/result.h"

namespace sallyport::sso::ldap {

struct FoundGroup {
  std::string dn;    // "": it has none, so nothing holds it
  std::string name;  // "": none that can be read; such a group counts for nothing, but those that hold it do
};

class GroupWalk {
 public:
  explicit GroupWalk(int nesting) : levels_left_(nesting) {}
  // One that the person, or a group of the last next_level(), is in.   errors: kLimit kAssertedGroupsMax
  Result<void> add(FoundGroup group);
  // The DNs of the groups whose own groups are wanted now; empty: it is over.
  std::vector<std::string> next_level();

  const std::vector<std::string>& names() const { return names_; }
  size_t unreadable() const { return unreadable_; }

 private:
  int levels_left_;
  std::unordered_set<std::string> seen_;  // spellings of DNs
  std::unordered_set<std::string> named_;
  std::vector<std::string> names_;
  std::vector<std::string> next_;
  size_t unreadable_ = 0;
};

}  // namespace sallyport::sso::ldap
