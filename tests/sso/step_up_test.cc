// What a session gets that lacks a factor: the way to show one, and nothing else. And how the factor of the gate's
// session comes to the hosts that ask for it.
#include "sso/passkey_pages.h"
#include "tests/sso/factor_world.h"

namespace sallyport::sso {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class StepUpTest : public FactorWorld {
 protected:
  // The gate's session of this browser has shown a factor, as the page for that does it.
  void show_factor(Jar& jar) {
    const auto session =
        sessions_.find(session_id_hash(jar.get(kGate, "__Host-sallyport")), kGate, clock_.wall()).value();
    const std::string cookie = random_handle();
    const storage::RaiseSession raise{.id = session.id, .id_hash = session_id_hash(cookie), .factor_at = clock_.wall()};
    in_store<storage::Generation>(
        [raise](storage::Store& store) { return store.commit({.changes = {raise}, .expected = {}}, {}); });
    ASSERT_TRUE(sessions_.raise(session.family, raise));
    jar.set(kGate, "__Host-sallyport", cookie);
  }
  // A page load of `host` that the policy answers with step-up.
  GateReply want_factor(Jar& jar, const std::string& host, const std::string& target, WallMicros factor_after = {}) {
    GateRequest wanted = page(host, target);
    wanted.cookie = jar.field(host);
    wanted.factor_after = factor_after;
    GateReply reply = begin(std::move(wanted));
    jar.keep(host, reply);
    return reply;
  }
  GateReply follow_redirect(Jar& jar, const GateReply& reply) {
    return open(jar, page(kGate, path_of(header(reply, "Location"))));
  }
  storage::LiveSession session_at(const Jar& jar, const std::string& host) {
    return sessions_.find(session_id_hash(jar.get(host, "__Host-sallyport")), host, clock_.wall()).value();
  }
  GateReply get_json(Jar& jar, const std::string& path) {
    GateRequest asked = request("GET", kGate, path);
    asked.sallyport_request = true;
    return open(jar, std::move(asked));
  }
  void demand(nlohmann::json spec) {
    add_platform(std::move(spec));
    rebuild();
  }
};

TEST_F(StepUpTest, who_has_factors_is_asked_for_one_after_the_password) {
  enrol("ann");
  Jar jar;
  const GateReply done = open(jar, json_login("ann", kPassword));
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(nlohmann::json::parse(done.body)["next"], "mfa");
  EXPECT_EQ(nlohmann::json::parse(done.body)["location"], kMfaPath);
  EXPECT_EQ(header(open(jar, page(kGate, "/")), "Location"), kMfaPath);
  show_factor(jar);
  EXPECT_EQ(open(jar, page(kGate, "/")).status, 200);
  EXPECT_EQ(header(open(jar, page(kGate, std::string(kMfaPath))), "Location"), "/");
  Jar other;
  EXPECT_EQ(nlohmann::json::parse(open(other, json_login("mel", kPassword)).body)["next"], "done")
      << "nobody demands one of who has none";
}

TEST_F(StepUpTest, who_has_none_where_one_is_demanded_is_sent_to_make_one) {
  add_user("adm", {{"email", "adm@example.test"}, {"admin", true}});
  add_user("una", {{"email", "una@example.test"}, {"mfa", "required"}});
  keep_in_store();
  const auto next = [this](const std::string& name) {
    Jar jar;
    const auto done = nlohmann::json::parse(open(jar, json_login(name, kPassword)).body);
    if (done["next"] == "mfa") {
      EXPECT_EQ(done["location"], kFactorsPath);
      EXPECT_EQ(header(open(jar, page(kGate, std::string(kMfaPath))), "Location"), kFactorsPath);
    }
    return done["next"].get<std::string>();
  };
  EXPECT_EQ(next("adm"), "done");
  EXPECT_EQ(next("una"), "mfa") << "her record says so";
  demand({{"mfa", {{"roles", {"admin", "owner"}}}}});
  EXPECT_EQ(next("adm"), "mfa");
  EXPECT_EQ(next("ann"), "done") << "at the gate nobody is an owner";
  demand({{"mfa", "required"}});
  EXPECT_EQ(next("adm"), "mfa");
  EXPECT_EQ(next("ann"), "mfa");
}

TEST_F(StepUpTest, the_wanted_page_is_kept_through_password_and_factor) {
  enrol("ann");
  Jar jar;
  const GateReply away = want(jar, kCrm, "/a?x=1");
  const GateReply form = follow_redirect(jar, away);
  const GateReply done = open(jar, form_post(jar, form.body, "ann", kPassword));
  EXPECT_EQ(done.status, 303);
  const std::string location = header(done, "Location");
  EXPECT_TRUE(location.starts_with(std::string(kMfaPath) + "?flow=")) << location;
  EXPECT_NE(open(jar, page(kGate, location)).status, 302) << "the page that asks";
  EXPECT_EQ(header(open(jar, page(kGate, "/.sallyport/login?flow=" + query_of(location, "flow"))), "Location"),
            location)
      << "a password alone is handed over nowhere";
  show_factor(jar);
  const GateReply onward = open(jar, page(kGate, location));
  EXPECT_EQ(onward.status, 302);
  const GateReply back = follow_callback(jar, header(onward, "Location"));
  EXPECT_EQ(header(back, "Location"), "https://crm.apps.localhost:8443/a?x=1");
  EXPECT_EQ(session_at(jar, kCrm).strength, policy::Strength::kMfa);
  EXPECT_EQ(session_at(jar, kCrm).factor_at, session_at(jar, kGate).factor_at);
}

TEST_F(StepUpTest, nobody_signed_in_signs_in_first_and_keeps_the_page) {
  Jar jar;
  const GateReply away = want_factor(jar, kCrm, "/a");
  EXPECT_TRUE(header(away, "Location").starts_with("https://gate.localhost:8443/.sallyport/mfa?flow="));
  const GateReply login = follow_redirect(jar, away);
  EXPECT_EQ(header(login, "Location"), "/.sallyport/login?flow=" + query_of(header(away, "Location"), "flow"));
  EXPECT_EQ(header(open(jar, page(kGate, std::string(kMfaPath))), "Location"), "/.sallyport/login");
}

TEST_F(StepUpTest, a_fresh_session_on_the_gate_raises_the_child_at_once) {
  Jar jar;
  sign_in(jar);
  follow_callback(jar, code_for(jar, kCrm, "/a"));
  const storage::LiveSession before = session_at(jar, kCrm);
  const std::string old_cookie = jar.get(kCrm, "__Host-sallyport");
  EXPECT_EQ(before.strength, policy::Strength::kPassword);
  show_factor(jar);
  EXPECT_EQ(session_at(jar, kCrm).strength, policy::Strength::kPassword) << "children keep what they had";

  const GateReply handed = follow_redirect(jar, want_factor(jar, kCrm, "/a", clock_.wall() - minutes(15)));
  EXPECT_EQ(handed.status, 302);
  EXPECT_EQ(header(follow_callback(jar, header(handed, "Location")), "Location"), "https://crm.apps.localhost:8443/a");
  const storage::LiveSession after = session_at(jar, kCrm);
  EXPECT_EQ(after.id, before.id) << "what is open on it stays open";
  EXPECT_EQ(after.strength, policy::Strength::kMfa);
  EXPECT_EQ(after.factor_at, clock_.wall());
  EXPECT_NE(jar.get(kCrm, "__Host-sallyport"), old_cookie);
  EXPECT_FALSE(sessions_.find(session_id_hash(old_cookie), kCrm, clock_.wall()));
  EXPECT_EQ(events_of("session.raise"), 1u);
  EXPECT_EQ(events_of("session.extend"), 1u);
}

TEST_F(StepUpTest, a_factor_that_is_too_old_is_asked_for_again) {
  enrol("ann");
  Jar jar;
  open(jar, json_login("ann", kPassword));
  show_factor(jar);
  clock_.advance(minutes(16));
  EXPECT_NE(follow_redirect(jar, want_factor(jar, kCrm, "/a", clock_.wall() - minutes(15))).status, 302);
  EXPECT_EQ(follow_redirect(jar, want_factor(jar, kCrm, "/a")).status, 302) << "where any factor will do, it does";
  const GateReply away = want_factor(jar, kCrm, "/a", clock_.wall() - minutes(15));
  show_factor(jar);
  const GateReply handed = follow_redirect(jar, away);
  EXPECT_EQ(handed.status, 302);
  EXPECT_EQ(follow_callback(jar, header(handed, "Location")).status, 302);
  EXPECT_EQ(session_at(jar, kCrm).factor_at, clock_.wall());
}

TEST_F(StepUpTest, strength_without_a_time_is_no_fresh_factor) {
  const SignInFlow any{.host = kCrm, .target = "/", .factor_after = WallMicros{}};
  const SignInFlow fresh{.host = kCrm, .target = "/", .factor_after = WallMicros{100'000'000}};
  const SignInFlow none{.host = kCrm, .target = "/", .factor_after = std::nullopt};
  const auto session = [](policy::Strength strength, std::optional<int64_t> at) {
    storage::LiveSession out;
    out.strength = strength;
    if (at) out.factor_at = WallMicros{*at * 1'000'000};
    return out;
  };
  const WallMicros now{200'000'000};
  using enum policy::Strength;
  struct Row {
    policy::Strength strength;
    std::optional<int64_t> at;
    bool of_any;
    bool of_fresh;
  };
  for (const auto& [strength, at, of_any, of_fresh] :
       {Row{kPassword, {}, false, false}, Row{kPassword, 150, false, false}, Row{kMfa, {}, true, false},
        Row{kMfa, 99, true, false}, Row{kMfa, 100, true, true}, Row{kMfa, 200, true, true}, Row{kMfa, 260, true, true},
        Row{kMfa, 261, true, false}}) {
    EXPECT_TRUE(is_enough(none, session(strength, at), now));
    EXPECT_EQ(is_enough(any, session(strength, at), now), of_any) << at.value_or(-1);
    EXPECT_EQ(is_enough(fresh, session(strength, at), now), of_fresh) << at.value_or(-1);
  }
}

// A hand-over that could not satisfy the page would send the browser back and forth for ever.
TEST_F(StepUpTest, a_hand_over_that_is_not_enough_ends_in_a_page_that_says_so) {
  record("crm").spec = nlohmann::json{{"team", "plant"},
                                      {"type", "http"},
                                      {"at", kCrm},
                                      {"upstream", {{"url", "https://127.0.0.1:9444/"}, {"networks", {"127.0.0.0/8"}}}},
                                      {"access", {{{"roles", {"owner"}}, {"mfa", {{"within", "5m"}}}}}}}
                           .dump();
  rebuild();
  Jar jar;
  sign_in(jar);
  show_factor(jar);
  clock_.advance(minutes(4));
  const GateReply handed = follow_redirect(jar, want_factor(jar, kCrm, "/a", clock_.wall() - minutes(5)));
  EXPECT_EQ(handed.status, 302);
  clock_.advance(seconds(50));  // within the life of the code
  const GateReply in_time = follow_callback(jar, header(handed, "Location"));
  EXPECT_EQ(in_time.status, 302);
  const GateReply again = follow_redirect(jar, want_factor(jar, kCrm, "/a", clock_.wall() - minutes(5)));
  clock_.advance(seconds(20));
  const GateReply late = follow_callback(jar, header(again, "Location"));
  EXPECT_EQ(late.status, 403);
  EXPECT_TRUE(late.body.contains("A second factor is still asked for"));
  EXPECT_FALSE(gives_session(late));
}

TEST_F(StepUpTest, the_gates_session_that_ended_raises_nothing) {
  Jar jar;
  sign_in(jar);
  show_factor(jar);
  const GateReply handed = follow_redirect(jar, want_factor(jar, kCrm, "/a"));
  sessions_.end(session_at(jar, kGate).family);
  EXPECT_EQ(follow_callback(jar, header(handed, "Location")).status, 403);
}

TEST_F(StepUpTest, another_persons_child_on_the_host_is_not_raised) {
  Jar jar;
  sign_in(jar, "mel");
  follow_callback(jar, code_for(jar, kCrm, "/a"));
  const storage::LiveSession mels = session_at(jar, kCrm);
  Jar ann;
  sign_in(ann);
  show_factor(ann);
  jar.set(kGate, "__Host-sallyport", ann.get(kGate, "__Host-sallyport"));
  const GateReply handed = follow_redirect(jar, want_factor(jar, kCrm, "/a"));
  follow_callback(jar, header(handed, "Location"));
  EXPECT_EQ(session_at(jar, kCrm).user, user("ann").id);
  EXPECT_NE(session_at(jar, kCrm).id, mels.id);
  EXPECT_EQ(sessions_.current(mels.id, mels.family, clock_.wall())->strength, policy::Strength::kPassword);
}

// A password-only session tried against every route there is, by every method: a new route is in it by itself. Each is
// on the short list of what such a session may have, or refused.
TEST_F(StepUpTest, a_password_alone_reaches_no_route_that_needs_a_factor) {
  const std::map<std::string, const char*> may_have = {
      {std::string(kLoginPath), "anybody has the sign-in"},
      {std::string(kCertificatePath), "the same"},
      {std::string(kMfaPath), "the way to show a factor"},
      {std::string(kPasskeyPath), "the same, by passkey"},
      {std::string(kPasskeyOptionsPath), "the same"},
      {std::string(kPasskeyScriptPath), "anybody has the script"},
      {std::string(kResetPath), "with a link, which a password alone does not get"},
      {std::string(kLogoutPath), "whoever is signed in may sign out"},
      {std::string(kStylePath), "anybody has the style"},
      {std::string(kJwksPath), "anybody has the public keys"},
      {std::string(kCallbackPath), "with a code, which a password alone does not get"},
      {"/.sallyport/saml/*/login", "anybody may go to a provider; what comes back is judged by itself"},
      {"/.sallyport/saml/*/acs", "the same"},
      {"/.sallyport/saml/*/metadata", "anybody has our metadata"},
      {"/.sallyport/saml/*/slo", "a provider's word alone, signed"},
      {"/.sallyport/oidc/*/login", "as of SAML"},
      {"/.sallyport/oidc/*/callback", "the same"},
      {"/.sallyport/oidc/*/backchannel-logout", "the same"},
      {"/api/v1/me", "who am I"}};
  enrol("ann");
  size_t tried = 0;
  for (const KnownRoute& route : SignIn::routes()) {
    std::string path = route.path;
    if (const size_t star = path.find('*'); star != path.npos) path.replace(star, 1, "x");
    for (const std::string& method : route.methods) {
      for (const char* accept : {kPage, "application/json"}) {
        Jar jar;
        open(jar, json_login("ann", kPassword));
        const std::string cookie = jar.get(kGate, "__Host-sallyport");
        const std::string host = route.on_gate ? kGate : kCrm;
        GateRequest asked = request(method, host, path);
        asked.accept = accept;
        asked.cookie = "__Host-sallyport=" + cookie;
        asked.origin = kGateOrigin;
        asked.sallyport_request = accept != std::string_view(kPage);
        const GateReply reply = ask(std::move(asked));
        ++tried;
        const std::string where = method + " " + path + " " + accept;
        if (may_have.contains(route.path)) {
          EXPECT_FALSE(gives_session(reply)) << where;
          continue;
        }
        const bool sent_away = reply.status == 302 && header(reply, "Location") == kMfaPath;
        EXPECT_TRUE(sent_away || reply.status == 401 || reply.status == 403)
            << where << ": " << reply.status << " " << reply.body;
        EXPECT_FALSE(reply.body.contains("example.test")) << where;
        EXPECT_TRUE(sessions_.find(session_id_hash(cookie), kGate, clock_.wall())) << where << " ended the session";
      }
    }
  }
  EXPECT_GT(tried, 30u);
  Jar jar;
  open(jar, json_login("ann", kPassword));
  const auto me = nlohmann::json::parse(get_json(jar, "/api/v1/me").body);
  EXPECT_EQ(me["mfa_required"], true);
  // And what is not in the tables is not there.
  EXPECT_EQ(get_json(jar, "/.sallyport/nothing").status, 404);
  EXPECT_EQ(get_json(jar, "/api/v1/nothing").status, 404);
}

}  // namespace
}  // namespace sallyport::sso
