// Answers of a software authenticator to a relying party of the tests, and what is found of them.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sso/webauthn.h"
#include "tests/sso/software_authenticator.h"

namespace sallyport::sso {

using nlohmann::json;

inline constexpr int64_t kAlgorithms[] = {-7, -8, -257};
inline const RelyingParty kGate{"gate.test", "https://gate.test:8443"};

inline WebauthnChallenge challenge_of(uint8_t fill) {
  WebauthnChallenge out;
  out.fill(static_cast<std::byte>(fill));
  return out;
}
inline const WebauthnChallenge kChallenge = challenge_of(0x5a);

template <class T>
std::string why(const Result<T>& result) {
  return result ? "taken" : result.error().what;
}

inline Result<NewCredential> registers(const json& credential, UserVerification wanted = UserVerification::kPreferred,
                                       const WebauthnChallenge& challenge = kChallenge) {
  TRY(const RegistrationAnswer answer, read_registration(credential));
  return verify_registration(answer, kGate, challenge, wanted);
}

inline KnownCredential known_of(const SoftwareAuthenticator& device, uint32_t counter) {
  return {device.id, device.key.cose(), counter, device.user_handle};
}

inline Result<Assertion> signs_in(const json& credential, const KnownCredential& known,
                                  UserVerification wanted = UserVerification::kPreferred,
                                  Identified identified = Identified::kBefore,
                                  const WebauthnChallenge& challenge = kChallenge) {
  TRY(const AssertionAnswer answer, read_assertion(credential));
  return verify_assertion(answer, kGate, challenge, wanted, identified, known);
}

}  // namespace sallyport::sso
