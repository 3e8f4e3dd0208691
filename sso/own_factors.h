// A person's own second factors: what they are, and every change of them. Behind the pages and the API; any thread.
//
// Who changes them has just proven to be that person (may_change). A change ends the person's other sessions in the
// same commit; a factor that is added raises the session that adds it, under a new cookie.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sso/factor_pages.h"
#include "sso/factors.h"
#include "sso/own_sessions.h"
#include "sso/recovery_codes.h"
#include "sso/signed_in.h"
#include "sso/totp_enrolment.h"
#include "storage/keyring.h"

namespace sallyport::sso {

constexpr std::chrono::minutes kFreshEnough{15};

struct OwnFactorList {
  std::vector<FactorShown> factors;  // apps, then passkeys, each in the order they were added
  size_t recovery_left = 0;
  std::optional<WallMicros> recovery_used_at;
};

// Does anybody but the person's own choice demand a factor of them: at the gate, or at any place they may go to?
bool is_demanded(const policy::Snapshot& snapshot, const policy::CompiledUser& user);

struct OwnFactorsParts {
  FactorBook& book;
  OwnSessions& own_sessions;
  storage::StoreThread& store;
  storage::SessionTable& sessions;
  const storage::Keyring& keyring;
  const Clock& clock;
  std::string gate;  // its host: the issuer
  std::function<void(const RecordId& family)> session_ended;
  AwaitInForce in_force;  // may be empty
};

// `who` and what it points to live as long as the task.
class OwnFactors {
 public:
  explicit OwnFactors(OwnFactorsParts parts) : parts_(std::move(parts)) {}

  // errors, of all of these: the book's and the store's.
  Task<Result<OwnFactorList>> list(Loop& home, const SignedIn& who);
  // A factor shown within kFreshEnough; for who has none yet, a sign-in within it.
  Task<Result<bool>> may_change(Loop& home, const SignedIn& who);

  // name: empty for a name of ours.   errors: kMalformed the name, kLimit there are kTotpMax.
  Task<Result<TotpEnrolment>> begin_totp(Loop& home, const SignedIn& who, std::string name);
  // errors: kNotFound it is not this session's, or over.
  Task<Result<TotpEnrolment>> pending_totp(Loop& home, const SignedIn& who, RecordId id);

  struct Added {
    FactorShown factor;
    std::string cookie;                           // of the session from now on
    std::vector<NewRecoveryCode> recovery_codes;  // with the first factor
  };
  // errors: as pending_totp; kUnauthenticated the code is not right; kConflict the factors were changed meanwhile.
  Task<Result<Added>> confirm_totp(Loop& home, Asker asker, const SignedIn& who, RecordId id, SecretBytes code);
  // What adding any factor has in common. `factors` is what the person had, with the new one in it; use: how it was
  // shown while it was added.
  Task<Result<Added>> add(Loop& home, Asker asker, const SignedIn& who, Factors factors, FactorShown added,
                          std::string words, std::optional<storage::FactorUse> use);

  // errors, of these: kNotFound the person has no (such) factor; kConflict as above.
  Task<Result<std::vector<NewRecoveryCode>>> new_recovery_codes(Loop& home, Asker asker, const SignedIn& who);
  Task<Result<void>> rename(Loop& home, Asker asker, const SignedIn& who, RecordId id, std::string name);  // kMalformed
  // kind: nothing for whichever it is.   errors: kDenied it is the last one, and one is demanded.
  Task<Result<void>> remove(Loop& home, Asker asker, const SignedIn& who, const policy::Snapshot& snapshot,
                            std::optional<FactorKind> kind, RecordId id);

  // What the person has; without any, with nothing but a new user handle.
  Task<Result<Factors>> factors_of(Loop& home, const policy::CompiledUser& user);
  const std::string& gate() const { return parts_.gate; }

 private:
  // With the ends of all other sessions, before and behind the commit.
  Task<Result<void>> change(Loop& home, Asker asker, const SignedIn& who, const Factors& factors,
                            storage::ChangeSet more, storage::AdminEvent event);

  OwnFactorsParts parts_;
};

}  // namespace sallyport::sso
