// FactorWorld with an authenticator in software: a passkey that is registered, used and refused.
#pragma once

#include <nlohmann/json.hpp>

#include "sso/own_passkeys.h"
#include "sso/passkey_pages.h"
#include "tests/sso/factor_world.h"
#include "tests/sso/software_authenticator.h"

namespace sallyport::sso {

using nlohmann::json;

inline const RelyingParty kParty{kGate, kGateOrigin};

class PasskeyWorld : public FactorWorld {
 protected:
  static SoftwareAuthenticator device(uint8_t fill = 1) {
    SoftwareAuthenticator out;
    out.party = kParty;
    out.id = Bytes(32, static_cast<std::byte>(fill));
    return out;
  }
  GateReply post(Jar& jar, const std::string& method, const std::string& path, const json& body = json::object()) {
    GateRequest asked = request(method, kGate, path);
    asked.content_type = "application/json";
    asked.sallyport_request = true;
    asked.origin = kGateOrigin;
    asked.body = secret(body.dump());
    return open(jar, std::move(asked));
  }
  static WebauthnChallenge challenge_of(const json& options) {
    const Bytes bytes = base64url_decode(options["publicKey"]["challenge"].get<std::string>()).value();
    WebauthnChallenge out;
    std::ranges::copy(bytes, out.begin());
    return out;
  }
  json options(Jar& jar) {
    const GateReply reply = post(jar, "POST", "/.sallyport/webauthn/options");
    EXPECT_EQ(reply.status, 200) << reply.body;
    return json::parse(reply.body);
  }
  GateReply add(Jar& jar, SoftwareAuthenticator& made, const std::string& name = "laptop") {
    const GateReply asked = post(jar, "POST", "/api/v1/me/passkeys/options");
    EXPECT_EQ(asked.status, 200) << asked.body;
    if (asked.status != 200) return asked;
    const json told = json::parse(asked.body);
    made.user_handle = base64url_decode(told["publicKey"]["user"]["id"].get<std::string>()).value();
    GateReply reply = post(jar, "POST", "/api/v1/me/passkeys",
                           {{"name", name}, {"credential", made.registration(challenge_of(told))}});
    follow();
    return reply;
  }
  // The authenticator answers, with a counter that has risen.
  GateReply use(Jar& jar, SoftwareAuthenticator& made, const json& options, json more = json::object()) {
    ++made.counter;
    more["credential"] = made.assertion(challenge_of(options));
    return post(jar, "POST", "/.sallyport/webauthn", more);
  }
  GateReply use(Jar& jar, SoftwareAuthenticator& made) { return use(jar, made, options(jar)); }
  std::string strength(Jar& jar) {
    const GateReply reply = post(jar, "GET", "/api/v1/me");
    return reply.status == 200 ? json::parse(reply.body)["strength"].get<std::string>() : std::to_string(reply.status);
  }
  // A person with one passkey, and nobody signed in.
  SoftwareAuthenticator enrolled(const char* name = "ann", uint8_t fill = 1, uint8_t flags = kUp | kUv) {
    SoftwareAuthenticator out = device(fill);
    out.flags = flags;
    Jar jar;
    open(jar, json_login(name, kPassword));
    EXPECT_EQ(add(jar, out).status, 200);
    return out;
  }
  Jar half_signed_in(const char* name = "ann") {
    Jar jar;
    const GateReply reply = open(jar, json_login(name, kPassword));
    EXPECT_EQ(json::parse(reply.body)["next"], "mfa") << reply.body;
    return jar;
  }
  std::string last_refusal() {
    std::string out;
    for (const auto& event : events())
      if (event.action == "sign_in.refused") out = event.detail;
    return out;
  }
  void expect_refused(const GateReply& reply, const std::string& reason) {
    EXPECT_EQ(reply.status, 401) << reason << reply.body;
    EXPECT_EQ(json::parse(reply.body)["error"], "bad_passkey") << reason;
    EXPECT_FALSE(gives_session(reply)) << reason;
    EXPECT_TRUE(last_refusal().contains(reason)) << last_refusal();
  }
};

}  // namespace sallyport::sso
