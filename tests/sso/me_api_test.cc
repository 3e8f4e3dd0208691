// The account as JSON: the same rights as on the page, the contract's error body, and nothing for tokens.
#include "tests/sso/account_world.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;
using std::chrono::hours;

class MeApiTest : public AccountWorld {
 protected:
  GateRequest call(const Jar& jar, std::string method, std::string path) {
    GateRequest out = request(std::move(method), kGate, std::move(path));
    out.cookie = jar.field(kGate);
    return out;
  }
  GateRequest write(const Jar& jar, std::string method, std::string path) {
    GateRequest out = call(jar, std::move(method), std::move(path));
    out.origin = kGateOrigin;
    out.sallyport_request = true;
    return out;
  }
  json get(const Jar& jar, const std::string& path) {
    const GateReply reply = ask(call(jar, "GET", path));
    EXPECT_EQ(reply.status, 200) << path;
    return json::parse(reply.body);
  }
};

const std::string kSessions = "/api/v1/me/sessions";

std::string session_path(const std::string& id) { return kSessions + "/" + id; }

void expect_error(const GateReply& reply, int status, const char* code, const std::string& what) {
  EXPECT_EQ(reply.status, status) << what;
  EXPECT_EQ(header(reply, "Content-Type"), "application/json") << what;
  const json body = json::parse(reply.body, nullptr, false);
  ASSERT_TRUE(body.is_object()) << what;
  EXPECT_EQ(body["error"], code) << what;
  EXPECT_TRUE(body["details"].is_array() && body["message"].is_string()) << what;
  EXPECT_EQ(body["request_id"], "ref-1") << what;
}

TEST_F(MeApiTest, says_who_and_where) {
  Jar other, now;
  sign_in_from(other, "198.51.100.4", "curl/8.14.1");
  clock_.advance(hours(1));
  sign_in(now);
  follow_callback(now, code_for(now, kCrm, "/"));
  const json me = get(now, "/api/v1/me");
  EXPECT_EQ(me, json({{"name", "ann"},
                      {"email", "ann@example.test"},
                      {"admin", false},
                      {"session", session_of(now).to_string()},
                      {"strength", "password"},
                      {"mfa_required", false}}));
  const json told = get(now, kSessions);
  EXPECT_EQ(told["count"], 2);
  ASSERT_EQ(told["sessions"].size(), 2u);
  EXPECT_EQ(told["sessions"][0]["current"], true);
  EXPECT_EQ(told["sessions"][0]["hosts"], json({kCrm}));
  const json& old = told["sessions"][1];
  EXPECT_EQ(old["id"], session_of(other).to_string());
  EXPECT_EQ(old["current"], false);
  EXPECT_EQ(old["client"], "198.51.100.4");
  EXPECT_EQ(old["browser"], "curl");
  EXPECT_EQ(old["created"], "2023-11-14T22:13:20.000000Z");
  EXPECT_EQ(old["last_seen"], "2023-11-14T22:13:20.000000Z");
  for (const Jar* jar : {&other, &now}) EXPECT_FALSE(told.dump().contains(jar->get(kGate, "__Host-sallyport")));
}

TEST_F(MeApiTest, ends_one) {
  Jar other, now;
  sign_in(other);
  follow_callback(other, code_for(other, kCrm, "/"));
  sign_in(now);
  const RecordId id = session_of(other);
  const std::string path = kSessions + "/" + id.to_string();
  const GateReply done = ask(write(now, "DELETE", path));
  EXPECT_EQ(done.status, 204);
  EXPECT_TRUE(done.body.empty());
  EXPECT_FALSE(alive(other, kGate) || alive(other, kCrm));
  EXPECT_TRUE(alive(now, kGate));
  EXPECT_EQ(ended_, std::vector{id});
  EXPECT_EQ(awaited_, std::vector{committed()});
  EXPECT_EQ(events().back().action, "session.end");
  expect_error(ask(write(now, "DELETE", path)), 404, "not_found", "once more");
  Jar own = now;
  EXPECT_EQ(open(own, write(now, "DELETE", kSessions + "/" + session_of(now).to_string())).status, 204);
  EXPECT_EQ(own.get(kGate, "__Host-sallyport"), "") << "the present one: its cookie goes, too";
}

TEST_F(MeApiTest, ends_the_others) {
  Jar one, two, mel, now;
  sign_in(one);
  sign_in(two);
  sign_in(mel, "mel");
  sign_in(now);
  const GateReply done = ask(write(now, "POST", kSessions + "/end-others"));
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(json::parse(done.body), json::parse(R"({"ended":2})"));
  EXPECT_EQ(awaited_, std::vector{committed()});
  EXPECT_FALSE(alive(one, kGate) || alive(two, kGate));
  EXPECT_TRUE(alive(now, kGate) && alive(mel, kGate));
  EXPECT_EQ(json::parse(ask(write(now, "POST", kSessions + "/end-others")).body)["ended"], 0) << "once more";
  EXPECT_EQ(awaited_.size(), 1u) << "nothing to wait for";
}

TEST_F(MeApiTest, a_foreign_id_looks_like_a_missing_one) {
  Jar mel, now;
  sign_in(mel, "mel");
  sign_in(now);
  std::string first;
  for (const std::string& id :
       {session_of(mel).to_string(), RecordId::random().to_string(), std::string("x"), std::string("..")}) {
    const GateReply reply = ask(write(now, "DELETE", session_path(id)));
    expect_error(reply, 404, "not_found", id);
    if (first.empty()) first = reply.body;
    EXPECT_EQ(reply.body, first) << id;
  }
  EXPECT_TRUE(alive(mel, kGate));
}

TEST_F(MeApiTest, a_write_shows_that_it_comes_from_here) {
  Jar other, now;
  sign_in(other);
  sign_in(now);
  struct Row {
    const char* what;
    const char* origin;
    const char* site;
    bool header;
    const char* code;
  };
  const Row table[] = {
      {"another origin", "https://crm.apps.localhost:8443", "", true, "foreign_origin"},
      {"null origin", "null", "", true, "foreign_origin"},
      {"the same site only", "", "same-site", true, "foreign_origin"},
      {"neither", "", "", true, "foreign_origin"},
      {"no header", kGateOrigin, "", false, "header_missing"},
  };
  const std::pair<const char*, std::string> writes[] = {{"DELETE", kSessions + "/" + session_of(other).to_string()},
                                                        {"POST", kSessions + "/end-others"}};
  for (const auto& [method, path] : writes) {
    for (const Row& row : table) {
      GateRequest asked = write(now, method, path);
      asked.origin = row.origin;
      asked.sec_fetch_site = row.site;
      asked.sallyport_request = row.header;
      expect_error(ask(std::move(asked)), 403, row.code, std::string(method) + ", " + row.what);
    }
    EXPECT_TRUE(alive(other, kGate));
  }
  GateRequest good = write(now, "POST", kSessions + "/end-others");
  good.origin.clear();
  good.sec_fetch_site = "same-origin";
  EXPECT_EQ(ask(std::move(good)).status, 200);
  EXPECT_FALSE(alive(other, kGate));
}

TEST_F(MeApiTest, refuses_nobody_tokens_and_a_missing_factor) {
  Jar nobody, now;
  sign_in(now);
  const std::pair<const char*, std::string> calls[] = {{"GET", "/api/v1/me"},
                                                       {"GET", kSessions},
                                                       {"GET", "/api/v1/me/tokens"},
                                                       {"DELETE", kSessions + "/" + session_of(now).to_string()},
                                                       {"POST", kSessions + "/end-others"}};
  for (const auto& [method, path] : calls) {
    expect_error(ask(write(nobody, method, path)), 401, "unauthenticated", path);
    GateRequest token = write(now, method, path);  // a good cookie beside it changes nothing
    token.by_token = true;
    expect_error(ask(std::move(token)), 403, "token_refused", path);
  }
  add_platform({{"mfa", "required"}});
  rebuild();
  for (const auto& [method, path] : calls) {
    if (path == "/api/v1/me")
      EXPECT_EQ(get(now, path)["mfa_required"], true);
    else
      expect_error(ask(write(now, method, path)), 401, "mfa_required", path);
  }
  EXPECT_TRUE(alive(now, kGate));
}

TEST_F(MeApiTest, beside_the_account_a_token_made_for_the_api_finds_what_anybody_finds) {
  for (const char* path : {"/api", "/api/", "/api/v1", "/api/v1/users", "/api/v1/menu", "/api/v2/me"}) {
    GateRequest token = request("GET", kGate, path);
    token.by_token = true;
    expect_error(ask(std::move(token)), 403, "token_without_api", path);
    GateRequest made_for_it = request("GET", kGate, path);
    made_for_it.by_token = made_for_it.api_token = true;
    expect_error(ask(std::move(made_for_it)), 404, "not_found", path);
  }
  for (const char* path : {"/api/v1/me", "/api/v1/me/", "/api/v1/me/nothing"}) {
    GateRequest made_for_it = request("GET", kGate, path);
    made_for_it.by_token = made_for_it.api_token = true;
    expect_error(ask(std::move(made_for_it)), 403, "token_refused", path);
  }
}

TEST_F(MeApiTest, what_is_not_there_says_so_as_json) {
  Jar now;
  sign_in(now);
  for (const char* path :
       {"/api", "/api/", "/api/v1", "/api/v1/me/", "/api/v1/me/sessions/", "/api/v1/me/sessions/a/b"}) {
    GateRequest asked = call(now, "GET", path);
    asked.accept = kPage;
    expect_error(ask(std::move(asked)), 404, "not_found", path);
  }
  const GateReply reply = ask(write(now, "POST", kSessions));
  expect_error(reply, 405, "method_not_allowed", "POST");
  EXPECT_EQ(header(reply, "Allow"), "GET, HEAD");
  EXPECT_EQ(ask(call(now, "HEAD", kSessions)).status, 200);
  EXPECT_EQ(ask(call(now, "GET", kSessions + "/end-others")).status, 405);
  EXPECT_EQ(ask(request("GET", kCrm, "/api/v1/me")).status, 404) << "on the gate's host alone";
}

TEST_F(MeApiTest, lists_tokens_without_their_value) {
  const std::string text = add_token("ann", "ci", hours(48));
  add_token("mel", "other", hours(48));
  Jar now;
  sign_in(now);
  const json told = get(now, "/api/v1/me/tokens");
  ASSERT_EQ(told["tokens"].size(), 1u);
  EXPECT_EQ(told["tokens"][0]["name"], "ci");
  EXPECT_EQ(told["tokens"][0]["last_used"], nullptr);
  EXPECT_FALSE(told.dump().contains(text.substr(4)));
}

}  // namespace
}  // namespace sallyport::sso
