// Who may do what: the areas of instances, what is public, and whose credential goes along.
#include "tests/policy/asking.h"

namespace sallyport::policy {
namespace {

TEST(DecisionAreas, areas) {
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

TEST(DecisionAreas, a_list_of_methods_lets_a_websocket_in_only_by_name) {
  const auto snapshot = world_of(instance_record("line1", "a.test", R"({"areas": [
      {"name": "live", "paths": ["/live"], "roles": ["owner"], "methods": ["GET"], "websocket": true},
      {"name": "read", "paths": ["/read"], "roles": ["owner"], "methods": ["GET"]},
      {"name": "open", "paths": ["/open"], "public": true, "methods": ["GET"]},
      {"name": "all", "paths": ["/"], "public": true}]})"));
  const Row rows[] = {{{"alice", "GET", "/live", "10.1.2.3", true}, "allow 0 area"},
                      {{"alice", "GET", "/read"}, "allow 1 area"},
                      {{"alice", "GET", "/read", "10.1.2.3", true}, "deny 1 area: method"},
                      {{"-", "GET", "/open"}, "allow 2 public area"},
                      {{"-", "GET", "/open", "10.1.2.3", true}, "deny 2 area: method"},
                      {{"-", "GET", "/x", "10.1.2.3", true}, "allow 3 public area"}};
  expect_rows(*snapshot, rows);
}

TEST(DecisionAreas, instance_without_areas_is_for_owner_and_member) {
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

TEST(DecisionAreas, the_first_area_whose_path_fits_decides) {
  const auto snapshot = world_of(instance_record("line1", "a.test", R"({"areas": [
      {"name": "all", "paths": ["/"], "roles": ["viewer"]}, {"name": "ui", "paths": ["/ui"], "public": true}]})"));
  const Row rows[] = {{{"-", "GET", "/ui"}, "sign-in -1 nobody is signed in"},
                      {{"vera", "GET", "/ui"}, "allow 0 area"},
                      {{"alice", "GET", "/ui"}, "deny 0 area: role"}};
  expect_rows(*snapshot, rows);
}

TEST(DecisionAreas, credentials_follow_the_role) {
  const auto snapshot = world_of(instance_record("line1", "a.test", kAreas));
  EXPECT_EQ(credential_of(*snapshot, {"alice", "GET", "/ui"}), "alice owner X-Full");
  EXPECT_EQ(credential_of(*snapshot, {"mike", "GET", "/ui"}), "mike member X-Full");
  EXPECT_EQ(credential_of(*snapshot, {"vera", "GET", "/ui"}), "vera viewer X-Read");
  EXPECT_EQ(credential_of(*snapshot, {"dora", "GET", "/ui"}), "dora dashboard -");
  EXPECT_EQ(credential_of(*snapshot, {"dora", "GET", "/flows"}), "dora dashboard -") << "denied";
  EXPECT_EQ(credential_of(*snapshot, {"vera", "POST", "/flows"}), "vera viewer -") << "denied";
}

TEST(DecisionAreas, in_a_public_area_only_an_identity_that_would_count_counts) {
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

TEST(DecisionAreas, inject_goes_to_everybody_who_is_let_in) {
  const auto snapshot = world_of(instance_record("line1", "a.test", R"({
      "areas": [{"name": "hooks", "paths": ["/hooks"], "public": true}, {"name": "all", "paths": ["/"], "roles": ["viewer"]}],
      "inject": {"headers": {"X-Key": "1"}}})"));
  EXPECT_EQ(credential_of(*snapshot, {"-", "GET", "/hooks"}), "- none X-Key");
  EXPECT_EQ(credential_of(*snapshot, {"vera", "GET", "/"}), "vera viewer X-Key");
  EXPECT_EQ(credential_of(*snapshot, {"alice", "GET", "/"}), "alice owner -") << "denied";
}

TEST(DecisionAreas, damaged_resource_team_or_platform_let_nobody_in) {
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
  EXPECT_EQ(decide_gate(*snapshot, Asker("alice").identity, kNow).outcome, Outcome::kDeny);
}

}  // namespace
}  // namespace sallyport::policy
