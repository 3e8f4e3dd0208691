// The small parts that the readers of resources share.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/shape.h"
#include "policy/certificate_pattern.h"
#include "policy/read_protected.h"

namespace sallyport::policy {

using Json = nlohmann::json;

CidrList read_networks(const Json& object) {
  CidrList out;
  const Json* list = member(object, "networks");
  if (!list || !list->is_array()) return out;
  for (const Json& entry : *list) {
    if (!entry.is_string()) continue;
    if (auto cidr = Cidr::parse(entry.get_ref<const std::string&>())) out.push_back(*std::move(cidr));
  }
  return out;
}

std::vector<Role> read_roles(const Json& object, std::string_view key) {
  std::vector<Role> out;
  const Json* list = member(object, key);
  if (!list || !list->is_array()) return out;
  for (const Json& entry : *list) {
    if (!entry.is_string()) continue;
    if (const auto role = parse_role(entry.get_ref<const std::string&>())) out.push_back(*role);
  }
  return out;
}

std::map<std::string, Role> read_people(const Json& object, std::string_view key) {
  std::map<std::string, Role> out;
  const Json* people = member(object, key);
  if (!people || !people->is_object()) return out;
  for (const auto& [name, entry] : people->items()) {
    if (!entry.is_string()) continue;
    if (const auto role = parse_role(entry.get_ref<const std::string&>())) out.emplace(name, *role);
  }
  return out;
}

std::vector<std::string> read_certificates(const Json& object) {
  std::vector<std::string> out;
  const Json* list = member(object, "certificates");
  if (!list || !list->is_array()) return out;
  for (const Json& entry : *list) {
    if (!entry.is_string()) continue;
    auto pattern = parse_certificate_pattern(entry.get_ref<const std::string&>());
    if (pattern && std::ranges::find(out, *pattern) == out.end()) out.push_back(*std::move(pattern));
  }
  return out;
}

MfaRule read_mfa(const Json& object) {
  if (text_at(object, "mfa") == "required") return MfaRule::kRequired;
  const Json* const form = member(object, "mfa");
  return form && form->is_object() && form->contains("roles") ? MfaRule::kRoles : MfaRule::kOptional;
}

std::vector<Role> read_mfa_roles(const Json& object) {
  const Json* const form = member(object, "mfa");
  return form && form->is_object() ? read_roles(*form, "roles") : std::vector<Role>();
}

}  // namespace sallyport::policy
