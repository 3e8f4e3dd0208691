#include "policy/node_red.h"

#include <array>

namespace sallyport::policy {
namespace {

constexpr std::string_view kComms = "/comms";
constexpr std::string_view kSshKeys = "/settings/user/keys";

// What the editor needs to show flows, and what only reads: a viewer may GET it.
constexpr std::array<std::string_view, 17> kShown{
    "/auth/login",  // which sign-in Node-RED has: nothing secret
    "/debug/view",  // the page of the debug window
    "/favicon.ico", "/flow",  "/flows", "/icons",   "/locales",    "/nodes", "/plugins", "/red",
    "/resources",  // files of modules for the editor
    "/settings",    "/theme", "/types", "/ui_base", "/uisettings", "/vendor"};

// What acts, or tells more than the flows do. They are named so that nothing else can be put in their place.
constexpr std::array<std::string_view, 10> kClosed{
    "/auth",         // makes and revokes tokens, begins a sign-in at a provider
    "/context",      // living values; flows keep tokens there
    "/credentials",  // of nodes: all but the password fields in clear
    "/debug",        // switches debug nodes
    "/diagnostics",  // about the machine
    "/inject",       // presses buttons
    "/library",      // flows and functions that are not deployed here
    "/projects",     // files of the repository; a GET can fetch from its remote
    kSshKeys,       "/udp-ports"};

template <size_t N>
std::vector<std::string> under(std::string_view root, const std::array<std::string_view, N>& paths) {
  std::vector<std::string> out;
  for (const std::string_view path : paths) out.push_back(joined_path(root, path));
  return out;
}

std::vector<Role> owners() { return {Role::kOwner, Role::kMember}; }
std::vector<Role> readers() { return {Role::kOwner, Role::kMember, Role::kViewer}; }
std::vector<Role> everybody() { return {Role::kOwner, Role::kMember, Role::kViewer, Role::kDashboard}; }

Area area(std::string_view name, std::vector<std::string> paths, std::vector<Role> roles) {
  Area out;
  out.name = name;
  out.paths = std::move(paths);
  out.roles = std::move(roles);
  return out;
}

void add_editor(const NodeRedRoots& roots, std::vector<Area>& out) {
  Area comms = area(kNodeRedComms, {joined_path(roots.admin, kComms)}, readers());
  comms.read_only_for = {Role::kViewer};
  comms.websocket = true;
  comms.read_only_messages = MessageRule::kNodeRedListening;
  out.push_back(std::move(comms));
  out.push_back(area("node-red.ssh-keys", {joined_path(roots.admin, kSshKeys)}, owners()));  // below /settings
  Area page = area("node-red.page", {roots.admin}, readers());
  page.whole_path = true;
  page.read_only_for = {Role::kViewer};
  out.push_back(std::move(page));
  Area shown = area("node-red.editor", under(roots.admin, kShown), readers());
  shown.read_only_for = {Role::kViewer};
  out.push_back(std::move(shown));
  out.push_back(area("node-red.closed", under(roots.admin, kClosed), owners()));
}

// Beside the dashboard's own pages, its editing in place and the clearing of charts are routes below /dashboard, of the
// admin API; so only its socket.io may do more than read.
void add_dashboards(const NodeRedRoots& roots, std::vector<Area>& out) {
  std::vector<std::string> pages;
  std::vector<std::string> sockets;
  std::vector<std::string> debug;
  for (const std::string& dashboard : roots.dashboards) {
    pages.push_back(joined_path(roots.node, dashboard));
    sockets.push_back(joined_path(pages.back(), "/socket.io"));
    debug.push_back(joined_path(pages.back(), "/_debug"));  // what any widget was last sent
  }
  if (pages.empty()) return;
  out.push_back(area("node-red.dashboard-debug", std::move(debug), owners()));
  out.push_back(area("node-red.dashboard-socket", std::move(sockets), everybody()));
  Area shown = area("node-red.dashboard", std::move(pages), everybody());
  shown.read_only_for = {Role::kViewer, Role::kDashboard};
  out.push_back(std::move(shown));
}

}  // namespace

std::string joined_path(std::string_view root, std::string_view path) {
  if (root == "/") return std::string(path);
  return path == "/" ? std::string(root) : std::string(root) + std::string(path);
}

std::vector<std::string> node_red_editor_paths(const NodeRedRoots& roots) {
  std::vector<std::string> out = under(roots.admin, kShown);
  for (std::string& path : under(roots.admin, kClosed)) out.push_back(std::move(path));
  out.push_back(joined_path(roots.admin, kComms));
  return out;
}

std::vector<Area> node_red_areas(const NodeRedRoots& roots) {
  std::vector<Area> out;
  add_editor(roots, out);
  add_dashboards(roots, out);
  out.push_back(area("node-red.rest", {"/"}, owners()));  // http-in nodes, and whatever modules add
  return out;
}

}  // namespace sallyport::policy
