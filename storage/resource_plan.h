// What a set of documents changes in a state: which resources are made, changed and deleted, and what becomes of each
// secret. Reads the sealed values it must compare or keep; seals and writes nothing.
#pragma once

#include "base/mistake.h"
#include "storage/resource_draft.h"
#include "storage/resource_service.h"
#include "storage/resource_state.h"

namespace sallyport::storage {

// A field of the resource after the change: kept as it is sealed now, or a value to seal.
struct PlannedSecret {
  std::string field;
  const policy::SealedField* kept = nullptr;
  const SecretBytes* value = nullptr;
};

struct PlannedPut {
  const Draft* draft = nullptr;            // null: not from a document
  const StoredResource* before = nullptr;  // null: it is made
  bool anew = false;                       // under a new record id: made, or the old record is damaged
  std::optional<RecordId> id = {};         // the new one; nothing: a random one
  std::string spec;
  policy::Resource resource;            // as it will be
  std::vector<PlannedSecret> secrets;   // of `secrets`; a user's password is added when it is sealed
  std::vector<std::string> gone;        // fields whose value goes
  const char* action = "resource.put";  // of the event
  bool end_sessions = false;            // of this user
  bool forget_factor_uses = false;      // the same
};

// A change of one user's record that keeps everything and ends the sessions: to be edited.
// errors: kDenied it is damaged.
Result<PlannedPut> plan_user(const StoredResource& stored);

struct ResourcePlan {
  std::vector<PlannedPut> puts;                // in dependency order
  std::vector<const StoredResource*> deletes;  // in dependency order, what depends on others first
  std::map<ResourceKey, size_t> documents;     // index of the document that names a resource, changed or not
  std::vector<PlannedChange> lines() const;
};

// drafts and state outlive the plan.   errors: kLimit, kUnavailable while unsealing.
Result<ResourcePlan> plan_puts(const std::vector<Draft>& drafts, const ResourceState& state, const Keyring& keyring,
                               Mistakes& mistakes);
// Adds the deletion of what an earlier apply made and no draft names; never users nor the platform.
void plan_prune(const std::vector<Draft>& drafts, const ResourceState& state, ResourcePlan& plan);

}  // namespace sallyport::storage
