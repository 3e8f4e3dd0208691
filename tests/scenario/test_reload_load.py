"""Many reloads while much is going on: listeners come and go, certificates and limits change, and no request fails."""
import os
import threading

import certs
import ports
from registry import equal, expect, test
from test_reload import NAMES, put_certificate, settled
from test_revocation import unharmed
from wait import until
from websocket_crowd import Crowd
from wire import Closed, Wire, client_context, request_bytes
from world import bearer, host, keyed, upstream, world

DOWNLOADS, DOWNLOAD_BYTES = 20, 1_000_000
KEEP_ALIVES, NEWCOMERS = 4, 2


class Load:
    """Requests without a pause from threads of its own; what went wrong is kept."""

    def __init__(self, gateway, crm, token):
        self.gateway, self.crm, self.token = gateway, crm, token
        self.wrong, self.answers = [], 0
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(work,))
                         for work in [self._keep_alive] * KEEP_ALIVES + [self._newcomer] * NEWCOMERS]
        for thread in self._threads:
            thread.start()

    def _run(self, work):
        try:
            work()
        except Exception as fault:  # whatever it is, it is what we look for
            self.wrong.append(f"{work.__name__}: {type(fault).__name__}: {fault}")

    def _request(self, connection):
        connection.send(request_bytes("GET", "/bytes/2000", f"{self.crm}:{self.gateway.port}", self.token))
        response = connection.response()
        if (response.status, len(response.body)) != (200, 2000):
            raise Closed(f"{response.status} with {len(response.body)} bytes")
        with self._lock:
            self.answers += 1
        return response

    def _connection(self):
        return Wire(self.gateway.port, self.crm, client_context(), seconds=40)

    def _keep_alive(self):
        """One connection for the whole time: it is never told to go."""
        with self._connection() as connection:
            while not self._stop.is_set():
                if self._request(connection).get("connection").lower() == "close":
                    raise Closed("told to go")

    def _newcomer(self):
        while not self._stop.is_set():
            with self._connection() as connection:
                self._request(connection)

    def end(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()


class Streams:
    """What lasts over all reloads: downloads, and WebSockets that are pushed numbered messages all the time."""

    def __init__(self, t, gateway, echo, crm, token, live, websockets):
        self.echo, self.downloads = echo, []
        self.crowd = Crowd(t, gateway, live, host("live"))
        self.crowd.open(websockets, token)
        self.crowd.start(0.5)
        for _ in range(DOWNLOADS):
            connection = Wire(gateway.port, crm, client_context(), seconds=60)
            t.defer(connection.close)
            connection.send(request_bytes("GET", f"/slow-body/{DOWNLOAD_BYTES}", f"{crm}:{gateway.port}", token))
            self.downloads.append((connection, connection.head()))

    def finish(self):
        self.crowd.end()
        equal(unharmed(self.crowd.members, self.crowd.pushed)[:3], [], f"WebSockets that lost one of {self.crowd.pushed} messages")
        self.echo.release("slow-body")
        for connection, response in self.downloads:
            equal(len(connection.body(response).body), DOWNLOAD_BYTES, "bytes of a download that was running all the time")


def reloads_under_load(t, rounds, websockets):
    echo, live = upstream(t), upstream(t, None)
    gateway = world(t, keyed("crm", echo), keyed("live", live), workers=2)
    crm, token = host("crm"), bearer(gateway.token("ann"))
    pairs = [certs.gate_pair(t.dir, name, *NAMES) for name in ("one", "two")]
    with_less, with_more = settled(gateway), settled(gateway)
    with_more["listeners"].append({**with_more["listeners"][0], "address": f"127.0.0.1:{ports.take()}"})
    with_more["limits"] = {"headers": 50, "connections": 5000}
    streams = Streams(t, gateway, echo, crm, token, live, websockets)
    load = Load(gateway, crm, token)
    until(lambda: load.answers > 50 or load.wrong, "the load to begin")
    descriptors = open_descriptors(gateway)
    for turn in range(rounds):
        put_certificate(gateway, *pairs[turn % 2])
        gateway.write_config((with_more, with_less)[turn % 2])
        gateway.reload()
        expect(not load.wrong, f"after {turn + 1} reloads: {load.wrong[:5]}")
    load.end()
    equal(load.wrong[:5], [], f"failed requests among {load.answers}")
    streams.finish()
    until(lambda: open_descriptors(gateway) <= descriptors, "no more descriptors than before")
    equal(gateway.must("audit", "verify").split()[0], "ok", "audit verify")


def open_descriptors(gateway):
    try:
        return len(os.listdir(f"/proc/{gateway.process.pid}/fd"))
    except PermissionError:  # a gateway hides itself; root alone may look
        return 0


@test(limit=120)
def twenty_reloads_under_load_drop_nothing(t):
    reloads_under_load(t, 20, 100)


@test(limit=900, slow=True)
def a_thousand_reloads_under_load_drop_nothing(t):
    reloads_under_load(t, 1000, 500)
