#include "sso/provider_pages.h"

#include "sso/provider_refusal.h"
#include "tests/sso/account_world.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;

constexpr const char* kList = "/.sallyport/providers";
constexpr const char* kCorp = "/.sallyport/providers/corp";
constexpr const char* kApi = "/api/v1/identity-providers/corp/attempts";

class ProviderPagesTest : public AccountWorld {
 protected:
  ProviderPagesTest() {
    add_user("adam", {{"email", "adam@example.test"}, {"admin", true}});
    add_record(policy::Kind::kIdentityProvider, "corp",
               {{"type", "saml"},
                {"label", "Corp <b>"},
                {"domains", {"example.test"}},
                {"saml", {{"metadata", "https://idp.example.test/x"}}}});
    rebuild();
  }
  void record_attempt(const std::string& user = "ann") {
    Checks checks;
    (void)checks.require(true, "issuer", "https://idp.example.test", "https://idp.example.test", kWrong);
    (void)checks.require(false, "audience", "https://gate.localhost", "<script>", kWrong);
    gate_->flight_recorder().record("corp",
                                    {.at = clock_.wall(),
                                     .reference = "4KX2-9QTD",
                                     .outcome = ReportOutcome::kRefused,
                                     .user = user,
                                     .client = "192.0.2.99",
                                     .what = kWrong.what,
                                     .checks = checks.list()},
                                    clock_.monotonic());
  }
  GateRequest api() { return request("GET", kGate, kApi); }
  static constexpr Error kWrong{Code::kDenied, Side::kIdentityProvider, "the audience is another"};
};

TEST_F(ProviderPagesTest, an_admin_sees_providers_with_their_last_attempts) {
  Jar jar;
  sign_in(jar, "adam");
  EXPECT_TRUE(open(jar, page(kGate, kList)).body.contains("Nobody has tried"));
  record_attempt();
  const GateReply reply = open(jar, page(kGate, kList));
  ASSERT_EQ(reply.status, 200);
  for (const char* part : {"corp", "Corp &lt;b&gt;", "SAML 2.0", "example.test", "4KX2-9QTD", "refused: ann"})
    EXPECT_TRUE(reply.body.contains(part)) << part;
  EXPECT_FALSE(reply.body.contains("<b>"));
  EXPECT_FALSE(reply.body.contains("<script"));
  EXPECT_TRUE(header(reply, "Content-Security-Policy").contains("default-src 'none'"));
}

TEST_F(ProviderPagesTest, a_provider_shows_each_check) {
  Jar jar;
  sign_in(jar, "adam");
  record_attempt();
  const GateReply reply = open(jar, page(kGate, kCorp));
  ASSERT_EQ(reply.status, 200);
  for (const char* part : {"id=\"4KX2-9QTD\"", "the audience is another", "192.0.2.99", "issuer", "&lt;script&gt;"})
    EXPECT_TRUE(reply.body.contains(part)) << part;
  EXPECT_FALSE(reply.body.contains("<script"));
  EXPECT_EQ(open(jar, page(kGate, std::string(kList) + "/lab")).status, 404);
  EXPECT_EQ(open(jar, page(kGate, std::string(kList) + "/")).status, 404);
  EXPECT_EQ(open(jar, page(kGate, std::string(kCorp) + "/x")).status, 404);
}

TEST_F(ProviderPagesTest, the_api_has_the_same) {
  Jar jar;
  sign_in(jar, "adam");
  record_attempt("");
  const GateReply reply = open(jar, api());
  ASSERT_EQ(reply.status, 200);
  const json body = json::parse(reply.body);
  ASSERT_EQ(body["attempts"].size(), 1U);
  EXPECT_EQ(body["attempts"][0]["reference"], "4KX2-9QTD");
  EXPECT_EQ(body["attempts"][0]["user"], nullptr);
  EXPECT_EQ(body["attempts"][0]["checks"][1]["name"], "audience");
  EXPECT_EQ(body["attempts"][0]["checks"][1]["passed"], false);
  EXPECT_EQ(open(jar, request("GET", kGate, "/api/v1/identity-providers/lab/attempts")).status, 404);
  EXPECT_EQ(open(jar, request("GET", kGate, "/api/v1/identity-providers")).status, 404);
  EXPECT_EQ(open(jar, request("POST", kGate, kApi)).status, 405);
  EXPECT_EQ(header(open(jar, request("DELETE", kGate, kApi)), "Allow"), "GET, HEAD");
}

TEST_F(ProviderPagesTest, nobody_else_sees_them) {
  record_attempt();
  Jar stranger;
  EXPECT_EQ(header(open(stranger, page(kGate, kList)), "Location"), "/.sallyport/login");
  EXPECT_EQ(open(stranger, api()).status, 401);
  Jar ann;
  sign_in(ann, "ann");
  for (const char* path : {kList, kCorp, "/.sallyport/providers/lab"}) {
    const GateReply reply = open(ann, page(kGate, path));
    EXPECT_EQ(reply.status, 403) << path;
    EXPECT_FALSE(reply.body.contains("4KX2-9QTD"));
  }
  EXPECT_EQ(open(ann, api()).status, 403);
}

TEST_F(ProviderPagesTest, a_token_sees_nothing) {
  GateRequest token = api();
  token.by_token = true;
  EXPECT_EQ(ask(std::move(token)).status, 403);
  GateRequest other = page(kGate, kList);
  other.by_token = true;
  EXPECT_EQ(ask(std::move(other)).status, 403);
}

TEST_F(ProviderPagesTest, an_admin_shows_the_factor_that_is_demanded_first) {
  Jar jar;
  sign_in(jar, "adam");
  add_platform({{"mfa", "required"}});
  rebuild();
  EXPECT_EQ(open(jar, page(kGate, kList)).status, 302);
  EXPECT_EQ(open(jar, api()).status, 401);
}

TEST_F(ProviderPagesTest, on_another_host_there_is_nothing) {
  Jar jar;
  sign_in(jar, "adam");
  EXPECT_EQ(open(jar, page(kCrm, kList)).status, 404);
}

TEST_F(ProviderPagesTest, the_account_page_of_an_admin_leads_there) {
  Jar adam;
  sign_in(adam, "adam");
  EXPECT_TRUE(open(adam, page(kGate, kAccount)).body.contains("href=\"/.sallyport/providers\""));
  Jar ann;
  sign_in(ann, "ann");
  EXPECT_FALSE(open(ann, page(kGate, kAccount)).body.contains("href=\"/.sallyport/providers\""));
}

// --- plain values

ProvidersPage with(ProviderState state) {
  ProvidersPage out;
  out.now = WallMicros{1'700'000'000'000'000};
  out.providers.push_back({.name = "corp", .state = std::move(state)});
  return out;
}

TEST(ProviderPageTest, a_certificate_is_warned_of_from_thirty_days_on) {
  const WallMicros now{1'700'000'000'000'000};
  const auto shown = [&](std::chrono::hours left) {
    return providers_page(with({.certificates = {{"signs", now + left}}}));
  };
  EXPECT_FALSE(shown(std::chrono::days(30)).contains("class=\"bad\""));
  EXPECT_TRUE(shown(std::chrono::days(30)).contains("signs: until"));
  EXPECT_TRUE(shown(std::chrono::days(30) - std::chrono::hours(1)).contains("expires soon"));
  EXPECT_TRUE(shown(std::chrono::hours(0)).contains("expired"));
}

TEST(ProviderPageTest, says_how_a_provider_is) {
  EXPECT_TRUE(providers_page(with({.fine = true, .words = "all is well"})).contains("<dd>all is well"));
  EXPECT_TRUE(
      providers_page(with({.fine = false, .words = "no metadata"})).contains("<strong class=\"bad\">no metadata"));
  ProvidersPage damaged = with({.fine = true, .words = "all is well"});
  damaged.providers[0].damaged = true;
  EXPECT_FALSE(providers_page(damaged).contains("all is well"));
  EXPECT_TRUE(providers_page(damaged).contains("its record is damaged"));
  EXPECT_TRUE(providers_page({}).contains("There is none."));
}

TEST(ProviderPageTest, checks_that_do_not_read_are_told) {
  ProviderPage page;
  page.provider.name = "corp";
  page.provider.attempts.emplace_back();
  page.provider.attempts[0].checks = "nonsense";
  EXPECT_TRUE(provider_page(page).contains("cannot be read any more"));
  page.provider.attempts[0].checks = "[]";
  EXPECT_TRUE(provider_page(page).contains("Nothing was checked"));
}

TEST(ProviderRefusalTest, a_person_reads_a_plain_sentence_and_a_reference) {
  GateRequest request;
  request.accept = "text/html";
  const GateReply reply = provider_refusal(request, "no_account", "4KX2-9QTD");
  EXPECT_EQ(reply.status, 403);
  EXPECT_TRUE(reply.body.contains("There is no account for you here"));
  EXPECT_TRUE(reply.body.contains("Reference: <span class=\"reference\">4KX2-9QTD</span>"));
  EXPECT_TRUE(reply.body.contains("href=\"/.sallyport/login\""));
  EXPECT_STREQ(reply.reason, "no_account");
}

TEST(ProviderRefusalTest, a_program_reads_the_same_as_json) {
  GateRequest request;
  request.request_id = "r-1";
  const GateReply reply = provider_refusal(request, "provider_unavailable", "4KX2-9QTD");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(header(reply, "Retry-After"), "30");
  const json body = json::parse(reply.body);
  EXPECT_EQ(body["error"], "provider_unavailable");
  EXPECT_EQ(body["reference"], "4KX2-9QTD");
  EXPECT_EQ(body["request_id"], "r-1");
  EXPECT_EQ(provider_refusal(request, "sign_in_refused", "4KX2-9QTD", 401).status, 401);
  EXPECT_EQ(json::parse(provider_refusal(request, "anything", "4KX2-9QTD").body)["error"], "sign_in_refused");
}

}  // namespace
}  // namespace sallyport::sso
