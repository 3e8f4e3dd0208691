// Makes a Snapshot from another one and the records that changed. Used by Snapshot::build and rebuild alone.
// Three steps: take out what the changed and deleted records were, put in what they are, then compile again whatever
// refers to something that moved: a user's name, a team, a resource, a host.
#pragma once

#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "policy/snapshot_parts.h"

namespace sallyport::policy {

// Entries of a table while they are being edited; each is copied once however often it changes.
template <class T>
class Staged {
 public:
  explicit Staged(TextTable<T> from) : editor_(std::move(from)) {}
  T& at(const std::string& key) {
    const auto [found, fresh] = open_.try_emplace(key);
    if (!fresh) return found->second;
    if (const auto* old = editor_.find(key)) found->second = **old;
    found->second.key = key;
    return found->second;
  }
  const T* peek(const std::string& key) const {
    if (const auto found = open_.find(key); found != open_.end()) return &found->second;
    const auto* old = editor_.find(key);
    return old ? old->get() : nullptr;
  }
  TextTable<T> finish() && {
    for (auto& [key, value] : open_) {
      if (value.empty())
        editor_.erase(key);
      else
        editor_.set(std::make_shared<const T>(std::move(value)));
    }
    return std::move(editor_).finish();
  }

 private:
  typename TextTable<T>::Editor editor_;
  std::unordered_map<std::string, T> open_;
};

// Stands for a team that is not there: damaged, without members.
const std::shared_ptr<const CompiledTeam>& no_team();

class SnapshotBuilder {
 public:
  explicit SnapshotBuilder(const Snapshot* previous);
  void remove(const RecordId& id);
  void add(const ResourceRecord& record);
  std::shared_ptr<const Snapshot> finish(uint64_t generation) &&;

 private:
  void add_platform(const ResourceRecord& record, const Resource* resource);
  void add_team(const ResourceRecord& record, Resource* resource);
  void add_user(const ResourceRecord& record, const Resource* resource);
  void add_protected(const ResourceRecord& record, Resource* resource);
  void put_protected(const ResourceRecord& record, Resource* resource);
  void add_provider(const ResourceRecord& record, const Resource* resource);
  void add_account(const ResourceRecord& record, const Resource* resource);
  void remove_user(const CompiledUser& user);
  void remove_team(const TeamRecord& team);
  void remove_protected(const CompiledResource& resource);

  std::optional<UserId> user_named(const std::string& name) const;
  void compile_names();
  void compile_team(const std::string& name);
  void compile_resource(const RecordId& id);
  void compile_host(const std::string& host);
  bool change_host(HostSlot& slot) const;
  void divide_host(HostSlot& slot);
  bool is_sound(const ResourceSlot& slot) const;
  void mark(const RecordId& id, bool damaged);

  std::shared_ptr<const Snapshot::Parts> before_;  // null: nothing
  Snapshot::Parts empty_;
  std::shared_ptr<Snapshot> out_;
  RecordId platform_id_;
  SharedTable<std::shared_ptr<const CompiledUser>, ByRecordId>::Editor users_;
  SharedTable<std::shared_ptr<const TeamRecord>, ByRecordId>::Editor team_records_;
  SharedTable<ResourceSlot, ByRecordId>::Editor resources_;
  Staged<Login> logins_;
  Staged<Login> certificates_;
  Staged<Login> subjects_;
  std::vector<std::shared_ptr<const CompiledProvider>> providers_;
  Staged<Mentions> mentions_;
  Staged<TeamSlot> teams_;
  Staged<ResourceName> resource_names_;
  Staged<HostSlot> hosts_;
  std::set<std::string> moved_names_;
  std::set<std::string> moved_teams_;
  std::unordered_set<RecordId, RecordIdHash> moved_resources_;
  struct HostChange {
    std::vector<std::string> left;  // prefixes that somebody gave up, perhaps to take again
    std::vector<RecordId> came;
  };
  std::unordered_map<std::string, HostChange> moved_hosts_;
};

}  // namespace sallyport::policy
