// Names and ids of what is in the store, for commands that take and show names.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/record_id.h"
#include "cli/terminal.h"
#include "policy/record.h"
#include "storage/store.h"

namespace sallyport::cli {

// Users and service accounts: one namespace.
class UserNames {
 public:
  static Outcome<UserNames> read(storage::Store& store);
  // The user, or the service account, of this name; a failure that says that there is none.
  Outcome<UserId> id_of(const std::string& name) const;
  Outcome<UserId> account_of(const std::string& name) const;
  // The name, or the id of a user who is gone.
  std::string name_of(const UserId& id) const;
  bool is_account(const UserId& id) const { return account_ids_.contains(id); }
  std::string whose(const UserId& id) const;  // "user ann", "service account nightly-export"

 private:
  std::map<std::string, UserId> ids_;
  std::map<std::string, UserId> accounts_;
  std::map<UserId, std::string> names_;
  std::set<UserId> account_ids_;
};

// The record of this kind and name; a failure that says that there is none.
Outcome<policy::ResourceRecord> find_record(storage::Store& store, policy::Kind kind, const std::string& name);

// A kind as typed: singular or plural.
Outcome<policy::Kind> read_kind(const std::string& word);

}  // namespace sallyport::cli
