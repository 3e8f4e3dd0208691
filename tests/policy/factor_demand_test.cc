// Of whom a second factor is demanded, and what does: every demand with every strength, means and age.
#include "policy/factor_demand.h"

#include "tests/policy/asking.h"

namespace sallyport::policy {
namespace {

using std::chrono::minutes;

struct World {
  const char* what;
  const char* platform = "{}";
  const char* team = "{}";
  const char* rule = "optional";
  const char* user = "{}";  // of alice
  bool factors = false;     // alice and root have some
};

std::shared_ptr<const Snapshot> snapshot_of(const World& world) {
  std::vector<ResourceRecord> records{user_record("alice", world.user), user_record("root", R"({"admin": true})"),
                                      user_record("mike"), user_record("vera")};
  if (world.factors)
    for (size_t i : {0u, 1u}) records[i].secrets.push_back({std::string(kFactorsField), {}, 1});
  records.push_back(
      team_record("plant", R"({"alice": "owner", "root": "member", "mike": "member", "vera": "viewer"})", world.team));
  records.push_back(platform_record(world.platform));
  nlohmann::json rule = {{"roles", {"owner", "member", "viewer"}}};
  rule["mfa"] = world.rule[0] == '{' ? nlohmann::json::parse(world.rule) : nlohmann::json(world.rule);
  records.push_back(datasource_record("crm", "a.test", nlohmann::json{{"access", {rule}}}.dump()));
  return Snapshot::build(1, records);
}

Outcome outcome(const World& world, const std::string& asker_text) {
  const auto snapshot = snapshot_of(world);
  const Asker asker(asker_text);
  return decide_for(*snapshot, *snapshot->locate("a.test", "/").resource, {"", "GET", "/"}, asker).outcome;
}

// The askers, and what the answer is where a factor is demanded, and where a fresh one is (within 15 minutes).
struct Way {
  const char* how;
  Outcome demanded;
  Outcome fresh;
};
constexpr Way kWays[] = {
    {"", Outcome::kStepUp, Outcome::kStepUp},       {"+mfa", Outcome::kAllow, Outcome::kAllow},
    {"+mfa14m", Outcome::kAllow, Outcome::kAllow},  {"+mfa16m", Outcome::kAllow, Outcome::kStepUp},
    {"+mfa-2m", Outcome::kAllow, Outcome::kStepUp},  // shown in the future
    {"@token", Outcome::kDeny, Outcome::kDeny},     {"@token+mfa", Outcome::kAllow, Outcome::kDeny}};

TEST(FactorDemand, every_demand_with_every_strength_means_and_age) {
  enum class Of : uint8_t { kNobody, kAlice, kEverybody, kFresh, kMembers, kAdmins, kOwnersAndAdmins };
  struct Row {
    World world;
    Of of;
  };
  const Row rows[] = {
      {{.what = "nothing"}, Of::kNobody},
      {{.what = "optional everywhere",
        .platform = R"({"mfa": "optional"})",
        .team = R"({"mfa": "optional"})",
        .user = R"({"mfa": "optional"})"},
       Of::kNobody},
      {{.what = "platform", .platform = R"({"mfa": "required"})"}, Of::kEverybody},
      {{.what = "team", .team = R"({"mfa": "required"})"}, Of::kEverybody},
      {{.what = "rule", .rule = "required"}, Of::kEverybody},
      {{.what = "fresh", .rule = R"({"within": "15m"})"}, Of::kFresh},
      {{.what = "fresh, and of all", .platform = R"({"mfa": "required"})", .rule = R"({"within": "15m"})"}, Of::kFresh},
      {{.what = "user", .user = R"({"mfa": "required"})"}, Of::kAlice},
      {{.what = "platform by role", .platform = R"({"mfa": {"roles": ["member"]}})"}, Of::kMembers},
      {{.what = "team by role", .team = R"({"mfa": {"roles": ["member"]}})"}, Of::kMembers},
      {{.what = "a role that nobody has", .team = R"({"mfa": {"roles": ["dashboard"]}})"}, Of::kNobody},
      {{.what = "admins", .platform = R"({"mfa": {"roles": ["admin"]}})"}, Of::kAdmins},
      {{.what = "owners and admins", .platform = R"({"mfa": {"roles": ["owner", "admin"]}})"}, Of::kOwnersAndAdmins},
  };
  for (const Row& row : rows) {
    for (const char* who : {"alice", "root", "mike", "vera"}) {
      const std::string_view name = who;
      bool demanded = row.of == Of::kEverybody || row.of == Of::kFresh;
      if (row.of == Of::kAlice) demanded = name == "alice";
      if (row.of == Of::kMembers) demanded = name == "root" || name == "mike";
      if (row.of == Of::kAdmins) demanded = name == "root";
      if (row.of == Of::kOwnersAndAdmins) demanded = name == "root" || name == "alice";
      for (const Way& way : kWays) {
        const Outcome expected = !demanded ? Outcome::kAllow : row.of == Of::kFresh ? way.fresh : way.demanded;
        EXPECT_EQ(to_string(outcome(row.world, std::string(who) + way.how)), to_string(expected))
            << row.world.what << ": " << who << way.how;
      }
    }
  }
}

TEST(FactorDemand, who_has_factors_is_always_asked) {
  const World world{.what = "own choice", .factors = true};
  for (const Way& way : kWays) {
    EXPECT_EQ(outcome(world, std::string("alice") + way.how), way.demanded) << way.how;
    EXPECT_EQ(outcome(world, std::string("mike") + way.how), Outcome::kAllow) << way.how;
  }
}

TEST(FactorDemand, at_the_gate_there_are_no_roles_but_admins) {
  struct Row {
    World world;
    bool alice;
    bool root;
    bool mike;
  };
  for (const Row& row :
       {Row{{.what = "nothing"}, false, false, false},
        Row{{.what = "platform", .platform = R"({"mfa": "required"})"}, true, true, true},
        Row{{.what = "team", .team = R"({"mfa": "required"})"}, false, false, false},
        Row{{.what = "platform by role", .platform = R"({"mfa": {"roles": ["owner", "member"]}})"},
            false,
            false,
            false},
        Row{{.what = "admins", .platform = R"({"mfa": {"roles": ["admin", "owner"]}})"}, false, true, false},
        Row{{.what = "user", .user = R"({"mfa": "required"})"}, true, false, false},
        Row{{.what = "own choice", .factors = true}, true, true, false}}) {
    const auto snapshot = snapshot_of(row.world);
    const auto at_gate = [&](const char* who, const char* how) {
      const Asker asker(std::string(who) + how);
      return decide_gate(*snapshot, asker.identity).outcome;
    };
    for (const auto& [who, demanded] :
         {std::pair("alice", row.alice), std::pair("root", row.root), std::pair("mike", row.mike)}) {
      EXPECT_EQ(at_gate(who, ""), demanded ? Outcome::kStepUp : Outcome::kAllow) << row.world.what << " " << who;
      EXPECT_EQ(at_gate(who, "@token"), demanded ? Outcome::kDeny : Outcome::kAllow) << row.world.what << " " << who;
      EXPECT_EQ(at_gate(who, "+mfa90m"), Outcome::kAllow) << row.world.what << " " << who;
      EXPECT_EQ(at_gate(who, "@token+mfa"), Outcome::kAllow) << row.world.what << " " << who;
    }
  }
}

// An override changes the effective role, and with it what is demanded.
TEST(FactorDemand, counts_by_the_effective_role) {
  std::vector<ResourceRecord> records = people();
  records.push_back(team_record("plant", kMembers, R"({"mfa": {"roles": ["owner"]}})"));
  records.push_back(platform_record());
  records.push_back(datasource_record("crm", "a.test", R"({"roles": {"mike": "owner", "alice": "member"}})"));
  const auto snapshot = Snapshot::build(1, records);
  const Row rows[] = {{{"mike", "GET", "/"}, "step-up 0 second factor"},
                      {{"mike+mfa", "GET", "/"}, "allow 0 rule"},
                      {{"alice", "GET", "/"}, "allow 0 rule"}};
  expect_rows(*snapshot, rows);
}

// In a public area a weak session is let in as nobody, so that it never gets a role's credential.
TEST(FactorDemand, a_public_area_takes_a_weak_session_for_nobodys) {
  std::vector<ResourceRecord> records{user_record("alice")};
  records[0].secrets.push_back({std::string(kFactorsField), {}, 1});
  records.push_back(team_record("plant", R"({"alice": "owner"})"));
  records.push_back(platform_record());
  records.push_back(instance_record("line1", "a.test", kAreas));
  const auto snapshot = Snapshot::build(1, records);
  EXPECT_EQ(credential_of(*snapshot, {"alice", "POST", "/hooks"}), "- none -");
  EXPECT_EQ(credential_of(*snapshot, {"alice+mfa", "POST", "/hooks"}), "alice owner X-Full");
}

TEST(FactorDemand, a_step_up_says_how_fresh) {
  const auto within = [](const char* rule, const char* who) {
    const auto snapshot = snapshot_of({.what = "", .rule = rule});
    const Asker asker(who);
    return decide_for(*snapshot, *snapshot->locate("a.test", "/").resource, {"", "GET", "/"}, asker).within;
  };
  EXPECT_EQ(within(R"({"within": "15m"})", "alice"), std::chrono::seconds(900));
  EXPECT_EQ(within("required", "alice"), std::nullopt);
}

TEST(FactorDemand, documents_name_roles_strictly) {
  struct Row {
    const char* kind;
    const char* patch;
    const char* mistake;
  };
  for (const Row& row :
       {Row{"platform", R"({"mfa": {"roles": []}})", "mfa.roles: "},
        Row{"platform", R"({"mfa": {"roles": ["none"]}})",
            "mfa.roles[0]: must be admin, owner, member, viewer or dashboard"},
        Row{"platform", R"({"mfa": {}})", "mfa.roles: is missing"},
        Row{"platform", R"({"mfa": {"roles": ["owner"], "within": "1m"}})", "mfa.within: unknown key"},
        Row{"team", R"({"mfa": {"roles": ["admin"]}})", "mfa.roles[0]: must be owner, member, viewer or dashboard"},
        Row{"team", R"({"mfa": {"roles": "owner"}})", "mfa.roles: must be a list"},
        Row{"user", R"({"mfa": {"roles": ["owner"]}})", "mfa: must be optional or required"},
        Row{"user", R"({"mfa": true})", "mfa: must be optional or required"}}) {
    const std::string found = mistakes_of(patched(document_of(row.kind), row.patch));
    EXPECT_TRUE(found.starts_with(row.mistake)) << row.patch << ": " << found;
  }
  EXPECT_EQ(mistakes_of(patched(platform_document(), R"({"mfa": {"roles": ["admin", "owner"]}})")), "");
  EXPECT_EQ(mistakes_of(patched(team_document(), R"({"mfa": {"roles": ["viewer"]}})")), "");
  EXPECT_EQ(mistakes_of(patched(user_document(), R"({"mfa": "required"})")), "");
}

}  // namespace
}  // namespace sallyport::policy
