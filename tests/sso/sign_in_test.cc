// Signing in with a password by JSON: what is refused, and what it costs; what the gate does not serve.
#include "tests/sso/gate_world.h"

namespace sallyport::sso {
namespace {

using Json = nlohmann::json;

class SignInTest : public BrowserWorld {};

Json body_of(const GateReply& reply) { return Json::parse(reply.body, nullptr, false); }

TEST_F(SignInTest, json_gives_next_location_and_a_session) {
  const GateReply reply = ask(json_login("ann", kPassword));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(body_of(reply), (Json{{"next", "done"}, {"location", "/"}}));
  EXPECT_EQ(header(reply, "Content-Type"), "application/json");
  EXPECT_EQ(header(reply, "Cache-Control"), "no-store");
  EXPECT_TRUE(gives_session(reply));
  EXPECT_EQ(reply.user, record("ann").id);
}

TEST_F(SignInTest, a_name_or_an_e_mail_address_in_any_case) {
  for (const char* user : {"ann", "ANN", "  ann ", "ann@example.test", "Ann@Example.TEST"})
    EXPECT_EQ(ask(json_login(user, kPassword)).status, 200) << user;
}

TEST_F(SignInTest, the_session_cookie_is_as_promised) {
  const auto cookies = cookies_set(ask(json_login("ann", kPassword)));
  ASSERT_EQ(cookies.size(), 2u);
  EXPECT_TRUE(cookies[1].starts_with("__Host-sallyport-device="));
  EXPECT_TRUE(cookies[1].ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=15552000")) << cookies[1];
  const size_t end = cookies[0].find(';');
  EXPECT_EQ(cookies[0].substr(end), "; Path=/; Secure; HttpOnly; SameSite=Lax");
  EXPECT_EQ(end - cookies[0].find('=') - 1, 43u);
}

TEST_F(SignInTest, the_store_knows_the_hash_of_the_cookie_alone) {
  Jar jar;
  sign_in(jar);
  const std::string cookie = jar.get(kGate, "__Host-sallyport");
  gate_.reset();
  store_.reset();  // everything is on the disk now
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    EXPECT_FALSE(bytes.contains(cookie)) << entry.path();
    EXPECT_FALSE(bytes.contains(to_text(*base64url_decode(cookie)))) << entry.path();
    EXPECT_FALSE(bytes.contains(kPassword)) << entry.path();
  }
}

TEST_F(SignInTest, whoever_it_is_the_refusal_is_the_same) {
  Json first;
  for (const auto& [user, password] :
       std::vector<std::pair<std::string, std::string>>{{"ann", "wrong-password-1"},
                                                        {"nobody", kPassword},
                                                        {"sue", kPassword},
                                                        {"dan", kPassword},
                                                        {"ann", std::string(129, 'x')},
                                                        {"nobody", std::string(50000, 'x')}}) {
    const GateReply reply = ask(json_login(user, password));
    EXPECT_EQ(reply.status, 401) << user;
    EXPECT_EQ(body_of(reply)["error"], "bad_credentials");
    EXPECT_FALSE(gives_session(reply));
    if (first.is_null()) first = body_of(reply);
    EXPECT_EQ(body_of(reply), first) << user;
  }
}

TEST_F(SignInTest, unknown_suspended_and_damaged_cost_one_hash_like_a_wrong_password) {
  for (const char* user : {"ann", "nobody", "sue", "dan"}) {
    hashes = 0;
    ask(json_login(user, "wrong-password-1"));
    EXPECT_EQ(hashes, 1) << user;
  }
}

TEST_F(SignInTest, a_password_that_cannot_be_one_is_not_hashed) {
  for (const size_t size : {size_t{129}, size_t{1000}, size_t{60000}}) {
    EXPECT_EQ(ask(json_login("ann", std::string(size, 'x'))).status, 401);
    EXPECT_EQ(hashes, 0) << size;
  }
}

TEST_F(SignInTest, a_tampered_password_record_is_refused_and_harms_nobody_else) {
  record("ann").secrets[0].sealed.back() ^= std::byte{1};
  rebuild();
  EXPECT_EQ(ask(json_login("ann", kPassword)).status, 401);
  EXPECT_EQ(hashes, 1);
  EXPECT_EQ(ask(json_login("mel", kPassword)).status, 200);
}

TEST_F(SignInTest, another_users_password_record_does_not_fit) {
  record("ann").secrets[0] = record("mel").secrets[0];
  rebuild();
  EXPECT_EQ(ask(json_login("ann", kPassword)).status, 401);
}

TEST_F(SignInTest, a_user_without_a_password_is_refused) {
  record("ann").secrets.clear();
  rebuild();
  EXPECT_EQ(ask(json_login("ann", kPassword)).status, 401);
  EXPECT_EQ(hashes, 1);
}

TEST_F(SignInTest, refusals_are_recorded_with_their_reason_and_never_with_what_was_typed) {
  ask(json_login("ann", "wrong-password-1"));
  ask(json_login("typed-my-password-here", kPassword));
  ask(json_login("sue", kPassword));
  std::vector<std::string> seen;
  for (const auto& event : events()) {
    if (event.action != "sign_in.refused") continue;
    seen.push_back(event.actor + ": " + event.detail);
    EXPECT_EQ(event.client, "192.0.2.7");
    EXPECT_FALSE((event.actor + event.object + event.detail).contains("typed-my"));
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"ann: wrong password", "unknown: unknown user", "sue: suspended"}));
}

TEST_F(SignInTest, a_flood_of_refusals_is_counted_and_not_written) {
  for (int i = 0; i < 200; ++i) {
    GateRequest attempt = json_login("ann", "wrong-password-1");
    attempt.client.address = IpAddress::v4({10, 0, 0, static_cast<uint8_t>(i)});
    ask(std::move(attempt));
  }
  EXPECT_EQ(events_of("sign_in.refused"), 20u);
  clock_.advance(std::chrono::seconds(1));
  ask(json_login("ann", "wrong-password-1"));
  const auto all = events();
  EXPECT_EQ(all.back().detail, "too many attempts; 180 more were refused since the last entry");
}

TEST_F(SignInTest, a_password_changed_while_it_was_verified_opens_nothing) {
  // Another process has committed a new record of ann; this worker's snapshot is the one before.
  storage::ChangeSet changed;
  policy::ResourceRecord newer = record("ann");
  const Bytes mac = keyring_->row_mac(newer, 1);
  changed.changes.emplace_back(storage::PutResource{newer, mac, {{"", 1, keyring_->epoch_mac(newer.id, "", 1)}}});
  loop_ = std::make_unique<Loop>(clock_);
  auto committing = store_->commit(*loop_, std::move(changed), {});
  const auto committed = run(committing);
  ASSERT_TRUE(committed.has_value()) << committed.error().what;
  const GateReply reply = ask(json_login("ann", kPassword));
  EXPECT_EQ(reply.status, 401);
  EXPECT_FALSE(gives_session(reply));
  EXPECT_EQ(sessions_.size(), 0u);
  EXPECT_EQ(events().back().detail, "changed meanwhile");
  EXPECT_EQ(ask(json_login("mel", kPassword)).status, 200) << "nobody else is held back";
}

TEST_F(SignInTest, a_session_begins_with_an_event) {
  ask(json_login("ann", kPassword));
  const auto all = events();
  EXPECT_EQ(all.back().action, "session.begin");
  EXPECT_EQ(all.back().actor, "ann");
  EXPECT_EQ(all.back().client, "192.0.2.7");
}

TEST_F(SignInTest, json_needs_the_header) {
  GateRequest request = json_login("ann", kPassword);
  request.sallyport_request = false;
  const GateReply reply = ask(std::move(request));
  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(body_of(reply)["error"], "header_missing");
  EXPECT_EQ(hashes, 0);
}

TEST_F(SignInTest, json_from_a_foreign_origin_is_refused) {
  for (const char* origin :
       {"https://evil.example.test", "null", "https://gate.localhost", "http://gate.localhost:8443",
        "https://gate.localhost:8443/", "https://crm.apps.localhost:8443"}) {
    GateRequest request = json_login("ann", kPassword);
    request.origin = origin;
    EXPECT_EQ(ask(std::move(request)).status, 403) << origin;
  }
  GateRequest own = json_login("ann", kPassword);
  own.origin = kGateOrigin;
  EXPECT_EQ(ask(std::move(own)).status, 200);
}

TEST_F(SignInTest, malformed_bodies_are_400_and_hash_nothing) {
  for (const char* body : {"", "{", "[]", "null", "1", "{\"user\": \"ann\"}", "{\"user\": 1, \"password\": 2}",
                           "{\"user\":\"ann\",\"password\":null}", "{\"user\":\"ann\",\"password\":\"\"}",
                           "{\"user\":\"\",\"password\":\"x\"}", "{\"user\":\"\xff\xfe\",\"password\":\"x\"}"}) {
    GateRequest request = json_login("ann", kPassword);
    request.body = secret(body);
    EXPECT_EQ(ask(std::move(request)).status, 400) << body;
  }
  GateRequest deep = json_login("ann", kPassword);
  deep.body = secret(std::string(60000, '['));
  EXPECT_EQ(ask(std::move(deep)).status, 400);
  EXPECT_EQ(hashes, 0);
}

TEST_F(SignInTest, another_media_type_is_415) {
  GateRequest request = json_login("ann", kPassword);
  request.content_type = "text/plain";
  EXPECT_EQ(ask(std::move(request)).status, 415);
}

TEST_F(SignInTest, guessing_gets_429_with_retry_after_before_a_hash) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask(json_login("ann", "wrong-password-1")).status, 401);
  hashes = 0;
  const GateReply reply = ask(json_login("ann", kPassword));
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(header(reply, "Retry-After"), "6");
  EXPECT_EQ(body_of(reply)["error"], "too_many_attempts");
  EXPECT_EQ(hashes, 0);
  EXPECT_EQ(ask(json_login("ann@example.test", kPassword)).status, 200) << "the limit of a name tells of no address";
  EXPECT_EQ(ask(json_login("mel", kPassword)).status, 200) << "another account is not held back";
  clock_.advance(std::chrono::seconds(6));
  EXPECT_EQ(ask(json_login("ann", kPassword)).status, 200);
}

TEST_F(SignInTest, an_unknown_name_is_limited_like_a_known_one) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask(json_login("Nobody", "x")).status, 401);
  EXPECT_EQ(ask(json_login("nobody", "x")).status, 429);
}

TEST_F(SignInTest, signing_in_often_is_no_guessing) {
  for (int i = 0; i < 50; ++i) EXPECT_EQ(ask(json_login("ann", kPassword)).status, 200) << i;
}

TEST_F(SignInTest, a_full_lane_is_503_with_retry_after) {
  make_gate(0);
  const GateReply reply = ask(json_login("ann", kPassword));
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(header(reply, "Retry-After"), "2");
  EXPECT_EQ(body_of(reply)["error"], "busy");
}

TEST_F(SignInTest, workers_sign_people_in_and_out_beside_each_other) {
  std::vector<std::thread> workers;
  std::atomic<int> good = 0;
  for (const char* user : {"ann", "mel", "nobody"})
    workers.emplace_back([this, user, &good] {
      for (int i = 0; i < 5; ++i) {
        Loop loop(clock_);
        struct Stop final : TaskOwner {
          explicit Stop(Loop& in) : home(in) {}
          void task_done() noexcept override { home.stop(); }
          Loop& home;
        } stop(loop);
        auto task = gate_->handle(loop, json_login(user, kPassword));
        task.start(&stop);
        if (!task.done()) loop.run();
        if (task.take().status == 200) ++good;
      }
    });
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(good, 10);
  EXPECT_EQ(sessions_.size(), 10u);
}

TEST_F(SignInTest, a_client_that_hangs_up_while_the_hash_runs_harms_nothing) {
  loop_ = std::make_unique<Loop>(clock_);
  auto task = gate_->handle(*loop_, json_login("ann", kPassword));
  task.start();
  task.cancel();
  EXPECT_EQ(ask(json_login("ann", kPassword)).status, 200);
}

TEST_F(SignInTest, what_is_not_there_is_404_in_the_form_that_was_asked_for) {
  for (const char* path :
       {"/.sallyport/", "/.sallyport/nothing", "/.sallyport/callback", "/nothing", "/.sallyport/LOGIN"}) {
    const GateReply json = ask(request("GET", kGate, path));
    EXPECT_EQ(json.status, 404) << path;
    const Json body = body_of(json);
    EXPECT_EQ(body["error"], "not_found");
    EXPECT_TRUE(body["details"].is_array());
    EXPECT_EQ(body["request_id"], "ref-1");
    const GateReply html = ask(page(kGate, path));
    EXPECT_EQ(html.status, 404);
    EXPECT_TRUE(html.body.contains("ref-1"));
  }
  for (const char* path : {"/", "/.sallyport/login", "/.sallyport/account", "/.sallyport/", "/x"})
    EXPECT_EQ(ask(request("GET", kCrm, path)).status, 404) << path;
}

TEST_F(SignInTest, another_method_is_405_with_allow) {
  struct Row {
    const char* host;
    const char* method;
    const char* path;
    const char* allow;
  };
  const Row table[] = {{kGate, "POST", "/", "GET, HEAD"},
                       {kGate, "DELETE", "/.sallyport/login", "GET, HEAD, POST"},
                       {kGate, "get", "/.sallyport/login", "GET, HEAD, POST"},
                       {kGate, "POST", "/.sallyport/account", "GET, HEAD"},
                       {kGate, "PUT", "/.sallyport/logout", "GET, HEAD, POST"},
                       {kCrm, "POST", "/.sallyport/callback", "GET"},
                       {kCrm, "HEAD", "/.sallyport/callback", "GET"}};
  for (const auto& [host, method, path, allow] : table) {
    const GateReply reply = ask(request(method, host, path));
    EXPECT_EQ(reply.status, 405) << method << " " << path;
    EXPECT_EQ(header(reply, "Allow"), allow) << method << " " << path;
  }
}

}  // namespace
}  // namespace sallyport::sso
