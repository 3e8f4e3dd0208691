"""HTTP/2 upstreams that no honest one is: nobody else suffers, nothing is believed, and it ends (C6, E2)."""
import os
import threading
from pathlib import Path

import certs
import raw_http2_upstream as raw
from http2_world import CRM, entry
from raw_http2_upstream import CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PUSH, RESET, SETTINGS, WINDOW, data, frame, headers
from registry import equal, expect, one_of, test
from wait import until
from wire import request_bytes
from world import bearer, datasource, keyed, upstream, world

OK = (":status", "200")


def standing(t, act, greeting=frame(SETTINGS), **more):
    hostile = raw.RawHttp2Upstream(act, greeting)
    t.defer(hostile.close)
    gateway = world(t, datasource("crm", hostile.url, upstream=entry(timeout={"response": "2s", "connect": "2s", "idle": "2s"}) | more))
    return gateway, hostile, bearer(gateway.token("ann"))


HEADS = {  # what is wrong: the frames of the answer
    "no status": lambda s: [headers(s, ("x", "y"), end=True)],
    "two statuses": lambda s: [headers(s, OK, OK, end=True)],
    "a status after a field": lambda s: [headers(s, ("x", "y"), OK, end=True)],
    "a status that is none": lambda s: [headers(s, (":status", "2000"), end=True)],
    "a pseudo-field of requests": lambda s: [headers(s, OK, (":path", "/"), end=True)],
    "a name in upper case": lambda s: [headers(s, OK, ("X-A", "b"), end=True)],
    "CR and LF in a value": lambda s: [headers(s, OK, ("x", "a\r\nset-cookie: b=c"), end=True)],
    "NUL in a value": lambda s: [headers(s, OK, ("x", "a\0b"), end=True)],
    "a colon in a name": lambda s: [headers(s, OK, ("x:y", "b"), end=True)],
    "a field of the connection": lambda s: [headers(s, OK, ("connection", "close"), end=True)],
    "a transfer coding": lambda s: [headers(s, OK, ("transfer-encoding", "chunked")), data(s, b"0\r\n\r\n", end=True)],
    "two lengths": lambda s: [headers(s, OK, ("content-length", "1"), ("content-length", "2")), data(s, b"a", end=True)],
    "a length that is none": lambda s: [headers(s, OK, ("content-length", "+1")), data(s, b"a", end=True)],
    "101": lambda s: [headers(s, (":status", "101")), headers(s, OK, end=True)],
    "an interim answer that ends": lambda s: [headers(s, (":status", "103"), end=True)],
    "interim answers without an end": lambda s: [headers(s, (":status", "103"))] * 40,
    "DATA before a head": lambda s: [data(s, b"hello", end=True)],
    "a head that is too long": lambda s: [frame(HEADERS, s, raw.block(OK, *[("x", "y" * 4000)] * 3), END_STREAM), *[
        frame(CONTINUATION, s, raw.block(*[("x", "y" * 4000)] * 3))] * 6, frame(CONTINUATION, s, b"", END_HEADERS)],
    "too many fields": lambda s: [headers(s, OK, *[("x", "y")] * 200, end=True)],
    "a block that is no HPACK": lambda s: [frame(HEADERS, s, b"\xff\xff\xff\xff\xff\xff", END_HEADERS)],
    "a length without a body": lambda s: [headers(s, OK, ("content-length", "5"), end=True)],
}


@test
def heads_that_are_none(t):
    answers = []
    gateway, hostile, token = standing(t, lambda connection, stream: connection.send(*answers[0](stream)))
    wrong = []
    for what, frames in HEADS.items():
        answers[:] = [frames]
        got = gateway.ask(CRM, target="/", headers=token)
        if got.status != 502 or got.all("set-cookie"):
            wrong.append((what, got))
    equal(wrong, [], "answers that are not 502")
    answers[:] = [lambda s: [headers(s, OK, ("content-length", "2")), data(s, b"ok", end=True)]]
    equal(gateway.ask(CRM, headers=token).body, b"ok", "an honest answer after all that")


BODIES = {
    "more than the length": lambda s: [headers(s, OK, ("content-length", "100")), data(s, b"x" * 60), data(s, b"x" * 60, end=True)],
    "less than the length": lambda s: [headers(s, OK, ("content-length", "100")), data(s, b"x" * 60, end=True)],
    "a reset": lambda s: [headers(s, OK), data(s, b"x" * 60), frame(RESET, s, b"\0\0\0\2")],
    "a reset without an error": lambda s: [headers(s, OK), data(s, b"x" * 60), frame(RESET, s, b"\0\0\0\0")],
    "trailers with a pseudo-field": lambda s: [headers(s, OK), data(s, b"x" * 60), headers(s, OK, end=True)],
    "trailers with a control byte": lambda s: [headers(s, OK), data(s, b"x" * 60), headers(s, ("x", "a\nb"), end=True)],
    "trailers that do not end it": lambda s: [headers(s, OK), data(s, b"x" * 60), headers(s, ("x", "a"))],
    "trailers that are too long": lambda s: [headers(s, OK), data(s, b"x" * 60), headers(s, ("x", "a" * 9000), end=True)],
    "the end of the connection": lambda s: [headers(s, OK), data(s, b"x" * 60), None],
}


@test
def bodies_that_break_off_are_never_whole(t):
    answers = []

    def act(connection, stream):
        frames = answers[0](stream)
        connection.send(*[each for each in frames if each])
        if None in frames:
            connection.sock.shutdown(2)

    gateway, hostile, token = standing(t, act)
    wrong = []
    for what, frames in BODIES.items():
        answers[:] = [frames]
        with gateway.wire(CRM) as connection:
            connection.send(request_bytes("GET", "/", f"{CRM}:{gateway.port}", token))
            head = connection.head()
            rest = connection.rest() if head.status == 200 else b""
        whole = rest.endswith(b"0\r\n\r\n") if head.get("transfer-encoding") else len(rest) >= int(head.get("content-length"))
        if head.status == 200 and whole:
            wrong.append((what, head, rest))
    equal(wrong, [], "answers that look whole")


FLOODS = {  # frames that cost nothing, or are none: they end the connection
    "pings": lambda s: [frame(PING, payload=b"12345678")] * 400,
    "settings": lambda s: [frame(SETTINGS)] * 100,
    "resets": lambda s: [frame(RESET, s, b"\0\0\0\0")] * 2000,
    "empty data": lambda s: [headers(s, OK)] + [data(s, b"")] * 400,
    "window updates": lambda s: [frame(WINDOW, 0, b"\0\0\0\1")] * 20000,
    "priorities": lambda s: [frame(raw.PRIORITY, s, b"\0\0\0\0\1")] * 20000,
    "a push": lambda s: [frame(PUSH, s, b"\0\0\0\2" + raw.block((":method", "GET")), END_HEADERS)],
    "DATA on stream 0": lambda s: [data(0, b"x")],
    "HEADERS on a stream of ours that is not there": lambda s: [headers(99, OK)],
    "HEADERS on a stream of its own": lambda s: [headers(2, OK)],
    "a window that overflows": lambda s: [frame(WINDOW, 0, b"\x7f\xff\xff\xff")],
    "a frame too large": lambda s: [frame(DATA, s, b"x" * 20000)],
    "a PING of seven bytes": lambda s: [frame(PING, payload=b"1234567")],
    "bytes that are no frames": lambda s: [b"HTTP/1.1 200 OK\r\n\r\n" * 20],
    "HEADERS and then no CONTINUATION": lambda s: [frame(HEADERS, s, raw.block(OK)), data(s, b"x")],
    "a block that is no HPACK": lambda s: [frame(HEADERS, s, b"\xff\xff\xff\xff\xff\xff", END_HEADERS)],
    "CONTINUATION without an end": lambda s: [frame(HEADERS, s, raw.block(OK))] + [frame(CONTINUATION, s, raw.block(("x", "y")))] * 2000,
}
MAY_BEGIN = ("empty data",)  # their answer has begun


@test(limit=180)
def floods_and_broken_frames_end_the_connection_and_no_other(t):
    flooding = []

    def act(connection, stream):
        if flooding:
            connection.send(*flooding[0](stream))
        else:
            connection.send(headers(stream, OK, ("content-length", "2")), data(stream, b"ok", end=True))

    gateway, hostile, token = standing(t, act)
    good = upstream(t)
    gateway.apply(datasource("good", good))
    wrong = []
    for what, frames in FLOODS.items():
        flooding[:] = [frames]
        with gateway.wire(CRM, seconds=20) as connection:
            connection.send(request_bytes("GET", "/", f"{CRM}:{gateway.port}", token))
            got = connection.head().status
        ended = hostile.connections[-1].over.wait(10)
        if got != (200 if what in MAY_BEGIN else 502) or not ended:
            wrong.append((what, got, ended, hostile.connections[-1].codes(GOAWAY)))
        flooding.clear()
        if gateway.ask(CRM, headers=token).body != b"ok" or gateway.ask("good.apps.localhost", headers=token).status != 200:
            wrong.append((what, "the next request"))
    equal(wrong, [], "floods")
    expect(gateway.process.poll() is None, "the gateway runs")


GREETINGS = {
    "nothing": b"",
    "an HTTP/1.1 answer": b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
    "a PING first": frame(PING, payload=b"12345678"),
    "no streams at all": frame(SETTINGS, payload=b"\0\3\0\0\0\0"),
    "settings that are broken": frame(SETTINGS, payload=b"\0\3\0"),
    "settings on a stream": frame(SETTINGS, 1),
    "too many settings": frame(SETTINGS, payload=b"\0\3\0\0\0\1" * 100),
    "a window that is too large": frame(SETTINGS, payload=b"\0\4\xff\xff\xff\xff"),
    "GOAWAY at once": frame(SETTINGS) + frame(GOAWAY, payload=b"\0" * 8),
}


@test(limit=120)
def greetings_that_are_none(t):
    wrong = []
    gateway, first, token = standing(t, lambda *_: None, b"")
    for what, greeting in GREETINGS.items():
        hostile = raw.RawHttp2Upstream(lambda *_: None, greeting)
        t.defer(hostile.close)
        gateway.apply(datasource("crm", hostile.url, upstream=entry(timeout={"response": "1s", "connect": "1s"})))
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(gateway.ask(CRM, headers=token).status)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        if len(statuses) != 5 or set(statuses) - {502, 504}:
            wrong.append((what, statuses))
        if len(hostile.connections) > 15:
            wrong.append((what, f"{len(hostile.connections)} connections"))
    equal(wrong, [], "greetings")


class Late(raw.RawHttp2Upstream):
    """Says nothing on its connections until `go` is set; then it is honest."""

    def __init__(self):
        self.go = threading.Event()
        super().__init__(lambda connection, stream: connection.send(
            headers(stream, OK, ("content-length", "2")), data(stream, b"ok", end=True)))

    def _read(self, connection):
        self.go.wait(10)
        super()._read(connection)


@test
def settings_that_come_with_the_end_of_the_handshake(t):
    """They are read with it: no other byte of the socket tells of them before they are answered."""
    class AtOnce(raw.RawHttp2Upstream):
        def greet(self, connection):
            pair = certs.folder() / "good.pem", certs.folder() / "good.key"
            connection.sock = raw.TlsAtOnce(connection.sock, pair, self.greeting)
            connection.sock.read(len(raw.PREFACE))
            return connection.sock

    upstream = AtOnce(lambda connection, stream: connection.send(
        headers(stream, OK, ("content-length", "2")), data(stream, b"ok", end=True)))
    t.defer(upstream.close)
    gateway = world(t, datasource("crm", upstream.url.replace("http:", "https:"), upstream=entry()))
    token = bearer(gateway.token("ann"))
    for _ in range(3):
        equal(gateway.ask(CRM, headers=token).body, b"ok", "the answer")


@test
def a_change_while_a_connection_is_made_shares_none(t):
    """The request under way goes with the credential it began with, and the next one never on that connection."""
    late = Late()
    t.defer(late.close)
    gateway = world(t, keyed("crm", late.url, upstream=entry()))
    token = bearer(gateway.token("ann"))
    with gateway.wire(CRM) as old, gateway.wire(CRM) as new:
        old.send(request_bytes("GET", "/", f"{CRM}:{gateway.port}", token))
        until(lambda: late.connections, "a connection")
        gateway.apply(keyed("crm", late.url, upstream=entry(), secrets={"token": "sk-another-1234567890"}))
        new.send(request_bytes("GET", "/", f"{CRM}:{gateway.port}", token))
        until(lambda: len(late.connections) == 2, "another connection")
        late.go.set()
        equal((old.response().body, new.response().body), (b"ok", b"ok"), "answers")
    for connection in late.connections:
        equal(sum(kind == HEADERS for kind, *_ in connection.frames), 1, "requests on each connection")
    expect(late.connections[0].over.wait(10), "the old connection to end")


@test
def a_client_that_leaves_while_a_connection_is_made(t):
    """Whoever makes it may go: the others get one all the same."""
    hostile = Late()
    t.defer(hostile.close)
    gateway = world(t, datasource("crm", hostile.url, upstream=entry()))
    token = bearer(gateway.token("ann"))
    waiting = [gateway.wire(CRM) for _ in range(6)]
    for connection in waiting:
        t.defer(connection.close)
        connection.send(request_bytes("GET", "/", f"{CRM}:{gateway.port}", token))
    until(lambda: hostile.connections, "a connection")
    gateway.serving()  # a round trip later it has read what came before
    for connection in waiting[:3]:
        connection.close()
    until(lambda: sum(event.get("status") == 0 for event in gateway.audit()) == 3, "three that have left")
    hostile.go.set()
    for connection in waiting[3:]:
        equal(connection.response().body, b"ok", "an answer to those who stayed")
    one_of(len(hostile.connections), (1, 2), "connections made")


@test
def resets_that_cross_each_other(t):
    """Nothing hangs, and the next request is served."""
    def act(connection, stream):
        connection.send(headers(stream, OK), data(stream, b"x" * 1000), frame(RESET, stream, b"\0\0\0\2"), frame(RESET, stream, b"\0\0\0\2"),
                        data(stream, b"late"), headers(stream, ("x", "y"), end=True))
    gateway, hostile, token = standing(t, act)
    for number in range(30):
        with gateway.wire(CRM) as connection:
            connection.send(request_bytes("GET", "/", f"{CRM}:{gateway.port}", token))
            if number % 2:
                connection.rest()
    hostile.act = lambda connection, stream: connection.send(headers(stream, OK, ("content-length", "2")), data(stream, b"ok", end=True))
    equal(gateway.ask(CRM, headers=token).body, b"ok", "an honest answer after that")


@test
def data_beyond_the_window(t):
    """A client that does not read, and an upstream that sends all the same: its stream ends, nothing is kept for it."""
    def act(connection, stream):
        connection.send(headers(stream, OK), *[data(stream, b"x" * 16384)] * 2000)
    gateway, hostile, token = standing(t, act)
    before = gateway.rss_kib()
    with gateway.wire(CRM) as connection:
        connection.send(request_bytes("GET", "/", f"{CRM}:{gateway.port}", token))
        connection.head()
        until(lambda: hostile.connections[0].codes(RESET) or hostile.connections[0].over.is_set(), "the stream to end")
        expect(not connection.rest().endswith(b"0\r\n\r\n"), "an answer that broke off looks whole")
    if b"__asan_init" not in Path(os.environ["SALLYPORT"]).read_bytes():
        expect(gateway.rss_kib() - before < 16 * 1024, f"memory grew by {gateway.rss_kib() - before} KiB")


@test
def an_upstream_that_measures_with_pings_is_no_flood(t):
    """gRPC servers send one for each DATA frame to learn how fast data comes."""
    class Measuring(raw.RawHttp2Upstream):
        def on_data(self, connection, stream, payload, end):
            update = len(payload).to_bytes(4, "big")
            connection.send(frame(PING, payload=b"measured"), frame(WINDOW, 0, update), frame(WINDOW, stream, update))
            if end:
                connection.send(headers(stream, OK, ("content-length", "2")), data(stream, b"ok", end=True))

    measuring = Measuring(lambda *_: None)
    t.defer(measuring.close)
    gateway = world(t, datasource("crm", measuring.url, upstream=entry()))
    got = gateway.ask(CRM, "POST", "/", bearer(gateway.token("ann")), b"x" * (4 << 20))
    equal((got.status, got.body), (200, b"ok"), "the answer")
    sent = sum(kind == DATA for kind, *_ in measuring.connections[0].frames)
    expect(sent > 200, f"{sent} DATA frames, each with a PING")
    equal(measuring.connections[0].codes(GOAWAY), [], "GOAWAY")
