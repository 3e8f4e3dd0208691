// A challenge that a passkey has to answer: it waits in the store, sealed, as one more kind of flow. Good for one
// answer, for one purpose, in the session or browser that asked for it, and for ten minutes.
#pragma once

#include <chrono>
#include <string_view>

#include "sso/webauthn.h"
#include "storage/keyring.h"
#include "storage/records.h"

namespace sallyport::sso {

constexpr std::chrono::minutes kPasskeyChallengeLife{10};
constexpr std::string_view kPasskeyChallengeKind = "webauthn";

enum class PasskeyPurpose : uint8_t {
  kRegistration = 1,
  kSignIn = 2,  // nobody is known yet
  kFactor = 3,  // the second factor after a password, and whenever it is asked for again
};

struct PasskeyChallenge {
  WebauthnChallenge challenge{};
  PasskeyPurpose purpose{};
  UserId user;                         // zero: not known yet
  std::array<std::byte, 32> handle{};  // kRegistration: the user handle that was given to the authenticator
  Sha256 binding{};                    // of the session or the browser
};

PasskeyChallenge new_challenge(PasskeyPurpose purpose, const UserId& user, const Sha256& binding);

Sha256 binding_to_session(const RecordId& family);
Sha256 binding_to_browser(std::string_view csrf_cookie);

Sha256 key_of(const WebauthnChallenge& challenge);  // what the store knows it by

// errors: the keyring's.
Result<storage::FlowRecord> to_record(const PasskeyChallenge& challenge, const storage::Keyring& keyring,
                                      WallMicros now);
// The record that was taken out of the store for the challenge of an answer.
// errors: kNotFound it is of another kind, or over; kDenied, kMalformed it is not what was put there.
Result<PasskeyChallenge> read_passkey_challenge(const storage::FlowRecord& record, const storage::Keyring& keyring,
                                                WallMicros now);

}  // namespace sallyport::sso
