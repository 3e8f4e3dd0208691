// What Chromium's virtual authenticators gave back, recorded by tests/scenario/browser/record_passkeys.mjs: the forms
// that tests of our own making could have got wrong together with what they test.
#include <gtest/gtest.h>

#include <fstream>

#include "sso/cose_key.h"
#include "sso/strict_json.h"
#include "sso/webauthn.h"
#include "tests/sso/software_authenticator.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;
using enum UserVerification;
using enum Identified;

const RelyingParty kGate{"gate.localhost", "https://gate.localhost:8443"};

json recorded() { return json::parse(std::ifstream(std::string(TEST_DATA) + "/webauthn/chromium.json")); }

WebauthnChallenge challenge_of(const json& ceremony) {
  const Bytes bytes = base64url_decode(ceremony["challenge"].get<std::string>()).value();
  WebauthnChallenge out;
  std::ranges::copy(bytes, out.begin());
  return out;
}

Result<NewCredential> registers(const json& one, const WebauthnChallenge& challenge,
                                UserVerification wanted = kPreferred) {
  TRY(const RegistrationAnswer answer, read_registration(one["registration"]["credential"]));
  return verify_registration(answer, kGate, challenge, wanted);
}

Result<Assertion> signs_in(const json& ceremony, const WebauthnChallenge& challenge, const KnownCredential& known,
                           UserVerification wanted = kPreferred, Identified identified = kBefore) {
  TRY(const AssertionAnswer answer, read_assertion(ceremony["credential"]));
  return verify_assertion(answer, kGate, challenge, wanted, identified, known);
}

KnownCredential known_of(const json& one) {
  const NewCredential made = registers(one, challenge_of(one["registration"])).value();
  return {made.id, made.public_key, made.counter, base64url_decode(one["user_handle"].get<std::string>()).value()};
}

TEST(WebauthnRecorded, every_registration_and_assertion_is_taken) {
  const json all = recorded();
  ASSERT_EQ(all.size(), 7u);
  for (const json& one : all) {
    const std::string name = one["name"];
    const bool key = name == "security key" || name == "U2F";
    const auto made = registers(one, challenge_of(one["registration"]));
    ASSERT_TRUE(made) << name << ": " << made.error().what;
    EXPECT_EQ(made->verifies_user, !key) << name;
    EXPECT_EQ(read_registration(one["registration"]["credential"])->resident, !key) << name;
    EXPECT_EQ(static_cast<int>(CoseKey::read(made->public_key)->algorithm()), one["algorithm"].get<int>()) << name;
    KnownCredential known = known_of(one);
    for (const json& assertion : one["assertions"]) {
      const auto shown =
          signs_in(assertion, challenge_of(assertion), known, key ? kPreferred : kRequired, key ? kBefore : kByAnswer);
      ASSERT_TRUE(shown) << name << ": " << shown.error().what;
      EXPECT_GT(shown->counter, known.counter) << name;
      known.counter = shown->counter;
    }
  }
}

TEST(WebauthnRecorded, none_is_taken_for_another_challenge_gate_or_person) {
  const json all = recorded();
  for (const json& one : all) {
    const std::string name = one["name"];
    const json &first = one["assertions"][0], &second = one["assertions"][1];
    const KnownCredential known = known_of(one);
    EXPECT_FALSE(registers(one, challenge_of(first))) << name;
    EXPECT_FALSE(signs_in(first, challenge_of(second), known)) << name << ": replayed";
    KnownCredential later = known;
    later.counter = signs_in(second, challenge_of(second), known)->counter;
    EXPECT_EQ(signs_in(first, challenge_of(first), later).error().code, Code::kConflict) << name << ": a copy";
    for (const json& other : all) {
      if (other["name"] == one["name"]) continue;
      KnownCredential foreign = known_of(other);
      EXPECT_FALSE(signs_in(first, challenge_of(first), foreign)) << name;
      foreign.id = known.id;  // and so with its key, and its owner
      EXPECT_FALSE(signs_in(first, challenge_of(first), foreign)) << name;
      foreign.user_handle = known.user_handle;
      EXPECT_STREQ(signs_in(first, challenge_of(first), foreign).error().what, "a wrong signature") << name;
    }
    const auto answer = read_registration(one["registration"]["credential"]).value();
    for (const RelyingParty& other : {RelyingParty{"gate.localhost", "https://gate.localhost:8444"},
                                      RelyingParty{"localhost", "https://gate.localhost:8443"}})
      EXPECT_FALSE(verify_registration(answer, other, challenge_of(one["registration"]), kPreferred)) << name;
  }
}

TEST(WebauthnRecorded, a_security_key_does_not_verify_its_user) {
  for (const json& one : recorded()) {
    const std::string name = one["name"];
    if (name != "security key" && name != "U2F") continue;
    EXPECT_STREQ(registers(one, challenge_of(one["registration"]), kRequired).error().what,
                 "the user was not verified");
    const json& first = one["assertions"][0];
    EXPECT_STREQ(signs_in(first, challenge_of(first), known_of(one), kRequired).error().what,
                 "the user was not verified");
    EXPECT_STREQ(signs_in(first, challenge_of(first), known_of(one), kPreferred, kByAnswer).error().what,
                 "no user handle");
  }
}

}  // namespace
}  // namespace sallyport::sso
