// The one way in which resources change (validate, compare, commit, audit), under `apply`, the other commands, the API
// and the pages. Blocking: called on the command's thread or on the store's.
#pragma once

#include <expected>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/mistake.h"
#include "storage/keyring.h"
#include "storage/store.h"

namespace sallyport::storage {

enum class ApplyMode : uint8_t { kCommit, kDryRun };
enum class Prune : uint8_t { kNo, kYes };

struct PlannedChange {
  char sign;  // '+', '~' or '-'
  policy::Kind kind;
  std::string name;
};

struct ApplyOutcome {
  std::vector<PlannedChange> changes;  // in the order they are made; unchanged resources are not listed
  Generation generation{};
};

struct ApplyFailure {
  Mistakes mistakes;           // of the documents, when validation failed
  std::optional<Error> error;  // of the store
};

class ResourceService {
 public:
  // hash_password: plain -> PHC text; also checks the password policy (sso gives it; storage knows no argon2).
  using HashPassword = std::move_only_function<std::expected<SecretBytes, std::string>(
      const SecretBytes& password, const std::string& user_name, const std::string& email)>;
  ResourceService(Store& store, const Keyring& keyring, const Clock& clock, HashPassword hash_password);

  // One transaction: all or nothing. `documents` carry kind, name, secrets, password; secret values are wiped from
  // them. Mistakes have .path beginning with "[INDEX]." (the document's index). Rules (DESIGN section 4): password
  // counts only when the user is made; an absent key under `secrets` keeps its value, null deletes it, the placeholder
  // keeps it; a change of destination drops every secret of the resource that is not given again (reported as a mistake
  // when an injection needs it); prune deletes only what an earlier apply made, never users. References (teams, users,
  // hosts of one team, at taken, gate_host carries no resource, the last admin stays) are checked against the state
  // after the change.
  std::expected<ApplyOutcome, ApplyFailure> apply(std::vector<nlohmann::json>& documents, ApplyMode mode, Prune prune,
                                                  const std::string& actor, const std::string& gate_host);
  std::expected<ApplyOutcome, ApplyFailure> remove(policy::Kind kind, const std::string& name,
                                                   const std::string& actor);
  // The documents as `get` shows them: kind and name first, secrets as the placeholder, never a password. A damaged
  // record is only named, with `damaged: true`. An empty name is every one.   errors: kNotFound a name that is not
  // there.
  Result<std::vector<nlohmann::ordered_json>> get(std::optional<policy::Kind> kind, const std::string& name);

  // A user's stored password (PHC) replaced; ends the user's sessions.
  std::expected<void, ApplyFailure> set_password(const std::string& user, const SecretBytes& password,
                                                 const std::string& actor);
  std::expected<void, ApplyFailure> set_suspended(const std::string& user, bool suspended, const std::string& actor);
  // Forgets the user's second factors and how they were used; ends the user's sessions. False: there were none, and
  // nothing was changed.
  std::expected<bool, ApplyFailure> reset_factors(const std::string& user, const std::string& actor);

 private:
  Store& store_;
  const Keyring& keyring_;
  const Clock& clock_;
  HashPassword hash_password_;
};

// Rows with their MACs judged: .damaged is set where the row's MAC or that of one of its epochs does not fit.
std::vector<policy::ResourceRecord> judged(std::vector<ResourceRow> rows, const Keyring& keyring);

}  // namespace sallyport::storage
