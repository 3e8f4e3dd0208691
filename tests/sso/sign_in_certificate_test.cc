// Signing in with the connection's client certificate.
#include "tests/sso/gate_world.h"

namespace sallyport::sso {
namespace {

class SignInCertificateTest : public BrowserWorld {
 protected:
  SignInCertificateTest() {
    add_user("cat",
             {{"email", "cat@example.test"}, {"certificates", {"dns:cat.example.test", "email:cat@example.test"}}});
    add_user("sid", {{"suspended", true}, {"certificates", {"dns:sid.example.test"}}});
    add_user("dee", {{"certificates", {"dns:dee.example.test"}}});
    records_.back().damaged = true;
    rebuild();
  }
  static ClientCertificate certificate(const std::string& name) {
    ClientCertificate out;
    out.fingerprint = hex_encode(sha256(as_bytes(name)));
    out.names = {{CertificateNameKind::kDns, name + ".example.test"}};
    return out;
  }
  GateRequest json(const ClientCertificate* shown, const std::string& body = "{}") {
    GateRequest out = request("POST", kGate, "/.sallyport/certificate");
    out.content_type = "application/json";
    out.sallyport_request = true;
    out.certificate = shown;
    out.body = secret(body);
    return out;
  }
  GateRequest form(const Jar& jar, const std::string& html, const ClientCertificate* shown) {
    GateRequest out = form_post(jar, html, "", "");
    out.path = "/.sallyport/certificate";
    out.certificate = shown;
    out.body = secret("csrf=" + hidden(html, "csrf") + "&flow=" + hidden(html, "flow"));
    return out;
  }
  GateRequest login_page(const ClientCertificate* shown, const std::string& target = "/.sallyport/login") {
    GateRequest out = page(kGate, target);
    out.certificate = shown;
    return out;
  }
  const ClientCertificate cat_ = certificate("cat");
  const ClientCertificate stranger_ = certificate("stranger");
};

constexpr const char* kButton = "Sign in with your certificate";

TEST_F(SignInCertificateTest, json_opens_a_session_and_costs_no_hash) {
  const GateReply reply = ask(json(&cat_));
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_TRUE(gives_session(reply));
  EXPECT_EQ(reply.user, record("cat").id);
  EXPECT_EQ(hashes, 0);
  const auto all = events();
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.back().action, "session.begin");
  EXPECT_EQ(all.back().actor, "cat");
  EXPECT_EQ(all.back().detail, "certificate " + cat_.fingerprint);
}

TEST_F(SignInCertificateTest, the_button_is_there_for_who_is_somebody) {
  Jar jar;
  const ClientCertificate sid = certificate("sid");
  EXPECT_TRUE(open(jar, login_page(&cat_)).body.contains(kButton));
  EXPECT_TRUE(open(jar, login_page(&sid)).body.contains(kButton)) << "and is told when it is pressed";
  EXPECT_FALSE(open(jar, login_page(&stranger_)).body.contains(kButton));
  EXPECT_FALSE(open(jar, login_page(nullptr)).body.contains(kButton));
}

TEST_F(SignInCertificateTest, the_form_leads_on_to_the_page_that_was_wanted) {
  Jar jar;
  const GateReply away = want(jar, kCrm, "/reports");
  const GateReply shown = open(jar, login_page(&cat_, path_of(header(away, "Location"))));
  const GateReply done = open(jar, form(jar, shown.body, &cat_));
  EXPECT_EQ(done.status, 303) << done.body;
  EXPECT_EQ(host_of(header(done, "Location")), kCrm);
  const GateReply back = follow_callback(jar, header(done, "Location"));
  EXPECT_EQ(header(back, "Location"), "https://crm.apps.localhost:8443/reports");
  EXPECT_TRUE(alive(jar, kCrm));
}

TEST_F(SignInCertificateTest, a_form_needs_its_csrf_pair_and_its_own_origin) {
  Jar jar;
  Jar other;
  const GateReply mine = open(jar, login_page(&cat_));
  const GateReply theirs = open(other, login_page(&cat_));
  EXPECT_EQ(ask(form(jar, theirs.body, &cat_)).status, 403);
  EXPECT_EQ(ask(form(Jar(), mine.body, &cat_)).status, 403);
  GateRequest foreign = form(jar, mine.body, &cat_);
  foreign.origin = "https://evil.example.test";
  EXPECT_EQ(ask(std::move(foreign)).status, 403);
  GateRequest bare = json(&cat_);
  bare.sallyport_request = false;
  EXPECT_EQ(ask(std::move(bare)).status, 403);
  EXPECT_EQ(events_of("session.begin"), 0u);
  EXPECT_EQ(ask(form(jar, mine.body, &cat_)).status, 303);
}

TEST_F(SignInCertificateTest, nobody_comes_in_with_what_is_nobodys) {
  const ClientCertificate sid = certificate("sid");
  const ClientCertificate dee = certificate("dee");
  ClientCertificate two = certificate("cat");
  two.names.push_back({CertificateNameKind::kDns, "sid.example.test"});
  const ClientCertificate* const nobodys[] = {&stranger_, &sid, &dee, &two};
  for (const ClientCertificate* shown : nobodys) {
    const GateReply reply = ask(json(shown));
    EXPECT_EQ(reply.status, 403);
    EXPECT_TRUE(reply.body.contains("\"error\":\"certificate_refused\"")) << reply.body;
    EXPECT_TRUE(reply.body.contains("Nobody is signed in here with this certificate."));
    EXPECT_FALSE(gives_session(reply));
  }
  EXPECT_EQ(events_of("sign_in.refused"), 4u);
  EXPECT_EQ(events_of("session.begin"), 0u);
  const GateReply none = ask(json(nullptr));
  EXPECT_EQ(none.status, 403);
  EXPECT_TRUE(none.body.contains("no_certificate"));
}

TEST_F(SignInCertificateTest, what_is_no_object_is_not_understood) {
  for (const char* body : {"", "[]", "null", "7", "{", R"({"flow": 1})", R"({"flow": ["a"]})"})
    EXPECT_EQ(ask(json(&cat_, body)).status, 400) << body;
  for (const char* body : {"{}", R"({"flow": null})", R"({"flow": "made up"})", R"({"user": "ann"})"})
    EXPECT_EQ(ask(json(&cat_, body)).status, 200) << body;
}

TEST_F(SignInCertificateTest, its_strength_is_the_platforms_word_and_never_fresh) {
  const auto session_of = [&](const GateReply& reply) {
    Jar jar;
    jar.keep(kGate, reply);
    return sessions_.find(session_id_hash(jar.get(kGate, "__Host-sallyport")), kGate, clock_.wall());
  };
  EXPECT_EQ(session_of(ask(json(&cat_)))->strength, policy::Strength::kPassword);
  add_platform({{"certificate_strength", "mfa"}});
  rebuild();
  const auto strong = session_of(ask(json(&cat_)));
  EXPECT_EQ(strong->strength, policy::Strength::kMfa);
  EXPECT_FALSE(strong->factor_at);
  const GateReply password = ask(json_login("cat", kPassword));
  EXPECT_EQ(session_of(password)->strength, policy::Strength::kPassword) << "a password stays one";
}

TEST_F(SignInCertificateTest, one_certificate_signs_in_only_so_often) {
  for (int i = 0; i < kSignInsPerCertificate.burst; ++i) ASSERT_EQ(ask(json(&cat_)).status, 200) << i;
  const GateReply late = ask(json(&cat_));
  EXPECT_EQ(late.status, 429);
  EXPECT_EQ(header(late, "Retry-After"), "3");
  EXPECT_EQ(ask(json(&stranger_)).status, 403) << "another one meanwhile";
  clock_.advance(std::chrono::seconds{3});
  EXPECT_EQ(ask(json(&cat_)).status, 200);
}

TEST_F(SignInCertificateTest, is_asked_with_post_at_the_gate_alone) {
  EXPECT_EQ(ask(login_page(&cat_, "/.sallyport/certificate")).status, 405);
  GateRequest elsewhere = json(&cat_);
  elsewhere.host = kCrm;
  EXPECT_EQ(ask(std::move(elsewhere)).status, 404);
}

}  // namespace
}  // namespace sallyport::sso
