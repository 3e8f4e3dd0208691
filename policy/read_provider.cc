#include "policy/read_provider.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/shape.h"
#include "base/units.h"
#include "policy/group_roles.h"
#include "policy/provider_checks.h"
#include "policy/read_protected.h"

namespace sallyport::policy {
namespace {

using Json = nlohmann::json;

template <class Duration>
void read_duration(const Json& object, std::string_view key, Duration& out) {
  const auto text = text_at(object, key);
  if (!text) return;
  if (const auto duration = parse_duration(*text)) out = std::chrono::duration_cast<Duration>(*duration);
}

void read_text(const Json& object, std::string_view key, std::string& out) {
  if (const auto text = text_at(object, key)) out = *text;
}

std::vector<std::string> read_texts(const Json& object, std::string_view key) {
  std::vector<std::string> out;
  const Json* const list = member(object, key);
  if (!list || !list->is_array()) return out;
  for (const Json& entry : *list)
    if (entry.is_string()) out.push_back(entry.get<std::string>());
  return out;
}

GroupRules read_groups(const Json& object, Mistakes& mistakes) {
  GroupRules out;
  read_text(object, "attribute", out.attribute);
  read_text(object, "pattern", out.pattern);
  out.trim_prefixes = read_texts(object, "trim_prefixes");
  out.trim_suffixes = read_texts(object, "trim_suffixes");
  read_text(object, "admin", out.admin);
  const Json* const map = member(object, "map");
  if (!map || !map->is_array()) return out;
  for (const Json& entry : *map) {
    if (!entry.is_object()) continue;
    out.map.push_back({std::string(text_at(entry, "group").value_or("")),
                       std::string(text_at(entry, "team").value_or("")),
                       parse_role(text_at(entry, "role").value_or("")).value_or(Role::kNone)});
    const std::string path = "groups.map[" + std::to_string(out.map.size() - 1) + "]";
    if (!is_clean(mistakes, path)) continue;
    if (const auto fits = check_group_mapping(out.map.back().group, out.map.back().team); !fits)
      mistakes.push_back({path + ".team", fits.error().what, "conflict", "", 0});
  }
  return out;
}

SamlSettings read_saml(const Json& object, Mistakes& mistakes) {
  SamlSettings out;
  const std::string_view metadata = text_at(object, "metadata").value_or("");
  (is_metadata_document(metadata) ? out.metadata_xml : out.metadata_url) = metadata;
  read_text(object, "metadata_signers", out.metadata_signers_pem);
  read_text(object, "entity_id", out.entity_id);
  out.sign_requests = bool_at(object, "sign_requests", true);
  out.want_encrypted = bool_at(object, "want_encrypted", false);
  out.allow_cbc = bool_at(object, "allow_cbc", false);
  out.idp_initiated = bool_at(object, "idp_initiated", false);
  out.force_authn = bool_at(object, "force_authn", false);
  // Nobody asked for such an answer, so nobody asked for a fresh sign-in either.
  if (out.force_authn && out.idp_initiated)
    mistakes.push_back({"saml.idp_initiated", "must be false with force_authn: true", "conflict", "", 0});
  read_duration(object, "clock_skew", out.clock_skew);
  read_text(object, "name_id_format", out.name_id_format);
  out.authn_contexts = read_texts(object, "authn_contexts");
  return out;
}

OidcSettings read_oidc(const Json& object, Mistakes& mistakes) {
  OidcSettings out;
  read_text(object, "issuer", out.issuer);
  read_text(object, "client_id", out.client_id);
  if (auto scopes = read_texts(object, "scopes"); !scopes.empty()) out.scopes = std::move(scopes);
  if (std::ranges::find(out.scopes, "openid") == out.scopes.end())
    mistakes.push_back({"oidc.scopes", "must hold openid", "conflict", "", 0});
  const auto auth = text_at(object, "client_auth");
  if (auth == "post") out.client_auth = OidcClientAuth::kPost;
  if (auth == "none") out.client_auth = OidcClientAuth::kNone;
  out.userinfo = bool_at(object, "userinfo", false);
  out.require_email_verified = bool_at(object, "require_email_verified", true);
  out.acr_values = read_texts(object, "acr_values");
  read_duration(object, "clock_skew", out.clock_skew);
  return out;
}

LdapSettings read_ldap(const Json& object, Mistakes& mistakes) {
  LdapSettings out;
  if (const auto url = text_at(object, "url"))
    out.urls.emplace_back(*url);
  else
    out.urls = read_texts(object, "url");
  out.start_tls = bool_at(object, "start_tls", true);
  for (const std::string& url : out.urls) {
    const bool bare = !out.start_tls && url.starts_with("ldap://") && is_clean(mistakes, "ldap.url");
    if (bare && !is_provider_url("http://" + url.substr(7)))
      mistakes.push_back(
          {"ldap.start_tls", "must be true: ldap:// without it goes to this machine itself alone", "conflict", "", 0});
  }
  read_text(object, "bind_dn", out.bind_dn);
  read_text(object, "base_dn", out.base_dn);
  read_text(object, "user_filter", out.user_filter);
  read_text(object, "groups_dn", out.groups_dn);
  read_text(object, "group_filter", out.group_filter);
  read_text(object, "group_name", out.group_name);
  out.nesting = static_cast<int>(integer_at(object, "nesting").value_or(0));
  read_duration(object, "timeout", out.timeout);
  return out;
}

// The settings of this type, and of no other.
const Json* settings_of(const Json& document, std::string_view type, Mistakes& mistakes) {
  for (const std::string_view other : {"saml", "oidc", "ldap"}) {
    if (other != type && member(document, other))
      mistakes.push_back({std::string(other), "is not of this type", "conflict", "", 0});
  }
  const Json* const settings = member(document, type);
  if (!settings) mistakes.push_back({std::string(type), "is missing", "missing", "", 0});
  return settings && settings->is_object() ? settings : nullptr;
}

}  // namespace

IdentityProvider read_provider(const Json& document, Mistakes& mistakes) {
  IdentityProvider out;
  const std::string_view type = text_at(document, "type").value_or("");
  if (type == "oidc") out.type = ProviderType::kOidc;
  if (type == "ldap") out.type = ProviderType::kLdap;
  read_text(document, "label", out.label);
  for (std::string& domain : read_texts(document, "domains")) {
    std::ranges::transform(domain, domain.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    if (std::ranges::find(out.domains, domain) == out.domains.end()) out.domains.push_back(std::move(domain));
  }
  out.required = bool_at(document, "required", false);
  if (out.required && out.domains.empty())
    mistakes.push_back({"required", "needs domains: whom is it required of?", "conflict", "", 0});
  out.provision = bool_at(document, "provision", false);
  if (text_at(document, "strength") == "mfa") out.strength = Strength::kMfa;
  if (const Json* groups = member(document, "groups")) out.groups = read_groups(*groups, mistakes);
  if (const Json* attributes = member(document, "attributes")) {
    read_text(*attributes, "subject", out.attributes.subject);
    read_text(*attributes, "email", out.attributes.email);
    read_text(*attributes, "name", out.attributes.name);
  }
  if (const Json* sessions = member(document, "sessions")) {
    if (text_at(*sessions, "absolute")) read_duration(*sessions, "absolute", out.session_absolute.emplace());
    if (text_at(*sessions, "idle")) read_duration(*sessions, "idle", out.session_idle.emplace());
  }
  if (const Json* upstream = member(document, "upstream")) {
    out.network.networks = read_networks(*upstream);
    read_text(*upstream, "ca", out.network.ca_pem);
  }
  if (!is_clean(mistakes, "type") || type.empty()) return out;
  const Json* const settings = settings_of(document, type, mistakes);
  if (!settings) return out;
  switch (out.type) {
    case ProviderType::kSaml:
      out.saml = read_saml(*settings, mistakes);
      break;
    case ProviderType::kOidc:
      out.oidc = read_oidc(*settings, mistakes);
      break;
    case ProviderType::kLdap:
      out.ldap = read_ldap(*settings, mistakes);
      break;
  }
  return out;
}

std::vector<ProvidedIdentity> read_identities(const Json& user) {
  std::vector<ProvidedIdentity> out;
  const Json* const list = member(user, "identities");
  if (!list || !list->is_array()) return out;
  for (const Json& entry : *list) {
    if (!entry.is_object()) continue;
    out.push_back({.provider = std::string(text_at(entry, "provider").value_or("")),
                   .subject = std::string(text_at(entry, "subject").value_or("")),
                   .admin = bool_at(entry, "admin", false),
                   .roles = read_people(entry, "roles")});
  }
  return out;
}

Json identities_json(const std::vector<ProvidedIdentity>& identities) {
  Json out = Json::array();
  for (const ProvidedIdentity& identity : identities) {
    Json entry{{"provider", identity.provider}, {"subject", identity.subject}};
    if (identity.admin) entry["admin"] = true;
    for (const auto& [team, role] : identity.roles) entry["roles"][team] = to_string(role);
    out.push_back(std::move(entry));
  }
  return out;
}

std::string_view to_string(ProviderType type) {
  switch (type) {
    case ProviderType::kSaml:
      return "saml";
    case ProviderType::kOidc:
      return "oidc";
    case ProviderType::kLdap:
      return "ldap";
  }
  return "";
}

}  // namespace sallyport::policy
