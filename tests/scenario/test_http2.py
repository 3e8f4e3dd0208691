"""HTTP/2 to clients (RFC 9113): the same requests and answers as over HTTP/1.1, many at once, each with a flow control of its own."""
import hashlib
import json
import signal
import time

import http2_wire as http2
from gateway import GATE
from registry import equal, expect, one_of, test
from wait import until
from websocket_frames import CLOSE, TEXT, frame, read_frame
from wire import client_context
from world import bearer, datasource, host, instance, signed_in, standing, upstream, world

OVER_H2 = client_context(alpn=("h2",))


class Client(http2.Http2):
    """A connection whose requests are of one host, and one who asks."""

    def __init__(self, t, gateway, where, fields=(), pairs=(), **more):
        wire = gateway.wire(where, context=OVER_H2, **more)
        t.defer(wire.close)
        super().__init__(wire, pairs)
        self.authority, self.fields_sent, self.next = f"{where}:{gateway.port}", list(fields), 1
        self.opened = {}  # stream (0: the connection) -> by how much its window was opened

    def _note(self, found):
        if found.kind == http2.WINDOW_UPDATE:
            self.opened[found.stream] = self.opened.get(found.stream, 0) + int.from_bytes(found.payload, "big")
        super()._note(found)

    def room(self, stream):
        """How many bytes of DATA could have been sent on a stream so far, if it is the only one."""
        first = (self.settings or {}).get(http2.INITIAL_WINDOW_SIZE, 65535)
        return min(65535 + self.opened.get(0, 0), first + self.opened.get(stream, 0))

    def ask(self, path="/x", method="GET", body=None, fields=(), trailers=None, end=True, **pseudo):
        """Sends a request on a new stream; its number. end False: more of the body follows."""
        stream, self.next = self.next, self.next + 2
        first = {"method": method, "scheme": "https", "authority": self.authority, "path": path} | pseudo
        pairs = [(f":{key}", value) for key, value in first.items()]
        pairs += [(name.lower(), value) for name, value in [*self.fields_sent, *fields]]
        bare = body is None and trailers is None and end
        block = http2.block(pairs)
        pieces = [http2.headers(stream, [block[:16384]], end_stream=bare, end_headers=len(block) <= 16384)]
        for at in range(16384, len(block), 16384):
            pieces.append(http2.continuation(stream, block[at:at + 16384], end=at + 16384 >= len(block)))
        if body is not None:
            pieces.append(http2.data(stream, body, end_stream=end and trailers is None))
        if trailers is not None:
            pieces.append(http2.headers(stream, trailers))
        self.send(*pieces)
        return stream

    def got(self, *arguments, **more):
        return self.response(self.ask(*arguments, **more))


def ready(t, **config):
    gateway, echo, crm = standing(t, **config)
    return gateway, echo, Client(t, gateway, crm, bearer(gateway.token("ann")))


def told(answer):
    return json.loads(answer.body)


def frames_in(body):
    """The whole WebSocket frames in it."""
    found, rest = [], [body]

    def exactly(count):
        if len(rest[0]) < count:
            raise EOFError
        taken, rest[0] = rest[0][:count], rest[0][count:]
        return taken

    try:
        while True:
            found.append(read_frame(exactly))
    except EOFError:
        return found


@test
def requests_and_answers_are_those_of_http_1(t):
    gateway, echo, h2 = ready(t)
    equal(h2.wire.socket.selected_alpn_protocol(), "h2", "what was agreed on")
    answer = h2.got("/a?b=c", fields=[("cookie", "a=1"), ("cookie", "b=2"), ("accept", "*/*")])
    equal((answer.status, answer.get("strict-transport-security")), (200, "max-age=31536000"), "the answer")
    seen = told(answer)
    equal((seen["method"], seen["target"], seen["version"]), ("GET", "/a?b=c", "HTTP/1.1"), "the request line upstream")
    names = dict(zip(seen["headers"][::2], seen["headers"][1::2]))
    equal(names.get("cookie"), "a=1; b=2", "cookie crumbs, joined (s8.2.3)")
    equal((names["X-Forwarded-Proto"], names["X-Sallyport-User"]), ("https", "ann"), "what the gateway says")
    equal(h2.got("/a", method="HEAD").body, b"", "HEAD")
    posted = told(h2.got("/p", method="POST", body=b"12345", fields=[("content-length", "5")]))
    equal((posted["body_len"], posted["method"]), (5, "POST"), "a body with its length")
    without = told(h2.got("/p", method="POST", body=b"12345"))
    equal((without["body_len"], "Transfer-Encoding" in without["headers"]), (5, True), "a body without one is chunked upstream")
    equal([h2.got(f"/status/{status}").status for status in (204, 304, 404, 503)], [204, 304, 404, 503], "statuses")
    equal(h2.got("/cookie").all("set-cookie"), ["a=1; Path=/; HttpOnly", "b=2; Path=/x; SameSite=Lax"], "two cookies stay two")
    entry = gateway.audit()[-1]
    equal((entry["status"], entry["path"], entry["user"]), (200, "/cookie", "ann"), "the audit entry")


@test
def refusals_are_those_of_http_1(t):
    gateway, echo, h2 = ready(t)
    equal(h2.got("/a/../b").status, 400, "a dot segment")
    equal(h2.got(authority=f"elsewhere.test:{gateway.port}").status, 421, "a host of another certificate")
    equal(h2.got(authority=f"nothing.apps.localhost:{gateway.port}").status, 404, "a host where nothing is")
    nobody = Client(t, gateway, host("crm"))
    equal(nobody.got().status, 401, "nobody")
    page = nobody.got(fields=[("accept", "text/html")])
    equal((page.status, page.get("location").startswith(f"https://{GATE}")), (302, True), "a page load of nobody's")
    large = h2.got(fields=[(f"x-{number}", "x" * 1000) for number in range(40)])
    equal((large.status, json.loads(large.body)["error"]), (431, "head_too_large"), "a head that is too large")
    equal(h2.got("/after").status, 200, "the connection goes on")
    equal(len(echo.requests), 1, "requests upstream")


@test
def trailers_go_both_ways(t):
    _, echo, h2 = ready(t)
    answer = h2.got("/trailers")
    equal((answer.body, answer.trailers), (b"hello", [("x-sum", "42")]), "of the answer")
    seen = told(h2.got(method="POST", body=b"abc", trailers=[("x-check", "7"), ("x-sallyport-user", "root")]))
    equal(seen["trailers"], ["x-check", "7"], "of the request, without what nobody may say")


@test
def a_hundred_at_once_share_a_connection(t):
    gateway, echo, h2 = ready(t)
    streams = [h2.ask(f"/delay/x?{number}") for number in range(100)]
    echo.wait_for(100)
    over = h2.ask("/delay/x?one-too-many")
    h2.until(lambda: h2.answer(over).over)
    equal(h2.answer(over).reset, http2.REFUSED_STREAM, "the stream beyond the limit")
    echo.release("x")
    found = [h2.response(stream) for stream in streams]
    equal({answer.status for answer in found}, {200}, "statuses")
    equal([told(answer)["target"] for answer in found], [f"/delay/x?{number}" for number in range(100)], "each its own answer")


@test
def bodies_are_whole_both_ways(t):
    _, _, h2 = ready(t)
    body = bytes(range(256)) * 4096  # 1 MiB: more than any window
    stream = h2.ask("/up", method="POST", end=False, fields=[("content-length", str(len(body)))])
    sent = 0
    while sent < len(body):
        h2.until(lambda: h2.room(stream) > sent)
        piece = body[sent:min(h2.room(stream), sent + 16384)]
        sent += len(piece)
        h2.send(http2.data(stream, piece, end_stream=sent == len(body)))
    seen = told(h2.response(stream))
    equal((seen["body_len"], seen["sha256"]), (len(body), hashlib.sha256(body).hexdigest()), "up")
    down = h2.got("/bytes/3000000").body
    equal((len(down), down[:256]), (3000000, bytes(range(256))), "down")


@test
def a_client_that_leaves_a_stream_ends_the_request_upstream(t):
    gateway, echo, h2 = ready(t)
    stream = h2.ask("/silent")
    echo.wait_for(1)
    h2.send(http2.rst_stream(stream))
    until(lambda: not echo.open_connections(), "the upstream's connection to be given up")
    equal(h2.got("/after").status, 200, "the connection goes on")
    entries = [entry for entry in gateway.audit() if entry.get("path") == "/silent"]
    equal([(entry["outcome"], entry["status"]) for entry in entries], [("allow", 0)], "what is recorded")


@test
def a_stream_whose_right_is_over_ends_and_its_neighbour_does_not(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo), datasource("shop", echo))
    ann, mel = (bearer(gateway.token(name)) for name in ("ann", "mel"))
    h2 = Client(t, gateway, host("crm"))
    mine, hers = h2.ask("/slow-body/1000000", fields=ann), h2.ask("/slow-body/1000000", fields=mel)
    h2.until(lambda: h2.answer(mine).body and h2.answer(hers).body)
    gateway.must("user", "suspend", "mel")
    since = time.monotonic()
    h2.until(lambda: h2.answer(hers).over)
    expect(time.monotonic() - since < 1, "it ended late")
    equal(h2.answer(hers).reset, http2.INTERNAL_ERROR, "how it ended")
    echo.release("slow-body")
    equal((len(h2.response(mine).body), h2.answer(mine).reset, h2.goaway), (1000000, None, None), "the neighbour")


@test
def websockets_are_streams(t):
    """RFC 8441: an extended CONNECT, and frames as DATA; the right to it ends as that of any other."""
    echo = upstream(t, None)
    gateway = world(t, instance("tool", echo))
    browser = signed_in(gateway, "mel", host("tool"))
    h2 = Client(t, gateway, host("tool"), browser.headers(host("tool")))
    h2.until(lambda: h2.settings is not None)
    equal(h2.settings.get(http2.ENABLE_CONNECT_PROTOCOL), 1, "that it is offered")
    origin = [("origin", f"https://{host('tool')}:{gateway.port}"), ("sec-websocket-version", "13")]

    def opened(fields=tuple(origin), **more):
        stream = h2.ask("/ws", "CONNECT", end=False, fields=fields, protocol="websocket", **more)
        h2.until(lambda: h2.answer(stream).fields or h2.answer(stream).over)
        return stream

    equal(h2.answer(opened([("origin", "https://evil.test"), origin[1]])).status, 403, "of another origin")
    stream = opened()
    equal((h2.answer(stream).status, h2.answer(stream).get("sec-websocket-accept")), (200, ""), "opened")
    h2.send(http2.data(stream, frame(TEXT, b"hello", mask=True), end_stream=False))
    h2.until(lambda: frames_in(h2.answer(stream).body))
    (first, *_) = frames_in(h2.answer(stream).body)
    equal((first.opcode, first.payload), (TEXT, b"hello"), "what came back")
    equal(h2.got("/beside").status, 200, "a request beside it")
    gateway.must("user", "suspend", "mel")
    since = time.monotonic()
    h2.until(lambda: h2.answer(stream).over)
    expect(time.monotonic() - since < 1, "it ended late")
    last = frames_in(h2.answer(stream).body)[-1]
    equal((last.opcode, int.from_bytes(last.payload[:2], "big")), (CLOSE, 1008), "its close frame")


@test
def a_drain_lets_streams_end(t):
    gateway, echo, h2 = ready(t)
    idle = Client(t, gateway, host("crm"), bearer(gateway.token("mel")))
    equal(idle.got().status, 200, "before")
    stream = h2.ask("/delay/x")
    echo.wait_for(2)
    gateway.signal(signal.SIGTERM)
    idle.until(lambda: idle.closed)
    equal((idle.goaway is not None and idle.goaway.code, idle.closed), (http2.NO_ERROR, True), "an idle connection")
    h2.until(lambda: h2.goaway)
    equal(h2.goaway.code, http2.NO_ERROR, "the GOAWAY beside a stream")
    echo.release("x")
    equal(h2.response(stream).status, 200, "the stream under way")
    h2.until(lambda: h2.closed)
    equal(gateway.wait(), 0, "exit code")


@test
def silent_clients_are_let_go(t):
    gateway, _, crm = standing(t, limits={"idle": "1s", "head": "1s"})
    token = bearer(gateway.token("ann"))
    idle = Client(t, gateway, crm, token)
    equal(idle.got().status, 200, "before")
    idle.until(lambda: idle.closed)
    equal(idle.goaway.code, http2.NO_ERROR, "an idle connection's end")
    half = Client(t, gateway, crm, token)
    half.until(lambda: half.settings)  # so that nothing has to be acknowledged in the middle of the head
    half.send(http2.headers(1, [(":method", "GET")], end_headers=False))
    half.until(lambda: half.closed)
    one_of(half.goaway and half.goaway.code, (http2.ENHANCE_YOUR_CALM,), "a head that does not end")
    mute = gateway.wire(crm, context=OVER_H2)
    t.defer(mute.close)
    expect(mute.rest() is not None, "a connection without a preface ends")


@test
def http_2_can_be_turned_off(t):
    gateway, _, crm = standing(t)
    config = gateway.base_config()
    config["listeners"][0]["tls"]["http2"] = False
    gateway.stop()
    gateway.write_config(config)
    gateway.start()
    with gateway.wire(crm, context=client_context(alpn=("h2", "http/1.1"))) as connection:
        equal(connection.socket.selected_alpn_protocol(), "http/1.1", "what was agreed on")
