// The inside of a Snapshot: its tables and what stands in them. Everything here is immutable once the snapshot is made.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/shared_table.h"
#include "policy/snapshot.h"

namespace sallyport::policy {

// Names are the administrator's, so this need not resist chosen collisions; the low bits must be good.
inline uint64_t hash_text(std::string_view text) {
  const auto hash = static_cast<uint64_t>(std::hash<std::string_view>{}(text));
  return hash ^ hash >> 32;
}
// A user's name or e-mail address, lower case, or the pattern of a certificate, and whose it is.
struct Login {
  std::string key;
  std::vector<UserId> users;
  bool empty() const { return users.empty(); }
};

// Where a user's name stands: what has to be compiled again when the name begins or ceases to mean somebody.
struct Mentions {
  std::string key;
  std::vector<std::string> teams;
  std::vector<RecordId> resources;
  bool empty() const { return teams.empty() && resources.empty(); }
};

struct TeamRecord {
  RecordId id;
  std::string name;
  Team spec;
  bool damaged = false;
};

// A team's name: the records that bear it (one, if all is well), and the resources that say they are its.
struct TeamSlot {
  std::string key;
  std::vector<RecordId> records;
  std::vector<RecordId> resources;
  std::vector<UserId> accounts;                  // service accounts that say they are its
  std::vector<UserId> provided;                  // whom a provider gives a role in it
  std::shared_ptr<const CompiledTeam> compiled;  // null: no such team
  bool empty() const { return records.empty() && resources.empty() && accounts.empty() && provided.empty(); }
};

struct ResourceSlot {
  std::shared_ptr<const CompiledResource> compiled;
  bool record_damaged = false;  // the reason that lies in the record alone
};

struct ResourceName {
  std::string key;  // "datasource/crm"
  std::vector<RecordId> resources;
  bool empty() const { return resources.empty(); }
};

struct Route {
  std::string prefix;
  std::shared_ptr<const CompiledResource> resource;
};

struct ByPrefix {
  using Key = std::string_view;
  static uint64_t hash(std::string_view key) { return hash_text(key); }
  static std::string_view key(const Route& route) { return route.prefix; }
};

constexpr size_t kFewRoutes = 8;  // up to here a walk is faster than a table

struct HostSlot {
  std::string key;
  std::vector<RecordId> claimants;
  std::vector<Route> routes;          // the longest prefix first; empty when there are more than kFewRoutes
  SharedTable<Route, ByPrefix> many;  // then they are here
  size_t segments_max = 0;            // no prefix in `many` has more
  // Every claimant is sound, of this team, and has a place of its own; empty: not so. Then one that changes is changed
  // alone, however many there are.
  std::string plain_team;
  bool empty() const { return claimants.empty(); }
};

struct ByRecordId {
  using Key = RecordId;
  static uint64_t hash(const RecordId& id) { return RecordIdHash{}(id); }
  static RecordId key(const std::shared_ptr<const CompiledUser>& value) { return value->id; }
  static RecordId key(const std::shared_ptr<const TeamRecord>& value) { return value->id; }
  static RecordId key(const ResourceSlot& value) { return value.compiled->id; }
};
struct ByText {
  using Key = std::string_view;
  static uint64_t hash(std::string_view key) { return hash_text(key); }
  template <class T>
  static std::string_view key(const std::shared_ptr<const T>& value) {
    return value->key;
  }
};
template <class T>
using TextTable = SharedTable<std::shared_ptr<const T>, ByText>;

struct Snapshot::Parts {
  RecordId platform_id;  // zero: none
  SharedTable<std::shared_ptr<const CompiledUser>, ByRecordId> users;
  SharedTable<std::shared_ptr<const TeamRecord>, ByRecordId> team_records;
  SharedTable<ResourceSlot, ByRecordId> resources;
  TextTable<Login> logins;
  TextTable<Login> certificates;
  TextTable<Login> subjects;                                       // subject_key() to whose it is
  std::vector<std::shared_ptr<const CompiledProvider>> providers;  // by name: there are few
  TextTable<Mentions> mentions;
  TextTable<TeamSlot> teams;
  TextTable<ResourceName> resource_names;
  TextTable<HostSlot> hosts;
};

std::string subject_key(std::string_view provider, std::string_view subject);
std::string resource_key(Kind kind, std::string_view name);

}  // namespace sallyport::policy
