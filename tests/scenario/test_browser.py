"""A person with Chromium signs in and works: light and dark, desk and phone, with and without script.

Screenshots go to $SCENARIO_SCREENSHOTS, if set.
"""
import json
import os
import subprocess
from pathlib import Path

from gateway import GATE
from registry import PATIENCE, Skipped, absent, contains, equal, expect, test
from web_client import PASSWORD
from world import KEY, host, instance, upstream, world

HERE = Path(__file__).resolve().parent / "browser"


def person(t, scheme, width, height, script=True):
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not os.access(chromium, os.X_OK) or not (HERE / "node_modules/playwright-core").is_dir():
        raise Skipped("no Chromium, or `npm ci` was not run in tests/scenario/browser")
    echo = upstream(t)

    def page(stream, request, _argument, _query):
        echo._read_body(stream, request)
        mark = b"<!doctype html><html lang=en><title>Line 1</title><link rel=icon href='data:,'><body><h1>furnace seven</h1>"
        echo._answer(stream, request, 200, mark, kind="text/html")

    echo.do_panel = page
    gateway = world(t, instance("line1", echo, secrets={"k": KEY}, areas=[{"name": "all", "paths": ["/"], "roles": ["owner"]}],
                                credentials=[{"roles": ["owner"], "inject": {"headers": {"Authorization": "Bearer {{ secrets.k }}"}}}]))
    out = Path(os.environ.get("SCENARIO_SCREENSHOTS") or t.dir)
    out.mkdir(parents=True, exist_ok=True)
    task = {"gate": f"https://{GATE}:{gateway.port}", "wanted": f"https://{host('line1')}:{gateway.port}/panel?x=1", "user": "ann",
            "password": PASSWORD, "mark": "furnace seven", "secrets": [KEY, PASSWORD], "out": str(out), "scheme": scheme,
            "width": width, "height": height, "script": script}
    done = subprocess.run(["node", HERE / "person.mjs"], input=json.dumps(task), capture_output=True, text=True,
                          timeout=100 * PATIENCE, env={**os.environ, "HOME": str(t.dir)})
    try:
        told = json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise AssertionError(f"no result of the browser: {done.stdout[-500:]} {done.stderr[-1500:]}") from None
    equal(told["faults"], [], "faults")
    steps = {step["name"]: step for step in told["steps"]}
    equal(sorted(steps["hosts"]["hosts"]), sorted([f"{GATE}:{gateway.port}", f"{host('line1')}:{gateway.port}"]), "hosts it spoke to")
    for cookie in steps["cookies"]["cookies"]:
        expect(cookie["secure"] and cookie["httpOnly"] and cookie["path"] == "/", f"cookie {cookie}")
        expect(not cookie["domain"].startswith("."), f"cookie with a domain: {cookie}")
    equal(sorted(c["domain"] for c in steps["cookies"]["cookies"] if c["name"] == "__Host-sallyport"), sorted([GATE, host("line1")]),
          "hosts with a session cookie")
    contains(steps["account"]["url"], "/.sallyport/account", "the account page")
    panel = [request for request in echo.requests if request.target.startswith("/panel")]
    equal(panel[0].all("authorization"), [f"Bearer {KEY}"], "the key at the upstream")
    absent(panel[0].head, b"__Host-sallyport", "what reached the upstream")
    return steps


@test(limit=150, alone=True)
def signs_in_on_a_desk_in_the_light(t):
    facts = person(t, "light", 1280, 800)["facts"]["facts"]
    expect(facts["labels"] and facts["lang"] and facts["viewport"], f"labels, language and viewport: {facts}")
    equal(facts["complete"], "current-password", "autocomplete of the password")
    equal(facts["scripts"], 0, "scripts on the page")


@test(limit=150, alone=True)
def signs_in_on_a_phone_in_the_dark(t):
    facts = person(t, "dark", 360, 740)["facts"]["facts"]
    equal(facts["small"], 0, "controls too small for a finger")
    channels = [float(word) for word in facts["background"].removeprefix("rgba(").removeprefix("rgb(").rstrip(")").split(",")[:3]]
    expect(sum(channels) < 300, f"a dark background: {facts['background']}")


@test(limit=150, alone=True)
def signs_in_without_script(t):
    person(t, "light", 800, 600, script=False)
