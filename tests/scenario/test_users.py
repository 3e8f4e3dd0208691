"""People and their sessions by command: suspend, resume, passwd, session list and end; each in force when the command returns."""
from gateway import GATE
from registry import absent, contains, equal, expect, one_of, test
from web_client import PASSWORD, Browser
from wire import Closed, request_bytes
from world import bearer, host, signed_in, standing, world

NEW = "harbor-candle-mosaic-58"


@test
def suspending_ends_access_at_once_and_resuming_restores_it(t):
    gateway, _, crm = standing(t)
    browser = signed_in(gateway, "mel", crm)
    token = bearer(gateway.token("mel"))
    cookie = browser.headers(crm)
    gateway.must("user", "suspend", "mel")
    one_of(gateway.ask(crm, headers=cookie).status, (401, 403), "the cookie")
    one_of(gateway.ask(crm, headers=token).status, (401, 403), "the token")
    one_of(gateway.ask(GATE, target="/.sallyport/account", headers=browser.headers(GATE)).status, (401, 403, 302), "the account page")
    body = b'{"user": "mel", "password": "%s"}' % PASSWORD.encode()
    headers = [("Content-Type", "application/json"), ("X-Sallyport-Request", "1")]
    one_of(gateway.ask(GATE, "POST", "/.sallyport/login", headers, body).status, (401, 403), "signing in")
    gateway.must("user", "resume", "mel")
    equal(gateway.ask(crm, headers=token).status, 200, "the token after resume")
    signed_in(gateway, "mel", crm)
    equal(gateway.ask(crm, headers=bearer(gateway.token("ann"))).status, 200, "somebody else")


@test
def an_open_stream_of_a_suspended_user_ends(t):
    gateway, echo, crm = standing(t)
    with gateway.wire(crm, seconds=10) as connection:
        connection.send(request_bytes("GET", "/sse", f"{crm}:{gateway.port}", bearer(gateway.token("mel"))))
        connection.head()
        echo.events.put("before")
        equal(connection.chunk(), b"data: before\n\n", "an event before")
        gateway.must("user", "suspend", "mel")
        try:
            expect(connection.chunk() == b"never", "an event after the user was suspended, or a clean end")
        except Closed:
            pass


@test
def passwd_changes_the_password_and_ends_sessions(t):
    gateway, _, crm = standing(t)
    browser = signed_in(gateway, "ann", crm)
    done = gateway.run("user", "passwd", "ann", "--password-stdin", stdin=NEW + "\n")
    equal(done.code, 0, f"exit code ({done.err})")
    absent(done.out + done.err, NEW, "what it prints")
    equal(gateway.ask(crm, headers=browser.headers(crm)).status, 401, "the old session")
    try:
        Browser(gateway).sign_in("ann", PASSWORD)
    except AssertionError:
        pass
    else:
        expect(False, "the old password still works")
    Browser(gateway).sign_in("ann", NEW)
    for weak in ("short", "password123", "ann", NEW[:7]):
        equal(gateway.run("user", "passwd", "ann", "--password-stdin", stdin=weak + "\n").code, 1, f"exit code for {weak!r}")
    equal(gateway.run("user", "passwd", "nobody-here", "--password-stdin", stdin=NEW + "\n").code, 1, "exit code for nobody")
    Browser(gateway).sign_in("ann", NEW)


@test
def sessions_are_listed_and_ended(t):
    gateway, _, crm = standing(t)
    ann, mel = signed_in(gateway, "ann", crm), signed_in(gateway, "mel", crm)
    listed = gateway.listing("session", "list")
    contains(str(listed), "ann", "the list")
    contains(str(listed), "mel", "the list")
    for browser in (ann, mel):
        for where in (crm, GATE):
            absent(str(listed), browser.jar[where]["__Host-sallyport"], "the list")
    gateway.must("session", "end", "--user", "ann")
    equal(gateway.ask(crm, headers=ann.headers(crm)).status, 401, "ann's session on the app host")
    expect(gateway.ask(GATE, target="/.sallyport/account", headers=ann.headers(GATE)).status != 200, "ann's session on the gate")
    equal(gateway.ask(crm, headers=mel.headers(crm)).status, 200, "mel's session")
    left = gateway.listing("session", "list")
    absent(str(left), "'ann'", "the list afterwards")
    ids = [entry["id"] for entry in left if "mel" in entry.values()]
    expect(ids, f"mel's sessions with their id: {left}")
    for identity in ids:
        gateway.run("session", "end", "--id", identity)
    equal(gateway.ask(crm, headers=mel.headers(crm)).status, 401, "mel's session ended by id")
    one_of(gateway.run("session", "end").code, (1, 2), "exit code without --user or --id")


@test
def sessions_survive_a_restart(t):
    gateway, _, crm = standing(t)
    browser = signed_in(gateway, "ann", crm)
    gateway.stop()
    gateway.start()
    equal(gateway.ask(crm, headers=browser.headers(crm)).status, 200, "the cookie after a restart")
    gateway.stop()
    gateway.must("session", "end", "--user", "ann")
    gateway.start()
    equal(gateway.ask(crm, headers=browser.headers(crm)).status, 401, "a session ended while stopped")


@test
def the_last_admin_stays(t):
    gateway = world(t)
    for words in (("user", "suspend", "admin"), ("delete", "user", "admin")):
        one_of(gateway.run(*words).code, (1,), f"exit code of {' '.join(words)}")
    message = gateway.refused_apply({"kind": "user", "name": "admin", "email": "admin@example.test", "admin": False})
    expect(message.strip(), "a message")


@test
def a_deleted_user_is_gone_with_sessions_and_tokens(t):
    gateway, _, crm = standing(t)
    browser, token = signed_in(gateway, "mel", crm), bearer(gateway.token("mel"))
    gateway.apply({"kind": "team", "name": "plant", "members": {"ann": "owner"}})
    gateway.must("delete", "user", "mel")
    equal(gateway.ask(crm, headers=browser.headers(crm)).status, 401, "the cookie")
    equal(gateway.ask(crm, headers=token).status, 401, "the token")
    gateway.apply({"kind": "user", "name": "mel", "email": "mel@example.test", "password": PASSWORD},
                  {"kind": "team", "name": "plant", "members": {"ann": "owner", "mel": "owner"}})
    equal(gateway.ask(crm, headers=browser.headers(crm)).status, 401, "the old cookie for a new user of that name")
    equal(gateway.ask(crm, headers=token).status, 401, "the old token for a new user of that name")


@test
def a_user_who_may_not_here_may_elsewhere(t):
    gateway, _, crm = standing(t)
    browser = signed_in(gateway, "out")
    equal(browser.open(crm).status, 403, "no membership")
    equal(browser.open(GATE, "/.sallyport/account").status, 200, "the account page")
    equal(gateway.ask(host("nothing"), headers=browser.headers(crm)).status, 404, "unknown host")
