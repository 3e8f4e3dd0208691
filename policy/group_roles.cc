#include "policy/group_roles.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <array>
#include <optional>

#include "policy/texts.h"

namespace sallyport::policy {
namespace {

constexpr std::string_view kTeamMarker = "<team>";
constexpr std::string_view kRoleMarker = "<role>";
constexpr int64_t kExpressionMemoryMax = 1 << 20;            // of one compiled
constexpr int64_t kExpressionsMemoryMax = int64_t{8} << 20;  // of all together
constexpr std::array kRoles{Role::kOwner, Role::kMember, Role::kViewer, Role::kDashboard};

constexpr const char* kFitsNothing = "neither a mapping nor the pattern fits";
constexpr const char* kNoRole = "the role is none of owner, member, viewer and dashboard";
constexpr const char* kNoTeam = "there is no such team here";
constexpr const char* kTooLong = "the group's name is longer than 512 bytes";
constexpr const char* kTooMany = "more than 2000 groups";

re2::RE2::Options options(int64_t memory_max) {
  re2::RE2::Options out;
  out.set_log_errors(false);
  out.set_never_nl(false);
  out.set_max_mem(memory_max);
  return out;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; }
std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}
bool same_word(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }
bool begins(std::string_view text, std::string_view with) {
  return text.size() >= with.size() && same_word(text.substr(0, with.size()), with);
}
bool ends(std::string_view text, std::string_view with) {
  return text.size() >= with.size() && same_word(text.substr(text.size() - with.size()), with);
}

std::string_view trimmed(std::string_view group, const GroupRules& rules) {
  const auto prefix = std::ranges::find_if(rules.trim_prefixes, [&](const auto& one) { return begins(group, one); });
  if (prefix != rules.trim_prefixes.end()) group.remove_prefix(prefix->size());
  const auto suffix = std::ranges::find_if(rules.trim_suffixes, [&](const auto& one) { return ends(group, one); });
  if (suffix != rules.trim_suffixes.end()) group.remove_suffix(suffix->size());
  return group;
}

struct Pattern {
  std::string before, between, after;
  bool role_last = true;
};

Result<Pattern> parse_pattern(std::string_view text) {
  if (text.size() > kGroupPatternBytesMax) return fail(Code::kLimit, Side::kClient, "is at most 128 bytes");
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return malformed(Side::kClient, "must not hold control characters");
  const size_t team = text.find(kTeamMarker);
  const size_t role = text.find(kRoleMarker);
  constexpr const char* kOnceEach = "must hold <team> and <role> once each, like sp-<team>-<role>";
  if (team == text.npos || role == text.npos) return malformed(Side::kClient, kOnceEach);
  const size_t first = std::min(team, role);
  const size_t second = std::max(team, role);
  static_assert(kTeamMarker.size() == kRoleMarker.size());
  Pattern out{.before = std::string(text.substr(0, first)),
              .between = std::string(text.substr(first + kTeamMarker.size(), second - first - kTeamMarker.size())),
              .after = std::string(text.substr(second + kTeamMarker.size())),
              .role_last = team < role};
  if (out.between.empty()) return malformed(Side::kClient, "must have something between <team> and <role>");
  for (const std::string* literal : {&out.before, &out.between, &out.after})
    if (literal->find_first_of("<>") != literal->npos) return malformed(Side::kClient, kOnceEach);
  return out;
}

struct Reading {
  std::string team;
  Role role = Role::kNone;
};

// Nothing: another kind of group. A role of kNone: it has the pattern's literal parts, and no role in its place.
std::optional<Reading> read_pattern(const Pattern& pattern, std::string_view group) {
  if (group.size() < pattern.before.size() + pattern.after.size()) return std::nullopt;
  if (!begins(group, pattern.before) || !ends(group, pattern.after)) return std::nullopt;
  group.remove_prefix(pattern.before.size());
  group.remove_suffix(pattern.after.size());
  for (const Role role : kRoles) {
    const std::string_view word = to_string(role);
    const size_t taken = word.size() + pattern.between.size();
    if (group.size() < taken) continue;
    if (pattern.role_last) {
      const std::string_view rest = group.substr(0, group.size() - word.size());
      if (ends(group, word) && ends(rest, pattern.between))
        return Reading{std::string(group.substr(0, group.size() - taken)), role};
    } else {
      const std::string_view rest = group.substr(word.size());
      if (begins(group, word) && begins(rest, pattern.between)) return Reading{std::string(group.substr(taken)), role};
    }
  }
  const auto between = std::ranges::search(group, pattern.between, {}, lower, lower);
  return between.empty() ? std::nullopt : std::optional(Reading{});
}

}  // namespace

struct GroupReader::Parts {
  struct Mapping {
    GroupRules::Mapping rule;
    std::unique_ptr<const re2::RE2> expression;  // null: it does not read
  };
  GroupRules rules;
  std::optional<Pattern> pattern;
  std::vector<Mapping> mappings;
  std::unique_ptr<re2::RE2::Set> together;  // of the mappings with an expression; null: asked one by one
  std::vector<size_t> in_set;               // which mapping each of the set is

  explicit Parts(const GroupRules& given) : rules(given) {
    if (auto read = parse_pattern(rules.pattern)) pattern = *std::move(read);
    for (const GroupRules::Mapping& rule : rules.map) {
      if (mappings.size() == kGroupMappingsMax) break;
      auto expression = std::make_unique<const re2::RE2>(rule.group, options(kExpressionMemoryMax));
      if (!expression->ok()) expression.reset();
      mappings.push_back({rule, std::move(expression)});
    }
    put_together();
  }

  void put_together() {
    auto set = std::make_unique<re2::RE2::Set>(options(kExpressionsMemoryMax), re2::RE2::ANCHOR_BOTH);
    for (size_t i = 0; i < mappings.size(); ++i) {
      if (!mappings[i].expression) continue;
      if (set->Add(mappings[i].rule.group, nullptr) < 0) return;
      in_set.push_back(i);
    }
    if (!in_set.empty() && set->Compile()) together = std::move(set);
  }

  // The first in the document's order.
  const Mapping* mapping_of(std::string_view group) const {
    const re2::StringPiece text(group.data(), group.size());
    size_t first = mappings.size();
    for (size_t i = 0; i < mappings.size(); ++i) {
      if (mappings[i].rule.group != group) continue;
      first = i;
      break;
    }
    std::vector<int> found;
    re2::RE2::Set::ErrorInfo error{};
    if (together && !together->Match(text, &found, &error) && error.kind != re2::RE2::Set::kNoError)
      return one_by_one(text, first);  // its memory was not enough
    if (!together) return one_by_one(text, first);
    for (const int one : found) first = std::min(first, in_set[size_t(one)]);
    return first == mappings.size() ? nullptr : &mappings[first];
  }

  const Mapping* one_by_one(const re2::StringPiece& text, size_t first) const {
    for (size_t i = 0; i < first; ++i)
      if (mappings[i].expression && re2::RE2::FullMatch(text, *mappings[i].expression)) return &mappings[i];
    return first == mappings.size() ? nullptr : &mappings[first];
  }

  std::optional<Reading> read(std::string_view group) const {
    if (const Mapping* const mapping = mapping_of(group)) return read_mapping(*mapping, group);
    return pattern ? read_pattern(*pattern, group) : std::nullopt;
  }

  static Reading read_mapping(const Mapping& mapping, std::string_view group) {
    Reading out{mapping.rule.team, mapping.rule.role};
    if (out.team.find('\\') == out.team.npos || !mapping.expression) return out;
    const re2::StringPiece text(group.data(), group.size());
    std::array<re2::StringPiece, 10> captures;
    const int count = std::min(mapping.expression->NumberOfCapturingGroups() + 1, int(captures.size()));
    out.team.clear();
    if (!mapping.expression->Match(text, 0, text.size(), re2::RE2::ANCHOR_BOTH, captures.data(), count)) return out;
    mapping.expression->Rewrite(&out.team, mapping.rule.team, captures.data(), count);
    return out;
  }
};

GroupReader::GroupReader(const GroupRules& rules) : parts_(std::make_unique<const Parts>(rules)) {}
GroupReader::~GroupReader() = default;

GroupOutcome GroupReader::read(std::span<const std::string> groups, const TeamExists& team_exists) const {
  GroupOutcome out;
  if (groups.size() > kGroupsReadMax) {
    out.ignored[kTooMany] = groups.size() - kGroupsReadMax;
    groups = groups.first(kGroupsReadMax);
  }
  for (const std::string& whole : groups) {
    if (whole.size() > kGroupBytesMax) {
      ++out.ignored[kTooLong];
      continue;
    }
    const std::string_view group = trimmed(whole, parts_->rules);
    const bool is_admin = !parts_->rules.admin.empty() && group == parts_->rules.admin;
    out.admin = out.admin || is_admin;
    const std::optional<Reading> reading = parts_->read(group);
    if (!reading) {
      if (!is_admin) ++out.ignored[kFitsNothing];
      continue;
    }
    const std::string team = lower_case(reading->team);
    if (reading->role == Role::kNone) {
      ++out.ignored[kNoRole];
    } else if (!is_name(team) || !team_exists(team)) {
      ++out.ignored[kNoTeam];
    } else {
      Role& role = out.roles[team];
      role = std::max(role, reading->role);
    }
  }
  return out;
}

GroupOutcome roles_of_groups(const GroupRules& rules, std::span<const std::string> groups,
                             const TeamExists& team_exists) {
  return GroupReader(rules).read(groups, team_exists);
}

Result<void> check_group_pattern(std::string_view pattern) {
  CHECKED(parse_pattern(pattern));
  return {};
}

Result<void> check_group_expression(std::string_view expression) {
  if (expression.empty()) return malformed(Side::kClient, "must not be empty");
  if (expression.size() > kGroupExpressionBytesMax) return fail(Code::kLimit, Side::kClient, "is at most 512 bytes");
  const re2::RE2 compiled(re2::StringPiece(expression.data(), expression.size()), options(kExpressionMemoryMax));
  if (compiled.ok()) return {};
  if (compiled.error_code() == re2::RE2::ErrorPatternTooLarge || compiled.error_code() == re2::RE2::ErrorRepeatSize)
    return fail(Code::kLimit, Side::kClient, "is too large once its repetitions are written out");
  return malformed(Side::kClient, "must be a group or a regular expression in RE2 syntax");
}

Result<void> check_group_team(std::string_view team) {
  std::string sample;
  for (size_t i = 0; i < team.size(); ++i) {
    const bool reference = team[i] == '\\' && i + 1 < team.size() && team[i + 1] >= '1' && team[i + 1] <= '9';
    sample += reference ? 'x' : team[i];
    if (reference) ++i;
  }
  if (is_name(sample)) return {};
  return malformed(Side::kClient, "must be the name of a team, in which \\1 to \\9 may stand");
}

Result<void> check_group_mapping(std::string_view expression, std::string_view team) {
  CHECKED(check_group_expression(expression));
  CHECKED(check_group_team(team));
  const re2::RE2 compiled(re2::StringPiece(expression.data(), expression.size()), options(kExpressionMemoryMax));
  std::string why;
  if (compiled.CheckRewriteString(re2::StringPiece(team.data(), team.size()), &why)) return {};
  return malformed(Side::kClient, "names a part in brackets that the group's expression has not");
}

}  // namespace sallyport::policy
