"""Signing in with a local password: by JSON, by the page, out again; cookies exactly as promised."""
import base64
import concurrent.futures
import json
import re
import time

from gateway import GATE
from registry import absent, contains, equal, expect, one_of, test
from wait import until
from web_client import HTML, PASSWORD, Browser, Forms
from wire import Closed
from world import signed_in, standing, world

JSON = [("Content-Type", "application/json")]
ASKED = JSON + [("X-Sallyport-Request", "1")]


def login(gateway, user, password, headers=ASKED):
    return gateway.ask(GATE, "POST", "/.sallyport/login", headers, json.dumps({"user": user, "password": password}).encode())


def error_body(response, code=None):
    """Checks the contract's error shape and returns it."""
    told = response.json()
    equal(sorted(told), ["details", "error", "message", "request_id"], "keys of the error body")
    expect(isinstance(told["details"], list) and told["request_id"] and told["message"], f"error body {told}")
    if code:
        equal(told["error"], code, "error code")
    return told


@test
def json_answers_next_and_location(t):
    gateway = world(t)
    response = login(gateway, "ann", PASSWORD)
    equal(response.status, 200, "status")
    told = response.json()
    equal(told["next"], "done", "next")
    expect(isinstance(told["location"], str) and told["location"], f"location: {told}")
    contains(response.get("content-type"), "application/json", "content type")


@test
def json_by_mail_address(t):
    equal(login(world(t), "ann@example.test", PASSWORD).status, 200, "status")


@test
def wrong_password_and_unknown_user_look_the_same(t):
    gateway = world(t)
    wrong, unknown = login(gateway, "ann", "wrong-" + PASSWORD), login(gateway, "nobody-here", PASSWORD)
    for response in (wrong, unknown):
        equal(response.status, 401, "status")
        error_body(response, "bad_credentials")
        equal([line for line in response.all("set-cookie") if line.startswith("__Host-sallyport=")], [], "no session")
    same = [{k: v for k, v in r.json().items() if k != "request_id"} for r in (wrong, unknown)]
    equal(same[0], same[1], "the two bodies")
    names = [sorted(name.lower() for name, _ in r.headers) for r in (wrong, unknown)]
    equal(names[0], names[1], "header names of the two answers")


@test(alone=True)
def unknown_user_costs_as_much_as_a_wrong_password(t):
    gateway = world(t)

    def seconds(user):
        began = time.monotonic()
        equal(login(gateway, user, "wrong-password-12").status, 401, "status")
        return time.monotonic() - began

    login(gateway, "ann", PASSWORD)
    wrong = min(seconds("ann") for _ in range(2))
    unknown = min(seconds(f"nobody{i}") for i in range(2))
    expect(unknown > wrong / 3, f"unknown user answered in {unknown:.3f} s, wrong password in {wrong:.3f} s")


@test
def json_without_the_header_is_403(t):
    gateway = world(t)
    for headers in (JSON, JSON + [("X-Sallyport-Request", "0")], JSON + [("X-Sallyport-Request", "")]):
        response = login(gateway, "ann", PASSWORD, headers)
        equal(response.status, 403, f"status with {headers}")
        equal([c for c in response.all("set-cookie") if c.startswith("__Host-sallyport=")], [], "no session")


@test
def bad_json_is_400_and_harms_nothing(t):
    gateway = world(t)
    for body in (b"", b"{", b"[]", b"null", b'{"user": "ann"}', b'{"user": 1, "password": 2}', b'{"user":"ann","password":null}',
                 b'{"user":"ann","user":"mel","password":"x"}', b"[" * 5000, b'{"user":"\xff\xfe","password":"x"}'):
        response = gateway.ask(GATE, "POST", "/.sallyport/login", ASKED, body)
        one_of(response.status, (400, 401, 422), f"status for {body[:40]!r}")
    equal(login(gateway, "ann", PASSWORD).status, 200, "status afterwards")


@test
def a_huge_password_is_refused_before_hashing(t):
    gateway = world(t)
    began = time.monotonic()
    for length in (5_000, 60_000, 1_000_000):
        try:
            one_of(login(gateway, "ann", "x" * length).status, (400, 401, 413, 422), f"status for {length} bytes")
        except (Closed, OSError):
            expect(length == 1_000_000, f"no answer for {length} bytes")
    expect(time.monotonic() - began < 5, "it took long")


@test
def the_page_signs_in_without_script(t):
    gateway = world(t)
    browser = Browser(gateway)
    page = browser.open(GATE, "/.sallyport/login")
    equal(page.status, 200, "status of the login page")
    contains(page.get("content-type"), "text/html", "content type")
    equal(Forms(page.text).scripts, 1, "scripts on the page: the one for passkeys")
    form = browser.form()
    equal(form["method"], "POST", "method of the form")
    expect({"user", "password"} <= set(form["fields"]), f"fields of the form: {sorted(form['fields'])}")
    expect("hidden" in form["types"].values(), "the form has a hidden field")
    browser.fill_in("ann")
    expect("__Host-sallyport" in browser.jar.get(GATE, {}), f"a session cookie after the form ({browser.history})")
    one_of(browser.page.status, (200,), "status of the page afterwards")


@test
def the_page_shows_the_mistake_and_works_again(t):
    gateway = world(t)
    browser = Browser(gateway)
    browser.open(GATE, "/.sallyport/login")
    browser.fill_in("ann", "not-the-password-1")
    one_of(browser.page.status, (401, 200), "status")
    expect("__Host-sallyport" not in browser.jar.get(GATE, {}), "no session")
    absent(browser.page.text, "not-the-password-1", "the page")
    browser.fill_in("ann")
    expect("__Host-sallyport" in browser.jar[GATE], "session after the second try on the same page")


@test
def the_page_carries_strict_headers(t):
    page = world(t).ask(GATE, target="/.sallyport/login", headers=[("Accept", HTML)])
    policy = page.get("content-security-policy")
    for word in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
        contains(policy, word, "Content-Security-Policy")
    absent(policy, "unsafe-inline", "Content-Security-Policy")
    absent(policy, "unsafe-eval", "Content-Security-Policy")
    contains(page.get("cache-control"), "no-store", "Cache-Control")
    equal(page.get("x-content-type-options"), "nosniff", "X-Content-Type-Options")
    expect(page.get("referrer-policy"), "Referrer-Policy is set")
    contains(page.get("strict-transport-security"), "max-age=", "Strict-Transport-Security")
    equal(Forms(page.text).inline_styles, 0, "inline styles under a strict policy")


@test
def a_form_without_its_hidden_fields_is_refused(t):
    gateway = world(t)
    browser = Browser(gateway)
    browser.open(GATE, "/.sallyport/login")
    form = browser.form()
    form["fields"] = {}
    response = browser.submit(form, {"user": "ann", "password": PASSWORD}, follow=False)
    expect(response.status >= 400, f"status without hidden fields: {response.status}")
    expect("__Host-sallyport" not in browser.jar.get(GATE, {}), "no session")


@test
def a_form_with_anothers_hidden_fields_is_refused(t):
    gateway = world(t)
    mine, theirs = Browser(gateway), Browser(gateway)
    mine.open(GATE, "/.sallyport/login")
    theirs.open(GATE, "/.sallyport/login")
    form = mine.form()
    form["fields"] = theirs.form()["fields"]  # their token, my cookies
    response = mine.submit(form, {"user": "ann", "password": PASSWORD}, follow=False)
    expect(response.status >= 400, f"status with a foreign token: {response.status}")
    expect("__Host-sallyport" not in mine.jar.get(GATE, {}), "no session")


@test
def a_form_from_a_foreign_page_is_refused(t):
    gateway = world(t)
    for headers in ([("Origin", "https://evil.example.test"), ("Sec-Fetch-Site", "cross-site")],
                    [("Origin", "null")], [("Sec-Fetch-Site", "cross-site")],
                    [("Origin", f"https://crm.apps.localhost:{gateway.port}"), ("Sec-Fetch-Site", "same-site")]):
        browser = Browser(gateway)
        browser.open(GATE, "/.sallyport/login")
        response = browser.fill_in("ann", PASSWORD, *headers, follow=False)
        expect(response.status >= 400, f"status with {headers}: {response.status}")
        expect("__Host-sallyport" not in browser.jar.get(GATE, {}), f"no session with {headers}")
    browser = Browser(gateway)
    browser.open(GATE, "/.sallyport/login")
    browser.fill_in("ann", PASSWORD, ("Origin", f"https://{GATE}:{gateway.port}"), ("Sec-Fetch-Site", "same-origin"))
    expect("__Host-sallyport" in browser.jar[GATE], "session with a browser's own headers")


@test
def session_cookies_have_exactly_the_promised_attributes(t):
    gateway, _, crm = standing(t)
    browser = Browser(gateway)
    seen = []
    once = browser.once

    def watched(*arguments, **more):
        response = once(*arguments, **more)
        seen.extend(response.all("set-cookie"))
        return response

    browser.once = watched
    browser.open(crm)
    browser.fill_in("ann")
    sessions = [line for line in seen if line.startswith("__Host-sallyport=")]
    equal(len(sessions), 2, f"session cookies set on the gate and on the app host ({seen})")
    for line in sessions:
        value, *attributes = [part.strip() for part in line.split(";")]
        names = {a.partition("=")[0].lower(): a.partition("=")[2] for a in attributes}
        expect("secure" in names and "httponly" in names, f"Secure and HttpOnly: {line}")
        equal(names.get("samesite", "").lower(), "lax", f"SameSite of {line}")
        equal(names.get("path"), "/", f"Path of {line}")
        expect("domain" not in names, f"no Domain: {line}")
        expect(len(value.split("=", 1)[1]) >= 43, f"256 bits in the id: {line}")
    values = {line.split(";")[0] for line in sessions}
    equal(len(values), 2, "the two hosts have ids of their own")
    for line in seen:
        expect(re.match(r"__Host-sallyport[a-z-]*=", line), f"a cookie outside the gateway's names: {line}")
        contains(line.lower(), "httponly", "cookie")
        if line.startswith("__Host-sallyport-flow="):
            contains(line, "SameSite=None", "the flow cookie")


@test
def an_id_set_before_sign_in_is_not_the_id_after_it(t):
    gateway = world(t)
    planted = "A" * 43
    browser = Browser(gateway)
    browser.jar[GATE] = {"__Host-sallyport": planted}
    browser.sign_in("ann")
    expect(browser.jar[GATE]["__Host-sallyport"] != planted, "a planted id was kept")
    first = browser.jar[GATE]["__Host-sallyport"]
    browser.sign_in("ann")
    expect(browser.jar[GATE]["__Host-sallyport"] != first, "signing in again gives a new id")
    check = gateway.ask(GATE, target="/.sallyport/account", headers=[("Cookie", f"__Host-sallyport={planted}")])
    expect(check.status != 200, "the planted id is no session")


@test
def logout_ends_the_session_everywhere(t):
    gateway, _, crm = standing(t)
    browser = signed_in(gateway, "ann", crm)
    gate_cookie, crm_cookie = browser.cookie(GATE), browser.cookie(crm)
    equal(gateway.ask(crm, headers=[("Cookie", crm_cookie)]).status, 200, "status before")
    out = browser.once("POST", browser.at(GATE, "/.sallyport/logout"), ASKED, b"{}")
    one_of(out.status, (200, 204, 302, 303), "status of logout")
    equal(gateway.ask(crm, headers=[("Cookie", crm_cookie)]).status, 401, "the app's cookie after logout")
    expect(gateway.ask(GATE, target="/.sallyport/account", headers=[("Cookie", gate_cookie)]).status != 200,
           "the gate's cookie after logout")


@test
def logout_on_an_app_host_and_by_its_button(t):
    gateway, _, crm = standing(t)
    browser = signed_in(gateway, "ann", crm)
    page = browser.open(crm, "/.sallyport/logout")
    equal(page.status, 200, "GET shows a page")
    equal(gateway.ask(crm, headers=[("Cookie", browser.cookie(crm))]).status, 200, "GET alone does not sign out")
    forms = [form for form in Forms(page.text).forms if form["method"] == "POST"]
    equal(len(forms), 1, "forms on the sign-out page")
    before = browser.cookie(crm)
    origin = browser.url.split("/.sallyport")[0]
    browser.submit(forms[0], {}, ("Origin", origin), ("Sec-Fetch-Site", "same-origin"))
    equal(gateway.ask(crm, headers=[("Cookie", before)]).status, 401, "the cookie after the button")


@test
def logout_from_a_foreign_page_is_refused(t):
    gateway, _, crm = standing(t)
    browser = signed_in(gateway, "ann", crm)
    for where in (GATE, crm):
        response = gateway.ask(where, "POST", "/.sallyport/logout", [("Cookie", browser.cookie(where)), (
            "Origin", "https://evil.example.test"), ("Content-Type", "application/x-www-form-urlencoded")], b"")
        equal(response.status, 403, f"status on {where}")
    equal(gateway.ask(crm, headers=[("Cookie", browser.cookie(crm))]).status, 200, "still signed in")


@test
def the_account_page_says_who(t):
    gateway = world(t)
    browser = Browser(gateway)
    browser.sign_in("ann")
    page = browser.open(GATE, "/.sallyport/account")
    equal(page.status, 200, "status")
    contains(page.text, "ann@example.test", "the account page")
    absent(page.text, browser.jar[GATE]["__Host-sallyport"], "the account page")


@test
def session_ids_in_the_store_are_useless_as_cookies(t):
    gateway, _, crm = standing(t)
    browser = signed_in(gateway, "ann", crm)
    value = browser.jar[crm]["__Host-sallyport"]
    gateway.stop()
    raw = b"".join(p.read_bytes() for p in gateway.dir.rglob("sallyport.db*"))
    absent(raw, value.encode(), "the store's files")
    with gateway.store() as base:
        rows = base.execute("SELECT * FROM sessions").fetchall() if base.execute(
            "SELECT 1 FROM sqlite_master WHERE name = 'sessions'").fetchone() else []
    gateway.start()
    for row in rows:
        for cell in row:
            if isinstance(cell, bytes) and len(cell) in (16, 32):
                for text in (cell.hex(), base64.urlsafe_b64encode(cell).decode().rstrip("=")):
                    answer = gateway.ask(crm, headers=[("Cookie", f"__Host-sallyport={text}")])
                    equal(answer.status, 401, "a stored value used as cookie")
    equal(gateway.ask(crm, headers=[("Cookie", browser.cookie(crm))]).status, 200, "the real cookie after a restart")


@test
def sessions_end_by_idle_and_absolute_limits(t):
    gateway, _, crm = standing(t)
    gateway.apply({"kind": "platform", "name": "platform", "sessions": {"absolute": "3s", "idle": "2s"}})
    browser = signed_in(gateway, "ann", crm)
    cookie = [("Cookie", browser.cookie(crm))]
    equal(gateway.ask(crm, headers=cookie).status, 200, "status at once")
    began = time.monotonic()
    until(lambda: gateway.ask(crm, headers=cookie).status == 401, "the session's absolute end", 15)
    expect(time.monotonic() - began < 8, "the end came late")


@test
def guessing_is_slowed_down(t):
    gateway = world(t)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:  # faster than tries are given back, however slow the machine
        answers = list(pool.map(lambda _: login(gateway, "mel", "wrong-guess-1234"), range(40)))
    slowed = [answer for answer in answers if answer.status == 429]
    expect(slowed, f"40 wrong guesses and no 429: {sorted({answer.status for answer in answers})}")
    for answer in slowed:
        expect(int(answer.get("retry-after") or 0) > 0, "Retry-After of a 429")
        error_body(answer)
