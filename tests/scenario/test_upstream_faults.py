"""Upstreams that misbehave: each fault its own answer, no fault harms another request, and only safe requests are retried."""
import json
import socket
import time

from registry import absent, contains, equal, expect, one_of, test
from test_sign_in import error_body
from wait import until
from wire import Closed, request_bytes
from world import bearer, datasource, host, upstream, world


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
