// `type: node-red`: its keys, what may not lie in each other's way, and the areas and credentials that come of it.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/shape.h"
#include "policy/node_red.h"
#include "policy/read_protected.h"
#include "policy/texts.h"

namespace sallyport::policy {
namespace {

using Json = nlohmann::json;

void conflict(Mistakes& mistakes, std::string path, std::string message) {
  mistakes.push_back({std::move(path), std::move(message), "conflict", "", 0});
}

bool inside(std::string_view path, std::string_view of) { return http::path_has_prefix_ignoring_case(path, of); }
bool meet(std::string_view a, std::string_view b) { return inside(a, b) || inside(b, a); }

void read_root(const Json& document, std::string_view key, std::string& out) {
  const auto text = text_at(document, key);
  if (!text) return;
  if (auto path = parse_rule_path(*text)) out = *std::move(path);
}

NodeRedRoots read_roots(const Json& document) {
  NodeRedRoots out;
  read_root(document, "admin_root", out.admin);
  read_root(document, "node_root", out.node);
  const Json* list = member(document, "dashboards");
  if (!list || !list->is_array()) return out;
  out.dashboards.clear();
  for (const Json& entry : *list) {
    if (!entry.is_string()) continue;
    if (auto path = parse_rule_path(entry.get_ref<const std::string&>())) out.dashboards.push_back(*std::move(path));
  }
  return out;
}

bool meets_one(std::string_view path, const std::vector<std::string>& others) {
  return std::ranges::any_of(others, [&](const std::string& other) { return meet(path, other); });
}

void check_roots(const NodeRedRoots& roots, const std::vector<std::string>& editor, Mistakes& mistakes) {
  if (roots.node != "/" && std::ranges::any_of(editor, [&](const auto& path) { return inside(roots.node, path); })) {
    return conflict(mistakes, "node_root", "lies on a path of the editor");
  }
  for (size_t i = 0; i < roots.dashboards.size(); ++i) {
    const std::string dashboard = joined_path(roots.node, roots.dashboards[i]);
    if (inside(roots.admin, dashboard) || meets_one(dashboard, editor))
      conflict(mistakes, join_path("dashboards", i), "lies on the editor or one of its paths");
  }
}

// Areas in front of the preset open or close what is not the editor's. Its WebSocket is nobody's but the preset's,
// since only there messages are looked at.
void check_area(const Area& area, const NodeRedRoots& roots, const std::vector<std::string>& editor,
                const std::string& path, Mistakes& mistakes) {
  const std::string comms = joined_path(roots.admin, "/comms");
  const auto covers_editor = [&](const std::string& one) { return inside(roots.admin, one) || meets_one(one, editor); };
  if (std::ranges::any_of(area.paths, [&](const std::string& one) { return meet(one, comms); }))
    conflict(mistakes, path + ".paths", "cover /comms, which the node-red preset keeps to itself");
  else if (area.is_public && std::ranges::any_of(area.paths, covers_editor))
    conflict(mistakes, path + ".public", "would open the editor to everybody");
  if (area.name.starts_with("node-red."))
    conflict(mistakes, path + ".name", "begins like those of the node-red preset");
}

// A first message is for the editor's WebSocket alone; a dashboard's would break at it.
std::vector<CredentialRule> for_comms_alone(std::vector<CredentialRule> rules) {
  std::vector<CredentialRule> out;
  for (CredentialRule& rule : rules) {
    if (!rule.inject.first_message.empty()) {
      out.push_back(rule);
      out.back().area = kNodeRedComms;
      rule.inject.first_message.clear();
    }
    out.push_back(std::move(rule));
  }
  return out;
}

}  // namespace

void read_node_red(const Json& document, Protected& out, Mistakes& mistakes) {
  if (out.type != "node-red") {
    for (const std::string_view key : {"node_root", "admin_root", "dashboards"}) {
      if (member(document, key)) conflict(mistakes, std::string(key), "belongs to type node-red alone");
    }
    return;
  }
  const NodeRedRoots roots = read_roots(document);
  const std::vector<std::string> editor = node_red_editor_paths(roots);
  check_roots(roots, editor, mistakes);
  for (size_t i = 0; i < out.areas.size(); ++i)
    check_area(out.areas[i], roots, editor, join_path("areas", i), mistakes);
  std::ranges::move(node_red_areas(roots), std::back_inserter(out.areas));
  out.credentials = for_comms_alone(std::move(out.credentials));
  out.ignore_case = true;
}

}  // namespace sallyport::policy
