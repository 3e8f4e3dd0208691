// Groups, as an identity provider names them, as roles in teams. A group is trimmed; then the first mapping that fits
// it decides, and where none does, the pattern. What says nothing here is ignored with its reason and is never an
// error: directories are full of groups that mean something elsewhere.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/identity_provider.h"

namespace sallyport::policy {

constexpr size_t kGroupsReadMax = 2000;  // of one person; those behind are ignored
constexpr size_t kGroupBytesMax = 512;
constexpr size_t kGroupPatternBytesMax = 128;
constexpr size_t kGroupExpressionBytesMax = 512;
constexpr size_t kGroupMappingsMax = 256;

struct GroupOutcome {
  bool admin = false;
  std::map<std::string, Role> roles;      // by team; the highest of each
  std::map<std::string, size_t> ignored;  // how many groups for which reason, in our words; never a group's name
};
using TeamExists = std::function<bool(std::string_view team)>;

// The rules made ready: the expressions are compiled once. Immutable; any thread.
class GroupReader {
 public:
  // Rules that the checks below would refuse fit nothing.   cost: some 20 us for each mapping.
  explicit GroupReader(const GroupRules& rules);
  ~GroupReader();
  GroupReader(const GroupReader&) = delete;
  GroupReader& operator=(const GroupReader&) = delete;

  // The word of the pattern for a role is owner, member, viewer or dashboard. The case of it, of the pattern's literal
  // parts and of what is trimmed does not count (ASCII); a team is looked for in lower case. `rules.admin` is a group
  // exactly, once trimmed.   cost: one pass of a DFA for each group; about 1 us.
  GroupOutcome read(std::span<const std::string> groups, const TeamExists& team_exists) const;

 private:
  struct Parts;
  std::unique_ptr<const Parts> parts_;
};

// --- what a document may say; `what` continues a sentence that begins with the key

// <team> and <role> once each, in either order, with something between them. A team's name may hold whatever stands
// between (`sp-<team>-<role>` reads sp-north-plant-owner as an owner of north-plant): the four words for roles are such
// that none begins or ends another, so one reading is possible at most.
Result<void> check_group_pattern(std::string_view pattern);
// RE2 syntax (never backtracks), of a bounded size.   errors: kMalformed, kLimit.
Result<void> check_group_expression(std::string_view expression);
// The team of a mapping: a name, or a text in which \1 to \9 stand.
Result<void> check_group_team(std::string_view team);
// The same, and the expression has what the team asks for.
Result<void> check_group_mapping(std::string_view expression, std::string_view team);

}  // namespace sallyport::policy
