// The areas of a Node-RED instance, made from what the routes of Node-RED 4 and 5 and of its two dashboards do; the
// table with the reasons is docs/NODE_RED.md. Undecided is for owner and member alone: a route that a module adds is
// one.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/resource.h"

namespace sallyport::policy {

struct NodeRedRoots {
  std::string admin = "/";  // httpAdminRoot
  std::string node = "/";   // httpNodeRoot
  std::vector<std::string> dashboards{"/dashboard",
                                      "/ui"};  // under `node`: @flowfuse/node-red-dashboard, node-red-dashboard
};

// The area of the editor's WebSocket: the only one that gets a credential's first message.
inline constexpr std::string_view kNodeRedComms = "node-red.comms";

// In the order in which they are asked. Their paths are compared ASCII case aside, as Express does.
std::vector<Area> node_red_areas(const NodeRedRoots& roots);

// Every path that the editor is known to have, under its root: the page itself is not among them.
std::vector<std::string> node_red_editor_paths(const NodeRedRoots& roots);

// "/" + "/ui" is "/ui", "/api" + "/" is "/api".
std::string joined_path(std::string_view root, std::string_view path);

}  // namespace sallyport::policy
