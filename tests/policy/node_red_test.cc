// Who reaches what of a Node-RED instance: the preset's areas, in every spelling of a path, and what may stand beside
// it.
#include "policy/node_red.h"

#include "base/http/url.h"
#include "tests/policy/asking.h"
#include "tests/policy/refuse_rows.h"

namespace sallyport::policy {
namespace {

std::shared_ptr<const Snapshot> node_red(std::string_view patch = "{}") {
  nlohmann::json keys = {{"type", "node-red"}};
  keys.merge_patch(nlohmann::json::parse(patch));
  return world_of(instance_record("line1", "a.test", keys.dump()));
}

// "allow editor", "deny closed", "400": the outcome, and the area that decided without "node-red.".
std::string ask(const Snapshot& snapshot, const char* who, const char* method, std::string_view path, bool upgrade) {
  std::string scratch;
  std::string_view canonical;
  if (!http::canonical_path(path, http::PathMode::kStrict, scratch, canonical)) return "400";
  const std::string text(canonical);
  const Place place = snapshot.locate("a.test", text);
  const Asker asker(who);
  const Decision decision =
      decide_for(snapshot, *place.resource, {who, method, text.c_str(), "10.1.2.3", upgrade}, asker);
  std::string out(to_string(decision.outcome));
  if (decision.rule < 0) return out;
  const std::string& name = place.resource->spec.areas[static_cast<size_t>(decision.rule)].name;
  return out + " " + (name.starts_with("node-red.") ? name.substr(9) : name);
}
std::string get(const Snapshot& snapshot, const char* who, std::string_view path) {
  return ask(snapshot, who, "GET", path, false);
}

struct Line {
  const char* path;
  const char* area;
};

// Every family of routes of the editor, its admin API and both dashboards.
constexpr Line kRoutes[] = {
    {"/comms", "comms"},
    {"/settings/user/keys", "ssh-keys"},
    {"/settings/user/keys/id_a", "ssh-keys"},
    {"/", "page"},
    {"/auth/login", "editor"},
    {"/debug/view/view.html", "editor"},
    {"/favicon.ico", "editor"},
    {"/flow/f1", "editor"},
    {"/flows", "editor"},
    {"/flows/state", "editor"},
    {"/icons", "editor"},
    {"/icons/node-red/inject.svg", "editor"},
    {"/locales/editor", "editor"},
    {"/nodes", "editor"},
    {"/nodes/@flowfuse/node-red-dashboard/ui-base", "editor"},
    {"/nodes/messages", "editor"},
    {"/plugins/messages", "editor"},
    {"/red/red.min.js", "editor"},
    {"/resources/@flowfuse/node-red-dashboard/ui-base.js", "editor"},
    {"/settings", "editor"},
    {"/settings/user", "editor"},
    {"/theme/css/x.css", "editor"},
    {"/types/node/http.d.ts", "editor"},
    {"/ui_base/js/x.js", "editor"},
    {"/uisettings", "editor"},
    {"/vendor/vendor.js", "editor"},
    {"/auth/token", "closed"},
    {"/auth/revoke", "closed"},
    {"/auth/strategy", "closed"},
    {"/context/global", "closed"},
    {"/credentials/http request/n1", "400"},
    {"/credentials/mqtt-broker/n1", "closed"},
    {"/debug/n1/enable", "closed"},
    {"/diagnostics", "closed"},
    {"/inject/n1", "closed"},
    {"/library/local/flows/", "closed"},
    {"/projects", "closed"},
    {"/projects/p/files/HEAD/flows_cred.json", "closed"},
    {"/udp-ports/n1", "closed"},
    {"/dashboard/_debug/datastore/w1", "dashboard-debug"},
    {"/dashboard/socket.io/", "dashboard-socket"},
    {"/ui/socket.io/", "dashboard-socket"},
    {"/dashboard", "dashboard"},
    {"/dashboard/page1", "dashboard"},
    {"/dashboard/_setup", "dashboard"},
    {"/dashboard/assets/index.js", "dashboard"},
    {"/dashboard/api/v1/d/flows", "dashboard"},
    {"/dashboard/chart/c1/clear", "dashboard"},
    {"/ui", "dashboard"},
    {"/ui/js/app.js", "dashboard"},
    {"/hook", "rest"},
    {"/serialports", "rest"},
    {"/static/logo.png", "rest"},
};

TEST(NodeRed, each_role_on_each_route) {
  const auto snapshot = node_red();
  for (const auto& [path, area] : kRoutes) {
    const std::string name = area;
    if (name == "400") {
      EXPECT_EQ(get(*snapshot, "alice", path), "400") << path;
      continue;
    }
    const bool of_dashboard = name == "dashboard" || name == "dashboard-socket";
    const bool reads = name == "comms" || name == "page" || name == "editor" || of_dashboard;
    const auto expected = [&](bool allowed) { return (allowed ? "allow " : "deny ") + name; };
    EXPECT_EQ(get(*snapshot, "-", path), "sign-in") << path;
    for (const char* who : {"alice", "mike"}) {
      for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
        EXPECT_EQ(ask(*snapshot, who, method, path, false), expected(true)) << who << " " << method << " " << path;
      EXPECT_EQ(ask(*snapshot, who, "GET", path, true), expected(true)) << who << " upgrade " << path;
    }
    for (const char* method : {"GET", "HEAD", "OPTIONS"}) {
      EXPECT_EQ(ask(*snapshot, "vera", method, path, false), expected(reads)) << method << " " << path;
      EXPECT_EQ(ask(*snapshot, "dora", method, path, false), expected(of_dashboard)) << method << " " << path;
    }
    for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
      for (const char* who : {"vera", "dora"})
        EXPECT_EQ(ask(*snapshot, who, method, path, false), expected(name == "dashboard-socket"))
            << who << " " << method << " " << path;
    }
    EXPECT_EQ(ask(*snapshot, "vera", "GET", path, true), expected(name == "comms" || name == "dashboard-socket"))
        << path;
    EXPECT_EQ(ask(*snapshot, "dora", "GET", path, true), expected(name == "dashboard-socket")) << path;
    for (const char* who : {"nora", "eve", "root+mfa"}) EXPECT_EQ(get(*snapshot, who, path), "deny") << who << path;
  }
}

// What people write to be taken for a dashboard, or to come past the editor's area. Expected: how it looks to a viewer
// and to the dashboard role.
struct Spelling {
  const char* path;
  const char* viewer;
  const char* dashboard;
};

constexpr Spelling kSpellings[] = {
    {"/FLOWS", "allow editor", "deny editor"},
    {"/Flows", "allow editor", "deny editor"},
    {"/fLoWs/", "allow editor", "deny editor"},
    {"/flows/", "allow editor", "deny editor"},
    {"/%66lows", "allow editor", "deny editor"},
    {"/%46LOWS", "allow editor", "deny editor"},
    {"/flow%73", "allow editor", "deny editor"},
    {"/flows%2f", "400", "400"},
    {"/flows%2F..", "400", "400"},
    {"/flows;", "400", "400"},
    {"/flows;a=b", "400", "400"},
    {"/flows%3b", "400", "400"},
    {"/flows%00", "400", "400"},
    {"/flows%20", "deny rest", "deny rest"},
    {"/flows.", "deny rest", "deny rest"},
    {"/flows%2e", "deny rest", "deny rest"},
    {"/flowsx", "deny rest", "deny rest"},
    {"//flows", "400", "400"},
    {"/./flows", "400", "400"},
    {"/%2e/flows", "400", "400"},
    {"/flows//", "400", "400"},
    {"/.flows", "deny rest", "deny rest"},
    {"/%e2%85%beflows", "deny rest", "deny rest"},
    {"/flow\xc5\xbf", "400", "400"},
    {"/flow%c5%bf", "deny rest", "deny rest"},
    {"/%e2%84%aa", "deny rest", "deny rest"},
    {"/dashboard/../flows", "400", "400"},
    {"/dashboard/%2e%2e/flows", "400", "400"},
    {"/dashboard/%2E%2E/flows", "400", "400"},
    {"/dashboard/.%2e/flows", "400", "400"},
    {"/dashboard/..%2fflows", "400", "400"},
    {"/dashboard%2f..%2fflows", "400", "400"},
    {"/dashboard/..%5cflows", "400", "400"},
    {"/dashboard\\..\\flows", "400", "400"},
    {"/dashboard/..;/flows", "400", "400"},
    {"/dashboard;/../flows", "400", "400"},
    {"/dashboard//flows", "400", "400"},
    {"/dashboard//../flows", "400", "400"},
    {"/dashboard/./../flows", "400", "400"},
    {"/dashboard/%252e%252e/flows", "allow dashboard", "allow dashboard"},
    {"/dashboard/...", "allow dashboard", "allow dashboard"},
    {"/dashboard/flows", "allow dashboard", "allow dashboard"},
    {"/dashboardx", "deny rest", "deny rest"},
    {"/dashboard%2fflows", "400", "400"},
    {"/dashboard%20", "deny rest", "deny rest"},
    {"/dashboard.", "deny rest", "deny rest"},
    {"/DASHBOARD/page1", "allow dashboard", "allow dashboard"},
    {"/Dashboard/", "allow dashboard", "allow dashboard"},
    {"/%44ashboard", "allow dashboard", "allow dashboard"},
    {"/DASHBOARD/_DEBUG/datastore/w", "deny dashboard-debug", "deny dashboard-debug"},
    {"/dashboard/%5fdebug/datastore/w", "deny dashboard-debug", "deny dashboard-debug"},
    {"/dashboard/_debug/", "deny dashboard-debug", "deny dashboard-debug"},
    {"/UI/", "allow dashboard", "allow dashboard"},
    {"/%75i", "allow dashboard", "allow dashboard"},
    {"/ui/../settings", "400", "400"},
    {"/ui/%2e%2e%2fsettings", "400", "400"},
    {"/uix", "deny rest", "deny rest"},
    {"/ui_base/js/x.js", "allow editor", "deny editor"},
    {"/UI_BASE/js/x.js", "allow editor", "deny editor"},
    {"/SETTINGS", "allow editor", "deny editor"},
    {"/Settings/User/Keys", "deny ssh-keys", "deny ssh-keys"},
    {"/settings/user/%6beys/", "deny ssh-keys", "deny ssh-keys"},
    {"/settings/user//keys", "400", "400"},
    {"/settings/user/keysx", "allow editor", "deny editor"},
    {"/AUTH/TOKEN", "deny closed", "deny closed"},
    {"/Auth/Login", "allow editor", "deny editor"},
    {"/auth/login/../token", "400", "400"},
    {"/CREDENTIALS/a/b", "deny closed", "deny closed"},
    {"/%63redentials/a/b", "deny closed", "deny closed"},
    {"/c%72edentials/a/b/", "deny closed", "deny closed"},
    {"/Context/Global", "deny closed", "deny closed"},
    {"/DEBUG/view/x", "allow editor", "deny editor"},
    {"/debug/VIEWX", "deny closed", "deny closed"},
    {"/Inject/n1", "deny closed", "deny closed"},
    {"/COMMS", "allow comms", "deny comms"},
    {"/comms/", "allow comms", "deny comms"},
    {"/%63omms", "allow comms", "deny comms"},
    {"/comms;x", "400", "400"},
    {"/comms/../ui/socket.io/", "400", "400"},
    {"/ui/socket.io/../../comms", "400", "400"},
    {"/UI/Socket.IO/", "allow dashboard-socket", "allow dashboard-socket"},
    {"/ui/socket%2eio/", "allow dashboard-socket", "allow dashboard-socket"},
    {"/ui/socket.iox", "allow dashboard", "allow dashboard"},
    {"/%2f", "400", "400"},
    {"/.", "400", "400"},
    {"/%2e", "400", "400"},
    {"/index.html", "deny rest", "deny rest"},
    {"/.sallyport", "deny rest", "deny rest"},
};

TEST(NodeRed, no_spelling_of_a_path_changes_its_area) {
  const auto snapshot = node_red();
  for (const auto& [path, viewer, dashboard] : kSpellings) {
    EXPECT_EQ(get(*snapshot, "vera", path), viewer) << path;
    EXPECT_EQ(get(*snapshot, "dora", path), dashboard) << path;
    EXPECT_EQ(get(*snapshot, "-", path), get(*snapshot, "alice", path) == "400" ? "400" : "sign-in") << path;
    for (const char* who : {"vera", "dora"}) {
      for (const char* method : {"POST", "PUT", "PATCH", "DELETE", "PROPFIND", "post", "X"}) {
        const std::string answer = ask(*snapshot, who, method, path, false);
        EXPECT_TRUE(answer == "400" || answer.starts_with("deny") || answer == "allow dashboard-socket")
            << who << " " << method << " " << path << ": " << answer;
      }
    }
    // In capitals, and with a slash behind it, it is the same place.
    std::string loud = path;
    for (size_t i = 0; i < loud.size(); ++i) {
      const bool escape = (i >= 1 && loud[i - 1] == '%') || (i >= 2 && loud[i - 2] == '%');
      if (!escape && loud[i] >= 'a' && loud[i] <= 'z') loud[i] = static_cast<char>(loud[i] - 32);
    }
    EXPECT_EQ(get(*snapshot, "vera", loud), viewer) << loud;
    EXPECT_EQ(get(*snapshot, "dora", loud), dashboard) << loud;
  }
}

TEST(NodeRed, a_listening_websocket_is_for_the_viewer_on_comms_alone) {
  const auto snapshot = node_red();
  const auto messages = [&](const char* who, const char* path, bool upgrade = true) {
    const Asker asker(who);
    const Decision decision = decide_for(*snapshot, *snapshot->locate("a.test", "/").resource,
                                         {who, "GET", path, "10.1.2.3", upgrade}, asker);
    EXPECT_EQ(decision.outcome, Outcome::kAllow) << who << " " << path;
    return decision.messages;
  };
  EXPECT_EQ(messages("vera", "/comms"), MessageRule::kNodeRedListening);
  EXPECT_EQ(messages("vera", "/COMMS/"), MessageRule::kNodeRedListening);
  EXPECT_EQ(messages("vera", "/comms", false), MessageRule::kAny);
  EXPECT_EQ(messages("vera", "/ui/socket.io/"), MessageRule::kAny);
  EXPECT_EQ(messages("alice", "/comms"), MessageRule::kAny);
  EXPECT_EQ(messages("mike", "/comms"), MessageRule::kAny);
  EXPECT_EQ(messages("dora", "/dashboard/socket.io/"), MessageRule::kAny);
}

TEST(NodeRed, other_roots) {
  const auto snapshot = node_red(R"({"admin_root": "/admin", "node_root": "/api", "dashboards": ["/panel", "/ui"]})");
  const Line rows[] = {{"/admin", "page"},
                       {"/Admin/", "page"},
                       {"/admin/comms", "comms"},
                       {"/admin/flows", "editor"},
                       {"/admin/x", "rest"},
                       {"/admin/inject/1", "closed"},
                       {"/api/panel", "dashboard"},
                       {"/API/Panel/x", "dashboard"},
                       {"/api/ui/socket.io/", "dashboard-socket"},
                       {"/api/dashboard", "rest"},
                       {"/api", "rest"},
                       {"/api/hook", "rest"},
                       {"/", "rest"},
                       {"/flows", "rest"},
                       {"/comms", "rest"},
                       {"/ui", "rest"},
                       {"/api/panel/_debug/x", "dashboard-debug"}};
  for (const auto& [path, area] : rows) EXPECT_EQ(get(*snapshot, "alice", path), std::string("allow ") + area) << path;
  EXPECT_EQ(get(*snapshot, "dora", "/api/panel/x"), "allow dashboard");
  EXPECT_EQ(get(*snapshot, "dora", "/panel/x"), "deny rest");
  EXPECT_EQ(get(*snapshot, "vera", "/admin/flows"), "allow editor");
  EXPECT_EQ(get(*snapshot, "vera", "/admin/x"), "deny rest");
  const auto none = node_red(R"({"dashboards": []})");
  EXPECT_EQ(get(*none, "dora", "/dashboard"), "deny rest");
}

TEST(NodeRed, areas_of_ones_own_stand_in_front) {
  const auto snapshot = node_red(R"({"areas": [
      {"name": "hooks", "paths": ["/hooks"], "public": true},
      {"name": "context", "paths": ["/context"], "roles": ["owner", "member", "viewer"], "read_only_for": ["viewer"]}]})");
  EXPECT_EQ(get(*snapshot, "-", "/HOOKS/x"), "allow hooks");
  EXPECT_EQ(get(*snapshot, "-", "/hooksx"), "sign-in");
  EXPECT_EQ(get(*snapshot, "vera", "/Context/global"), "allow context");
  EXPECT_EQ(ask(*snapshot, "vera", "DELETE", "/context/global/a", false), "deny context");
  EXPECT_EQ(get(*snapshot, "dora", "/context/global"), "deny context");
  EXPECT_EQ(get(*snapshot, "vera", "/credentials/a/b"), "deny closed");
}

TEST(NodeRed, the_first_message_goes_to_comms_alone) {
  const auto snapshot = node_red(R"({"credentials": [
      {"roles": ["owner"], "inject": {"headers": {"X-Full": "1"}, "first_message": "{\"auth\":\"{{ secrets.full }}\"}"}},
      {"roles": ["viewer"], "inject": {"first_message": "{\"auth\":\"{{ secrets.read }}\"}"}}]})");
  const auto message = [&](const char* who, const char* path) -> std::string {
    const Asker asker(who);
    const Decision decision =
        decide_for(*snapshot, *snapshot->locate("a.test", "/").resource, {who, "GET", path, "10.1.2.3", true}, asker);
    if (!decision.credential) return "-";
    std::string out = std::to_string(decision.credential->inject.headers.size());
    for (const TemplatePart& part : decision.credential->inject.first_message)
      out += " " + (part.secret.empty() ? part.text : "<" + part.secret + ">");
    return out;
  };
  EXPECT_EQ(message("alice", "/comms"), "1 {\"auth\":\" <full> \"}");
  EXPECT_EQ(message("alice", "/ui/socket.io/"), "1");
  EXPECT_EQ(message("alice", "/hook"), "1");
  EXPECT_EQ(message("vera", "/comms"), "0 {\"auth\":\" <read> \"}");
  EXPECT_EQ(message("vera", "/ui/socket.io/"), "0");
  EXPECT_EQ(message("mike", "/comms"), "-");
  const auto& names = snapshot->locate("a.test", "/").resource->spec.secret_names;
  EXPECT_EQ(names, (std::vector<std::string>{"full", "read"}));
}

TEST(NodeRed, refuses_what_would_lie_in_its_way) {
  const RefuseRow rows[] = {
      {"instance", R"({"node_root": "/x"})", "node_root: belongs to type node-red alone"},
      {"instance", R"({"dashboards": ["/x"]})", "dashboards: belongs to type node-red alone"},
      {"instance", R"({"type": "node-red", "node_root": "x"})", "node_root: a path must begin with /"},
      {"instance", R"({"type": "node-red", "node_root": "/x/"})",
       "node_root: a path must be written without a slash at the end"},
      {"instance", R"({"type": "node-red", "node_root": "/FLOWS/x"})", "node_root: lies on a path of the editor"},
      {"instance", R"({"type": "node-red", "dashboards": ["/"]})",
       "dashboards[0]: lies on the editor or one of its paths"},
      {"instance", R"({"type": "node-red", "dashboards": ["/ui", "/Debug"]})",
       "dashboards[1]: lies on the editor or one of its paths"},
      {"instance", R"({"type": "node-red", "dashboards": ["/comms/x"]})",
       "dashboards[0]: lies on the editor or one of its paths"},
      {"instance", R"({"type": "node-red", "admin_root": "/ui/admin"})",
       "dashboards[1]: lies on the editor or one of its paths"},
      {"instance", R"({"type": "node-red", "paths_mode": "raw"})",
       "paths_mode: raw is possible only where no rule or area names a path"},
      {"instance", R"({"type": "node-red", "areas": [{"name": "a", "paths": ["/"], "roles": ["owner"]}]})",
       "areas[0].paths: cover /comms, which the node-red preset keeps to itself"},
      {"instance", R"({"type": "node-red", "areas": [{"name": "a", "paths": ["/Comms/x"], "roles": ["owner"]}]})",
       "areas[0].paths: cover /comms, which the node-red preset keeps to itself"},
      {"instance", R"({"type": "node-red", "areas": [{"name": "a", "paths": ["/Flows"], "public": true}]})",
       "areas[0].public: would open the editor to everybody"},
      {"instance",
       R"({"type": "node-red", "admin_root": "/a", "areas": [{"name": "a", "paths": ["/A/red/x"], "public": true}]})",
       "areas[0].public: would open the editor to everybody"},
      {"instance", R"({"type": "node-red", "areas": [{"name": "node-red.rest", "paths": ["/x"], "public": true}]})",
       "areas[0].name: begins like those of the node-red preset"},
      {"instance", R"({"inject": {"first_message": "auth {{ secrets.a }}"}})",
       "inject.first_message: must be JSON, with {{ secrets.NAME }} only inside of its strings"},
      {"instance", R"({"inject": {"first_message": "{\"auth\":{{ secrets.a }}}"}})",
       "inject.first_message: must be JSON, with {{ secrets.NAME }} only inside of its strings"},
  };
  expect_rows(rows);
}

}  // namespace
}  // namespace sallyport::policy
