// Passkeys of a person: registered, listed and taken away, with a software authenticator and the clock set by hand.
#include "tests/sso/passkey_world.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;
using std::chrono::minutes;

class OwnPasskeysTest : public PasskeyWorld {};

TEST_F(OwnPasskeysTest, what_is_asked_of_an_authenticator_at_registration) {
  Jar jar;
  sign_in(jar);
  const json options = json::parse(post(jar, "POST", "/api/v1/me/passkeys/options").body)["publicKey"];
  EXPECT_EQ(options["rp"]["id"], kGate);
  EXPECT_EQ(options["user"]["name"], "ann");
  EXPECT_EQ(base64url_decode(options["user"]["id"].get<std::string>())->size(), kUserHandleBytes);
  EXPECT_FALSE(options["user"].dump().contains(record("ann").id.to_string()));
  EXPECT_EQ(options["attestation"], "none");
  EXPECT_EQ(options["authenticatorSelection"],
            (json{{"residentKey", "preferred"}, {"requireResidentKey", false}, {"userVerification", "preferred"}}));
  EXPECT_EQ(options["pubKeyCredParams"].size(), 3u);
  EXPECT_EQ(options["excludeCredentials"], json::array());
}

TEST_F(OwnPasskeysTest, the_first_one_brings_recovery_codes_a_new_cookie_and_ends_other_sessions) {
  Jar jar, other;
  sign_in(jar);
  sign_in(other);
  const std::string cookie = jar.get(kGate, "__Host-sallyport");
  SoftwareAuthenticator mine = device();
  const GateReply reply = add(jar, mine);
  ASSERT_EQ(reply.status, 200) << reply.body;
  const json told = json::parse(reply.body);
  EXPECT_EQ(told["factor"]["kind"], "passkey");
  EXPECT_EQ(told["factor"]["name"], "laptop");
  EXPECT_EQ(told["recovery_codes"].size(), kRecoveryCodes);
  EXPECT_NE(jar.get(kGate, "__Host-sallyport"), cookie);
  EXPECT_EQ(strength(jar), "mfa");
  EXPECT_EQ(strength(other), "401");
  EXPECT_EQ(events_of("factor.add"), 1u);
  // The next one excludes it, under the same handle, and brings no codes.
  const json options = json::parse(post(jar, "POST", "/api/v1/me/passkeys/options").body)["publicKey"];
  EXPECT_EQ(options["excludeCredentials"][0]["id"], base64url_encode(mine.id));
  EXPECT_EQ(base64url_decode(options["user"]["id"].get<std::string>()).value(), mine.user_handle);
  SoftwareAuthenticator second = device(2);
  const json more = json::parse(add(jar, second, "").body);
  EXPECT_EQ(more["factor"]["name"], "Passkey");
  EXPECT_FALSE(more.contains("recovery_codes"));
}

TEST_F(OwnPasskeysTest, one_is_registered_once_and_for_one_person) {
  SoftwareAuthenticator mine = enrolled("ann", 1);
  Jar jar;
  open(jar, json_login("mel", kPassword));
  SoftwareAuthenticator same = device(1);
  const GateReply reply = add(jar, same);
  EXPECT_EQ(reply.status, 409);
  EXPECT_EQ(json::parse(reply.body)["error"], "already_registered");
  Jar own = half_signed_in();
  EXPECT_EQ(use(own, mine).status, 200);
  SoftwareAuthenticator again = device(1);
  EXPECT_EQ(add(own, again).status, 409);
}

TEST_F(OwnPasskeysTest, what_is_removed_signs_nobody_in) {
  SoftwareAuthenticator mine = enrolled();
  Jar jar = half_signed_in();
  EXPECT_EQ(use(jar, mine).status, 200);
  const json listed = json::parse(post(jar, "GET", "/api/v1/me/factors").body);
  ASSERT_EQ(listed["factors"].size(), 1u);
  const std::string id = listed["factors"][0]["id"];
  EXPECT_EQ(post(jar, "DELETE", "/api/v1/me/passkeys/" + RecordId::random().to_string()).status, 404);
  EXPECT_EQ(post(jar, "DELETE", "/api/v1/me/totp/" + id).status, 404);
  EXPECT_EQ(post(jar, "DELETE", "/api/v1/me/passkeys/" + id).status, 204);
  follow();
  Jar fresh;
  expect_refused(use(fresh, mine), "a passkey of nobody");
  EXPECT_EQ(json::parse(ask(json_login("ann", kPassword)).body)["next"], "done");
}

TEST_F(OwnPasskeysTest, a_change_asks_for_a_fresh_factor) {
  SoftwareAuthenticator mine = enrolled();
  Jar jar = half_signed_in();
  EXPECT_EQ(use(jar, mine).status, 200);
  clock_.advance(minutes(16));
  for (const auto& [method, path] : std::vector<std::pair<std::string, std::string>>{
           {"POST", "/api/v1/me/passkeys/options"},
           {"POST", "/api/v1/me/passkeys"},
           {"DELETE", "/api/v1/me/passkeys/" + passkey_id(mine.id).to_string()}}) {
    const GateReply reply = post(jar, method, path);
    EXPECT_EQ(reply.status, 401) << path;
    EXPECT_EQ(json::parse(reply.body)["error"], "step_up_required") << path;
  }
  EXPECT_EQ(use(jar, mine).status, 200) << "the passkey is shown once more";
  EXPECT_EQ(post(jar, "POST", "/api/v1/me/passkeys/options").status, 200);
}

TEST_F(OwnPasskeysTest, a_registration_that_does_not_hold_adds_nothing) {
  Jar jar;
  sign_in(jar);
  const json told = json::parse(post(jar, "POST", "/api/v1/me/passkeys/options").body);
  SoftwareAuthenticator elsewhere = device();
  elsewhere.party.origin = "https://gate.localhost:8444";
  const auto answers = [&](const json& credential) {
    const GateReply reply = post(jar, "POST", "/api/v1/me/passkeys", {{"credential", credential}});
    return std::to_string(reply.status) + " " + json::parse(reply.body)["error"].get<std::string>();
  };
  EXPECT_EQ(answers(elsewhere.registration(challenge_of(told))), "401 bad_passkey");
  EXPECT_EQ(answers(device().registration(challenge_of(told))), "401 bad_passkey") << "the challenge is used up";
  EXPECT_EQ(answers(json::object()), "400 malformed");
  EXPECT_EQ(post(jar, "POST", "/api/v1/me/passkeys", {{"name", 7}, {"credential", json::object()}}).status, 400);
  EXPECT_EQ(events_of("factor.add"), 0u);
  const json again = json::parse(post(jar, "POST", "/api/v1/me/passkeys/options").body);
  EXPECT_EQ(post(jar, "POST", "/api/v1/me/passkeys",
                 {{"name", std::string(61, 'x')}, {"credential", device().registration(challenge_of(again))}})
                .status,
            400);
}

TEST_F(OwnPasskeysTest, the_script_is_on_the_pages_that_need_it_and_on_no_other) {
  const auto scripted = [](const GateReply& reply) {
    const bool tag = reply.body.contains("<script type=\"module\" src=\"" + passkey_script_url() + "\">");
    EXPECT_EQ(tag, header(reply, "Content-Security-Policy").contains("; script-src 'self'; connect-src 'self'"));
    EXPECT_FALSE(header(reply, "Content-Security-Policy").contains("unsafe"));
    return tag;
  };
  SoftwareAuthenticator mine = enrolled();
  EXPECT_TRUE(scripted(ask(page(kGate, "/.sallyport/login"))));
  EXPECT_TRUE(ask(page(kGate, "/.sallyport/login")).body.contains("autocomplete=\"username webauthn\""));
  Jar jar = half_signed_in();
  EXPECT_TRUE(scripted(open(jar, page(kGate, "/.sallyport/mfa"))));
  use(jar, mine);
  EXPECT_TRUE(scripted(open(jar, page(kGate, "/.sallyport/account/factors"))));
  for (const char* path : {"/", "/.sallyport/account", "/.sallyport/logout", "/.sallyport/nowhere"})
    EXPECT_FALSE(scripted(open(jar, page(kGate, path)))) << path;
  const GateReply script = ask(page(kGate, std::string(kPasskeyScriptPath)));
  EXPECT_EQ(header(script, "Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(header(script, "X-Content-Type-Options"), "nosniff");
  EXPECT_TRUE(script.body.contains("navigator.credentials"));
  EXPECT_EQ(ask(page(kCrm, std::string(kPasskeyScriptPath))).status, 404);
}

TEST_F(OwnPasskeysTest, the_form_of_the_page_adds_one_too) {
  Jar jar;
  sign_in(jar);
  const GateReply shown = open(jar, page(kGate, "/.sallyport/account/factors"));
  const json told = json::parse(post(jar, "POST", "/api/v1/me/passkeys/options").body);
  SoftwareAuthenticator mine = device();
  const auto form = [&](const std::string& csrf, const std::string& credential) {
    GateRequest asked = request("POST", kGate, std::string(kAddPasskeyPath));
    asked.accept = kPage;
    asked.content_type = "application/x-www-form-urlencoded";
    asked.origin = kGateOrigin;
    asked.body = secret("csrf=" + csrf + "&flow=&name=Laptop&credential=" + http::percent_encode(credential));
    return open(jar, std::move(asked));
  };
  const std::string csrf = hidden(shown.body.substr(shown.body.find("data-passkey")), "csrf");
  const std::string credential = mine.registration(challenge_of(told)).dump();
  EXPECT_EQ(form("wrong", credential).status, 403);
  EXPECT_EQ(form(csrf, "{}").status, 400);
  const GateReply reply = form(csrf, credential);
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.body.contains("Your recovery codes"));
  EXPECT_TRUE(gives_session(reply));
}

}  // namespace
}  // namespace sallyport::sso
