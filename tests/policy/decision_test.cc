// Who may do what, as tables. One world: team plant (alice owner, mike member, vera viewer, dora dashboard, nora none),
// eve without a team, root a platform admin without a team, sue suspended, dan with a damaged record.
#include "policy/decision.h"

#include <gtest/gtest.h>

#include "tests/policy/world.h"

namespace sallyport::policy {
namespace {

constexpr WallMicros kNow{int64_t{1'700'000'000} * 1'000'000};

std::vector<ResourceRecord> people() {
  std::vector<ResourceRecord> records;
  for (const char* name : {"alice", "mike", "vera", "dora", "nora", "eve"}) records.push_back(user_record(name));
  records.push_back(user_record("root", R"({"admin": true})"));
  records.push_back(user_record("sue", R"({"suspended": true})"));
  records.push_back(user_record("dan"));
  records.back().damaged = true;
  return records;
}
constexpr const char* kMembers = R"({"alice": "owner", "mike": "member", "vera": "viewer", "dora": "dashboard",
                                     "nora": "none", "sue": "owner", "dan": "owner"})";

std::shared_ptr<const Snapshot> world_of(ResourceRecord resource, std::string_view team = "{}",
                                         std::string_view platform = "{}") {
  std::vector<ResourceRecord> records = people();
  records.push_back(team_record("plant", kMembers, team));
  records.push_back(platform_record(platform));
  records.push_back(std::move(resource));
  return Snapshot::build(1, records);
}

// Who asks: "-" nobody, "alice", "alice+mfa" with a factor just now, "alice+mfa5m" that long ago, "alice@token" with an
// unlimited token, "alice@token+mfa".
struct Asker {
  explicit Asker(std::string_view text) {
    present = text != "-";
    identity.user = id_of(text.substr(0, text.find_first_of("+@")));
    if (text.find("@token") != text.npos) {
      identity.means = Means::kToken;
      identity.scope = &scope;
    }
    const size_t mfa = text.find("+mfa");
    if (mfa == text.npos) return;
    identity.strength = Strength::kMfa;
    const auto age = std::chrono::minutes{std::atoi(std::string(text.substr(mfa + 4)).c_str())};
    if (identity.means == Means::kSession) identity.factor_at = kNow - age;
  }
  TokenScope scope;
  Identity identity;
  bool present = false;
};

struct Request {
  const char* who;
  const char* method;
  const char* path;
  const char* from = "10.1.2.3";
  bool upgrade = false;
};

Decision decide_for(const Snapshot& snapshot, const CompiledResource& resource, const Request& request,
                    const Asker& asker) {
  return decide({.snapshot = snapshot,
                 .resource = resource,
                 .method = request.method,
                 .path = request.path,
                 .upgrade = request.upgrade,
                 .client = {IpAddress::parse(request.from).value()},
                 .identity = asker.present ? &asker.identity : nullptr,
                 .now = kNow});
}

// "allow 1 rule", "deny -1 no role": outcome, index, reason.
std::string text_of(const Decision& decision) {
  return std::string(to_string(decision.outcome)) + " " + std::to_string(decision.rule) + " " + decision.reason;
}

struct Row {
  Request request;
  const char* expected;
};

void expect_rows(const Snapshot& snapshot, std::span<const Row> rows) {
  const Place place = snapshot.locate("a.test", "/");
  ASSERT_NE(place.resource, nullptr);
  for (const Row& row : rows) {
    const Asker asker(row.request.who);
    const Decision decision = decide_for(snapshot, *place.resource, row.request, asker);
    EXPECT_EQ(text_of(decision), row.expected)
        << row.request.who << " " << row.request.method << " " << row.request.path << " from " << row.request.from
        << (row.request.upgrade ? " upgrade" : "");
  }
}

TEST(Decision, datasource_without_access_is_for_owner_and_member) {
  const auto snapshot = world_of(datasource_record("crm", "a.test"));
  const Row rows[] = {
      {{"-", "GET", "/"}, "sign-in -1 nobody is signed in"},
      {{"alice", "GET", "/"}, "allow 0 rule"},
      {{"alice", "DELETE", "/x"}, "allow 0 rule"},
      {{"alice", "GET", "/", "10.1.2.3", true}, "allow 0 rule"},
      {{"mike", "POST", "/"}, "allow 0 rule"},
      {{"vera", "GET", "/"}, "deny -1 no rule allows"},
      {{"dora", "GET", "/"}, "deny -1 no rule allows"},
      {{"nora", "GET", "/"}, "deny -1 no role"},
      {{"eve", "GET", "/"}, "deny -1 no role"},
      {{"root", "GET", "/"}, "deny -1 no role"},
      {{"root+mfa", "GET", "/"}, "deny -1 no role"},
      {{"root@token", "GET", "/"}, "deny -1 no role"},
      {{"sue", "GET", "/"}, "deny -1 suspended"},
      {{"sue+mfa", "GET", "/"}, "deny -1 suspended"},
      {{"sue@token", "GET", "/"}, "deny -1 suspended"},
      {{"dan", "GET", "/"}, "deny -1 damaged user"},
      {{"stranger", "GET", "/"}, "deny -1 no such user"},
      {{"alice@token", "GET", "/"}, "allow 0 rule"},
  };
  expect_rows(*snapshot, rows);
}

TEST(Decision, access_rules) {
  const auto snapshot = world_of(datasource_record("crm", "a.test", R"({"access": [
      {"roles": ["owner", "member"]},
      {"roles": ["viewer"], "methods": ["GET"], "paths": ["/reports", "/a/b"], "networks": ["10.0.0.0/8"], "mfa": {"within": "15m"}},
      {"roles": ["viewer"], "methods": ["POST"], "paths": ["/search"]},
      {"roles": ["dashboard"], "methods": ["HEAD", "OPTIONS"]}]})"));
  const Row rows[] = {
      {{"alice", "GET", "/reports"}, "allow 0 rule"},
      {{"mike", "PATCH", "/anything"}, "allow 0 rule"},
      {{"vera+mfa", "GET", "/reports"}, "allow 1 rule"},
      {{"vera+mfa", "GET", "/reports/2024/q1"}, "allow 1 rule"},
      {{"vera+mfa", "GET", "/a/b"}, "allow 1 rule"},
      {{"vera+mfa", "HEAD", "/reports"}, "allow 1 rule"},
      {{"vera+mfa15", "GET", "/reports"}, "allow 1 rule"},
      {{"vera+mfa16", "GET", "/reports"}, "step-up 1 second factor"},
      {{"vera", "GET", "/reports"}, "step-up 1 second factor"},
      {{"vera", "HEAD", "/reports/x"}, "step-up 1 second factor"},
      {{"vera+mfa-1", "GET", "/reports"}, "allow 1 rule"},
      {{"vera+mfa-5", "GET", "/reports"}, "step-up 1 second factor"},
      {{"vera@token", "GET", "/reports"}, "deny 1 token without second factor"},
      {{"vera@token+mfa", "GET", "/reports"}, "deny 1 token without second factor"},
      {{"vera+mfa", "GET", "/reportsx"}, "deny -1 no rule allows"},
      {{"vera+mfa", "GET", "/Reports"}, "deny -1 no rule allows"},
      {{"vera+mfa", "GET", "/"}, "deny -1 no rule allows"},
      {{"vera+mfa", "GET", "/a/bc"}, "deny -1 no rule allows"},
      {{"vera+mfa", "GET", "/a"}, "deny -1 no rule allows"},
      {{"vera+mfa", "OPTIONS", "/reports"}, "deny -1 no rule allows"},
      {{"vera+mfa", "DELETE", "/reports"}, "deny -1 no rule allows"},
      {{"vera+mfa", "get", "/reports"}, "deny -1 no rule allows"},
      {{"vera+mfa", "GET", "/reports", "192.0.2.1"}, "deny -1 no rule allows"},
      {{"vera", "GET", "/reports", "192.0.2.1"}, "deny -1 no rule allows"},
      {{"vera+mfa", "GET", "/reports", "::ffff:10.9.9.9"}, "allow 1 rule"},
      {{"vera+mfa", "GET", "/reports", "2001:db8::1"}, "deny -1 no rule allows"},
      {{"vera", "POST", "/search", "192.0.2.1"}, "allow 2 rule"},
      {{"vera@token", "POST", "/search"}, "allow 2 rule"},
      {{"vera", "HEAD", "/search"}, "deny -1 no rule allows"},
      {{"dora", "HEAD", "/"}, "allow 3 rule"},
      {{"dora", "GET", "/"}, "deny -1 no rule allows"},
      {{"dora", "OPTIONS", "/x"}, "allow 3 rule"},
      {{"nora+mfa", "HEAD", "/"}, "deny -1 no role"},
      {{"-", "GET", "/reports"}, "sign-in -1 nobody is signed in"},
  };
  expect_rows(*snapshot, rows);
}

TEST(Decision, a_later_rule_may_allow_what_an_earlier_one_asks_a_factor_for) {
  const auto snapshot = world_of(datasource_record("crm", "a.test", R"({"access": [
      {"roles": ["owner", "viewer"], "mfa": "required"}, {"roles": ["owner"], "methods": ["GET"]}, {"roles": []}]})"));
  const Row rows[] = {
      {{"alice", "GET", "/"}, "allow 1 rule"},
      {{"alice", "POST", "/"}, "step-up 0 second factor"},
      {{"alice+mfa", "POST", "/"}, "allow 0 rule"},
      {{"alice+mfa9999", "POST", "/"}, "allow 0 rule"},
      {{"alice@token+mfa", "POST", "/"}, "allow 0 rule"},
      {{"alice@token", "POST", "/"}, "deny 0 token without second factor"},
      {{"vera", "GET", "/"}, "step-up 0 second factor"},
      {{"mike", "GET", "/"}, "deny -1 no rule allows"},
  };
  expect_rows(*snapshot, rows);
}

TEST(Decision, no_rule_at_all_admits_nobody) {
  for (const char* access : {R"({"access": []})", R"({"access": [{"roles": []}]})"}) {
    const auto snapshot = world_of(datasource_record("crm", "a.test", access));
    const Row rows[] = {{{"alice+mfa", "GET", "/"}, "deny -1 no rule allows"},
                        {{"root+mfa", "GET", "/"}, "deny -1 no role"},
                        {{"-", "GET", "/"}, "sign-in -1 nobody is signed in"}};
    expect_rows(*snapshot, rows);
  }
}

TEST(Decision, overrides_replace_the_team_role_up_and_down) {
  const auto snapshot = world_of(datasource_record(
      "crm", "a.test",
      R"({"roles": {"alice": "none", "vera": "member", "eve": "owner", "sue": "owner", "ghost": "owner"}})"));
  const Row rows[] = {
      {{"alice", "GET", "/"}, "deny -1 no role"}, {{"vera", "DELETE", "/"}, "allow 0 rule"},
      {{"eve", "GET", "/"}, "allow 0 rule"},      {{"mike", "GET", "/"}, "allow 0 rule"},
      {{"sue", "GET", "/"}, "deny -1 suspended"}, {{"ghost", "GET", "/"}, "deny -1 no such user"},
      {{"root", "GET", "/"}, "deny -1 no role"},
  };
  expect_rows(*snapshot, rows);
}

constexpr const char* kAreas = R"({"areas": [
    {"name": "hooks", "paths": ["/hooks"], "public": true, "methods": ["POST"]},
    {"name": "lan", "paths": ["/lan"], "public": true, "networks": ["10.0.0.0/8"]},
    {"name": "closed", "paths": ["/admin"], "roles": []},
    {"name": "dashboard", "paths": ["/dashboard", "/ui"], "roles": ["owner", "member", "viewer", "dashboard"]},
    {"name": "settings", "paths": ["/settings"], "roles": ["owner"], "methods": ["GET", "PUT"], "networks": ["10.0.0.0/8"], "mfa": {"within": "5m"}},
    {"name": "live", "paths": ["/live"], "roles": ["owner", "viewer"], "read_only_for": ["viewer"], "websocket": true},
    {"name": "editor", "paths": ["/flows"], "roles": ["owner", "member", "viewer"], "read_only_for": ["viewer"]}],
    "credentials": [
    {"roles": ["owner", "member"], "inject": {"headers": {"X-Full": "1"}}},
    {"roles": ["viewer"], "inject": {"headers": {"X-Read": "1"}}}]})";

TEST(Decision, areas) {
  const auto snapshot = world_of(instance_record("line1", "a.test", kAreas));
  const Row rows[] = {
      {{"-", "POST", "/hooks/x"}, "allow 0 public area"},
      {{"-", "POST", "/hooks"}, "allow 0 public area"},
      {{"-", "GET", "/hooks"}, "deny 0 area: method"},
      {{"alice", "GET", "/hooks"}, "deny 0 area: method"},
      {{"-", "POST", "/hooksx"}, "sign-in -1 nobody is signed in"},
      {{"-", "POST", "/HOOKS"}, "sign-in -1 nobody is signed in"},
      {{"sue", "POST", "/hooks"}, "allow 0 public area"},
      {{"eve", "POST", "/hooks"}, "allow 0 public area"},
      {{"-", "GET", "/lan"}, "allow 1 public area"},
      {{"-", "GET", "/lan", "192.0.2.1"}, "deny 1 area: address"},
      {{"alice", "GET", "/lan", "192.0.2.1"}, "deny 1 area: address"},
      {{"alice+mfa", "GET", "/admin"}, "deny 2 area: role"},
      {{"root+mfa", "GET", "/admin/x"}, "deny -1 no role"},
      {{"-", "GET", "/admin"}, "sign-in -1 nobody is signed in"},
      {{"dora", "GET", "/dashboard"}, "allow 3 area"},
      {{"dora", "POST", "/ui/x"}, "allow 3 area"},
      {{"dora", "GET", "/dashboard", "10.1.2.3", true}, "allow 3 area"},
      {{"dora", "GET", "/flows"}, "deny 6 area: role"},
      {{"dora", "GET", "/"}, "deny -1 no area"},
      {{"alice", "GET", "/"}, "deny -1 no area"},
      {{"nora", "GET", "/dashboard"}, "deny -1 no role"},
      {{"eve", "GET", "/dashboard"}, "deny -1 no role"},
      {{"-", "GET", "/"}, "sign-in -1 nobody is signed in"},
      {{"alice", "GET", "/settings"}, "step-up 4 second factor"},
      {{"alice+mfa5", "GET", "/settings"}, "allow 4 area"},
      {{"alice+mfa6", "GET", "/settings"}, "step-up 4 second factor"},
      {{"alice+mfa", "DELETE", "/settings"}, "deny 4 area: method"},
      {{"alice+mfa", "HEAD", "/settings"}, "allow 4 area"},
      {{"alice+mfa", "PUT", "/settings", "192.0.2.1"}, "deny 4 area: address"},
      {{"alice@token+mfa", "GET", "/settings"}, "deny 4 token without second factor"},
      {{"mike+mfa", "GET", "/settings"}, "deny 4 area: role"},
      {{"vera", "GET", "/live", "10.1.2.3", true}, "allow 5 area"},
      {{"vera", "POST", "/live"}, "deny 5 area: read only"},
      {{"alice", "POST", "/live", "10.1.2.3", true}, "allow 5 area"},
      {{"mike", "GET", "/live"}, "deny 5 area: role"},
      {{"vera", "GET", "/flows"}, "allow 6 area"},
      {{"vera", "HEAD", "/flows/1"}, "allow 6 area"},
      {{"vera", "OPTIONS", "/flows"}, "allow 6 area"},
      {{"vera", "POST", "/flows"}, "deny 6 area: read only"},
      {{"vera", "DELETE", "/flows/1"}, "deny 6 area: read only"},
      {{"vera", "GET", "/flows", "10.1.2.3", true}, "deny 6 area: read only"},
      {{"mike", "GET", "/flows", "10.1.2.3", true}, "allow 6 area"},
      {{"mike", "POST", "/flows"}, "allow 6 area"},
      {{"sue", "GET", "/flows"}, "deny -1 suspended"},
      {{"dan", "GET", "/flows"}, "deny -1 damaged user"},
  };
  expect_rows(*snapshot, rows);
}

TEST(Decision, instance_without_areas_is_for_owner_and_member) {
  for (const char* patch : {"{}", R"({"areas": []})"}) {
    const auto snapshot = world_of(instance_record("line1", "a.test", patch), R"({"mfa": "required"})");
    const Row rows[] = {{{"alice+mfa", "POST", "/x"}, "allow -1 default"},
                        {{"mike+mfa", "GET", "/", "10.1.2.3", true}, "allow -1 default"},
                        {{"mike", "GET", "/"}, "step-up -1 second factor"},
                        {{"vera+mfa", "GET", "/"}, "deny -1 no rule allows"},
                        {{"dora+mfa", "GET", "/"}, "deny -1 no rule allows"},
                        {{"-", "GET", "/"}, "sign-in -1 nobody is signed in"}};
    expect_rows(*snapshot, rows);
  }
}

TEST(Decision, the_first_area_whose_path_fits_decides) {
  const auto snapshot = world_of(instance_record("line1", "a.test", R"({"areas": [
      {"name": "all", "paths": ["/"], "roles": ["viewer"]}, {"name": "ui", "paths": ["/ui"], "public": true}]})"));
  const Row rows[] = {{{"-", "GET", "/ui"}, "sign-in -1 nobody is signed in"},
                      {{"vera", "GET", "/ui"}, "allow 0 area"},
                      {{"alice", "GET", "/ui"}, "deny 0 area: role"}};
  expect_rows(*snapshot, rows);
}

TEST(Decision, mfa_of_team_or_platform_holds_everywhere) {
  const auto datasource = datasource_record("crm", "a.test");
  for (const auto& snapshot :
       {world_of(datasource, R"({"mfa": "required"})"), world_of(datasource, "{}", R"({"mfa": "required"})")}) {
    const Row rows[] = {{{"alice", "GET", "/"}, "step-up 0 second factor"},
                        {{"alice+mfa", "GET", "/"}, "allow 0 rule"},
                        {{"alice+mfa9999", "GET", "/"}, "allow 0 rule"},
                        {{"alice@token", "GET", "/"}, "deny 0 token without second factor"},
                        {{"alice@token+mfa", "GET", "/"}, "allow 0 rule"},
                        {{"vera", "GET", "/"}, "deny -1 no rule allows"},
                        {{"eve", "GET", "/"}, "deny -1 no role"}};
    expect_rows(*snapshot, rows);
  }
  const auto areas = world_of(instance_record("line1", "a.test", kAreas), R"({"mfa": "required"})");
  const Row rows[] = {{{"dora", "GET", "/ui"}, "step-up 3 second factor"},
                      {{"dora+mfa", "GET", "/ui"}, "allow 3 area"},
                      {{"-", "POST", "/hooks"}, "allow 0 public area"}};
  expect_rows(*areas, rows);
}

TEST(Decision, address_lists_of_platform_team_and_resource_all_count) {
  const auto resource = datasource_record("crm", "a.test", R"({"networks": ["10.0.0.0/8"]})");
  const auto snapshot =
      world_of(resource, R"({"networks": ["10.1.0.0/16", "192.0.2.0/24"]})", R"({"networks": ["0.0.0.0/0"]})");
  const Row rows[] = {{{"alice", "GET", "/", "10.1.9.9"}, "allow 0 rule"},
                      {{"alice", "GET", "/", "::ffff:10.1.9.9"}, "allow 0 rule"},
                      {{"alice", "GET", "/", "10.2.0.1"}, "deny -1 address"},
                      {{"alice", "GET", "/", "192.0.2.1"}, "deny -1 address"},
                      {{"alice", "GET", "/", "2001:db8::1"}, "deny -1 address"},
                      {{"-", "GET", "/", "10.2.0.1"}, "deny -1 address"}};
  expect_rows(*snapshot, rows);
  const auto& resource_of = *snapshot->locate("a.test", "/").resource;
  EXPECT_TRUE(address_allowed(*snapshot, resource_of, {IpAddress::parse("10.1.0.1").value()}));
  EXPECT_FALSE(address_allowed(*snapshot, resource_of, {IpAddress::parse("10.2.0.1").value()}));
  const auto closed = world_of(datasource_record("crm", "a.test"), "{}", R"({"networks": ["192.0.2.0/24"]})");
  EXPECT_FALSE(
      address_allowed(*closed, *closed->locate("a.test", "/").resource, {IpAddress::parse("10.1.0.1").value()}));
  const auto in_public = world_of(instance_record("line1", "a.test", kAreas), R"({"networks": ["192.0.2.0/24"]})");
  const Row denied[] = {{{"-", "POST", "/hooks"}, "deny -1 address"}};
  expect_rows(*in_public, denied);
}

TEST(Decision, token_scopes_narrow) {
  const auto snapshot = world_of(datasource_record("crm", "a.test"));
  const CompiledResource& resource = *snapshot->locate("a.test", "/").resource;
  struct ScopeRow {
    void (*narrow)(TokenScope&);
    Request request;
    const char* expected;
  };
  static const CidrList ten{Cidr::parse("10.0.0.0/8").value()};
  const ScopeRow rows[] = {
      {[](TokenScope&) {}, {"alice@token", "POST", "/x"}, "allow 0 rule"},
      {[](TokenScope& scope) { scope.team = "plant"; }, {"alice@token", "GET", "/"}, "allow 0 rule"},
      {[](TokenScope& scope) { scope.team = "other"; }, {"alice@token", "GET", "/"}, "deny -1 token scope: team"},
      {[](TokenScope& scope) { scope.resource = "crm"; }, {"alice@token", "GET", "/"}, "allow 0 rule"},
      {[](TokenScope& scope) { scope.resource = "erp"; }, {"alice@token", "GET", "/"}, "deny -1 token scope: resource"},
      {[](TokenScope& scope) { scope.read_only = true; }, {"alice@token", "GET", "/"}, "allow 0 rule"},
      {[](TokenScope& scope) { scope.read_only = true; }, {"alice@token", "HEAD", "/"}, "allow 0 rule"},
      {[](TokenScope& scope) { scope.read_only = true; }, {"alice@token", "OPTIONS", "/"}, "allow 0 rule"},
      {[](TokenScope& scope) { scope.read_only = true; },
       {"alice@token", "POST", "/"},
       "deny -1 token scope: read only"},
      {[](TokenScope& scope) { scope.read_only = true; },
       {"alice@token", "PROPFIND", "/"},
       "deny -1 token scope: read only"},
      {[](TokenScope& scope) { scope.read_only = true; },
       {"alice@token", "GET", "/", "10.1.2.3", true},
       "deny -1 token scope: read only"},
      {[](TokenScope& scope) { scope.path_prefix = "/api"; }, {"alice@token", "GET", "/api/x"}, "allow 0 rule"},
      {[](TokenScope& scope) { scope.path_prefix = "/api"; }, {"alice@token", "GET", "/api"}, "allow 0 rule"},
      {[](TokenScope& scope) { scope.path_prefix = "/api"; },
       {"alice@token", "GET", "/apix"},
       "deny -1 token scope: path"},
      {[](TokenScope& scope) { scope.path_prefix = "/api"; }, {"alice@token", "GET", "/"}, "deny -1 token scope: path"},
      {[](TokenScope& scope) { scope.networks = ten; }, {"alice@token", "GET", "/"}, "allow 0 rule"},
      {[](TokenScope& scope) { scope.networks = ten; },
       {"alice@token", "GET", "/", "192.0.2.1"},
       "deny -1 token scope: address"},
      {[](TokenScope& scope) { scope.networks = ten; }, {"alice@token", "GET", "/", "::ffff:10.0.0.1"}, "allow 0 rule"},
      {[](TokenScope& scope) {
         scope.api = true;
         scope.admin = true;
       },
       {"root@token", "GET", "/"},
       "deny -1 no role"},
      {[](TokenScope& scope) { scope.team = "plant"; }, {"vera@token", "GET", "/"}, "deny -1 no rule allows"},
  };
  for (const ScopeRow& row : rows) {
    Asker asker(row.request.who);
    row.narrow(asker.scope);
    EXPECT_EQ(text_of(decide_for(*snapshot, resource, row.request, asker)), row.expected)
        << row.request.method << " " << row.request.path << " " << asker.scope.team << asker.scope.resource;
  }
  Asker without_scope("alice@token");
  without_scope.identity.scope = nullptr;
  EXPECT_EQ(text_of(decide_for(*snapshot, resource, {"alice", "GET", "/"}, without_scope)),
            "deny -1 token without scope");
}

TEST(Decision, a_token_with_a_path_reaches_no_raw_resource) {
  const auto snapshot = world_of(datasource_record("crm", "a.test", R"({"paths_mode": "raw"})"));
  Asker asker("alice@token");
  const CompiledResource& resource = *snapshot->locate("a.test", "/").resource;
  EXPECT_EQ(text_of(decide_for(*snapshot, resource, {"alice", "GET", "/a"}, asker)), "allow 0 rule");
  asker.scope.path_prefix = "/a";
  EXPECT_EQ(text_of(decide_for(*snapshot, resource, {"alice", "GET", "/a"}, asker)), "deny -1 token scope: path");
}

std::string credential_of(const Snapshot& snapshot, const Request& request) {
  const Asker asker(request.who);
  const Decision decision = decide_for(snapshot, *snapshot.locate("a.test", "/").resource, request, asker);
  std::string out = decision.user ? decision.user->name : "-";
  out += " " + std::string(to_string(decision.role));
  return out + " " + (decision.credential ? decision.credential->inject.headers[0].name : "-");
}

TEST(Decision, credentials_follow_the_role) {
  const auto snapshot = world_of(instance_record("line1", "a.test", kAreas));
  EXPECT_EQ(credential_of(*snapshot, {"alice", "GET", "/ui"}), "alice owner X-Full");
  EXPECT_EQ(credential_of(*snapshot, {"mike", "GET", "/ui"}), "mike member X-Full");
  EXPECT_EQ(credential_of(*snapshot, {"vera", "GET", "/ui"}), "vera viewer X-Read");
  EXPECT_EQ(credential_of(*snapshot, {"dora", "GET", "/ui"}), "dora dashboard -");
  EXPECT_EQ(credential_of(*snapshot, {"dora", "GET", "/flows"}), "dora dashboard -") << "denied";
  EXPECT_EQ(credential_of(*snapshot, {"vera", "POST", "/flows"}), "vera viewer -") << "denied";
}

TEST(Decision, in_a_public_area_only_an_identity_that_would_count_counts) {
  const auto snapshot = world_of(instance_record("line1", "a.test", kAreas));
  EXPECT_EQ(credential_of(*snapshot, {"-", "POST", "/hooks"}), "- none -");
  EXPECT_EQ(credential_of(*snapshot, {"alice", "POST", "/hooks"}), "alice owner X-Full");
  EXPECT_EQ(credential_of(*snapshot, {"eve", "POST", "/hooks"}), "eve none -");
  EXPECT_EQ(credential_of(*snapshot, {"sue", "POST", "/hooks"}), "- none -");
  EXPECT_EQ(credential_of(*snapshot, {"dan", "POST", "/hooks"}), "- none -");
  EXPECT_EQ(credential_of(*snapshot, {"stranger", "POST", "/hooks"}), "- none -");
  const auto strict = world_of(instance_record("line1", "a.test", kAreas), R"({"mfa": "required"})");
  EXPECT_EQ(credential_of(*strict, {"alice", "POST", "/hooks"}), "- none -");
  EXPECT_EQ(credential_of(*strict, {"alice+mfa", "POST", "/hooks"}), "alice owner X-Full");
}

TEST(Decision, inject_goes_to_everybody_who_is_let_in) {
  const auto snapshot = world_of(instance_record("line1", "a.test", R"({
      "areas": [{"name": "hooks", "paths": ["/hooks"], "public": true}, {"name": "all", "paths": ["/"], "roles": ["viewer"]}],
      "inject": {"headers": {"X-Key": "1"}}})"));
  EXPECT_EQ(credential_of(*snapshot, {"-", "GET", "/hooks"}), "- none X-Key");
  EXPECT_EQ(credential_of(*snapshot, {"vera", "GET", "/"}), "vera viewer X-Key");
  EXPECT_EQ(credential_of(*snapshot, {"alice", "GET", "/"}), "alice owner -") << "denied";
}

TEST(Decision, damaged_resource_team_or_platform_let_nobody_in) {
  auto resource = instance_record("line1", "a.test", kAreas);
  resource.damaged = true;
  const Row rows[] = {{{"alice+mfa", "GET", "/ui"}, "deny -1 damaged"}, {{"-", "POST", "/hooks"}, "deny -1 damaged"}};
  expect_rows(*world_of(resource), rows);

  resource.damaged = false;
  std::vector<ResourceRecord> records = people();
  records.push_back(resource);
  records.push_back(team_record("plant", kMembers));
  records.back().damaged = true;
  expect_rows(*Snapshot::build(1, records), rows);

  records.back().damaged = false;
  records.push_back(platform_record());
  records.back().damaged = true;
  const auto snapshot = Snapshot::build(1, records);
  expect_rows(*snapshot, rows);
  EXPECT_FALSE(address_allowed(*snapshot, *snapshot->locate("a.test", "/").resource, {}));
  EXPECT_EQ(decide_gate(*snapshot, Asker("alice").identity).outcome, Outcome::kDeny);
}

TEST(Decision, the_gate_asks_for_assurance_alone) {
  const auto plain = world_of(datasource_record("crm", "a.test"));
  const auto strict = world_of(datasource_record("crm", "a.test"), R"({"mfa": "required"})", R"({"mfa": "required"})");
  struct GateRow {
    const char* who;
    const char* plain;
    const char* strict;
  };
  const GateRow rows[] = {{"alice", "allow -1 gate", "step-up -1 second factor"},
                          {"alice+mfa", "allow -1 gate", "allow -1 gate"},
                          {"eve", "allow -1 gate", "step-up -1 second factor"},
                          {"root", "allow -1 gate", "step-up -1 second factor"},
                          {"root@token", "allow -1 gate", "deny -1 token without second factor"},
                          {"root@token+mfa", "allow -1 gate", "allow -1 gate"},
                          {"sue", "deny -1 suspended", "deny -1 suspended"},
                          {"dan", "deny -1 damaged user", "deny -1 damaged user"},
                          {"stranger", "deny -1 no such user", "deny -1 no such user"}};
  for (const GateRow& row : rows) {
    const Asker asker(row.who);
    EXPECT_EQ(text_of(decide_gate(*plain, asker.identity)), row.plain) << row.who;
    EXPECT_EQ(text_of(decide_gate(*strict, asker.identity)), row.strict) << row.who;
  }
}

}  // namespace
}  // namespace sallyport::policy
