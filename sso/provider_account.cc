#include "sso/provider_account.h"

#include <algorithm>

#include "policy/texts.h"

namespace sallyport::sso {
namespace {

using policy::CompiledUser;
using What = AccountPlan::What;

static_assert(policy::kGroupsReadMax == kAssertedGroupsMax && policy::kGroupBytesMax == kAssertedGroupBytesMax);

constexpr int kSuffixMax = 99;
constexpr const char* kSignInRefused = "sign_in_refused";
constexpr const char* kNoAccount = "no_account";
constexpr const char* kElsewhere = "account_elsewhere";

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return out;
}

const policy::ProvidedIdentity* identity_at(const CompiledUser& user, std::string_view provider) {
  const auto found = std::ranges::find(user.identities, provider, &policy::ProvidedIdentity::provider);
  return found == user.identities.end() ? nullptr : &*found;
}

class Planner {
 public:
  Planner(const policy::Snapshot& snapshot, std::string_view provider_name, const policy::IdentityProvider& provider,
          const ExternalIdentity& identity)
      : snapshot_(snapshot), name_(provider_name), provider_(provider), identity_(identity) {}

  AccountPlan plan(const policy::GroupReader& groups) {
    if (identity_.subject.empty() || identity_.subject.size() > kSubjectBytesMax)
      return refused(nullptr, kSignInRefused, "no usable subject was asserted");
    plan_.groups = groups.read(identity_.groups, [this](std::string_view team) { return has_team(team); });
    plan_.identity = {.provider = std::string(name_),
                      .subject = identity_.subject,
                      .admin = plan_.groups.admin,
                      .roles = plan_.groups.roles};
    if (const CompiledUser* const known = snapshot_.user_by_subject(name_, identity_.subject)) return existing(*known);
    if (identity_.email.empty() || provider_.domains.empty()) return created("");
    if (!policy::is_email(identity_.email))
      return refused(nullptr, kSignInRefused, "the asserted e-mail address is none");
    const std::string email = lower_case(identity_.email);
    if (!is_own_domain(email))
      return refused(nullptr, kSignInRefused, "the asserted e-mail address is of a domain that is not the provider's");
    if (const CompiledUser* const found = snapshot_.user_by_name_or_email(email)) return linked(*found, email);
    if (snapshot_.is_taken(email))
      return refused(nullptr, kElsewhere, "the asserted e-mail address is that of several accounts");
    return created(email);
  }

 private:
  AccountPlan refused(const CompiledUser* user, const char* code, const char* reason) {
    plan_.what = What::kRefuse;
    plan_.name = user == nullptr ? "" : user->name;
    plan_.code = code;
    plan_.reason = reason;
    return std::move(plan_);
  }

  const char* unusable(const CompiledUser& user) const {
    if (user.account) return "a service account never signs in";
    if (user.damaged) return "damaged record";
    if (user.suspended) return "suspended";
    return nullptr;
  }

  AccountPlan existing(const CompiledUser& user) {
    if (const char* const reason = unusable(user)) return refused(&user, kSignInRefused, reason);
    plan_.what = What::kExisting;
    plan_.user = &user;
    plan_.name = user.name;
    // An address is taken over where there was none, and never in the place of another.
    const std::string email = lower_case(identity_.email);
    if (user.email.empty() && policy::is_email(email) && is_own_domain(email) && !snapshot_.is_taken(email))
      plan_.email = email;
    const policy::ProvidedIdentity* const before = identity_at(user, name_);
    plan_.changes = before == nullptr || *before != plan_.identity || !plan_.email.empty();
    return std::move(plan_);
  }

  AccountPlan linked(const CompiledUser& user, const std::string& email) {
    if (const char* const reason = unusable(user)) return refused(&user, kSignInRefused, reason);
    if (identity_at(user, name_) != nullptr)
      return refused(&user, kElsewhere, "the account is linked to another subject of this provider");
    if (user.admin_by_hand)
      return refused(&user, kElsewhere, "an administrator's account is linked by an administrator alone");
    plan_.what = What::kLink;
    plan_.user = &user;
    plan_.name = user.name;
    plan_.email = email;
    plan_.changes = true;
    return std::move(plan_);
  }

  AccountPlan created(std::string email) {
    if (!provider_.provision) return refused(nullptr, kNoAccount, "nobody's here, and the provider makes no accounts");
    std::string wanted = account_name_of(identity_.name);
    if (wanted.empty())
      wanted = account_name_of(std::string_view(identity_.email).substr(0, identity_.email.find('@')));
    if (wanted.empty()) return refused(nullptr, kNoAccount, "no name was asserted that an account could have");
    // It may be this very person's: nobody can read whose it is.
    if (const CompiledUser* const namesake = snapshot_.user_by_name_or_email(wanted); namesake && namesake->damaged)
      return refused(namesake, kSignInRefused, "damaged record");
    plan_.name = free_name(wanted);
    if (plan_.name.empty()) return refused(nullptr, kNoAccount, "every name that the account could have is taken");
    plan_.what = What::kCreate;
    plan_.email = std::move(email);
    plan_.changes = true;
    return std::move(plan_);
  }

  std::string free_name(const std::string& wanted) const {
    if (!snapshot_.is_taken(wanted)) return wanted;
    for (int number = 2; number <= kSuffixMax; ++number) {
      const std::string suffix = "-" + std::to_string(number);
      std::string one = wanted.substr(0, policy::kNameBytesMax - suffix.size()) + suffix;
      if (!snapshot_.is_taken(one)) return one;
    }
    return "";
  }

  bool has_team(std::string_view team) const {
    const policy::CompiledTeam* const found = snapshot_.team(team);
    return found != nullptr && !found->damaged;
  }

  bool is_own_domain(std::string_view email) const {
    return std::ranges::find(provider_.domains, email.substr(email.rfind('@') + 1)) != provider_.domains.end();
  }

  const policy::Snapshot& snapshot_;
  const std::string_view name_;
  const policy::IdentityProvider& provider_;
  const ExternalIdentity& identity_;
  AccountPlan plan_;
};

}  // namespace

std::string_view to_string(AccountPlan::What what) {
  switch (what) {
    case What::kExisting:
      return "known";
    case What::kLink:
      return "linked";
    case What::kCreate:
      return "created";
    case What::kRefuse:
      return "refused";
  }
  return "refused";
}

AccountPlan account_for(const policy::Snapshot& snapshot, std::string_view provider_name,
                        const policy::IdentityProvider& provider, const policy::GroupReader& groups,
                        const ExternalIdentity& identity) {
  return Planner(snapshot, provider_name, provider, identity).plan(groups);
}

void note_account(Checks& checks, const AccountPlan& plan) {
  std::string groups;
  const auto add = [&groups](const std::string& words) { groups += (groups.empty() ? "" : "; ") + words; };
  for (const auto& [team, role] : plan.groups.roles) add(team + ": " + std::string(to_string(role)));
  if (plan.groups.admin) add("admin");
  for (const auto& [why, count] : plan.groups.ignored) add(std::to_string(count) + " ignored, " + why);
  if (!groups.empty()) checks.add(true, "groups", "roles of teams here", groups);
  const bool refused = plan.what == What::kRefuse;
  std::string account(refused ? plan.reason : to_string(plan.what));
  if (!plan.name.empty()) account += ": " + plan.name;
  checks.add(!refused, "account", "one that this sign-in opens", account);
}

std::string account_name_of(std::string_view text) {
  std::string out;
  for (const char c : lower_case(text)) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (letter || (!out.empty() && (c == '.' || c == '_')))
      out += c;
    else if (!out.empty() && out.back() != '-')
      out += '-';
    if (out.size() == policy::kNameBytesMax) break;
  }
  while (!out.empty() && !((out.back() >= 'a' && out.back() <= 'z') || (out.back() >= '0' && out.back() <= '9')))
    out.pop_back();
  return out;
}

}  // namespace sallyport::sso
