// Who may do what: rules, roles, factors, addresses, tokens and the gate itself, as tables.
#include "tests/policy/asking.h"

namespace sallyport::policy {
namespace {

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
      {{"alice", "GET", "/reports", "10.1.2.3", true}, "allow 0 rule"},
      {{"vera+mfa", "GET", "/reports", "10.1.2.3", true}, "deny -1 no rule allows"},  // a WebSocket is more than a GET
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
    EXPECT_EQ(text_of(decide_gate(*plain, asker.identity, kNow)), row.plain) << row.who;
    EXPECT_EQ(text_of(decide_gate(*strict, asker.identity, kNow)), row.strict) << row.who;
  }
}

// One check for every way in: session, WebSocket, token, the gate.
TEST(Decision, a_password_that_is_due_stops_everything_but_what_is_public) {
  struct Due {
    bool has_password;
    bool change;
    const char* set;
    const char* platform;
    bool due;
  };
  const char* const kTenDays = R"({"passwords": {"max_age": "10d"}})";
  const Due table[] = {{true, true, nullptr, "{}", true},
                       {true, false, nullptr, "{}", false},
                       {true, false, nullptr, kTenDays, true},
                       {true, false, "2023-11-04T22:13:20Z", kTenDays, true},
                       {true, false, "2023-11-04T22:13:21Z", kTenDays, false},
                       {true, false, "2003-01-01", "{}", false},
                       {true, true, "2023-11-14T22:13:20Z", kTenDays, true},
                       {false, false, nullptr, kTenDays, false}};
  for (const Due& row : table) {
    std::vector<ResourceRecord> records = people();
    if (row.has_password) give_password(records.front(), row.change, row.set);
    records.push_back(team_record("plant", kMembers));
    records.push_back(platform_record(row.platform));
    records.push_back(instance_record("line1", "a.test", kAreas));
    const auto snapshot = Snapshot::build(1, records);
    const CompiledResource& resource = *snapshot->locate("a.test", "/").resource;
    const auto decided = [&](const char* who, const char* method, const char* path, bool upgrade = false) {
      return text_of(decide_for(*snapshot, resource, {who, method, path, "10.1.2.3", upgrade}, Asker(who)));
    };
    const std::string stopped = "change-password -1 the password must be changed";
    const std::string refused = "deny -1 the password must be changed";
    EXPECT_EQ(decided("alice", "GET", "/flows"), row.due ? stopped : "allow 6 area");
    EXPECT_EQ(decided("alice+mfa", "PUT", "/settings"), row.due ? stopped : "allow 4 area");
    EXPECT_EQ(decided("alice", "GET", "/live", true), row.due ? stopped : "allow 5 area");
    EXPECT_EQ(decided("alice@token", "GET", "/flows"), row.due ? refused : "allow 6 area");
    EXPECT_EQ(decided("mike", "GET", "/flows"), "allow 6 area") << "somebody else";
    EXPECT_EQ(decided("alice", "POST", "/hooks"), "allow 0 public area") << "as nobody's request";
    EXPECT_EQ(text_of(decide_gate(*snapshot, Asker("alice").identity, kNow)), row.due ? stopped : "allow -1 gate");
    EXPECT_EQ(text_of(decide_gate(*snapshot, Asker("alice@token").identity, kNow)),
              row.due ? refused : "allow -1 gate");
  }
}

TEST(Decision, who_is_suspended_or_lacks_the_factor_is_not_asked_for_a_password) {
  std::vector<ResourceRecord> records = people();
  for (ResourceRecord& person : records) give_password(person, true);
  records.push_back(team_record("plant", kMembers));
  records.push_back(platform_record(R"({"mfa": "required"})"));
  const auto snapshot = Snapshot::build(1, records);
  EXPECT_EQ(text_of(decide_gate(*snapshot, Asker("sue").identity, kNow)), "deny -1 suspended");
  EXPECT_EQ(text_of(decide_gate(*snapshot, Asker("alice").identity, kNow)), "step-up -1 second factor");
  EXPECT_EQ(text_of(decide_gate(*snapshot, Asker("alice+mfa").identity, kNow)),
            "change-password -1 the password must be changed");
}

}  // namespace
}  // namespace sallyport::policy
