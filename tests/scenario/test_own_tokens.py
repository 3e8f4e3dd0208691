"""Tokens that people make for themselves, by page and by API: shown once, narrowed, rotated, revoked; and who may not."""
import json
import re

from gateway import GATE
from registry import absent, contains, equal, expect, one_of, test
from test_account import buttons, from_here, press
from wait import until
from web_client import Forms
from world import bearer, datasource, host, signed_in, standing, upstream, world

PAGE, TOKENS = "/.sallyport/account/tokens", "/api/v1/me/tokens"
JSON = [("Content-Type", "application/json")]


def call(browser, method, path=TOKENS, body=None, headers=None):
    """What a script of the gate's own pages sends."""
    headers = from_here(browser.gateway) if headers is None else headers
    data = None if body is None else json.dumps(body).encode()
    return browser.gateway.ask(GATE, method, path, browser.headers(GATE, *headers, *(JSON if data else [])),
                               data if data is not None else (b"" if method == "POST" else None))


def make(browser, **wish):
    response = call(browser, "POST", body={"name": "ci", "expires": "1d"} | wish)
    equal(response.status, 201, f"status of a new token ({response.text[:300]})")
    return response.json()


def tokens(browser):
    return call(browser, "GET").json()["tokens"]


def page_form(browser, action=PAGE):
    (form, *_) = buttons(browser.open(GATE, PAGE), action)
    return form


def shown(page):
    return re.findall(r"<code>(spt_[A-Za-z0-9_-]+)</code>", page.text)


@test
def by_the_api_it_counts_at_once_and_is_shown_once(t):
    gateway, echo, crm = standing(t)
    ann = signed_in(gateway, "ann")
    made = make(ann, team="plant", resource="crm", read_only=True, networks=["127.0.0.0/8"])
    equal(gateway.ask(crm, headers=bearer(made["token"])).status, 200, "the first request with it")
    equal(gateway.ask(crm, "POST", headers=bearer(made["token"]), body=b"x").status, 403, "a write")
    (listed,) = tokens(ann)
    equal({key: listed[key] for key in ("id", "name", "team", "resource", "read_only", "admin", "strength")},
          {"id": made["id"], "name": "ci", "team": "plant", "resource": "crm", "read_only": True, "admin": False,
           "strength": "password"}, "what the list says")
    absent(json.dumps(listed), made["token"][4:], "the list")
    (told,) = gateway.listing("token", "list")
    equal((told["user"], told["id"], told["resource"]), ("ann", made["id"], "crm"), "what the command's list says")
    equal(call(ann, "DELETE", f"{TOKENS}/{made['id']}").status, 204, "revoking it")
    equal(gateway.ask(crm, headers=bearer(made["token"])).status, 401, "the first request after that")
    actions = [(entry["action"], entry["actor"]) for entry in gateway.audit() if "token" in str(entry.get("action"))]
    equal(actions, [("token.create", "ann"), ("token.revoke", "ann")], "what the audit log says")


@test
def by_the_page_without_script(t):
    gateway, echo, crm = standing(t)
    ann = signed_in(gateway, "ann")
    contains(ann.open(GATE, "/.sallyport/account").text, f'href="{PAGE}"', "the account page")
    made = press(ann, page_form(ann), name="Nightly <b>export</b>", expires="2h")
    equal(made.status, 200, "status")
    equal((Forms(made.text).scripts, Forms(made.text).inline_styles), (0, 0), "scripts and inline styles")
    (token,) = shown(made)
    absent(made.text, "<b>", "the page")
    equal(made.get("cache-control"), "no-store", "Cache-Control")
    equal(gateway.ask(crm, headers=bearer(token)).status, 200, "a request with it")
    again = ann.open(GATE, PAGE)
    contains(again.text, "Nightly &lt;b&gt;export", "the list")
    absent(again.text, token[4:], "the list")
    (rotate,) = buttons(again, f"{PAGE}/rotate")
    rotated = press(ann, rotate, overlap="0s")
    (following,) = shown(rotated)
    equal([gateway.ask(crm, headers=bearer(each)).status for each in (token, following)], [401, 200], "the old and the new one")
    ann.open(GATE, PAGE)
    (revoke,) = buttons(ann.page, f"{PAGE}/revoke")
    response = press(ann, revoke)
    equal((response.status, response.get("location")), (303, f"{PAGE}?revoked"), "the answer")
    equal(gateway.ask(crm, headers=bearer(following)).status, 401, "afterwards")


@test
def the_page_tells_what_is_wrong_and_keeps_what_was_typed(t):
    gateway = world(t)
    ann = signed_in(gateway, "ann")
    form = page_form(ann)
    for values, wanted in (({"name": "x", "expires": "30"}, "Lasts: "), ({"name": "x", "expires": "400d"}, "Lasts: "),
                           ({"name": "x", "expires": "0s"}, "Lasts: "), ({"name": "n" * 101, "expires": "1d"}, "Name: "),
                           ({"name": "x", "expires": "1d", "team": "lab"}, "Team: "),
                           ({"name": "x", "expires": "1d", "admin": "1"}, "Right: ")):
        answer = press(ann, form, **values)
        equal(answer.status, 400, f"status with {values}")
        contains(answer.text, wanted, f"the page with {values}")
    equal(gateway.listing("token", "list"), [], "tokens")


@test
def no_other_site_and_no_token_makes_one(t):
    gateway, _, crm = standing(t)
    ann = signed_in(gateway, "ann", crm)
    made = make(ann)
    form = page_form(ann)
    origin = ("Origin", f"https://{crm}:{gateway.port}")
    writes = [("POST", TOKENS, {"name": "x", "expires": "1d"}), ("DELETE", f"{TOKENS}/{made['id']}", None),
              ("POST", f"{TOKENS}/{made['id']}/rotate", {})]
    for method, path, body in writes:
        for headers in ([("X-Sallyport-Request", "1"), origin], [("X-Sallyport-Request", "1"), ("Origin", "null")],
                        [("X-Sallyport-Request", "1")], from_here(gateway)[1:], [("X-Sallyport-Request", "1"),
                        ("Sec-Fetch-Site", "same-site")], [("X-Sallyport-Request", "1"), ("Sec-Fetch-Site", "cross-site")]):
            equal(call(ann, method, path, body, headers).status, 403, f"{method} {path} with {headers}")
        for flags in ((), ("--api",), ("--api", "--admin")):
            token = gateway.token("ann", *flags, name="-".join(flags) or "t")
            for proof in (bearer(token), [("X-Sallyport-Token", token)]):
                equal(call(ann, method, path, body, from_here(gateway) + proof).status, 403, f"{method} {path} by a token {flags}")
                equal(gateway.ask(GATE, method, path, from_here(gateway) + JSON + proof, b"{}" if method == "POST" else None).status, 403,
                      f"{method} {path} by a token {flags} alone")
        equal(call(ann, method, path, body, from_here(gateway) + bearer("spt_" + "A" * 43)).status, 401, f"{method} {path} by a bad token")
    for values in ({"csrf": ""}, {"csrf": "x"}):
        equal(press(ann, form, name="x", expires="1d", **values).status, 403, f"the form with {values}")
    for headers in ([origin], [("Origin", "null")], []):
        equal(ann.submit(form, {"name": "x", "expires": "1d"}, *headers, follow=False).status, 403, f"the form with {headers}")
    for path in (PAGE, f"{PAGE}/revoke", f"{PAGE}/rotate"):
        for method in ("GET", "POST"):
            found = gateway.ask(GATE, method, path, bearer(gateway.token("ann", "--api", name="p")), b"" if method == "POST" else None)
            one_of(found.status, (403, 405), f"{method} {path} by a token")
    equal(sum(entry["name"] == "x" for entry in tokens(ann)), 0, "tokens that were made")
    expect(made["id"] in [entry["id"] for entry in tokens(ann)], "the first one is gone")


@test
def somebody_elses_looks_like_none(t):
    gateway = world(t)
    ann, mel = signed_in(gateway, "ann"), signed_in(gateway, "mel")
    made = make(ann)
    nowhere = "0" * 26
    for method, tail in (("DELETE", ""), ("POST", "/rotate")):
        answers = [call(mel, method, f"{TOKENS}/{which}{tail}") for which in (made["id"], nowhere)]
        equal([answer.status for answer in answers], [404, 404], f"{method} {tail}")
        equal(*[{k: v for k, v in answer.json().items() if k != "request_id"} for answer in answers], f"the answers to {method} {tail}")
    equal(tokens(mel), [], "what mel sees")
    equal(len(tokens(ann)), 1, "what ann has")


@test
def rights_are_the_owners_at_every_request(t):
    """Role taken, team left, suspended, deleted: the token has no more than its owner, whatever it was made with."""
    gateway, _, crm = standing(t)
    token = make(signed_in(gateway, "mel"))["token"]
    members = {"ann": "owner", "mel": "member", "vic": "viewer"}

    def status():
        return gateway.ask(crm, headers=bearer(token)).status

    equal(status(), 200, "before")
    gateway.apply({"kind": "team", "name": "plant", "members": members | {"mel": "viewer"}})
    equal(status(), 403, "a lower role")
    gateway.apply({"kind": "team", "name": "plant", "members": {k: v for k, v in members.items() if k != "mel"}})
    equal(status(), 403, "the team left")
    gateway.apply({"kind": "team", "name": "plant", "members": members})
    equal(status(), 200, "back again")
    gateway.must("user", "suspend", "mel")
    equal(status(), 403, "suspended")
    gateway.must("user", "resume", "mel")
    gateway.apply({"kind": "team", "name": "plant", "members": {"ann": "owner"}})
    gateway.must("delete", "user", "mel")
    equal(status(), 401, "deleted")
    equal(gateway.listing("token", "list"), [], "tokens that are left")


@test
def the_platforms_maximum_holds_everywhere_and_for_what_there_is(t):
    gateway, _, crm = standing(t)
    ann = signed_in(gateway, "ann")
    token = make(ann, expires="60d")["token"]
    gateway.apply({"kind": "platform", "name": "platform", "tokens": {"max_life": "30d", "per_user": 3}})
    equal(gateway.ask(crm, headers=bearer(token)).status, 200, "younger than the new maximum")
    (listed,), (told,) = tokens(ann), gateway.listing("token", "list")
    equal(listed["expires"], told["expires"], "its end, as the API and the command tell it")
    for expires in ("31d", "365d", "5w"):
        equal(call(ann, "POST", body={"name": "x", "expires": expires}).status, 400, f"the API with {expires}")
        done = gateway.run("token", "create", "--user", "ann", "--name", "x", "--expires", expires)
        equal((done.code, done.out), (1, ""), f"the command with {expires}")
        contains(done.err, "max_life", "what it says")
        equal(press(ann, page_form(ann), name="x", expires=expires).status, 400, f"the page with {expires}")
    make(ann, expires="30d")
    gateway.token("ann", expires="4w")
    equal(call(ann, "POST", body={"name": "x", "expires": "1d"}).json()["error"], "token_limit", "a fourth one by the API")
    equal(press(ann, page_form(ann), name="x", expires="1d").status, 409, "and by the page")
    done = gateway.run("token", "create", "--user", "ann", "--name", "x", "--expires", "1d")
    equal((done.code, done.out), (1, ""), "and by the command")
    contains(done.err, "per_user", "what it says")
    gateway.apply({"kind": "platform", "name": "platform", "tokens": {"max_life": "1s"}})
    until(lambda: gateway.ask(crm, headers=bearer(token)).status == 401, "the older token to end by the new maximum", 5)
    gateway.apply({"kind": "platform", "name": "platform"})
    equal(gateway.ask(crm, headers=bearer(token)).status, 200, "and without it, its own end counts")


@test
def a_missing_factor_makes_none(t):
    gateway = world(t)
    ann = signed_in(gateway, "ann")
    form, made = page_form(ann), make(ann)
    gateway.apply({"kind": "platform", "name": "platform", "mfa": "required"})
    for method, path in (("GET", TOKENS), ("POST", TOKENS), ("DELETE", f"{TOKENS}/{made['id']}"), ("POST", f"{TOKENS}/{made['id']}/rotate")):
        found = call(ann, method, path)
        equal((found.status, found.json()["error"]), (401, "mfa_required"), f"{method} {path}")
    equal(press(ann, form, name="x", expires="1d").status, 401, "the form")
    ann.open(GATE, PAGE)
    expect("/.sallyport/account/factors" in ann.url, f"the page leads to where a factor is made: {ann.url}")


@test
def a_password_sessions_token_is_no_factor(t):
    """What a session without a factor makes opens nothing that wants one; a command's token does, but is never fresh."""
    echo = upstream(t)
    gateway = world(t, datasource("plain", echo), datasource("strong", echo, access=[{"roles": ["owner"], "mfa": "required"}]),
                    datasource("fresh", echo, access=[{"roles": ["owner"], "mfa": {"within": "1h"}}]))
    weak, strong = make(signed_in(gateway, "ann"))["token"], gateway.token("ann")
    got = [[gateway.ask(host(name), headers=bearer(token)).status for name in ("plain", "strong", "fresh")] for token in (weak, strong)]
    equal(got, [[200, 403, 403], [200, 200, 403]], "plain, strong and fresh by either")


@test
def nowhere_in_clear(t):
    """Made in every way, then looked for in everything that is kept, logged or answered."""
    gateway, _, crm = standing(t)
    gateway.apply({"kind": "service_account", "name": "nightly", "team": "plant", "role": "member"})
    ann = signed_in(gateway, "ann")
    found = [gateway.token("ann"), make(ann)["token"],
             gateway.must("token", "create", "--service-account", "nightly", "--name", "n", "--expires", "1d").strip()]
    found += shown(press(ann, page_form(ann), name="page", expires="1d"))
    first = tokens(ann)[0]["id"]
    found.append(call(ann, "POST", f"{TOKENS}/{first}/rotate").json()["token"])
    (rotate, *_) = buttons(ann.open(GATE, PAGE), f"{PAGE}/rotate")
    found += shown(press(ann, rotate))
    found.append(gateway.must("token", "rotate", "--id", tokens(ann)[1]["id"]).strip())
    equal((len(found), len(set(found))), (7, 7), "tokens of seven ways")
    for token in found:
        equal(gateway.ask(crm, headers=bearer(token)).status, 200, "a request with it")
        gateway.ask(GATE, target=PAGE, headers=bearer(token))
    answers = [ann.open(GATE, PAGE).body, ann.open(GATE, "/.sallyport/account").body, call(ann, "GET").body,
                call(ann, "DELETE", f"{TOKENS}/{first}").body, gateway.admin("/metrics").body]
    for arguments in (("token", "list"), ("audit", "list"), ("get", "all", "-o", "json"), ("session", "list")):
        answers.append(gateway.must(*arguments).encode())
    kept = {str(path): path.read_bytes() for path in gateway.dir.rglob("*") if path.is_file()}
    expect(any(name.endswith("-wal") for name in kept), f"no WAL among {sorted(kept)}")
    gateway.stop()
    kept |= {f"{path} afterwards": path.read_bytes() for path in gateway.dir.rglob("*") if path.is_file()} | {"the log": gateway.log_path.read_bytes()}
    for token in found:
        for name, text in [*kept.items(), *((f"answer {n}", answer) for n, answer in enumerate(answers))]:
            for needle in (token.encode(), token[4:].encode()):
                absent(text, needle, name)
