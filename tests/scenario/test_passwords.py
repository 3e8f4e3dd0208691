"""Passwords: the rules at every place where one is set, changing one's own, one that has to be changed first, and the link of
an administrator."""
import json
import re

from gateway import GATE
from registry import absent, contains, equal, expect, test
from test_account import from_here
from test_sign_in import error_body, login
from wait import until
from web_client import PASSWORD, Browser, Forms
from websocket_client import WebSocket, own_origin
from wire import Closed, request_bytes
from world import bearer, host, signed_in, standing, world

NEW, NEWER = "harbor-candle-mosaic-58", "walnut-gravel-trumpet-41"
PAGE, API, RESET = "/.sallyport/account/password", "/api/v1/me/password", "/.sallyport/reset"
# What is wrong with each, and what is said of it; %s: the user's name.
WEAK = {"x7#kQ": "fewer than 8", "a1-" * 43: "more than 128", "password123": "too easy to guess", "%s-long-name": "user's name",
        "%s@example.test": "e-mail address"}


def origin(gateway):
    return ("Origin", f"https://{GATE}:{gateway.port}")


def change(browser, current, new, headers=None):
    """By the API; the cookies of the answer are kept."""
    wanted = from_here(browser.gateway) + [("Content-Type", "application/json")] if headers is None else headers
    return browser.once("POST", browser.at(GATE, API), wanted, json.dumps({"current": current, "new": new}).encode())


def by_form(browser, current, new, again=None, follow=False):
    """By the page that is shown at PAGE."""
    browser.open(GATE, PAGE)
    return fill_in(browser, current, new, again, follow)


def fill_in(browser, current, new, again=None, follow=False):
    fields = {"new": new, "again": new if again is None else again} | ({"current": current} if current else {})
    return browser.submit(browser.form(), fields, origin(browser.gateway), follow=follow)


def link(gateway, user, *flags):
    """The link's target on the gate, as it was printed."""
    out = gateway.must("user", "reset-link", user, *flags)
    found = re.fullmatch(rf"https://{re.escape(GATE)}:{gateway.port}({RESET}\?code=[A-Za-z0-9_-]{{43}})\n", out)
    expect(found, f"one URL alone on stdout: {out!r}")
    return found[1]


def by_link(gateway, target, new, again=None):
    browser = Browser(gateway)
    browser.open(GATE, target)
    return fill_in(browser, "", new, again)


def answers(browser, where, path="/"):
    return browser.gateway.ask(where, target=path, headers=browser.headers(where)).status


def me(browser):
    return browser.gateway.ask(GATE, target="/api/v1/me", headers=browser.headers(GATE))


# No password can be this one: it is counted like any other, and refused without the quarter of a second of a hash.
IMPOSSIBLE = "x" * 600


def guess_until_limited(attempt, wrong):
    """Attempts with IMPOSSIBLE, which are heard until the limit is reached."""
    statuses = []
    while len(statuses) < 60 and 429 not in statuses:
        statuses.append(attempt(len(statuses)).status)
    equal(statuses, [wrong] * 10 + [429], "what the attempts were told")


def right(gateway, user, password):
    return login(gateway, user, password).status == 200


# --- the rules, at every place

def person(gateway, name, password=PASSWORD, **more):
    return {"kind": "user", "name": name, "email": f"{name}@example.test", "password": password} | more


@test(limit=120)
def every_place_holds_every_password_against_the_rules(t):
    gateway = world(t)
    name = "max-long-name"

    def by_apply(password):
        done = gateway.run("apply", "-f", gateway.resources([person(gateway, f"new-{name}", password.replace("max", "new-max"))]))
        return done.code == 0, done.err

    def by_passwd(password):
        done = gateway.run("user", "passwd", name, "--password-stdin", stdin=password + "\n")
        return done.code == 0, done.err

    def by_own_page(password):
        done = by_form(mine, in_force, password)
        return done.status == 303, done.text

    def by_own_api(password):
        done = change(mine, in_force, password)
        if done.status != 200:
            told = error_body(done, "bad_password")
            equal([(entry["path"], entry["code"]) for entry in told["details"]], [("new", "bad_password")], "details")
        return done.status == 200, done.text

    def when_due(password):
        done = by_form(mine, in_force, password)
        return done.status == 303, done.text

    def by_reset(password):
        done = by_link(gateway, reset, password)
        return done.status == 200, done.text

    gateway.apply(person(gateway, name))
    in_force = PASSWORD
    places = {"apply": by_apply, "passwd": by_passwd, "page": by_own_page, "API": by_own_api, "due": when_due, "link": by_reset}
    for number, (place, attempt) in enumerate(places.items()):
        if place == "due":
            gateway.apply({"kind": "user", "name": name, "email": f"{name}@example.test", "change_password": True})
        if place == "link":
            reset = link(gateway, name)
        if place in ("page", "API", "due"):
            mine = Browser(gateway)
            mine.once("POST", mine.at(GATE, "/.sallyport/login"), [("Content-Type", "application/json"), ("X-Sallyport-Request", "1")],
                      json.dumps({"user": name, "password": in_force}).encode())
        wrong = {word.replace("%s-long-name", name) if "@" not in word else f"{name}@example.test": said
                 for word, said in WEAK.items()}
        if place != "apply":
            wrong[in_force] = "already in force"
        for password, said in wrong.items():
            done, told = attempt(password)
            expect(not done, f"{password!r} was taken by {place}")
            contains(told.replace("&#39;", "'"), said, f"what {place} says of {password!r}")
        fine = f"{NEW}-{number}"
        done, told = attempt(fine)
        expect(done, f"a good password at {place}: {told}")
        in_force = in_force if place == "apply" else fine
        expect(right(gateway, name, in_force), f"the new one counts after {place}")


# --- one's own

@test
def changing_it_ends_all_other_sessions_and_nothing_of_this_one(t):
    gateway, echo, crm = standing(t)
    mine, other = signed_in(gateway, "ann", crm), signed_in(gateway, "ann", crm)
    mel = signed_in(gateway, "mel", crm)
    token = bearer(gateway.token("ann"))
    before = mine.cookie(GATE)
    with gateway.wire(crm, seconds=10) as connection:
        connection.send(request_bytes("GET", "/sse", f"{crm}:{gateway.port}", other.headers(crm)))
        connection.head()
        echo.events.put("before")
        equal(connection.chunk(), b"data: before\n\n", "an event before")
        done = change(mine, PASSWORD, NEW)
        equal((done.status, done.json()), (200, {"ended": 1}), "the answer")
        try:
            expect(connection.chunk() == b"never", "an event after the session was ended, or a clean end")
        except Closed:
            pass
    equal(gateway.ask(GATE, target="/api/v1/me", headers=[("Cookie", before)]).status, 401, "the cookie from before")
    equal((me(mine).status, answers(mine, crm)), (200, 200), "this session, on the gate and on its host")
    equal((me(other).status, answers(other, crm)), (401, 401), "the other session")
    equal(answers(mel, crm), 200, "somebody else's")
    equal(gateway.ask(crm, headers=token).status, 200, "a token: listed and revoked by itself")
    expect(not right(gateway, "ann", PASSWORD) and right(gateway, "ann", NEW), "the new one alone counts")
    (event,) = [entry for entry in gateway.audit() if entry.get("action") == "user.password"]
    equal((event["actor"], event["object"]), ("ann", "user ann"), "who and whose")
    contains(event["detail"], "other sessions ended: 1", "the event")
    absent(gateway.log() + json.dumps(gateway.audit()), NEW, "log and audit")


@test
def the_page_changes_it_without_script(t):
    gateway = world(t)
    browser, other = signed_in(gateway, "ann"), signed_in(gateway, "ann")
    page = browser.open(GATE, "/.sallyport/account")
    contains(page.text, f'href="{PAGE}"', "the account page")
    page = browser.open(GATE, PAGE)
    equal((Forms(page.text).scripts, Forms(page.text).inline_styles), (0, 0), "scripts and inline styles")
    contains(fill_in(browser, PASSWORD, NEW, NEWER).text, "The two new passwords differ.", "another one typed the second time")
    done = fill_in(browser, PASSWORD, NEW, follow=True)
    contains(done.text, "Your password was changed.", "the account page afterwards")
    equal((me(browser).status, me(other).status), (200, 401), "this session and the other")
    expect(right(gateway, "ann", NEW), "the new one counts")


@test
def without_the_present_one_or_the_right_proof_nothing_changes(t):
    gateway = world(t)
    browser = signed_in(gateway, "ann")
    json_type = ("Content-Type", "application/json")
    here = from_here(gateway)
    error_body(change(browser, "wrong-" + PASSWORD, NEW), "bad_credentials")
    equal(browser.page.status, 403, "the wrong present one")
    for headers, code in ((here[:1] + [json_type, ("Origin", "https://evil.example.test")], "foreign_origin"),
                          (here[1:] + [json_type], "header_missing"), (here[:1] + [json_type], "foreign_origin"),
                          (here, "media_type")):
        error_body(change(browser, PASSWORD, NEW, headers), code)
    for body in (b"{}", b"[]", b"{", b'{"current": "x"}', b'{"current": 1, "new": 2}'):
        error_body(browser.once("POST", browser.at(GATE, API), here + [json_type], body), "malformed")
    token = bearer(gateway.token("ann", "--api"))
    body = json.dumps({"current": PASSWORD, "new": NEW}).encode()
    error_body(gateway.ask(GATE, "POST", API, here + [json_type] + token, body), "token_refused")
    error_body(gateway.ask(GATE, "POST", API, here + [json_type], body), "unauthenticated")
    browser.open(GATE, PAGE)
    form = browser.form()
    fields = {"current": PASSWORD, "new": NEW, "again": NEW}
    equal(browser.submit(form, fields, ("Origin", "https://evil.example.test"), follow=False).status, 403, "a foreign form")
    equal(browser.submit(form, fields, follow=False).status, 403, "a form without its origin")
    equal(browser.submit(form, fields | {"csrf": "x" * 43}, origin(gateway), follow=False).status, 403, "another form's field")
    equal(me(browser).status, 200, "the session")
    expect(right(gateway, "ann", PASSWORD) and not right(gateway, "ann", NEW), "the old one counts")
    equal(browser.submit(form, fields, origin(gateway), follow=False).status, 303, "and with all of it")


@test
def guessing_it_from_a_stolen_session_is_limited_and_locks_nobody_out(t):
    gateway = world(t)
    thief = signed_in(gateway, "ann")
    equal(change(thief, "guess", NEW).status, 403, "a guess")
    until(lambda: change(thief, IMPOSSIBLE, NEW).status == 429, "the limit of the session")
    equal(change(thief, PASSWORD, NEW).status, 429, "one more, though it is right")
    owner = signed_in(gateway, "ann")
    equal(change(owner, PASSWORD, NEW).status, 200, "the owner, from a session of his own")
    equal(me(thief).status, 401, "the stolen session")


@test
def passwd_and_suspension_end_sessions_and_only_suspension_stops_tokens(t):
    gateway, _, crm = standing(t)
    browser, token = signed_in(gateway, "ann", crm), bearer(gateway.token("ann"))
    gateway.must("user", "passwd", "ann", "--password-stdin", stdin=NEW + "\n")
    equal((me(browser).status, answers(browser, crm)), (401, 401), "every session")
    equal(gateway.ask(crm, headers=token).status, 200, "the token")
    gateway.must("user", "suspend", "ann")
    equal(gateway.ask(crm, headers=token).status, 403, "the token of who is suspended")


# --- before anything else

def due(gateway, user="ann", wanted=True):
    gateway.apply({"kind": "user", "name": user, "email": f"{user}@example.test", "change_password": wanted})


@test
def who_has_to_change_it_reaches_nothing_before(t):
    gateway, _, crm = standing(t)
    browser, token = signed_in(gateway, "ann", crm), bearer(gateway.token("ann"))
    mel = signed_in(gateway, "mel", crm)
    socket = WebSocket(gateway, crm, headers=browser.headers(crm, *own_origin(gateway, crm)))
    expect(socket.open, "a WebSocket before")
    due(gateway)
    equal(gateway.get("user", "ann")["change_password"], True, "what get shows")
    expect(socket.ended() is not None, "a close frame for the WebSocket of before")
    socket.close()
    refused = gateway.ask(crm, headers=browser.headers(crm))
    equal(refused.status, 403, "the session of before, on its host")
    contains(refused.text, "password has to be changed", "what is said")
    expect(not WebSocket(gateway, crm, headers=browser.headers(crm, *own_origin(gateway, crm))).open, "a WebSocket")
    equal(gateway.ask(crm, headers=token).status, 403, "a token")
    error_body(me(browser), "password_change_required")
    for path in ("/api/v1/me/sessions", "/api/v1/me/tokens"):
        error_body(gateway.ask(GATE, target=path, headers=browser.headers(GATE)), "password_change_required")
    for path in ("/", "/.sallyport/account"):
        page = browser.open(GATE, path)
        contains(browser.url, PAGE, f"where {path} leads")
        contains(page.text, "has to be changed before you go on", f"the page that {path} leads to")
    account = gateway.ask(GATE, "POST", "/.sallyport/account/end-others", browser.headers(GATE, origin(gateway), (
        "Content-Type", "application/x-www-form-urlencoded")), b"csrf=x")
    equal((account.status, account.get("location")), (303, "/.sallyport/login"), "a form of the account")
    equal(answers(mel, crm), 200, "somebody else")
    gateway.apply({"kind": "user", "name": "ann", "email": "ann@example.test", "certificates": []})
    equal(gateway.get("user", "ann")["change_password"], True, "a document that does not speak of it")
    contains(gateway.must("explain", "--user", "ann", "--from", "127.0.0.1", "--url", f"https://{crm}/"), "wants it changed", "explain")
    due(gateway, wanted=False)
    expect("change_password" not in gateway.get("user", "ann"), "it is taken back")
    equal((answers(browser, crm), gateway.ask(crm, headers=token).status), (200, 200), "session and token again")


@test
def a_stream_of_who_has_to_change_it_ends(t):
    gateway, echo, crm = standing(t)
    with gateway.wire(crm, seconds=10) as connection:
        connection.send(request_bytes("GET", "/sse", f"{crm}:{gateway.port}", bearer(gateway.token("ann"))))
        connection.head()
        echo.events.put("before")
        equal(connection.chunk(), b"data: before\n\n", "an event before")
        due(gateway)
        try:
            expect(connection.chunk() == b"never", "an event after, or a clean end")
        except Closed:
            pass


@test
def a_sign_in_leads_to_a_new_one_and_on_to_the_page_that_was_wanted(t):
    gateway, _, crm = standing(t)
    due(gateway)
    told = login(gateway, "ann", PASSWORD)
    equal((told.status, told.json()), (200, {"next": "password", "location": PAGE}), "by JSON")
    browser = Browser(gateway)
    browser.open(crm, "/bytes/7?x=1")
    page = browser.fill_in("ann", PASSWORD)
    contains(page.text, "Choose a new password", "the page after the sign-in")
    contains(browser.url, f"{PAGE}?flow=", "where it is")
    equal([gateway.ask(crm, headers=browser.headers(crm)).status, me(browser).status], [401, 403], "meanwhile")
    contains(fill_in(browser, PASSWORD, PASSWORD).text, "already in force", "the same once more")
    page = fill_in(browser, PASSWORD, NEW, follow=True)
    equal((page.status, len(page.body)), (200, 7), "the page that was wanted")
    equal(browser.url, browser.at(crm, "/bytes/7?x=1"), "its address")
    shown = gateway.get("user", "ann")
    expect("change_password" not in shown, f"the flag went with the change: {shown}")
    equal((me(browser).status, login(gateway, "ann", NEW).json()["next"]), (200, "done"), "afterwards")


@test
def a_page_load_of_a_session_from_before_is_led_there_and_back(t):
    gateway, _, crm = standing(t)
    browser = signed_in(gateway, "ann", crm)
    due(gateway)
    page = browser.open(crm, "/bytes/9")
    contains(page.text, "Choose a new password", "where the page load leads")
    page = fill_in(browser, PASSWORD, NEW, follow=True)
    equal((page.status, len(page.body)), (200, 9), "the page that was wanted")


@test
def a_password_for_the_first_sign_in_alone(t):
    gateway = world(t)
    gateway.must("user", "passwd", "ann", "--must-change", "--password-stdin", stdin=NEW + "\n")
    equal(login(gateway, "ann", NEW).json()["next"], "password", "next")
    browser = Browser(gateway)
    browser.open(GATE, "/.sallyport/login")
    page = browser.fill_in("ann", NEW)
    contains(page.text, "Choose a new password", "the page after the sign-in")
    contains(page.text, "Sign out", "a way out")
    page = fill_in(browser, NEW, NEWER, follow=True)
    contains(page.text, "Your places", "the home page")
    gateway.must("user", "passwd", "ann", "--password-stdin", stdin=NEW + "\n")
    equal(login(gateway, "ann", NEW).json()["next"], "done", "without the flag")
    gateway.apply(person(gateway, "ned", change_password=True))
    equal(login(gateway, "ned", PASSWORD).json()["next"], "password", "somebody who is made so")


@test
def one_that_is_too_old_has_to_be_changed(t):
    gateway, _, crm = standing(t)
    browser, token = signed_in(gateway, "ann", crm), bearer(gateway.token("ann"))
    platform = {"kind": "platform", "name": "platform"}
    gateway.apply(platform | {"passwords": {"max_age": "100d"}})
    equal((answers(browser, crm), gateway.ask(crm, headers=token).status), (200, 200), "young enough")
    gateway.apply(platform | {"passwords": {"max_age": "1s"}})
    until(lambda: answers(browser, crm) == 403, "it to be too old", 5)
    equal(gateway.ask(crm, headers=token).status, 403, "the token")
    equal(login(gateway, "ann", PASSWORD).json()["next"], "password", "next")
    error_body(me(browser), "password_change_required")
    gateway.apply(platform | {"passwords": {"max_age": "1h"}})
    equal((answers(browser, crm), me(browser).status), (200, 200), "young enough again")
    with_time = gateway.get("user", "ann")
    expect(with_time["password_set"].startswith("20"), f"when it was set: {with_time}")
    claimed = with_time | {"password_set": "2001-01-01T00:00:00Z"}
    equal(gateway.apply(claimed).strip(), "", "a document does not say when")
    equal(gateway.get("user", "ann"), with_time, "what get shows")


# --- an administrator's link

@test
def a_link_sets_it_once_and_ends_every_session(t):
    gateway, _, crm = standing(t)
    browser, token = signed_in(gateway, "ann", crm), bearer(gateway.token("ann"))
    target = link(gateway, "ann", "--expires", "2h")
    code = target.split("code=")[1]
    for _ in range(2):  # whoever looks at it first, it is the POST that uses it up
        page = Browser(gateway).open(GATE, target)
        equal(page.status, 200, "the page")
        contains(page.text, "<strong>ann</strong>", "whose it is")
        equal(gateway.ask(GATE, "HEAD", target).status, 200, "a scanner")
    equal((me(browser).status, right(gateway, "ann", PASSWORD)), (200, True), "nothing has changed yet")
    equal(by_link(gateway, target, NEW, NEWER).status, 400, "two different ones")
    mine = Browser(gateway)
    mine.open(GATE, target)
    done = fill_in(mine, "", NEW)
    equal(done.status, 200, "the new one")
    contains(done.text, "The password is set", "the page afterwards")
    expect("__Host-sallyport" not in mine.jar[GATE], "nobody is signed in by it")
    equal((me(browser).status, answers(browser, crm)), (401, 401), "the sessions of before")
    equal(gateway.ask(crm, headers=token).status, 200, "the token")
    expect(right(gateway, "ann", NEW) and not right(gateway, "ann", PASSWORD), "the new one alone counts")
    for again in (Browser(gateway).open(GATE, target), fill_in_gone(mine, code)):
        equal(again.status, 410, "the same link again")
        contains(again.text, "This link does not work", "what is said")
    events = {entry["action"]: entry for entry in gateway.audit() if entry.get("object") == "user ann"}
    contains(events["user.password"]["detail"], "set by a link of an administrator; sessions ended:", "the event")
    contains(events["user.reset_link"]["detail"], "until 20", "the event of its making")
    with gateway.store() as base:
        rows = base.execute("SELECT hex(key_hash), kind, hex(sealed) FROM flows").fetchall()
    absent(json.dumps(rows) + gateway.log() + json.dumps(gateway.audit()), code, "store, log and audit")


def fill_in_gone(browser, code):
    """The form of before, sent once more."""
    browser.open(GATE, "/.sallyport/login")
    fields = {"csrf": "x", "code": code, "new": NEWER, "again": NEWER}
    form = {"method": "POST", "action": RESET, "fields": {}, "types": {}}
    refused = browser.submit(form, fields, origin(browser.gateway), follow=False)
    equal(refused.status, 403, "without the field that fits this browser")
    browser.open(GATE, link(browser.gateway, "mel"))
    return browser.submit(form, fields | {"csrf": browser.form()["fields"]["csrf"]}, origin(browser.gateway), follow=False)


@test
def a_link_is_void_after_a_newer_one_a_change_or_its_time(t):
    gateway = world(t)

    def over(target, why):
        page = Browser(gateway).open(GATE, target)
        equal(page.status, 410, why)
        return page.text.split("reference")[0]

    first = link(gateway, "ann")
    second = link(gateway, "ann")
    told = {over(first, "an older one"), over(f"{RESET}?code={'A' * 43}", "an unknown one"), over(f"{RESET}?code=x", "no code"),
            over(RESET, "none at all")}
    equal(Browser(gateway).open(GATE, second).status, 200, "the newer one")
    gateway.must("user", "passwd", "ann", "--password-stdin", stdin=NEW + "\n")
    told.add(over(second, "after passwd"))
    third = link(gateway, "ann")
    equal(change(browser := Browser(gateway), "", "").status, 401, "nobody")
    browser.sign_in("ann", NEW)
    equal(change(browser, NEW, NEWER).status, 200, "a change by the person")
    told.add(over(third, "after a change by the person"))
    short = link(gateway, "ann", "--expires", "1s")
    until(lambda: Browser(gateway).open(GATE, short).status == 410, "its time to be over", 5)
    told.add(over(short, "after its time"))
    suspended = link(gateway, "mel")
    gateway.must("user", "suspend", "mel")
    told.add(over(suspended, "of who is suspended"))
    equal(len(told), 1, "one page for all of these")
    for words in (("nobody-here",), ("mel",), ("ann", "--expires", "30d"), ("ann", "--expires", "soon")):
        done = gateway.run("user", "reset-link", *words)
        equal((done.code, done.out), (1, ""), f"exit code and output of reset-link {words}")


@test
def a_link_that_somebody_made_in_the_database_counts_for_nothing(t):
    gateway = world(t)
    target = link(gateway, "ann")
    with gateway.store() as base:
        base.execute("UPDATE flows SET expires_at = expires_at + 1000000000 WHERE kind = 'password-reset'")
    equal(Browser(gateway).open(GATE, target).status, 200, "its own time counts")
    with gateway.store() as base:
        base.execute("UPDATE flows SET kind = 'sign-in'")
    equal(Browser(gateway).open(GATE, target).status, 410, "one of another kind")
    target = link(gateway, "ann")
    with gateway.store() as base:
        rows = base.execute("SELECT key_hash, sealed FROM flows WHERE kind = 'password-reset'").fetchall()
        equal(len(rows), 1, "links in the store")
        base.execute("UPDATE flows SET sealed = zeroblob(length(sealed)) WHERE kind = 'password-reset'")
    equal(Browser(gateway).open(GATE, target).status, 410, "one that does not open")


@test
def somebody_without_a_password_gets_one_by_a_link(t):
    gateway = world(t)
    gateway.apply({"kind": "user", "name": "ned", "email": "ned@example.test"})
    equal(login(gateway, "ned", NEW).status, 401, "without a password")
    equal(by_link(gateway, link(gateway, "ned"), NEW).status, 200, "by a link")
    expect(right(gateway, "ned", NEW), "the new one counts")
