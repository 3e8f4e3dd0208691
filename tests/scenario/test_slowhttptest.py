"""slowhttptest's four attacks, a thousand connections for half a minute each: the others are served as before, memory stays."""
import re
import shutil
import subprocess
import sys
import time
from collections import Counter

import certs
import ports
from native import TESTBED, Native
from registry import PATIENCE, Skipped, equal, expect, test
from world import bearer, datasource, host, instance, world

from test_hostile_clients import FLOOR, MEMORY, Good, p99
from test_scale import figures

SECONDS = 30
ATTACKS = {  # name -> (path, options)
    "slow headers": ("/", ["-H", "-i", "3", "-x", "24", "-t", "GET"]),
    "slow body": ("/sink", ["-B", "-i", "3", "-s", "100000", "-x", "20", "-t", "POST"]),
    "range": ("/bytes/100000", ["-R", "-a", "5", "-b", "3000", "-t", "GET"]),
    "slow read": ("/bytes/200000", ["-X", "-w", "512", "-y", "1024", "-n", "3", "-z", "32", "-k", "3"]),
}


def other_process(case):
    """The echo upstream, where it takes no time of the process that measures: its URL."""
    port = ports.take()
    process = subprocess.Popen([sys.executable, TESTBED / "echo_upstream.py", str(port)], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    case.defer(process.wait)
    case.defer(process.kill)
    equal(process.stdout.readline(), f"READY {port}\n", "what the echo upstream says")
    return f"http://127.0.0.1:{port}"


def attacked(t, gateway, crm, token, path, options):
    """(seconds of each good request: kept and new connections, KiB grown, what slowhttptest said) while it attacks."""
    before = gateway.rss_kib()
    log = (t.dir / "slowhttptest.log").open("w+")
    attack = subprocess.Popen(["slowhttptest", *options, "-c", "1000", "-r", "200", "-l", str(SECONDS), "-p", "5",
                               "-u", f"https://localhost:{gateway.port}{path}"], stdin=subprocess.DEVNULL, stdout=log,
                              stderr=subprocess.STDOUT, cwd=t.dir)
    t.defer(attack.wait)
    t.defer(attack.kill)
    end = time.monotonic() + SECONDS
    good = Good(gateway, crm, token).rounds(lambda _: time.monotonic() < end and attack.poll() is None)
    attack.wait(60 * PATIENCE)
    log.seek(0)
    return good, gateway.rss_kib("VmHWM") - before, log.read()


def answers(gateway):
    """What became so far of the requests that are not ours: {status and reason: how many}, by the audit log."""
    listed = gateway.listing("audit", "list", "-n", "1000000")
    return Counter(f"{entry.get('status')} {entry.get('reason', '')}" for entry in listed if entry.get("resource") != "crm")


@test(limit=400, slow=True, alone=True)
def a_thousand_connections_of_each_kind(t):
    if not shutil.which("slowhttptest"):
        raise Skipped("slowhttptest is not installed")
    fast = Native(t, "websocket_pusher")  # answers any request at once
    gateway = world(t, datasource("crm", f"http://127.0.0.1:{fast.heard()}"),
                    instance("open", other_process(t), at="localhost", areas=[{"name": "all", "paths": ["/"], "public": True}]),
                    start=False)
    config = gateway.base_config()
    # The first: slowhttptest asks for no name, and gets what is for it.
    own = dict(zip(("cert", "key"), map(str, certs.gate_pair(t.dir, "own", "localhost"))))
    config["listeners"][0]["tls"]["certificates"].insert(0, own)
    gateway.write_config(config)
    gateway.start()
    crm, token, wrong = host("crm"), bearer(gateway.token("ann")), []
    quiet = Good(gateway, crm, token).rounds(lambda count: count < 150)
    for name, (path, options) in ATTACKS.items():
        good, growth, said = attacked(t, gateway, crm, token, path, options)
        figures(t, attack=name, requests=len(good.kept) + len(good.fresh), growth_kib=growth,
                p99_ms={"quiet": [round(p99(quiet.kept) * 1e3, 2), round(p99(quiet.fresh) * 1e3, 2)],
                        "attacked": [round(p99(good.kept) * 1e3, 2), round(p99(good.fresh) * 1e3, 2)]},
                answers=answers(gateway))
        expect(re.search("service available:[^A-Z]*YES", said), f"{name}: what slowhttptest says: {said[-600:]}")
        for what, calm, busy in (("kept", quiet.kept, good.kept), ("new", quiet.fresh, good.fresh)):
            if p99(busy) > 3 * p99(calm) + FLOOR * PATIENCE:
                wrong.append(f"{name}: p99 on {what} connections {p99(busy) * 1e3:.1f} ms, quiet {p99(calm) * 1e3:.1f} ms")
        if growth >= MEMORY:
            wrong.append(f"{name}: cost {growth} KiB")
        equal(gateway.ask(crm, headers=token).status, 200, f"the next client after {name}")
    equal(wrong, [], "what the attacks did to others")
    expect("accept_paused" not in gateway.log(), "accept paused")
