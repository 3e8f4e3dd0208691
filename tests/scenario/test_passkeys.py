"""Passkeys: what a program may ask for, and a person with Chromium and an authenticator in it."""
import json

from authenticator import JSON, api, log_in
from gateway import GATE
from registry import absent, contains, equal, expect, test
from test_browser import drive, needs_chromium
from web_client import HTML, PASSWORD, Browser
from world import host, instance, upstream, world

OPTIONS, ANSWER = "/.sallyport/webauthn/options", "/.sallyport/webauthn"


def post(browser, path, body, headers=JSON):
    return browser.once("POST", browser.at(GATE, path), headers, json.dumps(body).encode())


@test
def options_say_nothing_of_anybody(t):
    gateway = world(t)
    browser = Browser(gateway)
    first = post(browser, OPTIONS, {"user": "ann"})
    equal(first.status, 200, "options for nobody")
    options = first.json()["publicKey"]
    equal((options["rpId"], options["allowCredentials"], options["userVerification"]), (GATE, [], "required"), "what is asked")
    second = post(browser, OPTIONS, {"user": "no-such-person"}).json()["publicKey"]
    expect(options.pop("challenge") != second.pop("challenge"), "a challenge each time")
    equal(options, second, "for a name that is nobody's")
    signed_in, _ = log_in(gateway, "ann")
    equal(post(signed_in, OPTIONS, {}).status, 409, "for who has no passkey")


@test
def what_is_no_answer_of_a_passkey_is_refused(t):
    gateway = world(t)
    browser = Browser(gateway)
    post(browser, OPTIONS, {})
    for body in ({}, {"credential": {}}, {"credential": "x"}, {"credential": {"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}}):
        equal(post(browser, ANSWER, body).status, 400, f"{body}")
    for headers, status in (([("Content-Type", "application/json")], 403), ([("X-Sallyport-Request", "1"), ("Content-Type", "text/plain")], 415),
                            ([*JSON, ("Origin", f"https://{host('line1')}:{gateway.port}")], 403)):
        equal(post(browser, ANSWER, {}, headers).status, status, f"with {headers}")
    equal(api(browser, "POST", "/passkeys/options").status, 401, "a registration of nobody")


@test
def the_script_is_for_the_pages_that_need_it(t):
    gateway = world(t)
    page = gateway.ask(GATE, target="/.sallyport/login", headers=[("Accept", HTML)])
    contains(page.get("content-security-policy"), "script-src 'self'; connect-src 'self'", "the policy of the sign-in page")
    absent(gateway.ask(GATE, target="/.sallyport/logout", headers=[("Accept", HTML)]).get("content-security-policy"), "script-src", "of another page")
    address = page.text.split('<script type="module" src="')[1].split('"')[0]
    script = gateway.ask(GATE, target=address)
    equal((script.status, script.get("content-type")), (200, "text/javascript; charset=utf-8"), "the script")
    contains(script.get("cache-control"), "immutable", "how long it may be kept")


def passkeys(t, scheme, width, height, keyboard=False):
    needs_chromium()
    echo = upstream(t)

    def page(stream, request, _argument, _query):
        echo._read_body(stream, request)
        echo._answer(stream, request, 200, b"<!doctype html><html lang=en><title>Line 1</title><link rel=icon href='data:,'><body>"
                     b"<h1>furnace seven</h1>", kind="text/html")

    echo.do_panel = echo.do_fresh = page
    gateway = world(t, instance("line1", echo, areas=[{"name": "fresh", "paths": ["/fresh"], "roles": ["owner"], "mfa": {"within": "3s"}},
                                                      {"name": "all", "paths": ["/"], "roles": ["owner"]}]))
    line1 = f"https://{host('line1')}:{gateway.port}"
    steps = drive(t, "passkeys.mjs", gateway, scheme, width, height, True, mark="furnace seven", keyboard=keyboard, fresh_seconds=3, secrets=[PASSWORD],
                  wanted=f"{line1}/panel?x=1", fresh=f"{line1}/fresh?y=2")
    equal(steps["elsewhere"]["elsewhere"], "SecurityError", "another host's page")
    equal((steps["alone"]["strength"], steps["suggested"]["strength"]), ("mfa", "mfa"), "sign-ins without a password")
    recorded = [(event.get("action"), str(event.get("detail"))) for event in gateway.listing("audit", "list")]
    expect(any(action == "session.begin" and "passkey \"Ann's laptop\"" in detail for action, detail in recorded), f"what is recorded: {recorded}")
    expect(any(action == "session.factor" and "Ann's laptop" in detail for action, detail in recorded), f"what is recorded: {recorded}")


@test(limit=150, alone=True)
def a_passkey_on_a_desk_in_the_light(t):
    passkeys(t, "light", 1280, 800)


@test(limit=150, alone=True)
def a_passkey_on_a_phone_in_the_dark(t):
    passkeys(t, "dark", 360, 740)


@test(limit=150, alone=True)
def a_passkey_by_keyboard_alone(t):
    passkeys(t, "light", 800, 600, keyboard=True)
