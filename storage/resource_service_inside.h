// What the parts of the resource service share: one attempt after the other at a change of resources, and the plan for
// one user's record.
#pragma once

#include "storage/resource_changes.h"
#include "storage/resource_references.h"
#include "storage/resource_service.h"

namespace sallyport::storage {

constexpr int kAttemptsMax = 5;  // against others who change resources at the same moment

inline std::unexpected<ApplyFailure> failed(Error error) { return std::unexpected(ApplyFailure{{}, error}); }
inline std::unexpected<ApplyFailure> mistaken(Mistakes mistakes) {
  return std::unexpected(ApplyFailure{std::move(mistakes), std::nullopt});
}
constexpr Error kTooBusy{Code::kConflict, Side::kStorage, "resources were changed by somebody else again and again"};

// What a change of people alone has to know: no place.
inline ResourceNeed people_alone() { return {.everything = false}; }

// One attempt: read, plan, check, commit. `plan` fills in a plan against the state and collects mistakes.
template <class Planner>
std::expected<ApplyOutcome, ApplyFailure> change(Store& store, const Keyring& keyring, WallMicros now,
                                                 const std::string& actor, const std::string& gate_host, ApplyMode mode,
                                                 const ResourceNeed& need, Planner plan_against) {
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    const auto state = read_state(store, keyring, need);
    if (!state) return failed(state.error());
    Mistakes mistakes;
    const Result<ResourcePlan> plan = plan_against(*state, mistakes);
    if (!plan) return failed(plan.error());
    check_references(*state, *plan, gate_host, mistakes);
    if (!mistakes.empty()) return mistaken(std::move(mistakes));
    ApplyOutcome outcome{.changes = plan->lines(), .generation = state->generation};
    if (mode == ApplyMode::kDryRun || outcome.changes.empty()) return outcome;
    const auto tokens = store.tokens();
    if (!tokens) return failed(tokens.error());
    const auto prepared = prepare_changes(*plan, state->generation, *tokens, keyring, actor, now);
    if (!prepared) return failed(prepared.error());
    const auto generation = store.commit(prepared->changes, prepared->events);
    if (generation) {
      outcome.generation = *generation;
      return outcome;
    }
    if (generation.error().code != Code::kConflict) return failed(generation.error());
  }
  return failed(kTooBusy);
}

// A change of one user's record that keeps everything but what `edit` does.
inline Result<PlannedPut> plan_user(const ResourceState& state, const std::string& name) {
  const StoredResource* const stored = state.find(policy::Kind::kUser, name);
  if (stored == nullptr) return fail(Code::kNotFound, Side::kClient, "there is no such user");
  return plan_user(*stored);
}

// This hash takes the place of the password in force, if there is one, and every link that sets one is void.
Result<void> plan_password(PlannedPut& put, const SecretBytes& phc, bool change, WallMicros now);

}  // namespace sallyport::storage
