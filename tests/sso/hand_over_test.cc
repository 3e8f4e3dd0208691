// From the gate to another host and back to the page wanted: nonce, code of one use, nothing of a client's is a target.
#include "tests/sso/gate_world.h"

namespace sallyport::sso {
namespace {

class HandOverTest : public BrowserWorld {};

TEST_F(HandOverTest, a_page_load_comes_back_to_the_page_wanted) {
  Jar jar;
  const GateReply away = want(jar, kCrm, "/reports/2026?x=1&y=%20z");
  EXPECT_EQ(away.status, 302);
  EXPECT_TRUE(header(away, "Location").starts_with("https://gate.localhost:8443/.sallyport/login?flow="));
  const GateReply form = open(jar, page(kGate, path_of(header(away, "Location"))));
  EXPECT_EQ(form.status, 200);
  EXPECT_TRUE(form.body.contains("crm.apps.localhost"));
  const GateReply done = open(jar, form_post(jar, form.body, "ann", kPassword));
  EXPECT_EQ(done.status, 303);
  EXPECT_TRUE(header(done, "Location").starts_with("https://crm.apps.localhost:8443/.sallyport/callback?code="));
  const GateReply back = follow_callback(jar, header(done, "Location"));
  EXPECT_EQ(back.status, 302);
  EXPECT_EQ(header(back, "Location"), "https://crm.apps.localhost:8443/reports/2026?x=1&y=%20z");
  EXPECT_TRUE(alive(jar, kCrm));
  EXPECT_NE(jar.get(kCrm, "__Host-sallyport"), jar.get(kGate, "__Host-sallyport"));
}

TEST_F(HandOverTest, a_browsers_form_post_is_led_on_by_a_page) {
  Jar jar;
  const GateReply away = want(jar, kCrm, "/a");
  const GateReply form = open(jar, page(kGate, path_of(header(away, "Location"))));
  GateRequest post = form_post(jar, form.body, "ann", kPassword);
  post.sec_fetch_mode = "navigate";
  const GateReply done = open(jar, std::move(post));
  EXPECT_EQ(done.status, 200);
  const std::string before = "content=\"0; url=";
  const size_t at = done.body.find(before) + before.size();
  const std::string url = done.body.substr(at, done.body.find('"', at) - at);
  EXPECT_EQ(header(follow_callback(jar, url), "Location"), "https://crm.apps.localhost:8443/a");
  EXPECT_TRUE(alive(jar, kCrm));
}

TEST_F(HandOverTest, signed_in_at_the_gate_no_page_is_shown) {
  Jar jar;
  sign_in(jar);
  EXPECT_EQ(header(follow_callback(jar, code_for(jar, kCrm, "/a")), "Location"), "https://crm.apps.localhost:8443/a");
}

TEST_F(HandOverTest, json_leads_to_the_flows_page) {
  Jar jar;
  const GateReply away = want(jar, kCrm, "/a");
  const std::string flow = query_of(header(away, "Location"), "flow");
  const GateReply done = open(jar, json_login({{"user", "ann"}, {"password", kPassword}, {"flow", flow}}));
  const std::string location = nlohmann::json::parse(done.body)["location"];
  EXPECT_EQ(header(follow_callback(jar, location), "Location"), "https://crm.apps.localhost:8443/a");
}

TEST_F(HandOverTest, the_first_redirect_shows_neither_page_nor_nonce) {
  Jar jar;
  const GateReply away = want(jar, kCrm, "/very-special");
  const auto cookies = cookies_set(away);
  ASSERT_EQ(cookies.size(), 1u);
  EXPECT_TRUE(cookies[0].starts_with("__Host-sallyport-nonce="));
  EXPECT_TRUE(cookies[0].ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600"));
  EXPECT_FALSE(header(away, "Location").contains("special"));
  EXPECT_FALSE(header(away, "Location").contains(jar.get(kCrm, "__Host-sallyport-nonce")));
}

TEST_F(HandOverTest, the_host_cookie_is_as_promised) {
  Jar jar;
  sign_in(jar);
  const auto cookies = cookies_set(follow_callback(jar, code_for(jar, kCrm, "/")));
  ASSERT_EQ(cookies.size(), 1u);
  EXPECT_TRUE(cookies[0].starts_with("__Host-sallyport="));
  EXPECT_TRUE(cookies[0].ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"));
}

TEST_F(HandOverTest, the_store_keeps_the_page_sealed) {
  Jar jar;
  sign_in(jar);
  const std::string location = code_for(jar, kCrm, "/very-special");
  gate_.reset();
  store_.reset();
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    EXPECT_FALSE(bytes.contains("very-special")) << entry.path();
    EXPECT_FALSE(bytes.contains(hex_encode(as_bytes("very-special")))) << entry.path();
    EXPECT_FALSE(bytes.contains(query_of(location, "code"))) << entry.path();
    EXPECT_FALSE(bytes.contains(jar.get(kCrm, "__Host-sallyport-nonce"))) << entry.path();
  }
}

TEST_F(HandOverTest, tabs_beside_each_other_all_come_back) {
  Jar jar;
  std::vector<GateReply> forms;
  for (int i = 0; i < 6; ++i) {
    const GateReply away = want(jar, i % 2 == 0 ? kCrm : kErp, "/tab/" + std::to_string(i));
    forms.push_back(open(jar, page(kGate, path_of(header(away, "Location")))));
  }
  for (const int i : {3, 0, 5, 1, 4, 2}) {
    const GateReply done = open(jar, form_post(jar, forms[static_cast<size_t>(i)].body, "ann", kPassword));
    const std::string host = i % 2 == 0 ? kCrm : kErp;
    EXPECT_EQ(header(follow_callback(jar, header(done, "Location")), "Location"),
              "https://" + host + ":8443/tab/" + std::to_string(i));
    EXPECT_TRUE(alive(jar, host));
  }
}

TEST_F(HandOverTest, tabs_whose_first_requests_crossed_come_back_too) {
  Jar jar;
  sign_in(jar);
  Jar early = jar;  // two tabs asked before either had an answer: each got a nonce of its own
  const std::string first = code_for(early, kCrm, "/one");
  const std::string second = code_for(jar, kCrm, "/two");
  EXPECT_EQ(header(follow_callback(jar, second), "Location"), "https://crm.apps.localhost:8443/two");
  const GateReply again = follow_callback(jar, first);  // the browser kept the other nonce
  EXPECT_EQ(again.status, 302);
  EXPECT_FALSE(gives_session(again));
  const GateReply handed = open(jar, page(kGate, path_of(header(again, "Location"))));
  EXPECT_EQ(header(follow_callback(jar, header(handed, "Location")), "Location"),
            "https://crm.apps.localhost:8443/one");
}

TEST_F(HandOverTest, a_browser_that_keeps_changing_its_nonce_is_stopped) {
  Jar jar;
  sign_in(jar);
  std::string url = code_for(jar, kCrm, "/one");
  for (int i = 0; i < kRestartsMax; ++i) {
    jar.set(kCrm, "__Host-sallyport-nonce", random_handle());
    const GateReply again = follow_callback(jar, url);
    ASSERT_EQ(again.status, 302) << i;
    url = header(open(jar, page(kGate, path_of(header(again, "Location")))), "Location");
  }
  jar.set(kCrm, "__Host-sallyport-nonce", random_handle());
  EXPECT_EQ(follow_callback(jar, url).status, 403);
}

TEST_F(HandOverTest, a_code_works_once) {
  Jar jar;
  sign_in(jar);
  const std::string url = code_for(jar, kCrm, "/a");
  EXPECT_TRUE(gives_session(follow_callback(jar, url)));
  const GateReply again = follow_callback(jar, url);
  EXPECT_EQ(again.status, 403);
  EXPECT_FALSE(gives_session(again));
}

TEST_F(HandOverTest, a_code_is_over_after_a_minute) {
  Jar jar;
  sign_in(jar);
  const std::string in_time = code_for(jar, kCrm, "/a");
  clock_.advance(std::chrono::seconds(59));
  EXPECT_TRUE(gives_session(follow_callback(jar, in_time)));
  const std::string late = code_for(jar, kCrm, "/a");
  clock_.advance(std::chrono::seconds(60));
  EXPECT_EQ(follow_callback(jar, late).status, 403);
}

TEST_F(HandOverTest, a_flow_is_over_after_ten_minutes) {
  Jar jar;
  const GateReply away = want(jar, kCrm, "/a");
  clock_.advance(std::chrono::minutes(10));
  const GateReply form = open(jar, page(kGate, path_of(header(away, "Location"))));
  EXPECT_EQ(hidden(form.body, "flow"), "");
  EXPECT_EQ(header(open(jar, form_post(jar, form.body, "ann", kPassword)), "Location"), "/");
}

TEST_F(HandOverTest, a_code_is_bound_to_the_browser) {
  Jar victim;
  sign_in(victim);
  Jar with_own_nonce;
  want(with_own_nonce, kCrm, "/");
  for (Jar thief : {with_own_nonce, Jar()}) {
    const GateReply reply = follow_callback(thief, code_for(victim, kCrm, "/a"));
    EXPECT_FALSE(gives_session(reply));
    EXPECT_FALSE(alive(thief, kCrm));
  }
}

TEST_F(HandOverTest, a_code_seen_by_a_thief_is_used_up_for_the_victim_as_well) {
  Jar victim;
  sign_in(victim);
  Jar thief;
  const std::string url = code_for(victim, kCrm, "/a");
  EXPECT_EQ(follow_callback(thief, url).status, 403);
  EXPECT_EQ(follow_callback(victim, url).status, 403);
}

TEST_F(HandOverTest, a_thiefs_code_signs_nobody_else_in) {
  Jar thief;
  sign_in(thief, "mel");
  Jar victim;
  want(victim, kCrm, "/mine");  // has a nonce already
  const GateReply reply = follow_callback(victim, code_for(thief, kCrm, "/trap"));
  EXPECT_FALSE(gives_session(reply));
  const GateReply form = open(victim, page(kGate, path_of(header(reply, "Location"))));
  EXPECT_TRUE(form.body.contains("name=\"password\"")) << "the victim signs in as nobody but itself";
}

TEST_F(HandOverTest, a_code_is_bound_to_the_host) {
  Jar jar;
  sign_in(jar);
  const std::string url = code_for(jar, kCrm, "/a");
  jar.set(kErp, "__Host-sallyport-nonce", jar.get(kCrm, "__Host-sallyport-nonce"));
  const GateReply reply = open(jar, page(kErp, path_of(url)));
  EXPECT_EQ(reply.status, 403);
  EXPECT_FALSE(gives_session(reply));
}

TEST_F(HandOverTest, a_handle_is_no_code_and_a_code_no_handle) {
  Jar jar;
  sign_in(jar);
  const std::string handle = query_of(header(want(jar, kCrm, "/a"), "Location"), "flow");
  EXPECT_EQ(open(jar, page(kCrm, "/.sallyport/callback?code=" + handle)).status, 403);
  const std::string code = query_of(code_for(jar, kCrm, "/a"), "code");
  EXPECT_EQ(header(open(jar, page(kGate, "/.sallyport/login?flow=" + code)), "Location"), "/");
}

TEST_F(HandOverTest, a_code_dies_with_its_session) {
  Jar jar;
  sign_in(jar);
  const std::string url = code_for(jar, kCrm, "/a");
  GateRequest out = request("POST", kGate, "/.sallyport/logout");
  out.sallyport_request = true;
  EXPECT_EQ(open(jar, std::move(out)).status, 200);
  EXPECT_EQ(follow_callback(jar, url).status, 403);
}

TEST_F(HandOverTest, a_code_of_somebody_suspended_meanwhile_opens_nothing) {
  Jar jar;
  sign_in(jar);
  const std::string url = code_for(jar, kCrm, "/a");
  record("ann").spec = R"({"email":"ann@example.test","suspended":true})";
  rebuild();
  EXPECT_EQ(follow_callback(jar, url).status, 403);
}

TEST_F(HandOverTest, garbage_codes_are_refused) {
  for (const std::string& query :
       {std::string(), std::string("?code="), std::string("?code=abc"), "?code=" + std::string(43, 'A'),
        "?code=" + std::string(4000, 'A'), std::string("?code=%00"), std::string("?code=a&code=b"),
        std::string("?x=%zz"), "?code=" + random_handle()}) {
    Jar jar;
    want(jar, kCrm, "/");
    const GateReply reply = open(jar, page(kCrm, "/.sallyport/callback" + query));
    EXPECT_EQ(reply.status, 403) << query;
    EXPECT_FALSE(gives_session(reply));
  }
}

TEST_F(HandOverTest, no_url_of_a_client_is_a_target) {
  for (const char* evil : {"//evil.example.test", "/%5Cevil.example.test", "https:evil.example.test",
                           "https%3A%2F%2Fevil.example.test%2F", "javascript:alert(1)"}) {
    Jar jar;
    std::string query;
    for (const char* name :
         {"flow", "next", "return", "return_to", "redirect", "redirect_uri", "url", "location", "rd"})
      query += std::string(query.empty() ? "?" : "&") + name + "=" + evil;
    const GateReply form = open(jar, page(kGate, "/.sallyport/login" + query));
    EXPECT_FALSE(form.body.contains("evil")) << evil;
    GateRequest post = form_post(jar, form.body, "ann", kPassword);
    post.query = query.substr(1);
    post.body = secret("csrf=" + hidden(form.body, "csrf") + "&user=ann&password=" + kPassword + "&flow=" + evil +
                       "&next=" + evil + "&location=" + evil);
    EXPECT_EQ(header(open(jar, std::move(post)), "Location"), "/") << evil;
    EXPECT_EQ(header(open(jar, page(kGate, "/.sallyport/login" + query)), "Location"), "/") << evil;
    EXPECT_EQ(nlohmann::json::parse(
                  ask(json_login({{"user", "ann"}, {"password", kPassword}, {"flow", evil}, {"location", evil}}))
                      .body)["location"],
              "/");
  }
}

TEST_F(HandOverTest, a_path_that_looks_like_a_host_stays_a_path) {
  for (const char* target :
       {"//evil.example.test/", "/\\evil.example.test", "///evil", "/.//evil.example.test", "/@evil.example.test"}) {
    Jar jar;
    sign_in(jar);
    const std::string location = header(follow_callback(jar, code_for(jar, kCrm, target)), "Location");
    EXPECT_EQ(location, std::string("https://crm.apps.localhost:8443") + target);
  }
}

TEST_F(HandOverTest, what_no_location_can_carry_is_left_out) {
  Jar jar;
  sign_in(jar);
  GateRequest wanted = page(kCrm, "/a");
  wanted.query = "x=1\r\nSet-Cookie: a=b";
  const GateReply away = begin(std::move(wanted));
  jar.keep(kCrm, away);
  const GateReply handed = open(jar, page(kGate, path_of(header(away, "Location"))));
  EXPECT_EQ(header(follow_callback(jar, header(handed, "Location")), "Location"), "https://crm.apps.localhost:8443/a");
  EXPECT_EQ(header(follow_callback(jar, code_for(jar, kCrm, "/" + std::string(kTargetBytesMax, 'x'))), "Location"),
            "https://crm.apps.localhost:8443/");
}

TEST_F(HandOverTest, a_host_that_is_gone_is_no_target) {
  Jar jar;
  const GateReply away = want(jar, kCrm, "/a");
  std::erase_if(records_, [](const auto& one) { return one.name == "crm"; });
  rebuild();
  sign_in(jar);
  EXPECT_EQ(header(open(jar, page(kGate, path_of(header(away, "Location")))), "Location"), "/");
}

TEST_F(HandOverTest, a_planted_nonce_of_another_form_is_replaced) {
  for (const char* planted : {"", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}) {
    Jar jar;
    jar.set(kCrm, "__Host-sallyport-nonce", planted);
    want(jar, kCrm, "/");
    EXPECT_NE(jar.get(kCrm, "__Host-sallyport-nonce"), planted);
  }
}

TEST_F(HandOverTest, an_id_planted_on_the_host_is_never_the_id_afterwards) {
  Jar jar;
  const std::string planted(43, 'A');
  jar.set(kCrm, "__Host-sallyport", planted);
  sign_in(jar);
  follow_callback(jar, code_for(jar, kCrm, "/"));
  EXPECT_NE(jar.get(kCrm, "__Host-sallyport"), planted);
}

TEST_F(HandOverTest, beginning_is_limited_for_a_network) {
  int begun = 0;
  GateReply last;
  for (int i = 0; i < 700; ++i) {
    Jar jar;
    last = want(jar, kCrm, "/");
    if (last.status == 302) ++begun;
  }
  EXPECT_EQ(begun, 600);
  EXPECT_EQ(last.status, 429);
  EXPECT_EQ(header(last, "Retry-After"), "10");
}

TEST_F(HandOverTest, guessing_codes_is_limited_before_the_store_is_asked) {
  GateReply last;
  for (int i = 0; i <= kLookupsPerNetwork.burst; ++i)
    last = ask(page(kCrm, "/.sallyport/callback?code=" + random_handle()));
  EXPECT_EQ(last.status, 429);
  Jar elsewhere;
  sign_in(elsewhere);
  GateRequest other = page(kCrm, "/.sallyport/callback?code=" + random_handle());
  other.client.address = *IpAddress::parse("198.51.100.1");
  EXPECT_EQ(ask(std::move(other)).status, 403) << "another network is not held back";
}

TEST_F(HandOverTest, a_tampered_flow_leads_nowhere) {
  Jar jar;
  sign_in(jar);
  const std::string handle = random_handle();
  SignInFlow flow;
  flow.host = kCrm;
  flow.target = "/a";
  auto record = to_record(flow, handle, *keyring_, clock_.wall());
  EXPECT_TRUE(read_sign_in_flow(*record, *keyring_, clock_.wall()).has_value());
  EXPECT_FALSE(read_hand_over(*record, *keyring_, clock_.wall()).has_value());
  auto longer = *record;
  longer.expires_at = longer.expires_at + std::chrono::hours(1);
  EXPECT_FALSE(read_sign_in_flow(longer, *keyring_, clock_.wall() + std::chrono::minutes(11)).has_value());
  auto moved = *record;
  moved.key_hash = sha256(as_bytes("another handle"));
  EXPECT_FALSE(read_sign_in_flow(moved, *keyring_, clock_.wall()).has_value());
  auto renamed = *record;
  renamed.kind = kHandOverKind;
  EXPECT_FALSE(read_hand_over(renamed, *keyring_, clock_.wall()).has_value());
  auto flipped = *record;
  flipped.sealed[20] ^= std::byte{1};
  EXPECT_FALSE(read_sign_in_flow(flipped, *keyring_, clock_.wall()).has_value());
}

}  // namespace
}  // namespace sallyport::sso
