"""HTTP/2 towards upstreams: `upstream.http2: true` (E2). An HTTP/2 server of node stands behind the gateway."""
import concurrent.futures
import hashlib
import os
import re
import signal
import socket
from pathlib import Path

from http2_world import CRM, end_of, entry, fields, head_of, http2_client, http2_upstream, standing, told
from registry import absent, contains, equal, expect, test
from wait import until
from websocket_client import WebSocket, own_origin
from wire import request_bytes
from world import KEY, bearer, datasource, keyed, world
from world import upstream as http1_upstream

MIB = 1 << 20


def counted(gateway, name):
    return int(re.search(rf"^\w*{name}\w*(?:\{{.*\}})? (\d+)", gateway.admin("/metrics").text, re.MULTILINE).group(1))


def pattern_sum(count):
    return hashlib.sha256((bytes(range(256)) * (count // 256 + 1))[:count]).hexdigest()


@test
def methods_and_statuses(t):
    gateway, upstream, token = standing(t)
    got = gateway.ask(CRM, target="/echo/a?b=c", headers=token + [("X-Mine", "1"), ("Cookie", "a=b; c=d")])
    seen = got.json()
    equal((got.status, seen["method"], seen["target"], seen["scheme"]), (200, "GET", "/echo/a?b=c", "https"), "what arrived of a GET")
    equal(seen["authority"], f"127.0.0.1:{upstream.port}", ":authority")
    equal((seen["headers"]["x-mine"], seen["headers"]["cookie"]), ("1", "a=b; c=d"), "fields of the client")
    equal(seen["headers"]["authorization"], f"Bearer {KEY}", "the credential")
    for name in ("host", "connection", "transfer-encoding", "upgrade", "te", "http2-settings"):
        expect(name not in seen["headers"], f"{name} at an HTTP/2 upstream")
    posted = gateway.ask(CRM, "POST", "/echo", token, b"x" * 5000).json()
    equal((posted["length"], posted["headers"]["content-length"]), (5000, "5000"), "a body with a length")
    chunked = gateway.ask(CRM, "POST", "/echo", token + [("Transfer-Encoding", "chunked")], b"5\r\nhello\r\n0\r\n\r\n").json()
    equal((chunked["length"], "content-length" in chunked["headers"]), (5, False), "a body without a length")
    empty = gateway.ask(CRM, "POST", "/echo", token, b"").json()
    equal((empty["length"], empty["headers"].get("content-length")), (0, "0"), "an empty body")
    head = gateway.ask(CRM, "HEAD", "/bytes/12345", token)
    equal((head.status, head.all("content-length"), head.body), (200, ["12345"], b""), "HEAD")
    for status in (204, 304, 404, 503):
        answer = gateway.ask(CRM, target=f"/status/{status}", headers=token)
        equal(answer.status, status, "status")
        equal(answer.body == b"", status in (204, 304), f"no body with {status}")
    equal(gateway.ask(CRM, target="/interim/3", headers=token).status, 200, "after interim answers")
    equal(upstream.sessions, 1, "connections to the upstream")


@test
def a_hundred_requests_at_once_share_a_connection(t):
    gateway, upstream, token = standing(t)
    client = http2_client(t, gateway)
    for number in range(90):
        client.open(f"r{number}", "/wait/go", headers=fields(token))
    upstream.wait("body", count=90)
    with concurrent.futures.ThreadPoolExecutor(10) as pool:  # and ten over HTTP/1.1
        others = [pool.submit(gateway.ask, CRM, target="/wait/go", headers=token) for _ in range(10)]
        expect(upstream.wait("body", count=100), "a hundred requests that wait")
        upstream.tell("release", name="go")
        equal({other.result().status for other in others}, {200}, "statuses")
    for number in range(90):
        equal(head_of(client, f"r{number}")["status"], 200, "status")
    equal(upstream.sessions, 1, "connections to the upstream")
    equal(counted(gateway, "upstream_connections"), 1, "connections counted")


@test
def where_a_connection_takes_one_stream_nobody_is_left_out(t):
    upstream = http2_upstream(t, settings={"maxConcurrentStreams": 1})
    gateway, _, token = standing(t, upstream)
    client = http2_client(t, gateway)
    for number in range(24):
        client.open(f"r{number}", "/wait/go", headers=fields(token))
    expect(upstream.wait("body", count=24), "24 requests that wait")
    upstream.tell("release", name="go")
    equal({head_of(client, f"r{number}")["status"] for number in range(24)}, {200}, "statuses")


@test
def the_upstreams_limit_of_streams_is_kept(t):
    upstream = http2_upstream(t, settings={"maxConcurrentStreams": 3})
    gateway, _, token = standing(t, upstream)
    client = http2_client(t, gateway)
    for number in range(10):
        client.open(f"r{number}", "/wait/go", headers=fields(token))
    expect(upstream.wait("body", count=10), "ten requests that wait")
    per_session = [sum(request["session"] == n + 1 for request in upstream.requests) for n in range(upstream.sessions)]
    expect(max(per_session) <= 3, f"at most 3 streams: {per_session}")
    upstream.tell("release", name="go")
    for number in range(10):
        equal(head_of(client, f"r{number}")["status"], 200, "status")


@test
def large_bodies_through_small_windows(t):
    upstream = http2_upstream(t, settings={"initialWindowSize": 4096})
    gateway, _, token = standing(t, upstream)
    size = 10 * MIB
    sent = gateway.ask(CRM, "POST", "/sink", token, b"z" * size)
    equal(sent.json(), {"length": size, "sha256": hashlib.sha256(b"z" * size).hexdigest(), "trailers": {}}, "what went up")
    for path in ("bytes", "pour"):
        equal(hashlib.sha256(gateway.ask(CRM, target=f"/{path}/{size}", headers=token).body).hexdigest(), pattern_sum(size), f"/{path}")
    client = http2_client(t, gateway, window=5000)
    client.open("down", f"/pour/{MIB}", headers=fields(token))
    equal(end_of(client, "down")["sha256"], pattern_sum(MIB), "down to an HTTP/2 client with a small window")
    client.open("up", "/sink", "POST", fields(token), end=False)
    client.tell("send", name="up", bytes=size, end=True)
    equal(told(client, "up")["length"], size, "up from an HTTP/2 client")
    equal(upstream.sessions, 1, "connections to the upstream")


@test(limit=120)
def slow_clients_hold_up_nobody_else(t):
    """Eight who do not read would fill the connection's window several times over."""
    gateway, upstream, token = standing(t)
    gateway.ask(CRM, target=f"/bytes/{8 * MIB}", headers=token)
    before = gateway.rss_kib()
    stalled = [gateway.wire(CRM) for _ in range(8)]
    for connection in stalled:
        t.defer(connection.close)
        connection.send(request_bytes("GET", f"/bytes/{64 * MIB}", f"{CRM}:{gateway.port}", token))
        connection.head()
    for _ in range(5):
        equal(len(gateway.ask(CRM, target=f"/bytes/{4 * MIB}", headers=token).body), 4 * MIB, "another client's answer")
    equal(upstream.sessions, 1, "connections to the upstream")
    if b"__asan_init" not in Path(os.environ["SALLYPORT"]).read_bytes():  # the sanitizer keeps what was freed
        expect(gateway.rss_kib() - before < 24 * 1024, f"memory grew by {gateway.rss_kib() - before} KiB")
    got = stalled[0].exactly(64 * MIB)
    equal(hashlib.sha256(got).hexdigest(), pattern_sum(64 * MIB), "what the slow client gets in the end")


@test
def a_slow_upstream_holds_the_client_back(t):
    gateway, upstream, token = standing(t)
    size = 48 * MIB
    with gateway.wire(CRM, seconds=30) as connection:
        connection.send(request_bytes("POST", "/hold/later", f"{CRM}:{gateway.port}", token + [("Content-Length", str(size))]))
        connection.socket.settimeout(1.5)
        sent, block = 0, b"q" * 65536
        try:
            while sent < size:
                sent += connection.socket.send(block[:size - sent])
        except TimeoutError:
            pass
        expect(sent < 24 * MIB, f"{sent} bytes were taken while the upstream read nothing")
        upstream.tell("release", name="later")
        connection.socket.settimeout(30)
        while sent < size:
            sent += connection.socket.send(block[:size - sent])
        equal(connection.response().json()["length"], size, "bytes that arrived")


@test
def trailers_both_ways(t):
    gateway, upstream, token = standing(t)
    with gateway.wire(CRM) as connection:
        connection.send(request_bytes("POST", "/trailers", f"{CRM}:{gateway.port}", token + [
            ("TE", "trailers"), ("Transfer-Encoding", "chunked")]) +
            b"3\r\nabc\r\n0\r\nX-Checksum: 7\r\nAuthorization: Bearer forged\r\nX-Sallyport-User: forged\r\nGrpc-Thing: 1\r\n\r\n")
        answer = connection.response()
    equal((answer.get("transfer-encoding"), answer.body), ("chunked", b"xxxxx"), "the answer over HTTP/1.1")
    equal(answer.trailers, [("x-sum", "42"), ("grpc-status", "0"), ("grpc-message", "fine"), ("x_under.score", "kept"), ("proxy", "forged")],
          "trailers of the answer")
    equal(upstream.wait("body")["trailers"], {"x-checksum": "7", "grpc-thing": "1"}, "trailers at the upstream")
    equal(upstream.requests[-1]["headers"].get("te"), "trailers", "TE at the upstream")
    client = http2_client(t, gateway)
    client.open("t", "/trailers/70000", "POST", fields(token, te="trailers"), end=False)
    client.tell("send", name="t", text="abc", trailers={"x-checksum": "8"})
    client.tell("send", name="t", end=True)
    equal(client.wait("trailers", trailers="t")["headers"]["grpc-status"], "0", "a trailer to an HTTP/2 client")
    equal((end_of(client, "t")["whole"], end_of(client, "t")["length"]), (True, 70000), "a whole answer")
    client.open("plain", "/echo", headers=fields(token))
    expect("te" not in told(client, "plain")["headers"], "TE only where the client says it")


def message(text):
    return "\0" + len(text).to_bytes(4, "big").decode("latin1") + text


@test
def grpc_calls(t):
    gateway, upstream, token = standing(t, resource=datasource)
    client = http2_client(t, gateway)
    grpc = fields(token, te="trailers", content_type="application/grpc")
    client.open("unary", "/grpc", "POST", grpc, end=False)
    client.tell("send", name="unary", text=message("hello"), end=True)
    end_of(client, "unary")
    equal((client.text("unary"), client.all("trailers", trailers="unary")[0]["headers"]["grpc-message"]), (message("hello"), "1"), "unary")
    client.open("both", "/grpc", "POST", grpc, end=False)
    for number in range(20):  # each answer comes before the next message is sent
        client.tell("send", name="both", text=message(f"m{number}"))
        wanted = "".join(message(f"m{n}") for n in range(number + 1))
        until(lambda: client.text("both") == wanted, f"the answer to message {number}")
    client.tell("send", name="both", end=True)
    equal(client.wait("trailers", trailers="both")["headers"]["grpc-status"], "0", "the status of a stream")
    equal(end_of(client, "both")["whole"], True, "an end in order")
    client.open("only", "/trailers-only", "POST", grpc, end=False)
    client.tell("send", name="only", text=message("x"), end=True)
    head = head_of(client, "only")
    equal((head["status"], head["headers"]["grpc-status"]), (200, "12"), "trailers only")
    equal(end_of(client, "only")["whole"], True, "a whole answer of trailers only")
    client.open("early", "/early", "POST", grpc, end=False)
    client.tell("send", name="early", text=message("x"))
    equal(client.wait("trailers", trailers="early")["headers"]["grpc-status"], "8", "a status before the request's end")
    equal(end_of(client, "early")["code"], 0, "and no error of the stream")
    equal(upstream.sessions, 1, "connections to the upstream")


@test
def an_upstream_that_breaks_off(t):
    gateway, upstream, token = standing(t, entry_more={"timeout": {"response": "1s"}})
    client = http2_client(t, gateway)
    client.open("good", "/wait/go", headers=fields(token))
    expect(upstream.wait("body"), "a request that waits")
    for path in ("/reset/2", "/reset/8", "/reset/11"):
        equal(gateway.ask(CRM, target=path, headers=token).status, 502, path)
    with gateway.wire(CRM) as connection:
        connection.send(request_bytes("GET", "/half/10000", f"{CRM}:{gateway.port}", token))
        connection.head()
        expect(len(connection.rest()) < 10000, "a broken answer was completed")
    for path in ("/half/10000", "/liar/10000"):
        client.open(path, path, headers=fields(token))
        expect(not end_of(client, path)["whole"], f"{path} looks whole")
    with gateway.wire(CRM) as connection:
        connection.send(request_bytes("GET", "/liar/10000", f"{CRM}:{gateway.port}", token))
        connection.head()
        expect(len(connection.rest()) < 10000, "an answer shorter than its length was completed")
    upstream.tell("release", name="go")
    equal(told(client, "good")["length"], 0, "the neighbour of those")
    equal(upstream.sessions, 1, "connections to the upstream")


@test
def an_upstream_that_does_not_answer(t):
    gateway, upstream, token = standing(t, entry_more={"timeout": {"response": "1s"}})
    equal(gateway.ask(CRM, target="/silent", headers=token).status, 504, "status")
    expect(upstream.wait("closed"), "the stream to be reset")
    equal(upstream.all("closed")[0]["code"], 8, "CANCEL")
    equal(gateway.ask(CRM, target="/echo", headers=token).json()["session"], 2, "the connection that is used after that")


@test
def goaway_loses_nothing(t):
    gateway, upstream, token = standing(t)
    client = http2_client(t, gateway)
    client.open("before", "/wait/go", headers=fields(token))
    first = upstream.wait("body")
    expect(first, "a request that waits")
    upstream.tell("goaway", session=1)
    upstream.tell("release", name="other")
    until(lambda: gateway.ask(CRM, target="/wait/other", headers=token).json()["session"] == 2, "a new connection for new requests")
    upstream.tell("release", name="go")
    equal(told(client, "before")["session"], 1, "where the request under way is answered")
    expect(upstream.wait("session_closed", session_closed=1), "the old connection to end")


@test(limit=120)
def goaway_again_and_again_under_load(t):
    gateway, upstream, token = standing(t)
    gateway.ask(CRM, target="/echo", headers=token)
    client = http2_client(t, gateway)
    wanted = 600
    for number in range(wanted):
        client.open(f"r{number}", "/echo" if number % 2 else "/sink", "POST" if number % 3 else "GET", fields(token), end=number % 3 == 0)
        if number % 3:
            client.tell("send", name=f"r{number}", text="body", end=True)
        if number % 40 == 20:  # the others of the forty are on their way
            upstream.tell("goaway", session=upstream.sessions)
        if number % 40 == 39:
            head_of(client, f"r{number}")
    statuses = [head_of(client, f"r{number}")["status"] for number in range(wanted)]
    equal([status for status in statuses if status != 200], [], "answers that are not 200")
    expect(upstream.sessions > wanted // 80, f"{upstream.sessions} connections to the upstream")
    equal(len(upstream.requests), wanted + 1, "requests that the upstream has looked at, each once")


@test
def refused_streams_are_sent_again(t):
    """GOAWAY with a number below theirs: the upstream has not looked at them."""
    gateway, upstream, token = standing(t)
    gateway.ask(CRM, target="/echo", headers=token)
    for number, (method, body) in enumerate((("GET", None), ("POST", b"kept"), ("POST", b"k" * 12000), ("POST", b"k" * 40000))):
        target = f"/wait/{number}"
        with gateway.wire(CRM) as connection:
            connection.send(request_bytes(method, target, f"{CRM}:{gateway.port}", token, body))
            request = upstream.wait("request", target=target)
            expect(upstream.wait("body", id=request["id"]), "the whole request")
            upstream.tell("goaway", session=request["session"], last=int(request["id"].split(".")[1]) - 2)
            if len(body or b"") < 16384:
                expect(upstream.wait("request", target=target, count=2), "the request on another connection")
                upstream.tell("release", name=str(number))
            answer = connection.response()
        equal(counted(gateway, "upstream_retries"), min(number + 1, 3), "requests sent again")
        if len(body or b"") < 16384:
            equal((answer.status, answer.json()["length"]), (200, len(body or b"")), f"{method} that was refused once")
        else:
            equal(answer.status, 502, "a body too large to be kept for that")


@test
def an_upstream_that_ends_the_connection(t):
    gateway, upstream, token = standing(t)
    gateway.ask(CRM, target="/echo", headers=token)
    equal(gateway.ask(CRM, "POST", "/drop", token, b"x").status, 502, "a POST is not sent twice")
    upstream.wait("request", target="/drop")
    equal(sum(request["target"] == "/drop" for request in upstream.requests), 1, "times that it arrived")
    equal(gateway.ask(CRM, target="/echo", headers=token).status, 200, "after that")


@test
def http1_by_alpn_is_served_all_the_same(t):
    gateway, upstream, token = standing(t, http2_upstream(t, http1=True))
    for method, body in (("GET", None), ("POST", b"x" * 100)):
        got = gateway.ask(CRM, method, "/x", token, body).json()
        equal((got["version"], got["method"], got["headers"]["authorization"]), ("1.1", method, f"Bearer {KEY}"), "what arrived")
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        equal({got.status for got in pool.map(lambda _: gateway.ask(CRM, target="/x", headers=token), range(30))}, {200}, "statuses")


@test
def prior_knowledge_in_the_clear(t):
    upstream = http2_upstream(t, plain=True)
    gateway, _, token = standing(t, upstream)
    seen = gateway.ask(CRM, "POST", "/echo", token, b"abc").json()
    equal((seen["scheme"], seen["length"]), ("http", 3), "what arrived")
    equal(gateway.ask(CRM, target="/bytes/1000000", headers=token).body[:4], b"\0\1\2\3", "a body")


@test
def an_upstream_that_does_not_speak_http2(t):
    echo = http1_upstream(t, None)
    gateway = world(t, keyed("crm", echo.url, upstream=entry()))
    token = bearer(gateway.token("ann"))
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        equal({got.status for got in pool.map(lambda _: gateway.ask(CRM, headers=token), range(10))}, {502}, "statuses")
    contains(gateway.log(), "does not speak HTTP/2", "the log")
    absent(b"".join(request.head for request in echo.requests), KEY.encode(), "what arrived")


@test
def websockets_take_a_connection_of_their_own(t):
    gateway, upstream, token = standing(t)
    gateway.ask(CRM, target="/echo", headers=token)
    own = WebSocket(gateway, CRM, "/ws", token + own_origin(gateway, CRM))
    t.defer(own.close)
    equal(upstream.wait("upgraded")["upgraded"], "http/1.1", "what was agreed on (ALPN)")
    equal(gateway.ask(CRM, target="/echo", headers=token).json()["session"], 1, "the shared connection goes on")


@test
def a_right_that_ends_takes_its_stream_and_no_other(t):
    gateway, upstream, ann = standing(t)
    mel = bearer(gateway.token("mel"))
    client = http2_client(t, gateway)
    client.open("ann", "/spoken", headers=fields(ann))
    client.open("mel", "/spoken", headers=fields(mel))
    head_of(client, "ann"), head_of(client, "mel")
    ids = {request["headers"]["x-sallyport-user"]: request["id"] for request in upstream.requests}
    gateway.must("user", "suspend", "mel")
    expect(not end_of(client, "mel")["whole"], "a stream cut off looks whole")
    expect(upstream.wait("closed", id=ids["mel"]), "the upstream to hear of it")
    upstream.tell("say", stream=ids["ann"], text="still here")
    until(lambda: client.text("ann") == "still here", "the neighbour's stream")
    equal(upstream.sessions, 1, "connections to the upstream")


@test
def another_credential_gets_another_connection(t):
    gateway, upstream, token = standing(t)
    client = http2_client(t, gateway)
    client.open("old", "/wait/go", headers=fields(token))
    expect(upstream.wait("body"), "a request that waits")
    gateway.apply(keyed("crm", upstream.url, upstream=entry(), secrets={"token": "sk-another-1234567890"}))
    seen = gateway.ask(CRM, target="/echo", headers=token).json()
    equal((seen["session"], seen["headers"]["authorization"]), (2, "Bearer sk-another-1234567890"), "the new credential")
    upstream.tell("release", name="go")
    old = told(client, "old")
    equal((old["session"], old["headers"]["authorization"]), (1, f"Bearer {KEY}"), "the request under way")
    expect(upstream.wait("session_closed", session_closed=1), "the old connection to end")


@test
def secrets_are_never_indexed(t):
    upstream = http2_upstream(t)
    gateway = world(t, datasource("crm", upstream.url, upstream=entry(), secrets={"token": KEY}, pass_authorization=True, inject={
        "headers": {"X-Api-Key": "{{ secrets.token }}"}, "query": {"key": "{{ secrets.token }}"}}))
    token = gateway.token("ann")
    for _ in range(2):
        seen = gateway.ask(CRM, target="/echo?a=b", headers=[("X-Sallyport-Token", token), ("Authorization", "Basic eDp5"), ("Cookie", "a=b")]).json()
        equal(seen["target"], f"/echo?a=b&key={KEY}", "the injected query")
        equal(seen["headers"]["x-api-key"], KEY, "the injected field")
        for name in (":path", "x-api-key", "authorization", "cookie"):
            contains(seen["sensitive"], name, "names that must not be indexed")
        absent(seen["sensitive"], "x-forwarded-for", "names that may be indexed")


@test
def settings_that_change_later(t):
    gateway, upstream, token = standing(t)
    gateway.ask(CRM, target="/echo", headers=token)
    upstream.tell("settings", session=1, settings={"maxConcurrentStreams": 1, "initialWindowSize": 100})
    until(lambda: gateway.ask(CRM, "POST", "/sink", token, b"x" * 5000).json()["length"] == 5000, "a body through a window of 100")
    client = http2_client(t, gateway)
    for name in ("a", "b"):
        client.open(name, "/wait/go", headers=fields(token))
    until(lambda: sum(r["target"] == "/wait/go" for r in upstream.requests) == 2, "both requests")
    equal(len({r["session"] for r in upstream.requests if r["target"] == "/wait/go"}), 2, "connections, of one stream each")
    upstream.tell("release", name="go")
    equal({head_of(client, name)["status"] for name in ("a", "b")}, {200}, "statuses")


@test
def a_stopping_gateway_lets_streams_end(t):
    gateway, upstream, token = standing(t)
    with gateway.wire(CRM) as connection:
        connection.send(request_bytes("GET", "/wait/go", f"{CRM}:{gateway.port}", token))
        expect(upstream.wait("body"), "a request that waits")
        gateway.signal(signal.SIGTERM)
        expect(gateway.event("draining"), "that it drains")
        upstream.tell("release", name="go")
        equal(connection.response().status, 200, "the answer under way")
    equal(gateway.wait(), 0, "exit code")
    expect(upstream.wait("session_closed"), "the connection to the upstream to end")


@test
def memory_for_slow_clients_has_a_limit(t):
    """Over `limits.http2_memory` who holds most is cut off, and whoever reads is served."""
    gateway, upstream, token = standing(t, limits={"http2_memory": "1MiB"})
    stalled = [gateway.wire(CRM) for _ in range(60)]
    for connection in stalled:
        t.defer(connection.close)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.send(request_bytes("GET", f"/pour/{64 * MIB}", f"{CRM}:{gateway.port}", token))
        connection.head()
    cut_off = upstream.wait("closed")
    expect(cut_off, "the first that is cut off")
    equal(cut_off["code"], 8, "CANCEL")
    for _ in range(3):
        equal(len(gateway.ask(CRM, target=f"/bytes/{2 * MIB}", headers=token).body), 2 * MIB, "the answer of one who reads")
