"""Upstreams that misbehave: each fault its own answer, no fault harms another request, and only safe requests are retried."""
import base64
import json
import socket
import time

from registry import absent, contains, equal, expect, one_of, test
from test_sign_in import error_body
from wait import until
from wire import Closed, request_bytes
from world import bearer, datasource, host, upstream, world


def raw(text, keep=False):
    data = text if isinstance(text, bytes) else text.encode("latin-1")
    return "/raw?b64=" + base64.urlsafe_b64encode(data).decode() + ("&keep" if keep else "")


def plain(t, **options):
    """(gateway, upstream, host, token headers) over plain HTTP, with short time limits."""
    echo = upstream(t, None)
    gateway = world(t, datasource("crm", echo, {"timeout": {"connect": "1s", "response": "1s", "idle": "1s"}}), **options)
    return gateway, echo, host("crm"), bearer(gateway.token("ann"))


@test
def refused_connections_are_502(t):
    gateway, echo, crm, token = plain(t)
    echo.close()
    response = gateway.ask(crm, headers=token)
    equal(response.status, 502, "status")
    told = error_body(response)
    absent(json.dumps(told), str(echo.port), "the client's error body")
    line = gateway.wait_log(lambda event: told["request_id"] in json.dumps(event))
    contains(json.dumps(line).lower(), "refused", "the log line")


@test
def closed_and_reset_without_an_answer_are_502(t):
    gateway, echo, crm, token = plain(t)
    for path in ("/close", "/reset"):
        equal(gateway.ask(crm, "POST", path, token, b"x").status, 502, f"status of POST {path}")
        equal(gateway.ask(crm, target=path, headers=token).status, 502, f"status of GET {path}")
    equal(gateway.ask(crm, headers=token).status, 200, "the next request")


@test
def silent_upstreams_are_504(t):
    gateway, _, crm, token = plain(t)
    began = time.monotonic()
    response = gateway.ask(crm, target="/silent", headers=token)
    equal(response.status, 504, "status")
    error_body(response)
    expect(0.9 <= time.monotonic() - began < 6, f"answered after {time.monotonic() - began:.1f} s of a limit of 1 s")


@test
def an_upstream_that_never_accepts_is_504_or_502(t):
    with socket.create_server(("127.0.0.1", 0), backlog=1) as deaf:
        port = deaf.getsockname()[1]
        fillers = []
        for _ in range(8):  # fill the accept queue, so that connecting hangs
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            fillers.append(filler)
        gateway = world(t, datasource("crm", f"http://127.0.0.1:{port}", {"timeout": {"connect": "1s", "response": "2s"}}))
        began = time.monotonic()
        one_of(gateway.ask(host("crm"), headers=bearer(gateway.token("ann"))).status, (502, 504), "status")
        expect(time.monotonic() - began < 10, "answered in time")
        for filler in fillers:
            filler.close()


GARBAGE = {
    "no HTTP": b"garbage\r\n\r\n",
    "binary": bytes(range(256)) * 4,
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/3.0": b"HTTP/3.0 200 OK\r\n\r\n",
    "no status": b"HTTP/1.1 \r\n\r\n",
    "status 99": b"HTTP/1.1 99 X\r\nContent-Length: 0\r\n\r\n",
    "status 1000": b"HTTP/1.1 1000 X\r\nContent-Length: 0\r\n\r\n",
    "status 2x0": b"HTTP/1.1 2x0 X\r\nContent-Length: 0\r\n\r\n",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "bare CR in a value": b"HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n",
    "NUL in a value": b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
    "obs-fold": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "space before colon": b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
    "no colon": b"HTTP/1.1 200 OK\r\nContent-Length 0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and coding": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "hex length": b"HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello",
    "unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    "coding twice": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "huge head": b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"a" * 200_000 + b"\r\nContent-Length: 0\r\n\r\n",
    "head without end": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000,
}


@test
def garbage_answers_are_502(t):
    echo = upstream(t, None)
    gateway = world(t, datasource("crm", echo))
    crm, token = host("crm"), bearer(gateway.token("ann"))
    original, wrong = echo.do_raw, []
    for name, data in GARBAGE.items():
        def answer(stream, request, _argument, _query, data=data):
            echo._read_body(stream, request)
            stream.send(data)
            return False
        echo.do_raw = answer
        response = gateway.ask(crm, "POST", "/raw", token, b"x")
        if response.status != 502:
            wrong.append(f"{name}: {response.status}")
        absent(response.body, b"garbage", f"{name}: the client's body")
    equal(wrong, [], "answers that are not 502")
    echo.do_raw = original
    equal(gateway.ask(crm, headers=token).status, 200, "the next request")
    gateway.event("ready")


@test
def odd_but_right_answers_pass(t):
    gateway, _, crm, token = plain(t)
    table = {
        "until close": (b"HTTP/1.1 200 OK\r\nX: y\r\n\r\nhello", 200, b"hello"),
        "1.0": (b"HTTP/1.0 200 OK\r\n\r\nhello", 200, b"hello"),
        "no reason": (b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
        "100 before": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok", 201, b"ok"),
        "103 before": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
        "unusual status": (b"HTTP/1.1 599 Odd\r\nContent-Length: 2\r\n\r\nok", 599, b"ok"),
        "chunk extension": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\n\r\n", 200, b"ok"),
        "204": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        "304": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\nETag: \"x\"\r\n\r\n", 304, b""),
        "empty chunked": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, b""),
    }
    for name, (data, status, body) in table.items():
        response = gateway.ask(crm, target=raw(data), headers=token)
        equal((response.status, response.body), (status, body), name)


@test
def more_bytes_than_the_answer_poison_nothing(t):
    """An upstream that sends two answers for one request: the second never becomes somebody's."""
    gateway, echo, crm, token = plain(t)
    two = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
    for _ in range(3):
        equal(gateway.ask(crm, target=raw(two, keep=True), headers=token).body, b"ok", "the first")
        response = gateway.ask(crm, target="/next", headers=token)
        equal(response.status, 200, "the next request")
        equal(response.json()["target"], "/next", "whose answer it is")


def broken_off(gateway, crm, token, target):
    """What a client saw of an answer that the upstream broke off."""
    with gateway.wire(crm) as connection:
        connection.send(request_bytes("GET", target, f"{crm}:{gateway.port}", token))
        try:
            connection.response()
        except Closed:
            return
    expect(False, f"{target}: the client could not see that the answer is not whole")


@test
def half_an_answer_is_never_whole(t):
    gateway, _, crm, token = plain(t)
    broken_off(gateway, crm, token, "/half/100000")
    broken_off(gateway, crm, token, raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"))
    broken_off(gateway, crm, token, raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n"))
    broken_off(gateway, crm, token, raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n"))
    equal(gateway.ask(crm, headers=token).status, 200, "the next request")


@test
def an_answer_that_stalls_is_broken_off(t):
    gateway, echo, crm, token = plain(t)
    began = time.monotonic()
    broken_off(gateway, crm, token, "/slow-body/1000")
    expect(time.monotonic() - began < 8, "after the idle limit of 1 s")


@test
def stale_connections_are_noticed(t):
    gateway, echo, crm, token = plain(t)
    for method in ("GET", "POST", "PUT"):
        equal(gateway.ask(crm, headers=token).status, 200, "a request that leaves a connection")
        echo.close_connections()
        equal(gateway.ask(crm, method, "/", token, b"x" if method != "GET" else None).status, 200,
              f"{method} after the upstream closed its idle connections")


@test
def only_safe_requests_are_retried_and_once(t):
    gateway, echo, crm, token = plain(t)
    for method, most in (("GET", 2), ("HEAD", 2), ("POST", 1), ("PATCH", 1)):
        equal(gateway.ask(crm, target="/warm", headers=token).status, 200, "a request that leaves a connection")
        before = len(echo.requests)
        body = b"x" if method in ("POST", "PATCH") else None
        equal(gateway.ask(crm, method, "/close", token, body).status, 502, f"{method} to an upstream that closes")
        seen = [r for r in echo.requests[before:] if r.target == "/close"]
        expect(1 <= len(seen) <= most, f"{method} was sent {len(seen)} times")


@test
def private_addresses_are_refused_unless_listed(t):
    echo = upstream(t, None)
    for name, networks in (("unlisted", []), ("others", ["10.0.0.0/8"]), ("six", ["::1/128"])):
        gateway = world(t, datasource("crm", echo, {"networks": networks}), name=name)
        response = gateway.ask(host("crm"), headers=bearer(gateway.token("ann")))
        equal(response.status, 502, f"status with networks {networks}")
        told = error_body(response)
        line = gateway.wait_log(lambda event: told["request_id"] in json.dumps(event))
        expect(any(word in json.dumps(line).lower() for word in ("outbound", "not listed", "not allowed", "network", "refused")),
               f"the log line says why: {line}")
        gateway.stop()
    equal(echo.connections, 0, "connections made")


@test
def names_are_resolved_and_checked(t):
    echo = upstream(t, None)
    gateway = world(t, datasource("named", f"http://localhost:{echo.port}"),
                    datasource("unlisted", f"http://localhost:{echo.port}", {"networks": ["10.0.0.0/8"]}),
                    datasource("nowhere", "http://no-such-name.invalid:80"))
    token = bearer(gateway.token("ann"))
    equal(gateway.ask(host("named"), headers=token).status, 200, "a name whose address is listed")
    equal(gateway.ask(host("unlisted"), headers=token).status, 502, "a name whose address is not listed")
    one_of(gateway.ask(host("nowhere"), headers=token).status, (502, 504), "a name that does not resolve")


@test
def one_slow_upstream_holds_nobody_up(t):
    slow, fast = upstream(t, None), upstream(t, None)
    gateway = world(t, datasource("slow", slow), datasource("fast", fast))
    token = bearer(gateway.token("ann"))
    waiting = []
    for _ in range(20):
        connection = gateway.wire(host("slow"))
        t.defer(connection.close)
        connection.send(request_bytes("GET", "/delay/x", f"{host('slow')}:{gateway.port}", token))
        waiting.append(connection)
    slow.wait_for(20)
    for _ in range(5):
        equal(gateway.ask(host("fast"), headers=token).status, 200, "the other resource meanwhile")
    slow.release("x")
    for connection in waiting:
        equal(connection.response().status, 200, "the slow ones in the end")


@test
def a_client_that_leaves_takes_its_upstream_request_along(t):
    gateway, echo, crm, token = plain(t)
    echo2 = upstream(t, None)
    gateway.apply(datasource("crm2", echo2))
    with gateway.wire(host("crm2")) as connection:
        connection.send(request_bytes("GET", "/silent", f"{host('crm2')}:{gateway.port}", token))
        echo2.wait_for(1)
    until(lambda: not echo2._open, "the upstream connection to be closed")
    wanted = lambda: any("/silent" in json.dumps(event) for event in gateway.audit())  # noqa: E731
    until(wanted, "the cancelled request in the audit log")
