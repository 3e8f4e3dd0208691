// Tokens made, rotated and revoked by their owner, as JSON: what may be asked for, what is answered, and by whom.
#include "base/time_text.h"
#include "tests/sso/account_world.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;
using std::chrono::days;
using std::chrono::hours;

const std::string kTokens = "/api/v1/me/tokens";

class MeTokensTest : public AccountWorld {
 protected:
  MeTokensTest() {
    add_user("root", {{"admin", true}});
    add_record(policy::Kind::kTeam, "lab", {{"members", {{"mel", "owner"}}}});
    add_record(policy::Kind::kDatasource, "lims",
               {{"team", "lab"},
                {"type", "http"},
                {"at", "lims.apps.localhost"},
                {"upstream", {{"url", "https://127.0.0.1:9444/"}, {"networks", {"127.0.0.0/8"}}}}});
    add_record(policy::Kind::kServiceAccount, "nightly", {{"team", "plant"}, {"role", "viewer"}});
    rebuild();
  }
  GateRequest write(const Jar& jar, std::string method, std::string path, const json& body = json()) {
    GateRequest out = request(std::move(method), kGate, std::move(path));
    out.cookie = jar.field(kGate);
    out.origin = kGateOrigin;
    out.sallyport_request = true;
    if (body.is_null()) return out;
    out.content_type = "application/json";
    out.body = secret(body.dump());
    return out;
  }
  GateReply make(const Jar& jar, const json& body) { return ask(write(jar, "POST", kTokens, body)); }
  json made(const Jar& jar, const json& body) {
    const GateReply reply = make(jar, body);
    EXPECT_EQ(reply.status, 201) << reply.body;
    return json::parse(reply.body);
  }
  json listed(const Jar& jar) {
    GateRequest asked = write(jar, "GET", kTokens);
    return json::parse(ask(std::move(asked)).body)["tokens"];
  }
  std::optional<storage::LiveToken> live(const std::string& text) {
    const auto found = tokens_.find(token_hash(text), clock_.wall());
    return found ? std::optional(*found) : std::nullopt;
  }
  Jar signed_in_as(const std::string& user) {
    Jar out;
    sign_in(out, user);
    return out;
  }
  // As if a factor had been shown in it; its cookie stays.
  void raise(const Jar& jar) {
    const RecordId family = session_of(jar);
    sessions_.raise(family, {.id = family,
                             .id_hash = session_id_hash(jar.get("gate.localhost", "__Host-sallyport")),
                             .strength = policy::Strength::kMfa,
                             .factor_at = clock_.wall()});
  }
};

const json kPlain = {{"name", "ci"}, {"expires", "30d"}};
json with(const char* patch) {
  json out = kPlain;
  out.merge_patch(json::parse(patch));
  return out;
}

TEST_F(MeTokensTest, a_token_is_shown_once_and_counts_at_once) {
  const Jar ann = signed_in_as("ann");
  const GateReply reply = make(ann, with(R"({"team": "plant", "resource": "crm", "read_only": true, "path": "/a",
                                              "networks": ["10.0.0.0/8"], "api": true})"));
  EXPECT_EQ(reply.status, 201) << reply.body;
  EXPECT_EQ(header(reply, "Cache-Control"), "no-store");
  EXPECT_EQ(header(reply, "Content-Type"), "application/json");
  json told = json::parse(reply.body);
  const std::string text = told["token"];
  EXPECT_TRUE(looks_like_token(text));
  const auto token = live(text);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->user, record("ann").id);
  EXPECT_EQ(told["id"], token->id.to_string());
  EXPECT_EQ(token->scope->team, "plant");
  EXPECT_EQ(token->scope->resource, "crm");
  EXPECT_EQ(token->scope->path_prefix, "/a");
  EXPECT_EQ(token->scope->networks.size(), 1u);
  EXPECT_TRUE(token->scope->read_only && token->scope->api);
  EXPECT_FALSE(token->scope->admin);
  const json list = listed(ann);
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0]["expires"], show_time_exactly(clock_.wall() + days(30)));
  told.erase("token");
  told["service_account"] = nullptr;
  EXPECT_EQ(list[0], told) << "the same but for the value";
  EXPECT_FALSE(list.dump().contains(text.substr(4)));
  for (const auto& event : events()) EXPECT_FALSE((event.object + event.detail).contains(text.substr(4)));
  EXPECT_EQ(events().back().action, "token.create");
  EXPECT_EQ(events().back().actor, "ann");
  EXPECT_EQ(events().back().client, "192.0.2.7");
}

TEST_F(MeTokensTest, it_is_as_strong_as_the_session_that_made_it) {
  const Jar ann = signed_in_as("ann");
  EXPECT_EQ(live(made(ann, kPlain)["token"])->strength, policy::Strength::kPassword);
  raise(ann);
  EXPECT_EQ(live(made(ann, kPlain)["token"])->strength, policy::Strength::kMfa);
}

TEST_F(MeTokensTest, what_is_wrong_is_told_with_its_place) {
  const Jar ann = signed_in_as("ann");
  const std::pair<json, const char*> rows[] = {
      {json::object(), "name"},
      {json::array(), ""},
      {with(R"({"expires": null})"), "expires"},
      {with(R"({"expires": ""})"), "expires"},
      {with(R"({"expires": "30"})"), "expires"},
      {with(R"({"expires": 30})"), "expires"},
      {with(R"({"expires": "0s"})"), "expires"},
      {with(R"({"expires": "-1d"})"), "expires"},
      {with(R"({"expires": "366d"})"), "expires"},
      {with(R"({"expires": "99999999999999999999w"})"), "expires"},
      {with(R"({"expires": "2024-01-01"})"), "expires"},
      {with(R"({"expires": "5ms"})"), "expires"},
      {with(R"({"name": ""})"), "name"},
      {{{"name", std::string(101, 'a')}, {"expires", "1d"}}, "name"},
      {{{"name", "a\nb"}, {"expires", "1d"}}, "name"},
      {with(R"({"name": ["ci"]})"), "name"},
      {with(R"({"team": "nowhere"})"), "team"},
      {with(R"({"team": "lab"})"), "team"},
      {with(R"({"resource": "nothing"})"), "resource"},
      {with(R"({"resource": "lims"})"), "resource"},
      {with(R"({"path": "a"})"), "path"},
      {with(R"({"path": "/a/../b"})"), "path"},
      {with(R"({"networks": "10.0.0.0/8"})"), "networks"},
      {with(R"({"networks": ["10.0.0.1/8"]})"), "networks[0]"},
      {with(R"({"admin": true})"), "admin"},
      {with(R"({"read_only": "yes"})"), "read_only"},
      {with(R"({"user": "mel"})"), "user"},
      {with(R"({"strength": "mfa"})"), "strength"},
  };
  for (const auto& [body, path] : rows) {
    const GateReply reply = make(ann, body);
    EXPECT_EQ(reply.status, 400) << body << reply.body;
    const json told = json::parse(reply.body);
    EXPECT_EQ(told["error"], "invalid");
    ASSERT_FALSE(told["details"].empty()) << body;
    EXPECT_EQ(told["details"][0]["path"], path) << body;
    EXPECT_FALSE(reply.body.contains("spt_"));
  }
  GateRequest broken = write(ann, "POST", kTokens, kPlain);
  broken.body = secret("{\"name\": ");
  EXPECT_EQ(ask(std::move(broken)).status, 400);
  GateRequest form = write(ann, "POST", kTokens, kPlain);
  form.content_type = "application/x-www-form-urlencoded";
  EXPECT_EQ(ask(std::move(form)).status, 415);
  EXPECT_TRUE(listed(ann).empty());
}

TEST_F(MeTokensTest, nobody_learns_what_there_is) {
  const Jar ann = signed_in_as("ann");
  for (const char* key : {"team", "resource"}) {
    const std::string theirs = std::string(key) == "team" ? "lab" : "lims";
    json foreign = kPlain, missing = kPlain;
    foreign[key] = theirs;
    missing[key] = "zzz";
    EXPECT_EQ(make(ann, foreign).body, make(ann, missing).body) << key;
  }
}

TEST_F(MeTokensTest, only_an_administrator_may_ask_for_that_right_and_has_it_only_then) {
  const Jar root = signed_in_as("root");
  EXPECT_FALSE(live(made(root, kPlain)["token"])->scope->admin);
  EXPECT_TRUE(live(made(root, with(R"({"admin": true})"))["token"])->scope->admin);
}

TEST_F(MeTokensTest, the_platform_says_how_long_and_how_many) {
  add_platform({{"tokens", {{"max_life", "7d"}, {"per_user", 2}}}});
  rebuild();
  const Jar ann = signed_in_as("ann");
  EXPECT_EQ(make(ann, with(R"({"expires": "8d"})")).status, 400);
  made(ann, with(R"({"expires": "7d"})"));
  const json second = made(ann, with(R"({"expires": "1d"})"));
  const GateReply third = make(ann, with(R"({"expires": "1d"})"));
  EXPECT_EQ(third.status, 409) << third.body;
  EXPECT_EQ(json::parse(third.body)["error"], "token_limit");
  const Jar mel = signed_in_as("mel");
  made(mel, with(R"({"expires": "1d"})"));
  EXPECT_EQ(ask(write(ann, "POST", kTokens + "/" + std::string(second["id"]) + "/rotate")).status, 201)
      << "the one that is replaced makes room";
  clock_.advance(days(1));
  made(signed_in_as("ann"), with(R"({"expires": "1d"})"));
}

TEST_F(MeTokensTest, an_owner_revokes_and_nobody_else) {
  const Jar ann = signed_in_as("ann"), mel = signed_in_as("mel");
  const json token = made(ann, kPlain);
  const std::string path = kTokens + "/" + std::string(token["id"]);
  const GateReply foreign = ask(write(mel, "DELETE", path));
  EXPECT_EQ(foreign.status, 404);
  EXPECT_EQ(foreign.body, ask(write(mel, "DELETE", kTokens + "/" + RecordId::random().to_string())).body);
  EXPECT_EQ(ask(write(mel, "POST", path + "/rotate")).status, 404);
  EXPECT_TRUE(live(token["token"]));
  awaited_.clear();
  EXPECT_EQ(ask(write(ann, "DELETE", path)).status, 204);
  EXPECT_EQ(awaited_, std::vector{committed()});
  EXPECT_FALSE(live(token["token"]));
  EXPECT_EQ(ask(write(ann, "DELETE", path)).status, 404) << "once more";
  EXPECT_EQ(ask(write(ann, "DELETE", kTokens + "/x")).status, 404);
}

TEST_F(MeTokensTest, rotation_overlaps_and_cuts_and_never_lengthens) {
  const Jar ann = signed_in_as("ann");
  const json old = made(ann, with(R"({"expires": "10h", "team": "plant", "read_only": true})"));
  const std::string path = kTokens + "/" + std::string(old["id"]) + "/rotate";
  const GateReply reply = ask(write(ann, "POST", path, {{"overlap", "2h"}, {"expires", "3d"}}));
  EXPECT_EQ(reply.status, 201) << reply.body;
  EXPECT_EQ(awaited_, std::vector{committed()});
  const json next = json::parse(reply.body);
  EXPECT_NE(next["token"], old["token"]);
  EXPECT_EQ(next["name"], "ci");
  EXPECT_EQ(next["team"], "plant");
  EXPECT_EQ(next["read_only"], true);
  EXPECT_TRUE(live(old["token"]) && live(next["token"]));
  EXPECT_EQ(ask(write(ann, "POST", path, {{"overlap", "9h"}})).status, 201);
  clock_.advance(hours(2));
  EXPECT_FALSE(live(old["token"])) << "the first cut counts";
  EXPECT_TRUE(live(next["token"]));
  EXPECT_EQ(ask(write(ann, "POST", path)).status, 404) << "it is over";
  const std::string again = kTokens + "/" + std::string(next["id"]) + "/rotate";
  for (const json& body : {json{{"overlap", "soon"}}, json{{"expires", "0s"}}, json{{"expires", "400d"}},
                           json{{"name", "other"}}, json{{"overlap", 5}}})
    EXPECT_EQ(ask(write(ann, "POST", again, body)).status, 400) << body;
  EXPECT_EQ(ask(write(ann, "POST", again, {{"overlap", "0s"}})).status, 201);
  EXPECT_FALSE(live(next["token"])) << "no overlap: at once";
  EXPECT_EQ(events().back().action, "token.rotate");
}

TEST_F(MeTokensTest, rotation_does_not_make_it_stronger) {
  const Jar ann = signed_in_as("ann");
  const json weak = made(ann, kPlain);
  raise(ann);
  const json strong = made(ann, kPlain);
  const auto rotated = [&](const Jar& jar, const json& token) {
    const GateReply reply = ask(write(jar, "POST", kTokens + "/" + std::string(token["id"]) + "/rotate"));
    EXPECT_EQ(reply.status, 201);
    return live(json::parse(reply.body)["token"])->strength;
  };
  EXPECT_EQ(rotated(ann, weak), policy::Strength::kPassword);
  EXPECT_EQ(rotated(ann, strong), policy::Strength::kMfa);
  EXPECT_EQ(rotated(signed_in_as("ann"), strong), policy::Strength::kPassword) << "by a session without a factor";
}

TEST_F(MeTokensTest, owners_of_its_team_look_after_a_service_account) {
  storage::TokenRecord token;
  with_store([&](storage::Store& store) {
    NewToken wanted{.owner = record("nightly").id,
                    .whose = "service account nightly",
                    .name = "export",
                    .life = days(30),
                    .strength = policy::Strength::kMfa,
                    .scope = {}};
    token = TokenService(store, clock_).create(wanted, {}, {"cli:0", ""})->record;
  });
  tokens_.insert(token);
  const std::string path = kTokens + "/" + token.id.to_string();
  const Jar ann = signed_in_as("ann"), mel = signed_in_as("mel");
  EXPECT_TRUE(listed(mel).empty()) << "a viewer of plant";
  EXPECT_EQ(ask(write(mel, "DELETE", path)).status, 404);
  ASSERT_EQ(listed(ann).size(), 1u);
  EXPECT_EQ(listed(ann)[0]["service_account"], "nightly");
  const GateReply rotated = ask(write(ann, "POST", path + "/rotate", {{"overlap", "0s"}}));
  ASSERT_EQ(rotated.status, 201) << rotated.body;
  const auto next = live(json::parse(rotated.body)["token"]);
  EXPECT_EQ(next->user, record("nightly").id);
  EXPECT_EQ(next->strength, policy::Strength::kPassword) << "what a session without a factor gets is worth no factor";
  EXPECT_EQ(events().back().object, "token " + token.id.to_string() + " of service account nightly");
  record("plant").spec = json{{"members", {{"ann", "owner"}}}, {"mfa", "required"}}.dump();
  rebuild();
  EXPECT_TRUE(listed(ann).empty()) << "the team demands a factor of its owners";
  raise(ann);
  EXPECT_EQ(ask(write(ann, "DELETE", kTokens + "/" + next->id.to_string())).status, 204);
}

TEST_F(MeTokensTest, a_write_proves_itself_and_a_token_makes_no_token) {
  const Jar ann = signed_in_as("ann");
  const json token = made(ann, kPlain);
  const std::string path = kTokens + "/" + std::string(token["id"]);
  const std::pair<const char*, std::string> writes[] = {
      {"POST", kTokens}, {"DELETE", path}, {"POST", path + "/rotate"}};
  for (const auto& [method, where] : writes) {
    const auto asked = [&] { return write(ann, method, where, std::string(method) == "POST" ? kPlain : json()); };
    const auto refused = [&](GateRequest wrong, int status, const char* code) {
      const GateReply reply = ask(std::move(wrong));
      EXPECT_EQ(reply.status, status) << method << where;
      EXPECT_EQ(json::parse(reply.body)["error"], code) << method << where;
    };
    for (const char* origin : {"https://crm.apps.localhost:8443", "https://evil.example.test", "null"}) {
      GateRequest foreign = asked();
      foreign.origin = origin;
      refused(std::move(foreign), 403, "foreign_origin");
    }
    GateRequest untold = asked();
    untold.origin.clear();
    refused(std::move(untold), 403, "foreign_origin");
    GateRequest bare = asked();
    bare.sallyport_request = false;
    refused(std::move(bare), 403, "header_missing");
    GateRequest by_token = asked();
    by_token.by_token = true;
    refused(std::move(by_token), 403, "token_refused");
    GateRequest nobody = asked();
    nobody.cookie.clear();
    refused(std::move(nobody), 401, "unauthenticated");
  }
  add_platform({{"mfa", "required"}});
  rebuild();
  for (const auto& [method, where] : writes)
    EXPECT_EQ(json::parse(ask(write(ann, method, where)).body)["error"], "mfa_required") << method << where;
  EXPECT_TRUE(live(token["token"]));
  EXPECT_EQ(events_of("token.create"), 1u);
}

TEST_F(MeTokensTest, a_session_that_has_ended_makes_none) {
  const Jar ann = signed_in_as("ann");
  NewToken wanted{.owner = record("ann").id, .whose = "user ann", .name = "ci", .life = days(1), .scope = {}};
  OwnTokens own(*store_, sessions_, tokens_, clock_, {});
  const TokenAsker who{.asker = {.user = record("ann").id, .session = session_of(ann), .name = "ann", .client = ""},
                       .strength = policy::Strength::kPassword,
                       .snapshot = snapshot_};
  sessions_.end(session_of(ann));  // by somebody else, after the request was let in
  loop_ = std::make_unique<Loop>(clock_);
  auto making = own.create(*loop_, who, wanted);
  const auto made = run(making);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::kUnauthenticated);
  EXPECT_EQ(events_of("token.create"), 0u);
}

TEST_F(MeTokensTest, methods_and_places) {
  const Jar ann = signed_in_as("ann");
  const GateReply put = ask(write(ann, "PUT", kTokens));
  EXPECT_EQ(put.status, 405);
  EXPECT_EQ(header(put, "Allow"), "GET, HEAD, POST");
  EXPECT_EQ(ask(write(ann, "GET", kTokens + "/x")).status, 405);
  EXPECT_EQ(ask(write(ann, "GET", kTokens + "/x/rotate")).status, 405);
  for (const char* tail : {"/", "//rotate", "/x/rotate/", "/x/other", "/x/rotate/y"})
    EXPECT_EQ(ask(write(ann, "POST", kTokens + tail)).status, 404) << tail;
}

}  // namespace
}  // namespace sallyport::sso
