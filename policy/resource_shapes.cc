#include "policy/resource_shapes.h"

#include "base/units.h"
#include "policy/certificate_pattern.h"
#include "policy/template_text.h"
#include "policy/texts.h"

namespace sallyport::policy {
namespace {

constexpr int64_t kNetworksMax = 1'000'000;
constexpr int64_t kPeopleMax = 100'000;
constexpr int64_t kRulesMax = 256;
constexpr int64_t kPathsMax = 256;
constexpr int64_t kHeadersMax = 32;
constexpr int64_t kCredentialsMax = 32;
constexpr int64_t kRateLimitsMax = 16;
constexpr int64_t kSecretsMax = 64;
constexpr int64_t kSecretBytesMax = 65536;
constexpr int64_t kPemBytesMax = 1 << 20;

// A reader's answer as a fault: its `what` is the message.
template <class T>
Fault fault_of(const Result<T>& result) {
  if (result) return {};
  return {result.error().what, result.error().code == Code::kLimit ? "out_of_range" : "invalid_value"};
}

Fault check_name(std::string_view text) {
  if (is_name(text)) return {};
  return {"must be a name: 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or digit first"};
}
Fault check_secret_name(std::string_view text) {
  if (is_secret_name(text)) return {};
  return {"the name of a secret is 1 to 63 letters, digits and '_', no digit first"};
}
Fault check_cidr(std::string_view text) {
  if (Cidr::parse(text)) return {};
  return {"must be an address or a network like 10.0.0.0/8 or 2001:db8::/32, with no bits behind the prefix"};
}
Fault check_address(std::string_view text) {
  return IpAddress::parse(text) ? Fault{} : Fault{"must be an IP address like 192.0.2.1 or 2001:db8::1"};
}
template <int64_t MinMs, int64_t MaxMs>
Fault check_duration(std::string_view text) {
  static_assert(MaxMs == int64_t{365} * 86'400'000 || MaxMs == 86'400'000);
  const auto duration = parse_duration(text);
  if (!duration) return fault_of(duration);
  if (duration->count() >= MinMs && duration->count() <= MaxMs) return {};
  if (MaxMs > 86'400'000) return {"must be between 1s and 365d", "out_of_range"};
  return {MinMs == 1 ? "must be between 1ms and 24h" : "must be between 1s and 24h", "out_of_range"};
}
constexpr auto check_long_duration = check_duration<1000, int64_t{365} * 86'400'000>;
constexpr auto check_timeout = check_duration<1, 86'400'000>;

Fault check_rate_per(std::string_view text) {
  const auto duration = parse_duration(text);
  if (!duration) return fault_of(duration);
  if (*duration < kRatePerMin || *duration > kRatePerMax) return {"must be between 1s and 1h", "out_of_range"};
  return {};
}

Fault check_email(std::string_view text) {
  return is_email(text) ? Fault{} : Fault{"must be an e-mail address like alice@example.test"};
}
Fault check_method(std::string_view text) {
  return is_method(text) ? Fault{} : Fault{"must be a method in capitals, like GET"};
}
Fault check_at(std::string_view text) { return fault_of(parse_at(text)); }
Fault check_rule_path(std::string_view text) { return fault_of(parse_rule_path(text)); }
Fault check_certificate(std::string_view text) { return fault_of(parse_certificate_pattern(text)); }
Fault check_origin(std::string_view text) { return fault_of(parse_origin(text)); }
Fault check_url(std::string_view text) { return fault_of(parse_upstream_url(text)); }
Fault check_server_name(std::string_view text) { return fault_of(parse_server_name(text)); }
Fault check_ca(std::string_view text) { return fault_of(check_ca_pem(text)); }
Fault check_upstream_host(std::string_view text) {
  return http::parse_authority(text) ? Fault{} : Fault{"must be a host name or address, with :PORT if wanted"};
}
Fault check_header_name(std::string_view text) { return fault_of(check_injected_header(text)); }
Fault check_query_name(std::string_view text) {
  return text.empty() || text.size() > 128 ? Fault{"the name of a parameter is 1 to 128 bytes"} : Fault{};
}
Fault check_header_value(std::string_view text) { return fault_of(parse_template(text, TemplateUse::kHeader)); }
Fault check_query_value(std::string_view text) { return fault_of(parse_template(text, TemplateUse::kQuery)); }
Fault check_first_message(std::string_view text) { return fault_of(parse_template(text, TemplateUse::kJson)); }
Fault check_basic_user(std::string_view text) {
  if (text.find("{{") != text.npos) return {"is plain text; only secrets.password is taken from the secrets"};
  // RFC 7617 s2: the first colon ends the user-id.
  return text.find(':') == text.npos ? Fault{} : Fault{"must not hold a colon"};
}

constexpr Shape empty_is_fine(Shape shape) {
  shape.min = 0;
  return shape;
}
constexpr Shape with_lines(Shape shape) {
  shape.lines = true;
  return shape;
}

constexpr Shape shown(Shape shape) {
  shape.shown = true;
  return shape;
}

constexpr Shape kName = shown(text_shape("a name like alice", check_name, kNamePattern));
constexpr Shape kCidr = text_shape("an address or a network like 10.0.0.0/8", check_cidr);
constexpr Shape kNetworks = list_shape(&kCidr, 0, kNetworksMax);
constexpr Shape kLongDuration =
    text_shape("a duration like 30s, 15m, 12h or 14d", check_long_duration, "^[0-9]+(ms|s|m|h|d)$");
constexpr Shape kTimeout = text_shape("a duration like 500ms, 30s or 15m", check_timeout, "^[0-9]+(ms|s|m|h|d)$");

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

constexpr Choice kRoleChoices[] = {{"owner"}, {"member"}, {"viewer"}, {"dashboard"}, {"none"}};
constexpr Shape kRole = choice_shape(kRoleChoices);
constexpr Choice kAdmittedChoices[] = {
    {"owner"},
    {"member"},
    {"viewer"},
    {"dashboard"},
    {"none", "is the lack of a role and admits nobody; write roles: [] for that", "invalid_value"}};
constexpr Shape kAdmittedRole = choice_shape(kAdmittedChoices);
constexpr Shape kRoles = list_shape(&kAdmittedRole, 0, 8);
constexpr Shape kCredentialRoles = list_shape(&kAdmittedRole, 1, 8);
constexpr Shape kPeople = map_shape(check_name, &kRole, kPeopleMax);

constexpr Shape kSecretValue = or_null(with_lines(empty_is_fine(text_shape("text", nullptr, "", kSecretBytesMax))));
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
constexpr Key kSessionKeys[] = {
    {"absolute", &kLongDuration, Need::kOptional, "a session ends after this, whatever happens (14d)"},
    {"idle", &kLongDuration, Need::kOptional, "and after this without use (12h)"}};
constexpr Shape kSessions = object_shape(kSessionKeys);
constexpr Shape kPasswordLength = integer_shape(8, 128);
constexpr Shape kPasswordScore = integer_shape(0, 4);
constexpr Key kPasswordKeys[] = {{"min_length", &kPasswordLength, Need::kOptional, "characters (8)"},
                                 {"min_score", &kPasswordScore, Need::kOptional, "strength by zxcvbn, 0 to 4 (3)"}};
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
constexpr Choice kStrengthChoices[] = {{"password"}, {"mfa"}};
constexpr Shape kCertificateStrength = choice_shape(kStrengthChoices);
constexpr Key kPlatformKeys[] = {
    {"kind", &kPlatformWord, Need::kRequired, "what this is"},
    {"name", &kPlatformWord, Need::kRequired, "there is one platform, and it is called so"},
    {"networks", &kNetworks, Need::kOptional, "client networks that may come in at all; empty: all"},
    {"sessions", &kSessions, Need::kOptional, "how long a sign-in lasts"},
    {"passwords", &kPasswords, Need::kOptional, "what a local password must be"},
    {"registration", &kRegistration, Need::kOptional, "who may make an account"},
    {"mfa", &kPlatformMfa, Need::kOptional, "of whom is a second factor demanded? (optional: of nobody)"},
    {"certificate_strength", &kCertificateStrength, Need::kOptional,
     "what a sign-in by certificate counts as (password)"},
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
constexpr Key kUserKeys[] = {
    {"kind", &kUserWord, Need::kRequired, "what this is"},
    {"name", &kName, Need::kRequired, "unique among users"},
    {"email", &kEmail, Need::kOptional, "may be used to sign in"},
    {"password", &kSecretValue, Need::kOptional, "write-only; counts when the user is made"},
    {"admin", &kBoolShape, Need::kOptional, "manages the platform; gives no access to data (false)"},
    {"suspended", &kBoolShape, Need::kOptional, "may not sign in or go on (false)"},
    {"mfa", &kMfa, Need::kOptional, "is a second factor demanded of this user? (optional)"},
    {"certificates", &kOwnCertificates, Need::kOptional, "client certificates to sign in with; nobody else's"}};
constexpr Shape kUser = object_shape(kUserKeys);

// what datasource and instance have in common
constexpr Shape kAt = text_shape("host[/prefix], no port", check_at);
constexpr Shape kUrl = text_shape("an https:// or http:// URL", check_url);
constexpr Shape kCa = or_null(with_lines(text_shape("PEM certificates", check_ca, "", kPemBytesMax)));
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
  }
  return kPlatform;
}

}  // namespace sallyport::policy
