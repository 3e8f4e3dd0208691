#include "cli/store_lookup.h"

namespace sallyport::cli {

Outcome<UserNames> UserNames::read(storage::Store& store) {
  auto rows = store.resources_since(storage::Generation{0});
  if (!rows) return failure("cannot read the users", rows.error());
  UserNames out;
  for (const storage::ResourceRow& row : rows->changed) {
    const bool account = row.record.kind == policy::Kind::kServiceAccount;
    if (row.record.kind != policy::Kind::kUser && !account) continue;
    (account ? out.accounts_ : out.ids_).emplace(row.record.name, row.record.id);
    out.names_.emplace(row.record.id, row.record.name);
    if (account) out.account_ids_.insert(row.record.id);
  }
  return out;
}

Outcome<UserId> UserNames::id_of(const std::string& name) const {
  const auto found = ids_.find(name);
  if (found != ids_.end()) return found->second;
  return failure("there is no user " + name + (accounts_.contains(name) ? "; it is a service account" : ""));
}

Outcome<UserId> UserNames::account_of(const std::string& name) const {
  const auto found = accounts_.find(name);
  if (found != accounts_.end()) return found->second;
  return failure("there is no service account " + name + (ids_.contains(name) ? "; it is a user" : ""));
}

std::string UserNames::whose(const UserId& id) const {
  return (is_account(id) ? "service account " : "user ") + name_of(id);
}

std::string UserNames::name_of(const UserId& id) const {
  const auto found = names_.find(id);
  return found == names_.end() ? id.to_string() : found->second;
}

Outcome<policy::ResourceRecord> find_record(storage::Store& store, policy::Kind kind, const std::string& name) {
  auto rows = store.resources_since(storage::Generation{0});
  if (!rows) return failure("cannot read the resources", rows.error());
  for (storage::ResourceRow& row : rows->changed)
    if (row.record.kind == kind && row.record.name == name) return std::move(row.record);
  return failure("there is no " + std::string(policy::to_string(kind)) + " " + name);
}

Outcome<policy::Kind> read_kind(const std::string& word) {
  const bool plural = word.size() > 1 && word.back() == 's';
  if (const auto kind = policy::parse_kind(word)) return *kind;
  if (const auto kind = policy::parse_kind(plural ? word.substr(0, word.size() - 1) : word)) return *kind;
  return failure("there is no kind `" + word +
                 "`; kinds are platform, team, user, datasource, instance, service_account, identity_provider");
}

}  // namespace sallyport::cli
