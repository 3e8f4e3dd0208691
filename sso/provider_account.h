// Whose account a person is whom a provider vouches for, and what that changes: the rules of decision 0023, as a pure
// function. What it plans is checked once more where it is written (storage's put_provided_account), against the store.
//
//   the subject is somebody's        -> that account, whatever the e-mail address says
//   nobody's, but the asserted e-mail address is -> linked to it, if the domain is the provider's and nothing speaks
//                                       against it
//   nobody's at all                  -> an account is made, if the provider may
#pragma once

#include <string>
#include <string_view>

#include "policy/group_roles.h"
#include "policy/snapshot.h"
#include "sso/checks.h"
#include "sso/external_identity.h"

namespace sallyport::sso {

struct AccountPlan {
  enum class What : uint8_t { kExisting, kLink, kCreate, kRefuse };
  What what = What::kRefuse;
  const policy::CompiledUser* user = nullptr;  // kExisting, kLink; lives as long as the snapshot
  std::string name;                            // of the account; kRefuse: of whom it was about, if anybody
  std::string email;                           // kLink: by which it was found; else to be written; "": nothing is
  policy::ProvidedIdentity identity;           // as it shall be in the record from now on
  bool changes = false;                        // is anything in the record different afterwards?
  policy::GroupOutcome groups;                 // for the flight recorder and the audit
  // kRefuse. Both literals: the code for programs, the reason for the audit and the flight recorder.
  const char* code = "";
  const char* reason = "";
};
std::string_view to_string(AccountPlan::What what);

// groups: of the provider's rules.   cost: that of reading the groups.
AccountPlan account_for(const policy::Snapshot& snapshot, std::string_view provider_name,
                        const policy::IdentityProvider& provider, const policy::GroupReader& groups,
                        const ExternalIdentity& identity);

// Notes what was planned, for the flight recorder: what became of the groups, in numbers, then whose account it is.
void note_account(Checks& checks, const AccountPlan& plan);

// What is made of a person's name for an account: lower case, what does not fit became '-'; "": nothing is left.
std::string account_name_of(std::string_view text);

}  // namespace sallyport::sso
