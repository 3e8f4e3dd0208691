#include "sso/webauthn.h"

#include <algorithm>

#include "sso/authenticator_data.h"
#include "sso/cose_key.h"

namespace sallyport::sso {
namespace {

std::unexpected<Error> refused(const char* what) { return fail(Code::kDenied, Side::kClient, what); }

// Steps 7 to 11 of s7.1, which are 10 to 14 of s7.2. (Steps 5 and 6, UTF-8 and JSON, were done when it was read.)
Result<void> check_client_data(const ClientData& data, Ceremony ceremony, const RelyingParty& party,
                               const WebauthnChallenge& challenge) {
  if (data.type != (ceremony == Ceremony::kRegistration ? "webauthn.create" : "webauthn.get"))
    return refused("client data of another ceremony");                                       // 7, 10
  if (!constant_time_equal(data.challenge, challenge)) return refused("another challenge");  // 8, 11
  if (data.origin != party.origin) return refused("another origin");                         // 9, 12
  if (data.framed) return refused("made in a frame of another page");                        // 10, 11; 13, 14
  if (data.token_bound)
    return refused("bound to a channel that is not this one");  // Level 2 s7.1 step 10, s7.2 step 14
  return {};
}

// Steps 14 to 17 of s7.1, which are 15 to 18 of s7.2.
Result<void> check_authenticator_data(const AuthenticatorData& data, const RelyingParty& party,
                                      UserVerification wanted) {
  if (data.rp_id_hash != sha256(as_bytes(party.id))) return refused("made for another relying party");  // 14, 15
  if (!data.user_present) return refused("nobody was present");                                         // 15, 16
  if (wanted == UserVerification::kRequired && !data.user_verified)
    return refused("the user was not verified");                                                        // 16, 17
  if (data.backed_up && !data.backup_eligible) return refused("a backup of what cannot be backed up");  // 17, 18
  return {};
}

}  // namespace

std::string_view to_string(UserVerification wanted) {
  return wanted == UserVerification::kRequired ? "required" : "preferred";
}

// s7.1. Steps 1 to 4 are the page's script; 18 and 19 say what policy makes of backups, and none here does; 21 to 24
// judge the attestation, of which `none` was asked for.
Result<NewCredential> verify_registration(const RegistrationAnswer& answer, const RelyingParty& party,
                                          const WebauthnChallenge& challenge, UserVerification wanted) {
  CHECKED(check_client_data(answer.client_data, Ceremony::kRegistration, party, challenge));  // 5 to 12
  TRY(const ByteView inside, read_attestation_object(answer.attestation_object));             // 13
  TRY(const AuthenticatorData data, read_authenticator_data(inside));                         // 13; 20 in CoseKey; 28
  CHECKED(check_authenticator_data(data, party, wanted));                                     // 14 to 17
  if (!data.credential) return refused("a registration without a credential");
  const ByteView id = data.credential->id;
  if (id.size() > kWebauthnIdBytesMax) return refused("a credential id that is too long");  // 25
  if (id.size() < kWebauthnIdBytesMin) return refused("a credential id that is too short");
  if (!std::ranges::equal(id, answer.credential_id)) return refused("the browser names another credential");
  const ByteView key = data.credential->public_key;
  return NewCredential{{id.begin(), id.end()}, {key.begin(), key.end()}, data.counter, data.user_verified};  // 27
}

// s7.2. Steps 1 to 4 are the page's script; 19 is policy for backups, and none here has any; 24 is the caller's commit.
Result<Assertion> verify_assertion(const AssertionAnswer& answer, const RelyingParty& party,
                                   const WebauthnChallenge& challenge, UserVerification wanted, Identified identified,
                                   const KnownCredential& known) {
  if (answer.credential_id != known.id) return refused("another credential");  // 5, 6
  if (identified == Identified::kByAnswer && !answer.user_handle) return refused("no user handle");
  if (answer.user_handle && *answer.user_handle != known.user_handle)
    return refused("the user handle of somebody else");
  CHECKED(check_client_data(answer.client_data, Ceremony::kAuthentication, party, challenge));  // 8 to 14
  TRY(const AuthenticatorData data, read_authenticator_data(answer.authenticator_data));        // 7, 23
  CHECKED(check_authenticator_data(data, party, wanted));                                       // 15 to 18
  if (data.credential) return refused("an assertion with a new credential");                    // s6.1
  TRY(const CoseKey key, CoseKey::read(known.public_key));
  Bytes message = answer.authenticator_data;  // 20, 21
  message.insert(message.end(), answer.client_data.hash.begin(), answer.client_data.hash.end());
  if (!key.verify(message, answer.signature)) return refused("a wrong signature");
  if ((data.counter != 0 || known.counter != 0) && data.counter <= known.counter)  // 22
    return fail(Code::kConflict, Side::kClient,
                "the signature counter did not rise: perhaps a copy of the authenticator");
  return Assertion{data.counter, data.user_verified};
}

}  // namespace sallyport::sso
