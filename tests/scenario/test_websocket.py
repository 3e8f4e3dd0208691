"""WebSockets through the gate: relayed intact, checked, bounded (RFC 6455)."""
from registry import equal, expect, test
from wait import until
from websocket_client import WebSocket, opening, own_origin
from websocket_frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame
from wire import request_bytes
from world import KEY, bearer, host, instance, keyed, signed_in, standing, upstream, world


def ready(t, **config):
    """(gateway, upstream, host, headers of ann's token)"""
    gateway, echo, crm = standing(t, **config)
    return gateway, echo, crm, bearer(gateway.token("ann"))


def ready_to_push(t, **config):
    """As ready(), over plain HTTP: a TLS socket of Python cannot be written to while another thread reads it."""
    echo = upstream(t, None)
    gateway = world(t, keyed("crm", echo), **config)
    return gateway, echo, host("crm"), bearer(gateway.token("ann"))


@test
def messages_go_both_ways_with_the_credential_put_in(t):
    gateway, echo, crm, token = ready(t)
    with WebSocket(gateway, crm, "/ws/x", token) as socket:
        for payload in (b"hello", b"", b"x" * 125, b"y" * 126, b"z" * 65535, b"w" * 65536, b"\xc3\xa4" * 5):
            socket.send(payload, BINARY)
            got = socket.receive()
            equal((got.opcode, got.fin, got.masked, got.payload), (BINARY, True, False, payload), "the echo")
        asked = echo.websockets[0].request
        equal(asked.get("authorization"), f"Bearer {KEY}", "the credential")
        equal(asked.get("x-sallyport-user"), "ann", "the identity")
        equal(asked.get("connection").lower(), "upgrade", "Connection")
        expect(all(f.masked for f in echo.websockets[0].frames), "frames to the upstream are masked")
        expect(KEY not in str(socket.answer.headers), "the answer says the key")
        equal(socket.answer.all("set-cookie"), [], "a cookie for a whole domain in the answer")
        socket.send(b"\x03\xe8bye", CLOSE)
        got = socket.receive()
        equal((got.opcode, got.code, got.reason), (CLOSE, 1000, "bye"), "the close frame that came back")
        expect(socket.wire.closed(), "and the end")
    entries = [e for e in gateway.audit() if e.get("path") == "/ws/x"]
    equal([(e["kind"], e.get("status", 0)) for e in entries], [("access.begin", 0), ("access.end", 101)], "audit entries")


@test
def fragments_and_control_frames_between_them_stay_as_they_are(t):
    gateway, echo, crm, token = ready(t)
    with WebSocket(gateway, crm, "/ws", token) as socket:
        sent = [(TEXT, b"a", False), (PING, b"p", True), (CONTINUATION, b"", False), (PONG, b"q", True), (CONTINUATION, b"b", True)]
        socket.raw(b"".join(frame(opcode, payload, fin, mask=True) for opcode, payload, fin in sent))
        got = [socket.receive() for _ in range(4)]
        equal([(f.opcode, f.payload, f.fin) for f in got],
              [(TEXT, b"a", False), (PONG, b"p", True), (CONTINUATION, b"", False), (CONTINUATION, b"b", True)], "what came back")
        equal([(f.opcode, f.payload, f.fin) for f in echo.websockets[0].frames], sent, "what arrived")


@test
def a_frame_byte_by_byte_arrives_whole(t):
    gateway, echo, crm, token = ready(t)
    with WebSocket(gateway, crm, "/ws", token) as socket:
        for payload in (b"short", b"m" * 300, b"l" * 70000):
            data = frame(TEXT, payload, mask=True)
            for at in range(20):
                socket.raw(data[at:at + 1])
            socket.raw(data[20:])
            equal(socket.receive().payload, payload, "the echo")


@test
def bytes_that_came_with_the_handshake_are_not_lost(t):
    gateway, echo, crm, token = ready(t)
    with gateway.wire(crm) as wire:
        wire.send(opening(gateway, crm, "/ws", token) + frame(TEXT, b"early", mask=True))
        equal(wire.head().status, 101, "status")
        expect(b"early" in wire.exactly(7), "the echo of what came with the handshake")


@test
def a_message_that_came_with_the_answer_is_not_lost(t):
    gateway, echo, crm, token = ready(t)
    with WebSocket(gateway, crm, "/ws?greeting=welcome", token) as socket:
        equal(socket.receive().payload, b"welcome", "the greeting")
        socket.send(b"thanks")
        equal(socket.receive().payload, b"thanks", "the echo behind it")


@test
def a_handshake_that_is_refused_leaves_nothing_open(t):
    """Frames sent on the heels of a handshake that comes to nothing are no requests, and reach nobody."""
    gateway, echo, crm, token = ready(t)
    smuggled = request_bytes("GET", "/smuggled", f"{crm}:{gateway.port}", token)
    for path, headers, statuses in (("/ws?accept=no", token, {502}), ("/ws", [], {401}), ("/ws?status=404", token, {404})):
        with gateway.wire(crm) as wire:
            wire.send(opening(gateway, crm, path, headers) + frame(TEXT, smuggled, mask=b"\0\0\0\0"))
            expect(wire.response().status in statuses, f"{path}: not one of {statuses}")
            equal(wire.response().status, 400, f"{path}: what came behind it")
            expect(wire.closed(), "and the end")
    equal([r.target for r in echo.requests if "smuggled" in r.target], [], "what arrived")


@test
def a_token_reaches_what_its_scope_says(t):
    gateway, echo, crm = standing(t)
    for flags, path, status in ((("--read-only",), "/ws", 403), (("--path", "/ws"), "/ws/x", 101), (("--path", "/other"), "/ws", 403),
                                (("--resource", "crm"), "/ws", 101), (("--network", "192.0.2.0/24"), "/ws", 403)):
        socket = WebSocket(gateway, crm, path, bearer(gateway.token("ann", *flags, name="-".join(flags).strip("-").replace("/", "."))))
        equal(socket.answer.status, status, f"{flags}")
        socket.close()


BROKEN = {
    "unmasked": (frame(TEXT, b"x"), 1002),
    "rsv1": (frame(TEXT, b"x", mask=True, reserved=4), 1002),
    "rsv2": (frame(TEXT, b"x", mask=True, reserved=2), 1002),
    "rsv3 on ping": (frame(PING, b"x", mask=True, reserved=1), 1002),
    "opcode 3": (frame(3, b"x", mask=True), 1002),
    "opcode 7": (frame(7, b"x", mask=True), 1002),
    "opcode 11": (frame(11, b"x", mask=True), 1002),
    "opcode 15": (frame(15, b"", mask=True), 1002),
    "ping in pieces": (frame(PING, b"x", fin=False, mask=True), 1002),
    "close in pieces": (frame(CLOSE, b"", fin=False, mask=True), 1002),
    "ping of 126": (frame(PING, b"x" * 126, mask=True), 1002),
    "ping of 126 in 64 bits": (frame(PING, b"x", mask=True, form=64), 1002),
    "continuation of nothing": (frame(CONTINUATION, b"x", mask=True), 1002),
    "message in a message": (frame(TEXT, b"x", fin=False, mask=True) + frame(TEXT, b"y", mask=True), 1002),
    "binary in a text": (frame(TEXT, b"x", fin=False, mask=True) + frame(BINARY, b"y", mask=True), 1002),
    "length of 5 in 16 bits": (frame(TEXT, b"hello", mask=True, form=16), 1002),
    "length of 5 in 64 bits": (frame(TEXT, b"hello", mask=True, form=64), 1002),
    "length of 2^63": (frame(TEXT, b"x", mask=True, length=1 << 63, form=64), 1002),
    "length of 2^64-1": (frame(TEXT, b"x", mask=True, length=(1 << 64) - 1, form=64), 1002),
    "length of 2^62": (frame(TEXT, b"x", mask=True, length=1 << 62, form=64), 1009),
    "one byte over the limit": (frame(TEXT, b"x", mask=True, length=(1 << 16) + 1, form=64), 1009),
    "over the limit in pieces": (frame(TEXT, b"x" * 40000, fin=False, mask=True) + frame(CONTINUATION, b"", mask=True, length=40000), 1009),
    "close of one byte": (frame(CLOSE, b"x", mask=True), 1002),
}


@test
def broken_frames_end_it_with_the_right_code_and_do_not_arrive(t):
    gateway, echo, crm, token = ready(t, limits={"websocket_message": "64KiB"})
    wrong = []
    for name, (data, code) in BROKEN.items():
        with WebSocket(gateway, crm, "/ws?mode=quiet", token) as socket:
            socket.raw(frame(TEXT, b"good", mask=True) + data)
            end = socket.ended()
            if end is None or end.code != code:
                wrong.append(f"{name}: {end} instead of {code}")
            peer = echo.websockets[-1]
            peer.over.wait(10)
            if peer.messages()[:1] != [b"good"] or len([f for f in peer.frames if f.opcode != CLOSE]) > 2:
                wrong.append(f"{name}: arrived {peer.frames}")
    equal(wrong, [], "broken frames")
    equal(gateway.ask(crm, headers=token).status, 200, "the next client")


@test
def an_upstream_that_breaks_the_protocol_is_ended(t):
    gateway, echo, crm, token = ready_to_push(t)
    for data in (frame(TEXT, b"masked", mask=b"abcd"), frame(3, b""), frame(CONTINUATION, b"x"), frame(TEXT, b"x", reserved=4),
                 frame(PING, b"x" * 126)):
        with WebSocket(gateway, crm, "/ws?mode=quiet", token) as socket:
            until(lambda: echo.websockets and not echo.websockets[-1].over.is_set(), "the upstream's end")
            echo.websockets[-1].stream.send(frame(TEXT, b"good") + data)
            equal(socket.receive().payload, b"good", "what came before")
            equal(socket.ended().code, 1011, f"the close code after {data[:8]!r}")
        until(lambda: echo.websockets[-1].over.is_set(), "the upstream connection to end")


HANDSHAKES = [
    ("version 8", {"Sec_WebSocket_Version": "8"}, 400),
    ("no version", {"Sec_WebSocket_Version": None}, 400),
    ("no key", {"Sec_WebSocket_Key": None}, 400),
    ("short key", {"Sec_WebSocket_Key": "c2hvcnQ="}, 400),
    ("key of 17 bytes", {"Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAAA="}, 400),
    ("key that is no base64", {"Sec_WebSocket_Key": "?" * 24}, 400),
    ("another protocol", {"Upgrade": "h2c"}, 403),
    ("another beside it", {"Upgrade": "websocket, h2c"}, 403),
]


@test
def handshakes_that_are_none_are_refused_and_do_not_arrive(t):
    gateway, echo, crm, token = ready(t)
    for name, fields, status in HANDSHAKES:
        socket = WebSocket(gateway, crm, "/ws", token, **fields)
        equal(socket.answer.status, status, name)
        socket.close()
    with gateway.wire(crm) as wire:
        wire.send(opening(gateway, crm, "/ws", token).replace(b"GET ", b"POST "))
        equal(wire.response().status, 400, "POST")
    with gateway.wire(crm) as wire:
        wire.send(opening(gateway, crm, "/ws", list(token) + [("Content-Length", "3")]) + b"abc")
        equal(wire.response().status, 400, "with a body")
    socket = WebSocket(gateway, crm, "/ws", token, Connection=None)
    expect(socket.answer.status != 101, "without Connection: upgrade it is a plain request")
    socket.close()
    equal([r for r in echo.requests if r.get("upgrade")], [], "handshakes that arrived")


@test
def an_answer_that_does_not_fit_the_key_is_refused(t):
    gateway, echo, crm, token = ready(t)
    for query in ("accept=c2FsbHlwb3J0", "upgrade=h2c", "extensions=permessage-deflate", "extensions=x-unknown"):
        socket = WebSocket(gateway, crm, f"/ws?{query}", token)
        equal(socket.answer.status, 502, query)
        socket.close()
    socket = WebSocket(gateway, crm, "/ws?extensions=x-unknown", list(token) + [("Sec-WebSocket-Extensions", "x-unknown")])
    equal(socket.answer.status, 502, "an extension the gateway does not know")
    socket.close()


@test
def an_upstream_that_declines_is_heard(t):
    gateway, echo, crm, token = ready(t)
    for status in (200, 401, 404, 426):
        socket = WebSocket(gateway, crm, f"/ws?status={status}", token)
        equal(socket.answer.status, status, "the upstream's own answer")
        equal(socket.answer.json()["method"], "GET", "and its body")
        socket.close()


@test
def compression_agreed_on_end_to_end_is_relayed(t):
    gateway, echo, crm, token = ready(t)
    offer = list(token) + [("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")]
    with WebSocket(gateway, crm, "/ws?extensions=permessage-deflate", offer) as socket:
        equal(socket.answer.get("sec-websocket-extensions"), "permessage-deflate", "the answer")
        socket.send(b"\x4a\x4c\x04\x00", reserved=4)
        equal(socket.receive().reserved, 4, "RSV1")


@test
def a_cookie_needs_the_own_origin(t):
    gateway, echo, crm = standing(t)
    cookie = signed_in(gateway, "ann", crm).headers(crm)
    for origin in ([], [("Origin", "https://evil.example.test")], [("Origin", "null")],
                   [("Origin", f"https://gate.localhost:{gateway.port}")]):
        socket = WebSocket(gateway, crm, "/ws", list(cookie) + origin)
        equal(socket.answer.status, 403, f"with {origin}")
        socket.close()
    with WebSocket(gateway, crm, "/ws", list(cookie) + own_origin(gateway, crm)) as socket:
        socket.send(b"own")
        equal(socket.receive().payload, b"own", "from the own origin")
    socket = WebSocket(gateway, crm, "/ws")
    equal(socket.answer.status, 401, "nobody")
    socket.close()


@test
def a_reader_may_not_open_one_unless_the_area_says_so(t):
    echo = upstream(t)
    areas = [{"name": "live", "paths": ["/ws/live"], "roles": ["owner", "viewer"], "read_only_for": ["viewer"], "websocket": True},
             {"name": "all", "paths": ["/"], "roles": ["owner", "viewer"], "read_only_for": ["viewer"]}]
    gateway = world(t, instance("line1", echo, areas=areas))
    line, viewer, owner = host("line1"), bearer(gateway.token("vic")), bearer(gateway.token("ann"))
    for who, path, status in ((viewer, "/ws/live", 101), (viewer, "/ws/other", 403), (owner, "/ws/other", 101)):
        socket = WebSocket(gateway, line, path, who)
        equal(socket.answer.status, status, f"{path}")
        socket.close()


@test
def an_idle_one_is_ended_and_a_busy_one_is_not(t):
    echo = upstream(t)
    gateway = world(t, keyed("crm", echo, upstream={"timeout": {"idle": "1s"}}))
    crm, token = host("crm"), bearer(gateway.token("ann"))
    with WebSocket(gateway, crm, "/ws?mode=quiet", token) as idle, WebSocket(gateway, crm, "/ws?mode=quiet", token) as busy:
        ended = []
        while not ended:
            busy.send(b"still here")
            idle.wire.socket.settimeout(0.2)
            try:
                ended.append(idle.receive())
            except Exception as error:  # nothing yet
                expect("deadline" in str(error), f"{error!r}")
        equal((ended[0].opcode, ended[0].code), (CLOSE, 1001), "the idle one's end")
        busy.send(b"last")
        until(lambda: echo.websockets[1].messages()[-1:] == [b"last"], "the busy one to live on")


@test
def a_client_that_reads_nothing_costs_no_memory_and_holds_nobody_up(t):
    gateway, echo, crm, token = ready_to_push(t, limits={"write": "2s"})
    with WebSocket(gateway, crm, "/ws?mode=quiet", token) as deaf, WebSocket(gateway, crm, "/ws", token) as other:
        before = gateway.rss_kib()
        try:
            for _ in range(64):
                echo.websockets[0].send(BINARY, b"x" * (1 << 20))
        except Exception:  # the gateway let it go
            pass
        other.send(b"ping")
        equal(other.receive().payload, b"ping", "the other one")
        expect(gateway.rss_kib("VmHWM") - before < 16 * 1024, f"memory grew by {gateway.rss_kib('VmHWM') - before} KiB")
        until(lambda: echo.websockets[0].over.is_set(), "the deaf one to be let go")
        deaf.close()


@test
def an_end_without_a_close_frame_is_passed_on(t):
    gateway, echo, crm, token = ready(t)
    with WebSocket(gateway, crm, "/ws?mode=quiet", token) as socket:
        until(lambda: len(echo.websockets) == 1, "the upstream's end")
        echo.websockets[0].drop()
        equal(socket.ended(), None, "the upstream went without a word")
    with WebSocket(gateway, crm, "/ws?mode=quiet", token):
        until(lambda: len(echo.websockets) == 2, "the upstream's end")
    until(echo.websockets[1].over.is_set, "the client went without a word")


@test
def a_close_frame_is_answered_though_the_client_has_closed_its_side(t):
    gateway, echo, crm, token = ready(t)
    with WebSocket(gateway, crm, "/ws", token) as socket:
        socket.send(b"\x03\xe8", CLOSE)
        until(lambda: echo.websockets[0].over.is_set(), "the upstream to be done")
        equal(socket.receive().code, 1000, "the answer")


@test
def a_stopping_gateway_says_going_away(t):
    import signal
    gateway, echo, crm, token = ready(t)
    with WebSocket(gateway, crm, "/ws?mode=quiet", token) as socket:
        gateway.signal(signal.SIGTERM)
        equal(socket.ended().code, 1001, "the close code")
    equal(gateway.process.wait(10), 0, "the exit code")
