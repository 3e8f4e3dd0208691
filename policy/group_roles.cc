#include "policy/group_roles.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <array>
#include <mutex>
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
  GroupRules rules;
  std::optional<Pattern> pattern;
  // All mappings as one automaton, and which of them each in it is; null: too large, and they are asked one by one.
  std::unique_ptr<re2::RE2::Set> together;
  std::vector<size_t> in_set;
  std::vector<std::unique_ptr<const re2::RE2>> with_parts;  // of the mappings whose team needs them; else null
  mutable std::once_flag compiled_singly;
  mutable std::vector<std::unique_ptr<const re2::RE2>> singly;

  explicit Parts(const GroupRules& given) : rules(given) {
    if (auto read = parse_pattern(rules.pattern)) pattern = *std::move(read);
    if (rules.map.size() > kGroupMappingsMax) rules.map.resize(kGroupMappingsMax);
    auto set = std::make_unique<re2::RE2::Set>(options(kExpressionsMemoryMax), re2::RE2::ANCHOR_BOTH);
    for (size_t i = 0; i < rules.map.size(); ++i)
      if (set->Add(rules.map[i].group, nullptr) >= 0) in_set.push_back(i);  // else it does not read
    if (!in_set.empty() && set->Compile()) together = std::move(set);
    for (const GroupRules::Mapping& mapping : rules.map)
      with_parts.push_back(mapping.team.find('\\') == mapping.team.npos ? nullptr : compiled(mapping));
  }

  static std::unique_ptr<const re2::RE2> compiled(const GroupRules::Mapping& mapping) {
    return std::make_unique<const re2::RE2>(mapping.group, options(kExpressionMemoryMax));
  }

  // Which mapping decides: as many as there are, if none does.
  size_t mapping_of(std::string_view group) const {
    const auto literal = std::ranges::find(rules.map, group, &GroupRules::Mapping::group);
    return fitting_before(size_t(literal - rules.map.begin()), group);
  }

  // The first expression that fits the group, or `end` if none in front of that does.
  size_t fitting_before(size_t end, std::string_view group) const {
    if (in_set.empty()) return end;
    const re2::StringPiece text(group.data(), group.size());
    std::vector<int> found;
    re2::RE2::Set::ErrorInfo error{};
    if (!together || (!together->Match(text, &found, &error) && error.kind != re2::RE2::Set::kNoError))
      return one_by_one(end, text);  // the memory for the automaton was not enough
    for (const int one : found) end = std::min(end, in_set[size_t(one)]);
    return end;
  }

  size_t one_by_one(size_t end, const re2::StringPiece& text) const {
    std::call_once(compiled_singly, [this] {
      for (const GroupRules::Mapping& mapping : rules.map) singly.push_back(compiled(mapping));
    });
    for (size_t i = 0; i < end; ++i)
      if (singly[i]->ok() && re2::RE2::FullMatch(text, *singly[i])) return i;
    return end;
  }

  std::optional<Reading> read(std::string_view group) const {
    const size_t mapping = mapping_of(group);
    if (mapping < rules.map.size()) return Reading{team_of(mapping, group), rules.map[mapping].role};
    return pattern ? read_pattern(*pattern, group) : std::nullopt;
  }

  // "" where the expression has not what the team asks for.
  std::string team_of(size_t mapping, std::string_view group) const {
    const std::string& team = rules.map[mapping].team;
    const re2::RE2* const expression = with_parts[mapping].get();
    if (expression == nullptr) return team;
    const re2::StringPiece text(group.data(), group.size());
    std::array<re2::StringPiece, 10> captures;
    const int count = std::min(expression->NumberOfCapturingGroups() + 1, int(captures.size()));
    std::string out;
    if (!expression->ok() || !expression->Match(text, 0, text.size(), re2::RE2::ANCHOR_BOTH, captures.data(), count) ||
        !expression->Rewrite(&out, team, captures.data(), count))
      return "";
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
