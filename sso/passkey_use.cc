#include "sso/passkey_use.h"

#include <algorithm>

namespace sallyport::sso {

UserVerification verification_for(PasskeyPurpose purpose) {
  return purpose == PasskeyPurpose::kSignIn ? UserVerification::kRequired : UserVerification::kPreferred;
}

bool signs_in_alone(const Passkey& passkey) { return passkey.resident && passkey.verifies_user; }

Result<ShownFactor> match_passkey(const Factors& factors, const std::vector<storage::FactorUse>& uses,
                                  const UserId& user, const AssertionAnswer& answer, const RelyingParty& party,
                                  const PasskeyChallenge& challenge, WallMicros now) {
  // s7.2 steps 5 and 6: all of theirs were allowed, and nobody else's are theirs.
  const auto passkey = std::ranges::find(factors.passkeys, answer.credential_id, &Passkey::credential_id);
  if (passkey == factors.passkeys.end())
    return fail(Code::kDenied, Side::kClient, "a passkey of nobody or somebody else");
  const bool alone = challenge.purpose == PasskeyPurpose::kSignIn;
  if (alone && !signs_in_alone(*passkey))
    return fail(Code::kDenied, Side::kClient, "a passkey that counts as a second factor alone");
  KnownCredential known{passkey->credential_id, passkey->public_key, passkey->counter, factors.user_handle};
  for (const storage::FactorUse& use : uses)
    if (use.factor == passkey->id && use.counter > known.counter) known.counter = static_cast<uint32_t>(use.counter);
  TRY(const Assertion shown, verify_assertion(answer, party, challenge.challenge, verification_for(challenge.purpose),
                                              alone ? Identified::kByAnswer : Identified::kBefore, known));
  return ShownFactor{words_for(*passkey),
                     {.factor = passkey->id, .user = user, .counter = shown.counter, .used_at = now}};
}

}  // namespace sallyport::sso
