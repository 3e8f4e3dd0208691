"""Second factors: of whom they are demanded, what a session gets that lacks one, and how it comes to the hosts that ask."""
import json

from gateway import GATE
from registry import absent, contains, equal, expect, test
from sealing import factor_shown, factors, give_factors
from wait import until
from web_client import PASSWORD, Browser
from websocket_client import WebSocket, own_origin
from world import bearer, datasource, host, instance, signed_in, upstream, world

HTML, JSON = [("Accept", "text/html")], [("Content-Type", "application/json"), ("X-Sallyport-Request", "1")]
MFA, FACTORS = "/.sallyport/mfa", "/.sallyport/account/factors"
TEAM = {"kind": "team", "name": "plant", "members": {"ann": "owner", "mel": "member", "vic": "viewer", "dot": "dashboard"}}
PLATFORM = {"kind": "platform", "name": "platform"}


def person(name, **more):
    return {"kind": "user", "name": name, "email": f"{name}@example.test"} | more


def log_in(gateway, user, browser=None):
    """(browser, answer) of a sign-in by JSON."""
    browser = browser or Browser(gateway)
    body = json.dumps({"user": user, "password": PASSWORD}).encode()
    return browser, browser.once("POST", browser.at(GATE, "/.sallyport/login"), JSON, body)


def refusal(response):
    """(status, error, what would do) of the answer to a program."""
    body = response.json()
    expect("request_id" in body and body["message"], f"an error body: {body}")
    return response.status, body["error"], [detail["code"] for detail in body["details"]]


def tries(gateway, browser, where, target="/"):
    """Every way into a place by a cookie: the statuses, for a session that must not get in."""
    cookie, own = browser.headers(where), own_origin(gateway, where)
    out = {method: gateway.ask(where, method, target, [*cookie, *own]).status
           for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "REPORT")}
    socket = WebSocket(gateway, where, target, [*cookie, *own])
    socket.close()
    return out | {"WebSocket": socket.answer.status,
                  "event stream": gateway.ask(where, target="/sse", headers=[*cookie, ("Accept", "text/event-stream")]).status}


@test
def a_password_alone_reaches_nothing_whoever_demands_the_factor(t):
    echo = upstream(t)
    base = [PLATFORM, TEAM, person("ann"), person("mel"), datasource("crm", echo), instance("line1", echo)]
    gateway = world(t, *base)
    crm, line1 = host("crm"), host("line1")
    ann, mel = (signed_in(gateway, name, crm, line1) for name in ("ann", "mel"))
    demands = {"the platform": ([{**PLATFORM, "mfa": "required"}], True),
               "the platform, of owners": ([{**PLATFORM, "mfa": {"roles": ["owner"]}}], False),
               "the team": ([{**TEAM, "mfa": "required"}], True),
               "the team, of owners": ([{**TEAM, "mfa": {"roles": ["owner"]}}], False),
               "the user": ([person("ann", mfa="required")], False),
               "a rule and an area": ([datasource("crm", echo, access=[{"roles": ["owner"], "mfa": "required"},
                                                                       {"roles": ["member"]}]),
                                       instance("line1", echo, areas=[{"name": "all", "paths": ["/"], "roles": ["owner"],
                                                                       "mfa": "required"}])], False)}
    for name, (documents, of_mel_too) in demands.items():
        gateway.apply(*documents)
        reached = len(echo.requests)
        for where in (crm, line1):
            for way, status in tries(gateway, ann, where).items():
                equal(status, 401, f"{name}: {where} by {way}")
        page = ann.once("GET", ann.at(crm, "/a?b=1"), HTML)
        equal(page.status, 302, f"{name}: a page load")
        contains(page.get("location"), f"https://{GATE}:{gateway.port}{MFA}?flow=", f"{name}: where it is sent")
        equal(len(echo.requests), reached, f"{name}: what reached the upstream")
        equal(gateway.ask(crm, headers=mel.headers(crm)).status, 401 if of_mel_too else 200, f"{name}: a member")
        gateway.apply(*base)
        equal(gateway.ask(crm, headers=ann.headers(crm)).status, 200, f"without {name} again")


@test
def a_program_is_told_what_would_do_and_is_not_redirected(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, access=[{"roles": ["owner"], "paths": ["/any"], "mfa": "required"},
                                                       {"roles": ["owner"], "paths": ["/open"]},
                                                       {"roles": ["owner"], "mfa": {"within": "15m"}}]))
    crm = host("crm")
    ann = signed_in(gateway, "ann")
    ann.open(crm, "/open")
    cookie = ann.headers(crm)
    answer = gateway.ask(crm, target="/any", headers=cookie)
    equal(refusal(answer), (401, "mfa_required", ["required"]), "a rule that wants any factor")
    equal(answer.get("www-authenticate"), "", "there is no scheme to name")
    equal(refusal(gateway.ask(crm, target="/x", headers=cookie)), (401, "mfa_required", ["within=900s"]), "a fresh one")
    posted = ann.once("POST", ann.at(crm, "/x"), [*HTML, *own_origin(gateway, crm)], b"x=1")
    equal(posted.status, 401, "a browser's POST, which could not be repeated")
    gateway.stop()
    for where in (GATE, crm):
        factor_shown(gateway, ago=1200, host=where)
    gateway.start()
    equal(gateway.ask(crm, target="/any", headers=cookie).status, 200, "with a factor of 20 minutes ago")
    equal(refusal(gateway.ask(crm, target="/x", headers=cookie)), (401, "step_up_required", ["within=900s"]), "where 15 count")
    equal(gateway.ask(crm, target="/x", headers=bearer(gateway.token("ann"))).status, 403, "a token is never fresh")
    equal(gateway.ask(crm, target="/any", headers=bearer(gateway.token("ann", name="u"))).status, 200,
          "and a command's has the strength")


@test
def a_factor_shown_at_the_gate_comes_to_the_host_that_asks_and_ends_no_stream(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, access=[{"roles": ["owner"], "paths": ["/ws", "/open"]},
                                                       {"roles": ["owner"], "mfa": {"within": "15m"}}]))
    crm = host("crm")
    ann = signed_in(gateway, "ann")
    ann.open(crm, "/open")
    gateway.stop()
    factor_shown(gateway)
    gateway.start()
    old = ann.jar[crm]["__Host-sallyport"]
    with WebSocket(gateway, crm, "/ws", [*ann.headers(crm), *own_origin(gateway, crm)]) as socket:
        page = ann.open(crm, "/wanted?x=1")
        equal((page.status, echo.last().target), (200, "/wanted?x=1"), "the page wanted, at once")
        contains(" ".join(url for _, url, _ in ann.history), MFA, "by way of the gate")
        expect(ann.jar[crm]["__Host-sallyport"] != old, "the session has another cookie")
        equal(gateway.ask(crm, target="/open", headers=[("Cookie", f"__Host-sallyport={old}")]).status, 401, "the old one")
        socket.send(b"still here")
        equal(socket.receive().payload, b"still here", "the stream from before")
        gateway.apply({**TEAM, "mfa": "required"})
        socket.send(b"and now")
        equal(socket.receive().payload, b"and now", "where a factor is demanded by now, which this session has shown")
        gateway.apply(datasource("crm", echo, access=[{"roles": ["viewer"]}]))
        equal(socket.ended().code, 1008, "and it ends with the right to it")


@test
def a_factor_that_is_too_old_is_asked_for_at_the_gate(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, access=[{"roles": ["owner"], "mfa": {"within": "15m"}}]), start=False)
    give_factors(gateway, "ann")
    gateway.start()
    ann, answer = log_in(gateway, "ann")
    equal(answer.json()["next"], "mfa", "after the password")
    gateway.stop()
    factor_shown(gateway, ago=16 * 60)
    gateway.start()
    ann.open(host("crm"), "/x")
    contains(ann.url, MFA, "where the browser ends")
    absent([request.target for request in echo.requests], "/x", "what reached the upstream")
    gateway.stop()
    factor_shown(gateway, ago=60)
    gateway.start()
    equal(ann.open(host("crm"), "/x").status, 200, "with a fresh one")


@test
def who_has_factors_is_asked_after_the_password_and_gets_nowhere_without(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo), start=False)
    give_factors(gateway, "ann")
    gateway.start()
    crm = host("crm")
    ann, answer = log_in(gateway, "ann")
    equal((answer.status, answer.json()["next"], answer.json()["location"]), (200, "mfa", MFA), "the sign-in")
    ann.open(crm, "/a")
    contains(ann.url, MFA, "a page load of another host")
    expect(not any(name == "__Host-sallyport" for name in ann.jar.get(crm, {})), "no session there")
    for path in ("/", "/.sallyport/account", FACTORS):
        expect(ann.once("GET", ann.at(GATE, path), HTML).status in (302, 404), f"{path}: not shown")
    me = ann.once("GET", ann.at(GATE, "/api/v1/me"), JSON).json()
    equal((me["strength"], me["mfa_required"]), ("password", True), "who am I")
    equal(ann.once("GET", ann.at(GATE, "/api/v1/me/sessions"), JSON).status, 401, "the API")
    equal(len(echo.requests), 0, "what reached the upstream")
    form = Browser(gateway)
    form.open(crm, "/wanted")
    sent = form.fill_in("ann", follow=False)
    equal(sent.status, 303, "by the form")
    contains(sent.get("location"), f"{MFA}?flow=", "with the page wanted")
    equal(gateway.ask(crm, headers=bearer(gateway.token("ann"))).status, 200, "a token made by a command")
    equal(log_in(gateway, "mel")[1].json()["next"], "done", "who has none and of whom none is demanded")
    gateway.apply({**PLATFORM, "mfa": "required"})
    mel, answer = log_in(gateway, "mel")
    equal((answer.json()["next"], answer.json()["location"]), ("mfa", FACTORS), "who has none where one is demanded")
    contains(gateway.must("explain", "--user", "ann", "--from", "127.0.0.1", "--url", f"https://{crm}/"),
             "step-up", "explain")


@test
def a_reset_by_command_lets_a_person_in_again(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo))
    gateway.must("user", "passwd", "admin", "--password-stdin", stdin=PASSWORD + "\n")
    for name in ("ann", "admin"):
        give_factors(gateway, name)
    until(lambda: log_in(gateway, "ann")[1].json().get("next") == "mfa", "the gateway knows of the factors")
    ann, _ = log_in(gateway, "ann")
    token = bearer(gateway.token("ann"))
    gateway.must("user", "mfa-reset", "ann")
    equal(ann.once("GET", ann.at(GATE, "/api/v1/me"), JSON).status, 401, "the session from before has ended")
    equal(log_in(gateway, "ann")[1].json()["next"], "done", "a password is enough again")
    signed_in(gateway, "ann", host("crm"))
    equal(gateway.ask(host("crm"), headers=token).status, 200, "a token")
    equal(log_in(gateway, "admin")[1].status, 200, "another one's password")
    again = gateway.run("user", "mfa-reset", "ann")
    equal((again.code, "has no second factor" in again.err), (0, True), "a second time")
    equal(log_in(gateway, "ann")[1].json()["next"], "done", "which ends nothing")
    equal(gateway.run("user", "mfa-reset", "nobody").code, 1, "who is nobody")
    gateway.stop()
    gateway.must("user", "mfa-reset", "admin")  # the last admin's, without a gateway
    gateway.start()
    equal(log_in(gateway, "admin")[1].json()["next"], "done", "the last admin")
    with gateway.store() as store:
        actions = [row[0] for row in store.execute("SELECT object FROM admin_events WHERE action = 'user.mfa-reset' ORDER BY seq")]
    equal(actions, ["user ann", "user admin"], "what is recorded")


@test
def an_edited_store_shuts_a_person_out_and_takes_no_factor_away(t):
    gateway = world(t, start=False)
    ann = "(SELECT id FROM resources WHERE kind = 'user' AND name = 'ann')"
    mine = f"field = 'factors' AND resource = {ann}"
    with gateway.store() as store:
        store.execute("CREATE TABLE older AS SELECT * FROM resources")
    give_factors(gateway, "ann", factors("first"))
    give_factors(gateway, "mel")
    with gateway.store() as store:
        store.execute("CREATE TABLE first AS SELECT * FROM secrets")
    give_factors(gateway, "ann", factors("second"))
    with gateway.store() as store:
        for table in ("resources", "secrets", "epochs"):
            store.execute(f"CREATE TABLE good_{table} AS SELECT * FROM {table}")
    edits = {"deleted": [f"DELETE FROM secrets WHERE {mine}"],
             "deleted, with the row of before": [f"DELETE FROM secrets WHERE {mine}",
                                                 "UPDATE resources SET mac = (SELECT mac FROM older WHERE older.id = resources.id)"
                                                 " WHERE name = 'ann'"],
             "deleted, with its epoch": [f"DELETE FROM secrets WHERE {mine}",
                                         f"DELETE FROM epochs WHERE field = 'factors' AND record = {ann}"],
             "another one's": [f"UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE field = 'factors' AND resource <> {ann})"
                               f" WHERE {mine}"],
             "rolled back": [f"UPDATE secrets SET sealed = (SELECT sealed FROM first WHERE {mine}) WHERE {mine}"],
             "renamed": [f"UPDATE secrets SET field = 'other' WHERE {mine}"]}
    for name, statements in edits.items():
        with gateway.store() as store:
            for trigger in ("epochs_rise", "epochs_stay"):
                store.execute(f"DROP TRIGGER IF EXISTS {trigger}")
            for statement in statements:
                store.execute(statement)
        gateway.start()
        answer = log_in(gateway, "ann")[1]
        equal((answer.status, answer.json()["error"]), (401, "bad_credentials"), f"{name}: the person")
        equal(log_in(gateway, "mel")[1].json()["next"], "mfa", f"{name}: everybody else")
        gateway.stop()
        with gateway.store() as store:
            store.execute("PRAGMA foreign_keys = OFF")
            for table in ("secrets", "epochs", "resources"):
                store.execute(f"DELETE FROM {table}")
                store.execute(f"INSERT INTO {table} SELECT * FROM good_{table}")
    gateway.start()
    equal(log_in(gateway, "ann")[1].json()["next"], "mfa", "as it was")
