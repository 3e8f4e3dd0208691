// A password that has to be changed before anything else.
#include "tests/sso/new_password_world.h"

namespace sallyport::sso {
namespace {

class DuePasswordTest : public NewPasswordWorld {};

TEST_F(DuePasswordTest, a_sign_in_leads_to_the_page_when_it_is_due_and_on_from_there) {
  put_spec({{"change_password", true}});
  const GateReply json_reply = ask(json_login("ann", kPassword));
  EXPECT_EQ(body_of(json_reply), (json{{"next", "password"}, {"location", "/.sallyport/account/password"}}));
  Jar jar;
  const GateReply away = want(jar, kCrm, "/reports?x=1");
  const std::string html = open(jar, page(kGate, path_of(header(away, "Location")))).body;
  const GateReply in = open(jar, form_post(jar, html, "ann", kPassword));
  EXPECT_EQ(in.status, 303);
  const std::string place = header(in, "Location");
  EXPECT_TRUE(place.starts_with("/.sallyport/account/password?flow=")) << place;
  EXPECT_TRUE(alive(jar, kGate));
  const GateReply shown = open(jar, page(kGate, place));
  EXPECT_TRUE(shown.body.contains("has to be changed before you go on"));
  const GateReply done = fill_in(jar, place, kPassword, kNew, kNew);
  EXPECT_EQ(done.status, 303);
  const std::string on = header(done, "Location");
  EXPECT_EQ(on, "/.sallyport/login" + place.substr(place.find('?')));
  follow();
  const GateReply handed = open(jar, page(kGate, on));
  EXPECT_TRUE(header(handed, "Location").starts_with("https://crm.apps.localhost:8443/.sallyport/callback?code="));
  const GateReply there = follow_callback(jar, header(handed, "Location"));
  EXPECT_EQ(header(there, "Location"), "https://crm.apps.localhost:8443/reports?x=1");
  EXPECT_EQ(body_of(ask(json_login("ann", kNew)))["next"], "done");
}

TEST_F(DuePasswordTest, nothing_else_of_the_gate_is_reached_while_it_is_due) {
  Jar jar;
  sign_in(jar);
  const std::string csrf = FormGuard(*keyring_->derived("csrf")).field("sessions", jar.get(kGate, "__Host-sallyport"));
  put_spec({{"change_password", true}});
  for (const char* path : {"/", "/.sallyport/account"}) {
    const GateReply reply = open(jar, page(kGate, path));
    EXPECT_EQ(reply.status, 302) << path;
    EXPECT_EQ(header(reply, "Location"), "/.sallyport/login") << path;
  }
  EXPECT_EQ(header(open(jar, page(kGate, "/.sallyport/login")), "Location"), "/.sallyport/account/password");
  EXPECT_EQ(header(open(jar, form(jar, kEndOthersPath, "csrf=" + csrf)), "Location"), "/.sallyport/login");
  for (const char* path : {"/api/v1/me", "/api/v1/me/sessions", "/api/v1/me/tokens"}) {
    GateRequest asked = request("GET", kGate, path);
    const GateReply reply = open(jar, std::move(asked));
    EXPECT_EQ(reply.status, 403) << path;
    EXPECT_EQ(body_of(reply)["error"], "password_change_required") << path;
  }
  EXPECT_TRUE(open(jar, page(kGate, "/.sallyport/logout")).body.contains("Sign out?")) << "but the way out is";
  EXPECT_EQ(open(jar, api(jar, kPassword, kNew)).status, 200) << "and the new password";
  follow();
  EXPECT_EQ(open(jar, page(kGate, "/")).status, 200);
}

TEST_F(DuePasswordTest, the_factor_comes_before_the_new_password) {
  put_spec({{"change_password", true}});
  add_platform({{"mfa", "required"}});
  follow();
  Jar jar;
  EXPECT_EQ(open(jar, json_login("ann", kPassword)).status, 200);
  EXPECT_EQ(header(open(jar, page(kGate, std::string(kPasswordPath))), "Location"), kFactorsPath);
  EXPECT_EQ(body_of(open(jar, api(jar, kPassword, kNew)))["error"], "mfa_required");
}

TEST_F(DuePasswordTest, age_makes_it_due) {
  add_platform({{"passwords", {{"max_age", "90d"}}}});
  follow();
  EXPECT_EQ(body_of(ask(json_login("ann", kPassword)))["next"], "password") << "nobody knows how old it is";
  Jar jar;
  EXPECT_EQ(open(jar, json_login("ann", kPassword)).status, 200);
  EXPECT_EQ(open(jar, api(jar, kPassword, kNew)).status, 200);
  follow();
  EXPECT_EQ(body_of(ask(json_login("ann", kNew)))["next"], "done");
  clock_.advance(hours(24 * 90 - 1));
  EXPECT_EQ(body_of(ask(json_login("ann", kNew)))["next"], "done");
  clock_.advance(hours(1));
  EXPECT_EQ(body_of(ask(json_login("ann", kNew)))["next"], "password");
}

}  // namespace
}  // namespace sallyport::sso
