#include "storage/resource_plan.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "policy/snapshot.h"
#include "storage/provided_identities.h"

namespace sallyport::storage {
namespace {

// What is named by others comes before them.
constexpr std::array kOrder{
    policy::Kind::kPlatform,         policy::Kind::kUser,       policy::Kind::kTeam,    policy::Kind::kServiceAccount,
    policy::Kind::kIdentityProvider, policy::Kind::kDatasource, policy::Kind::kInstance};
size_t order_of(policy::Kind kind) { return size_t(std::ranges::find(kOrder, kind) - kOrder.begin()); }

const policy::SealedField* sealed_of(const StoredResource* stored, std::string_view field) {
  if (stored == nullptr) return nullptr;
  const auto& secrets = stored->row.record.secrets;
  const auto found = std::ranges::find(secrets, field, &policy::SealedField::field);
  return found == secrets.end() ? nullptr : &*found;
}

// Secrets of these go to one place, and not to another.
bool has_destination(const policy::Resource& resource) {
  return std::holds_alternative<policy::Protected>(resource.body) ||
         std::holds_alternative<policy::IdentityProvider>(resource.body);
}

class PutPlanner {
 public:
  PutPlanner(const Draft& draft, const StoredResource* before, const Keyring& keyring, Mistakes& mistakes)
      : draft_(draft), before_(before), keyring_(keyring), mistakes_(mistakes) {}

  // Nothing when the document changes nothing.
  Result<std::optional<PlannedPut>> plan() {
    PlannedPut out{.draft = &draft_,
                   .before = before_,
                   .anew = before_ == nullptr || before_->row.record.damaged,
                   .spec = draft_.spec,
                   .resource = draft_.resource,
                   .secrets = {},
                   .gone = {},
                   .end_sessions = before_ != nullptr && before_->row.record.damaged};
    if (!out.anew) keep_suspension(out);
    CHECKED(keep_password_marks(out));
    CHECKED(keep_identities(out));
    // What a damaged record holds is not trusted, and what was sealed for another destination must not go to this one.
    trusted_ = out.anew ? nullptr : before_;
    moved_ = trusted_ != nullptr && has_destination(out.resource) &&
             (!before_->resource || policy::destination_of(*before_->resource) != policy::destination_of(out.resource));
    if (lost_certificate(out)) out.end_sessions = true;
    bool changed = out.anew || out.spec != before_->row.record.spec;
    TRY(const bool secrets_changed, plan_secrets(out));
    changed = changed || secrets_changed;
    check_needed(out);
    if (!changed) return std::optional<PlannedPut>();
    return std::optional(std::move(out));
  }

 private:
  // Suspending is an act of its own (`user suspend`); a document that does not speak of it does not undo it.
  void keep_suspension(PlannedPut& out) {
    if (out.resource.kind != policy::Kind::kUser || !before_->resource) return;
    if (!std::get<policy::User>(before_->resource->body).suspended) return;
    auto spec = nlohmann::json::parse(out.spec, nullptr, false);
    if (spec.contains("suspended")) return;
    spec["suspended"] = true;
    out.spec = spec.dump();
    std::get<policy::User>(out.resource.body).suspended = true;
  }

  // When the password was set is ours to know. That it must be changed is not undone by a document that does not speak
  // of it.
  Result<void> keep_password_marks(PlannedPut& out) {
    auto* const user = std::get_if<policy::User>(&out.resource.body);
    if (user == nullptr) return {};
    user->password_set.reset();
    if (!out.anew && before_->resource) {
      const auto& known = std::get<policy::User>(before_->resource->body);
      user->password_set = known.password_set;
      if (known.change_password && !names(draft_.spec, "change_password")) user->change_password = true;
    }
    TRY(out.spec, with_marks(out.spec, {user->password_set, user->change_password}));
    return {};
  }

  // Links are a document's to make and to drop; what they give, the provider says at a sign-in.
  Result<void> keep_identities(PlannedPut& out) {
    auto* const user = std::get_if<policy::User>(&out.resource.body);
    if (user == nullptr) return {};
    std::vector<policy::ProvidedIdentity> known;
    if (!out.anew && before_->resource) known = std::get<policy::User>(before_->resource->body).identities;
    user->identities = names(draft_.spec, "identities") ? links_as_known(user->identities, known) : known;
    if (lost_link(known, user->identities)) out.end_sessions = true;
    TRY(out.spec, with_identities(out.spec, user->identities));
    return {};
  }

  static bool names(const std::string& spec, const char* key) {
    const auto read = nlohmann::json::parse(spec, nullptr, false);
    const auto found = read.find(key);
    return found != read.end() && !found->is_null();
  }

  // Like a new password: what was begun with a certificate that is the user's no more, ends.
  bool lost_certificate(const PlannedPut& out) const {
    const auto* const now = std::get_if<policy::User>(&out.resource.body);
    if (now == nullptr || before_ == nullptr || !before_->resource) return false;
    const auto& then = std::get<policy::User>(before_->resource->body).certificates;
    return std::ranges::any_of(then, [&](const std::string& pattern) {
      return std::ranges::find(now->certificates, pattern) == now->certificates.end();
    });
  }

  Result<bool> plan_secrets(PlannedPut& out) {
    bool changed = false;
    std::set<std::string_view> named;
    for (const SecretEdit& edit : draft_.secrets) {
      named.insert(edit.field);
      const policy::SealedField* const now = sealed_of(trusted_, edit.field);
      switch (edit.what) {
        case SecretEdit::What::kSet: {
          TRY(const bool same, is_same(now, edit.value));
          if (same) {
            out.secrets.push_back({edit.field, now, nullptr});
          } else {
            out.secrets.push_back({edit.field, nullptr, &edit.value});
            changed = true;
          }
          break;
        }
        case SecretEdit::What::kDelete:
          if (now == nullptr) break;
          out.gone.push_back(edit.field);
          changed = true;
          break;
        case SecretEdit::What::kKeep:
          if (!keep(out, now)) complain_about_keeping(edit.field, now != nullptr);
          break;
      }
    }
    if (trusted_ == nullptr) return changed;
    for (const policy::SealedField& field : trusted_->row.record.secrets)
      if (!named.contains(field.field)) (void)keep(out, &field);
    return changed || !out.gone.empty();
  }

  bool keep(PlannedPut& out, const policy::SealedField* field) {
    if (field == nullptr) return false;
    if (moved_) {
      out.gone.push_back(field->field);
      return false;
    }
    out.secrets.push_back({field->field, field, nullptr});
    return true;
  }

  Result<bool> is_same(const policy::SealedField* now, const SecretBytes& value) {
    if (now == nullptr || moved_) return false;
    const auto destination = policy::destination_of(*trusted_->resource);
    auto opened = keyring_.unseal(secret_context(trusted_->row.record, *now, destination), now->sealed);
    if (opened) return constant_time_equal(opened->view(), value.view());
    if (opened.error().code == Code::kLimit || opened.error().code == Code::kUnavailable)
      return std::unexpected(opened.error());
    return false;
  }

  void complain_about_keeping(const std::string& field, bool was_there) {
    const char* const message =
        was_there ? "must be given again: it was sealed for another destination" : "has no value that could be kept";
    mistakes_.push_back({path_in(draft_.index, field), message, "missing", "", 0});
  }

  // Every secret that an injection uses has a value after the change.
  void check_needed(const PlannedPut& out) {
    const auto* const body = std::get_if<policy::Protected>(&out.resource.body);
    if (body == nullptr) return;
    for (const std::string& name : body->secret_names) {
      const std::string field = "secrets." + name;
      if (std::ranges::find(out.secrets, field, &PlannedSecret::field) != out.secrets.end()) continue;
      const auto edit = std::ranges::find(draft_.secrets, field, &SecretEdit::field);
      if (edit != draft_.secrets.end() && edit->what == SecretEdit::What::kKeep) continue;  // complained about already
      const bool dropped = moved_ && sealed_of(trusted_, field) != nullptr;
      mistakes_.push_back(
          {path_in(draft_.index, field),
           dropped ? "must be given again: the destination changed" : "has no value, and an injection uses it",
           "missing", "", 0});
    }
  }

  const Draft& draft_;
  const StoredResource* before_;
  const StoredResource* trusted_ = nullptr;
  bool moved_ = false;
  const Keyring& keyring_;
  Mistakes& mistakes_;
};

}  // namespace

Result<PlannedPut> plan_user(const StoredResource& stored) {
  if (!stored.resource) return fail(Code::kDenied, Side::kStorage, "the user's record is damaged: apply or delete it");
  PlannedPut out{.draft = nullptr,
                 .before = &stored,
                 .anew = false,
                 .spec = stored.row.record.spec,
                 .resource = *stored.resource,
                 .secrets = {},
                 .gone = {},
                 .action = "user.put",
                 .end_sessions = true};
  for (const policy::SealedField& field : stored.row.record.secrets)
    out.secrets.push_back({field.field, &field, nullptr});
  return out;
}

std::vector<PlannedChange> ResourcePlan::lines() const {
  std::vector<PlannedChange> out;
  for (const PlannedPut& put : puts)
    out.push_back({put.before == nullptr ? '+' : '~', put.resource.kind, put.resource.name});
  for (const StoredResource* gone : deletes) out.push_back({'-', gone->row.record.kind, gone->row.record.name});
  return out;
}

Result<ResourcePlan> plan_puts(const std::vector<Draft>& drafts, const ResourceState& state, const Keyring& keyring,
                               Mistakes& mistakes) {
  ResourcePlan out;
  for (const Draft& draft : drafts) {
    PutPlanner planner(draft, state.find(draft.resource.kind, draft.resource.name), keyring, mistakes);
    TRY(std::optional<PlannedPut> put, planner.plan());
    if (put) out.puts.push_back(*std::move(put));
    out.documents.emplace(ResourceKey{draft.resource.kind, draft.resource.name}, draft.index);
  }
  std::ranges::sort(out.puts, {},
                    [](const PlannedPut& put) { return std::pair(order_of(put.resource.kind), put.draft->index); });
  return out;
}

namespace {

// Who may come in, and what is demanded of everybody, goes by a word of its own alone.
bool is_pruned(policy::Kind kind) { return kind != policy::Kind::kUser && kind != policy::Kind::kPlatform; }

}  // namespace

void plan_prune(const std::vector<Draft>& drafts, const ResourceState& state, ResourcePlan& plan) {
  std::set<ResourceKey> named;
  for (const Draft& draft : drafts) named.emplace(draft.resource.kind, draft.resource.name);
  for (const auto& [key, stored] : state.resources)
    if (is_pruned(key.first) && stored.row.record.applied && !named.contains(key)) plan.deletes.push_back(&stored);
  std::ranges::sort(plan.deletes, {}, [](const StoredResource* gone) {
    return std::pair(kOrder.size() - order_of(gone->row.record.kind), gone->row.record.name);
  });
}

}  // namespace sallyport::storage
