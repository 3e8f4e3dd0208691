#include "storage/resource_service.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "storage/resource_changes.h"
#include "storage/resource_references.h"

namespace sallyport::storage {
namespace {

constexpr int kAttemptsMax = 5;  // against others who change resources at the same moment

std::unexpected<ApplyFailure> failed(Error error) { return std::unexpected(ApplyFailure{{}, error}); }
std::unexpected<ApplyFailure> mistaken(Mistakes mistakes) {
  return std::unexpected(ApplyFailure{std::move(mistakes), std::nullopt});
}
constexpr Error kTooBusy{Code::kConflict, Side::kStorage, "resources were changed by somebody else again and again"};

// One attempt: read, plan, check, commit. `plan` fills in a plan against the state and collects mistakes.
template <class Planner>
std::expected<ApplyOutcome, ApplyFailure> change(Store& store, const Keyring& keyring, WallMicros now,
                                                 const std::string& actor, const std::string& gate_host, ApplyMode mode,
                                                 Planner plan_against) {
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    const auto state = read_state(store, keyring);
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

Result<PlannedPut> plan_user(const ResourceState& state, const std::string& name) {
  const StoredResource* const stored = state.find(policy::Kind::kUser, name);
  if (stored == nullptr) return fail(Code::kNotFound, Side::kClient, "there is no such user");
  return plan_user(*stored);
}

}  // namespace

ResourceService::ResourceService(Store& store, const Keyring& keyring, const Clock& clock, HashPassword hash_password)
    : store_(store), keyring_(keyring), clock_(clock), hash_password_(std::move(hash_password)) {}

std::expected<ApplyOutcome, ApplyFailure> ResourceService::apply(std::vector<nlohmann::json>& documents, ApplyMode mode,
                                                                 Prune prune, const std::string& actor,
                                                                 const std::string& gate_host) {
  Mistakes mistakes;
  const std::vector<Draft> drafts = take_apart(documents, mistakes);
  if (!mistakes.empty()) return mistaken(std::move(mistakes));
  std::map<size_t, SecretBytes> hashes;  // by document: hashing is slow and happens once
  const auto hash_passwords = [&](ResourcePlan& plan, Mistakes& found) {
    for (PlannedPut& put : plan.puts) {
      if (!put.anew || !put.draft->password) continue;
      const size_t index = put.draft->index;
      if (!hashes.contains(index)) {
        auto hash =
            hash_password_(*put.draft->password, put.resource.name, std::get<policy::User>(put.resource.body).email);
        if (!hash) {
          found.push_back({path_in(index, "password"), hash.error(), "bad_password", "", 0});
          continue;
        }
        hashes.emplace(index, *std::move(hash));
      }
      put.secrets.push_back({"password", nullptr, &hashes.at(index)});
    }
  };
  return change(store_, keyring_, clock_.wall(), actor, gate_host, mode,
                [&](const ResourceState& state, Mistakes& found) -> Result<ResourcePlan> {
                  TRY(ResourcePlan plan, plan_puts(drafts, state, keyring_, found));
                  if (prune == Prune::kYes) plan_prune(drafts, state, plan);
                  hash_passwords(plan, found);
                  return plan;
                });
}

std::expected<ApplyOutcome, ApplyFailure> ResourceService::remove(policy::Kind kind, const std::string& name,
                                                                  const std::string& actor) {
  return change(store_, keyring_, clock_.wall(), actor, "", ApplyMode::kCommit,
                [&](const ResourceState& state, Mistakes&) -> Result<ResourcePlan> {
                  const StoredResource* const stored = state.find(kind, name);
                  if (stored == nullptr) return fail(Code::kNotFound, Side::kClient, "there is no such resource");
                  return ResourcePlan{.puts = {}, .deletes = {stored}, .documents = {}};
                });
}

std::expected<void, ApplyFailure> ResourceService::set_password(const std::string& user, const SecretBytes& password,
                                                                const std::string& actor) {
  std::optional<SecretBytes> hash;
  const auto done =
      change(store_, keyring_, clock_.wall(), actor, "", ApplyMode::kCommit,
             [&](const ResourceState& state, Mistakes& mistakes) -> Result<ResourcePlan> {
               TRY(PlannedPut put, plan_user(state, user));
               if (!hash) {
                 auto made = hash_password_(password, user, std::get<policy::User>(put.resource.body).email);
                 if (!made) {
                   mistakes.push_back({"password", made.error(), "bad_password", "", 0});
                   return ResourcePlan{};
                 }
                 hash = *std::move(made);
               }
               std::erase_if(put.secrets, [](const PlannedSecret& secret) { return secret.field == "password"; });
               put.secrets.push_back({"password", nullptr, &*hash});
               put.action = "user.password";
               ResourcePlan plan;
               plan.puts.push_back(std::move(put));
               return plan;
             });
  if (!done) return std::unexpected(done.error());
  return {};
}

std::expected<void, ApplyFailure> ResourceService::set_suspended(const std::string& user, bool suspended,
                                                                 const std::string& actor) {
  const auto done = change(store_, keyring_, clock_.wall(), actor, "", ApplyMode::kCommit,
                           [&](const ResourceState& state, Mistakes&) -> Result<ResourcePlan> {
                             TRY(PlannedPut put, plan_user(state, user));
                             ResourcePlan plan;
                             auto& body = std::get<policy::User>(put.resource.body);
                             if (body.suspended == suspended) return plan;
                             body.suspended = suspended;
                             TRY(nlohmann::json document, document_of(policy::Kind::kUser, user, put.spec));
                             if (suspended) {
                               document["suspended"] = true;
                             } else {
                               document.erase("suspended");
                             }
                             put.spec = canonical_spec(document);
                             put.action = suspended ? "user.suspend" : "user.resume";
                             put.end_sessions = suspended;
                             plan.puts.push_back(std::move(put));
                             return plan;
                           });
  if (!done) return std::unexpected(done.error());
  return {};
}

std::expected<bool, ApplyFailure> ResourceService::reset_factors(const std::string& user, const std::string& actor) {
  bool had = false;
  const auto done =
      change(store_, keyring_, clock_.wall(), actor, "", ApplyMode::kCommit,
             [&](const ResourceState& state, Mistakes&) -> Result<ResourcePlan> {
               TRY(PlannedPut put, plan_user(state, user));
               ResourcePlan plan;
               const std::string field(policy::kFactorsField);
               had = std::erase_if(put.secrets, [&](const PlannedSecret& secret) { return secret.field == field; }) > 0;
               if (!had) return plan;
               put.gone.push_back(field);
               put.action = "user.mfa-reset";
               put.forget_factor_uses = true;
               plan.puts.push_back(std::move(put));
               return plan;
             });
  if (!done) return std::unexpected(done.error());
  return had;
}

}  // namespace sallyport::storage
