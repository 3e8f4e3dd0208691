// The keys of an identity provider.
#include "policy/common_shapes.h"
#include "policy/provider_checks.h"
#include "policy/resource_shapes.h"

namespace sallyport::policy {
namespace {

constexpr Choice kKindWord[] = {{"identity_provider"}};
constexpr Shape kKind = choice_shape(kKindWord);
constexpr Choice kTypeChoices[] = {{"saml"}, {"oidc"}, {"ldap"}};
constexpr Shape kType = choice_shape(kTypeChoices);
constexpr Shape kLabel = text_shape("a few words for people", nullptr, "", 64);
constexpr Shape kDomain = shown(text_shape("a domain like example.test", check_domain));
constexpr Shape kDomains = list_shape(&kDomain, 0, 256);
constexpr Shape kSkew = text_shape("a duration like 60s, at most 5m", check_clock_skew, "^[0-9]+(ms|s|m)$", 16);
constexpr Shape kAttribute = text_shape("the name of an attribute or claim", check_attribute, "", 256);
constexpr Shape kUri = text_shape("a name like urn:oasis:names:...", check_attribute, "", 512);
constexpr Shape kUris = list_shape(&kUri, 0, 16);

constexpr Shape kPattern =
    empty_is_fine(text_shape("a pattern like sp-<team>-<role>", check_group_pattern_text, "", 128));
constexpr Shape kDecoration = text_shape("text that groups begin or end with", nullptr, "", 128);
constexpr Shape kDecorations = list_shape(&kDecoration, 0, 32);
constexpr Shape kGroup = text_shape("a group, or a regular expression for whole ones", check_group_expression_text);
constexpr Shape kGroupTeam = text_shape("a team, in which \\1 to \\9 may stand", check_group_team_text, "", 128);
constexpr Shape kAdminGroup = text_shape("a group", nullptr, "", 512);
constexpr Key kMappingKeys[] = {
    {"group", &kGroup, Need::kRequired, "a whole group, or a regular expression (RE2) that fits all of it"},
    {"team", &kGroupTeam, Need::kRequired, "the team; \\1 is the expression's first part in brackets"},
    {"role", &kRole, Need::kRequired, "the role there"}};
constexpr Shape kMapping = object_shape(kMappingKeys);
constexpr Shape kMappings = list_shape(&kMapping, 0, 256);
constexpr Key kGroupKeys[] = {
    {"attribute", &kAttribute, Need::kOptional, "where the groups are: attribute or claim (groups; ldap: memberOf)"},
    {"pattern", &kPattern, Need::kOptional, "how a group names team and role (sp-<team>-<role>); empty: none does"},
    {"trim_prefixes", &kDecorations, Need::kOptional, "taken off the front of a group, the first that fits"},
    {"trim_suffixes", &kDecorations, Need::kOptional, "taken off its end, the first that fits"},
    {"map", &kMappings, Need::kOptional, "groups that give a role whatever the pattern says"},
    {"admin", &kAdminGroup, Need::kOptional, "whoever is in this group, spelled exactly so, is a platform admin"}};
constexpr Shape kGroups = object_shape(kGroupKeys);

constexpr Key kAttributeKeys[] = {
    {"subject", &kAttribute, Need::kOptional,
     "what tells people apart for ever (saml: the NameID; oidc: sub; ldap: entryUUID or objectGUID)"},
    {"email", &kAttribute, Need::kOptional,
     "the e-mail address (saml: mail, email or its OID; oidc: email; ldap: mail)"},
    {"name", &kAttribute, Need::kOptional,
     "what a new account is called after (saml, ldap: uid; oidc: preferred_username)"}};
constexpr Shape kAttributes = object_shape(kAttributeKeys);

constexpr Key kNetworkKeys[] = {
    {"networks", &kNetworks, Need::kOptional, "networks it may be in; what is not public must be listed"},
    {"ca", &kCa, Need::kOptional, "certificates that its own must lead to; default: the system's"}};
constexpr Shape kNetwork = object_shape(kNetworkKeys);

constexpr Shape kMetadata = with_lines(text_shape("a file, or an https:// URL", check_metadata, "", int64_t{4} << 20));
constexpr Key kSamlKeys[] = {
    {"metadata", &kMetadata, Need::kRequired,
     "the provider's metadata: a file, or an https:// URL that is asked again and again"},
    {"metadata_signers", &kCa, Need::kOptional, "certificates, one of which has to have signed the metadata"},
    {"entity_id", &kUri, Need::kOptional, "which provider, where the metadata has several"},
    {"sign_requests", &kBoolShape, Need::kOptional, "sign what is sent to it (true)"},
    {"want_encrypted", &kBoolShape, Need::kOptional, "an assertion that is not encrypted is refused (false)"},
    {"allow_cbc", &kBoolShape, Need::kOptional, "take AES-CBC, inside a signed response (false: AES-GCM alone)"},
    {"idp_initiated", &kBoolShape, Need::kOptional, "take answers that nobody asked for (false)"},
    {"force_authn", &kBoolShape, Need::kOptional, "have it ask people each time (false)"},
    {"clock_skew", &kSkew, Need::kOptional, "how far its clock may be off (60s)"},
    {"name_id_format", &kUri, Need::kOptional, "the kind of NameID to ask for; absent: whichever"},
    {"authn_contexts", &kUris, Need::kOptional, "ways of signing in of which one is demanded; absent: any"}};
constexpr Shape kSaml = object_shape(kSamlKeys);

constexpr Shape kIssuer = text_shape("an https:// URL", check_issuer, "", 512);
constexpr Shape kClientId = text_shape("the id that the provider gave this gateway", check_attribute, "", 256);
constexpr Shape kScope = text_shape("a scope like openid", check_scope, "", 128);
constexpr Shape kScopes = list_shape(&kScope, 1, 32);
constexpr Choice kClientAuthChoices[] = {{"basic"}, {"post"}, {"none"}};
constexpr Shape kClientAuth = choice_shape(kClientAuthChoices);
constexpr Key kOidcKeys[] = {
    {"issuer", &kIssuer, Need::kRequired, "as the provider spells it"},
    {"client_id", &kClientId, Need::kRequired, "of this gateway"},
    {"scopes", &kScopes, Need::kOptional, "what to ask for ([openid, email, profile])"},
    {"client_auth", &kClientAuth, Need::kOptional,
     "how the client secret is shown (basic); none: a client without one"},
    {"userinfo", &kBoolShape, Need::kOptional, "ask the userinfo endpoint for claims, too (false)"},
    {"require_email_verified", &kBoolShape, Need::kOptional, "an address counts only with email_verified: true (true)"},
    {"acr_values", &kUris, Need::kOptional, "ways of signing in of which one is demanded; absent: any"},
    {"clock_skew", &kSkew, Need::kOptional, "how far its clock may be off (60s)"}};
constexpr Shape kOidc = object_shape(kOidcKeys);

constexpr Shape kLdapUrl = text_shape("ldaps://host[:port] or ldap://host[:port]", check_ldap_url, "", 512);
constexpr Shape kLdapUrls = list_shape(&kLdapUrl, 1, 8);
constexpr const Shape* kLdapUrlForms[] = {&kLdapUrl, &kLdapUrls};
constexpr Shape kLdapUrlOrList = either_shape("an ldaps:// URL or a list of them", kLdapUrlForms);
constexpr Shape kDn = text_shape("a distinguished name like dc=example,dc=test", nullptr, "", 1024);
constexpr Shape kUserFilter = text_shape("a filter like (uid={user})", check_user_filter, "", 1024);
constexpr Shape kGroupFilter = text_shape("a filter like (member={dn})", check_group_filter, "", 1024);
constexpr Shape kNesting = integer_shape(0, 10);
constexpr Key kLdapKeys[] = {
    {"url", &kLdapUrlOrList, Need::kRequired, "where it is; of several, the next one when one does not answer"},
    {"start_tls", &kBoolShape, Need::kOptional, "of ldap:// (true); false only to this machine itself"},
    {"bind_dn", &kDn, Need::kOptional, "who searches, with secrets.bind_password; absent: nobody"},
    {"base_dn", &kDn, Need::kRequired, "where people are searched"},
    {"user_filter", &kUserFilter, Need::kOptional, "who is meant by what was typed ((uid={user}))"},
    {"groups_dn", &kDn, Need::kOptional, "where groups are searched; absent: an attribute of the person names them"},
    {"group_filter", &kGroupFilter, Need::kOptional, "which groups have {dn} ((|(member={dn})(uniqueMember={dn})))"},
    {"group_name", &kAttribute, Need::kOptional, "the attribute with a group's name (cn)"},
    {"nesting", &kNesting, Need::kOptional, "levels of groups inside groups (0)"},
    {"timeout", &kTimeout, Need::kOptional, "for each step (5s)"}};
constexpr Shape kLdap = object_shape(kLdapKeys);

constexpr Shape kSecrets = map_shape(check_secret_name, &kSecretValue, kSecretsMax);
constexpr Key kProviderKeys[] = {
    {"kind", &kKind, Need::kRequired, "what this is"},
    {"name", &kName, Need::kRequired, "unique among identity providers; a part of their addresses here"},
    {"type", &kType, Need::kRequired, "how it speaks"},
    {"label", &kLabel, Need::kOptional, "on the sign-in page (the name)"},
    {"domains", &kDomains, Need::kOptional, "of the e-mail addresses it may vouch for"},
    {"required", &kBoolShape, Need::kOptional,
     "people of its domains sign in there alone, but for admins by hand (false)"},
    {"provision", &kBoolShape, Need::kOptional, "make an account at the first sign-in (false)"},
    {"strength", &kStrength, Need::kOptional, "what a sign-in there counts as (password)"},
    {"groups", &kGroups, Need::kOptional, "how its groups become roles"},
    {"attributes", &kAttributes, Need::kOptional, "where it says who somebody is"},
    {"sessions", &kSessions, Need::kOptional, "how long a sign-in there lasts here (as the platform says)"},
    {"upstream", &kNetwork, Need::kOptional, "where the gateway may go for it, and whom it believes there"},
    {"secrets", &kSecrets, Need::kOptional, "client_secret (oidc), bind_password (ldap)"},
    {"saml", &kSaml, Need::kOptional, "of type saml"},
    {"oidc", &kOidc, Need::kOptional, "of type oidc"},
    {"ldap", &kLdap, Need::kOptional, "of type ldap"}};
constexpr Shape kProvider = object_shape(kProviderKeys);

}  // namespace

const Shape& provider_shape() { return kProvider; }

}  // namespace sallyport::policy
