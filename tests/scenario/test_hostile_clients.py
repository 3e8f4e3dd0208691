"""Slow and flooding clients, all kinds at once: the others are served as before, memory stays, and each is let go in time."""
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from registry import PATIENCE, equal, expect, test
from wire import client_context, request_bytes
from world import bearer, datasource, host, upstream, world

LIMITS = {"tls_handshake": "2s", "head": "2s", "idle": "3s", "body": "2s", "write": "2s"}
SECONDS = 8          # how long the crowd comes again
FLOOR = 0.030        # seconds: what the machine itself may add to one request in a hundred
MEMORY = 64 * 1024   # KiB
# kind -> (what is said, seconds to the end: from, to); the last leaves room for a busy machine
LET_GO = {
    "slowloris": ("HTTP/1.1 408", 1.5, 5), "byte by byte": ("HTTP/1.1 408", 1.5, 5), "half a head": ("HTTP/1.1 408", 1.5, 5),
    "no body": ("HTTP/1.1 408", 1.5, 5), "half a chunk": ("HTTP/1.1 408", 1.5, 5), "slow body": ("HTTP/1.1 200", 3, 9),
    "no reader": ("HTTP/1.1 200", 1.5, 10), "pipelined unread": ("HTTP/1.1 200", 1.5, 10), "idle": ("", 2.5, 6),
    "no handshake": ("", 1.5, 5), "half a hello": ("", 1.5, 5), "hello by bytes": ("", 1.5, 5), "a hello too long": (None, 0, 5)}


class Crowd:
    def __init__(self, t, gateway, where, token):
        program = Path(__file__).with_name("hostile_clients.py")
        self.process = subprocess.Popen([sys.executable, program, str(gateway.port), where, token,
                                         gateway.dir / "tls/ca.pem", str(SECONDS)], stdout=subprocess.PIPE, text=True)
        t.defer(self.process.wait)
        t.defer(self.process.kill)
        self.ended, self._there = [], threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        expect(self._there.wait(30 * PATIENCE), "the crowd does not come")

    def _read(self):
        for line in self.process.stdout:
            if line == "crowd\n":
                self._there.set()
            else:
                self.ended.append(json.loads(line))

    def all_ended(self):
        self._reader.join(60 * PATIENCE)
        expect(not self._reader.is_alive(), "somebody of the crowd was never let go")
        return self.ended


class Good:
    """Requests one after the other, on a connection that lives and on new ones; how long each took."""

    def __init__(self, gateway, where, headers):
        self.gateway, self.where = gateway, where
        self.request = request_bytes("GET", "/", f"{where}:{gateway.port}", headers)
        self.context = client_context(gateway.dir / "tls/ca.pem")
        self.kept, self.fresh, self.growth = [], [], 0

    def ask(self, connection):
        connection.send(self.request)
        equal(connection.response().status, 200, "status of a good request")

    def rounds(self, go_on):
        """While go_on(rounds so far): 20 requests on one connection, and one on a new one."""
        before, count = self.gateway.rss_kib(), 0
        with self.gateway.wire(self.where, self.context) as connection:
            self.ask(connection)
            while go_on(count):
                for _ in range(20):
                    began = time.monotonic()
                    self.ask(connection)
                    self.kept.append(time.monotonic() - began)
                began = time.monotonic()
                with self.gateway.wire(self.where, self.context) as new:
                    self.ask(new)
                self.fresh.append(time.monotonic() - began)
                self.growth = max(self.growth, self.gateway.rss_kib() - before)
                count += 1
        return self


def p99(times):
    return sorted(times)[int(len(times) * 0.99)]


@test(limit=180, alone=True)
def the_others_are_served_as_before(t):
    echo = upstream(t, None)
    gateway = world(t, datasource("crm", echo), limits=LIMITS)
    crm, token = host("crm"), gateway.token("ann")
    quiet = Good(gateway, crm, bearer(token)).rounds(lambda count: count < 50)
    before = gateway.rss_kib()
    crowd = Crowd(t, gateway, crm, token)
    end = time.monotonic() + SECONDS
    loud = Good(gateway, crm, bearer(token)).rounds(lambda _: time.monotonic() < end)
    growth = gateway.rss_kib("VmHWM") - before
    ended = crowd.all_ended()

    wrong = Counter()
    for one in ended:
        said, least, most = LET_GO.get(one["kind"], (None, 0, 60))
        if one["kind"] == "slow body" and one["gap"] > 1.5:
            continue  # the machine had no time for this client: it was slower than it meant to be
        if said is not None and not (one["said"].startswith(said) and (said or not one["said"])):
            wrong[f"{one['kind']}: {one['said'][:40]!r}"] += 1
        elif not least <= one["seconds"] <= most * PATIENCE:
            wrong[f"{one['kind']}: let go after {one['seconds']:.0f} s"] += 1
    equal(dict(wrong), {}, "what became of the crowd")
    kinds = Counter(one["kind"] for one in ended)
    equal([kind for kind in LET_GO if not kinds[kind]], [], "kinds of which nobody was let go")
    equal(kinds["slow reader"], 0, "readers let go that are slow and within the limits")
    for what, calm, busy in (("kept connections", quiet.kept, loud.kept), ("new connections", quiet.fresh, loud.fresh)):
        expect(p99(busy) <= 3 * p99(calm) + FLOOR * PATIENCE,
               f"p99 on {what}: {p99(busy) * 1000:.1f} ms of {len(busy)}, quiet {p99(calm) * 1000:.1f} ms")
    sanitised = PATIENCE > 1  # a sanitizer's allocator keeps what was freed, for a while
    expect(growth < MEMORY * (8 if sanitised else 1), f"the crowd cost {growth} KiB")
    equal(gateway.ask(crm, headers=bearer(token)).status, 200, "the next client")
