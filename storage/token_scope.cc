#include "storage/token_scope.h"

#include <nlohmann/json.hpp>

namespace sallyport::storage {
namespace {

using nlohmann::json;
constexpr const char* kBroken = "token scope does not read";

Result<std::string> text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return malformed(Side::kStorage, kBroken);
  return found->get<std::string>();
}

Result<bool> flag_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_boolean()) return malformed(Side::kStorage, kBroken);
  return found->get<bool>();
}

}  // namespace

std::string write_token_scope(const policy::TokenScope& scope) {
  json networks = json::array();
  for (const Cidr& network : scope.networks) networks.push_back(network.to_string());
  const json object{{"team", scope.team},           {"resource", scope.resource},
                    {"read_only", scope.read_only}, {"path_prefix", scope.path_prefix},
                    {"networks", networks},         {"api", scope.api},
                    {"admin", scope.admin}};
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<policy::TokenScope> read_token_scope(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object() || object.size() != 7) return malformed(Side::kStorage, kBroken);
  policy::TokenScope scope;
  TRY(scope.team, text_of(object, "team"));
  TRY(scope.resource, text_of(object, "resource"));
  TRY(scope.read_only, flag_of(object, "read_only"));
  TRY(scope.path_prefix, text_of(object, "path_prefix"));
  TRY(scope.api, flag_of(object, "api"));
  TRY(scope.admin, flag_of(object, "admin"));
  const auto networks = object.find("networks");
  if (networks == object.end() || !networks->is_array()) return malformed(Side::kStorage, kBroken);
  for (const json& network : *networks) {
    if (!network.is_string()) return malformed(Side::kStorage, kBroken);
    TRY(const Cidr cidr, Cidr::parse(network.get_ref<const std::string&>()));
    scope.networks.push_back(cidr);
  }
  return scope;
}

}  // namespace sallyport::storage
