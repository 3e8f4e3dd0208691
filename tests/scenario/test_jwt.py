"""The signed identity for upstreams: X-Sallyport-Jwt-Assertion, the key set at the gate, keys and their roll-over."""
import base64
import secrets
import threading
import time

from gateway import GATE
from jose_reader import claims_of, decode, header_of, key_set
from registry import absent, contains, equal, expect, one_of, test
from unsealing import named_keys
from websocket_client import WebSocket
from wire import request_bytes
from world import bearer, host, instance, keyed, signed_in, standing, upstream, world

NAME = "x-sallyport-jwt-assertion"
SEPARATORS = ("-", "_", ".")


def told(echo):
    """The one assertion in the last request that arrived."""
    values = echo.last().all(NAME)
    equal(len(values), 1, "assertions in one request")
    return values[0]


def folded(name):
    return "".join(c if c.isalnum() else "-" for c in name.lower())


def asked(gateway, echo, where, headers, **more):
    equal(gateway.ask(where, headers=headers, **more).status, 200, f"status at {where}")
    return told(echo)


# --- what it says

@test
def an_assertion_arrives_and_verifies_against_the_published_keys(t):
    gateway, echo, crm = standing(t)
    browser = signed_in(gateway, "ann", crm)
    began = int(time.time())
    for headers in (browser.headers(crm), bearer(gateway.token("ann"))):
        token = asked(gateway, echo, crm, headers)
        claims, keys = claims_of(token, key_set(gateway)), key_set(gateway)
        expect(claims, "the signature fits")
        equal({**header_of(token), "kid": "?"}, {"alg": "ES256", "typ": "JWT", "kid": "?"}, "the header")
        uid, jti = claims.pop("uid"), claims.pop("jti")
        at = claims.pop("iat")
        expect(began - 1 <= at <= int(time.time()) + 1, f"iat {at}")
        equal(claims, {"iss": f"https://{GATE}:{gateway.port}", "aud": crm, "sub": "ann", "email": "ann@example.test",
                       "role": "owner", "resource": "crm", "nbf": at, "exp": at + 300}, "the claims")
        expect(len(uid) == 26 and len(jti) >= 20, f"uid {uid}, jti {jti}")
        equal(echo.last().all("x-sallyport-user"), ["ann"], "the plain header beside it")
        for place in (10, len(token) // 2, len(token) - 20):  # in header, claims, signature
            changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1:]
            try:
                equal(claims_of(changed, keys), None, f"the claims of a token changed at {place}")
            except (ValueError, KeyError):
                pass  # not even JSON any more


@test
def it_says_which_host_who_and_as_what(t):
    echo = upstream(t)
    gateway = world(t, keyed("crm", echo), keyed("erp", echo), instance("line1", echo))
    keys, seen = key_set(gateway), set()
    for user, role in (("ann", "owner"), ("mel", "member")):
        token = bearer(gateway.token(user))
        for name in ("crm", "erp", "line1"):
            claims = claims_of(asked(gateway, echo, host(name), token), keys)
            equal((claims["aud"], claims["resource"], claims["sub"], claims["role"]), (host(name), name, user, role), name)
            seen.add(claims["jti"])
    equal(len(seen), 6, "different assertions")
    by_upper = [("Host", f"CRM.apps.LOCALHOST:{gateway.port}")] + bearer(gateway.token("ann", name="upper"))
    with gateway.wire(host("crm")) as connection:
        lines = "".join(f"{name}: {value}\r\n" for name, value in by_upper)
        connection.send(f"GET / HTTP/1.1\r\n{lines}\r\n".encode())
        equal(connection.response().status, 200, "a host in capitals")
    equal(claims_of(told(echo), keys)["aud"], host("crm"), "aud has one spelling")


@test
def a_change_of_what_it_says_counts_at_once(t):
    gateway, echo, crm = standing(t)
    keys, token = key_set(gateway), bearer(gateway.token("mel"))
    first = asked(gateway, echo, crm, token)
    equal(asked(gateway, echo, crm, token), first, "the same again: it is not signed for each request")
    uid = claims_of(first, keys)["uid"]
    gateway.apply({"kind": "user", "name": "mel", "email": "mel@elsewhere.test"})
    claims = claims_of(asked(gateway, echo, crm, token), keys)
    equal((claims["email"], claims["uid"]), ("mel@elsewhere.test", uid), "after a new address")
    gateway.apply({"kind": "team", "name": "plant", "members": {"ann": "owner", "mel": "owner"}})
    equal(claims_of(asked(gateway, echo, crm, token), keys)["role"], "owner", "after a new role")


@test
def nobody_has_none_and_a_websocket_has_one(t):
    echo = upstream(t)
    gateway = world(t, instance("line1", echo, areas=[
        {"name": "hooks", "paths": ["/hooks"], "public": True},
        {"name": "all", "paths": ["/"], "roles": ["owner"]}]))
    line1 = host("line1")
    spoof = [("X-Sallyport-Jwt-Assertion", "spoofed-7731")]
    for headers in ([], spoof):
        equal(gateway.ask(line1, "POST", "/hooks/a", headers, b"x").status, 200, "a public area")
        equal([name for name in echo.last().names() if folded(name).startswith("x-sallyport")], [], "what it is told")
        absent(echo.last().head, b"spoofed", "the request at the upstream")
    vic = bearer(gateway.token("vic"))
    claims = claims_of(asked(gateway, echo, line1, vic, target="/hooks/a"), key_set(gateway))
    equal((claims["sub"], claims["role"]), ("vic", "viewer"), "somebody in a public area")
    gateway.must("user", "suspend", "vic")
    equal(gateway.ask(line1, target="/hooks/a", headers=vic).status, 200, "who is suspended, in a public area")
    equal(echo.last().all(NAME), [], "what is told of him")
    with WebSocket(gateway, line1, headers=bearer(gateway.token("ann")) + spoof) as socket:
        socket.close()
    claims = claims_of(told(echo), key_set(gateway))
    equal((claims["sub"], claims["aud"], claims["resource"]), ("ann", line1, "line1"), "on a WebSocket")


# --- what a client says of himself

@test
def a_clients_own_never_arrives_in_any_spelling(t):
    gateway, echo, crm = standing(t)
    keys, token = key_set(gateway), bearer(gateway.token("mel"))
    good = asked(gateway, echo, crm, bearer(gateway.token("ann")))  # a real one, of somebody who may do more
    words = ("x", "sallyport", "jwt", "assertion")
    names = {a.join(words[:2]) + b + c.join(words[2:]) for a in SEPARATORS for b in SEPARATORS for c in SEPARATORS}
    names |= {name.upper() for name in names} | {name.title() for name in names} | {"X-SALLYPORT-jwt-Assertion"}
    for name in sorted(names):
        before = len(echo.requests)
        status = gateway.ask(crm, headers=[(name, good)] + token + [(name, good), (name, "")]).status
        one_of(status, (200, 400), f"status with {name}")  # underscores may be refused
        if status == 400:
            expect("_" in name or "." in name, f"{name} was refused")
            equal(len(echo.requests), before, "refused and yet forwarded")
            continue
        absent(echo.last().head, good.encode(), f"the request at the upstream with {name}")
        equal([folded(each) for each in echo.last().names()].count(NAME), 1, f"assertions that arrive with {name}")
        equal(claims_of(told(echo), keys)["sub"], "mel", f"who it is, with {name}")
    for option in (NAME, "X-Sallyport-User, X-Sallyport-Jwt-Assertion", "close, " + NAME.upper()):
        equal(gateway.ask(crm, headers=token + [("Connection", option)]).status, 200, f"Connection: {option}")
        equal(claims_of(told(echo), keys)["sub"], "mel", f"with Connection: {option}")


@test
def none_comes_in_by_a_trailer_and_none_goes_back(t):
    gateway, echo, crm = standing(t)
    token = bearer(gateway.token("mel"))
    body = b"3\r\nabc\r\n0\r\nX-Sallyport-Jwt-Assertion: spoofed-7731\r\nX_Sallyport.Jwt_Assertion: spoofed-7732\r\nX-Sum: 1\r\n\r\n"
    with gateway.wire(crm) as connection:
        connection.send(request_bytes("POST", "/", f"{crm}:{gateway.port}", token + [("Transfer-Encoding", "chunked")]) + body)
        one_of(connection.response("POST").status, (200, 400), "status")
    for request in echo.requests:
        absent(repr(request.trailers), "spoofed", "the trailers at the upstream")
    raw = base64.b64encode(b"X-Sallyport-Jwt-Assertion: from-upstream\r\nX-Honest: 1\r\n").decode().replace("+", "%2B")
    response = gateway.ask(crm, target=f"/headers?raw={raw}", headers=token)
    equal((response.get("x-honest"), response.all(NAME)), ("1", []), "what the upstream answers with")


# --- the key set

@test
def the_key_set_is_for_anybody_on_the_gate_alone(t):
    gateway, echo, crm = standing(t)
    for headers in ([], [("Cookie", "__Host-sallyport=nothing")], [("Origin", "https://evil.example.test")],
                    bearer(gateway.token("mel"))):
        response = gateway.ask(GATE, target="/.sallyport/jwks", headers=headers)
        equal((response.status, response.get("cache-control"), response.get("content-type")),
              (200, "max-age=300", "application/jwk-set+json"), f"with {headers}")
        equal(response.all("set-cookie"), [], "cookies")
        keys = response.json()["keys"]
        equal(len(keys), 2, "the one that signs and the next")
        for key in keys:
            equal(sorted(key), ["alg", "crv", "kid", "kty", "use", "x", "y"], "members: never a private one")
            equal((len(decode(key["x"])), len(decode(key["y"])), key["use"], key["alg"]), (32, 32, "sig", "ES256"), "a key")
    equal(header_of(asked(gateway, echo, crm, bearer(gateway.token("ann"))))["kid"], keys[0]["kid"], "the first signs")
    head = gateway.ask(GATE, "HEAD", "/.sallyport/jwks")
    equal((head.status, head.body, head.get("content-length")), (200, b"", str(len(response.body))), "HEAD")
    refused = gateway.ask(GATE, "POST", "/.sallyport/jwks", body=b"")
    equal((refused.status, refused.get("allow")), (405, "GET, HEAD"), "POST")
    before = len(echo.requests)
    equal(gateway.ask(crm, target="/.sallyport/jwks", headers=bearer(gateway.token("ann", name="u"))).status, 404, "elsewhere")
    equal(len(echo.requests), before, "what reached the upstream")


# --- roll-over

@test
def a_roll_over_by_command_counts_on_every_worker_and_breaks_nothing(t):
    echo = upstream(t)
    gateway = world(t, keyed("crm", echo), workers=4)
    crm, headers = host("crm"), bearer(gateway.token("ann"))
    old, published = asked(gateway, echo, crm, headers), list(key_set(gateway))
    open_ones = [gateway.wire(crm) for _ in range(16)]
    for connection in open_ones:
        t.defer(connection.close)

    def kids_of_all_workers():
        echo.requests.clear()
        for connection in open_ones:
            connection.send(request_bytes("GET", "/", f"{crm}:{gateway.port}", headers))
        for connection in open_ones:
            equal(connection.response().status, 200, "status")
        return {header_of(request.all(NAME)[0])["kid"] for request in echo.requests}

    equal(kids_of_all_workers(), {published[0]}, "who signs at first")
    done = gateway.run("key", "rotate-jwt")
    equal(done.code, 0, f"exit code ({done.err})")
    contains(done.err, "published", "the warning: nobody had ten minutes to hear of the next key")
    equal(kids_of_all_workers(), {published[1]}, "who signs on each worker once the command returned")
    keys = key_set(gateway)
    equal(list(keys)[:2], [published[1], published[0]], "published: who signs, and who did")
    equal(len(keys), 3, "and the next one")
    equal(claims_of(old, keys)["sub"], "ann", "what the old key signed")
    equal(done.out.split(), ["signs", published[1], "next", list(keys)[2]], "what the command printed")

    shown = [key for key in gateway.listing("key", "status")[0]["keys"] if key["purpose"] == "jwt-signing"]
    equal([(key["kid"], key["state"], key["retired"]) for key in shown],
          [(published[0], "retired", True), (published[1], "active", False), (list(keys)[2], "next", False)], "key status")
    contains(gateway.must("key", "status"), published[1], "key status as a table")
    events = [entry for entry in gateway.audit() if entry.get("action") in ("key.create", "key.rotate")]
    expect(any(published[1] in str(entry) for entry in events), f"the record of it: {events}")

    gateway.stop()
    gateway.start()
    equal(list(key_set(gateway)), list(keys), "published after a restart")
    equal(header_of(asked(gateway, echo, crm, headers))["kid"], published[1], "who signs after a restart")
    equal(claims_of(old, key_set(gateway))["sub"], "ann", "what the old key signed, after a restart")
    contains(gateway.must("audit", "verify"), "ok", "audit verify")


@test
def requests_under_way_do_not_notice_a_roll_over(t):
    echo = upstream(t)
    gateway = world(t, keyed("crm", echo), workers=2)
    crm, headers = host("crm"), bearer(gateway.token("ann"))
    statuses, enough = set(), threading.Event()

    def ask_on():
        with gateway.wire(crm) as connection:
            while not enough.is_set():
                connection.send(request_bytes("GET", "/", f"{crm}:{gateway.port}", headers))
                statuses.add(connection.response().status)

    clients = [threading.Thread(target=ask_on) for _ in range(4)]
    for client in clients:
        client.start()
    for _ in range(5):
        gateway.must("key", "rotate-jwt")
    enough.set()
    for client in clients:
        client.join()
    equal(statuses, {200}, "statuses meanwhile")
    keys = key_set(gateway)
    equal(len(keys), 7, "published")
    seen = {request.all(NAME)[0] for request in echo.requests}
    expect(len(seen) > 1, f"{len(seen)} different assertions")
    for token in seen:
        expect(claims_of(token, keys), "each of them verifies")


@test
def a_roll_over_without_a_gateway_is_in_force_when_it_starts(t):
    gateway, echo, crm = standing(t)
    before = list(key_set(gateway))
    gateway.stop()
    gateway.must("key", "rotate-jwt")
    gateway.start()
    equal(list(key_set(gateway))[:2], [before[1], before[0]], "published")
    fresh = world(t, start=False, name="fresh")
    fresh.must("key", "rotate-jwt")
    equal(len(key_set(fresh.start())), 2, "keys of a gateway that was rolled over before its first start")


@test
def roll_overs_by_hand_are_bounded(t):
    gateway = world(t, start=False)
    for _ in range(40):
        done = gateway.run("key", "rotate-jwt")
        if done.code != 0:
            break
    equal(done.code, 1, "exit code in the end")
    contains(done.err, "25 hours", "the message")
    gateway.start()
    equal(len(key_set(gateway)), 32, "published")


# --- the keys themselves

@test
def the_private_keys_are_nowhere_in_clear(t):
    gateway, echo, crm = standing(t)
    gateway.must("key", "rotate-jwt")
    token = asked(gateway, echo, crm, bearer(gateway.token("ann")))
    shown = gateway.must("key", "status") + gateway.must("key", "status", "-o", "json") + str(gateway.audit())
    scalars = [clear[:32] for clear in named_keys(gateway, "jwt-signing")]
    equal(len(scalars), 3, "private halves")
    equal(len(set(scalars)), 3, "different ones")
    gateway.stop()
    files = [path for path in gateway.dir.rglob("*") if path.is_file()] + [gateway.log_path]
    for scalar in scalars:
        coded = base64.urlsafe_b64encode(scalar).rstrip(b"=")
        forms = [scalar, scalar[::-1], scalar.hex().encode(), scalar.hex().upper().encode(), coded, base64.b64encode(scalar)]
        for form in forms:
            for path in files:
                absent(path.read_bytes(), form, path.name)
            absent(shown.encode("utf-8", "replace"), form, "what commands show")
    for path in files:  # what was said to the upstream is its business alone
        for form in (token.encode(), token.split(".")[2].encode()):
            absent(path.read_bytes(), form, path.name)


@test
def a_key_that_was_written_into_the_store_is_never_published(t):
    gateway, _, crm = standing(t)
    before, headers = key_set(gateway), bearer(gateway.token("ann"))
    with gateway.store() as store:  # as the real rows look, newer, and with a public half of the attacker's
        store.execute("INSERT INTO named_keys SELECT ?, purpose, sealed, ?, created_at + 1, 0 FROM named_keys "
                      "WHERE purpose = 'jwt-signing' LIMIT 1", (secrets.token_bytes(16), secrets.token_bytes(64)))
        store.execute("PRAGMA ignore_check_constraints = ON")
        store.execute("INSERT INTO named_keys SELECT x'0102', purpose, sealed, public_key, created_at + 2, 0 FROM named_keys "
                      "WHERE purpose = 'jwt-signing' LIMIT 1")  # a row that has no name even
        store.execute("UPDATE named_keys SET public_key = ? WHERE purpose = 'jwt-signing'", (secrets.token_bytes(64),))
    gateway.must("user", "suspend", "out")  # so that the gateway reads again
    equal(key_set(gateway), before, "published while it runs")
    gateway.must("user", "suspend", "ann")
    one_of(gateway.ask(crm, headers=headers).status, (401, 403), "a change beside it is in force all the same")
    event = gateway.event("record_refused")
    equal((event["kind"], event["name"]), ("key", "jwt-signing"), "what the log tells")
    gateway.stop()
    gateway.start()
    equal(key_set(gateway), before, "published after a restart")
    expect(any("does not verify" in str(entry) for entry in gateway.audit()), "the alert in the audit log")
    contains(gateway.must("key", "status"), "damaged", "key status")


@test
def a_gateway_whose_keys_were_spoilt_goes_on_and_a_new_one_makes_new_keys(t):
    gateway, echo, crm = standing(t)
    before, headers = key_set(gateway), bearer(gateway.token("ann"))
    with gateway.store() as store:
        store.execute("UPDATE named_keys SET sealed = zeroblob(length(sealed)) WHERE purpose = 'jwt-signing'")
    gateway.must("user", "suspend", "out")
    equal(gateway.event("keys_refused")["level"], "error", "what the log tells")
    expect(claims_of(asked(gateway, echo, crm, headers), before), "what was in force stays in force")
    gateway.stop()
    gateway.start()
    after = key_set(gateway)
    equal((len(after), set(after) & set(before)), (2, set()), "new keys")
    expect(claims_of(asked(gateway, echo, crm, headers), after), "an assertion of the new key")
