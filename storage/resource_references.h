// What one document cannot show: does the state after a change hang together? Teams and users that are named exist, a
// host belongs to one team and carries each path once, the gate's host carries nothing, e-mail addresses are unique,
// and an administrator stays.
#pragma once

#include "storage/resource_plan.h"

namespace sallyport::storage {

// Mistakes in documents get the document's path; what is broken from outside (a deletion) names the resources in words.
void check_references(const ResourceState& state, const ResourcePlan& plan, const std::string& gate_host,
                      Mistakes& mistakes);

}  // namespace sallyport::storage
