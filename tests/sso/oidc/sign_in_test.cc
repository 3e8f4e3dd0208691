// A whole sign-in against a provider without a network: what is asked, what is believed, and what is refused.
#include "tests/sso/oidc/oidc_world.h"

namespace sallyport::sso::oidc {
namespace {

using testing::ElementsAre;

TEST(oidc_sign_in, a_code_becomes_an_identity) {
  OidcWorld world;
  world.claims["sid"] = "session-1";
  world.claims["amr"] = {"pwd", "otp"};
  world.say_again();
  const OidcVerdict verdict = world.sign_in();
  ASSERT_TRUE(verdict.identity) << verdict.identity.error().what;
  EXPECT_EQ(verdict.identity->subject, "248289761001");
  EXPECT_EQ(verdict.identity->email, "alice@example.test");
  EXPECT_EQ(verdict.identity->name, "alice");
  EXPECT_THAT(verdict.identity->groups, ElementsAre("sp-plant-member", "staff"));
  EXPECT_EQ(verdict.identity->means, "oidc, pwd otp");
  EXPECT_EQ(verdict.sid, "session-1");
  EXPECT_EQ(verdict.sub, "248289761001");
  EXPECT_EQ(verdict.id_token.reveal(), world.token_answer["id_token"].get<std::string>());
  for (const Check& check : verdict.checks.list()) EXPECT_TRUE(check.passed) << check.name;

  const auto& sent = world.last["/token"];
  EXPECT_EQ(sent.form,
            "grant_type=authorization_code&code=c-1&redirect_uri=https%3A%2F%2Fgate.example.test%2F.sallyport%2Foidc%2F"
            "corp%2Fcallback&code_verifier=verifier");
  EXPECT_EQ(sent.authorization, "Basic " + base64_encode(as_bytes("gateway%20one:s%25cret%2F%2B1")));
  EXPECT_EQ(world.asked["/userinfo"], 0);
}

TEST(oidc_sign_in, no_check_tells_a_secret) {
  OidcWorld world;
  world.claims["nonce"] = "n-2-secret";
  world.say_again();
  const OidcVerdict verdict = world.sign_in();
  for (const Check& check : verdict.checks.list())
    for (const std::string_view secret : {"c-1", "verifier", "s%cret", "at-1", "n-1", "n-2", "alice", "248289761001"})
      EXPECT_EQ((check.expected + check.found).find(secret), std::string::npos) << check.name << " " << secret;
}

TEST(oidc_sign_in, the_client_shows_itself_as_configured) {
  OidcWorld world;
  world.client.provider.oidc.client_auth = policy::OidcClientAuth::kPost;
  EXPECT_EQ(world.why(), "taken: 248289761001");
  EXPECT_EQ(world.last["/token"].authorization, "");
  EXPECT_TRUE(world.last["/token"].form.ends_with("&client_id=gateway%20one&client_secret=s%25cret%2F%2B1"));
  world.client.provider.oidc.client_auth = policy::OidcClientAuth::kNone;
  EXPECT_EQ(world.why(), "taken: 248289761001");
  EXPECT_TRUE(world.last["/token"].form.ends_with("&code_verifier=verifier&client_id=gateway%20one"));
  world.client.provider.oidc.client_auth = policy::OidcClientAuth::kBasic;
  world.client.client_secret = {};
  const OidcVerdict verdict = world.sign_in();
  EXPECT_STREQ(verdict.identity.error().what, "provider has no client secret");
}

// --- the ID token

struct Row {
  const char* name;
  const char* why;
  std::function<void(OidcWorld&)> change;
};
auto set(const char* claim, json value) {
  return [=](OidcWorld& world) { world.claims[claim] = value; };
}
auto drop(const char* claim) {
  return [=](OidcWorld& world) { world.claims.erase(claim); };
}
constexpr char kTaken[] = "taken: 248289761001";

void judge(std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    OidcWorld world;
    row.change(world);
    EXPECT_EQ(world.why(), row.why) << row.name;
  }
}

TEST(oidc_id_token, what_it_may_say) {
  judge({
      {"aud_list_of_one", kTaken, set("aud", {"gateway one"})},
      {"aud_list_with_azp", kTaken,
       [](OidcWorld& world) { world.claims.update({{"aud", {"other", "gateway one"}}, {"azp", "gateway one"}}); }},
      {"azp", kTaken, set("azp", "gateway one")},
      {"exp_just_over", kTaken, set("exp", kNowSeconds - 59)},
      {"iat_just_ahead", kTaken, set("iat", kNowSeconds + 60)},
      {"nbf", kTaken, set("nbf", kNowSeconds)},
      {"fractions", kTaken, set("iat", kNowSeconds - 0.5)},
      {"at_hash", kTaken, set("at_hash", base64url_encode(ByteView(sha256(as_bytes("at-1"))).first(16)))},
      {"auth_time", kTaken,
       [](OidcWorld& world) {
         world.max_age = 300s;
         world.claims["auth_time"] = kNowSeconds - 350;
       }},
      {"acr", kTaken,
       [](OidcWorld& world) {
         world.client.provider.oidc.acr_values = {"silver", "gold"};
         world.claims["acr"] = "gold";
       }},
      {"no_iss_in_an_answer_that_need_not", kTaken,
       [](OidcWorld& world) {
         world.client.document.issuer_in_answers = false;
         world.callback.issuer.reset();
       }},
  });
}

constexpr char kIssuer[] = "token is of another issuer";
constexpr char kAudience[] = "token is for another client";
constexpr char kParty[] = "token was made for another client";
constexpr char kNonce[] = "token answers another request";
constexpr char kNoTime[] = "token lacks a time";

TEST(oidc_id_token, what_is_refused) {
  judge({
      {"no_iss", kIssuer, drop("iss")},
      {"iss_of_another", kIssuer, set("iss", "https://attacker.example.test")},
      {"iss_with_a_slash", kIssuer, set("iss", "https://op.example.test/")},
      {"iss_in_upper_case", kIssuer, set("iss", "https://OP.example.test")},
      {"iss_in_clear", kIssuer, set("iss", "http://op.example.test")},
      {"iss_is_a_list", kIssuer, set("iss", {"https://op.example.test"})},
      {"iss_is_a_prefix", kIssuer, set("iss", "https://op.example.test.attacker.test")},
      {"no_aud", kAudience, drop("aud")},
      {"aud_of_another", kAudience, set("aud", "other")},
      {"aud_empty", kAudience, set("aud", "")},
      {"aud_empty_list", kAudience, set("aud", json::array())},
      {"aud_list_of_others", kAudience, set("aud", {"a", "b"})},
      {"aud_is_an_object", kAudience, set("aud", {{"gateway one", true}})},
      {"aud_mixed", kAudience, set("aud", {"gateway one", 1})},
      {"aud_too_many", kAudience, set("aud", std::vector<std::string>(17, "gateway one"))},
      {"aud_with_a_blank", kAudience, set("aud", "gateway one ")},
      {"aud_of_several_without_azp", kParty, set("aud", {"gateway one", "other"})},
      {"azp_of_another", kParty, set("azp", "other")},
      {"azp_of_another_with_several", kParty,
       [](OidcWorld& world) { world.claims.update({{"aud", {"gateway one", "other"}}, {"azp", "other"}}); }},
      {"azp_is_null", kParty, set("azp", nullptr)},
      {"no_exp", kNoTime, drop("exp")},
      {"exp_is_text", kNoTime, set("exp", "1800000300")},
      {"exp_is_null", kNoTime, set("exp", nullptr)},
      {"exp_negative", kNoTime, set("exp", -1)},
      {"exp_without_end", kNoTime, set("exp", 1e300)},
      {"exp_true", kNoTime, set("exp", true)},
      {"exp_over", "token is not valid any more", set("exp", kNowSeconds - 60)},
      {"exp_zero", "token is not valid any more", set("exp", 0)},
      {"no_iat", kNoTime, drop("iat")},
      {"iat_in_the_future", "token was issued in the future", set("iat", kNowSeconds + 61)},
      {"iat_in_milliseconds", "token was issued in the future", set("iat", kNowSeconds * 100)},
      {"nbf_in_the_future", "token is not valid yet", set("nbf", kNowSeconds + 61)},
      {"nbf_is_text", "token has a time that is no number", set("nbf", "0")},
      {"no_nonce", kNonce, drop("nonce")},
      {"another_nonce", kNonce, set("nonce", "n-2")},
      {"empty_nonce", kNonce, set("nonce", "")},
      {"nonce_is_a_list", kNonce, set("nonce", {"n-1"})},
      {"nonce_longer", kNonce, set("nonce", "n-11")},
      {"at_hash_of_another", "token belongs to another access token", set("at_hash", "AAAAAAAAAAAAAAAAAAAAAA")},
      {"at_hash_is_null", "token belongs to another access token", set("at_hash", nullptr)},
      {"at_hash_whole", "token belongs to another access token",
       set("at_hash", base64url_encode(sha256(as_bytes("at-1"))))},
      {"auth_time_is_text", "token has a time that is no number", set("auth_time", "now")},
      {"auth_time_missing", "sign-in at the provider is too long ago", [](OidcWorld& world) { world.max_age = 300s; }},
      {"auth_time_too_old", "sign-in at the provider is too long ago",
       [](OidcWorld& world) {
         world.max_age = 300s;
         world.claims["auth_time"] = kNowSeconds - 361;
       }},
      {"acr_missing", "sign-in at the provider was of another kind",
       [](OidcWorld& world) { world.client.provider.oidc.acr_values = {"gold"}; }},
      {"acr_of_another", "sign-in at the provider was of another kind",
       [](OidcWorld& world) {
         world.client.provider.oidc.acr_values = {"gold"};
         world.claims["acr"] = "silver";
       }},
      {"no_sub", "token has no sub", drop("sub")},
      {"sub_empty", "token has no sub", set("sub", "")},
      {"sub_is_a_number", "token has no sub", set("sub", 248289761001)},
      {"sub_too_long", "token has no sub", set("sub", std::string(256, 's'))},
      {"sub_with_control_bytes", "token has no sub", set("sub", "a\nb")},
      {"sub_not_ascii", "token has no sub", set("sub", "\xc3\xa4")},
  });
}

TEST(oidc_id_token, tokens_that_are_none) {
  const auto as = [](std::function<std::string(OidcWorld&)> token) {
    OidcWorld world;
    world.token_answer["id_token"] = token(world);
    return world.why_as_it_is();
  };
  const JoseSigner attacker("RS256", "rs");
  EXPECT_EQ(as([&](OidcWorld& world) { return attacker.token(world.claims); }), "token's signature does not fit");
  EXPECT_EQ(as([](OidcWorld& world) { return signer("ES256").token(world.claims); }),
            "token is of none of the provider's keys");
  EXPECT_EQ(as([](OidcWorld&) { return "at-1"; }), "token has not three parts");
  EXPECT_EQ(as([](OidcWorld& world) {
              return signer("RS256").token(R"({"alg":"RS256","kid":"rs","typ":"logout+jwt"})", world.claims.dump());
            }),
            "token is of another kind");
  EXPECT_EQ(as([](OidcWorld& world) {
              return signer("RS256").token(R"({"alg":"RS256","kid":"rs","typ":"at+jwt"})", world.claims.dump());
            }),
            "token is of another kind");
  OidcWorld unknown;
  unknown.token_answer["id_token"] = signer("ES256").token(unknown.claims);
  EXPECT_EQ(unknown.sign_in().identity.error().code, Code::kUnauthenticated) << "its provider is not away";
  const char kClaims[] = "token's claims are no JSON object, or one stands twice";
  for (const std::string& text : std::initializer_list<std::string>{
           "[]", "null", "\"a\"", "{", R"({"sub":"a","sub":"b"})", R"({"nonce":"n-1","nonc\u0065":"n-2"})", "<a/>"})
    EXPECT_EQ(as([&](OidcWorld&) { return signer("RS256").token(signer("RS256").header().dump(), text); }), kClaims)
        << text;
}

// --- the answers around it

TEST(oidc_sign_in, what_comes_back_through_the_browser) {
  judge({
      {"an_error", "provider did not sign the user in",
       [](OidcWorld& world) {
         world.callback.code.clear();
         world.callback.error = "access_denied";
       }},
      {"another_issuer", "answer is of another provider",
       [](OidcWorld& world) { world.callback.issuer = "https://attacker.example.test"; }},
      {"no_issuer_where_one_has_to_be", "answer is of another provider",
       [](OidcWorld& world) { world.callback.issuer.reset(); }},
      {"an_issuer_where_none_was_promised", "answer is of another provider",
       [](OidcWorld& world) {
         world.client.document.issuer_in_answers = false;
         world.callback.issuer = "";
       }},
  });
  OidcWorld world;
  world.callback.issuer = "https://attacker.example.test";
  (void)world.sign_in();
  EXPECT_EQ(world.asked["/token"], 0) << "a code of somebody else goes nowhere (mix-up, RFC 9700 s4.4)";
}

TEST(oidc_sign_in, broken_token_answers) {
  const auto token_page = [](int status, std::string body) {
    OidcWorld world;
    world.pages["/token"] = [=](const FetchRequest&) { return answers(status, body); };
    return world.why_as_it_is();
  };
  const auto changed = [](const char* member, json value) {
    OidcWorld world;
    if (value == "gone")
      world.token_answer.erase(member);
    else
      world.token_answer[member] = value;
    return world.why_as_it_is();
  };
  EXPECT_EQ(token_page(400, R"({"error":"invalid_grant"})"), "provider refused the code");
  const char kClient[] = "provider refused this client (client_id, client_secret, client_auth)";
  EXPECT_EQ(token_page(401, R"({"error":"invalid_client"})"), kClient);
  EXPECT_EQ(token_page(401, ""), kClient);
  EXPECT_EQ(token_page(400, R"({"error":"invalid_client"})"), kClient);
  EXPECT_EQ(token_page(400, R"({"error":"invalid_scope"})"), "token endpoint refused");
  EXPECT_EQ(token_page(400, "<html>"), "token endpoint refused");
  EXPECT_EQ(token_page(302, ""), "token endpoint refused");
  EXPECT_EQ(token_page(201, "{}"), "token endpoint refused");
  EXPECT_EQ(token_page(503, ""), "token endpoint failed");
  const char kJson[] = "token answer is no JSON object, or has a member twice";
  for (const char* body : {"", "[]", "<html>", "access_token=a&token_type=bearer", "{\"access_token\":\"a\"",
                           R"({"id_token":"a","id_token":"b"})"})
    EXPECT_EQ(token_page(200, body), kJson) << body;
  EXPECT_EQ(changed("token_type", "gone"), "token answer is of another type");
  EXPECT_EQ(changed("token_type", "DPoP"), "token answer is of another type");
  EXPECT_EQ(changed("token_type", 1), "token answer is of another type");
  for (const char* member : {"access_token", "id_token"})
    for (const json& value : {json("gone"), json(""), json(1), json(nullptr), json({"a"})})
      EXPECT_EQ(changed(member, value), "token answer lacks a token") << member << value;
  EXPECT_EQ(changed("id_token", std::string(70000, 'a')), "secret value is too long");
}

TEST(oidc_sign_in, a_provider_that_is_away) {
  for (const char* page : {"/token", "/jwks"}) {
    OidcWorld world;
    world.pages.erase(page);
    const OidcVerdict verdict = world.sign_in();
    ASSERT_FALSE(verdict.identity);
    EXPECT_EQ(verdict.identity.error().code, Code::kUnavailable) << page;
    EXPECT_STREQ(verdict.checks.list().back().found.c_str(), "nobody answered at the address");
  }
}

// --- userinfo

TEST(oidc_userinfo, is_asked_with_the_access_token_and_adds_claims) {
  OidcWorld world;
  world.client.provider.oidc.userinfo = true;
  world.claims.erase("groups");
  world.userinfo.update({{"groups", {"from userinfo"}}, {"preferred_username", "ally"}});
  world.say_again();
  const OidcVerdict verdict = world.sign_in();
  ASSERT_TRUE(verdict.identity) << verdict.identity.error().what;
  EXPECT_THAT(verdict.identity->groups, ElementsAre("from userinfo"));
  EXPECT_EQ(verdict.identity->name, "ally");
  EXPECT_EQ(world.last["/userinfo"].authorization, "Bearer at-1");
}

TEST(oidc_userinfo, what_is_refused) {
  const auto page = [](int status, std::string body, std::string type = "application/json") {
    OidcWorld world;
    world.client.provider.oidc.userinfo = true;
    world.pages["/userinfo"] = [=](const FetchRequest&) { return answers(status, body, type); };
    return world.why();
  };
  const std::string good = R"({"sub":"248289761001"})";
  EXPECT_EQ(page(200, good, "application/json; charset=utf-8"), kTaken);
  EXPECT_EQ(page(200, good, "application/jwt"), "userinfo is no JSON");
  EXPECT_EQ(page(200, good, "text/html"), "userinfo is no JSON");
  EXPECT_EQ(page(200, good, ""), "userinfo is no JSON");
  EXPECT_EQ(page(200, R"({"sub":"another"})"), "userinfo is about somebody else");
  EXPECT_EQ(page(200, R"({"email":"a@example.test"})"), "userinfo is about somebody else");
  EXPECT_EQ(page(200, R"({"sub":248289761001})"), "userinfo is about somebody else");
  EXPECT_EQ(page(200, R"({"sub":"248289761001","sub":"another"})"),
            "userinfo is no JSON object, or has a member twice");
  EXPECT_EQ(page(200, "[]"), "userinfo is no JSON object, or has a member twice");
  EXPECT_EQ(page(401, good), "provider did not answer 200");
  EXPECT_EQ(page(302, good), "provider did not answer 200");
}

}  // namespace
}  // namespace sallyport::sso::oidc
