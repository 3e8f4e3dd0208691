"""Second factors over HTTP/2: a stream that lacks one hears what it would over HTTP/1.1, those beside it notice nothing, and what
began with a fresh one goes on when it has grown old."""
import json
import time

import http2_wire as http2
from registry import equal, expect, test
from sealing import factor_shown
from test_http2 import Client, frames_in
from wait import until
from websocket_client import own_origin
from websocket_frames import TEXT, frame
from world import datasource, host, signed_in, upstream, world

CRM = host("crm")
ACCESS = [{"roles": ["owner"], "paths": ["/open"]}, {"roles": ["owner"], "paths": ["/any"], "mfa": "required"}]


def client(t, within):
    """(gateway, upstream, ann's connection): /open by a password, /any with a factor, all else with one of `within`."""
    echo = upstream(t, None)
    gateway = world(t, datasource("crm", echo, access=[*ACCESS, {"roles": ["owner"], "mfa": {"within": within}}]))
    ann = signed_in(gateway, "ann")
    ann.open(CRM, "/open")
    return gateway, echo, ann


def connected(t, gateway, browser):
    return Client(t, gateway, CRM, [*browser.headers(CRM), *own_origin(gateway, CRM)])


def shown(gateway, ago=0):
    """Whatever is signed in has shown a factor so many seconds ago; when that was."""
    gateway.stop()
    at = time.time() - ago
    for where in ("gate.localhost", CRM):
        factor_shown(gateway, ago=time.time() - at, host=where)
    gateway.start()
    return at


def web_socket(client, path="/ws"):
    stream = client.ask(path, "CONNECT", end=False, fields=[("sec-websocket-version", "13")], protocol="websocket")
    client.until(lambda: client.answer(stream).fields or client.answer(stream).over)
    return stream


def echoed(client, stream, text):
    before = len(frames_in(client.answer(stream).body))
    client.send(http2.data(stream, frame(TEXT, text, mask=True), end_stream=False))
    client.until(lambda: len(frames_in(client.answer(stream).body)) > before)
    return frames_in(client.answer(stream).body)[-1].payload


def every_way(client, path):
    """(status, error, what would do) of every kind of stream on a path that wants a factor."""
    body = {"body": b"x" * 100}
    streams = {method: client.ask(path, method, **(body if method in ("POST", "PUT", "PATCH") else {}))
               for method in ("GET", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "REPORT")}
    streams["events"] = client.ask(path, fields=[("accept", "text/event-stream")])
    streams["gRPC"] = client.ask(path, "POST", body=b"\0\0\0\0\0", fields=[("content-type", "application/grpc"), ("te", "trailers")])
    streams["WebSocket"] = web_socket(client, path)
    out = {}
    for way, stream in streams.items():
        answer = client.response(stream)
        told = json.loads(answer.body)
        out[way] = (answer.status, told["error"], [detail["code"] for detail in told["details"]])
    return out


@test
def every_kind_of_stream_is_told_what_would_do(t):
    gateway, echo, ann = client(t, "15m")
    connection = connected(t, gateway, ann)
    events = connection.ask("/open")
    equal(connection.response(events).status, 200, "what needs none")
    reached = len(echo.requests)
    for path, wanted in (("/any", (401, "mfa_required", ["required"])), ("/x", (401, "mfa_required", ["within=900s"]))):
        for way, told in every_way(connection, path).items():
            equal(told, wanted, f"{way} {path} without a factor")
    equal(connection.got("/any", "HEAD").status, 401, "HEAD")
    equal(len(echo.requests), reached, "requests that the upstream saw")
    equal(connection.got("/open").status, 200, "on the same connection")
    expect(connection.ping(b"12345678"), "the connection is over")

    shown(gateway, ago=1200)
    connection = connected(t, gateway, ann)
    equal(connection.got("/any").status, 200, "with a factor of 20 minutes ago")
    reached = len(echo.requests)
    for way, told in every_way(connection, "/x").items():
        equal(told, (401, "step_up_required", ["within=900s"]), f"{way} where 15 minutes count")
    equal(len(echo.requests), reached, "requests that the upstream saw then")


@test
def a_page_is_sent_to_the_gate(t):
    gateway, _, ann = client(t, "15m")
    answer = connected(t, gateway, ann).got("/x", fields=[("accept", "text/html"), ("sec-fetch-mode", "navigate"),
                                                            ("sec-fetch-dest", "document")])
    equal(answer.status, 302, "a page load")
    expect(answer.get("location").startswith(f"https://gate.localhost:{gateway.port}/.sallyport/mfa?flow="), answer.get("location"))


@test
def what_began_with_a_fresh_factor_goes_on_beside_what_is_refused(t):
    gateway, echo, ann = client(t, "4s")
    at = shown(gateway)
    connection = connected(t, gateway, ann)
    flight, socket, upload = connection.ask("/delay/x"), web_socket(connection), connection.ask("/up", "POST", body=b"a", end=False)
    events = connection.ask("/sse")
    connection.until(lambda: connection.answer(events).fields)
    equal(echoed(connection, socket, b"fresh"), b"fresh", "the WebSocket at first")
    echo.wait_for(3)
    until(lambda: time.time() > at + 4.1, "the factor to grow old")
    for way, told in every_way(connection, "/x").items():
        equal(told, (401, "step_up_required", ["within=4s"]), f"{way}, begun now")
    gateway.apply(datasource("other", echo))  # has all decided again
    equal(echoed(connection, socket, b"still"), b"still", "the WebSocket")
    echo.events.put("still")
    connection.until(lambda: b"still" in connection.answer(events).body)
    connection.send(http2.data(upload, b"b"))
    equal(connection.response(upload).status, 200, "the upload")
    echo.release("x")
    equal(connection.response(flight).status, 200, "the request in flight")
    equal([entry for entry in gateway.audit() if entry.get("outcome") == "revoked"], [], "streams that were ended")
