// Passkeys at the sign-in: as the second factor and in the password's place, and every answer that is refused.
#include "tests/sso/passkey_world.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;
using std::chrono::minutes;

class SignInPasskeyTest : public PasskeyWorld {};

TEST_F(SignInPasskeyTest, is_the_second_factor_after_the_password) {
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

TEST_F(SignInPasskeyTest, signs_in_without_a_password) {
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

TEST_F(SignInPasskeyTest, does_not_count_alone_where_a_provider_is_demanded) {
  SoftwareAuthenticator mine = enrolled();
  const auto provider = [&](bool required) {
    std::erase_if(records_, [](const auto& record) { return record.kind == policy::Kind::kIdentityProvider; });
    add_record(policy::Kind::kIdentityProvider, "corp",
               {{"type", "ldap"},
                {"domains", {"example.test"}},
                {"required", required},
                {"ldap", {{"url", "ldaps://127.0.0.1"}, {"base_dn", "dc=example,dc=test"}}}});
    rebuild();
  };
  provider(true);
  Jar jar;
  expect_refused(use(jar, mine), "has to sign in at the provider");
  provider(false);
  EXPECT_EQ(use(jar, mine).status, 200);
}

TEST_F(SignInPasskeyTest, a_password_that_is_due_comes_after_it) {
  SoftwareAuthenticator laptop = enrolled();
  add_platform({{"passwords", {{"max_age", "90d"}}}});
  rebuild();
  Jar half = half_signed_in();
  EXPECT_EQ(json::parse(use(half, laptop).body)["next"], "password") << "as the second factor";
  Jar alone;
  EXPECT_EQ(json::parse(use(alone, laptop).body)["next"], "password") << "and in the password's place";
}

TEST_F(SignInPasskeyTest, a_sign_in_goes_on_to_the_page_wanted) {
  SoftwareAuthenticator mine = enrolled();
  Jar jar;
  const std::string flow = query_of(header(want(jar, kCrm, "/x?y=1"), "Location"), "flow");
  const json told = json::parse(use(jar, mine, options(jar), {{"flow", flow}}).body);
  EXPECT_EQ(host_of(told["location"].get<std::string>()), kCrm);
  const GateReply landed = open(jar, page(kCrm, path_of(told["location"].get<std::string>())));
  EXPECT_EQ(path_of(header(landed, "Location")), "/x?y=1");
}

TEST_F(SignInPasskeyTest, one_that_does_not_verify_its_user_is_a_second_factor_alone) {
  SoftwareAuthenticator key = enrolled("ann", 1, kUp);
  Jar jar = half_signed_in();
  EXPECT_EQ(use(jar, key).status, 200);
  EXPECT_EQ(strength(jar), "mfa");
  Jar fresh;
  expect_refused(use(fresh, key), "a passkey that counts as a second factor alone");
  key.flags = kUp | kUv;  // a PIN was set on it later
  expect_refused(use(fresh, key), "a passkey that counts as a second factor alone");
}

TEST_F(SignInPasskeyTest, without_a_password_the_user_is_verified_and_named) {
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

TEST_F(SignInPasskeyTest, a_challenge_counts_once) {
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

TEST_F(SignInPasskeyTest, a_challenge_is_over_after_ten_minutes) {
  SoftwareAuthenticator mine = enrolled();
  Jar jar;
  const json asked = options(jar), other = options(jar);
  clock_.advance(minutes(10) - std::chrono::seconds(1));
  EXPECT_EQ(use(jar, mine, asked).status, 200);
  jar.drop(kGate, "__Host-sallyport");
  clock_.advance(std::chrono::seconds(1));
  expect_refused(use(jar, mine, other), "no challenge of ours");
}

TEST_F(SignInPasskeyTest, a_challenge_belongs_to_its_browser_session_and_purpose) {
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

TEST_F(SignInPasskeyTest, a_counter_that_does_not_rise_is_refused_and_recorded) {
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

TEST_F(SignInPasskeyTest, without_a_counter_every_use_counts) {
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

TEST_F(SignInPasskeyTest, another_persons_is_no_factor_of_mine) {
  SoftwareAuthenticator mine = enrolled("ann", 1), yours = enrolled("mel", 2);
  Jar jar = half_signed_in("ann");
  expect_refused(use(jar, yours), "a passkey of nobody or somebody else");
  EXPECT_EQ(strength(jar), "password");
  yours.id = mine.id;
  expect_refused(use(jar, yours), "the user handle of somebody else");
  yours.user_handle = mine.user_handle;
  expect_refused(use(jar, yours), "a wrong signature");
}

TEST_F(SignInPasskeyTest, the_store_is_asked_whose_it_is_and_not_believed) {
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

TEST_F(SignInPasskeyTest, who_may_not_sign_in_does_not_by_passkey) {
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

TEST_F(SignInPasskeyTest, a_stranger_is_answered_like_anybody) {
  SoftwareAuthenticator nobody = device(9);
  Jar jar;
  const GateReply reply = use(jar, nobody);
  expect_refused(reply, "a passkey of nobody");
  SoftwareAuthenticator mine = enrolled(), wrong = device();
  wrong.user_handle = mine.user_handle;
  wrong.counter = 100;
  EXPECT_EQ(use(jar, wrong).body, reply.body);
}

TEST_F(SignInPasskeyTest, wrong_answers_are_limited) {
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

TEST_F(SignInPasskeyTest, only_a_script_of_the_gate_asks) {
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

TEST_F(SignInPasskeyTest, who_has_none_is_told_so) {
  Jar jar;
  sign_in(jar);
  EXPECT_EQ(post(jar, "POST", "/.sallyport/webauthn/options").status, 409);
}

}  // namespace
}  // namespace sallyport::sso
