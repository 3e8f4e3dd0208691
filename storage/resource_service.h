// The one way in which resources change (validate, compare, commit, audit), under `apply`, the other commands, the API
// and the pages. Blocking: called on the command's thread or on the store's.
#pragma once

#include <expected>
#include <functional>
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

enum class ChangeAtOnce : uint8_t { kNo, kYes };

// Fields of a user's record that have an epoch and may lack a value.
constexpr std::string_view kPasswordField = "password";
constexpr std::string_view kResetLinkField = "reset-link";

struct NewPassword {
  UserId user;
  SecretBytes phc;
  // The field that proved the right to do this, and its epoch then: the password in force, or the link.
  std::string_view replaces = kPasswordField;
  uint64_t epoch = 0;
  // The session that goes on, under a new cookie. All others of the user end.
  struct Kept {
    RecordId family;
    Sha256 id_hash{};
  };
  std::optional<Kept> keep;
  std::string actor;
  std::string client;
  std::string detail;
};
struct PutPassword {
  Generation generation{};
  std::vector<RecordId> ended;  // families
  std::optional<SessionRecord> kept;
  uint64_t epoch = 0;  // of the new password
};

// An account as an identity provider vouches for it (sso/provider_account.h plans it against a snapshot).
struct ProvidedAccountWish {
  enum class What : uint8_t {
    kKnown,   // linked already: the identity is put in the place of the one before
    kLink,    // somebody's with this e-mail address, who is not linked to this provider yet
    kCreate,  // nobody's so far
  };
  What what = What::kKnown;
  UserId user;        // whose; kCreate: the id that it gets, so that `more` can speak of it
  std::string name;   // of the account
  std::string email;  // kLink: by which it was found; kKnown: put where there is none; "": stays as it is
  policy::ProvidedIdentity identity;
  RecordId provider;  // by which it was judged, as it was then
  uint64_t provider_version = 0;
  std::string client;              // address, for the event
  ChangeSet more;                  // the session and what belongs to it, in the same commit
  std::vector<AdminEvent> events;  // the same; the change of the record has one of its own
};
struct ProvidedAccount {
  Generation generation{};
  bool changed = false;  // the record
};

class ResourceService {
 public:
  // Plain -> PHC text, or why it must not be this person's password (sso gives it; storage knows no argon2).
  // last_phc: of the password in force; null: there is none that opens.
  using HashPassword = std::move_only_function<std::expected<SecretBytes, std::string>(
      const SecretBytes& password, const std::string& user_name, const std::string& email,
      const SecretBytes* last_phc)>;
  ResourceService(Store& store, const Keyring& keyring, const Clock& clock, HashPassword hash_password);

  // One transaction: all or nothing. `documents` carry kind, name, secrets, password; secret values are wiped from
  // them. Mistakes have .path beginning with "[INDEX]." (the document's index). Rules (DESIGN section 4): password
  // counts only when the user is made; an absent key under `secrets` keeps its value, null deletes it, the placeholder
  // keeps it; a change of destination drops every secret of the resource that is not given again (reported as a mistake
  // when an injection needs it); prune deletes only what an earlier apply made, never users nor the platform.
  // References (teams, users, hosts of one team, at taken, gate_host carries no resource, the last admin stays) are
  // checked against the state after the change.
  std::expected<ApplyOutcome, ApplyFailure> apply(std::vector<nlohmann::json>& documents, ApplyMode mode, Prune prune,
                                                  const std::string& actor, const std::string& gate_host);
  std::expected<ApplyOutcome, ApplyFailure> remove(policy::Kind kind, const std::string& name,
                                                   const std::string& actor);
  // The documents as `get` shows them: kind and name first, secrets as the placeholder, never a password. A damaged
  // record is only named, with `damaged: true`. An empty name is every one.   errors: kNotFound a name that is not
  // there.
  Result<std::vector<nlohmann::ordered_json>> get(std::optional<policy::Kind> kind, const std::string& name);

  // --- passwords: resource_service_password.cc

  // By an admin: checked, hashed and put in place; ends the user's sessions. change: it is for the first sign-in alone.
  std::expected<void, ApplyFailure> set_password(const std::string& user, const SecretBytes& password,
                                                 ChangeAtOnce change, const std::string& actor);
  // By the person: checked and hashed already. One commit with the ends of sessions.   errors: kDenied the account or
  // what `replaces` speaks of was changed meanwhile, or the session to keep has ended; kNotFound; and the store's.
  Result<PutPassword> put_password(const NewPassword& wanted);
  // A link that sets a password: what was made before it is void from now on, and so is this one after any new
  // password. `flow` makes its record for the user and the epoch under which it counts.
  using MakeLink = std::function<Result<FlowRecord>(const UserId& user, uint64_t epoch)>;
  Result<Generation> put_reset_link(const std::string& user, const MakeLink& make, const std::string& actor,
                                    const std::string& detail);
  // The user for whom a link still counts.   errors: kDenied it is void, or the account may not be used.
  Result<policy::ResourceRecord> user_of_reset_link(const UserId& user, uint64_t epoch);

  // --- identity providers: resource_service_provider.cc

  // Commits `more` and `events`, and with them what changes in the user's record, if anything does. Ends no session.
  // errors: kDenied the account or the provider is not as it was judged any more (suspended, unlinked, renamed, the
  // name or the address taken, the provider changed): judge again by a newer snapshot; kConflict a change of `more` met
  // one (a used-once key that was used); kLimit the record cannot hold it; and the store's. cost: a few look-ups for
  // kKnown without an address, else a walk over all people.
  Result<ProvidedAccount> put_provided_account(const ProvidedAccountWish& wish);

  std::expected<void, ApplyFailure> set_suspended(const std::string& user, bool suspended, const std::string& actor);
  // Forgets the user's second factors and how they were used; ends the user's sessions. False: there were none, and
  // nothing was changed.
  std::expected<bool, ApplyFailure> reset_factors(const std::string& user, const std::string& actor);

 private:
  Store& store_;
  const Keyring& keyring_;
  const Clock& clock_;
  HashPassword hash_password_;

  std::optional<SecretBytes> last_password(const policy::ResourceRecord& user) const;
};

// Rows with their MACs judged: .damaged is set where the row's MAC or that of one of its epochs does not fit.
std::vector<policy::ResourceRecord> judged(std::vector<ResourceRow> rows, const Keyring& keyring);

}  // namespace sallyport::storage
