// What a relying party verifies of passkeys: the two procedures of W3C Web Authentication Level 3, s7.1 (a credential
// is registered) and s7.2 (one is used). Values in, a value or the step that failed out; pure, no clock, any thread.
//
// Attestation is asked for as `none`: whatever attestation statement comes is read over, and neither verified nor
// trusted. What a registration proves is that this browser, at this origin and for this challenge, had a key made;
// which make of authenticator holds it is not known.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"

namespace sallyport::sso {

using WebauthnChallenge = std::array<std::byte, 32>;

constexpr size_t kWebauthnIdBytesMin = 16;  // s4, credential ID: at least 100 bits of entropy in 16 bytes
constexpr size_t kWebauthnIdBytesMax = 1023;

struct RelyingParty {
  std::string id;      // the gate's host
  std::string origin;  // "https://host[:port]", as a browser writes it
};

enum class UserVerification : uint8_t { kPreferred, kRequired };
std::string_view to_string(UserVerification wanted);

enum class Ceremony : uint8_t { kRegistration, kAuthentication };

// The client data (s5.8.1), read once: what is verified is what was hashed.
struct ClientData {
  std::string type;
  WebauthnChallenge challenge{};
  std::string origin;
  bool framed = false;  // crossOrigin is true, or there is a topOrigin
  bool token_bound = false;
  Sha256 hash{};  // of the bytes as they came
};

// What navigator.credentials.create() has given back (s5.1, RegistrationResponseJSON).
struct RegistrationAnswer {
  Bytes credential_id;
  ClientData client_data;
  Bytes attestation_object;
  std::vector<std::string> transports;  // in order, each once; known words alone
  bool resident = false;                // as the browser says: nothing hangs on it but what is offered
};

// What navigator.credentials.get() has given back (AuthenticationResponseJSON).
struct AssertionAnswer {
  Bytes credential_id;
  ClientData client_data;
  Bytes authenticator_data;
  Bytes signature;
  std::optional<Bytes> user_handle;
};

struct NewCredential {
  Bytes id;
  Bytes public_key;  // COSE_Key, as it came
  uint32_t counter = 0;
  bool verifies_user = false;
};

struct KnownCredential {
  Bytes id;
  Bytes public_key;
  uint32_t counter = 0;  // the last one seen
  Bytes user_handle;     // its owner's
};

struct Assertion {
  uint32_t counter = 0;
  bool user_verified = false;
};

// From the `credential` of a body that was parsed strictly (sso/strict_json.h): base64url without padding, `id` and
// `rawId` the same, and the client data inside read as strictly.   errors: kMalformed.
Result<RegistrationAnswer> read_registration(const nlohmann::json& credential);
Result<AssertionAnswer> read_assertion(const nlohmann::json& credential);

// errors: kDenied a step that did not hold; kMalformed CBOR or authenticator data that do not read; kUnsupported an
// algorithm that was not offered. Whether somebody has this credential already (step 26) is the caller's to ask.
Result<NewCredential> verify_registration(const RegistrationAnswer& answer, const RelyingParty& party,
                                          const WebauthnChallenge& challenge, UserVerification wanted);

// Who said whose credential it is (step 6): the sign-in so far, or the answer itself, which then brings the user
// handle.
enum class Identified : uint8_t { kBefore, kByAnswer };

// `known` is the credential that the caller has found for the user (steps 5 and 6).
// errors: as above. kConflict: the signature is right and the counter did not rise (step 22): perhaps a copy.
Result<Assertion> verify_assertion(const AssertionAnswer& answer, const RelyingParty& party,
                                   const WebauthnChallenge& challenge, UserVerification wanted, Identified identified,
                                   const KnownCredential& known);

}  // namespace sallyport::sso
