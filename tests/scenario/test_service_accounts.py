"""Service accounts: applied like everything else, with tokens alone, a role in one team, and an end that ends all of it."""
import time

from gateway import GATE
from jose_reader import claims_of, key_set
from registry import contains, equal, expect, one_of, test
from test_own_tokens import PAGE, TOKENS, call, make, tokens
from web_client import PASSWORD
from websocket_client import WebSocket
from world import bearer, datasource, host, keyed, signed_in, standing, upstream, world


def account(name="nightly", **more):
    return {"kind": "service_account", "name": name, "team": "plant", "role": "member"} | more


def token_of(gateway, name="nightly", *flags, expires="1d"):
    return gateway.must("token", "create", "--service-account", name, "--name", "n", "--expires", expires, *flags).strip()


@test
def asks_by_its_token_and_is_named_everywhere(t):
    gateway, echo, crm = standing(t)
    contains(gateway.apply(account()), "+ service_account nightly", "what apply says")
    token = token_of(gateway)
    equal(gateway.ask(crm, headers=bearer(token)).status, 200, "a request with it")
    seen = echo.last()
    equal((seen.get("x-sallyport-user"), seen.all("x-sallyport-email"), seen.get("x-sallyport-roles")), ("nightly", [], "member"),
          "what the upstream is told")
    claims = claims_of(seen.get("x-sallyport-jwt-assertion"), key_set(gateway))
    equal(("email" in claims, "nightly" in claims.values()), (False, True), f"what is signed: {claims}")
    entry = [entry for entry in gateway.audit() if entry.get("status") == 200 and entry.get("resource") == "crm"][-1]
    equal((entry["user"], entry["means"]), ("nightly", "token"), "the audit entry")
    (made,) = [entry for entry in gateway.audit() if entry.get("action") == "token.create"]
    contains(made["object"], "of service account nightly", "the audit entry of the token")
    (listed,) = gateway.listing("token", "list", "--service-account", "nightly")
    equal((listed["user"], listed["service_account"]), (None, "nightly"), "whose it is")
    equal(gateway.must("explain", "--token", "n", "--from", "127.0.0.1", "--url", f"https://{crm}/").splitlines()[0], "allow", "explain")
    contains(gateway.must("get", "service_account"), "plant, member", "get")
    equal(gateway.apply(gateway.get("service_account", "nightly")), "", "applying what get shows")


@test
def never_signs_in_and_never_has_a_name_of_a_person(t):
    gateway, _, crm = standing(t)
    gateway.apply(account())
    body = b'{"user": "nightly", "password": "' + PASSWORD.encode() + b'"}'
    answer = gateway.ask(GATE, "POST", "/.sallyport/login", [("Content-Type", "application/json"), ("X-Sallyport-Request", "1")], body)
    equal((answer.status, answer.json()["error"]), (401, "bad_credentials"), "a sign-in")
    for document, wanted in ((account("ann"), "is the name of user ann"), ({"kind": "user", "name": "nightly", "password": PASSWORD},
                             "is the name of service_account nightly"), (account("x", team="nowhere"), "there is no team"),
                             (account("x", password=PASSWORD), "password"), (account("x", email="x@example.test"), "email"),
                             (account("x", admin=True), "admin"), (account("x", role="boss"), "role"),
                             ({"kind": "team", "name": "lab", "members": {"lea": "owner", "nightly": "owner"}}, "is a service account")):
        contains(gateway.refused_apply(document), wanted, f"what is said of {document}")
    contains(gateway.run("delete", "team", "plant").err, "service_account nightly", "deleting its team")
    for arguments in (("--user", "nightly"), ("--service-account", "ann"), ("--service-account", "nobody"),
                      ("--service-account", "nightly", "--admin")):
        done = gateway.run("token", "create", *arguments, "--name", "x", "--expires", "1d")
        equal((done.code, done.out), (1, ""), f"token create {arguments} ({done.err.strip()})")
    for arguments in ((), ("--user", "ann", "--service-account", "nightly")):
        equal(gateway.run("token", "create", *arguments, "--name", "x", "--expires", "1d").code, 2, f"token create {arguments}")
    one_of(gateway.run("user", "passwd", "nightly", "--password-stdin", stdin=PASSWORD).code, (1,), "giving it a password")


@test
def reaches_its_team_from_its_networks_and_no_more(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo), datasource("labx", echo, team="lab"),
                    datasource("erp", echo), account(networks=["127.0.0.7/32"]))
    token = bearer(token_of(gateway))
    rows = [(host(name), source, gateway.ask(host(name), headers=token, source=source).status)
            for name in ("crm", "erp", "labx") for source in ("127.0.0.1", "127.0.0.7")]
    equal([row[2] for row in rows], [403, 200, 403, 200, 403, 403], f"statuses of {rows}")
    gateway.apply(datasource("labx", echo, team="lab", roles={"nightly": "member"}), datasource("erp", echo, roles={"nightly": "none"}))
    equal([gateway.ask(host(name), headers=token, source="127.0.0.7").status for name in ("labx", "erp")], [200, 403],
          "a role by the place itself, and none")


@test
def counts_as_a_factor_only_if_it_says_so(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, access=[{"roles": ["member"], "mfa": "required"}]), account())
    token, crm = bearer(token_of(gateway)), host("crm")
    equal(gateway.ask(crm, headers=token).status, 403, "it says nothing")
    gateway.apply(account(strength="mfa"))
    equal(gateway.ask(crm, headers=token).status, 200, "it says mfa")
    gateway.apply(datasource("crm", echo, access=[{"roles": ["member"], "mfa": {"within": "24h"}}]))
    equal(gateway.ask(crm, headers=token).status, 403, "a fresh one")


@test
def suspending_or_deleting_it_ends_its_tokens_and_streams_at_once(t):
    echo = upstream(t, None)
    gateway = world(t, keyed("crm", echo), account(), account("other"))
    crm = host("crm")
    spared = bearer(token_of(gateway, "other"))
    ends = {"suspended": lambda: gateway.apply(account(suspended=True)),
            "its networks": lambda: gateway.apply(account(networks=["192.0.2.0/24"])),
            "its role": lambda: gateway.apply(account(role="viewer")),
            "another team": lambda: gateway.apply(account(team="lab")),
            "deleted": lambda: gateway.must("delete", "service_account", "nightly")}
    with WebSocket(gateway, crm, "/ws", spared) as innocent:
        for name, end in ends.items():
            gateway.apply(account())
            token = bearer(token_of(gateway))
            with WebSocket(gateway, crm, "/ws", token) as socket:
                socket.send(b"before")
                socket.receive()
                end()
                since = time.monotonic()
                equal(socket.ended().code, 1008, f"{name}: the close code")
                expect(time.monotonic() - since < 1, f"{name}: late")
            equal(gateway.ask(crm, headers=token).status, 401 if name == "deleted" else 403, f"{name}: the next request")
        innocent.send(b"still")
        equal(innocent.receive().payload, b"still", "the other account's")
    equal([entry["service_account"] for entry in gateway.listing("token", "list")], ["other"], "tokens that are left")


@test
def owners_of_its_team_rotate_and_revoke_and_nobody_else(t):
    gateway, _, crm = standing(t)
    gateway.apply(account())
    old = token_of(gateway)
    ann, mel, lea = (signed_in(gateway, name) for name in ("ann", "mel", "lea"))
    (shown,) = tokens(ann)
    equal(shown["service_account"], "nightly", "what the owner sees")
    contains(ann.open(GATE, PAGE).text, "service account nightly", "the owner's page")
    for other in (mel, lea):
        equal(tokens(other), [], "what a member, and the owner of another team, see")
        equal([call(other, "DELETE", f"{TOKENS}/{shown['id']}").status, call(other, "POST", f"{TOKENS}/{shown['id']}/rotate").status],
              [404, 404], "what they may")
    rotated = call(ann, "POST", f"{TOKENS}/{shown['id']}/rotate", {"overlap": "0s"})
    equal(rotated.status, 201, "the owner's rotation")
    following = rotated.json()
    equal([gateway.ask(crm, headers=bearer(each)).status for each in (old, following["token"])], [401, 200], "old and new")
    equal(gateway.listing("token", "list", "--service-account", "nightly")[-1]["service_account"], "nightly", "whose the new one is")
    equal(call(ann, "DELETE", f"{TOKENS}/{following['id']}").status, 204, "the owner's revocation")
    equal(gateway.ask(crm, headers=bearer(following["token"])).status, 401, "afterwards")
    make(mel)
    gateway.apply({"kind": "team", "name": "plant", "mfa": "required", "members": {"ann": "owner", "mel": "member"}})
    token_of(gateway)
    equal(tokens(ann), [], "without the factor that the team demands")
