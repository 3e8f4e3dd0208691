// An identity provider as a resource: who may vouch for people, for which of them, and what its word is worth here.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/http/url.h"
#include "base/ip.h"
#include "policy/identity.h"

namespace sallyport::policy {

enum class ProviderType : uint8_t { kSaml, kOidc, kLdap };
std::string_view to_string(ProviderType type);

constexpr std::string_view kGroupPattern = "sp-<team>-<role>";

// How the groups that a provider names become roles (policy/group_roles.h).
struct GroupRules {
  std::string attribute = "groups";                  // of SAML or a claim; ldap: an attribute of the person, memberOf
  std::string pattern = std::string(kGroupPattern);  // with <team> and <role>, each once; "": none
  // What is taken off both ends of a group before it is looked at: the first that fits of each.
  std::vector<std::string> trim_prefixes;
  std::vector<std::string> trim_suffixes;
  // A whole group, or a regular expression that fits it whole, to team and role; before the pattern.
  struct Mapping {
    std::string group;  // RE2 syntax; ASCII case counts
    std::string team;   // may hold \1 to \9
    Role role = Role::kNone;
  };
  std::vector<Mapping> map;
  std::string admin;  // whoever is in this group is a platform admin; "": nobody is by a group
};

// Where the parts of an account are found, by the provider's names for them. "": see the provider's own documentation
// page; the defaults differ by type (docs/SINGLE_SIGN_ON.md).
struct ProviderAttributes {
  std::string
      subject;  // what tells people apart for ever; default: saml NameID, oidc sub, ldap entryUUID or objectGUID
  std::string email;
  std::string name;  // a new account is called after it
};

// Where the gateway may go for this provider, and whom it believes there.
struct ProviderNetwork {
  CidrList networks;   // outbound allow-list; what is not public must be listed
  std::string ca_pem;  // empty: the system's
};

struct SamlSettings {
  std::string metadata_xml;  // the document itself, of a file; empty: metadata_url
  std::string metadata_url;  // https
  std::string
      metadata_signers_pem;  // certificates, one of which has signed the metadata; empty: TLS or the file vouches
  std::string entity_id;     // of the provider in metadata that has several; empty: its only one
  bool sign_requests = true;
  bool want_encrypted = false;
  bool allow_cbc = false;  // for encrypted assertions, inside a signed response alone
  bool idp_initiated = false;
  bool force_authn = false;
  std::chrono::seconds clock_skew{60};
  std::string name_id_format;               // asked for; "": whichever
  std::vector<std::string> authn_contexts;  // asked for, and one of them demanded; empty: any
};

enum class OidcClientAuth : uint8_t { kBasic, kPost, kNone };  // how the client shows itself at the token endpoint
struct OidcSettings {
  std::string issuer;  // https, or http on this machine; as the provider spells it
  std::string client_id;
  std::vector<std::string> scopes{"openid", "email", "profile"};
  OidcClientAuth client_auth = OidcClientAuth::kBasic;
  bool userinfo = false;                // ask the userinfo endpoint, too, and believe its claims of the same subject
  bool require_email_verified = true;   // email_verified: true must be said before an e-mail address counts
  std::vector<std::string> acr_values;  // asked for, and one of them demanded; empty: any
  std::chrono::seconds clock_skew{60};
};

struct LdapSettings {
  std::vector<std::string> urls;  // ldaps://host[:port] or ldap://host[:port], in the order they are tried
  bool start_tls = true;          // of ldap://; off only to this machine
  std::string bind_dn;            // whom the search is made as; "": anonymous. Its password: secrets.bind_password
  std::string base_dn;
  std::string user_filter = "(uid={user})";  // {user}: what was typed, escaped (RFC 4515 s3)
  std::string groups_dn;                     // "": the attribute of the person says them
  std::string group_filter = "(|(member={dn})(uniqueMember={dn}))";
  std::string group_name = "cn";  // the attribute that holds a group's name
  int nesting = 0;                // how many levels of groups inside groups, at most 10
  std::chrono::milliseconds timeout{5000};
};

struct IdentityProvider {
  ProviderType type = ProviderType::kSaml;
  std::string label;                 // on the sign-in page; "": the name
  std::vector<std::string> domains;  // lower case; of e-mail addresses it may assert
  bool required = false;             // people of its domains sign in here alone; admins by hand may use their password
  bool provision = false;            // makes an account at the first sign-in
  Strength strength = Strength::kPassword;  // of a sign-in here
  GroupRules groups;
  ProviderAttributes attributes;
  std::optional<std::chrono::seconds> session_absolute;  // else the platform's
  std::optional<std::chrono::seconds> session_idle;
  ProviderNetwork network;
  SamlSettings saml;
  OidcSettings oidc;
  LdapSettings ldap;
};

// What a provider said of a user at the last sign-in: kept in the user's record by the gateway alone.
struct ProvidedIdentity {
  std::string provider;  // its name
  std::string subject;   // at that provider
  bool admin = false;
  std::map<std::string, Role> roles;  // by team, those above none
  friend bool operator==(const ProvidedIdentity&, const ProvidedIdentity&) = default;
};

}  // namespace sallyport::policy
