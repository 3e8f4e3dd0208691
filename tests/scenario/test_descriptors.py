"""Descriptors never run out, however few there are: clients and upstream connections have their shares (RLIMIT_NOFILE)."""
import os
from collections import Counter

import http2_wire as http2
from gateway import GATE
from native import TlsCrowd
from registry import contains, equal, expect, one_of, test
from wait import until
from wire import Closed, client_context
from world import bearer, datasource, host, upstream, world

FILES = 400
CLIENTS, UPSTREAM_IDLE, UPSTREAM_OPEN = 108, 12, 58  # of 400 with two workers; the last two are of each worker


def small(t, *documents, **config):
    """A gateway with two workers that may have FILES descriptors."""
    gateway = world(t, *documents, start=False, workers=2, **config)
    return gateway.start(through=("prlimit", f"--nofile={FILES}:{FILES}"))


def lowered(gateway):
    return {event["limit"]: (event["wanted"], event["possible"]) for event in gateway.events if event["event"] == "limits_lowered"}


def open_files(gateway):
    try:
        return len(os.listdir(f"/proc/{gateway.process.pid}/fd"))
    except PermissionError:  # a gateway hides itself; root alone may look
        return 0


def refused(gateway, where, token):
    """What a client is told who is one too many."""
    try:
        answer = gateway.ask(where, headers=token)
        return answer.status, answer.get("retry-after")
    except (OSError, Closed):
        return "closed"


@test(limit=120)
def a_thousand_clients_with_400_descriptors(t):
    echo = upstream(t)
    gateway = small(t, datasource("crm", echo))
    crm, token = host("crm"), bearer(gateway.token("ann"))
    equal(lowered(gateway), {"limits.connections": (50000, CLIENTS), "limits.upstream_connections": (1024, UPSTREAM_IDLE)},
          "limits that were lowered")
    most = 0
    for turn in range(2):
        crowd = TlsCrowd(t, gateway, crm, 1000, token)
        came = crowd.came()
        equal((came["open"], came["refused"]), (CLIENTS, 1000 - CLIENTS), f"clients in and out, time {turn + 1}")
        equal({refused(gateway, crm, token) for _ in range(20)} - {"closed", (503, "5")}, set(), "what the next are told")
        asked = crowd.told(f"ask {CLIENTS}")
        most = max(most, open_files(gateway))
        one_of(asked["answered"], range(CLIENTS - 2, CLIENTS + 1), f"those within, served all at once ({asked})")
        crowd.end()
        until(lambda: refused(gateway, crm, token) == (200, ""), "service after they left")
    expect(most < FILES, f"{most} descriptors")
    equal([e for e in gateway.events if e["event"] in ("accept_paused", "upstream_failed")], [], "signs of having run out")
    equal(gateway.must("audit", "verify").split()[0], "ok", "audit verify")


@test(limit=120)
def one_client_with_many_streams_takes_no_more_than_there_are(t):
    """Each stream of HTTP/2 may want an upstream connection of its own: those beyond are told so, the others are served.
    Idle ones, of another resource, make room."""
    echo, other = upstream(t, None), upstream(t, None)
    gateway = small(t, datasource("crm", echo), datasource("idle", other))
    crm, token = host("crm"), bearer(gateway.token("ann"))

    def fields(where, path):
        return [(":method", "GET"), (":scheme", "https"), (":authority", f"{where}:{gateway.port}"), (":path", path), *((name.lower(), value) for name, value in token)]

    def connect(where):
        return http2.Http2(gateway.wire(where, client_context(gateway.dir / "tls/ca.pem", alpn=("h2",)), seconds=30))

    with connect(host("idle")) as before, connect(crm) as many:
        kept = range(1, 2 * UPSTREAM_IDLE, 2)
        before.send(*[http2.headers(stream, fields(host("idle"), "/delay/idle")) for stream in kept])
        until(lambda: len(other.requests) == len(kept), "requests of the other resource")
        other.release("idle")
        equal({before.response(stream).status for stream in kept}, {200}, "those of the other resource")

        streams = range(1, 200, 2)
        many.send(*[http2.headers(stream, fields(crm, "/delay/all")) for stream in streams])
        told = lambda: [many.answer(stream) for stream in streams if many.answer(stream).over]
        many.until(lambda: len(told()) >= len(streams) - UPSTREAM_OPEN)
        equal({(each.status, each.get("retry-after")) for each in told()}, {(503, "5")}, "what those beyond are told")
        served = len(streams) - len(told())
        one_of(served, range(UPSTREAM_OPEN - UPSTREAM_IDLE, UPSTREAM_OPEN + 1), "requests that an upstream may have")
        until(lambda: len(echo.requests) == served, "them at the upstream")
        expect(open_files(gateway) < FILES, f"{open_files(gateway)} descriptors")
        equal(gateway.ask(GATE, target="/.sallyport/login").status, 200, "the gate's own page meanwhile")
        echo.release("all")
        equal(Counter(many.response(stream).status for stream in streams), {200: served, 503: len(streams) - served}, "all of them")
        many.send(http2.headers(201, fields(crm, "/after")))
        equal(many.response(201).status, 200, "the next on the same connection")
    contains(gateway.log(), "all the upstream connections it can have", "the log")
    equal([e for e in gateway.events if e["event"] == "accept_paused"], [], "accept paused")


@test
def limits_that_fit_are_left_alone(t):
    gateway = small(t, limits={"connections": 50, "upstream_connections": 4})
    equal(lowered(gateway), {}, "limits that were lowered")
    config = gateway.base_config() | {"workers": 2, "limits": {"connections": 109, "upstream_connections": 4}}
    gateway.write_config(config)
    gateway.reload()
    equal(lowered(gateway), {"limits.connections": (109, CLIENTS)}, "limits that a reload lowered")
