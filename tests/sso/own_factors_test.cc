// Second factors as a person meets them: set up, shown at /.sallyport/mfa, and changed, with the clock set by hand.
#include "sso/own_factors.h"

#include "sso/factor_account.h"
#include "sso/pages.h"
#include "sso/totp.h"
#include "tests/sso/factor_world.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;

std::string six(uint32_t value) {
  const std::string digits = std::to_string(value);
  return std::string(kTotpDigits - digits.size(), '0') + digits;
}

class OwnFactorsTest : public FactorWorld {
 protected:
  struct App {
    std::string id;
    SecretBytes secret;
    std::vector<std::string> codes;
  };

  GateReply api(Jar& jar, const std::string& method, const std::string& path, const json& body = nullptr) {
    GateRequest asked = request(method, kGate, "/api/v1/me" + path);
    asked.content_type = "application/json";
    asked.sallyport_request = true;
    asked.origin = kGateOrigin;
    if (!body.is_null()) asked.body = secret(body.dump());
    return open(jar, std::move(asked));
  }
  GateReply show(Jar& jar, const std::string& code, json more = json::object()) {
    GateRequest asked = request("POST", kGate, std::string(kMfaPath));
    asked.content_type = "application/json";
    asked.sallyport_request = true;
    more["code"] = code;
    asked.body = secret(more.dump());
    return open(jar, std::move(asked));
  }
  GateReply post(Jar& jar, std::string_view path, const std::string& fields) {
    GateRequest asked = request("POST", kGate, std::string(path));
    asked.accept = kPage;
    asked.content_type = "application/x-www-form-urlencoded";
    asked.origin = kGateOrigin;
    asked.body = secret(fields);
    return open(jar, std::move(asked));
  }
  std::string code_of(const App& app, int64_t aside = 0) {
    return six(hotp_value(app.secret.view(), totp_step_of(clock_.wall()) + static_cast<uint64_t>(aside)));
  }
  // None of the codes that would do now or soon.
  std::string wrong_code(const App& app) {
    for (uint32_t value = 0;; ++value) {
      bool taken = false;
      for (int64_t aside = -5; aside <= 120; ++aside) taken = taken || code_of(app, aside) == six(value);
      if (!taken) return six(value);
    }
  }
  SecretBytes key_of_base32(const std::string& text) {
    std::string bytes;
    uint32_t word = 0;
    int bits = 0;
    for (const char c : text) {
      word = word << 5 | static_cast<uint32_t>(std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567").find(c));
      if ((bits += 5) >= 8) bytes += static_cast<char>(word >> (bits -= 8) & 0xff);
    }
    return secret(bytes);
  }
  App begin_app(Jar& jar, const char* name = "phone") {
    const GateReply begun = api(jar, "POST", "/totp", {{"name", name}});
    EXPECT_EQ(begun.status, 200) << begun.body;
    const json told = json::parse(begun.body);
    return {told.value("id", ""), key_of_base32(told.value("secret", "")), {}};
  }
  GateReply confirm(Jar& jar, const App& app, const std::string& code) {
    return api(jar, "POST", "/totp/" + app.id + "/confirm", {{"code", code}});
  }
  App set_up(Jar& jar) {
    App app = begin_app(jar);
    const GateReply done = confirm(jar, app, code_of(app));
    EXPECT_EQ(done.status, 200) << done.body;
    app.codes = json::parse(done.body).value("recovery_codes", std::vector<std::string>());
    follow();
    clock_.advance(seconds(60));
    return app;
  }
  std::optional<storage::LiveSession> session_of(const Jar& jar) {
    return sessions_.find(session_id_hash(jar.get(kGate, "__Host-sallyport")), kGate, clock_.wall());
  }
  std::string error_of(const GateReply& reply) {
    return std::to_string(reply.status) + " " + json::parse(reply.body).value("error", "");
  }
};

TEST_F(OwnFactorsTest, the_session_that_sets_one_up_is_raised_and_the_others_end) {
  Jar jar;
  Jar other;
  Jar mels;
  sign_in(jar);
  sign_in(other);
  sign_in(mels, "mel");
  const storage::LiveSession before = *session_of(jar);
  const std::string cookie = jar.get(kGate, "__Host-sallyport");
  const RecordId others = session_of(other)->family;
  App app = begin_app(jar);
  EXPECT_EQ(confirm(jar, app, code_of(app)).status, 200);
  const storage::LiveSession after = *session_of(jar);
  EXPECT_EQ(after.id, before.id);
  EXPECT_NE(jar.get(kGate, "__Host-sallyport"), cookie);
  EXPECT_FALSE(sessions_.find(session_id_hash(cookie), kGate, clock_.wall()));
  EXPECT_EQ(after.strength, policy::Strength::kMfa);
  EXPECT_EQ(after.factor_at, clock_.wall());
  EXPECT_FALSE(alive(other, kGate));
  EXPECT_EQ(ended_, std::vector<RecordId>{others});
  EXPECT_TRUE(alive(mels, kGate));
  follow();
  EXPECT_EQ(read("ann")->totp.at(0).name, "phone");
  EXPECT_EQ(read("ann")->recovery.size(), kRecoveryCodes);
}

TEST_F(OwnFactorsTest, a_code_within_a_step_opens_and_two_steps_off_does_not) {
  Jar jar;
  sign_in(jar);
  const App app = set_up(jar);
  clock_.advance(minutes(10));
  for (const int64_t aside : {-2, 2, -3, 3}) {
    Jar half;
    sign_in(half);
    const std::string code = code_of(app, aside);
    if (code == code_of(app, -1) || code == code_of(app) || code == code_of(app, 1)) continue;
    EXPECT_EQ(error_of(show(half, code)), "401 bad_code") << aside;
    EXPECT_EQ(session_of(half)->strength, policy::Strength::kPassword);
  }
  for (const int64_t aside : {-1, 0, 1}) {
    Jar half;
    sign_in(half);
    const RecordId id = session_of(half)->id;
    EXPECT_EQ(show(half, code_of(app, aside)).status, 200) << aside;
    EXPECT_EQ(session_of(half)->id, id);
    EXPECT_EQ(session_of(half)->strength, policy::Strength::kMfa);
  }
}

TEST_F(OwnFactorsTest, the_sixth_wrong_code_waits_and_the_right_one_works_after_the_wait) {
  Jar jar;
  sign_in(jar);
  const App app = set_up(jar);
  Jar half;
  sign_in(half);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(error_of(show(half, wrong_code(app))), "401 bad_code") << i;
  const GateReply limited = show(half, code_of(app));
  EXPECT_EQ(error_of(limited), "429 too_many_attempts");
  EXPECT_EQ(header(limited, "Retry-After"), "30");
  Jar again;
  sign_in(again);
  EXPECT_EQ(error_of(show(again, code_of(app))), "429 too_many_attempts") << "in another session, too";
  const GateReply page_says =
      post(half, kMfaPath,
           "csrf=" + hidden(open(half, page(kGate, "/.sallyport/mfa")).body, "csrf") + "&code=" + code_of(app));
  EXPECT_EQ(page_says.status, 429);
  EXPECT_TRUE(page_says.body.contains("Try again in 30 seconds")) << page_says.body;
  clock_.advance(seconds(30));
  EXPECT_EQ(show(half, code_of(app)).status, 200);
  Jar after;
  sign_in(after);
  EXPECT_EQ(error_of(show(after, wrong_code(app))), "401 bad_code") << "a right one forgets the wrong ones";
}

TEST_F(OwnFactorsTest, wrong_codes_of_an_enrolment_count_too) {
  Jar jar;
  sign_in(jar);
  const App app = begin_app(jar);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(error_of(confirm(jar, app, wrong_code(app))), "401 bad_code");
  EXPECT_EQ(error_of(confirm(jar, app, code_of(app))), "429 too_many_attempts");
  clock_.advance(seconds(30));
  EXPECT_EQ(confirm(jar, app, code_of(app)).status, 200);
}

TEST_F(OwnFactorsTest, an_enrolment_is_over_after_ten_minutes) {
  Jar jar;
  sign_in(jar);
  const App app = begin_app(jar);
  clock_.advance(minutes(10));
  EXPECT_EQ(error_of(confirm(jar, app, code_of(app))), "404 not_found");
  EXPECT_FALSE(read("ann").has_value());
}

TEST_F(OwnFactorsTest, a_change_needs_a_factor_of_the_last_15_minutes) {
  Jar jar;
  sign_in(jar);
  const App app = set_up(jar);  // a minute ago
  clock_.advance(minutes(13) + seconds(59));
  EXPECT_EQ(api(jar, "POST", "/recovery-codes").status, 200);
  follow();
  clock_.advance(seconds(1));
  for (const auto& [method, path] : {std::pair("POST", std::string("/recovery-codes")),
                                     {"POST", std::string("/totp")},
                                     {"DELETE", "/totp/" + app.id},
                                     {"PATCH", "/factors/" + app.id}}) {
    const GateReply refused = api(jar, method, path, {{"name", "x"}});
    EXPECT_EQ(error_of(refused), "401 step_up_required") << method << path;
    EXPECT_EQ(json::parse(refused.body)["details"][0]["code"], "within=900s");
  }
  const std::string csrf =
      FormGuard(*keyring_->derived("csrf")).field(kFactorsPurpose, jar.get(kGate, "__Host-sallyport"));
  EXPECT_EQ(header(post(jar, kNewCodesPath, "csrf=" + csrf), "Location"), kFactorsPath) << "which says what to do";
  EXPECT_TRUE(open(jar, page(kGate, std::string(kFactorsPath))).body.contains("/.sallyport/mfa?then=factors"));
  EXPECT_EQ(open(jar, page(kGate, "/.sallyport/mfa?then=factors")).status, 200);
  EXPECT_EQ(json::parse(show(jar, code_of(app), {{"then", "factors"}}).body)["location"], kFactorsPath);
  EXPECT_EQ(header(open(jar, page(kGate, "/.sallyport/mfa?then=factors")), "Location"), kFactorsPath) << "it is fresh";
  EXPECT_EQ(api(jar, "POST", "/recovery-codes").status, 200);
}

TEST_F(OwnFactorsTest, the_first_one_needs_a_sign_in_of_the_last_15_minutes) {
  Jar jar;
  sign_in(jar);
  clock_.advance(minutes(15));
  EXPECT_EQ(error_of(api(jar, "POST", "/totp", json::object())), "401 step_up_required");
  const GateReply list = open(jar, page(kGate, std::string(kFactorsPath)));
  EXPECT_TRUE(list.body.contains("/.sallyport/login?again=factors")) << list.body;
  EXPECT_FALSE(list.body.contains("/factors/totp"));
  const GateReply form = open(jar, page(kGate, "/.sallyport/login?again=factors"));
  EXPECT_EQ(form.status, 200);
  GateRequest again = form_post(jar, form.body, "ann", kPassword);
  again.body = secret(std::string(again.body.reveal()) + "&then=" + hidden(form.body, "then"));
  EXPECT_EQ(header(open(jar, std::move(again)), "Location"), kFactorsPath);
  EXPECT_EQ(api(jar, "POST", "/totp", json::object()).status, 200);
}

TEST_F(OwnFactorsTest, only_our_own_words_lead_on) {
  Jar jar;
  sign_in(jar);
  const App app = set_up(jar);
  Jar half;
  sign_in(half);
  EXPECT_EQ(
      json::parse(show(half, code_of(app), {{"then", "https://evil.test/"}, {"flow", "//evil.test"}}).body)["location"],
      "/");
}

TEST_F(OwnFactorsTest, a_password_that_is_due_comes_right_after_the_factor) {
  Jar jar;
  sign_in(jar);
  const App app = set_up(jar);
  add_platform({{"passwords", {{"max_age", "90d"}}}});
  rebuild();
  Jar program;
  sign_in(program);
  const GateReply told = show(program, code_of(app));
  EXPECT_EQ(json::parse(told.body), (json{{"next", "password"}, {"location", kPasswordPath}}));
  EXPECT_TRUE(gives_session(told));
  clock_.advance(seconds(60));

  Jar browser;
  const GateReply away = want(browser, kCrm, "/a");
  const GateReply form = open(browser, page(kGate, path_of(header(away, "Location"))));
  const GateReply half = open(browser, form_post(browser, form.body, "ann", kPassword));
  const GateReply asked = open(browser, page(kGate, header(half, "Location")));
  const std::string flow = hidden(asked.body, "flow");
  EXPECT_FALSE(flow.empty());
  const GateReply led =
      post(browser, kMfaPath, "csrf=" + hidden(asked.body, "csrf") + "&code=" + code_of(app) + "&flow=" + flow);
  EXPECT_EQ(led.status, 303);
  EXPECT_EQ(header(led, "Location"), std::string(kPasswordPath) + "?flow=" + flow) << "and the page wanted is kept";
  EXPECT_EQ(session_of(browser)->strength, policy::Strength::kMfa);
}

TEST_F(OwnFactorsTest, what_was_changed_meanwhile_is_not_overwritten) {
  Jar jar;
  sign_in(jar);
  const App one = begin_app(jar, "one");
  const App two = begin_app(jar, "two");
  EXPECT_EQ(confirm(jar, one, code_of(one)).status, 200);
  EXPECT_EQ(error_of(confirm(jar, two, code_of(two))), "409 conflict") << "this worker has not heard of the first";
  follow();
  EXPECT_EQ(read("ann")->totp.size(), 1u);
  EXPECT_EQ(read("ann")->recovery.size(), kRecoveryCodes);
}

TEST_F(OwnFactorsTest, the_last_one_stays_wherever_one_is_demanded) {
  Jar jar;
  sign_in(jar);
  const App app = set_up(jar);
  record("plant").spec = json{{"members", {{"ann", "owner"}}}, {"mfa", {{"roles", {"owner"}}}}}.dump();
  rebuild();
  EXPECT_EQ(error_of(api(jar, "DELETE", "/totp/" + app.id)), "409 last_factor");
  const GateReply page_says = open(jar, page(kGate, std::string(kFactorsPath)));
  EXPECT_TRUE(page_says.body.contains("so the last one stays"));
  EXPECT_FALSE(page_says.body.contains(kRemoveFactorPath));
  record("plant").spec = json{{"members", {{"ann", "owner"}}}, {"mfa", {{"roles", {"viewer"}}}}}.dump();
  rebuild();
  EXPECT_EQ(api(jar, "DELETE", "/totp/" + app.id).status, 204);
  follow();
  EXPECT_FALSE(user("ann").has_factors);
}

TEST_F(OwnFactorsTest, the_other_passkey_s_path_does_not_remove_an_app) {
  Jar jar;
  sign_in(jar);
  set_up(jar);
  Factors factors = *read("ann");
  factors.passkeys.push_back(some_passkey());
  ASSERT_TRUE(write("ann", factors).has_value());
  follow();
  EXPECT_EQ(error_of(api(jar, "DELETE", "/totp/" + factors.passkeys[0].id.to_string())), "404 not_found");
  const json listed = json::parse(api(jar, "GET", "/factors").body);
  EXPECT_EQ(listed["factors"][1]["kind"], "passkey");
}

TEST_F(OwnFactorsTest, everything_is_recorded_and_nothing_secret_in_it) {
  Jar jar;
  sign_in(jar);
  const App app = set_up(jar);
  Jar half;
  sign_in(half);
  show(half, wrong_code(app));
  const std::string code = code_of(app);
  EXPECT_EQ(show(half, code).status, 200);
  EXPECT_EQ(api(half, "PATCH", "/factors/" + app.id, {{"name", "old phone"}}).status, 204);
  follow();
  EXPECT_EQ(api(half, "POST", "/recovery-codes").status, 200);
  follow();
  EXPECT_EQ(api(half, "DELETE", "/totp/" + app.id).status, 204);
  std::map<std::string, std::string> details;
  std::string all;
  for (const storage::AdminEvent& event : events()) {
    details[event.action] = event.detail;
    all += event.action + event.object + event.detail + "\n";
  }
  EXPECT_EQ(details["factor.add"], "authenticator app \"phone\", and recovery codes");
  EXPECT_EQ(details["session.factor"], "authenticator app \"phone\"");
  EXPECT_EQ(details["factor.rename"], "authenticator app \"phone\" to \"old phone\"");
  EXPECT_EQ(details["factor.recovery_codes"], "new recovery codes");
  EXPECT_EQ(details["factor.remove"], "authenticator app \"old phone\", the last one");
  EXPECT_TRUE(details["sign_in.refused"].contains("wrong code")) << all;
  for (const std::string& none : {code, app.codes[0], std::string(base32_encode(app.secret.view())->reveal())})
    EXPECT_FALSE(all.contains(none)) << none;
}

TEST_F(OwnFactorsTest, a_damaged_field_lets_nobody_in_and_says_so) {
  Jar jar;
  sign_in(jar);
  const App app = set_up(jar);
  Jar half;
  sign_in(half);
  auto& fields = record("ann").secrets;
  std::ranges::find(fields, policy::kFactorsField, &policy::SealedField::field)->sealed.back() ^= std::byte{1};
  rebuild();
  EXPECT_EQ(show(half, code_of(app)).status, 503);
  EXPECT_EQ(session_of(half)->strength, policy::Strength::kPassword);
}

}  // namespace
}  // namespace sallyport::sso
