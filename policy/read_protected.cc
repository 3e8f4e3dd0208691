#include "policy/read_protected.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/shape.h"
#include "base/units.h"
#include "policy/texts.h"

namespace sallyport::policy {
namespace {

using Json = nlohmann::json;

void conflict(Mistakes& mistakes, std::string path, std::string message) {
  mistakes.push_back({std::move(path), std::move(message), "conflict", "", 0});
}

void read_timeout(const Json& object, std::string_view key, std::chrono::milliseconds& out) {
  const auto text = text_at(object, key);
  if (!text) return;
  if (const auto duration = parse_duration(*text)) out = *duration;
}

Upstream read_upstream(const Json& upstream, Mistakes& mistakes) {
  Upstream out;
  if (const auto url = text_at(upstream, "url")) {
    if (auto parsed = parse_upstream_url(*url)) out.url = *std::move(parsed);
  }
  out.networks = read_networks(upstream);
  out.ca_pem = text_at(upstream, "ca").value_or("");
  if (const auto name = text_at(upstream, "server_name")) out.server_name = parse_server_name(*name).value_or("");
  if (const auto host = text_at(upstream, "host")) out.host = std::string(*host);
  out.http2 = bool_at(upstream, "http2", false);
  if (const auto source = text_at(upstream, "source_address")) {
    if (const auto address = IpAddress::parse(*source)) out.source_address = *address;
  }
  if (const Json* timeout = member(upstream, "timeout")) {
    read_timeout(*timeout, "connect", out.timeout.connect);
    read_timeout(*timeout, "response", out.timeout.response);
    read_timeout(*timeout, "idle", out.timeout.idle);
  }
  if (out.url.scheme == "http") {
    if (member(upstream, "ca")) conflict(mistakes, "upstream.ca", "is of no use with an http:// url");
    if (member(upstream, "server_name")) conflict(mistakes, "upstream.server_name", "is of no use with an http:// url");
  }
  return out;
}

std::vector<std::string> read_texts(const Json& object, std::string_view key) {
  std::vector<std::string> out;
  const Json* list = member(object, key);
  if (!list || !list->is_array()) return out;
  for (const Json& entry : *list) {
    if (entry.is_string()) out.push_back(entry.get<std::string>());
  }
  return out;
}

std::vector<std::string> read_paths(const Json& object) {
  std::vector<std::string> out;
  for (const std::string& text : read_texts(object, "paths")) {
    if (auto path = parse_rule_path(text)) out.push_back(*std::move(path));
  }
  return out;
}

// `mfa: required`, or `mfa: {within: 15m}`, which demands a factor as well.
void read_rule_mfa(const Json& rule, bool& mfa, std::optional<MfaWithin>& within) {
  mfa = read_mfa(rule) == MfaRule::kRequired;
  const Json* form = member(rule, "mfa");
  if (!form || !form->is_object()) return;
  mfa = true;
  std::chrono::milliseconds duration{0};  // unreadable: nothing is fresh enough
  read_timeout(*form, "within", duration);
  within = MfaWithin{std::chrono::duration_cast<std::chrono::seconds>(duration)};
}

std::vector<AccessRule> read_access(const Json& document) {
  const Json* list = member(document, "access");
  std::vector<AccessRule> out;
  if (!list) {
    out.emplace_back().roles = {Role::kOwner, Role::kMember};
    return out;
  }
  if (!list->is_array()) return out;
  for (const Json& entry : *list) {
    AccessRule rule;
    rule.roles = read_roles(entry, "roles");
    rule.methods = read_texts(entry, "methods");
    rule.paths = read_paths(entry);
    rule.networks = read_networks(entry);
    read_rule_mfa(entry, rule.mfa, rule.mfa_within);
    rule.certificates = read_certificates(entry);
    out.push_back(std::move(rule));
  }
  return out;
}

void check_area(const Area& area, const Json& entry, const std::string& path, Mistakes& mistakes) {
  if (area.is_public) {
    for (const std::string_view key : {"roles", "read_only_for", "mfa", "websocket"}) {
      if (member(entry, key)) conflict(mistakes, join_path(path, key), "has no meaning in a public area");
    }
    return;
  }
  if (!member(entry, "roles")) {
    mistakes.push_back({join_path(path, "roles"), "is missing; an area has roles or is public", "missing", "", 0});
    return;
  }
  const bool outside = std::ranges::any_of(
      area.read_only_for, [&](Role role) { return std::ranges::find(area.roles, role) == area.roles.end(); });
  if (outside && is_clean(mistakes, path))
    conflict(mistakes, join_path(path, "read_only_for"), "names a role that is not in roles");
}

std::vector<Area> read_areas(const Json& document, Mistakes& mistakes) {
  std::vector<Area> out;
  const Json* list = member(document, "areas");
  if (!list || !list->is_array()) return out;
  std::set<std::string, std::less<>> names;
  for (size_t i = 0; i < list->size(); ++i) {
    const Json& entry = (*list)[i];
    const std::string path = join_path("areas", i);
    if (!entry.is_object()) continue;
    Area area;
    area.name = text_at(entry, "name").value_or("");
    area.paths = read_paths(entry);
    area.methods = read_texts(entry, "methods");
    area.is_public = bool_at(entry, "public", false);
    area.roles = read_roles(entry, "roles");
    area.read_only_for = read_roles(entry, "read_only_for");
    area.websocket = bool_at(entry, "websocket", false);
    area.networks = read_networks(entry);
    read_rule_mfa(entry, area.mfa, area.mfa_within);
    area.certificates = read_certificates(entry);
    check_area(area, entry, path, mistakes);
    if (!area.name.empty() && !names.insert(area.name).second)
      conflict(mistakes, path + ".name", "an area above has this name already");
    out.push_back(std::move(area));
  }
  return out;
}

// Raw paths are compared by nobody, so nothing may be decided by one.
void check_raw_paths(const Protected& out, Mistakes& mistakes) {
  if (out.paths_mode != http::PathMode::kRaw) return;
  const bool rule = std::ranges::any_of(out.access, [](const AccessRule& access) { return !access.paths.empty(); });
  const bool area = std::ranges::any_of(out.areas, [](const Area& one) {
    return std::ranges::any_of(one.paths, [](const std::string& path) { return path != "/"; });
  });
  if (rule || area) conflict(mistakes, "paths_mode", "raw is possible only where no rule or area names a path");
}

}  // namespace

Protected read_protected(const Json& document, Kind kind, Mistakes& mistakes) {
  Protected out;
  out.team = text_at(document, "team").value_or("");
  out.type = text_at(document, "type").value_or("");
  if (const auto at = text_at(document, "at")) {
    if (auto parsed = parse_at(*at)) out.at = *std::move(parsed);
  }
  out.networks = read_networks(document);
  out.roles = read_people(document, "roles");
  out.rate_limits = read_rate_limits(document, mistakes);
  if (const Json* upstream = member(document, "upstream")) out.upstream = read_upstream(*upstream, mistakes);
  out.credentials = read_credentials(document, mistakes);
  out.secret_names = secrets_used(out.credentials);
  const auto guard = text_at(document, "guard");
  out.guard = guard == "block" ? Guard::kBlock : guard == "none" ? Guard::kNone : Guard::kMask;
  out.pass_authorization = bool_at(document, "pass_authorization", false);
  out.pass_certificate = bool_at(document, "pass_certificate", false);
  for (const std::string& text : read_texts(document, "origins")) {
    if (auto origin = parse_origin(text)) out.origins.push_back(*std::move(origin));
  }
  if (text_at(document, "paths_mode") == "raw") out.paths_mode = http::PathMode::kRaw;
  if (kind == Kind::kDatasource) out.access = read_access(document);
  if (kind == Kind::kInstance) {
    out.areas = read_areas(document, mistakes);
    read_node_red(document, out, mistakes);
  }
  check_raw_paths(out, mistakes);
  return out;
}

}  // namespace sallyport::policy
