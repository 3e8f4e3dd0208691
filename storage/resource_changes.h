// A plan as changes for the store: values sealed for their destination under their next epoch, rows with their MACs,
// and the event of each. Nothing is written here.
#pragma once

#include "storage/resource_plan.h"

namespace sallyport::storage {

struct PreparedChanges {
  ChangeSet changes;
  std::vector<AdminEvent> events;
};

// tokens: all of the store; those of users who go are revoked.   errors: kLimit a value is too long, kInternal.
Result<PreparedChanges> prepare_changes(const ResourcePlan& plan, Generation expected,
                                        const std::vector<TokenRecord>& tokens, const Keyring& keyring,
                                        const std::string& actor, WallMicros now);

}  // namespace sallyport::storage
