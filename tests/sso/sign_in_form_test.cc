// Signing in by the form, and the session that comes of a sign-in.
#include "tests/sso/gate_world.h"

namespace sallyport::sso {
namespace {

class SignInFormTest : public BrowserWorld {};

TEST_F(SignInFormTest, the_form_signs_in_without_script) {
  Jar jar;
  const GateReply form = open(jar, page(kGate, "/.sallyport/login"));
  EXPECT_EQ(form.status, 200);
  EXPECT_TRUE(header(form, "Content-Type").starts_with("text/html"));
  EXPECT_FALSE(form.body.contains("<script>")) << "the one for passkeys is a file of its own";
  const GateReply done = open(jar, form_post(jar, form.body, "ann", kPassword));
  EXPECT_EQ(done.status, 303);
  EXPECT_EQ(header(done, "Location"), "/");
  EXPECT_EQ(open(jar, page(kGate, "/")).status, 200);
}

TEST_F(SignInFormTest, the_form_shows_the_mistake_and_works_again) {
  Jar jar;
  const GateReply form = open(jar, page(kGate, "/.sallyport/login"));
  const GateReply wrong = open(jar, form_post(jar, form.body, "ann", "wrong-password-1"));
  EXPECT_EQ(wrong.status, 401);
  EXPECT_TRUE(wrong.body.contains("The user name or the password is not right."));
  EXPECT_TRUE(wrong.body.contains("role=\"alert\""));
  EXPECT_FALSE(wrong.body.contains("wrong-password-1"));
  EXPECT_EQ(open(jar, form_post(jar, wrong.body, "ann", kPassword)).status, 303);
}

TEST_F(SignInFormTest, a_form_needs_its_csrf_pair) {
  Jar jar;
  Jar other;
  const GateReply form = open(jar, page(kGate, "/.sallyport/login"));
  const GateReply theirs = open(other, page(kGate, "/.sallyport/login"));
  struct Row {
    const char* what;
    const Jar& jar;
    std::string csrf;
  };
  const Row table[] = {{"nothing", jar, ""},
                       {"another browser's field", jar, hidden(theirs.body, "csrf")},
                       {"my field in another browser", other, hidden(form.body, "csrf")},
                       {"the cookie itself", jar, jar.get(kGate, "__Host-sallyport-csrf")},
                       {"no cookie", Jar(), hidden(form.body, "csrf")}};
  for (const auto& [what, from, csrf] : table) {
    GateRequest post = form_post(from, form.body, "ann", kPassword);
    post.body = secret("csrf=" + csrf + "&user=ann&password=" + kPassword);
    const GateReply reply = ask(std::move(post));
    EXPECT_EQ(reply.status, 403) << what;
    EXPECT_FALSE(gives_session(reply)) << what;
    EXPECT_TRUE(reply.body.contains("name=\"password\"")) << what << ": the form is shown again";
  }
  EXPECT_EQ(hashes, 0);
}

TEST_F(SignInFormTest, a_form_from_a_foreign_page_is_refused) {
  struct Row {
    const char* origin;
    const char* site;
    int status;
  };
  const Row table[] = {{"https://evil.example.test", "cross-site", 403},
                       {"null", "", 403},
                       {"", "cross-site", 403},
                       {"", "same-site", 403},
                       {"https://crm.apps.localhost:8443", "same-site", 403},
                       {"https://evil.example.test", "same-origin", 403},
                       {kGateOrigin, "same-origin", 303},
                       {"", "same-origin", 303},
                       {"", "none", 303},
                       {"", "", 303}};
  for (const auto& [origin, site, status] : table) {
    Jar jar;
    const GateReply form = open(jar, page(kGate, "/.sallyport/login"));
    GateRequest post = form_post(jar, form.body, "ann", kPassword);
    post.origin = origin;
    post.sec_fetch_site = site;
    const GateReply reply = ask(std::move(post));
    EXPECT_EQ(reply.status, status) << origin << " " << site;
    EXPECT_EQ(gives_session(reply), status == 303) << origin << " " << site;
  }
}

TEST_F(SignInFormTest, two_tabs_share_one_csrf_cookie) {
  Jar jar;
  const GateReply one = open(jar, page(kGate, "/.sallyport/login"));
  const GateReply two = open(jar, page(kGate, "/.sallyport/login"));
  EXPECT_TRUE(cookies_set(two).empty());
  EXPECT_EQ(open(jar, form_post(jar, two.body, "ann", kPassword)).status, 303);
  EXPECT_EQ(open(jar, form_post(jar, one.body, "ann", kPassword)).status, 303);
}

TEST_F(SignInFormTest, an_id_set_before_the_sign_in_is_never_the_id_after_it) {
  Jar jar;
  const std::string planted(43, 'A');
  jar.set(kGate, "__Host-sallyport", planted);
  sign_in(jar);
  EXPECT_NE(jar.get(kGate, "__Host-sallyport"), planted);
  Jar thief;
  thief.set(kGate, "__Host-sallyport", planted);
  EXPECT_FALSE(alive(thief, kGate));
}

TEST_F(SignInFormTest, signing_in_again_ends_the_session_before) {
  Jar jar;
  sign_in(jar);
  const Jar before = jar;
  sign_in(jar, "mel");
  EXPECT_FALSE(alive(before, kGate));
  EXPECT_TRUE(alive(jar, kGate));
  EXPECT_EQ(ended_.size(), 1u);
  EXPECT_EQ(events_of("session.end"), 1u);
}

TEST_F(SignInFormTest, a_refused_sign_in_leaves_the_session_before_alone) {
  Jar jar;
  sign_in(jar);
  GateRequest wrong = json_login("ann", "wrong-password-1");
  EXPECT_EQ(open(jar, std::move(wrong)).status, 401);
  EXPECT_TRUE(alive(jar, kGate));
}

TEST_F(SignInFormTest, a_session_lasts_as_long_as_the_platform_says) {
  add_platform({{"sessions", {{"absolute", "1h"}, {"idle", "10m"}}}});
  rebuild();
  Jar idle;
  sign_in(idle);
  clock_.advance(std::chrono::minutes(11));
  EXPECT_FALSE(alive(idle, kGate));
  Jar busy;
  sign_in(busy);
  for (int i = 0; i < 7; ++i) {
    EXPECT_TRUE(alive(busy, kGate)) << i;
    clock_.advance(std::chrono::minutes(9));
  }
  EXPECT_FALSE(alive(busy, kGate));
}

TEST_F(SignInFormTest, the_login_page_of_somebody_signed_in_leads_home) {
  Jar jar;
  sign_in(jar);
  const GateReply reply = open(jar, page(kGate, "/.sallyport/login"));
  EXPECT_EQ(reply.status, 302);
  EXPECT_EQ(header(reply, "Location"), "/");
}

TEST_F(SignInFormTest, a_suspended_users_session_is_nobodys) {
  Jar jar;
  sign_in(jar);
  record("ann").spec = R"({"email":"ann@example.test","suspended":true})";
  rebuild();
  EXPECT_EQ(open(jar, page(kGate, "/.sallyport/account")).status, 302);
  EXPECT_EQ(open(jar, page(kGate, "/.sallyport/login")).status, 200) << "and no redirect in a circle";
}

TEST_F(SignInFormTest, a_host_session_is_no_gate_session) {
  Jar jar;
  sign_in(jar);
  follow_callback(jar, code_for(jar, kCrm, "/"));
  Jar moved;
  moved.set(kGate, "__Host-sallyport", jar.get(kCrm, "__Host-sallyport"));
  EXPECT_EQ(open(moved, page(kGate, "/.sallyport/account")).status, 302);
  Jar twice;
  twice.set(kGate, "__Host-sallyport", jar.get(kGate, "__Host-sallyport"));
  GateRequest ambiguous = page(kGate, "/.sallyport/account");
  ambiguous.cookie = twice.field(kGate) + "; " + twice.field(kGate);
  EXPECT_EQ(ask(std::move(ambiguous)).status, 302) << "a cookie that is there twice is none";
}

}  // namespace
}  // namespace sallyport::sso
