#include "policy/resource_shapes.h"

#include "policy/common_shapes.h"

namespace sallyport::policy {
namespace {

constexpr int64_t kRulesMax = 256;
constexpr int64_t kPathsMax = 256;
constexpr int64_t kHeadersMax = 32;
constexpr int64_t kCredentialsMax = 32;
constexpr int64_t kRateLimitsMax = 16;
constexpr Choice kMfaChoices[] = {{"optional"}, {"required"}};
constexpr Shape kMfa = choice_shape(kMfaChoices);
constexpr Choice kMfaRoleChoices[] = {{"owner"}, {"member"}, {"viewer"}, {"dashboard"}};
constexpr Shape kMfaRole = choice_shape(kMfaRoleChoices);
constexpr Shape kMfaRoles = list_shape(&kMfaRole, 1, 8);
constexpr Key kTeamMfaKeys[] = {{"roles", &kMfaRoles, Need::kRequired, "of those who have one of these roles there"}};
constexpr Shape kTeamMfaForm = object_shape(kTeamMfaKeys);
constexpr const Shape* kTeamMfaForms[] = {&kMfa, &kTeamMfaForm};
constexpr Shape kTeamMfa = either_shape("optional, required or {roles: [...]}", kTeamMfaForms);
constexpr Choice kMfaPersonChoices[] = {{"admin"}, {"owner"}, {"member"}, {"viewer"}, {"dashboard"}};
constexpr Shape kMfaPerson = choice_shape(kMfaPersonChoices);
constexpr Shape kMfaPeople = list_shape(&kMfaPerson, 1, 8);
constexpr Key kPlatformMfaKeys[] = {
    {"roles", &kMfaPeople, Need::kRequired, "of those who have one of these roles where they go; admin: of admins"}};
constexpr Shape kPlatformMfaForm = object_shape(kPlatformMfaKeys);
constexpr const Shape* kPlatformMfaForms[] = {&kMfa, &kPlatformMfaForm};
constexpr Shape kPlatformMfa = either_shape("optional, required or {roles: [...]}", kPlatformMfaForms);

constexpr Choice kAdmittedChoices[] = {
    {"owner"},
    {"member"},
    {"viewer"},
    {"dashboard"},
    {"none", "is the lack of a role and admits nobody; write roles: [] for that", "invalid_value"}};
constexpr Shape kAdmittedRole = choice_shape(kAdmittedChoices);
constexpr Shape kRoles = list_shape(&kAdmittedRole, 0, 8);
constexpr Shape kCredentialRoles = list_shape(&kAdmittedRole, 1, 8);
constexpr Shape kSecrets = map_shape(check_secret_name, &kSecretValue, kSecretsMax);

// of the platform, a datasource or an instance
constexpr Choice kRateByChoices[] = {{"all"}, {"address"}, {"user"}, {"token"}};
constexpr Shape kRateBy = choice_shape(kRateByChoices);
constexpr Shape kRateRequests = integer_shape(1, kRateRequestsMax);
constexpr Shape kRatePer = text_shape("a duration like 1s, 10m or 1h", check_rate_per, "^[0-9]+(ms|s|m|h)$", 16);
constexpr Key kRateLimitKeys[] = {
    {"by", &kRateBy, Need::kRequired, "whose requests count together: all, a network's, a user's, a token's"},
    {"requests", &kRateRequests, Need::kRequired, "how many in each `per`"},
    {"per", &kRatePer, Need::kRequired, "1s to 1h"},
    {"burst", &kRateRequests, Need::kOptional, "how many at once (requests)"}};
constexpr Shape kRateLimit = object_shape(kRateLimitKeys);
constexpr Shape kRateLimits = list_shape(&kRateLimit, 0, kRateLimitsMax);

// platform
constexpr Choice kKindPlatform[] = {{"platform"}};
constexpr Shape kPlatformWord = choice_shape(kKindPlatform);
constexpr Shape kPasswordLength = integer_shape(8, 128);
constexpr Shape kPasswordScore = integer_shape(0, 4);
constexpr Key kPasswordKeys[] = {
    {"min_length", &kPasswordLength, Need::kOptional, "characters (8)"},
    {"min_score", &kPasswordScore, Need::kOptional, "strength by zxcvbn, 0 to 4 (3)"},
    {"max_age", &kLongDuration, Need::kOptional, "a password older than this has to be changed; absent: never"}};
constexpr Shape kPasswords = object_shape(kPasswordKeys);
constexpr Choice kRegistrationChoices[] = {{"closed"},
                                           {"invite", "this version does not do invitations: only closed"},
                                           {"open", "this version does not do open registration: only closed"}};
constexpr Shape kRegistrationWord = choice_shape(kRegistrationChoices);
constexpr Shape kRegistrationDomains = refused_shape("this version does not do registration by domain: only closed");
constexpr const Shape* kRegistrationForms[] = {&kRegistrationWord, &kRegistrationDomains};
constexpr Shape kRegistration = either_shape("closed", kRegistrationForms);
constexpr Shape kMail = refused_shape("this version does not send mail");
constexpr Shape kPlatformSecrets = refused_shape("this version does not keep secrets of the platform");
constexpr Shape kTokensPerUser = integer_shape(1, 10'000);
constexpr Key kTokenKeys[] = {
    {"max_life", &kLongDuration, Need::kOptional, "a token counts no longer than this after it was made (365d)"},
    {"per_user", &kTokensPerUser, Need::kOptional, "living tokens of one user or service account (100)"}};
constexpr Shape kTokens = object_shape(kTokenKeys);
constexpr Key kPlatformKeys[] = {
    {"kind", &kPlatformWord, Need::kRequired, "what this is"},
    {"name", &kPlatformWord, Need::kRequired, "there is one platform, and it is called so"},
    {"networks", &kNetworks, Need::kOptional, "client networks that may come in at all; empty: all"},
    {"sessions", &kSessions, Need::kOptional, "how long a sign-in lasts"},
    {"passwords", &kPasswords, Need::kOptional, "what a local password must be"},
    {"tokens", &kTokens, Need::kOptional, "how long tokens may last, and how many one may have"},
    {"registration", &kRegistration, Need::kOptional, "who may make an account"},
    {"mfa", &kPlatformMfa, Need::kOptional, "of whom is a second factor demanded? (optional: of nobody)"},
    {"certificate_strength", &kStrength, Need::kOptional, "what a sign-in by certificate counts as (password)"},
    {"rate_limits", &kRateLimits, Need::kOptional, "how often anybody may ask, the gate's own pages too"},
    {"mail", &kMail, Need::kOptional, "not in this version"},
    {"secrets", &kPlatformSecrets, Need::kOptional, "not in this version"}};
constexpr Shape kPlatform = object_shape(kPlatformKeys);

// team
constexpr Choice kKindTeam[] = {{"team"}};
constexpr Shape kTeamWord = choice_shape(kKindTeam);
constexpr Key kTeamKeys[] = {
    {"kind", &kTeamWord, Need::kRequired, "what this is"},
    {"name", &kName, Need::kRequired, "unique among teams"},
    {"networks", &kNetworks, Need::kOptional, "client networks that may reach the team's resources; empty: all"},
    {"mfa", &kTeamMfa, Need::kOptional, "of whom is a second factor demanded for the team's resources?"},
    {"members", &kPeople, Need::kOptional, "user name to role"}};
constexpr Shape kTeam = object_shape(kTeamKeys);

constexpr Shape kCertificate =
    text_shape("a certificate like email:alice@example.test", check_certificate, kCertificatePatternPattern);
constexpr Shape kCertificates = list_shape(&kCertificate, 1, 256);
constexpr Shape kOwnCertificates = list_shape(&kCertificate, 0, 16);

// user
constexpr Choice kKindUser[] = {{"user"}};
constexpr Shape kUserWord = choice_shape(kKindUser);
constexpr Shape kEmail = or_null(text_shape("an e-mail address", check_email));
constexpr Shape kTime =
    or_null(text_shape("a time like 2026-01-31T12:00:00Z", check_time, "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+Z)?$"));
// What providers said of a user: `get` shows it.
constexpr Shape kSubject = text_shape("how the provider tells this person apart", nullptr, "", 512);
constexpr Key kIdentityKeys[] = {
    {"provider", &kName, Need::kRequired, "the name of an identity_provider"},
    {"subject", &kSubject, Need::kRequired, "who this is there"},
    {"admin", &kBoolShape, Need::kOptional, "shown: the provider makes an admin of this user"},
    {"roles", &kPeople, Need::kOptional, "shown: the roles the provider's groups give, by team"}};
constexpr Shape kIdentity = object_shape(kIdentityKeys);
constexpr Shape kIdentities = list_shape(&kIdentity, 0, kIdentitiesMax);
constexpr Key kUserKeys[] = {
    {"kind", &kUserWord, Need::kRequired, "what this is"},
    {"name", &kName, Need::kRequired, "unique among users"},
    {"email", &kEmail, Need::kOptional, "may be used to sign in"},
    {"password", &kSecretValue, Need::kOptional, "write-only; counts when the user is made"},
    {"admin", &kBoolShape, Need::kOptional, "manages the platform; gives no access to data (false)"},
    {"suspended", &kBoolShape, Need::kOptional, "may not sign in or go on (false)"},
    {"change_password", &kBoolShape, Need::kOptional,
     "has to set another password before anything else; asked for each time it is applied (false)"},
    {"password_set", &kTime, Need::kOptional, "shown: when the password was set; what a document says is not taken"},
    {"mfa", &kMfa, Need::kOptional, "is a second factor demanded of this user? (optional)"},
    {"certificates", &kOwnCertificates, Need::kOptional, "client certificates to sign in with; nobody else's"},
    {"identities", &kIdentities, Need::kOptional,
     "links to identity providers: absent keeps them; roles and admin come from sign-ins alone"}};
constexpr Shape kUser = object_shape(kUserKeys);

// service account
constexpr Choice kKindServiceAccount[] = {{"service_account"}};
constexpr Shape kServiceAccountWord = choice_shape(kKindServiceAccount);
constexpr Key kServiceAccountKeys[] = {
    {"kind", &kServiceAccountWord, Need::kRequired, "what this is"},
    {"name", &kName, Need::kRequired, "unique among service accounts and users"},
    {"team", &kName, Need::kRequired, "whose it is; its owners may rotate and revoke the tokens"},
    {"role", &kRole, Need::kOptional, "in this team (none); elsewhere by `roles` of a resource"},
    {"networks", &kNetworks, Need::kOptional, "its tokens count from these client networks; empty: all"},
    {"strength", &kStrength, Need::kOptional, "what its tokens count as where a second factor is asked for (password)"},
    {"suspended", &kBoolShape, Need::kOptional, "its tokens do not count (false)"}};
constexpr Shape kServiceAccount = object_shape(kServiceAccountKeys);

// what datasource and instance have in common
constexpr Shape kAt = text_shape("host[/prefix], no port", check_at);
constexpr Shape kUrl = text_shape("an https:// or http:// URL", check_url);
constexpr Shape kServerName = or_null(text_shape("a host name or an IP address", check_server_name));
constexpr Shape kHostToSend = or_null(text_shape("a host name or address, with :PORT if wanted", check_upstream_host));
constexpr Shape kAddress = or_null(text_shape("an IP address", check_address));
constexpr Key kTimeoutKeys[] = {
    {"connect", &kTimeout, Need::kOptional, "for the connection and its TLS handshake (5s)"},
    {"response", &kTimeout, Need::kOptional, "for the first byte of the answer (60s)"},
    {"idle", &kTimeout, Need::kOptional, "without a byte in either direction (300s)"}};
constexpr Shape kTimeouts = object_shape(kTimeoutKeys);
constexpr Key kUpstreamKeys[] = {
    {"url", &kUrl, Need::kRequired, "where requests go; its path is put in front"},
    {"networks", &kNetworks, Need::kOptional, "networks it may be in; what is not public must be listed"},
    {"ca", &kCa, Need::kOptional, "certificates that its own must lead to; default: the system's"},
    {"server_name", &kServerName, Need::kOptional, "the name its certificate must carry; default: the host of url"},
    {"host", &kHostToSend, Need::kOptional, "Host to send; default: url's (datasource), the client's (instance)"},
    {"http2", &kBoolShape, Need::kOptional, "HTTP/2, by ALPN or, to http://, without asking (false)"},
    {"source_address", &kAddress, Need::kOptional, "the address to connect from"},
    {"timeout", &kTimeouts, Need::kOptional, "how long to wait"}};
constexpr Shape kUpstream = object_shape(kUpstreamKeys);

constexpr Shape kHeaderValue = empty_is_fine(text_shape("text with {{ secrets.NAME }}", check_header_value));
constexpr Shape kQueryValue = empty_is_fine(text_shape("text with {{ secrets.NAME }}", check_query_value));
constexpr Shape kHeaders = map_shape(check_header_name, &kHeaderValue, kHeadersMax);
constexpr Shape kQuery = map_shape(check_query_name, &kQueryValue, kHeadersMax);
constexpr Shape kFirstMessage = text_shape("JSON with {{ secrets.NAME }} in its strings", check_first_message);
constexpr Key kInjectKeys[] = {{"headers", &kHeaders, Need::kOptional, "name to value"},
                               {"query", &kQuery, Need::kOptional, "name to value"},
                               {"first_message", &kFirstMessage, Need::kOptional,
                                "JSON, sent first on each WebSocket to the upstream; node-red: on /comms alone"}};
constexpr Shape kInject = object_shape(kInjectKeys);

#define SALLYPORT_NO_AUTH(word) {word, "this version does not do " word " authentication to upstreams"}
constexpr Choice kAuthChoices[] = {{"none"},
                                   {"basic"},
                                   {"bearer"},
                                   {"api_key"},
                                   SALLYPORT_NO_AUTH("digest"),
                                   SALLYPORT_NO_AUTH("oauth2_client_credentials"),
                                   SALLYPORT_NO_AUTH("oauth2_authorization_code"),
                                   SALLYPORT_NO_AUTH("jwt_bearer"),
                                   SALLYPORT_NO_AUTH("aws_sigv4"),
                                   SALLYPORT_NO_AUTH("client_certificate"),
                                   SALLYPORT_NO_AUTH("user_token")};
#undef SALLYPORT_NO_AUTH
constexpr Shape kAuthType = choice_shape(kAuthChoices);
constexpr Shape kBasicUser = text_shape("a user name", check_basic_user, "^[^:]+$", 256);
constexpr Shape kKeyHeader = text_shape("the name of a header", check_header_name);
constexpr Shape kKeyQuery = text_shape("the name of a parameter", check_query_name, "", 128);
constexpr Key kAuthKeys[] = {
    {"type", &kAuthType, Need::kRequired, "basic uses secrets.password, bearer secrets.token, api_key secrets.key"},
    {"username", &kBasicUser, Need::kOptional, "of basic"},
    {"header", &kKeyHeader, Need::kOptional, "of api_key: the header that carries it"},
    {"query", &kKeyQuery, Need::kOptional, "of api_key: the parameter that carries it"}};
constexpr Shape kAuth = object_shape(kAuthKeys);

constexpr Key kCredentialKeys[] = {{"roles", &kCredentialRoles, Need::kRequired, "whose requests get it"},
                                   {"inject", &kInject, Need::kRequired, "what is put in"}};
constexpr Shape kCredential = object_shape(kCredentialKeys);
constexpr Shape kCredentials = list_shape(&kCredential, 0, kCredentialsMax);

constexpr Choice kGuardChoices[] = {{"mask"}, {"block"}, {"none"}};
constexpr Shape kGuard = choice_shape(kGuardChoices);
constexpr Shape kOrigin = text_shape("an origin like https://app.example.test", check_origin);
constexpr Shape kOrigins = list_shape(&kOrigin, 0, 64);
constexpr Choice kPathsModeChoices[] = {{"strict"}, {"raw"}};
constexpr Shape kPathsMode = choice_shape(kPathsModeChoices);

constexpr Shape kMethod = text_shape("a method in capitals, like GET", check_method, "^[A-Z][A-Z-]*$", 32);
constexpr Shape kMethods = list_shape(&kMethod, 1, 32);
constexpr Shape kRulePath = text_shape("a path like /reports", check_rule_path, "^/[^?#*]*$");
constexpr Shape kPaths = list_shape(&kRulePath, 1, kPathsMax);
constexpr Key kWithinKeys[] = {
    {"within", &kLongDuration, Need::kRequired, "how long ago the factor may have been shown"}};
constexpr Shape kWithin = object_shape(kWithinKeys);
constexpr const Shape* kRuleMfaForms[] = {&kMfa, &kWithin};
constexpr Shape kRuleMfa = either_shape("optional, required or {within: DURATION}", kRuleMfaForms);

// datasource
constexpr Choice kKindDatasource[] = {{"datasource"}};
constexpr Shape kDatasourceWord = choice_shape(kKindDatasource);
constexpr Choice kDatasourceTypes[] = {{"http"},
                                       {"postgres", "this version does not do datasources of type postgres"},
                                       {"mysql", "this version does not do datasources of type mysql"},
                                       {"redis", "this version does not do datasources of type redis"},
                                       {"mqtt", "this version does not do datasources of type mqtt"}};
constexpr Shape kDatasourceType = choice_shape(kDatasourceTypes);
constexpr Key kAccessKeys[] = {{"roles", &kRoles, Need::kRequired, "exactly these; [] admits nobody"},
                               {"methods", &kMethods, Need::kOptional, "GET covers HEAD; default: all"},
                               {"paths", &kPaths, Need::kOptional, "prefixes of whole segments; default: all"},
                               {"networks", &kNetworks, Need::kOptional, "client networks; empty: all"},
                               {"mfa", &kRuleMfa, Need::kOptional, "a second factor, or a fresh one"},
                               {"certificates", &kCertificates, Need::kOptional, "one of these client certificates"}};
constexpr Shape kAccessRule = object_shape(kAccessKeys);
constexpr Shape kAccess = list_shape(&kAccessRule, 0, kRulesMax);

// instance
constexpr Choice kKindInstance[] = {{"instance"}};
constexpr Shape kInstanceWord = choice_shape(kKindInstance);
constexpr Choice kInstanceTypes[] = {{"web"}, {"node-red"}};
constexpr Shape kInstanceType = choice_shape(kInstanceTypes);
constexpr Key kAreaKeys[] = {
    {"name", &kName, Need::kRequired, "unique among the areas of the instance"},
    {"paths", &kPaths, Need::kRequired, "prefixes of whole segments; the first area with one that fits decides"},
    {"methods", &kMethods, Need::kOptional, "GET covers HEAD; default: all"},
    {"public", &kBoolShape, Need::kOptional, "true: no sign-in is needed here (false)"},
    {"roles", &kRoles, Need::kOptional, "exactly these; [] closes the area; needed unless public"},
    {"read_only_for", &kRoles, Need::kOptional, "roles that have GET, HEAD and OPTIONS without Upgrade only"},
    {"websocket", &kBoolShape, Need::kOptional,
     "may those of read_only_for, and all where methods are listed, open WebSockets? (false)"},
    {"networks", &kNetworks, Need::kOptional, "client networks; empty: all"},
    {"mfa", &kRuleMfa, Need::kOptional, "a second factor, or a fresh one"},
    {"certificates", &kCertificates, Need::kOptional, "one of these client certificates"}};
constexpr Shape kArea = object_shape(kAreaKeys);
constexpr Shape kAreas = list_shape(&kArea, 0, kRulesMax);
constexpr Shape kDashboards = list_shape(&kRulePath, 0, 16);

#define SALLYPORT_COMMON_KEYS                                                                                        \
  {"name", &kName, Need::kRequired, "unique among its kind"}, {"team", &kName, Need::kRequired, "whose it is"},      \
      {"at", &kAt, Need::kRequired, "where clients find it: host[/prefix]; the longest prefix wins"},                \
      {"networks", &kNetworks, Need::kOptional, "client networks that may come in; empty: all"},                     \
      {"roles", &kPeople, Need::kOptional, "user name to role, in place of the role in the team, up or down"},       \
      {"rate_limits", &kRateLimits, Need::kOptional, "how often anybody may ask, beside the platform's"},            \
      {"upstream", &kUpstream, Need::kRequired, "where requests go"},                                                \
      {"secrets", &kSecrets, Need::kOptional, "write-only, always sealed; null deletes one"},                        \
      {"inject", &kInject, Need::kOptional, "what is put into each request"},                                        \
      {"auth", &kAuth, Need::kOptional, "usual ways to authenticate, over inject"},                                  \
      {"credentials", &kCredentials, Need::kOptional, "per role, in place of inject; the first that fits"},          \
      {"guard", &kGuard, Need::kOptional, "what happens to a secret in an answer (mask)"},                           \
      {"pass_authorization", &kBoolShape, Need::kOptional, "may the client's own Authorization travel on? (false)"}, \
      {"pass_certificate", &kBoolShape, Need::kOptional, "may the upstream see the client's certificate? (false)"},  \
      {"origins", &kOrigins, Need::kOptional, "other origins whose scripts may call this"},                          \
      {"paths_mode", &kPathsMode, Need::kOptional, "raw: only where no rule or area names a path (strict)"}

constexpr Key kDatasourceKeys[] = {
    {"kind", &kDatasourceWord, Need::kRequired, "what this is"},
    {"type", &kDatasourceType, Need::kRequired, "what the upstream speaks"},
    SALLYPORT_COMMON_KEYS,
    {"access", &kAccess, Need::kOptional, "who may do what; default: owner and member may do all"},
    {"areas", &kAreas, Need::kForeign, "a datasource has `access` in place of `areas`"}};
constexpr Shape kDatasource = object_shape(kDatasourceKeys);

constexpr Key kInstanceKeys[] = {
    {"kind", &kInstanceWord, Need::kRequired, "what this is"},
    {"type", &kInstanceType, Need::kRequired, "what the tool is"},
    SALLYPORT_COMMON_KEYS,
    {"areas", &kAreas, Need::kOptional, "who may go where; default: owner and member everywhere, or the preset"},
    {"access", &kAccess, Need::kForeign, "an instance has `areas` in place of `access`"},
    {"node_root", &kRulePath, Need::kOptional, "node-red: its httpNodeRoot (/)"},
    {"admin_root", &kRulePath, Need::kOptional, "node-red: its httpAdminRoot (/)"},
    {"dashboards", &kDashboards, Need::kOptional, "node-red: under node_root ([/dashboard, /ui])"}};
constexpr Shape kInstance = object_shape(kInstanceKeys);
#undef SALLYPORT_COMMON_KEYS

}  // namespace

const Shape& resource_shape(Kind kind) {
  switch (kind) {
    case Kind::kPlatform:
      return kPlatform;
    case Kind::kTeam:
      return kTeam;
    case Kind::kUser:
      return kUser;
    case Kind::kDatasource:
      return kDatasource;
    case Kind::kInstance:
      return kInstance;
    case Kind::kServiceAccount:
      return kServiceAccount;
    case Kind::kIdentityProvider:
      return provider_shape();
  }
  return kPlatform;
}

}  // namespace sallyport::policy
