// The resource kinds as values (DESIGN section 6), and their reader. One reader for YAML, the API and the store: YAML
// is turned into JSON first. Reading checks everything that one document can show; what needs other documents (does the
// team exist, is the host taken) is checked by the resource service.
#pragma once

#include <chrono>
#include <expected>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/http/url.h"
#include "base/ip.h"
#include "base/mistake.h"
#include "policy/identity.h"
#include "policy/identity_provider.h"
#include "policy/rate_limit.h"

namespace sallyport::policy {

enum class Kind : uint8_t { kPlatform, kTeam, kUser, kDatasource, kInstance, kServiceAccount, kIdentityProvider };
std::string_view to_string(Kind kind);
// errors: kMalformed an unknown word; kUnavailable a kind that this version does not do (query, ...).
Result<Kind> parse_kind(std::string_view text);

constexpr std::string_view kSecretPlaceholder = "Encrypted on the server side";

constexpr size_t kIdentitiesMax = 16;

enum class MfaRule : uint8_t {
  kOptional,
  kRequired,
  kRoles,  // of those who have one of certain roles
};

struct Platform {
  CidrList networks;  // empty = everyone
  std::chrono::seconds session_absolute{14 * 24 * 3600};
  std::chrono::seconds session_idle{12 * 3600};
  int password_min_length = 8;
  int password_min_score = 3;
  std::optional<std::chrono::seconds> password_max_age;  // after it a password has to be changed
  MfaRule mfa = MfaRule::kOptional;
  std::vector<Role> mfa_roles;                           // kRoles: effective ones, on whichever resource
  bool mfa_admins = false;                               // kRoles: of every admin, at the gate itself too
  std::vector<RateLimit> rate_limits;                    // of every request, the gate's own pages too
  Strength certificate_strength = Strength::kPassword;   // of a sign-in by certificate
  std::chrono::seconds token_life_max{365 * 24 * 3600};  // counted from when a token was made
  int tokens_per_owner_max = 100;                        // living ones
};

struct Team {
  CidrList networks;
  MfaRule mfa = MfaRule::kOptional;
  std::vector<Role> mfa_roles;          // kRoles: effective ones, on the team's resources
  std::map<std::string, Role> members;  // user name -> role
};

struct User {
  std::string email;
  bool admin = false;
  bool suspended = false;
  bool change_password = false;            // before anything else
  std::optional<WallMicros> password_set;  // kept by the resource service, whatever a document says
  MfaRule mfa = MfaRule::kOptional;        // never kRoles
  std::vector<std::string>
      certificates;  // patterns (policy/certificate_pattern.h); who holds one may sign in as this user
  std::vector<ProvidedIdentity> identities;  // kept by the gateway; at most one of each provider and subject
};

// Something that asks by tokens alone: it has no password and no factor, and never signs in. Its name is of one
// namespace with those of users (decision 0017).
struct ServiceAccount {
  std::string team;  // whose it is: its owners may rotate and revoke the tokens
  Role role = Role::kNone;
  CidrList networks;                        // its tokens count from here alone; empty = everywhere
  Strength strength = Strength::kPassword;  // what its tokens count as at most, where a second factor is asked for
  bool suspended = false;
};

struct At {
  std::string host;         // lower case, or an address without brackets
  std::string prefix = "";  // "" or "/a/b", canonical, no trailing slash
};

struct Timeouts {
  std::chrono::milliseconds connect{5000};
  std::chrono::milliseconds response{60000};
  std::chrono::milliseconds idle{300000};
};

struct Upstream {
  http::Url url;
  CidrList networks;        // outbound allow-list; what is not public must be listed
  std::string ca_pem;       // empty: the system's; `ca:` is read by whoever reads the file, PEM text from then on
  std::string server_name;  // empty: the host of url
  std::optional<std::string> host;  // Host to send; unset: url's for a datasource, the client's for an instance
  bool http2 = false;               // to https://: offered (ALPN); to http://: taken for granted
  std::optional<IpAddress> source_address;
  Timeouts timeout;
};

// What is put into a request: literal text and secrets, in order.
struct TemplatePart {
  // kPlain: `text` as it stands, or the secret when one is named. kBasicUserPassword: base64 of `text` (the user name),
  // a colon and the secret (RFC 7617 s2). kJsonString: the secret as the inside of a JSON string (RFC 8259 s7).
  std::string text;
  std::string secret;  // name under `secrets`
  enum class Coding : uint8_t { kPlain, kBasicUserPassword, kJsonString } coding = Coding::kPlain;
};
struct InjectedValue {
  std::string name;  // header or query parameter
  std::vector<TemplatePart> parts;
};
struct Injection {
  std::vector<InjectedValue> headers;
  std::vector<InjectedValue> query;
  // JSON. Sent to the upstream as the first text message of each WebSocket; empty: none.
  std::vector<TemplatePart> first_message;
};

// The first whose roles match. `roles` empty = every request, also one that a public area lets in without a user (the
// `inject` and `auth` of the resource); a list in the document is never empty.
struct CredentialRule {
  std::vector<Role> roles;
  Injection inject;
  std::string area;  // counts in the area of this name alone; empty: everywhere
};

struct MfaWithin {
  std::chrono::seconds within;
};

struct AccessRule {
  std::vector<Role> roles;           // exact; empty admits nobody
  std::vector<std::string> methods;  // empty = all; GET covers HEAD
  std::vector<std::string> paths;    // canonical prefixes; empty = all
  CidrList networks;                 // empty = all
  bool mfa = false;                  // a second factor in this session
  std::optional<MfaWithin> mfa_within;
  std::vector<std::string> certificates;  // patterns (policy/certificate_pattern.h), one must fit; empty = no demand
};

// What the messages of a client on a WebSocket may say.
enum class MessageRule : uint8_t {
  kAny,
  kNodeRedListening,  // Node-RED's /comms: subscribe, and nothing that acts
};

struct Area {
  std::string name;
  std::vector<std::string> paths;
  bool whole_path = false;  // `paths` themselves, nothing below them
  std::vector<std::string> methods;
  bool is_public = false;
  std::vector<Role> roles;
  std::vector<Role> read_only_for;
  bool websocket = false;
  MessageRule read_only_messages = MessageRule::kAny;  // what a WebSocket of who is in read_only_for may say
  CidrList networks;
  bool mfa = false;
  std::optional<MfaWithin> mfa_within;
  std::vector<std::string> certificates;  // as of a rule
};

enum class Guard : uint8_t { kMask, kBlock, kNone };

// datasource and instance
struct Protected {
  std::string team;
  std::string type;  // datasource: http; instance: web, node-red
  At at;
  CidrList networks;
  std::map<std::string, Role> roles;   // overrides, user name -> role
  std::vector<RateLimit> rate_limits;  // beside the platform's
  Upstream upstream;
  std::vector<CredentialRule> credentials;  // from `credentials`, or one from `inject`/`auth`
  Guard guard = Guard::kMask;
  bool pass_authorization = false;
  bool pass_certificate = false;  // is the upstream told of the client's verified certificate?
  std::vector<std::string> origins;
  http::PathMode paths_mode = http::PathMode::kStrict;
  std::vector<AccessRule> access;         // datasource; default rule owner+member when the key is absent
  std::vector<Area> areas;                // instance; empty = owner and member everywhere; node-red: its preset behind
  bool ignore_case = false;               // paths of rules and areas are compared ASCII case aside
  std::vector<std::string> secret_names;  // every name the injections use
};

struct Resource {
  Kind kind = Kind::kPlatform;
  std::string name;
  std::variant<Platform, Team, User, Protected, ServiceAccount, IdentityProvider> body;
};

// Reads one document without its `secrets` and `password` values: the caller takes those out first; their names may
// stay with null values. Where values are still there, their type is checked and nothing else looks at them. errors:
// every mistake of the document, each with its path; unknown keys are mistakes; never a value of the document. cost:
// linear; about 20 us for a small resource.
std::expected<Resource, Mistakes> read_resource(const nlohmann::json& document);

// The JSON Schema (draft 2020-12) of a kind, as `sallyport schema KIND` prints it; the same table as the reader's.
nlohmann::json resource_schema(Kind kind);

}  // namespace sallyport::policy
