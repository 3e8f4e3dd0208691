"""Tokens for programs: both headers, every scope, and what ends them."""
import re

from gateway import GATE
from registry import absent, equal, expect, one_of, test
from test_sign_in import error_body
from wait import until
from world import bearer, datasource, host, instance, signed_in, standing, upstream, world


@test
def both_headers_count(t):
    gateway, echo, crm = standing(t)
    token = gateway.token("ann")
    expect(re.fullmatch(r"spt_[A-Za-z0-9_-]{40,}", token), "the printed token alone on stdout")
    equal(gateway.ask(crm, headers=bearer(token)).status, 200, "Authorization: Bearer")
    equal(gateway.ask(crm, headers=[("Authorization", f"bearer {token}")]).status, 200, "the scheme in lower case")
    equal(gateway.ask(crm, headers=[("X-Sallyport-Token", token)]).status, 200, "X-Sallyport-Token")
    for request in echo.requests:
        absent(request.head, token.encode(), "what reached the upstream")
        absent(request.head.lower(), b"x-sallyport-token", "what reached the upstream")


@test
def unknown_and_damaged_tokens_are_401(t):
    gateway, echo, crm = standing(t)
    token = gateway.token("ann")
    bad = ["spt_", "spt_x", "spt_" + "A" * 43, token[:-1], token + "A", token[:-1] + ("A" if token[-1] != "A" else "B"),
           token.upper(), token.replace("spt_", "SPT_"), "spt_" + "A" * 5000]
    for text in bad:
        for headers in (bearer(text), [("X-Sallyport-Token", text)]):
            if text.startswith("SPT_") and headers[0][0] == "Authorization":
                continue  # not a token of ours: an Authorization meant for somebody else
            response = gateway.ask(crm, headers=headers)
            one_of(response.status, (401,), f"status of {text[:12]}... in {headers[0][0]}")
            error_body(response)
    equal(gateway.ask(crm, headers=bearer(token) + bearer("spt_" + "B" * 43)).status in (400, 401), True, "two Authorization fields")
    equal(gateway.ask(crm, headers=bearer(token) + [("X-Sallyport-Token", "spt_" + "B" * 43)]).status in (400, 401), True,
          "a good and a bad one")
    equal(echo.requests, [], "what reached the upstream")


@test
def a_bad_token_beside_a_good_cookie_is_401(t):
    gateway, _, crm = standing(t)
    cookie = signed_in(gateway, "ann", crm).headers(crm)
    equal(gateway.ask(crm, headers=cookie).status, 200, "the cookie alone")
    for headers in (bearer("spt_" + "A" * 43), [("X-Sallyport-Token", "nonsense")], [("X-Sallyport-Token", "")]):
        equal(gateway.ask(crm, headers=cookie + headers).status, 401, f"with {headers}")


@test
def revoked_and_expired_tokens_are_401(t):
    gateway, _, crm = standing(t)
    token = gateway.token("ann", name="one")
    equal(gateway.ask(crm, headers=bearer(token)).status, 200, "before")
    listed = gateway.listing("token", "list")
    expect(token not in str(listed), "the list shows the token itself")
    found = [entry for entry in listed if "one" in entry.values()]
    equal(len(found), 1, f"entries named one in {listed}")
    done = gateway.run("token", "revoke", str(found[0].get("id")))
    if done.code != 0:
        done = gateway.run("token", "revoke", "--id", str(found[0].get("id")))
    equal(done.code, 0, f"exit code of revoke ({done.err})")
    equal(gateway.ask(crm, headers=bearer(token)).status, 401, "the first request after revoke returned")
    short = gateway.token("ann", name="short", expires="2s")
    equal(gateway.ask(crm, headers=bearer(short)).status, 200, "a token of two seconds")
    until(lambda: gateway.ask(crm, headers=bearer(short)).status == 401, "the token's end", 8)


@test
def scopes_narrow_what_a_token_reaches(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo), datasource("erp", echo),
                    {"kind": "team", "name": "lab", "members": {"lea": "owner", "ann": "member"}},
                    datasource("labx", echo, team="lab"))
    crm, erp, labx = host("crm"), host("erp"), host("labx")
    rows = []

    def ask(flags, where, wanted, method="GET", path="/", source=None):
        token = tokens.setdefault(flags, gateway.token("ann", *flags, name=f"t{len(tokens)}"))
        got = gateway.ask(where, method, path, bearer(token), b"" if method == "POST" else None, source=source).status
        if got != wanted:
            rows.append(f"{' '.join(flags)}: {method} {where}{path} from {source}: {got}, wanted {wanted}")

    tokens = {}
    for where in (crm, erp, labx):
        ask((), where, 200)
    ask(("--team", "plant"), crm, 200)
    ask(("--team", "plant"), labx, 403)
    ask(("--resource", "crm"), crm, 200)
    ask(("--resource", "crm"), erp, 403)
    for method, wanted in (("GET", 200), ("HEAD", 200), ("OPTIONS", 200), ("POST", 403), ("DELETE", 403)):
        ask(("--read-only",), crm, wanted, method)
    for path, wanted in (("/a", 200), ("/a/b", 200), ("/ab", 403), ("/", 403), ("/%61/b", 200)):
        ask(("--path", "/a"), crm, wanted, path=path)
    ask(("--network", "127.0.0.7/32"), crm, 403)
    ask(("--network", "127.0.0.7/32"), crm, 200, source="127.0.0.7")
    equal(rows, [], "answers")


@test
def a_token_reaches_what_its_owner_may_and_no_more(t):
    gateway, _, crm = standing(t)
    vic = gateway.token("vic")
    equal(gateway.ask(crm, headers=bearer(vic)).status, 403, "a viewer's token")
    mel = gateway.token("mel")
    gateway.must("user", "suspend", "mel")
    one_of(gateway.ask(crm, headers=bearer(mel)).status, (401, 403), "the token of a suspended owner")
    gateway.must("user", "resume", "mel")
    equal(gateway.ask(crm, headers=bearer(mel)).status, 200, "and resumed")


@test
def a_token_never_opens_the_account(t):
    gateway = world(t)
    for flags in ((), ("--api",)):
        token = gateway.token("ann", *flags, name=f"t{len(flags)}")
        for path in ("/.sallyport/account", "/api/v1/me/sessions", "/api/v1/me/tokens"):
            expect(gateway.ask(GATE, target=path, headers=bearer(token)).status in (401, 403, 404), f"{path} by a token {flags}")


@test
def scope_flags_are_checked_when_a_token_is_made(t):
    gateway = world(t)
    for flags in (("--user", "nobody-here"), ("--user", "ann", "--team", "nowhere"), ("--user", "ann", "--resource", "nothing"),
                  ("--user", "ann", "--network", "10.0.0.1/8"), ("--user", "ann", "--path", "no-slash"),
                  ("--user", "ann", "--path", "/a/../b")):
        done = gateway.run("token", "create", "--name", "x", "--expires", "1d", *flags)
        equal((done.code, done.out), (1, ""), f"token create {' '.join(flags)} ({done.err.strip()})")
    for expires in ("soon", "-1d", "0s"):
        done = gateway.run("token", "create", "--user", "ann", "--name", "x", "--expires", expires)
        one_of(done.code, (1, 2), f"exit code with --expires {expires}")
    equal(gateway.run("token", "create", "--user", "ann", "--name", "x").code, 2, "exit code without --expires")
    equal(gateway.listing("token", "list"), [], "tokens in the list")


@test
def only_the_hash_of_a_token_is_stored(t):
    gateway, _, crm = standing(t)
    token = gateway.token("ann")
    equal(gateway.ask(crm, headers=bearer(token)).status, 200, "status")
    gateway.stop()
    for path in [p for p in gateway.dir.rglob("*") if p.is_file()] + [gateway.log_path]:
        absent(path.read_bytes(), token.encode(), f"{path.name}")
        absent(path.read_bytes(), token[4:].encode(), f"{path.name}")


@test
def last_use_is_recorded(t):
    gateway, _, crm = standing(t)
    token = gateway.token("ann", name="used")
    before = str(gateway.listing("token", "list"))
    gateway.ask(crm, headers=bearer(token))
    until(lambda: str(gateway.listing("token", "list")) != before, "the token list to show the use", 75)


@test
def on_an_instance_the_clients_authorization_is_not_taken_for_a_token(t):
    """An Authorization that is no spt_ token is not ours to judge; it is dropped unless pass_authorization."""
    echo = upstream(t)
    gateway = world(t, instance("open", echo, areas=[{"name": "all", "paths": ["/"], "public": True}]),
                    instance("passing", echo, areas=[{"name": "all", "paths": ["/"], "public": True}], pass_authorization=True))
    basic = [("Authorization", "Basic dXNlcjpwYXNz")]
    equal(gateway.ask(host("open"), headers=basic).status, 200, "status")
    equal(echo.last().all("authorization"), [], "Authorization sent on without pass_authorization")
    equal(gateway.ask(host("passing"), headers=basic).status, 200, "status")
    equal(echo.last().all("authorization"), ["Basic dXNlcjpwYXNz"], "Authorization sent on with pass_authorization")
    token = gateway.token("ann")
    equal(gateway.ask(host("passing"), headers=bearer(token)).status, 200, "status with a token")
    equal(echo.last().all("authorization"), [], "a token of ours never travels on")
