"""Where a stream that has lost its right could hide: behind a client or an upstream that does not read, before the upstream is
reached, in the queue of a connection, in a public place. And whom an end must not hit."""
import fcntl
import socket
import struct
import termios
import threading
import time

import http2_wire as h2
from registry import equal, expect, test
from revocation_world import CLOSED_WITHIN
from wait import until
from websocket_client import WebSocket, own_origin
from websocket_frames import BINARY
from wire import Closed, client_context, request_bytes
from world import bearer, datasource, host, instance, keyed, signed_in, upstream, world

CRM = host("crm")
MUCH = 200_000_000


def waiting_bytes(sock):
    return struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.FIONREAD, b"\0" * 4))[0]


def full(sock):
    """Waits until no more comes into a socket that nobody reads."""
    seen = [0]

    def no_more():
        before, seen[0] = seen[0], waiting_bytes(sock)
        return before == seen[0] > 100_000

    until(no_more, "the socket to be full")


def in_time(since, what):
    expect(time.monotonic() - since < CLOSED_WITHIN, f"{what} took {time.monotonic() - since:.2f} s")


def suspended(gateway, who="mel"):
    gateway.must("user", "suspend", who)
    return time.monotonic()


def alone(gateway):
    """Waits until only the one who asks is connected."""
    until(lambda: "sallyport_connections_open 1\n" in gateway.admin("/metrics").text, "the gateway to let go of the connection", 5)


def ended(gateway):
    return [entry["reason"] for entry in gateway.audit() if entry.get("outcome") == "revoked"]


@test
def a_download_that_nobody_reads_ends(t):
    echo = upstream(t, None)
    gateway = world(t, keyed("crm", echo))
    with gateway.wire(CRM) as connection:
        connection.send(request_bytes("GET", f"/bytes/{MUCH}", f"{CRM}:{gateway.port}", bearer(gateway.token("mel"))))
        equal(connection.head().status, 200, "status")
        full(connection.socket)
        since = suspended(gateway)
        until(lambda: not echo.open_connections(), "the upstream to be left", 5)
        alone(gateway)
        in_time(since, "the end of a download whose socket is full")
        left, got = waiting_bytes(connection.socket), 0
        try:
            for piece in connection.pieces(MUCH):
                got += len(piece)
        except Closed:
            pass
        expect(got <= left + (1 << 16), f"{got} bytes could be read, and {left} had come before the end")


def wide_http2(gateway):
    """A client whose windows never hold anybody up."""
    wire = gateway.wire(CRM, context=client_context(gateway.dir / "tls/ca.pem", alpn=("h2",)))
    client = h2.Http2(wire, [(h2.INITIAL_WINDOW_SIZE, 2**31 - 1)])
    client.send(h2.window_update(0, 2**31 - 1 - 65535))
    return client


def http2_get(gateway, stream, path, token):
    return h2.headers(stream, [(":method", "GET"), (":scheme", "https"), (":authority", f"{CRM}:{gateway.port}"), (":path", path),
                               ("authorization", token[0][1])])


@test
def a_download_over_http2_that_nobody_reads_ends_with_its_connection(t):
    echo = upstream(t, None)
    gateway = world(t, keyed("crm", echo))
    with wide_http2(gateway) as client:
        client.send(http2_get(gateway, 1, f"/bytes/{MUCH}", bearer(gateway.token("mel"))))
        client.until(lambda: client.answer(1).fields)
        full(client.wire.socket)
        since = suspended(gateway)
        until(lambda: not echo.open_connections(), "the upstream to be left", 5)
        alone(gateway)
        in_time(since, "the end of a connection with nobody else on it")


@test
def others_on_the_connection_live_on(t):
    echo = upstream(t, None)
    gateway = world(t, keyed("crm", echo))
    with wide_http2(gateway) as client:
        client.send(http2_get(gateway, 1, "/sse", bearer(gateway.token("ann"))))
        client.until(lambda: client.answer(1).fields)
        client.send(http2_get(gateway, 3, f"/bytes/{MUCH}", bearer(gateway.token("mel"))))
        client.until(lambda: client.answer(3).fields)
        full(client.wire.socket)
        since = suspended(gateway)
        until(lambda: echo.open_connections() == 1, "the upstream of the download to be left", 5)
        in_time(since, "the end of a download whose socket is full")
        client.opens_windows = False
        equal(client.response(3).reset, h2.INTERNAL_ERROR, "how the download ended")
        expect(len(client.answer(3).body) < MUCH, "all of it came")
        echo.events.put("still here")
        client.until(lambda: b"still here" in client.answer(1).body)
        expect(not client.answer(1).over, "the other stream is over")
        expect(client.ping(b"12345678"), "the connection is over")


@test
def a_websocket_that_nobody_reads_ends(t):
    echo = upstream(t, None)
    gateway = world(t, keyed("crm", echo))
    with WebSocket(gateway, CRM, "/ws?mode=quiet", bearer(gateway.token("mel"))) as client:
        (peer,) = until(lambda: list(echo.websockets), "the upstream's end")

        def flood():
            try:
                while True:
                    peer.send(BINARY, b"x" * 100_000)
            except Exception:  # it is over
                pass

        pushing = threading.Thread(target=flood, daemon=True)
        pushing.start()
        full(client.wire.socket)
        since = suspended(gateway)
        until(lambda: not echo.open_connections(), "the upstream to be left", 5)
        alone(gateway)
        in_time(since, "the end of a WebSocket whose socket is full")
    pushing.join(10)


@test
def an_upload_that_the_upstream_does_not_take_is_taken_back(t):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(15)
        gateway = world(t, datasource("crm", f"http://127.0.0.1:{listener.getsockname()[1]}"))
        with gateway.wire(CRM) as connection:
            connection.send(request_bytes("POST", "/", f"{CRM}:{gateway.port}",
                                          [*bearer(gateway.token("mel")), ("Content-Length", str(MUCH))]))
            peer, _ = listener.accept()
            with peer:
                def push():
                    try:
                        while True:
                            connection.send(b"x" * 65536)
                    except OSError:  # refused in the middle
                        pass

                pushing = threading.Thread(target=push, daemon=True)
                pushing.start()
                full(peer)
                since = suspended(gateway)
                alone(gateway)
                in_time(since, "the end of an upload that nobody takes")
                pushing.join(10)
                outcome = "end of the body"
                try:
                    while peer.recv(1 << 20):
                        pass
                except ConnectionResetError:
                    outcome = "reset"
                equal(outcome, "reset", "what the upstream was told")


@test
def the_right_ends_before_the_upstream_is_reached(t):
    """The upstream takes the connection and says nothing; there are seconds for a change to come in."""
    echo = upstream(t, None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        gateway = world(t, datasource("crm", f"https://127.0.0.1:{listener.getsockname()[1]}"), datasource("labx", echo, team="lab"))
        with gateway.wire(CRM) as connection:
            connection.send(request_bytes("GET", "/", f"{CRM}:{gateway.port}", bearer(gateway.token("mel"))))
            listener.settimeout(15)
            peer, _ = listener.accept()
            with peer:
                since = suspended(gateway)
                refused = connection.response()
                in_time(since, "the refusal")
                equal((refused.status, refused.json()["message"]), (403, "you are not allowed to do this any more"), "the refusal")
                where = host("labx")
                connection.send(request_bytes("GET", "/", f"{where}:{gateway.port}", bearer(gateway.token("lea"))))
                equal(connection.response().status, 200, "somebody else's request on the same connection")
    equal(ended(gateway), ["suspended"], "the audit log")


@test
def what_was_sent_ahead_is_decided_when_its_turn_comes(t):
    echo = upstream(t, None)
    gateway = world(t, keyed("crm", echo))
    mel, ann = bearer(gateway.token("mel")), bearer(gateway.token("ann"))
    with gateway.wire(CRM) as connection:
        connection.send(b"".join(request_bytes("GET", path, f"{CRM}:{gateway.port}", who)
                                 for path, who in (("/delay/x", mel), ("/next", mel), ("/last", ann))))
        echo.wait_for(1)
        suspended(gateway)
        equal([connection.response().status for _ in range(3)], [403, 403, 200], "the three answers")
    equal(len(echo.requests), 2, "requests that the upstream saw")


@test
def a_page_that_waited_is_told_as_a_page(t):
    echo = upstream(t, None)
    gateway = world(t, keyed("crm", echo))
    browser = signed_in(gateway, "mel", CRM)
    with gateway.wire(CRM) as connection:
        connection.send(request_bytes("GET", "/delay/x", f"{CRM}:{gateway.port}", browser.headers(CRM, ("Accept", "text/html"))))
        echo.wait_for(2)
        gateway.must("session", "end", "--user", "mel")
        answer = connection.response()
        equal((answer.status, answer.get("content-type").split(";")[0]), (401, "text/html"), "the answer")


@test
def a_change_elsewhere_ends_nothing(t):
    """A path that the audit entry cuts, and a place that is everybody's: both were ended by any change at all."""
    echo = upstream(t, None)
    public = [{"name": "all", "paths": ["/"], "public": True}]
    gateway = world(t, keyed("crm", echo), instance("open", echo, areas=public))
    gateway.apply({"kind": "team", "name": "plant", "mfa": "required", "members": {"ann": "owner", "mel": "member"}})
    browser, where = signed_in(gateway, "mel"), host("open")
    with WebSocket(gateway, CRM, "/ws/" + "x" * 1500, bearer(gateway.token("ann"))) as long_path, \
            WebSocket(gateway, where, "/ws", own_origin(gateway, where)) as nobody:
        gateway.apply(datasource("other", echo))
        gateway.must("user", "suspend", "vic")
        browser.once("POST", browser.at("gate.localhost", "/.sallyport/logout"),
                     [("X-Sallyport-Request", "1"), ("Content-Type", "application/json")], b"{}")
        for name, socket_ in (("long path", long_path), ("nobody's", nobody)):
            socket_.send(b"still")
            equal(socket_.receive().payload, b"still", name)
    equal(ended(gateway), [], "the audit log")


@test
def what_is_public_ends_for_who_came_as_somebody(t):
    """The upstream was told who it is; as nobody he may come again."""
    echo = upstream(t, None)
    gateway = world(t, instance("open", echo, areas=[{"name": "all", "paths": ["/"], "public": True}]))
    where = host("open")
    with WebSocket(gateway, where, "/ws", bearer(gateway.token("mel"))) as somebody, WebSocket(gateway, where, "/ws") as nobody:
        suspended(gateway)
        equal(somebody.ended().code, 1008, "the close code")
        nobody.send(b"still")
        equal(nobody.receive().payload, b"still", "nobody's")
    equal(ended(gateway), ["public, and nobody's any more"], "the audit log")


@test
def a_factor_that_has_grown_old_ends_no_stream(t):
    """It is asked for when a request begins; the next change of anything ended what had outlasted it."""
    echo = upstream(t, None)
    gateway = world(t, datasource("crm", echo, access=[{"roles": ["member"], "mfa": {"within": "5s"}}]), datasource("easy", echo))
    browser = signed_in(gateway, "mel", CRM)
    gateway.stop()
    shown = time.time()
    with gateway.store() as store:
        store.execute("UPDATE sessions SET strength = 2, factor_at = ?", (int(shown * 1e6),))
    gateway.start()
    headers = [*browser.headers(CRM), *own_origin(gateway, CRM)]
    with WebSocket(gateway, CRM, "/ws", headers) as stream:
        until(lambda: time.time() > shown + 5.1, "the factor to grow old")
        equal(gateway.ask(CRM, headers=headers).status, 401, "a new request")
        gateway.apply(datasource("other", echo))
        stream.send(b"still")
        equal(stream.receive().payload, b"still", "the stream that had begun in time")
    equal(ended(gateway), [], "the audit log")
