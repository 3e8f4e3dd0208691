"""A person with Chromium signs in and works: light and dark, desk and phone, with and without script.

Screenshots go to $SCENARIO_SCREENSHOTS, if set.
"""
import json
import os
import subprocess
from pathlib import Path

from gateway import GATE
from registry import PATIENCE, Skipped, absent, contains, equal, expect, test
from web_client import PASSWORD, Browser
from world import KEY, host, instance, upstream, world

HERE = Path(__file__).resolve().parent / "browser"


def needs_chromium():
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not os.access(chromium, os.X_OK) or not (HERE / "node_modules/playwright-core").is_dir():
        raise Skipped("no Chromium, or `npm ci` was not run in tests/scenario/browser")


def drive(t, program, gateway, scheme, width, height, script, **more):
    """The steps that a program of browser/ took as ann, by name. Its faults are ours."""
    out = Path(os.environ.get("SCENARIO_SCREENSHOTS") or t.dir)
    out.mkdir(parents=True, exist_ok=True)
    task = {"gate": f"https://{GATE}:{gateway.port}", "user": "ann", "password": PASSWORD, "secrets": [KEY, PASSWORD],
            "out": str(out), "scheme": scheme, "width": width, "height": height, "script": script} | more
    done = subprocess.run(["node", HERE / program], input=json.dumps(task), capture_output=True, text=True,
                          timeout=100 * PATIENCE, env={**os.environ, "HOME": str(t.dir)})
    try:
        told = json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise AssertionError(f"no result of the browser: {done.stdout[-500:]} {done.stderr[-1500:]}") from None
    equal(told["faults"], [], "faults")
    return {step["name"]: step for step in told["steps"]}


def dark(facts):
    channels = [float(word) for word in facts["background"].removeprefix("rgba(").removeprefix("rgb(").rstrip(")").split(",")[:3]]
    return sum(channels) < 300


def person(t, scheme, width, height, script=True):
    needs_chromium()
    echo = upstream(t)

    def page(stream, request, _argument, _query):
        echo._read_body(stream, request)
        mark = b"<!doctype html><html lang=en><title>Line 1</title><link rel=icon href='data:,'><body><h1>furnace seven</h1>"
        echo._answer(stream, request, 200, mark, kind="text/html")

    echo.do_panel = page
    gateway = world(t, instance("line1", echo, secrets={"k": KEY}, areas=[{"name": "all", "paths": ["/"], "roles": ["owner"]}],
                                credentials=[{"roles": ["owner"], "inject": {"headers": {"Authorization": "Bearer {{ secrets.k }}"}}}]))
    steps = drive(t, "person.mjs", gateway, scheme, width, height, script, mark="furnace seven",
                  wanted=f"https://{host('line1')}:{gateway.port}/panel?x=1")
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
    equal(facts["scripts"], 1, "scripts on the page: the one for passkeys")


@test(limit=150, alone=True)
def signs_in_on_a_phone_in_the_dark(t):
    facts = person(t, "dark", 360, 740)["facts"]["facts"]
    equal(facts["small"], 0, "controls too small for a finger")
    expect(dark(facts), f"a dark background: {facts['background']}")


@test(limit=150, alone=True)
def signs_in_without_script(t):
    person(t, "light", 800, 600, script=False)


def account(t, scheme, width, height, script=True):
    """Four sessions besides the browser's own, and two tokens, looked at and ended."""
    needs_chromium()
    gateway = world(t, instance("line1", upstream(t)))
    programs = ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
                "Mobile/15E148 Safari/604.1", "curl/8.14.1", "<b>not markup</b>",
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"]
    others = []
    for number, program in enumerate(programs):
        other = Browser(gateway, source=f"127.0.0.{number + 11}")
        other.open(GATE, "/.sallyport/login")
        other.fill_in("ann", PASSWORD, ("User-Agent", program))
        others.append(other)
    others[0].enter(host("line1"))
    for name in ("ci-pipeline", "nightly-export"):
        gateway.token("ann", name=name, expires="30d")
    steps = drive(t, "account.mjs", gateway, scheme, width, height, script)
    for other in others:
        equal(gateway.ask(GATE, target="/api/v1/me", headers=other.headers(GATE)).status, 401, "a session that was ended")
    return steps.get("facts", {}).get("facts")


def check_account(facts):
    expect(facts["lang"] == "en" and facts["ids"] and facts["labelled"] and facts["names"], f"language, ids and names: {facts}")
    equal((facts["headings"].count(1), facts["skipped"]), (1, False), f"headings {facts['headings']}")
    equal(facts["landmarks"], [1, 1, 1, 1], "header, nav, main, footer")
    equal((facts["small"], facts["faint"], facts["lists"], facts["scripts"]), (0, [], 0, 0), "small or faint things, broken lists, scripts")
    expect(facts["times"] >= 15, f"times for machines: {facts['times']}")


@test(limit=150, alone=True)
def the_account_on_a_desk_in_the_light(t):
    check_account(account(t, "light", 1280, 800))


@test(limit=150, alone=True)
def the_account_on_a_phone_in_the_dark(t):
    facts = account(t, "dark", 360, 740)
    check_account(facts)
    expect(dark(facts), f"a dark background: {facts['background']}")


@test(limit=150, alone=True)
def the_account_without_script(t):
    account(t, "light", 800, 600, script=False)


def tokens(t, scheme, width, height, script=True, keyboard=False):
    """Makes a token after two mistakes, rotates it and revokes what came of it."""
    needs_chromium()
    gateway = world(t, instance("line1", upstream(t)), {"kind": "service_account", "name": "nightly-export", "team": "plant", "role": "viewer"})
    used = gateway.token("ann", "--team", "plant", "--read-only", name="ci-pipeline", expires="90d")
    gateway.must("token", "create", "--service-account", "nightly-export", "--name", "warehouse", "--expires", "30d")
    gateway.ask(host("line1"), headers=[("Authorization", f"Bearer {used}")])
    steps = drive(t, "tokens.mjs", gateway, scheme, width, height, script, keyboard=keyboard)
    old, new = steps["tokens"]["tokens"]
    statuses = [gateway.ask(host("line1"), headers=[("Authorization", f"Bearer {token}")]).status for token in (old, new)]
    equal(sorted(statuses), [401, 403], "the revoked one, and one from another network")
    return steps.get("facts", {}).get("facts")


def check_tokens(facts):
    expect(facts["lang"] == "en" and all(facts[key] for key in ("ids", "labelled", "described", "labels", "names")), f"names: {facts}")
    equal((facts["headings"].count(1), facts["skipped"]), (1, False), f"headings {facts['headings']}")
    equal((facts["small"], facts["scripts"]), (0, 0), "small things, scripts")


@test(limit=150, alone=True)
def tokens_on_a_desk_in_the_light(t):
    check_tokens(tokens(t, "light", 1280, 800))


@test(limit=150, alone=True)
def tokens_on_a_phone_in_the_dark(t):
    facts = tokens(t, "dark", 360, 740)
    check_tokens(facts)
    expect(dark(facts), f"a dark background: {facts['background']}")


@test(limit=150, alone=True)
def tokens_without_script(t):
    tokens(t, "light", 800, 600, script=False)


@test(limit=150, alone=True)
def tokens_by_keyboard_alone(t):
    tokens(t, "light", 800, 600, keyboard=True)


def second_factor(t, scheme, width, height, script=True, keyboard=False):
    """ann, of whom a factor is demanded: sets an app up by the code on the screen, and all that follows."""
    needs_chromium()
    echo = upstream(t)

    def page(stream, request, _argument, _query):
        echo._read_body(stream, request)
        echo._answer(stream, request, 200, b"<!doctype html><html lang=en><title>Line 1</title><link rel=icon href='data:,'><body>"
                     b"<h1>furnace seven</h1>", kind="text/html")

    echo.do_panel = echo.do_fresh = page
    gateway = world(t, {"kind": "platform", "name": "platform", "mfa": "required"},
                    instance("line1", echo, areas=[{"name": "fresh", "paths": ["/fresh"], "roles": ["owner"], "mfa": {"within": "6s"}},
                                                   {"name": "all", "paths": ["/"], "roles": ["owner"]}]))
    line1 = f"https://{host('line1')}:{gateway.port}"
    steps = drive(t, "factors.mjs", gateway, scheme, width, height, script, mark="furnace seven", keyboard=keyboard, fresh_seconds=6,
                  secrets=[PASSWORD], wanted=f"{line1}/panel?x=1", fresh=f"{line1}/fresh?y=2")
    equal(steps["uri"]["uri"], f"otpauth://totp/{GATE}:ann?secret=X&issuer={GATE}&algorithm=SHA1&digits=6&period=30", "what the app reads")
    equal(steps["came back"]["url"], f"{line1}/fresh?y=2", "where the step-up leads")


@test(limit=240, alone=True)
def second_factors_on_a_desk_in_the_light(t):
    second_factor(t, "light", 1280, 800)


@test(limit=240, alone=True)
def second_factors_on_a_phone_in_the_dark_without_script(t):
    second_factor(t, "dark", 360, 740, script=False)


@test(limit=240, alone=True)
def second_factors_by_keyboard_alone(t):
    second_factor(t, "light", 800, 600, keyboard=True)
