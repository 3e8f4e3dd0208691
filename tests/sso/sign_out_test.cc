#include "tests/sso/gate_world.h"

namespace sallyport::sso {
namespace {

class SignOutTest : public BrowserWorld {
 protected:
  Jar signed_in_everywhere() {
    Jar jar;
    sign_in(jar);
    follow_callback(jar, code_for(jar, kCrm, "/"));
    follow_callback(jar, code_for(jar, kErp, "/"));
    EXPECT_TRUE(alive(jar, kGate) && alive(jar, kCrm) && alive(jar, kErp));
    return jar;
  }
  GateRequest form_out(const Jar& jar, const std::string& host, const std::string& csrf) {
    GateRequest out = request("POST", host, "/.sallyport/logout");
    out.content_type = "application/x-www-form-urlencoded";
    out.origin = "https://" + host + ":8443";
    out.cookie = jar.field(host);
    out.body = secret("csrf=" + csrf);
    return out;
  }
};

TEST_F(SignOutTest, ends_the_session_everywhere_from_anywhere) {
  for (const char* host : {kGate, kCrm}) {
    Jar jar = signed_in_everywhere();
    const Jar before = jar;
    const GateReply button = open(jar, page(host, "/.sallyport/logout"));
    const GateReply done = open(jar, form_out(jar, host, hidden(button.body, "csrf")));
    EXPECT_EQ(done.status, 303) << host;
    EXPECT_EQ(header(done, "Location"), "/.sallyport/logout");
    EXPECT_EQ(cookies_set(done).back(), "__Host-sallyport=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    EXPECT_FALSE(alive(before, kGate) || alive(before, kCrm) || alive(before, kErp)) << host;
    EXPECT_TRUE(open(jar, page(host, "/.sallyport/logout")).body.contains("You are signed out"));
  }
  EXPECT_EQ(ended_.size(), 2u);
  EXPECT_EQ(events_of("session.end"), 2u);
}

TEST_F(SignOutTest, is_told_once_it_is_in_force) {
  Jar jar = signed_in_everywhere();
  EXPECT_TRUE(awaited_.empty());
  GateRequest out = request("POST", kCrm, "/.sallyport/logout");
  out.sallyport_request = true;
  EXPECT_EQ(open(jar, std::move(out)).status, 200);
  EXPECT_EQ(awaited_, std::vector{committed()});
}

TEST_F(SignOutTest, get_alone_ends_nothing) {
  Jar jar = signed_in_everywhere();
  for (const char* host : {kGate, kCrm}) {
    const GateReply reply = open(jar, page(host, "/.sallyport/logout"));
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(reply.body.contains("<button"));
    EXPECT_TRUE(cookies_set(reply).empty());
  }
  EXPECT_TRUE(alive(jar, kGate) && alive(jar, kCrm) && alive(jar, kErp));
}

TEST_F(SignOutTest, json_needs_the_header) {
  for (const bool with_header : {true, false}) {
    Jar jar = signed_in_everywhere();
    GateRequest out = request("POST", kCrm, "/.sallyport/logout");
    out.sallyport_request = with_header;
    const GateReply reply = open(jar, std::move(out));
    EXPECT_EQ(reply.status, with_header ? 200 : 403);
    EXPECT_EQ(alive(jar, kErp), !with_header);
  }
}

TEST_F(SignOutTest, a_form_needs_its_origin_and_its_field) {
  Jar jar = signed_in_everywhere();
  Jar other;
  sign_in(other, "mel");
  const std::string own = hidden(open(jar, page(kCrm, "/.sallyport/logout")).body, "csrf");
  struct Row {
    const char* what;
    std::string origin;
    std::string site;
    std::string csrf;
  };
  const Row table[] = {
      {"foreign origin", "https://evil.example.test", "", own},
      {"null origin", "null", "", own},
      {"the gate's origin", kGateOrigin, "", own},
      {"another site", "", "cross-site", own},
      {"neither", "", "", own},
      {"no field", "https://crm.apps.localhost:8443", "", ""},
      {"another host's field", "https://crm.apps.localhost:8443", "", hidden(open(jar, page(kGate, "/")).body, "csrf")},
      {"another person's field", "https://crm.apps.localhost:8443", "",
       hidden(open(other, page(kGate, "/")).body, "csrf")},
  };
  for (const auto& [what, origin, site, csrf] : table) {
    GateRequest out = form_out(jar, kCrm, csrf);
    out.origin = origin;
    out.sec_fetch_site = site;
    EXPECT_EQ(ask(std::move(out)).status, 403) << what;
    EXPECT_TRUE(alive(jar, kCrm)) << what;
  }
  GateRequest good = form_out(jar, kCrm, own);
  good.origin.clear();
  good.sec_fetch_site = "same-origin";
  EXPECT_EQ(ask(std::move(good)).status, 303);
}

TEST_F(SignOutTest, the_buttons_of_home_and_account_sign_out) {
  for (const char* path : {"/", "/.sallyport/account"}) {
    Jar jar;
    sign_in(jar);
    const GateReply shown = open(jar, page(kGate, path));
    EXPECT_EQ(open(jar, form_out(jar, kGate, hidden(shown.body, "csrf"))).status, 303) << path;
    EXPECT_FALSE(alive(jar, kGate)) << path;
  }
}

TEST_F(SignOutTest, nobody_can_sign_out_and_nothing_happens) {
  Jar jar;
  EXPECT_EQ(open(jar, form_out(jar, kGate, "")).status, 303);
  GateRequest out = request("POST", kGate, "/.sallyport/logout");
  out.sallyport_request = true;
  EXPECT_EQ(ask(std::move(out)).status, 200);
  EXPECT_EQ(events_of("session.end"), 0u);
}

TEST_F(SignOutTest, somebody_suspended_can_still_sign_out) {
  Jar jar = signed_in_everywhere();
  record("ann").spec = R"({"email":"ann@example.test","suspended":true})";
  rebuild();
  GateRequest out = request("POST", kGate, "/.sallyport/logout");
  out.sallyport_request = true;
  EXPECT_EQ(open(jar, std::move(out)).status, 200);
}

}  // namespace
}  // namespace sallyport::sso
