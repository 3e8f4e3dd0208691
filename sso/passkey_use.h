// Which of a person's passkeys an assertion is of, and whether it holds: everything that is asked between the answer of
// a browser and the commit in which it counts (storage::UseFactor). Pure.
#pragma once

#include <vector>

#include "sso/factors.h"
#include "sso/passkey_challenge.h"
#include "sso/second_factor.h"

namespace sallyport::sso {

// A sign-in without a password asks for one that the authenticator keeps and that verified its user, at its
// registration and now; as a second factor any will do (challenge.purpose).
UserVerification verification_for(PasskeyPurpose purpose);
bool signs_in_alone(const Passkey& passkey);

// uses: of this user, as they are stored.   cost: one signature.
// errors: those of verify_assertion; kDenied it is none of theirs, or counts as a second factor alone.
Result<ShownFactor> match_passkey(const Factors& factors, const std::vector<storage::FactorUse>& uses,
                                  const UserId& user, const AssertionAnswer& answer, const RelyingParty& party,
                                  const PasskeyChallenge& challenge, WallMicros now);

}  // namespace sallyport::sso
