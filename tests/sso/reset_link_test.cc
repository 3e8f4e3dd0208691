// A person sets a password by an administrator's link.
#include "tests/sso/new_password_world.h"

namespace sallyport::sso {
namespace {

class ResetLinkTest : public NewPasswordWorld {};

TEST_F(ResetLinkTest, a_link_sets_it_once) {
  Jar before, browser;
  sign_in(before);
  const std::string target = make_link();
  EXPECT_EQ(fill_in(browser, target, "", kNew, kNewer).status, 400);
  EXPECT_TRUE(fill_in(browser, target, "", "password123", "password123").body.contains("too easy to guess"));
  EXPECT_TRUE(fill_in(browser, target, "", kPassword, kPassword).body.contains("already in force"));
  EXPECT_TRUE(alive(before, kGate));
  const GateReply done = fill_in(browser, target, "", kNew, kNew);
  EXPECT_EQ(done.status, 200);
  EXPECT_TRUE(done.body.contains("The password is set"));
  EXPECT_FALSE(gives_session(done));
  EXPECT_FALSE(alive(before, kGate));
  EXPECT_EQ(open(browser, page(kGate, target)).status, 410);
  follow();
  EXPECT_EQ(login(kNew), 200);
  EXPECT_EQ(events().at(events().size() - 2).detail, "set by a link of an administrator; sessions ended: 1");
}

TEST_F(ResetLinkTest, a_link_that_does_not_count_is_one_page) {
  Jar jar;
  const std::string old = make_link();
  make_link();
  const std::string suspended = make_link(hours(1), "mel");
  with_store([&](storage::Store& store) {
    storage::ResourceService service(store, *keyring_, clock_, {});
    EXPECT_TRUE(service.set_suspended("mel", true, "cli:0").has_value());
  });
  const std::string late = make_link(std::chrono::seconds(60));
  clock_.advance(std::chrono::seconds(60));
  std::string first;
  for (const std::string& target : {old, suspended, late, std::string(kResetPath), std::string(kResetPath) + "?code=x",
                                    std::string(kResetPath) + "?code=" + random_handle()}) {
    const GateReply reply = open(jar, page(kGate, target));
    EXPECT_EQ(reply.status, 410) << target;
    if (first.empty()) first = reply.body;
    EXPECT_EQ(reply.body, first) << target;
  }
}

TEST_F(ResetLinkTest, a_links_form_belongs_to_this_browser_and_this_gate) {
  Jar jar, other;
  const std::string target = make_link();
  const std::string code = target.substr(target.find('=') + 1);
  const std::string html = open(jar, page(kGate, target)).body;
  const std::string fields = "csrf=" + hidden(html, "csrf") + "&code=" + code + "&new=" + kNew + "&again=" + kNew;
  open(other, page(kGate, target));
  EXPECT_EQ(open(other, form(other, kResetPath, fields)).status, 403) << "another browser";
  GateRequest foreign = form(jar, kResetPath, fields);
  foreign.origin = "https://evil.example.test";
  EXPECT_EQ(ask(std::move(foreign)).status, 403);
  GateRequest other_type = form(jar, kResetPath, fields);
  other_type.content_type = "text/plain";
  EXPECT_EQ(ask(std::move(other_type)).status, 415);
  EXPECT_EQ(open(jar, form(jar, kResetPath, fields)).status, 200);
  EXPECT_EQ(open(jar, form(jar, kResetPath, fields)).status, 410) << "sent twice";
}

TEST_F(ResetLinkTest, links_are_looked_up_only_so_often) {
  Jar jar;
  int status = 0;
  for (int i = 0; i < 3001; ++i) status = ask(page(kGate, std::string(kResetPath) + "?code=" + random_handle())).status;
  EXPECT_EQ(status, 429);
}

}  // namespace
}  // namespace sallyport::sso
