// Which resources a change concerns: of 100,000 tools and APIs it is a few, and reading and judging all of them takes
// longer than the change.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "policy/record.h"

namespace sallyport::storage {

using ResourceKey = std::pair<policy::Kind, std::string>;

// What others name (users, teams, service accounts, identity providers) is always of concern.
struct ResourceNeed {
  bool everything = true;
  std::set<ResourceKey> named = {};  // with everything == false: these,
  std::set<std::string> hosts = {};  // and whatever could be on one of these

  // cost: a search for each host in the spec's text, which is neither parsed nor judged here.
  bool covers(policy::Kind kind, std::string_view name, std::string_view spec) const;
};

}  // namespace sallyport::storage
