#include "sso/ldap/groups.h"

#include <algorithm>
#include <span>

#include "sso/external_identity.h"
#include "sso/ldap/distinguished_name.h"
#include "sso/ldap/filter.h"

namespace sallyport::sso::ldap {
namespace {

constexpr size_t kDnsInOneFilter = 50;
constexpr Side kFrom = Side::kIdentityProvider;
constexpr Error kOnlyPart{Code::kLimit, kFrom, "the directory gives a part of the groups only"};

class Groups {
 public:
  Groups(Directory& directory, std::string_view name, std::string_view attribute, const SecretBytes& bind_password,
         Monotonic until, Checks& checks)
      : directory_(directory),
        settings_(directory.settings()),
        name_(name),
        attribute_(attribute),
        bind_password_(bind_password),
        until_(until),
        checks_(checks),
        walk_(settings_.nesting) {}

  Result<std::vector<std::string>> of(const Entry& person) {
    const bool by_search = !settings_.groups_dn.empty();
    if (by_search) {
      CHECKED(find_holders_of(std::span(&person.dn(), 1)));
    } else {
      CHECKED(take_from(person));
    }
    for (auto level = walk_.next_level(); !level.empty(); level = walk_.next_level())
      CHECKED(by_search ? find_holders_of(level) : look_into(level));
    return walk_.names();
  }
  size_t unreadable() const { return walk_.unreadable(); }

 private:
  // By an attribute.
  Result<void> take_from(const Entry& entry) {
    if (entry.is_partial(attribute_)) return std::unexpected(kOnlyPart);
    for (const std::string& value : entry.values(attribute_)) {
      const bool is_dn = value.find('=') != value.npos;
      CHECKED(walk_.add(is_dn ? FoundGroup{value, first_rdn_value(value).value_or("")} : FoundGroup{"", value}));
    }
    return {};
  }

  Result<void> look_into(const std::vector<std::string>& groups) {
    for (const std::string& dn : groups) {
      TRY(const SearchAnswer found, asked({dn, true, "(objectClass=*)", {attribute_}, 1}));
      for (const Entry& group : found.entries) CHECKED(take_from(group));
    }
    return {};
  }

  // By a search.
  // {user} is the person in every level: what it finds is known by then.
  Result<void> find_holders_of(std::span<const std::string> held) {
    const bool by_name = settings_.group_filter.find(kUserPlace) != std::string::npos;
    if (by_name && name_.empty()) return malformed(kFrom, "groups are searched by a name, and the person has none");
    while (!held.empty()) {
      std::vector<std::string> filters;
      for (const std::string& dn : held.first(std::min(held.size(), kDnsInOneFilter)))
        filters.push_back(fill_filter(fill_filter(settings_.group_filter, kDnPlace, dn), kUserPlace, name_));
      held = held.subspan(filters.size());
      TRY(const SearchAnswer found,
          asked({settings_.groups_dn, false, any_of(filters), {settings_.group_name}, kAssertedGroupsMax + 1}));
      for (const Entry& group : found.entries) {
        const auto& names = group.values(settings_.group_name);
        CHECKED(walk_.add({group.dn(), names.empty() ? "" : names.front()}));
      }
      if (found.more) return std::unexpected(kOnlyPart);
    }
    return {};
  }

  Result<SearchAnswer> asked(const SearchRequest& request) {
    TRY(SearchAnswer found, directory_.search(request, bind_password_, until_, checks_));
    const int answer = found.answer.code;
    const bool gone = request.base_alone && answer == code::kNoSuchObject;  // a group of another directory, or deleted
    if (answer == code::kSuccess || gone || found.more) return found;
    return std::unexpected(checks_
                               .require(false, "search for groups", "success (0)", describe(found.answer),
                                        {Code::kUnavailable, kFrom, "the directory does not say the groups"})
                               .error());
  }

  Directory& directory_;
  const policy::LdapSettings& settings_;
  const std::string name_;
  const std::string attribute_;
  const SecretBytes& bind_password_;
  const Monotonic until_;
  Checks& checks_;
  GroupWalk walk_;
};

}  // namespace

Result<std::vector<std::string>> groups_of(Directory& directory, const Entry& person, std::string_view name,
                                           std::string_view attribute, const SecretBytes& bind_password,
                                           Monotonic until, Checks& checks) {
  Groups groups(directory, name, attribute, bind_password, until, checks);
  auto names = groups.of(person);
  std::string found = names ? std::to_string(names->size()) : names.error().what;
  if (names && groups.unreadable() > 0)
    found += ", and " + std::to_string(groups.unreadable()) + " that cannot be read";
  CHECKED(checks.require(names.has_value(), "groups", "at most " + std::to_string(kAssertedGroupsMax), found,
                         names ? Error{} : names.error()));
  return names;
}

}  // namespace sallyport::sso::ldap
