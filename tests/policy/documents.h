// Small sound documents of each kind, and a way to change one: RFC 7396 merge patches, where null takes a key out.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "policy/resource.h"

namespace sallyport::policy {

inline nlohmann::json platform_document() { return {{"kind", "platform"}, {"name", "platform"}}; }

inline nlohmann::json team_document() {
  return {{"kind", "team"}, {"name", "plant"}, {"members", {{"alice", "owner"}, {"bob", "viewer"}}}};
}

inline nlohmann::json user_document() { return {{"kind", "user"}, {"name", "alice"}, {"email", "alice@example.test"}}; }

inline nlohmann::json datasource_document() {
  return {{"kind", "datasource"},
          {"name", "crm"},
          {"team", "plant"},
          {"type", "http"},
          {"at", "crm.apps.localhost"},
          {"upstream", {{"url", "https://127.0.0.1:9444/v1"}, {"networks", {"127.0.0.0/8"}}}}};
}

inline nlohmann::json instance_document() {
  return {{"kind", "instance"},
          {"name", "line1"},
          {"team", "plant"},
          {"type", "web"},
          {"at", "line1.apps.localhost"},
          {"upstream", {{"url", "http://127.0.0.1:1880"}, {"networks", {"127.0.0.0/8"}}}}};
}

inline nlohmann::json document_of(std::string_view kind) {
  if (kind == "platform") return platform_document();
  if (kind == "team") return team_document();
  if (kind == "user") return user_document();
  if (kind == "instance") return instance_document();
  return datasource_document();
}

inline nlohmann::json patched(nlohmann::json document, std::string_view patch) {
  document.merge_patch(nlohmann::json::parse(patch));
  return document;
}

// One line for each mistake, sorted, or "" when there is none.
inline std::string mistakes_of(const nlohmann::json& document) {
  const auto resource = read_resource(document);
  if (resource) return "";
  std::vector<std::string> lines;
  for (const Mistake& mistake : resource.error()) lines.push_back(to_line(mistake));
  std::sort(lines.begin(), lines.end());
  std::string out;
  for (const std::string& line : lines) out += (out.empty() ? "" : "\n") + line;
  return out;
}

}  // namespace sallyport::policy
