"""The node-red preset before a real Node-RED, by what Node-RED received: nobody gets to what his role has not, in no spelling."""
import json
from pathlib import Path

from node_red_upstream import FLOW, FULL, READ
from node_red_world import EDITOR_MARKS, LINE1, Caller, line1, standing, started, table
from registry import absent, contains, equal, expect, test
from web_client import HTML, Browser
from world import signed_in, world

# The editor, every family of its admin API and what modules add to it: (method, target).
EDITOR = [("GET", path) for path in (
    "/", "/?x", "/red/red.min.js", "/vendor/vendor.js", "/favicon.ico", "/theme", "/icons", "/icons/node-red/inject.svg",
    "/types/node/http.d.ts", "/locales/editor", "/resources/node-red-dashboard/x.js", "/settings", "/settings/user", "/flows",
    "/flows/state", "/flow/global", "/flow/f0000000000000a1", "/nodes", "/nodes/messages?lng=en-US", "/nodes/node-red", "/plugins",
    "/plugins/messages?lng=en-US", "/auth/login", "/debug/view/view.html", "/uisettings", "/ui_base/js/gridstack.min.js", "/comms",
    "/settings/user/keys", "/context/global", "/context/flow/f0000000000000a1", "/credentials/debug/n000000000000002",
    "/library/local/flows/", "/library/_examples_/flows/", "/projects", "/diagnostics", "/udp-ports/x", "/auth/strategy", "/hook",
    "/dashboard/_debug/datastore/n000000000000021", "/serialports", "/admin")]
ACTS = [("POST", "/flows"), ("POST", "/flow"), ("PUT", "/flow/f0000000000000a1"), ("DELETE", "/flow/f0000000000000a1"),
        ("POST", "/flows/state"), ("POST", "/nodes"), ("PUT", "/nodes/node-red"), ("DELETE", "/nodes/node-red"),
        ("POST", "/inject/n000000000000001"), ("POST", "/debug/n000000000000002/disable"), ("POST", "/debug/disable"),
        ("DELETE", "/context/global/a"), ("POST", "/auth/token"), ("POST", "/auth/revoke"), ("POST", "/settings/user"),
        ("POST", "/library/local/flows/x"), ("POST", "/projects"), ("PUT", "/projects/x"), ("POST", "/settings/user/keys"),
        ("PATCH", "/dashboard/api/v1/n000000000000020/flows"), ("PATCH", "/dashboard/api/v1/n000000000000020/edit/p"),
        ("POST", "/dashboard/chart/x/clear"), ("POST", "/hook"), ("POST", "/"), ("DELETE", "/"), ("POST", "/comms"),
        ("PUT", "/dashboard"), ("DELETE", "/ui")]

# Spellings of the editor, and ways that lead out of a dashboard.
SPELLINGS = (
    "/FLOWS", "/Flows", "/fLoWs", "/flows/", "/FLOWS/", "/%66lows", "/%46LOWS", "/flow%73", "/%66%6c%6f%77%73", "/flows?x=/dashboard",
    "/flows%3f", "/flows%23", "/flows%2f", "/flows%2F", "/flows;", "/flows;/dashboard", "/flows%3b", "/flows%00", "/flows%20", "/flows.",
    "/flows%2e", "/flows%0a", "/flows%09", "/flows%5c", "/flows\\", "//flows", "///flows", "/./flows", "/%2e/flows", "/.//flows",
    "/x/../flows", "/dashboard/../flows", "/dashboard/%2e%2e/flows", "/dashboard/%2E%2E/flows", "/dashboard/.%2e/flows",
    "/dashboard/%2e./flows", "/dashboard/..%2fflows", "/dashboard/..%2Fflows", "/dashboard%2f..%2fflows", "/dashboard%2F%2E%2E%2Fflows",
    "/dashboard/..%5cflows", "/dashboard\\..\\flows", "/dashboard%5c..%5cflows", "/dashboard/..;/flows", "/dashboard;/../flows",
    "/dashboard/;/../flows", "/dashboard//../flows", "/dashboard/x/../../flows", "/dashboard/./../flows", "/dashboard/%252e%252e/flows",
    "/dashboard/%252e%252e%252fflows", "/dashboard/..%252fflows", "/dashboard/..%c0%afflows", "/dashboard/%c0%ae%c0%ae/flows",
    "/dashboard/%e0%80%ae/flows", "/dashboard/..%00/flows", "/dashboard%00/../flows", "/dashboard/...//flows", "/ui/../flows",
    "/ui/%2e%2e/flows", "/UI/..%2fFLOWS", "/ui/socket.io/../../flows", "/ui/socket.io/%2e%2e/%2e%2e/flows", "/ui/socket.io/..;/flows",
    "/ui/socket.io/?EIO=4&transport=polling/../../flows", "/dashboard/_DEBUG/datastore/n000000000000021",
    "/DASHBOARD/%5Fdebug/datastore/n000000000000021", "/dashboard?/../flows", "/dashboard/?x=/../flows", "/dashboard#/../flows",
    "/dashboard/flows", "/ui/flows", "/dashboard/settings", "/ui/settings", "/dashboardx", "/dashboard.", "/dashboard%20/x", "/uix",
    "/ui_base/js/x", "/UI_BASE/js/x", "/%75i_base/js/x", "/Settings", "/SETTINGS/USER", "/Comms", "/INJECT/n1", "/Credentials/a/b",
    "/index.html", "/%2f", "/.", "/..", "/%2e%2e", "/*", "/.sallyport/flows", "/.sallyport/../flows")


def belongs_to_a_dashboard(url):
    path = url.split("?")[0].lower()
    return any(path == place or path.startswith(place + "/") for place in ("/dashboard", "/ui"))


def check_dashboard_role(gateway, red):
    dot = Caller(gateway, red, "dot")
    table(dot, [(method, target, 403) for method, target in EDITOR + ACTS])
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        for target in SPELLINGS + tuple(f"http://{LINE1}:{gateway.port}{target}" for target in ("/flows", "/dashboard/../flows")):
            response, arrived = dot.ask(method, target, (), b"{}" if method in ("POST", "PUT", "PATCH") else None)
            for request in arrived:
                expect(belongs_to_a_dashboard(request["url"]), f"{method} {target}: Node-RED got {request}")
                expect(method == "GET" or "/socket.io/" in request["url"], f"{method} {target}: Node-RED got {request}")
                expect(FULL not in request["authorization"] and READ not in request["authorization"], f"a token came along: {request}")
            for mark in EDITOR_MARKS:
                absent(response.body, mark, f"the answer to {method} {target}")
    table(dot, [("GET", target, 200) for target in (
        "/dashboard/", "/dashboard/page1", "/DASHBOARD/page1", "/dashboard/_setup", "/dashboard/favicon.ico", "/ui/", "/UI/",
        "/ui/js/app.min.js", "/ui/manifest.json", "/ui/socket.io/?EIO=4&transport=polling", "/dashboard/socket.io/?EIO=4&transport=polling")])


def check_viewer(gateway, red):
    vic = Caller(gateway, red, "vic")
    closed = ("/settings/user/keys", "/context", "/credentials", "/library", "/projects", "/diagnostics", "/udp-ports", "/auth/strategy",
              "/hook", "/dashboard/_debug", "/serialports", "/admin")
    rows = [(method, target, 403 if target.startswith(closed) else {200, 204, 301, 404}) for method, target in EDITOR]
    table(vic, rows + [(method, target, 403) for method, target in ACTS])
    table(vic, [("GET", target, 200) for target in ("/", "/flows", "/FLOWS/", "/settings", "/settings/user", "/nodes", "/icons",
                                                    "/red/red.min.js", "/theme", "/flows/state", "/dashboard/", "/ui/")])
    table(vic, [(method, target, {400, 403}) for method in ("POST", "PUT", "DELETE", "PATCH", "PROPFIND", "FLOWS")
                for target in ("/flows", "/FLOWS", "/%66lows", "/flows/", "/flows;", "//flows", "/./flows", "/dashboard/../flows")])
    response, arrived = vic.ask("GET", "/flows")
    contains(response.text, FLOW, "the flows")
    equal([request["authorization"] for request in arrived], [f"Bearer {READ}"], "the token that went along")
    contains(json.loads(vic.ask("GET", "/settings")[0].body)["user"], "permissions", "what Node-RED takes the viewer for")
    overriding = [("X-HTTP-Method-Override", "POST"), ("X-Method-Override", "POST"), ("X-Original-URL", "/inject/n000000000000001"),
                  ("X-Rewrite-URL", "/inject/n000000000000001"), ("Authorization", f"Bearer {FULL}")]
    _, arrived = vic.ask("GET", "/flows?_method=POST", overriding[:-1])
    equal([(request["method"], request["authorization"]) for request in arrived], [("GET", f"Bearer {READ}")], "with overriding headers")


def check_stranger(gateway, red):
    nobody = Caller(gateway, red, None)
    table(nobody, [(method, target, 401) for method, target in EDITOR + ACTS + [("GET", "/dashboard"), ("GET", "/ui/")]])
    for target in SPELLINGS:
        response, arrived = nobody.ask("GET", target, [("Accept", HTML)])
        expect(response.status in (302, 400, 401, 404), f"{target} for a stranger: {response.status}")
        equal(arrived, [], f"what Node-RED got of {target}")
    page = Browser(gateway).open(LINE1, "/flows")
    contains(page.text, 'type="password"', "the sign-in page for a stranger")
    for user in ("out", "lea", "admin"):
        table(Caller(gateway, red, user), [("GET", target, 403) for target in ("/", "/flows", "/dashboard", "/ui/", "/hook")])


def check_owner(gateway, red):
    for user in ("ann", "mel"):
        caller = Caller(gateway, red, user)
        flows = json.loads(caller.ask("GET", "/flows", [("Node-RED-API-Version", "v2")])[0].body)
        comment = {"id": f"c{user}", "type": "comment", "z": "f0000000000000a1", "name": f"by {user}", "x": 600, "y": 40, "wires": []}
        body = json.dumps({"flows": flows["flows"] + [comment], "rev": flows["rev"]}).encode()
        response, arrived = caller.ask("POST", "/flows", [("Content-Type", "application/json"), ("Node-RED-API-Version", "v2"),
                                                          ("Node-RED-Deployment-Type", "nodes")], body)
        equal(response.status, 200, f"a deploy by {user} ({response.text[:200]})")
        equal(arrived[0]["authorization"], f"Bearer {FULL}", f"the token of {user}")
        contains([node.get("name") for node in red.flows()["flows"]], f"by {user}", "what is deployed")
        equal(caller.ask("GET", "/hook")[0].text, "answer-of-the-hook", f"an http-in node for {user}")
        table(caller, [("POST", "/inject/n000000000000001", 200), ("GET", "/diagnostics", 200), ("GET", "/context/global", 200),
                       ("POST", "/debug/n000000000000002/enable", {200, 201}), ("GET", "/comms", {404})])


def check_tokens_stay(gateway, red):
    """No answer holds one of the instance's tokens, whoever asks for whatever; nor do the log and the record."""
    for user in ("ann", "vic", "dot"):
        browser = signed_in(gateway, user)
        for _, target in EDITOR + [("GET", "/dashboard"), ("GET", "/ui/"), ("GET", "/dashboard/_setup"), ("GET", "/nothing")]:
            response = browser.once("GET", browser.at(LINE1, target), [("Accept", HTML)])
            if response.status == 302 and "/.sallyport/" in response.get("location"):
                response = browser.follow(response, [("Accept", HTML)])
            for token in (FULL, READ):
                absent(response.head + response.body, token.encode(), f"the answer to {target} for {user}")
    for token in (FULL, READ):
        absent(gateway.log(), token, "the log")
        absent(gateway.must("audit", "list", "-o", "json"), token, "the audit list")
        absent(gateway.must("get", "instance", "line1", "-o", "yaml"), token, "get")


@test(limit=240)
def the_dashboard_role_reaches_dashboards_alone(t):
    check_dashboard_role(*standing(t))


@test(limit=180)
def a_viewer_reads_and_cannot_act(t):
    check_viewer(*standing(t))


@test(limit=180)
def a_stranger_is_sent_to_the_sign_in(t):
    check_stranger(*standing(t))


@test(limit=180)
def owner_and_member_deploy(t):
    check_owner(*standing(t))


@test(limit=180)
def the_instances_tokens_reach_no_client(t):
    check_tokens_stay(*standing(t))


@test(limit=480)
def the_same_on_node_red_5(t):
    gateway, red = standing(t, 5)
    for check in (check_dashboard_role, check_viewer, check_stranger, check_owner, check_tokens_stay):
        check(gateway, red)


@test(limit=180)
def other_roots_and_dashboards(t):
    keys = {"node_root": "/api", "admin_root": "/red-admin"}
    gateway, red = standing(t, keys=keys, node_root="/api", admin_root="/red-admin")
    ann, vic, dot = (Caller(gateway, red, name) for name in ("ann", "vic", "dot"))
    table(dot, [("GET", "/api/dashboard/", 200), ("GET", "/API/UI/", 200), ("GET", "/api/dashboard/_setup", 200), ("GET", "/api/hook", 403),
                ("GET", "/dashboard", 403), ("GET", "/red-admin/", 403), ("GET", "/red-admin/flows", 403), ("GET", "/", 403),
                ("GET", "/Red-Admin/dashboard/api", 403), ("GET", "/api/dashboard/../../red-admin/flows", 400)])
    table(vic, [("GET", "/red-admin/", 200), ("GET", "/RED-ADMIN/FLOWS", 200), ("POST", "/red-admin/flows", 403), ("GET", "/api/hook", 403),
                ("POST", "/red-admin/inject/n000000000000001", 403), ("GET", "/red-admin/red/red.min.js", 200)])
    table(ann, [("GET", "/api/hook", 200), ("POST", "/red-admin/inject/n000000000000001", 200), ("GET", "/red-admin/flows", 200)])


@test(limit=180)
def a_webhook_is_public_by_an_area_of_its_own(t):
    red = started(t)
    gateway = world(t, line1(red, areas=[{"name": "hooks", "paths": ["/hook"], "public": True, "methods": ["POST"]}]))
    nobody = Caller(gateway, red, None)
    response, arrived = nobody.ask("POST", "/hook", [("Content-Type", "application/json"), ("Authorization", f"Bearer {READ}")], b"{}")
    equal((response.status, response.text), (200, "answer-of-the-hook"), "the webhook")
    equal([request["authorization"] for request in arrived], [""], "a token at the webhook")
    table(nobody, [("GET", "/hook", 403), ("POST", "/hookx", 401), ("POST", "/flows", 401), ("POST", "/hook/../flows", 400)])


@test
def the_preset_stays_a_preset_and_refuses_what_opens_the_editor(t):
    gateway = world(t, start=False)
    red = type("Red", (), {"url": "http://127.0.0.1:1880"})
    gateway.must("apply", "-f", Path(__file__).resolve().parents[2] / "docs/node_red.yaml")
    gateway.apply(line1(red, first_message=True, node_root="/api"))
    shown = gateway.must("get", "instance", "line1", "-o", "yaml")
    contains(shown, "type: node-red", "get")
    contains(shown, "node_root: /api", "get")
    absent(shown, "areas", "get")
    equal(gateway.apply(gateway.get("instance", "line1"), flags=("--dry-run",)).strip(), "", "what applying get's output would change")
    for keys, words in (({"areas": [{"name": "a", "paths": ["/flows"], "public": True}]}, "would open the editor"),
                        ({"areas": [{"name": "a", "paths": ["/"], "roles": ["dashboard"]}]}, "cover /comms"),
                        ({"dashboards": ["/"]}, "lies on the editor"), ({"paths_mode": "raw"}, "raw is possible only"),
                        ({"type": "web", "node_root": "/x"}, "belongs to type node-red alone")):
        contains(gateway.refused_apply(line1(red) | keys), words, f"the message for {keys}")
