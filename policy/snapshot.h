// Everything a decision needs, compiled and immutable. A new Snapshot is built off the loop from the changed records
// only and shares the compiled resources with the one before; workers swap it whole. Made for 100,000 resources.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/client_certificate.h"
#include "policy/address_set.h"
#include "policy/compiled_rule.h"
#include "policy/group_roles.h"
#include "policy/record.h"

namespace sallyport::policy {

struct CompiledTeam {
  std::string name;
  CidrList networks;
  MfaRule mfa = MfaRule::kOptional;
  std::vector<Role> mfa_roles;
  std::unordered_map<UserId, Role, RecordIdHash> members;
  AddressSet admitted;   // `networks`, made for asking
  bool damaged = false;  // the team's record; its resources are damaged with it
};

// What a service account has that a person has not.
struct CompiledAccount {
  std::string team;
  Role role = Role::kNone;  // in that team
  AddressSet admitted;
  CidrList networks;
  Strength strength = Strength::kPassword;
};

// A user or a service account: whoever a decision can be about.
struct CompiledUser {
  UserId id;
  std::string name;
  std::string email;
  bool admin = false;          // by hand, or because a provider says so
  bool admin_by_hand = false;  // whom no provider stands for, and none can shut out
  bool suspended = false;
  bool damaged = false;
  std::vector<SealedField> secrets;  // "password": the sealed argon2id PHC string; "factors"
  bool has_factors = false;          // second factors: `secrets` has that field
  MfaRule mfa = MfaRule::kOptional;
  uint64_t version = 0;
  std::vector<std::string> certificates;           // to sign in with; patterns in their one form
  std::shared_ptr<const CompiledAccount> account;  // null: a person
  bool change_password = false;
  std::optional<WallMicros> password_set;
  std::vector<ProvidedIdentity> identities;

  const SealedField* password() const;  // null: has none
};

// shared_from_this(): what a pool does for a provider outlives the snapshot.
struct CompiledProvider : std::enable_shared_from_this<CompiledProvider> {
  RecordId id;
  std::string name;
  IdentityProvider spec;
  std::unique_ptr<const GroupReader> groups;  // of spec.groups; never null
  std::vector<SealedField> secrets;           // "secrets.client_secret", "secrets.bind_password"
  std::string destination;                    // bound into every sealed secret of it
  uint64_t version = 0;
  bool damaged = false;  // nobody signs in there
};

// shared_from_this(): a pool of connections outlives the snapshot it was made under.
struct CompiledResource : std::enable_shared_from_this<CompiledResource> {
  RecordId id;
  Kind kind = Kind::kDatasource;
  std::string name;
  Protected spec;
  std::shared_ptr<const CompiledTeam> team;                       // never null
  std::unordered_map<UserId, Role, RecordIdHash> role_overrides;  // by id
  std::vector<SealedField> secrets;
  std::string destination;  // "https://host:port": bound into every sealed secret of it
  uint64_t version = 0;
  AddressSet admitted;              // `spec.networks`, made for asking
  std::vector<CompiledRule> rules;  // of spec.access or spec.areas, in their order
  // The record's MAC does not fit or it does not read; its team is missing or damaged; its place is not its own (a host
  // that records of two teams claim, a place claimed twice: all of them). Nobody gets in.
  bool damaged = false;
};

// The destination a sealed secret is bound to: scheme, host and port of the upstream, the issuer, the LDAP servers (""
// where there is none).
std::string destination_of(const Resource& resource);

struct Place {
  const CompiledResource* resource = nullptr;
  std::string_view path;  // canonical path with the `at` prefix removed; begins with '/'; a view into the argument
};

class Snapshot {
 public:
  // Compiles records into a snapshot. Records that do not read any more (older version's mistakes) come out damaged.
  // A damaged record takes no place from a sound one: it is located only where nobody sound is on its host.
  static std::shared_ptr<const Snapshot> build(uint64_t generation, std::span<const ResourceRecord> records);
  // The same, sharing whatever `previous` has compiled from records that are not in `changed` or `deleted`.
  static std::shared_ptr<const Snapshot> rebuild(const Snapshot& previous, uint64_t generation,
                                                 std::span<const ResourceRecord> changed,
                                                 std::span<const RecordId> deleted);

  uint64_t generation() const { return generation_; }
  const Platform& platform() const { return platform_; }
  // The platform's record is damaged: its lists and demands are unknown, so nobody gets in anywhere until it is written
  // anew.
  bool platform_damaged() const { return platform_damaged_; }
  bool platform_admits(const ClientAddress& client) const { return platform_admitted_.admits(client.address); }
  // host: lower case, without port; path: begins with '/'. The longest prefix of whole segments wins.
  // cost: one hash look-up, one more for each segment where a host has many places; no allocation.
  bool has_host(std::string_view host) const;
  Place locate(std::string_view host, std::string_view canonical_path) const;  // .resource null when nothing matches
  const CompiledUser* user(const UserId& id) const;
  // Of people: a service account never signs in. ASCII case-insensitive; null also when two users share the e-mail
  // address.
  const CompiledUser* user_by_name_or_email(std::string_view name) const;
  // Is that anybody's name or address, a service account's or a damaged record's too? ASCII case-insensitive.
  bool is_taken(std::string_view name_or_email) const;
  // Whose the certificate is: the one user who names anything that it bears. Null also when two do, of one of its names
  // or of several.
  const CompiledUser* user_by_certificate(const ClientCertificate& certificate) const;
  // Who is linked to this subject of a provider. Null also when two are.
  const CompiledUser* user_by_subject(std::string_view provider, std::string_view subject) const;
  // Null also when two records bear the name.   cost: a hash look-up, as for all that is asked for by name
  const CompiledProvider* provider(std::string_view name) const;
  const CompiledProvider* provider_of_domain(std::string_view domain) const;  // lower case; a sound one
  // All of them, by name.
  std::span<const std::shared_ptr<const CompiledProvider>> providers() const;
  const CompiledTeam* team(std::string_view name) const;
  std::vector<const CompiledUser*> accounts_of(std::string_view team) const;  // its service accounts, by name
  const CompiledResource* resource(std::string_view name, Kind kind) const;
  std::vector<const CompiledResource*> resources_of(
      const UserId& user) const;  // those with a role above none; for the home page
  size_t resource_count() const;

 private:
  friend class SnapshotBuilder;
  struct Parts;
  uint64_t generation_ = 0;
  Platform platform_;
  AddressSet platform_admitted_;
  bool platform_damaged_ = false;
  std::shared_ptr<const Parts> parts_;
};

// ASCII.
std::string lower_case(std::string_view text);

// The one effective role of a user on a resource: the override, else the team role, else none (C1).
Role role_on(const CompiledResource& resource, const UserId& user);

}  // namespace sallyport::policy
