// Passkeys as a person meets them: registered, used as second factor and without a password, and taken away, with a
// software authenticator and the clock set by hand.
#include "sso/own_passkeys.h"
#include "sso/passkey_pages.h"
#include "tests/sso/factor_world.h"
#include "tests/sso/software_authenticator.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;
using std::chrono::minutes;

const RelyingParty kParty{kGate, kGateOrigin};

class PasskeysTest : public FactorWorld {
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

TEST_F(PasskeysTest, what_is_asked_of_an_authenticator_at_registration) {
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

TEST_F(PasskeysTest, the_first_one_brings_recovery_codes_a_new_cookie_and_ends_other_sessions) {
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

TEST_F(PasskeysTest, is_the_second_factor_after_the_password) {
  SoftwareAuthenticator mine = enrolled();
  Jar jar = half_signed_in();
  EXPECT_EQ(strength(jar), "password");
  const std::string cookie = jar.get(kGate, "__Host-sallyport");
  const json asked = options(jar);
  EXPECT_EQ(asked["publicKey"]["rpId"], kGate);
  EXPECT_EQ(asked["publicKey"]["userVerification"], "preferred");
  ASSERT_EQ(asked["publicKey"]["allowCredentials"].size(), 1u);
  EXPECT_EQ(asked["publicKey"]["allowCredentials"][0]["id"], base64url_encode(mine.id));
  const GateReply reply = use(jar, mine, asked);
  EXPECT_EQ(json::parse(reply.body), (json{{"next", "done"}, {"location", "/"}}));
  EXPECT_NE(jar.get(kGate, "__Host-sallyport"), cookie);
  EXPECT_EQ(strength(jar), "mfa");
}

TEST_F(PasskeysTest, signs_in_without_a_password) {
  SoftwareAuthenticator mine = enrolled();
  Jar jar;
  const json asked = options(jar);
  EXPECT_EQ(asked["publicKey"]["allowCredentials"], json::array()) << "nothing is told of anybody";
  EXPECT_EQ(asked["publicKey"]["userVerification"], "required");
  const GateReply reply = use(jar, mine, asked);
  EXPECT_EQ(json::parse(reply.body), (json{{"next", "done"}, {"location", "/"}})) << reply.body;
  EXPECT_EQ(strength(jar), "mfa");
  EXPECT_EQ(reply.user, record("ann").id);
}

TEST_F(PasskeysTest, a_password_that_is_due_comes_after_it) {
  SoftwareAuthenticator laptop = enrolled();
  add_platform({{"passwords", {{"max_age", "90d"}}}});
  rebuild();
  Jar half = half_signed_in();
  EXPECT_EQ(json::parse(use(half, laptop).body)["next"], "password") << "as the second factor";
  Jar alone;
  EXPECT_EQ(json::parse(use(alone, laptop).body)["next"], "password") << "and in the password's place";
}

TEST_F(PasskeysTest, a_sign_in_goes_on_to_the_page_wanted) {
  SoftwareAuthenticator mine = enrolled();
  Jar jar;
  const std::string flow = query_of(header(want(jar, kCrm, "/x?y=1"), "Location"), "flow");
  const json told = json::parse(use(jar, mine, options(jar), {{"flow", flow}}).body);
  EXPECT_EQ(host_of(told["location"].get<std::string>()), kCrm);
  const GateReply landed = open(jar, page(kCrm, path_of(told["location"].get<std::string>())));
  EXPECT_EQ(path_of(header(landed, "Location")), "/x?y=1");
}

TEST_F(PasskeysTest, one_that_does_not_verify_its_user_is_a_second_factor_alone) {
  SoftwareAuthenticator key = enrolled("ann", 1, kUp);
  Jar jar = half_signed_in();
  EXPECT_EQ(use(jar, key).status, 200);
  EXPECT_EQ(strength(jar), "mfa");
  Jar fresh;
  expect_refused(use(fresh, key), "a passkey that counts as a second factor alone");
  key.flags = kUp | kUv;  // a PIN was set on it later
  expect_refused(use(fresh, key), "a passkey that counts as a second factor alone");
}

TEST_F(PasskeysTest, without_a_password_the_user_is_verified_and_named) {
  SoftwareAuthenticator mine = enrolled();
  Jar jar;
  mine.flags = kUp;
  expect_refused(use(jar, mine), "the user was not verified");
  mine.flags = kUp | kUv;
  const json asked = options(jar);
  ++mine.counter;
  json credential = mine.assertion(challenge_of(asked));
  credential["response"].erase("userHandle");
  expect_refused(post(jar, "POST", "/.sallyport/webauthn", {{"credential", credential}}), "no user handle");
  const Bytes handle = mine.user_handle;
  mine.user_handle[0] ^= std::byte{1};
  expect_refused(use(jar, mine), "the user handle of somebody else");
  mine.user_handle = handle;
  EXPECT_EQ(use(jar, mine).status, 200);
}

TEST_F(PasskeysTest, a_challenge_counts_once) {
  SoftwareAuthenticator mine = enrolled();
  Jar jar;
  const json asked = options(jar);
  ++mine.counter;
  const json credential = mine.assertion(challenge_of(asked));
  EXPECT_EQ(post(jar, "POST", "/.sallyport/webauthn", {{"credential", credential}}).status, 200);
  jar.drop(kGate, "__Host-sallyport");
  expect_refused(post(jar, "POST", "/.sallyport/webauthn", {{"credential", credential}}), "no challenge of ours");
  // A wrong answer has used it up as well.
  const json again = options(jar);
  SoftwareAuthenticator stranger = device();
  stranger.user_handle = mine.user_handle;
  stranger.counter = mine.counter;
  expect_refused(use(jar, stranger, again), "a wrong signature");
  expect_refused(use(jar, mine, again), "no challenge of ours");
}

TEST_F(PasskeysTest, a_challenge_is_over_after_ten_minutes) {
  SoftwareAuthenticator mine = enrolled();
  Jar jar;
  const json asked = options(jar), other = options(jar);
  clock_.advance(minutes(10) - std::chrono::seconds(1));
  EXPECT_EQ(use(jar, mine, asked).status, 200);
  jar.drop(kGate, "__Host-sallyport");
  clock_.advance(std::chrono::seconds(1));
  expect_refused(use(jar, mine, other), "no challenge of ours");
}

TEST_F(PasskeysTest, a_challenge_belongs_to_its_browser_session_and_purpose) {
  SoftwareAuthenticator mine = enrolled();
  Jar one, two;
  options(two);
  expect_refused(use(two, mine, options(one)), "the challenge of another browser");
  Jar half = half_signed_in(), other = half_signed_in();
  expect_refused(use(other, mine, options(half)), "the challenge of another session");
  expect_refused(use(one, mine, options(half)), "the session of the challenge is over");
  Jar full = half_signed_in();
  EXPECT_EQ(use(full, mine).status, 200);
  const json registering = json::parse(post(full, "POST", "/api/v1/me/passkeys/options").body);
  expect_refused(use(full, mine, registering), "another kind of challenge");
  // And the other way round: what was asked for a sign-in registers nothing.
  SoftwareAuthenticator second = device(2);
  const GateReply reply =
      post(full, "POST", "/api/v1/me/passkeys", {{"credential", second.registration(challenge_of(options(full)))}});
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(json::parse(reply.body)["error"], "bad_passkey");
}

TEST_F(PasskeysTest, a_counter_that_does_not_rise_is_refused_and_recorded) {
  SoftwareAuthenticator mine = enrolled();
  Jar jar;
  EXPECT_EQ(use(jar, mine).status, 200);
  jar.drop(kGate, "__Host-sallyport");
  SoftwareAuthenticator& copy = mine;
  copy.counter -= 1;  // use() raises it to what was seen last
  expect_refused(use(jar, copy), "perhaps a copy of the authenticator");
  copy.counter -= 2;
  expect_refused(use(jar, copy), "perhaps a copy of the authenticator");
  copy.counter += 2;
  EXPECT_EQ(use(jar, copy).status, 200);
}

TEST_F(PasskeysTest, without_a_counter_every_use_counts) {
  SoftwareAuthenticator mine = device();
  mine.counter = 0;
  Jar jar;
  sign_in(jar);
  ASSERT_EQ(add(jar, mine).status, 200);
  for (int i = 0; i < 3; ++i) {
    Jar each;
    const json asked = options(each);
    EXPECT_EQ(post(each, "POST", "/.sallyport/webauthn", {{"credential", mine.assertion(challenge_of(asked))}}).status,
              200);
  }
}

TEST_F(PasskeysTest, another_persons_is_no_factor_of_mine) {
  SoftwareAuthenticator mine = enrolled("ann", 1), yours = enrolled("mel", 2);
  Jar jar = half_signed_in("ann");
  expect_refused(use(jar, yours), "a passkey of nobody or somebody else");
  EXPECT_EQ(strength(jar), "password");
  yours.id = mine.id;
  expect_refused(use(jar, yours), "the user handle of somebody else");
  yours.user_handle = mine.user_handle;
  expect_refused(use(jar, yours), "a wrong signature");
}

TEST_F(PasskeysTest, one_is_registered_once_and_for_one_person) {
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

TEST_F(PasskeysTest, the_store_is_asked_whose_it_is_and_not_believed) {
  SoftwareAuthenticator mine = enrolled("ann", 1);
  enrolled("mel", 2);
  const UserId ann = user("ann").id, mel = user("mel").id;
  const auto owners = in_store<std::vector<UserId>>(
      [id = passkey_id(mine.id)](storage::Store& store) { return store.users_of_factor(id); });
  EXPECT_EQ(owners, std::vector{ann});
  // Somebody with the database writes that it is mel's.
  in_store<storage::Generation>([&](storage::Store& store) {
    storage::ChangeSet changes;
    changes.changes.emplace_back(storage::ForgetFactorUses{.user = ann, .but = {}});
    changes.changes.emplace_back(
        storage::UseFactor{{.factor = passkey_id(mine.id), .user = mel, .counter = 1, .used_at = {}}});
    return store.commit(changes, {});
  });
  Jar jar;
  expect_refused(use(jar, mine), "a passkey of nobody or somebody else");
}

TEST_F(PasskeysTest, what_is_removed_signs_nobody_in) {
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

TEST_F(PasskeysTest, a_change_asks_for_a_fresh_factor) {
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

TEST_F(PasskeysTest, a_registration_that_does_not_hold_adds_nothing) {
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

TEST_F(PasskeysTest, who_may_not_sign_in_does_not_by_passkey) {
  SoftwareAuthenticator mine = enrolled();
  for (auto& each : records_)
    if (each.name == "ann") {
      json spec = json::parse(each.spec);
      spec["suspended"] = true;
      each.spec = spec.dump();
    }
  rebuild();
  Jar jar;
  expect_refused(use(jar, mine), "suspended");
}

TEST_F(PasskeysTest, a_stranger_is_answered_like_anybody) {
  SoftwareAuthenticator nobody = device(9);
  Jar jar;
  const GateReply reply = use(jar, nobody);
  expect_refused(reply, "a passkey of nobody");
  SoftwareAuthenticator mine = enrolled(), wrong = device();
  wrong.user_handle = mine.user_handle;
  wrong.counter = 100;
  EXPECT_EQ(use(jar, wrong).body, reply.body);
}

TEST_F(PasskeysTest, wrong_answers_are_limited) {
  SoftwareAuthenticator mine = enrolled(), wrong = device();
  wrong.user_handle = mine.user_handle;
  wrong.counter = 100;
  Jar jar;
  int refused = 0;
  for (int i = 0; i < 15; ++i) {
    const GateReply reply = use(jar, wrong);
    if (reply.status == 401) ++refused;
    if (reply.status == 429) EXPECT_FALSE(header(reply, "Retry-After").empty());
  }
  EXPECT_EQ(refused, 10);
  Jar half = half_signed_in("ann"), own = half_signed_in("ann");
  int tried = 0;
  for (int i = 0; i < 15; ++i) tried += use(half, wrong).status == 401;
  EXPECT_EQ(tried, 10);
  EXPECT_EQ(use(own, mine).status, 200) << "nobody else has to wait for that";
}

TEST_F(PasskeysTest, only_a_script_of_the_gate_asks) {
  for (const char* path : {"/.sallyport/webauthn/options", "/.sallyport/webauthn"}) {
    Jar jar;
    const auto status = [&](auto change) {
      GateRequest asked = request("POST", kGate, path);
      asked.content_type = "application/json";
      asked.sallyport_request = true;
      asked.origin = kGateOrigin;
      asked.body = secret("{}");
      change(asked);
      return ask(std::move(asked)).status;
    };
    EXPECT_EQ(status([](GateRequest& r) { r.sallyport_request = false; }), 403);
    EXPECT_EQ(status([](GateRequest& r) { r.origin = "https://crm.apps.localhost:8443"; }), 403);
    EXPECT_EQ(status([](GateRequest& r) { r.content_type = "text/plain"; }), 415);
    EXPECT_EQ(status([](GateRequest& r) { r.by_token = true; }), 403);
    EXPECT_EQ(status([](GateRequest& r) { r.method = "GET"; }), 405);
    EXPECT_EQ(status([](GateRequest& r) { r.host = kCrm; }), 404);
    for (const char* body : {"", "[]", "{\"a\":1,\"a\":2}", "{\"credential\":"})
      EXPECT_EQ(status([&](GateRequest& r) { r.body = secret(body); }), 400) << path << body;
  }
}

TEST_F(PasskeysTest, who_has_none_is_told_so) {
  Jar jar;
  sign_in(jar);
  EXPECT_EQ(post(jar, "POST", "/.sallyport/webauthn/options").status, 409);
}

// --- pages
TEST_F(PasskeysTest, the_script_is_on_the_pages_that_need_it_and_on_no_other) {
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

TEST_F(PasskeysTest, the_form_of_the_page_adds_one_too) {
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
