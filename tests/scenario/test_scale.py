"""Many at once: idle connections, WebSockets whose right ends, resources. Each measures; figures are printed to a file when
SCENARIO_FIGURES names one (bench/RESULTS.md has them). What needs more descriptors than this machine allows is skipped, and
the same test runs with as many as most machines allow."""
import json
import os
import time

from gateway import command
from native import Native, TlsCrowd, descriptors
from registry import PATIENCE, equal, expect, test
from wait import until
from world import bearer, datasource, host, keyed, upstream, world

from test_hostile_clients import FLOOR, Good, p99
from test_revocation import CLOSED_WITHIN, NO_BYTE_AFTER

OWN_FILES = 160        # what the gateway takes for itself with two workers
CLIENTS_SHARE = 0.45   # of the rest, for clients
KIB_PER_CONNECTION = 16
SAMPLE = 2000
CHANGE_WITHIN = 1.0     # seconds, the whole command


def figures(t, **values):
    if path := os.environ.get("SCENARIO_FIGURES"):
        with open(path, "a") as out:
            print(json.dumps({"test": t.name, **values}), file=out)


def for_clients(count):
    """Skipped, unless a gateway of two workers could take so many clients."""
    descriptors(int(count / CLIENTS_SHARE) + OWN_FILES + 100)


# --- idle connections

def idle_connections(t, count):
    for_clients(count * 1.02)
    echo = upstream(t)
    # Two workers share the clients by chance, not evenly: each has to have some room.
    gateway = world(t, datasource("crm", echo), workers=2, limits={"idle": "30m", "connections": int(count * 1.02)})
    crm, token = host("crm"), bearer(gateway.token("ann"))
    Good(gateway, crm, token).rounds(lambda done: done < 20)  # what is made at the first request is there
    quiet = Good(gateway, crm, token).rounds(lambda done: done < 100)
    # What comes with the first thousands (buffers of handshakes, upstream connections) is there before it is measured.
    crowds = [TlsCrowd(t, gateway, crm, count // 4, token)]
    came = [crowds[0].came()]
    before = gateway.rss_kib("RssAnon")
    crowds.append(TlsCrowd(t, gateway, crm, count - count // 4, token))
    came.append(crowds[1].came())
    equal([(each["open"], each["refused"]) for each in came], [(count // 4, 0), (count - count // 4, 0)],
          "connections that were opened and answered once")
    kib = (gateway.rss_kib("RssAnon") - before) / (count - count // 4)
    busy = Good(gateway, crm, token).rounds(lambda done: done < 100)
    for number in (SAMPLE, count):
        asked = [crowd.told(f"ask {number * share // 4}") for crowd, share in zip(crowds, (1, 3))]
        equal([(each["answered"], each["wrong"]) for each in asked], [(number // 4, 0), (number * 3 // 4, 0)],
              f"one request more of {number} of them")
    figures(t, connections=count, open_seconds=sum(each["seconds"] for each in came), kib_each=round(kib, 2),
            rss_mib=gateway.rss_kib() // 1024, all_asked_seconds=sum(each["seconds"] for each in asked),
            p99_ms={"quiet": [round(p99(quiet.kept) * 1e3, 2), round(p99(quiet.fresh) * 1e3, 2)],
                    "held": [round(p99(busy.kept) * 1e3, 2), round(p99(busy.fresh) * 1e3, 2)]})
    expect(kib <= KIB_PER_CONNECTION, f"an idle connection costs {kib:.2f} KiB")
    for what, calm, held in (("kept connections", quiet.kept, busy.kept), ("new connections", quiet.fresh, busy.fresh)):
        expect(p99(held) <= 3 * p99(calm) + FLOOR * PATIENCE,
               f"p99 on {what}: {p99(held) * 1000:.1f} ms, quiet {p99(calm) * 1000:.1f} ms")
    for crowd in crowds:
        crowd.end()
    until(lambda: "sallyport_connections_open 1\n" in gateway.admin("/metrics").text, "the gateway to let go of them", 60)
    equal(gateway.ask(crm, headers=token).status, 200, "the next client")


@test(limit=900, slow=True, alone=True)
def fifty_thousand_idle_connections(t):
    idle_connections(t, 50_000)


@test(limit=300, slow=True, alone=True)
def eight_thousand_idle_connections(t):
    idle_connections(t, 8_000)


# --- WebSockets whose right ends

def half_of_the_websockets_end(t, count):
    """The clients' own slowness counts against nobody: what came is judged by when the kernel took it from the wire."""
    for_clients(count * 1.05)
    descriptors(2 * count + OWN_FILES + 100)
    pusher = Native(t, "websocket_pusher")
    crm = host("crm")
    team = {"kind": "team", "name": "plant", "members": {"ann": "owner", "vic": "viewer"}}
    gateway = world(t, team, keyed("crm", f"http://127.0.0.1:{pusher.heard()}", access=[{"roles": ["owner", "viewer"]}]),
                    workers=2, limits={"connections": int(count * 1.05)})
    losing, keeping = [TlsCrowd(t, gateway, crm, count // 2, bearer(gateway.token(user)), kind="websocket")
                       for user in ("vic", "ann")]
    opened = [crowd.came() for crowd in (losing, keeping)]
    equal([(came["open"], came["refused"]) for came in opened], [(count // 2, 0)] * 2, "WebSockets that were opened")
    pusher.told("push 500")
    until(lambda: all(crowd.told("report")["silent"] == 0 for crowd in (losing, keeping)), "a first message everywhere", 60)
    until(lambda: pusher.told("count")["pushed"] >= 6, "some rounds of messages", 60)

    gateway.apply({**team, "members": {"ann": "owner"}})
    since = time.time()
    until(lambda: losing.told("report")["closed"] == count // 2, "all of those whose right ended to be closed", 60)
    lost = losing.told("report")
    at = pusher.told("count")["pushed"]
    until(lambda: pusher.told("count")["pushed"] >= at + 4, "more rounds for the others", 60)
    pushed = pusher.told("push 0")["pushed"]
    until(lambda: keeping.told("report")["newest_least"] == pushed, "the others to have the last message", 30)
    kept = keeping.told("report")
    figures(t, websockets=count, losing=count // 2, stamps=lost["stamps"], rss_kib=gateway.rss_kib(),
            **{f"{name}_ms": round((lost[name] - since) * 1e3, 1) for name in ("last_message", "last_close", "last_byte")})

    equal(lost["stamps"], "kernel", "who took the times")
    expect(lost["last_message"] <= since + NO_BYTE_AFTER, f"a message {lost['last_message'] - since:.3f} s after the right ended")
    expect(lost["last_byte"] <= since + CLOSED_WITHIN, f"closed {lost['last_byte'] - since:.3f} s after the right ended")
    equal((lost["codes"], lost["gaps"]), ({"1008": count // 2}, 0), "how they ended, and what they missed until then")
    equal((kept["closed"], kept["codes"], kept["gaps"], kept["silent"]), (0, {}, 0, 0), "the others")
    until(lambda: pusher.told("count")["open"] == count // 2, "the upstream connections to end", 30)
    losing.end()
    keeping.end()


@test(limit=600, slow=True, alone=True)
def five_of_ten_thousand_websockets_end(t):
    half_of_the_websockets_end(t, 10_000)


@test(limit=300, slow=True, alone=True)
def four_of_eight_thousand_websockets_end(t):
    half_of_the_websockets_end(t, 8_000)


# --- resources

def resources(count, echo):
    access = [{"roles": ["owner", "member"]}, {"roles": ["viewer"], "methods": ["GET"], "paths": ["/reports"]}]
    return [datasource(f"r{number}", echo, access=access) for number in range(count)]


@test(limit=600, slow=True, alone=True)
def a_hundred_thousand_resources(t):
    """One of them is changed while the gateway serves: the next request on every worker goes where it says now."""
    count, ups = 100_000, [upstream(t, None), upstream(t, None)]
    gateway = world(t, start=False, workers=2)
    documents = gateway.resources(resources(count, ups[0]))
    began = time.monotonic()
    equal(command("apply", "-c", gateway.file, "-f", documents, seconds=300).code, 0, "exit code of the large apply")
    applied = time.monotonic() - began
    began = time.monotonic()
    gateway.start()
    ready, rss = time.monotonic() - began, gateway.rss_kib()
    token, where, changes = bearer(gateway.token("ann")), host("r777"), []
    for turn in range(1, 6):
        began = time.monotonic()
        gateway.apply(datasource("r777", ups[turn % 2]))
        changes.append(time.monotonic() - began)
        before = len(ups[turn % 2].requests)
        for _ in range(8):  # new connections: both workers are asked
            equal(gateway.ask(where, headers=token).status, 200, "status")
        equal(len(ups[turn % 2].requests) - before, 8, "requests where the change says")
    equal(gateway.ask(host("r99999"), headers=token).status, 200, "another one of them")
    equal(gateway.ask(host("r100000"), headers=token).status, 404, "one that is not there")
    figures(t, resources=count, apply_all_seconds=round(applied, 2), ready_seconds=round(ready, 2), rss_mib=rss // 1024,
            change_seconds=[round(each, 2) for each in sorted(changes)])
    expect(sorted(changes)[2] <= CHANGE_WITHIN * PATIENCE, f"a change took {sorted(changes)} s")
