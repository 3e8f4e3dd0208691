// A person changes the password: by the page, by the API, and from a device that is known.
#include "tests/sso/new_password_world.h"

namespace sallyport::sso {
namespace {

class OwnPasswordTest : public NewPasswordWorld {};

TEST_F(OwnPasswordTest, the_api_changes_it_ends_the_others_and_renews_this_cookie) {
  Jar mine, other, mel;
  sign_in(mine);
  sign_in(other);
  sign_in(mel, "mel");
  follow_callback(mine, code_for(mine, kCrm, "/"));
  const std::string before = mine.get(kGate, "__Host-sallyport");
  const RecordId family = session_of(mine);
  const RecordId others = session_of(other);
  const GateReply reply = open(mine, api(mine, kPassword, kNew));
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(body_of(reply), (json{{"ended", 1}}));
  EXPECT_FALSE(sessions_.find(session_id_hash(before), kGate, clock_.wall())) << "the cookie of before";
  EXPECT_EQ(session_of(mine), family) << "the same session";
  EXPECT_TRUE(alive(mine, kCrm) && alive(mel, kGate));
  EXPECT_FALSE(alive(other, kGate));
  EXPECT_EQ(ended_, std::vector{others});
  follow();
  EXPECT_EQ(login(kPassword), 401);
  EXPECT_EQ(login(kNew), 200);
  EXPECT_EQ(login(kPassword, "mel"), 200);
  EXPECT_EQ(events_of("user.password"), 1u);
}

TEST_F(OwnPasswordTest, the_page_does_the_same) {
  Jar mine, other;
  sign_in(mine);
  sign_in(other);
  const GateReply differ = fill_in(mine, std::string(kPasswordPath), kPassword, kNew, kNewer);
  EXPECT_EQ(differ.status, 400);
  EXPECT_TRUE(differ.body.contains("The two new passwords differ."));
  EXPECT_EQ(hashes, 2) << "the two sign-ins";
  const GateReply done = fill_in(mine, std::string(kPasswordPath), kPassword, kNew, kNew);
  EXPECT_EQ(done.status, 303);
  EXPECT_EQ(header(done, "Location"), "/.sallyport/account?password=changed");
  EXPECT_TRUE(alive(mine, kGate));
  EXPECT_FALSE(alive(other, kGate));
  follow();
  EXPECT_TRUE(open(mine, page(kGate, header(done, "Location"))).body.contains("Your password was changed."));
  EXPECT_EQ(login(kNew), 200);
}

TEST_F(OwnPasswordTest, what_must_not_be_one_is_told_to_the_person) {
  Jar mine;
  sign_in(mine);
  const std::pair<std::string, const char*> table[] = {{"x7#kQ", "fewer than 8 characters"},
                                                       {std::string(129, 'x'), "more than 128 characters"},
                                                       {"password123", "too easy to guess"},
                                                       {"ann@example.test", "the user's e-mail address"},
                                                       {kPassword, "already in force"}};
  for (const auto& [wanted, said] : table) {
    const GateReply reply = open(mine, api(mine, kPassword, wanted));
    EXPECT_EQ(reply.status, 400) << wanted;
    const json told = body_of(reply);
    EXPECT_EQ(told["error"], "bad_password");
    EXPECT_EQ(told["details"][0]["path"], "new");
    EXPECT_TRUE(told["message"].get<std::string>().contains(said)) << told;
    EXPECT_TRUE(cookies_set(reply).empty());
  }
  EXPECT_EQ(events_of("user.password"), 0u);
}

TEST_F(OwnPasswordTest, the_platforms_rules_count) {
  add_platform({{"passwords", {{"min_length", 30}}}});
  follow();
  Jar mine;
  sign_in(mine);
  EXPECT_TRUE(open(mine, api(mine, kPassword, kNew)).body.contains("fewer than 30"));
  EXPECT_TRUE(open(mine, page(kGate, std::string(kPasswordPath))).body.contains("At least 30 characters"));
  EXPECT_EQ(open(mine, api(mine, kPassword, std::string(kNew) + "-and-more")).status, 200);
}

TEST_F(OwnPasswordTest, the_present_one_is_asked_for_ten_times_a_minute) {
  Jar mine, again;
  sign_in(mine);
  sign_in(again);
  for (int i = 0; i < 9; ++i) {
    const GateReply reply = open(mine, api(mine, "wrong-" + std::to_string(i), kNew));
    EXPECT_EQ(reply.status, 403);
    EXPECT_EQ(body_of(reply)["error"], "bad_credentials");
  }
  EXPECT_EQ(open(mine, api(mine, std::string(600, 'x'), kNew)).status, 403) << "no password at all counts, too";
  hashes = 0;
  const GateReply limited = open(mine, api(mine, kPassword, kNew));
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(header(limited, "Retry-After"), "6");
  EXPECT_EQ(hashes, 0) << "asked before anything is hashed";
  const GateReply page = fill_in(mine, std::string(kPasswordPath), kPassword, kNew, kNew);
  EXPECT_EQ(page.status, 429);
  EXPECT_EQ(header(page, "Retry-After"), "6");
  EXPECT_EQ(login(kPassword), 200) << "the account is not locked by it";
  EXPECT_EQ(open(again, api(again, kPassword, kNew)).status, 200) << "nor another session";
}

TEST_F(OwnPasswordTest, an_account_that_was_changed_meanwhile_is_409) {
  Jar mine;
  sign_in(mine);
  with_store([&](storage::Store& store) {
    storage::ResourceService service(store, *keyring_, clock_, [](const auto&, const auto&, const auto&, const auto*) {
      return std::expected<SecretBytes, std::string>(*hash_password(secret(kNewer), kCheap));
    });
    EXPECT_TRUE(service.set_password("ann", secret(kNewer), storage::ChangeAtOnce::kNo, "cli:0").has_value());
  });
  // This worker's snapshot and table are still the ones of before.
  const GateReply reply = open(mine, api(mine, kPassword, kNew));
  EXPECT_EQ(reply.status, 409);
  EXPECT_EQ(body_of(reply)["error"], "changed_meanwhile");
  follow();
  EXPECT_EQ(login(kNewer), 200);
  EXPECT_EQ(login(kNew), 401);
}

TEST_F(OwnPasswordTest, a_full_lane_is_503_and_counts_nothing_against_the_session) {
  Jar mine;
  sign_in(mine);
  make_gate(0);
  const GateReply reply = open(mine, api(mine, kPassword, kNew));
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(body_of(reply)["error"], "busy");
  EXPECT_EQ(header(reply, "Retry-After"), "2");
  EXPECT_EQ(fill_in(mine, std::string(kPasswordPath), kPassword, kNew, kNew).status, 503);
}

TEST_F(OwnPasswordTest, forms_need_origin_type_and_field) {
  Jar mine, mel;
  sign_in(mine);
  sign_in(mel, "mel");
  const std::string html = open(mine, page(kGate, std::string(kPasswordPath))).body;
  const std::string own = html.substr(html.find("action=\"/.sallyport/account/password"));
  const std::string fields =
      "csrf=" + hidden(own, "csrf") + "&current=" + kPassword + "&new=" + kNew + "&again=" + kNew;
  GateRequest foreign = form(mine, kPasswordPath, fields);
  foreign.origin = "https://crm.apps.localhost:8443";
  EXPECT_EQ(ask(std::move(foreign)).status, 403);
  GateRequest untold = form(mine, kPasswordPath, fields);
  untold.origin.clear();
  EXPECT_EQ(ask(std::move(untold)).status, 403);
  GateRequest other_type = form(mine, kPasswordPath, fields);
  other_type.content_type = "application/json";
  EXPECT_EQ(ask(std::move(other_type)).status, 415);
  EXPECT_EQ(ask(form(mel, kPasswordPath, fields)).status, 403) << "the field of somebody else's form";
  EXPECT_EQ(ask(form(Jar(), kPasswordPath, fields)).status, 303) << "nobody";
  GateRequest by_token = form(mine, kPasswordPath, fields);
  by_token.by_token = true;
  EXPECT_EQ(ask(std::move(by_token)).status, 403);
  EXPECT_EQ(events_of("user.password"), 0u);
  EXPECT_EQ(ask(form(mine, kPasswordPath, fields)).status, 303) << "with all of it";
}

TEST_F(OwnPasswordTest, a_session_without_the_factor_that_is_demanded_changes_nothing) {
  Jar mine;
  sign_in(mine);
  add_platform({{"mfa", "required"}});
  follow();
  EXPECT_EQ(header(open(mine, page(kGate, std::string(kPasswordPath))), "Location"), kFactorsPath);
  const GateReply reply = open(mine, api(mine, kPassword, kNew));
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(body_of(reply)["error"], "mfa_required");
}

TEST_F(OwnPasswordTest, a_known_device_signs_in_beside_a_siege_until_the_password_changes) {
  Jar device;
  sign_in(device);
  for (int i = 0; i < 12; ++i) ask(json_login("ann", "guess"));
  EXPECT_EQ(ask(json_login("ann", kPassword)).status, 429);
  EXPECT_EQ(open(device, json_login("ann", kPassword)).status, 200);
  Jar stolen;
  stolen.set(kGate, "__Host-sallyport-device", device.get(kGate, "__Host-sallyport-device"));
  EXPECT_EQ(open(device, api(device, kPassword, kNew)).status, 200);
  follow();
  EXPECT_EQ(open(stolen, json_login("ann", kNew)).status, 429) << "a cookie from before the change";
  EXPECT_EQ(open(device, json_login("ann", kNew)).status, 200) << "the one that came with it";
}

TEST_F(OwnPasswordTest, a_known_device_does_not_wait_behind_strangers) {
  Jar device;
  sign_in(device);
  make_gate(0);
  EXPECT_EQ(open(device, json_login("ann", kPassword)).status, 503) << "both queues have a bound";
}

}  // namespace
}  // namespace sallyport::sso
