#include "policy/resource.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/shape.h"
#include "base/time_text.h"
#include "base/units.h"
#include "policy/read_protected.h"
#include "policy/read_provider.h"
#include "policy/resource_shapes.h"

namespace sallyport::policy {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 7> kKinds{
    "platform", "team", "user", "datasource", "instance", "service_account", "identity_provider"};
constexpr std::array<std::string_view, 3> kLaterKinds{"query", "hook", "oauth_provider"};

void read_seconds(const Json& object, std::string_view key, std::chrono::seconds& out) {
  const auto text = text_at(object, key);
  if (!text) return;
  if (const auto duration = parse_duration(*text)) out = std::chrono::duration_cast<std::chrono::seconds>(*duration);
}

// `mfa: {roles: [admin]}`; admin is a right and no role, so it is not among the roles that are read.
bool demands_of_admins(const Json& document) {
  const Json* const form = member(document, "mfa");
  const Json* const roles = form && form->is_object() ? member(*form, "roles") : nullptr;
  return roles && roles->is_array() && std::ranges::find(*roles, Json("admin")) != roles->end();
}

Platform read_platform(const Json& document, Mistakes& mistakes) {
  Platform out;
  out.networks = read_networks(document);
  if (const Json* sessions = member(document, "sessions")) {
    read_seconds(*sessions, "absolute", out.session_absolute);
    read_seconds(*sessions, "idle", out.session_idle);
    if (out.session_idle > out.session_absolute && member(*sessions, "idle") && is_clean(mistakes, "sessions"))
      mistakes.push_back({"sessions.idle", "must not be longer than sessions.absolute", "conflict", "", 0});
  }
  out.session_idle = std::min(out.session_idle, out.session_absolute);
  if (const Json* passwords = member(document, "passwords")) {
    out.password_min_length = static_cast<int>(integer_at(*passwords, "min_length").value_or(out.password_min_length));
    out.password_min_score = static_cast<int>(integer_at(*passwords, "min_score").value_or(out.password_min_score));
    if (text_at(*passwords, "max_age")) read_seconds(*passwords, "max_age", out.password_max_age.emplace());
  }
  out.mfa = read_mfa(document);
  out.mfa_roles = read_mfa_roles(document);
  out.mfa_admins = demands_of_admins(document);
  out.rate_limits = read_rate_limits(document, mistakes);
  if (text_at(document, "certificate_strength") == "mfa") out.certificate_strength = Strength::kMfa;
  if (const Json* tokens = member(document, "tokens")) {
    read_seconds(*tokens, "max_life", out.token_life_max);
    out.tokens_per_owner_max = static_cast<int>(integer_at(*tokens, "per_user").value_or(out.tokens_per_owner_max));
  }
  return out;
}

User read_user(const Json& document) {
  return {.email = std::string(text_at(document, "email").value_or("")),
          .admin = bool_at(document, "admin", false),
          .suspended = bool_at(document, "suspended", false),
          .change_password = bool_at(document, "change_password", false),
          .password_set = parse_time(text_at(document, "password_set").value_or("")),
          .mfa = read_mfa(document),
          .certificates = read_certificates(document),
          .identities = read_identities(document)};
}

ServiceAccount read_service_account(const Json& document) {
  ServiceAccount out;
  out.team = text_at(document, "team").value_or("");
  out.role = parse_role(text_at(document, "role").value_or("none")).value_or(Role::kNone);
  out.networks = read_networks(document);
  if (text_at(document, "strength") == "mfa") out.strength = Strength::kMfa;
  out.suspended = bool_at(document, "suspended", false);
  return out;
}

// The kind, or the one mistake that leaves nothing else to say.
std::expected<Kind, Mistakes> read_kind(const Json& document) {
  const auto mistake = [](std::string path, std::string message, std::string code) {
    return std::unexpected(Mistakes{{std::move(path), std::move(message), std::move(code), "", 0}});
  };
  if (!document.is_object()) return mistake("", "must be a mapping of keys to values", "wrong_type");
  const auto text = text_at(document, "kind");
  if (!text && !document.contains("kind"))
    return mistake(
        "kind", "is missing; expected platform, team, user, datasource, instance, service_account or identity_provider",
        "missing");
  if (!text)
    return mistake("kind", "must be platform, team, user, datasource, instance, service_account or identity_provider",
                   "wrong_type");
  const auto kind = parse_kind(*text);
  if (kind) return *kind;
  if (kind.error().code == Code::kUnavailable) return mistake("kind", kind.error().what, "not_in_this_version");
  std::string message = kind.error().what;
  const bool harmless = text->size() <= 40 && std::ranges::all_of(*text, [](char c) { return c >= 0x20 && c < 0x7f; });
  if (harmless) message += ", not `" + std::string(*text) + "`";
  const std::string_view meant = nearest_word(*text, kKinds);
  if (!meant.empty()) message += "; did you mean `" + std::string(meant) + "`?";
  return mistake("kind", std::move(message), "invalid_value");
}

}  // namespace

std::string_view to_string(Kind kind) {
  const auto index = static_cast<size_t>(kind);
  return index < kKinds.size() ? kKinds[index] : "";
}

Result<Kind> parse_kind(std::string_view text) {
  for (size_t i = 0; i < kKinds.size(); ++i) {
    if (kKinds[i] == text) return static_cast<Kind>(i);
  }
  if (std::ranges::find(kLaterKinds, text) != kLaterKinds.end())
    return fail(Code::kUnavailable, Side::kClient, "this version does not do resources of this kind");
  return malformed(Side::kClient,
                   "must be platform, team, user, datasource, instance, service_account or identity_provider");
}

std::expected<Resource, Mistakes> read_resource(const Json& document) {
  const auto kind = read_kind(document);
  if (!kind) return std::unexpected(kind.error());
  Mistakes mistakes;
  check_shape(document, resource_shape(*kind), mistakes);
  Resource out;
  out.kind = *kind;
  out.name = text_at(document, "name").value_or("");
  switch (*kind) {
    case Kind::kPlatform:
      out.body = read_platform(document, mistakes);
      break;
    case Kind::kTeam:
      out.body =
          Team{read_networks(document), read_mfa(document), read_mfa_roles(document), read_people(document, "members")};
      break;
    case Kind::kUser:
      out.body = read_user(document);
      break;
    case Kind::kServiceAccount:
      out.body = read_service_account(document);
      break;
    case Kind::kIdentityProvider:
      out.body = read_provider(document, mistakes);
      break;
    case Kind::kDatasource:
    case Kind::kInstance:
      out.body = read_protected(document, *kind, mistakes);
      break;
  }
  if (!mistakes.empty()) return std::unexpected(std::move(mistakes));
  return out;
}

Json resource_schema(Kind kind) {
  Json out = schema_of(resource_shape(kind));
  out["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  out["title"] = to_string(kind);
  return out;
}

}  // namespace sallyport::policy
