// The identities in a user's record (policy::ProvidedIdentity) as changes of resources meet them: a document makes and
// drops links and nothing else, and a provider that goes takes its links along.
#pragma once

#include "storage/resource_plan.h"

namespace sallyport::storage {

// A user's spec with these in place of its own.   errors: kMalformed it does not read.
Result<std::string> with_identities(const std::string& spec, const std::vector<policy::ProvidedIdentity>& identities);

// The links of `wanted`, each with the roles and the admin right that `known` has for it; a new one has none.
std::vector<policy::ProvidedIdentity> links_as_known(const std::vector<policy::ProvidedIdentity>& wanted,
                                                     const std::vector<policy::ProvidedIdentity>& known);

// Has `after` fewer links than `before`? What was begun through one that is gone, ends.
bool lost_link(const std::vector<policy::ProvidedIdentity>& before, const std::vector<policy::ProvidedIdentity>& after);

// Adds to the plan what becomes of the users who are linked to a provider that the plan deletes: they lose the link,
// and their sessions end.
Result<void> drop_links_of_deleted(const ResourceState& state, ResourcePlan& plan);

}  // namespace sallyport::storage
