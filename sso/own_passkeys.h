// A person's own passkeys: what is asked of an authenticator, and what it answers, when one is registered. Renaming and
// removing are those of every factor (sso/own_factors.h). Behind the pages and the API; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "sso/own_factors.h"
#include "sso/passkey_challenge.h"
#include "sso/replies.h"
#include "sso/webauthn.h"

namespace sallyport::sso {

struct OwnPasskeysParts {
  OwnFactors& factors;
  storage::StoreThread& store;
  const storage::Keyring& keyring;
  const Clock& clock;
  RelyingParty party;
};

// `who` and what it points to live as long as the task.
class OwnPasskeys {
 public:
  explicit OwnPasskeys(OwnPasskeysParts parts) : parts_(std::move(parts)) {}

  // For navigator.credentials.create().   errors: kLimit there are kPasskeysMax; the book's and the store's.
  Task<Result<nlohmann::json>> begin(Loop& home, const SignedIn& who);

  // What came of it. name: empty for a name of ours. The challenge is used up, whatever comes of it.
  // errors: as OwnFactors::add; kUnauthenticated the answer does not hold, or not to this session's challenge;
  // kMalformed the name; kLimit; kConflict with Side::kClient: somebody has this passkey already.
  Task<Result<OwnFactors::Added>> add(Loop& home, Asker asker, const SignedIn& who, std::string name,
                                      RegistrationAnswer answer);

  const RelyingParty& party() const { return parts_.party; }

 private:
  Task<Result<PasskeyChallenge>> take_challenge(Loop& home, const SignedIn& who, const RegistrationAnswer& answer);

  OwnPasskeysParts parts_;
};

// Of every passkey with this credential: the same for everybody, so that one registered twice is found.
RecordId passkey_id(ByteView credential_id);

// `error` of the above in words for the person and the program; null: no answer for people, but a failure.
const Problem* passkey_problem_of(const Error& error);

}  // namespace sallyport::sso
