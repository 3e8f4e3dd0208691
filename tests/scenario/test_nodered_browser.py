"""A person with Chromium on a real Node-RED: edits and deploys, looks on, uses dashboards. Nowhere in the browser is a token.

Screenshots go to $SCENARIO_SCREENSHOTS, if set.
"""
import json
import os
import subprocess
import threading
from pathlib import Path

from gateway import GATE
from node_red_upstream import FULL, READ
from node_red_world import LINE1, standing
from registry import PATIENCE, Skipped, contains, equal, expect, test
from web_client import PASSWORD

HERE = Path(__file__).resolve().parent / "browser"


def person(t, role, user, version=4, beside=None, **options):
    """(facts, Node-RED) of one sitting. beside(red): called again and again meanwhile."""
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not os.access(chromium, os.X_OK) or not (HERE / "node_modules/playwright-core").is_dir():
        raise Skipped("no Chromium, or `npm ci` was not run in tests/scenario/browser")
    gateway, red = standing(t, version, **options)
    out = Path(os.environ.get("SCENARIO_SCREENSHOTS") or t.dir) / f"node-red-{version}"
    out.mkdir(parents=True, exist_ok=True)
    task = {"line1": f"https://{LINE1}:{gateway.port}", "user": user, "password": PASSWORD, "role": role, "secrets": [FULL, READ],
            "out": str(out)}
    over = threading.Event()
    thread = threading.Thread(target=lambda: [beside(red) for _ in iter(lambda: over.wait(0.5), True)] if beside else None)
    thread.start()
    try:
        done = subprocess.run(["node", HERE / "node_red.mjs"], input=json.dumps(task), capture_output=True, text=True,
                              timeout=200 * PATIENCE, env={**os.environ, "HOME": str(t.dir)})
    finally:
        over.set()
        thread.join()
    try:
        told = json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise AssertionError(f"no result of the browser: {done.stdout[-500:]} {done.stderr[-1500:]}") from None
    equal(told["faults"], [], f"faults (what it saw: {json.dumps(told['facts'])[:1500]})")
    equal(sorted(told["facts"]["hosts"]), sorted([f"{GATE}:{gateway.port}", f"{LINE1}:{gateway.port}"]), "hosts it spoke to")
    return told["facts"], red


def sockets(facts, path):
    return [socket for socket in facts["sockets"] if socket["url"].endswith(path)]


def owner(t, version=4, **options):
    facts, red = person(t, "owner", "ann", version, **options)
    equal((facts["deployed"], facts["pressed"], facts["debug"]), (200, 200, True), "deployed, pressed, seen")
    contains([node.get("name") for node in red.flows()["flows"]], "renamed by the owner", "what is deployed")
    expect(any(socket["received"] for socket in sockets(facts, "/comms")), f"messages on /comms: {facts['sockets']}")
    return facts


def viewer(t, version=4, **options):
    facts, red = person(t, "viewer", "vic", version, beside=lambda red: red.press("n000000000000001"), **options)
    equal(set(facts["acts"].values()), {403}, f"what a viewer's page may do: {facts['acts']}")
    expect(facts["nodes"] > 5 and facts["debug"], f"the flow on a viewer's page: {facts}")
    acted = [entry for entry in red.received() if entry["event"] == "comms" or (entry["user"] == "vic" and entry["method"] != "GET")]
    equal(acted, [], "what Node-RED got of a viewer beside reading")
    equal({entry["authorization"] for entry in red.received() if entry["user"] == "vic"}, {f"Bearer {READ}"}, "a viewer's token")
    contains([node.get("name") for node in red.flows()["flows"]], "press me", "the flow is as it was")
    return facts


@test(limit=300, alone=True)
def the_dashboard_role_opens_both_dashboards(t):
    facts, red = person(t, "dashboard", "dot")
    equal(set(facts["statuses"].values()), {403}, f"the editor for the dashboard role: {facts['statuses']}")
    equal({entry["authorization"] for entry in red.received() if entry["user"] == "dot"}, {""}, "a token of the dashboard role")


@test(limit=300, alone=True)
def the_dashboards_speak_over_websockets(t):
    facts, _ = person(t, "dashboard", "dot")
    for path in ("/dashboard/socket.io/", "/ui/socket.io/"):
        expect(any(socket["received"] for socket in sockets(facts, path)), f"messages on {path}: {facts['sockets']}")


@test(limit=300, alone=True)
def an_owner_edits_deploys_and_sees_the_message(t):
    owner(t)


@test(limit=300, alone=True)
def a_viewer_looks_on_and_cannot_act(t):
    viewer(t)


@test(limit=300, alone=True)
def an_owner_where_comms_wants_the_token_in_a_message(t):
    owner(t, auth="list", first_message=True)


@test(limit=300, alone=True)
def a_viewer_where_comms_wants_the_token_in_a_message(t):
    viewer(t, auth="list", first_message=True)


@test(limit=300, alone=True)
def an_owner_of_node_red_5(t):
    owner(t, 5)


@test(limit=300, alone=True)
def a_viewer_of_node_red_5(t):
    viewer(t, 5)


@test(limit=300, alone=True)
def the_dashboards_of_node_red_5(t):
    facts, _ = person(t, "dashboard", "dot", 5)
    equal(set(facts["statuses"].values()), {403}, f"the editor for the dashboard role: {facts['statuses']}")
