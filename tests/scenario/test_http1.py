"""HTTP/1.1 as a client sees it: connections, framing both ways, streaming, and the limits on slow or large messages."""
import hashlib
import json
import socket
import time

from gateway import GATE
from registry import Failed, absent, contains, equal, expect, one_of, test
from test_sign_in import error_body
from wait import until
from wire import Closed, Wire, request_bytes
from world import bearer, datasource, host, standing, upstream, world


def plain(t, **options):
    echo = upstream(t, None)
    gateway = world(t, datasource("crm", echo), **options)
    return gateway, echo, host("crm"), bearer(gateway.token("ann"))


def asked(gateway, crm, headers, target="/", method="GET", body=None):
    return request_bytes(method, target, f"{crm}:{gateway.port}", headers, body)


@test
def one_connection_serves_many_requests(t):
    gateway, echo, crm, token = plain(t)
    with gateway.wire(crm) as connection:
        for number in range(50):
            connection.send(asked(gateway, crm, token, f"/{number}"))
            equal(connection.response().json()["target"], f"/{number}", "the answer")
    equal(echo.connections, 1, "connections to the upstream")


@test
def pipelined_requests_are_answered_in_order(t):
    gateway, echo, crm, token = plain(t)
    with gateway.wire(crm) as connection:
        batch = [asked(gateway, crm, token, f"/{n}", *(("POST", b"b" * n) if n % 3 == 0 else ("GET", None))) for n in range(30)]
        connection.send(b"".join(batch))
        for number in range(30):
            told = connection.response().json()
            equal((told["target"], told["body_len"]), (f"/{number}", number if number % 3 == 0 else 0), "the answer")
    with gateway.wire(crm) as connection:  # cut at every odd place
        whole = b"".join(batch[:4])
        for at in range(0, len(whole), 7):
            connection.send(whole[at:at + 7])
        for number in range(4):
            equal(connection.response().json()["target"], f"/{number}", "the answer to a request in pieces")


@test
def connection_close_is_obeyed(t):
    gateway, _, crm, token = plain(t)
    with gateway.wire(crm) as connection:
        connection.send(asked(gateway, crm, token + [("Connection", "close")]))
        response = connection.response()
        equal((response.status, response.get("connection").lower()), (200, "close"), "the answer")
        connection.closed()


@test
def head_has_no_body(t):
    gateway, echo, crm, token = plain(t)
    with gateway.wire(crm) as connection:
        for target in ("/bytes/5000", "/", "/chunk/3", "/status/404"):
            connection.send(asked(gateway, crm, token, target, "HEAD") + asked(gateway, crm, token, "/after"))
            response = connection.response("HEAD")
            expect(response.status in (200, 404), f"status of HEAD {target}")
            if target == "/bytes/5000":
                equal(response.all("content-length"), ["5000"], "Content-Length of HEAD")
            equal(connection.response().json()["target"], "/after", "the request after it")
    equal(echo.requests[0].method, "HEAD", "method at the upstream")


@test
def http_1_0_clients_get_1_0_framing(t):
    gateway, _, crm, token = plain(t)
    line = f"Host: {crm}\r\nAuthorization: {token[0][1]}\r\n"
    with gateway.wire(crm) as connection:
        connection.send(f"GET /chunk/3 HTTP/1.0\r\n{line}\r\n")
        response = connection.head()
        equal(response.status, 200, "status")
        absent([name.lower() for name, _ in response.headers], "transfer-encoding", "headers for a 1.0 client")
        equal(connection.rest(), b"chunk 0\nchunk 1\nchunk 2\n", "body until close")
    with gateway.wire(crm) as connection:
        connection.send(f"GET / HTTP/1.0\r\n{line}\r\n")
        equal(connection.response().json()["version"], "HTTP/1.1", "version at the upstream")
        connection.closed()
    with gateway.wire(crm) as connection:
        connection.send(f"GET / HTTP/1.0\r\n{line}Connection: keep-alive\r\n\r\n")
        equal(connection.response().status, 200, "status")


@test
def expect_100_continue(t):
    gateway, echo, crm, token = plain(t)
    with gateway.wire(crm) as connection:
        connection.send(asked(gateway, crm, token + [("Expect", "100-continue"), ("Content-Length", "5")], "/sink", "POST"))
        first = connection.until(b"\r\n\r\n")
        expect(first.startswith(b"HTTP/1.1 100"), f"before the body: {first!r}")
        connection.send(b"hello")
        equal(connection.response().json()["length"], 5, "what arrived")
    with gateway.wire(crm) as connection:  # a body that need not be sent: the refusal comes first
        connection.send(asked(gateway, crm, [("Expect", "100-continue"), ("Content-Length", "5")], "/sink", "POST"))
        response = connection.head()
        equal((response.status, response.interim), (401, []), "without a token no 100")
    with gateway.wire(crm) as connection:
        connection.send(asked(gateway, crm, token + [("Expect", "200-maybe"), ("Content-Length", "0")], "/", "POST"))
        equal(connection.response().status, 417, "an expectation nobody knows")
    with gateway.wire(crm) as connection:  # the body comes along at once
        connection.send(asked(gateway, crm, token + [("Expect", "100-continue"), ("Content-Length", "5")], "/sink", "POST") + b"hello")
        equal(connection.response().json()["length"], 5, "what arrived")
    equal(len(echo.requests), 2, "what reached the upstream")


@test
def chunked_requests_with_trailers(t):
    gateway, echo, crm, token = plain(t)
    body = b"5;ext=1\r\nhello\r\n1\r\n \r\n000006\r\nworld!\r\n0\r\nX-Sum: 42\r\nX-Sallyport-User: admin\r\nContent-Length: 9\r\n\r\n"
    with gateway.wire(crm) as connection:
        connection.send(asked(gateway, crm, token + [("Transfer-Encoding", "chunked"), ("Trailer", "X-Sum")], "/t", "POST", body))
        equal(connection.response().status, 200, "status")
        connection.send(asked(gateway, crm, token, "/after"))
        equal(connection.response().json()["target"], "/after", "the request after it")
    request = echo.requests[0]
    equal(request.body, b"hello world!", "the body at the upstream")
    trailers = {name.lower(): value for name, value in request.trailers}
    absent(trailers, "x-sallyport-user", "trailers at the upstream")
    absent(trailers, "content-length", "trailers at the upstream")
    one_of(trailers.get("x-sum"), ("42",), "the honest trailer at the upstream")


@test
def chunked_answers_with_trailers(t):
    gateway, _, crm, token = plain(t)
    response = gateway.ask(crm, target="/trailers", headers=token)
    equal((response.body, response.trailers), (b"hello", [("X-Sum", "42")]), "body and trailers")
    equal(gateway.ask(crm, target="/chunk/1000", headers=token).body, b"".join(b"chunk %d\n" % n for n in range(1000)), "1000 chunks")


@test
def bodies_of_many_sizes_arrive_whole(t):
    gateway, echo, crm, token = plain(t)
    with gateway.wire(crm) as connection:
        for size in (0, 1, 100, 4095, 4096, 16383, 16384, 16385, 65536, 100_001, 1_000_003):
            data = bytes(i % 251 for i in range(min(size, 5000))) * (size // 5000 + 1)
            data = data[:size]
            wanted = {"length": size, "sha256": hashlib.sha256(data).hexdigest()}
            connection.send(asked(gateway, crm, token, "/sink", "POST", data))
            equal(connection.response().json(), wanted, f"{size} bytes with a length")
            parts = b"".join(b"%x\r\n%s\r\n" % (len(data[a:a + 8191]), data[a:a + 8191]) for a in range(0, size, 8191))
            connection.send(asked(gateway, crm, token + [("Transfer-Encoding", "chunked")], "/sink", "PUT", parts + b"0\r\n\r\n"))
            equal(connection.response().json(), wanted, f"{size} bytes in chunks")
            connection.send(asked(gateway, crm, token, f"/bytes/{size}"))
            equal(connection.response().body, (bytes(range(256)) * (size // 256 + 1))[:size], f"{size} bytes back")


@test
def events_arrive_one_by_one_at_once(t):
    gateway, echo, crm, token = plain(t)
    with gateway.wire(crm) as connection:
        connection.send(asked(gateway, crm, token, "/sse"))
        response = connection.head()
        contains(response.get("content-type"), "text/event-stream", "Content-Type, before any event")
        worst = 0
        for number in range(20):  # the next is sent only when this one is here: any buffering would end in the deadline
            began = time.monotonic()
            echo.events.put(f"event {number}")
            equal(connection.chunk(), f"data: event {number}\n\n".encode(), "the event")
            worst = max(worst, time.monotonic() - began)
        expect(worst < 1, f"the slowest event took {worst:.3f} s")
        echo.events.put(None)
        equal(connection.chunk(), b"", "the end")


@test
def an_upload_is_streamed_not_collected(t):
    gateway, echo, crm, token = plain(t)
    with gateway.wire(crm) as connection:
        connection.send(asked(gateway, crm, token + [("Content-Length", "100")], "/sink", "POST") + b"x" * 10)
        request = echo.wait_for(1)[0]
        until(lambda: request.length == 10, "the first bytes to arrive before the rest is sent")
        connection.send(b"y" * 90)
        equal(connection.response().json()["length"], 100, "what arrived")


@test
def an_answer_to_a_body_nobody_reads_says_close(t):
    gateway, echo, crm = standing(t)
    for where, status, fields in ((crm, 401, []), (host("nothing"), 404, []), (crm, 401, bearer("spt_" + "x" * 200))):
        with gateway.wire(crm) as connection:
            connection.send(request_bytes("POST", "/x", f"{where}:{gateway.port}", [*fields, ("Content-Length", "1000000")]))
            answer = connection.response()
            equal(answer.status, status, "status")
            equal(answer.get("connection").lower(), "close", f"Connection of {answer.status}")
            connection.closed()
    equal(len(echo.requests), 0, "requests upstream")


@test
def early_answers_come_through(t):
    gateway, _, crm, token = plain(t)
    for target in ("/early/413", "/early-close/413"):
        with gateway.wire(crm) as connection:
            connection.send(asked(gateway, crm, token + [("Content-Length", "50000000")], target, "POST"))
            connection.send(b"x" * 100_000)
            response = connection.response()
            equal((response.status, response.body), (413, b"early"), target)
    equal(gateway.ask(crm, headers=token).status, 200, "the next request")


@test
def a_refusal_in_the_middle_of_an_upload_can_be_read(t):
    """RFC 9112 9.6: closing at once would take the answer away from a client that is still sending."""
    gateway, echo, crm, _ = plain(t)
    for body in (b"x" * 500_000, b"x" * 4_000_000):
        with gateway.wire(crm) as connection:
            connection.send(asked(gateway, crm, [], "/sink", "POST", body))
            equal(connection.response().status, 401, f"the answer to an upload of {len(body)} bytes by nobody")
    equal(echo.requests, [], "what reached the upstream")


@test
def a_client_may_close_its_half(t):
    echo = upstream(t, None)
    gateway = world(t, datasource("crm", echo))
    crm, token = host("crm"), bearer(gateway.token("ann"))
    with gateway.wire(crm) as connection:
        connection.send(asked(gateway, crm, token, "/delay/x"))
        echo.wait_for(1)
        raw = connection.socket
        socket.socket.shutdown(raw, socket.SHUT_WR)  # TCP FIN after the request, without close_notify
        echo.release("x")
        try:
            equal(connection.response().status, 200, "the answer after the client closed its half")
        except Closed:
            pass  # taking it for a departed client is allowed too (no close_notify): nothing may hang, though
    equal(gateway.ask(crm, headers=token).status, 200, "the next request")


@test
def methods_and_statuses_travel_unchanged(t):
    gateway, echo, crm, token = plain(t)
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "REPORT"):
        equal(gateway.ask(crm, method, "/", token, b"x" if method in ("POST", "PUT", "PATCH") else None).status, 200, method)
        equal(echo.last().method, method, "method at the upstream")
    for status in (200, 201, 204, 206, 301, 304, 400, 401, 404, 409, 418, 429, 500, 503):
        equal(gateway.ask(crm, target=f"/status/{status}", headers=token).status, status, "status")


@test
def trace_and_connect_are_refused(t):
    gateway, echo, crm, token = plain(t)
    for line in (f"TRACE / HTTP/1.1\r\nHost: {crm}", f"CONNECT {crm}:443 HTTP/1.1\r\nHost: {crm}:443",
                 "CONNECT evil.example.test:80 HTTP/1.1\r\nHost: evil.example.test:80"):
        with gateway.wire(crm) as connection:
            connection.send(f"{line}\r\nAuthorization: {token[0][1]}\r\n\r\n")
            response = connection.head()
            one_of(response.status, (400, 403, 404, 405, 421, 501), line.split(" ")[0])
    equal(echo.requests, [], "what reached the upstream")


@test
def absolute_form_is_taken_when_it_agrees(t):
    gateway, echo, crm, token = plain(t)
    authority = f"{crm}:{gateway.port}"
    with gateway.wire(crm) as connection:
        connection.send(f"GET https://{authority}/a?b HTTP/1.1\r\nHost: {authority}\r\nAuthorization: {token[0][1]}\r\n\r\n")
        equal(connection.response().json()["target"], "/a?b", "target at the upstream")


@test
def too_large_heads_each_have_their_error(t):
    gateway, echo, crm, token = plain(t)
    table = [
        ("target", asked(gateway, crm, token, "/" + "a" * 20_000), 414),
        ("target beyond the head", asked(gateway, crm, token, "/" + "a" * 200_000), 414),
        ("one field", asked(gateway, crm, token + [("X-Long", "a" * 40_000)]), 431),
        ("all fields", asked(gateway, crm, token + [(f"X-{n}", "a" * 1000) for n in range(40)]), 431),
        ("number of fields", asked(gateway, crm, token + [(f"X-{n}", "a") for n in range(120)]), 431),
        ("a field without end", asked(gateway, crm, token)[:-2] + b"X: " + b"a" * 100_000, 431),
    ]
    for name, data, status in table:
        with gateway.wire(crm) as connection:
            try:
                connection.send(data)
            except OSError:
                pass  # it may close while we send
            response = connection.response()
            equal(response.status, status, name)
            error_body(response)
    equal(echo.requests, [], "what reached the upstream")
    fine = token + [(f"X-{n}", "a" * 200) for n in range(90)]
    equal(gateway.ask(crm, headers=fine).status, 200, "a large head within the limits")


@test
def limits_of_the_file_are_in_force(t):
    gateway, _, crm, token = plain(t, limits={"head_bytes": "4KiB", "target_bytes": "1KiB", "headers": 20})
    equal(gateway.ask(crm, headers=token + [("X", "a" * 3000)]).status, 200, "within")
    equal(gateway.ask(crm, headers=token + [("X", "a" * 5000)]).status, 431, "over head_bytes")
    equal(gateway.ask(crm, target="/" + "a" * 1500, headers=token).status, 414, "over target_bytes")
    equal(gateway.ask(crm, headers=token + [(f"X-{n}", "a") for n in range(25)]).status, 431, "over headers")


SHORT = {"tls_handshake": "1s", "head": "1s", "idle": "1s", "body": "1s", "write": "1s"}


def over_within(connection, seconds, what):
    """Everything said until the gateway closes, which must be soon."""
    began = time.monotonic()
    said = connection.rest()
    expect(time.monotonic() - began < seconds, f"{what}: closed only after {time.monotonic() - began:.1f} s")
    return said


@test
def slow_clients_are_let_go(t):
    gateway, echo, crm, token = plain(t, limits=SHORT)
    with gateway.wire(crm) as connection:
        said = over_within(connection, 6, "idle, nothing asked")
        equal(said, b"", "said to an idle client")
    with gateway.wire(crm) as connection:
        connection.send(asked(gateway, crm, token))
        equal(connection.response().status, 200, "status")
        equal(over_within(connection, 6, "idle after an answer"), b"", "said to an idle client")
    with gateway.wire(crm) as connection:
        connection.send(asked(gateway, crm, token)[:40])
        said = over_within(connection, 6, "half a head")
        expect(said == b"" or said.startswith(b"HTTP/1.1 408"), f"said to half a head: {said[:60]!r}")
    with gateway.wire(crm) as connection:
        connection.send(asked(gateway, crm, token + [("Content-Length", "100")], "/sink", "POST") + b"x" * 10)
        said = over_within(connection, 6, "half a body")
        expect(said == b"" or said.startswith(b"HTTP/1.1 408"), f"said to half a body: {said[:60]!r}")
    with Wire(gateway.port) as connection:  # TCP alone, no handshake
        equal(over_within(connection, 6, "no handshake"), b"", "said without a handshake")
    with gateway.wire(crm) as connection:
        connection.send(asked(gateway, crm, token, "/bytes/200000000"))
        connection.head()  # and then nothing more is read
        until(lambda: not echo._open, "a client that reads nothing to be let go, and its upstream connection")
    equal(gateway.ask(crm, headers=token).status, 200, "a request in time")


@test
def dripping_heads_do_not_renew_their_time(t):
    gateway, _, crm, token = plain(t, limits=SHORT)
    data = asked(gateway, crm, token + [("X-Drip", "a" * 200)])
    began = time.monotonic()
    with gateway.wire(crm) as connection:
        connection.socket.settimeout(0.2)
        try:
            for byte in data[:-2]:
                connection.send(bytes([byte]))
                try:
                    if not connection.socket.recv(4096):
                        break
                    break  # it spoke: refused
                except (TimeoutError, socket.timeout):
                    pass
                if time.monotonic() - began > 20:
                    raise Failed("a head of one byte each 200 ms was waited for")
        except OSError:
            pass
    expect(time.monotonic() - began < 10, "let go in time")


@test
def a_reader_that_stops_costs_no_memory(t):
    gateway, echo, crm, token = plain(t)
    gateway.ask(crm, headers=token)
    before = gateway.rss_kib()
    stalled = []
    for _ in range(10):
        connection = gateway.wire(crm)
        t.defer(connection.close)
        connection.send(asked(gateway, crm, token, "/bytes/200000000"))
        connection.head()
        stalled.append(connection)
    gateway.ask(crm, headers=token)
    for _ in range(5):
        gateway.ask(crm, target="/bytes/1000000", headers=token)
    growth = gateway.rss_kib() - before
    expect(growth < 40 * 1024, f"ten stalled downloads of 200 MB cost {growth} KiB")


@test
def paths_and_queries_arrive_in_their_one_form(t):
    gateway, echo, crm, token = plain(t)
    table = [("/a/b", "/a/b"), ("/%41%7e", "/A~"), ("/%c3%a9", "/%C3%A9"), ("/a%20b", "/a%20b"), ("/a?%41=%c3", None),
             ("/!$&'()*+,=:@", "/!$&'()*+,=:@"), ("/a?x=//..;%2f", "/a?x=//..;%2f"), ("/a/", "/a/"), ("/?", None), ("/a%3fb", "/a%3Fb")]
    for given, wanted in table:
        equal(gateway.ask(crm, target=given, headers=token).status, 200, f"status of {given}")
        if wanted:
            equal(echo.last().target, wanted, f"target at the upstream for {given}")


@test
def raw_paths_travel_untouched(t):
    echo = upstream(t, None)
    gateway = world(t, datasource("crm", echo, paths_mode="raw"))
    crm, token = host("crm"), bearer(gateway.token("ann"))
    for path in ("/a%2fb", "/a;b=c", "/a//b", "/%41", "/a%5cb", "/a/%2e%2e/b"):
        equal(gateway.ask(crm, target=path, headers=token).status, 200, f"status of {path}")
        equal(echo.last().target, path, "target at the upstream")
    message = gateway.refused_apply(datasource("ruled", echo, paths_mode="raw", access=[{"roles": ["owner"], "paths": ["/a"]}]))
    contains(message.lower(), "raw", "raw together with a rule that names a path")


@test
def the_gates_own_answers_are_dated(t):
    """RFC 9110 6.6.1: a server with a clock says when."""
    gateway, _, crm, token = plain(t)
    for where, target in ((crm, "/"), (GATE, "/.sallyport/login"), ("no.apps.localhost", "/")):
        expect(gateway.ask(where, target=target).get("date"), f"Date of {where}{target}")


@test
def the_gates_own_answers_are_framed(t):
    gateway, _, crm, _ = plain(t)
    for where, target in ((crm, "/"), (GATE, "/.sallyport/login"), (GATE, "/nothing-here"), ("no.apps.localhost", "/")):
        response = gateway.ask(where, target=target)
        expect(len(response.all("content-length")) == 1, f"Content-Length of {where}{target}")
        absent(response.get("server").lower(), "/", "Server tells no version")
        absent(json.dumps(response.headers), "spt_", "headers")
