"""The life of a token: rotation with an overlap, its end and what ends with it, what is said before it, and tricks with its scope."""
import time

from gateway import GATE
from registry import absent, contains, equal, expect, one_of, test
from test_client_address import CLIENT, OUTSIDER, PROXY, TRUSTED, forwarded_for
from test_http2 import Client
from test_own_tokens import TOKENS, call, make
from wait import until
from websocket_client import WebSocket
from wire import Closed, request_bytes
from world import bearer, datasource, host, instance, keyed, signed_in, standing, upstream, world


def the_id(gateway, name="t"):
    (found,) = [entry["id"] for entry in gateway.listing("token", "list") if entry["name"] == name]
    return found


@test
def rotation_overlaps_and_then_the_old_one_ends(t):
    gateway, _, crm = standing(t)
    old = gateway.token("ann", "--resource", "crm", "--read-only", expires="10d")
    done = gateway.run("token", "rotate", "--id", the_id(gateway), "--overlap", "2s", "--expires", "3d")
    equal(done.code, 0, f"exit code ({done.err})")
    following = done.out.strip()
    expect(following.startswith("spt_") and len(following.split()) == 1, "the new token alone on stdout")
    absent(done.err, following[4:], "stderr")
    entries = gateway.listing("token", "list")
    equal([(entry["name"], entry["resource"], entry["read_only"]) for entry in entries], [("t", "crm", True)] * 2, "name and scope")
    equal([gateway.ask(crm, headers=bearer(each)).status for each in (old, following)], [200, 200], "during the overlap")
    until(lambda: gateway.ask(crm, headers=bearer(old)).status == 401, "the old one to end", 6)
    equal(gateway.ask(crm, headers=bearer(following)).status, 200, "the new one")
    for arguments, code in (((), 2), (("--id", "x"), 1), (("--id", entries[0]["id"]), 1),
                            (("--id", entries[1]["id"], "--overlap", "soon"), 2), (("--id", entries[1]["id"], "--expires", "0s"), 2),
                            (("--id", entries[1]["id"], "--expires", "366d"), 1)):
        done = gateway.run("token", "rotate", *arguments)
        equal((done.code, done.out), (code, ""), f"token rotate {arguments}")
    again = gateway.must("token", "rotate", "--id", entries[1]["id"], "--overlap", "0s").strip()
    equal([gateway.ask(crm, headers=bearer(each)).status for each in (following, again)], [401, 200], "without an overlap")


@test
def rotation_never_lengthens(t):
    gateway, _, crm = standing(t)
    old = gateway.token("ann", expires="2s")
    gateway.must("token", "rotate", "--id", the_id(gateway), "--overlap", "30d", "--expires", "1d")
    until(lambda: gateway.ask(crm, headers=bearer(old)).status == 401, "the old one to end when it would have", 6)


@test
def expired_and_unknown_are_one_to_the_client_and_two_to_the_audit(t):
    gateway, _, crm = standing(t)
    short = gateway.token("ann", name="short", expires="1s")
    until(lambda: gateway.ask(crm, headers=bearer(short)).status == 401, "its end", 6)
    revoked = gateway.token("ann", name="revoked")
    gateway.must("token", "revoke", "--id", the_id(gateway, "revoked"))
    asked = {"expired token": short, "unknown token": "spt_" + "A" * 43}
    told = [gateway.ask(crm, headers=bearer(token)) for token in (*asked.values(), revoked)]
    said = [{key: value for key, value in answer.json().items() if key != "request_id"} for answer in told]
    equal([answer.status for answer in told], [401] * 3, "statuses")
    equal(said, [said[0]] * 3, "what a client hears")
    reasons = {entry["request_id"]: (entry["reason"], entry["user"]) for entry in gateway.audit() if entry.get("request_id")}
    equal([reasons[answer.json()["request_id"]] for answer in told],
          [("expired token", "ann"), ("unknown token", ""), ("unknown token", "")], "what the audit log says")


@test
def what_will_end_soon_is_told_once_a_day(t):
    gateway = world(t, start=False)
    for name, expires in (("soon", "3d"), ("later", "30d")):
        gateway.token("ann", name=name, expires=expires)
    gateway.start()
    told = gateway.event("token_ends_soon")
    equal((told["name"], told["owner"], told["level"]), ("soon", "ann", "warning"), "the event")
    until(lambda: "sallyport_tokens_ending 1\n" in gateway.admin("/metrics").text, "the metric", 5)
    equal(sum(event.get("event") == "token_ends_soon" for event in gateway.events), 1, "lines")


def endless(gateway, echo, crm, headers):
    """Streams of every kind by this right: {name: a function that is true once it is over}."""
    found = {}
    for name, target in (("a download", "/bytes/300000000"), ("events", "/sse")):
        wire = gateway.wire(crm)
        gateway.case.defer(wire.close)
        wire.send(request_bytes("GET", target, f"{crm}:{gateway.port}", headers))
        if name == "events":
            echo.events.put("one")
        equal(wire.head().status, 200, name)
        found[name] = wire
    socket = WebSocket(gateway, crm, "/ws", headers)
    gateway.case.defer(socket.close)
    expect(socket.open, f"no WebSocket: {socket.answer}")
    h2 = Client(gateway.case, gateway, crm, headers)
    stream = h2.ask("/slow-body/1000000")
    h2.until(lambda: h2.answer(stream).body)
    return found, socket, (h2, stream)


def all_over(streams, what):
    wires, socket, (h2, stream) = streams
    since = time.monotonic()
    equal(socket.ended().code, 1008, f"{what}: the WebSocket's close code")
    h2.until(lambda: h2.answer(stream).over)
    expect(h2.answer(stream).reset is not None, f"{what}: the HTTP/2 stream was not reset")
    for name, wire in wires.items():
        try:
            while wire.exactly(65536):
                pass
        except Closed:
            continue
        raise AssertionError(f"{what}: {name} is whole")
    expect(time.monotonic() - since < 5, f"{what}: it took {time.monotonic() - since:.1f} s")


@test
def every_stream_ends_with_its_token(t):
    """Revoked by a command, by its owner, by an owner's rotation, expired, and over the platform's maximum."""
    echo = upstream(t, None)
    gateway = world(t, keyed("crm", echo))
    crm, ann = host("crm"), signed_in(gateway, "ann")
    platform = {"kind": "platform", "name": "platform"}

    def lowered():
        gateway.apply(platform | {"tokens": {"max_life": "1s"}})

    for what, end in {"revoked by a command": lambda made: gateway.must("token", "revoke", "--id", made["id"]),
                      "revoked by its owner": lambda made: call(ann, "DELETE", f"{TOKENS}/{made['id']}"),
                      "rotated": lambda made: call(ann, "POST", f"{TOKENS}/{made['id']}/rotate", {"overlap": "1s"}),
                      "expired": lambda made: None,
                      "beyond a new maximum": lambda made: lowered()}.items():
        made = make(ann, expires="4s" if what == "expired" else "1h")
        streams = endless(gateway, echo, crm, bearer(made["token"]))
        end(made)
        all_over(streams, what)
        equal(gateway.ask(crm, headers=bearer(made["token"])).status, 401, f"{what}: the next request")
        echo.release("slow-body")
    ended = [entry for entry in gateway.audit() if entry.get("outcome") == "revoked"]
    expect(len(ended) >= 15, f"{len(ended)} entries of what was ended")


@test
def a_path_prefix_has_one_reading(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo), datasource("raw", echo, paths_mode="raw"))
    token, crm = bearer(gateway.token("ann", "--path", "/a/b")), host("crm")
    for target, wanted in {"/a/b": (200,), "/a/b/": (200,), "/a/b/c?x=/z": (200,), "/%61/b": (200,), "/a/b/%63": (200,),
                           "/A/b": (403,), "/a/B": (403,), "/a/bc": (403,), "/a": (403,), "/": (403,), "/a/b%2f..": (400, 403),
                           "/a/b/..": (400, 403), "/a/b/../c": (400, 403), "/a/b/%2e%2e/c": (400, 403), "/a/b/%2E%2e": (400, 403),
                           "/a//b": (400, 403), "//a/b": (400, 403), "/a/b//../../c": (400, 403), "/a%2fb": (400, 403),
                           "/a/b%5c..%5cc": (400, 403), "/a\\b": (400, 403), "/x/../a/b": (400, 403), "/a/b;/../c": (400, 403),
                           "/a/b/.;/../../c": (400, 403), "/a/b%00": (400, 403), "/c?/a/b": (403,), "/a%252fb": (403,)}.items():
        one_of(gateway.ask(crm, target=target, headers=token).status, wanted, f"status of {target}")
    for request in echo.requests:
        expect(request.target.split("?")[0].startswith("/a/b"), f"{request.target} reached the upstream")
    equal(gateway.ask(host("raw"), target="/a/b", headers=token).status, 403, "where paths are not in one form, no prefix fits")


@test
def a_token_that_only_reads_writes_in_no_way(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo), instance("line1", echo, areas=[
        {"name": "all", "paths": ["/"], "roles": ["owner"], "websocket": True}]))
    token = bearer(gateway.token("ann", "--read-only"))
    for method in ("POST", "PUT", "PATCH", "DELETE", "PROPFIND", "get", "Post"):
        one_of(gateway.ask(host("crm"), method, headers=token, body=b"").status, (400, 403, 501), f"status of {method}")
    for method in ("GET", "HEAD", "OPTIONS"):
        equal(gateway.ask(host("crm"), method, headers=token).status, 200, f"status of {method}")
    equal({request.method for request in echo.requests}, {"GET", "HEAD", "OPTIONS"}, "methods at the upstream")
    for where in ("crm", "line1"):
        socket = WebSocket(gateway, host(where), "/ws", token)
        socket.close()
        equal(socket.answer.status, 403, f"a WebSocket on {where}")
    h2 = Client(t, gateway, host("line1"), token)
    equal(h2.got("/ws", method="CONNECT", end=False, protocol="websocket").status, 403, "a WebSocket over HTTP/2")
    overriding = [("X-HTTP-Method-Override", "DELETE"), ("X-HTTP-Method", "DELETE"), ("X-Method-Override", "DELETE"),
                  ("x-http-method-override", "PUT")]
    equal(gateway.ask(host("crm"), headers=token + overriding).status, 200, "a read with other methods in its fields")
    equal([echo.last().all(name) for name, _ in overriding], [[]] * 4, "what of them reached the upstream")
    gateway.ask(host("crm"), "POST", headers=bearer(gateway.token("ann", name="w")) + overriding[:1], body=b"")
    equal(echo.last().all("X-HTTP-Method-Override"), ["DELETE"], "of a token that may write, they travel")


@test
def networks_are_held_against_the_client_that_was_derived(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo), trusted_proxies=TRUSTED)
    token, crm = bearer(gateway.token("ann", "--network", f"{CLIENT}/32")), host("crm")
    rows = {(PROXY, (CLIENT,)): 200, (PROXY, (OUTSIDER,)): 403, (PROXY, (f"{CLIENT}, {OUTSIDER}",)): 403, (PROXY, ()): 403,
            ("127.0.0.8", (CLIENT,)): 403, (PROXY, (f"{OUTSIDER}, {CLIENT}",)): 200, (PROXY, (f"::ffff:{CLIENT}",)): 200}
    got = {row: gateway.ask(crm, headers=token + forwarded_for(*row[1]), source=row[0]).status for row in rows}
    equal(got, rows, "statuses")
    until(lambda: gateway.listing("token", "list")[0]["last_used_from"] is not None, "the use to be written", 20)
    one_of(gateway.listing("token", "list")[0]["last_used_from"], (CLIENT, OUTSIDER, PROXY, "127.0.0.8"), "where it was last used from")


@test
def lists_are_narrowed_by_owner_resource_and_end(t):
    gateway, _, crm = standing(t)
    gateway.apply({"kind": "service_account", "name": "nightly", "team": "plant"})
    gateway.token("ann", name="a", expires="1s")
    gateway.token("ann", "--resource", "crm", name="b")
    gateway.token("mel", "--resource", "crm", name="c")
    used = gateway.must("token", "create", "--service-account", "nightly", "--name", "d", "--expires", "1d").strip()
    until(lambda: gateway.listing("token", "list", "--expired"), "the first one to expire", 6)

    def names(*arguments):
        return "".join(entry["name"] for entry in gateway.listing("token", "list", *arguments))

    equal([names(), names("--expired"), names("--resource", "crm"), names("--resource", "crm", "--user", "mel"),
           names("--service-account", "nightly"), names("--resource", "nothing")], ["abcd", "a", "bc", "c", "d", ""], "lists")
    for arguments in (("--user", "nightly"), ("--service-account", "ann"), ("--user", "nobody")):
        equal(gateway.run("token", "list", *arguments).code, 1, f"token list {arguments}")
    gateway.ask(crm, headers=bearer(used))
    until(lambda: "127.0.0.1" in gateway.must("token", "list", "--service-account", "nightly"), "the last use and its address", 20)
    head, line = gateway.must("token", "list", "--service-account", "nightly").splitlines()
    equal([word for word in head.replace("LAST USED", "LAST-USED").split()], ["ID", "NAME", "OWNER", "EXPIRES", "LAST-USED", "FROM", "SCOPE"], "columns")
    contains(line, "service account nightly", "the owner")
    gateway.must("token", "revoke", "--service-account", "nightly", "--name", "d")
    equal(gateway.ask(crm, headers=bearer(used)).status, 401, "revoked by account and name")


@test
def names_are_plain_and_short(t):
    gateway = world(t)
    ann = signed_in(gateway, "ann")
    for name in ("a" * 101, "", "a\x1b[2J", "a\nb", "a\u202eb"):
        equal(call(ann, "POST", body={"name": name, "expires": "1d"}).status, 400, f"the API with {name!r}")
        equal(gateway.run("token", "create", "--user", "ann", "--name", name, "--expires", "1d").code, 2, f"the command with {name!r}")
    make(ann, name="K\u00e4se & <b>Brot</b>")
    contains(gateway.must("token", "list"), "se & <b>Brot</b>", "the list")
    equal(gateway.ask(GATE, target="/api/v1/me/tokens", headers=ann.headers(GATE)).json()["tokens"][0]["name"], "K\u00e4se & <b>Brot</b>", "the API")
