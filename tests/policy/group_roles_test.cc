#include "policy/group_roles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

namespace sallyport::policy {
namespace {

const std::vector<std::string> kTeams{"plant", "north-plant", "north", "a-b-c", "lab.1", "owner", "x"};
bool team_exists(std::string_view team) { return std::ranges::find(kTeams, team) != kTeams.end(); }

// "plant=owner north=viewer admin; 2 neither a mapping nor the pattern fits"
std::string words(const GroupOutcome& outcome) {
  std::string out;
  const auto add = [&](const std::string& word) { out += (out.empty() ? "" : " ") + word; };
  for (const auto& [team, role] : outcome.roles) add(team + "=" + std::string(to_string(role)));
  if (outcome.admin) add("admin");
  for (const auto& [why, count] : outcome.ignored) out += "; " + std::to_string(count) + " " + why;
  return out;
}
std::string read(const GroupRules& rules, const std::vector<std::string>& groups) {
  return words(GroupReader(rules).read(groups, team_exists));
}
GroupRules with_pattern(const std::string& pattern) {
  GroupRules out;
  out.pattern = pattern;
  return out;
}

constexpr const char* kFitsNothing = "; 1 neither a mapping nor the pattern fits";
constexpr const char* kNoRole = "; 1 the role is none of owner, member, viewer and dashboard";
constexpr const char* kNoTeam = "; 1 there is no such team here";

TEST(GroupRolesTest, the_default_pattern_names_team_and_role) {
  EXPECT_EQ(read({}, {"sp-plant-owner"}), "plant=owner");
  EXPECT_EQ(read({}, {"sp-plant-member", "sp-north-viewer", "sp-x-dashboard"}),
            "north=viewer plant=member x=dashboard");
  EXPECT_EQ(read({}, {}), "");
}

TEST(GroupRolesTest, a_team_may_hold_what_stands_between) {
  EXPECT_EQ(read({}, {"sp-north-plant-owner"}), "north-plant=owner");
  EXPECT_EQ(read({}, {"sp-a-b-c-viewer"}), "a-b-c=viewer");
  EXPECT_EQ(read({}, {"sp-owner-owner"}), "owner=owner");
}

TEST(GroupRolesTest, the_markers_stand_in_either_order) {
  const GroupRules rules = with_pattern("app_<role>-of-<team>_x");
  EXPECT_EQ(read(rules, {"app_owner-of-plant_x"}), "plant=owner");
  EXPECT_EQ(read(rules, {"app_viewer-of-a-b-c_x"}), "a-b-c=viewer");
  EXPECT_EQ(read(rules, {"app_viewer-of-plant_y"}), kFitsNothing);
  EXPECT_EQ(read(rules, {"app_boss-of-plant_x"}), kNoRole);
  EXPECT_EQ(read(with_pattern("<team>/<role>"), {"plant/owner"}), "plant=owner");
}

TEST(GroupRolesTest, case_does_not_count) {
  EXPECT_EQ(read({}, {"SP-Plant-Owner"}), "plant=owner");
  EXPECT_EQ(read(with_pattern("Grafana-<team>-<role>"), {"grafana-LAB.1-MEMBER"}), "lab.1=member");
}

TEST(GroupRolesTest, the_highest_role_wins_in_any_order) {
  EXPECT_EQ(read({}, {"sp-plant-viewer", "sp-plant-owner", "sp-plant-member"}), "plant=owner");
  EXPECT_EQ(read({}, {"sp-plant-owner", "sp-plant-dashboard"}), "plant=owner");
}

TEST(GroupRolesTest, what_says_nothing_here_is_ignored_with_its_reason) {
  EXPECT_EQ(read({}, {"everyone"}), kFitsNothing);
  EXPECT_EQ(read({}, {""}), kFitsNothing);
  EXPECT_EQ(read({}, {"sp-"}), kFitsNothing);
  EXPECT_EQ(read({}, {"xsp-plant-owner"}), kFitsNothing);
  EXPECT_EQ(read({}, {"sp-plant-boss"}), kNoRole);
  EXPECT_EQ(read({}, {"sp-plant-none"}), kNoRole);
  EXPECT_EQ(read({}, {"sp-plant-owner2"}), kNoRole);
  EXPECT_EQ(read({}, {"sp-plant-owner\n"}), kNoRole);
  EXPECT_EQ(read({}, {"sp-south-owner"}), kNoTeam);
  EXPECT_EQ(read({}, {"sp--owner"}), kNoTeam);
  EXPECT_EQ(read({}, {"sp-../plant-owner"}), kNoTeam);
  EXPECT_EQ(read({}, {std::string("sp-plant\0-owner", 15)}), kNoTeam);
  EXPECT_EQ(read({}, {"sp-plant-boss", "sp-plant-owner", "everyone", "wheel"}),
            "plant=owner; 2 neither a mapping nor the pattern fits; 1 the role is none of owner, member, viewer and "
            "dashboard");
}

TEST(GroupRolesTest, decorations_are_taken_off_both_ends_once) {
  GroupRules rules;
  rules.trim_prefixes = {"CN=", "ROLE_"};
  rules.trim_suffixes = {",OU=Groups,DC=example,DC=test", "@example.test"};
  EXPECT_EQ(read(rules, {"cn=sp-plant-owner,ou=groups,dc=example,dc=test"}), "plant=owner");
  EXPECT_EQ(read(rules, {"ROLE_sp-plant-viewer@example.test"}), "plant=viewer");
  EXPECT_EQ(read(rules, {"sp-plant-member"}), "plant=member");
  EXPECT_EQ(read(rules, {"CN=CN=sp-plant-owner"}), kFitsNothing);
  EXPECT_EQ(read(rules, {"ROLE_CN=sp-plant-owner"}), kFitsNothing);
}

TEST(GroupRolesTest, trimming_may_leave_nothing) {
  GroupRules rules;
  rules.trim_prefixes = {"abc"};
  rules.trim_suffixes = {"abc"};
  EXPECT_EQ(read(rules, {"abc"}), kFitsNothing);
}

TEST(GroupRolesTest, a_mapping_comes_before_the_pattern) {
  GroupRules rules;
  rules.map = {{"sp-plant-owner", "north", Role::kViewer}};
  EXPECT_EQ(read(rules, {"sp-plant-owner"}), "north=viewer");
  EXPECT_EQ(read(rules, {"sp-plant-member"}), "plant=member");
}

TEST(GroupRolesTest, the_first_mapping_that_fits_decides) {
  GroupRules rules;
  rules.map = {{"eng-.*", "plant", Role::kMember}, {"eng-boss", "plant", Role::kOwner}};
  EXPECT_EQ(read(rules, {"eng-boss"}), "plant=member");
  std::swap(rules.map[0], rules.map[1]);
  EXPECT_EQ(read(rules, {"eng-boss"}), "plant=owner");
  EXPECT_EQ(read(rules, {"eng-x"}), "plant=member");
}

TEST(GroupRolesTest, an_expression_fits_a_group_whole_or_not_at_all) {
  GroupRules rules = with_pattern("");
  rules.map = {{"eng|ops", "plant", Role::kOwner}};
  EXPECT_EQ(read(rules, {"eng"}), "plant=owner");
  EXPECT_EQ(read(rules, {"ops"}), "plant=owner");
  EXPECT_EQ(read(rules, {"engineers"}), kFitsNothing);
  EXPECT_EQ(read(rules, {"not-ops"}), kFitsNothing);
  EXPECT_EQ(read(rules, {"eng\n"}), kFitsNothing);
  EXPECT_EQ(read(rules, {"Eng"}), kFitsNothing);  // (?i) says otherwise
}

TEST(GroupRolesTest, a_group_is_also_meant_by_its_own_text) {
  GroupRules rules = with_pattern("");
  rules.map = {{"C++ (lab)", "plant", Role::kOwner}};
  EXPECT_EQ(read(rules, {"C++ (lab)"}), "plant=owner");
  EXPECT_EQ(read(rules, {"C (lab)"}), kFitsNothing);
}

TEST(GroupRolesTest, the_team_of_a_mapping_may_come_from_the_group) {
  GroupRules rules = with_pattern("");
  rules.map = {{"(?i)dept-([a-z-]+)-(?:lead|head)", "\\1", Role::kOwner},
               {"site ([a-z]+) line ([0-9])", "\\1.\\2", Role::kViewer}};
  EXPECT_EQ(read(rules, {"DEPT-North-Plant-lead"}), "north-plant=owner");
  EXPECT_EQ(read(rules, {"site lab line 1"}), "lab.1=viewer");
  EXPECT_EQ(read(rules, {"site lab line 2"}), kNoTeam);
  EXPECT_EQ(read(rules, {"dept-south-lead"}), kNoTeam);
}

TEST(GroupRolesTest, a_mapping_to_no_role_takes_a_group_out) {
  GroupRules rules;
  rules.map = {{"sp-plant-.*", "plant", Role::kNone}};
  EXPECT_EQ(read(rules, {"sp-plant-owner"}), kNoRole);
}

TEST(GroupRolesTest, the_admin_group_is_meant_exactly_once_trimmed) {
  GroupRules rules;
  rules.admin = "sp-admins";
  rules.trim_prefixes = {"CN="};
  EXPECT_EQ(read(rules, {"sp-admins"}), "admin");
  EXPECT_EQ(read(rules, {"CN=sp-admins"}), "admin");
  EXPECT_EQ(read(rules, {"SP-Admins"}), kFitsNothing);
  EXPECT_EQ(read(rules, {"sp-admins2"}), kFitsNothing);
  EXPECT_EQ(read(rules, {"sp-admins "}), kFitsNothing);
  EXPECT_EQ(read({}, {""}), kFitsNothing);  // no admin group: an empty group is not it
  rules.admin = "sp-plant-owner";
  EXPECT_EQ(read(rules, {"sp-plant-owner"}), "plant=owner admin");
}

TEST(GroupRolesTest, an_empty_pattern_fits_nothing) {
  EXPECT_EQ(read(with_pattern(""), {"sp-plant-owner"}), kFitsNothing);
}

TEST(GroupRolesTest, there_is_a_limit_to_what_is_read) {
  std::vector<std::string> groups(kGroupsReadMax, "everyone");
  groups.emplace_back("sp-plant-owner");
  EXPECT_EQ(read({}, groups), "; 1 more than 2000 groups; 2000 neither a mapping nor the pattern fits");
  std::swap(groups.front(), groups.back());
  EXPECT_EQ(read({}, groups), "plant=owner; 1 more than 2000 groups; 1999 neither a mapping nor the pattern fits");
  EXPECT_EQ(read({}, {std::string(513, 'g')}), "; 1 the group's name is longer than 512 bytes");
  EXPECT_EQ(read({}, {std::string(512, 'g')}), kFitsNothing);
}

TEST(GroupRolesTest, many_mappings_and_hostile_groups_take_no_long_time) {
  GroupRules rules;
  for (size_t i = 0; i < kGroupMappingsMax; ++i)
    rules.map.push_back({"(a|b|ab)*c" + std::to_string(i), "plant", Role::kViewer});
  const std::vector<std::string> groups(kGroupsReadMax, std::string(500, 'a') + "x");
  const auto from = std::chrono::steady_clock::now();
  EXPECT_EQ(read(rules, groups), "; 2000 neither a mapping nor the pattern fits");
  EXPECT_LT(std::chrono::steady_clock::now() - from, std::chrono::seconds(10));
  EXPECT_EQ(read(rules, {"abac199"}), "plant=viewer");
}

TEST(GroupRolesTest, rules_that_do_not_read_fit_nothing) {
  GroupRules rules = with_pattern("sp-<team>");
  rules.map = {{"(", "plant", Role::kOwner}};
  EXPECT_EQ(read(rules, {"sp-plant"}), kFitsNothing);
  EXPECT_EQ(read(rules, {"(("}), kFitsNothing);
}

TEST(GroupRolesTest, patterns_that_are_taken) {
  for (const char* pattern :
       {"sp-<team>-<role>", "<team>:<role>", "<role>@<team>", "x<team> <role>y", "ü<team>-<role>"})
    EXPECT_TRUE(check_group_pattern(pattern)) << pattern;
}

TEST(GroupRolesTest, patterns_that_are_refused) {
  for (const char* pattern :
       {"", "sp", "sp-<team>", "sp-<role>", "<team><role>", "<role><team>", "<team>-<team>-<role>",
        "<team>-<role>-<role>", "<Team>-<role>", "<<team>-<role>", "<team>-<role>>", "<team>\n<role>"})
    EXPECT_FALSE(check_group_pattern(pattern)) << pattern;
  const std::string longest = std::string(kGroupPatternBytesMax - 13, 'x') + "<team>-<role>";
  EXPECT_TRUE(check_group_pattern(longest));
  EXPECT_FALSE(check_group_pattern("x" + longest));
}

TEST(GroupRolesTest, expressions_that_are_taken_and_refused) {
  for (const char* expression : {"a", "CN=x,OU=y", "(?i)eng-(.*)", "[a-z]{1,20}", "\\d+"})
    EXPECT_TRUE(check_group_expression(expression)) << expression;
  for (const char* expression : {"", "(", "a)", "[z", "*a", "\\1", "(?=a)b", "(?P<x", "a{1001}"})
    EXPECT_FALSE(check_group_expression(expression)) << expression;
  EXPECT_EQ(check_group_expression("((a{100}){100}){100}").error().code, Code::kLimit);
  EXPECT_TRUE(check_group_expression(std::string(512, 'a')));
  EXPECT_EQ(check_group_expression(std::string(513, 'a')).error().code, Code::kLimit);
}

TEST(GroupRolesTest, teams_of_mappings_that_are_taken_and_refused) {
  for (const char* team : {"plant", "\\1", "a-\\2-\\1", "x.\\9"}) EXPECT_TRUE(check_group_team(team)) << team;
  for (const char* team : {"", "Plant", "a b", "\\", "\\x", "\\0", "-\\1", "a\\"})
    EXPECT_FALSE(check_group_team(team)) << team;
}

TEST(GroupRolesTest, a_mapping_has_the_parts_that_its_team_asks_for) {
  EXPECT_TRUE(check_group_mapping("x", "plant"));
  EXPECT_TRUE(check_group_mapping("x-(.*)", "\\1"));
  EXPECT_TRUE(check_group_mapping("(x)-(.*)", "a-\\2-\\1"));
  EXPECT_FALSE(check_group_mapping("x", "\\1"));
  EXPECT_FALSE(check_group_mapping("x-(.*)", "\\2"));
  EXPECT_FALSE(check_group_mapping("(", "\\1"));
}

}  // namespace
}  // namespace sallyport::policy
