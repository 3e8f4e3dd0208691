#include "storage/resource_service.h"

#include <nlohmann/json.hpp>

#include "storage/provided_identities.h"
#include "storage/resource_service_inside.h"

namespace sallyport::storage {
namespace {

constexpr size_t kReadAllFrom = 64;  // documents: then looking for what they concern costs more than it saves

ResourceNeed need_of(const std::vector<Draft>& drafts, Prune prune) {
  if (prune == Prune::kYes || drafts.size() >= kReadAllFrom) return {};
  ResourceNeed out{.everything = false};
  for (const Draft& draft : drafts) {
    out.named.emplace(draft.resource.kind, draft.resource.name);
    if (const auto* place = std::get_if<policy::Protected>(&draft.resource.body)) out.hosts.insert(place->at.host);
  }
  return out;
}

// A tool or API is named by nobody; everything else by any of them.
ResourceNeed need_of(policy::Kind kind, const std::string& name) {
  if (kind != policy::Kind::kDatasource && kind != policy::Kind::kInstance) return {};
  return {.everything = false, .named = {{kind, name}}};
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
  const auto hash_passwords = [&](ResourcePlan& plan, Mistakes& found) -> Result<void> {
    for (PlannedPut& put : plan.puts) {
      if (!put.anew || put.draft == nullptr || !put.draft->password) continue;
      const size_t index = put.draft->index;
      if (!hashes.contains(index)) {
        auto hash = hash_password_(*put.draft->password, put.resource.name,
                                   std::get<policy::User>(put.resource.body).email, nullptr);
        if (!hash) {
          found.push_back({path_in(index, "password"), hash.error(), "bad_password", "", 0});
          continue;
        }
        hashes.emplace(index, *std::move(hash));
      }
      CHECKED(plan_password(put, hashes.at(index), std::get<policy::User>(put.resource.body).change_password,
                            clock_.wall()));
    }
    return {};
  };
  return change(store_, keyring_, clock_.wall(), actor, gate_host, mode, need_of(drafts, prune),
                [&](const ResourceState& state, Mistakes& found) -> Result<ResourcePlan> {
                  TRY(ResourcePlan plan, plan_puts(drafts, state, keyring_, found));
                  if (prune == Prune::kYes) plan_prune(drafts, state, plan);
                  CHECKED(drop_links_of_deleted(state, plan));
                  CHECKED(hash_passwords(plan, found));
                  return plan;
                });
}

std::expected<ApplyOutcome, ApplyFailure> ResourceService::remove(policy::Kind kind, const std::string& name,
                                                                  const std::string& actor) {
  return change(store_, keyring_, clock_.wall(), actor, "", ApplyMode::kCommit, need_of(kind, name),
                [&](const ResourceState& state, Mistakes&) -> Result<ResourcePlan> {
                  const StoredResource* const stored = state.find(kind, name);
                  if (stored == nullptr) return fail(Code::kNotFound, Side::kClient, "there is no such resource");
                  ResourcePlan plan{.puts = {}, .deletes = {stored}, .documents = {}};
                  CHECKED(drop_links_of_deleted(state, plan));
                  return plan;
                });
}

std::expected<void, ApplyFailure> ResourceService::set_suspended(const std::string& user, bool suspended,
                                                                 const std::string& actor) {
  const auto done = change(store_, keyring_, clock_.wall(), actor, "", ApplyMode::kCommit, people_alone(),
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
      change(store_, keyring_, clock_.wall(), actor, "", ApplyMode::kCommit, people_alone(),
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
