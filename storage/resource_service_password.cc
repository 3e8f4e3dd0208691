// Passwords: set by an admin, by the person, and the links with which a person sets one. Each is one commit with
// everything that it ends.
#include <algorithm>
#include <array>

#include "storage/resource_draft.h"
#include "storage/resource_service_inside.h"

namespace sallyport::storage {
namespace {

constexpr Error kMeanwhile{Code::kDenied, Side::kClient, "changed meanwhile"};
constexpr Error kVoid{Code::kDenied, Side::kClient, "the link is void"};

uint64_t epoch_at(const ResourceRow& row, std::string_view field) {
  const FieldEpoch* const epoch = epoch_of(row, field);
  return epoch == nullptr ? 0 : epoch->epoch;
}

// The one record, as far as it may be used at all.
Result<StoredResource> usable_user(ResourceChanges read, const Keyring& keyring) {
  if (read.changed.empty() || read.changed.front().record.kind != policy::Kind::kUser)
    return fail(Code::kNotFound, Side::kClient, "there is no such user");
  StoredResource out = judge(std::move(read.changed.front()), keyring);
  if (!out.resource) return fail(Code::kDenied, Side::kStorage, "damaged record");
  if (std::get<policy::User>(out.resource->body).suspended) return fail(Code::kDenied, Side::kClient, "suspended");
  return out;
}

// All sessions of the user end but the one to keep, which goes on under its new cookie.
Result<void> end_others(Store& store, const NewPassword& wanted, WallMicros now, ChangeSet& changes, PutPassword& out) {
  TRY(const std::vector<SessionRecord> sessions, store.sessions_of(wanted.user, now));
  out.ended.clear();
  out.kept.reset();
  for (const SessionRecord& session : sessions) {
    if (session.id != session.family) continue;
    if (wanted.keep && wanted.keep->family == session.id) {
      out.kept = session;
      out.kept->id_hash = wanted.keep->id_hash;
      out.kept->last_seen_at = now;
      changes.changes.emplace_back(PutSession{*out.kept});
    } else {
      out.ended.push_back(session.id);
      changes.changes.emplace_back(EndSession{session.id});
    }
  }
  if (wanted.keep && !out.kept) return std::unexpected(kMeanwhile);
  return {};
}

}  // namespace

Result<void> plan_password(PlannedPut& put, const SecretBytes& phc, bool change, WallMicros now) {
  std::erase_if(put.secrets, [](const PlannedSecret& secret) { return secret.field == kPasswordField; });
  put.secrets.push_back({std::string(kPasswordField), nullptr, &phc});
  if (put.before != nullptr && epoch_of(put.before->row, kResetLinkField) != nullptr)
    put.gone.emplace_back(kResetLinkField);
  TRY(put.spec, with_marks(put.spec, {.set = now, .change = change}));
  return {};
}

std::optional<SecretBytes> ResourceService::last_password(const policy::ResourceRecord& user) const {
  const auto field = std::ranges::find(user.secrets, kPasswordField, &policy::SealedField::field);
  if (field == user.secrets.end()) return std::nullopt;
  auto phc = keyring_.unseal(secret_context(user, *field, ""), field->sealed);
  return phc ? std::optional(*std::move(phc)) : std::nullopt;
}

std::expected<void, ApplyFailure> ResourceService::set_password(const std::string& user, const SecretBytes& password,
                                                                ChangeAtOnce change_at_once, const std::string& actor) {
  std::optional<SecretBytes> hash;
  const WallMicros now = clock_.wall();
  const auto done = change(store_, keyring_, now, actor, "", ApplyMode::kCommit, people_alone(),
                           [&](const ResourceState& state, Mistakes& mistakes) -> Result<ResourcePlan> {
                             TRY(PlannedPut put, plan_user(state, user));
                             if (!hash) {
                               const auto last = last_password(put.before->row.record);
                               auto made =
                                   hash_password_(password, user, std::get<policy::User>(put.resource.body).email,
                                                  last ? &*last : nullptr);
                               if (!made) {
                                 mistakes.push_back({"password", made.error(), "bad_password", "", 0});
                                 return ResourcePlan{};
                               }
                               hash = *std::move(made);
                             }
                             CHECKED(plan_password(put, *hash, change_at_once == ChangeAtOnce::kYes, now));
                             put.action = "user.password";
                             ResourcePlan plan;
                             plan.puts.push_back(std::move(put));
                             return plan;
                           });
  if (!done) return std::unexpected(done.error());
  return {};
}

Result<PutPassword> ResourceService::put_password(const NewPassword& wanted) {
  const WallMicros now = clock_.wall();
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    TRY(ResourceChanges read, store_.resource(wanted.user));
    const Generation seen = read.generation;
    TRY(const StoredResource stored, usable_user(std::move(read), keyring_));
    if (epoch_at(stored.row, wanted.replaces) != wanted.epoch) return std::unexpected(kMeanwhile);
    TRY(PlannedPut put, plan_user(stored));
    CHECKED(plan_password(put, wanted.phc, false, now));
    put.action = "user.password";
    put.end_sessions = false;  // one by one, below
    ResourcePlan plan;
    plan.puts.push_back(std::move(put));
    TRY(PreparedChanges prepared, prepare_changes(plan, seen, {}, keyring_, wanted.actor, now));
    prepared.events.front().client = wanted.client;
    prepared.events.front().detail = wanted.detail;
    PutPassword out;
    out.epoch = epoch_at(stored.row, kPasswordField) + 1;
    CHECKED(end_others(store_, wanted, now, prepared.changes, out));
    prepared.events.front().detail +=
        (wanted.keep ? "; other sessions ended: " : "; sessions ended: ") + std::to_string(out.ended.size());
    const auto generation = store_.commit(prepared.changes, prepared.events);
    if (generation) {
      out.generation = *generation;
      return out;
    }
    if (generation.error().code != Code::kConflict) return std::unexpected(generation.error());
  }
  return std::unexpected(kTooBusy);
}

Result<Generation> ResourceService::put_reset_link(const std::string& user, const MakeLink& make,
                                                   const std::string& actor, const std::string& detail) {
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    TRY(const ResourceState state, read_state(store_, keyring_));
    TRY(PlannedPut put, plan_user(state, user));
    if (std::get<policy::User>(put.resource.body).suspended)
      return fail(Code::kDenied, Side::kClient, "the user is suspended: resume first");
    const ResourceRow& row = put.before->row;
    TRY(FlowRecord flow, make(row.record.id, epoch_at(row, kResetLinkField) + 1));
    put.gone.emplace_back(kResetLinkField);  // its epoch rises: what was made under an older one is void
    put.action = "user.reset_link";
    put.end_sessions = false;
    ResourcePlan plan;
    plan.puts.push_back(std::move(put));
    TRY(PreparedChanges prepared, prepare_changes(plan, state.generation, {}, keyring_, actor, clock_.wall()));
    prepared.events.front().detail = detail;
    prepared.changes.changes.emplace_back(PutFlow{std::move(flow)});
    auto generation = store_.commit(prepared.changes, prepared.events);
    if (generation || generation.error().code != Code::kConflict) return generation;
  }
  return std::unexpected(kTooBusy);
}

Result<policy::ResourceRecord> ResourceService::user_of_reset_link(const UserId& user, uint64_t epoch) {
  TRY(ResourceChanges read, store_.resource(user));
  TRY(StoredResource stored, usable_user(std::move(read), keyring_));
  if (epoch_at(stored.row, kResetLinkField) != epoch) return std::unexpected(kVoid);
  return std::move(stored.row.record);
}

}  // namespace sallyport::storage
