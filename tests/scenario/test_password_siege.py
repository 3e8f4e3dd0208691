"""Ten thousand wrong passwords a minute: who is signed in works on as before, and the victim signs in from a known device (A9).

Two sieges: one that the limits hold, and one of ever new names and addresses, which they let through to the lane where passwords
are hashed. Quiet and siege take turns, so that whatever else this machine does falls on both. Figures are printed to a file when
SCENARIO_FIGURES names one (bench/RESULTS.md has them)."""
import os
import time

from gateway import GATE
from native import Native
from registry import PATIENCE, equal, expect, test
from test_hostile_clients import FLOOR, p99
from test_known_device import attempt, device_of, metric
from test_passwords import IMPOSSIBLE
from test_scale import figures
from wait import until
from web_client import PASSWORD
from world import datasource, host, signed_in, upstream, world

PER_MINUTE = 10_000
PER_SECOND = 200     # requests of the one who works
TWICE = 2.0
QUIET_FLOOR = 1.0    # ms; what a machine that does nothing else may add to one request in a hundred
STRANGERS = 0.3      # of a core: with more than that it does something else, and adds up to test_hostile_clients' FLOOR


def siege(t, gateway, names, sources, per_minute=PER_MINUTE):
    attackers = Native(t, "password_siege", gateway.port, GATE, "guess", per_minute, names, sources)
    attackers.heard()  # all of them are connected
    return attackers


def say(attackers, word):
    attackers.process.stdin.write(word + "\n")


def lifted(attackers):
    attackers.process.stdin.close()
    return attackers.heard()


def cores_busy():
    """(seconds of all cores that were used, now)."""
    fields = open("/proc/stat").readline().split()[1:]
    idle = int(fields[3]) + int(fields[4])
    return (sum(map(int, fields[:8])) - idle) / os.sysconf("SC_CLK_TCK"), time.monotonic()


def lane_is_empty(gateway):
    return metric(gateway, "password_hashes_queued") + metric(gateway, "password_hashes_running") == 0


class Working:
    """Requests of somebody who is signed in; how long they took, in milliseconds."""

    def __init__(self, t, gateway, where, cookie):
        self.process = Native(t, "password_siege", gateway.port, where, "ask", f"Cookie: {cookie}")
        self.quiet, self.besieged, self.strangers = [], [], []
        self.process.told(f"{PER_SECOND} {PER_SECOND}")  # what is made at the first request is there

    def begin(self, requests):
        self.process.process.stdin.write(f"{requests} {PER_SECOND}\n")

    def end(self, times):
        told = self.process.heard()
        equal(told["wrong"], 0, "answers that were not 200")
        times.extend(told["took"])

    def in_quiet(self, requests):
        used, began = cores_busy()
        self.begin(requests)
        self.end(self.quiet)
        now_used, now = cores_busy()
        self.strangers.append((now_used - used) / (now - began))


def besieged(t, requests, turns, names, sources):
    """What the guesses were told. Checked: the time of requests meanwhile, and how the victim fared."""
    gateway = world(t, datasource("crm", upstream(t, None)), workers=2, trusted_proxies=["127.0.0.1/32"])
    crm = host("crm")
    worker, victim = signed_in(gateway, "mel", crm), signed_in(gateway, "ann")
    working = Working(t, gateway, crm, worker.cookie(crm))
    attackers = siege(t, gateway, names, sources)
    knocks = []
    for _ in range(turns):
        until(lambda: lane_is_empty(gateway), "the lane to be empty", 30)
        working.in_quiet(requests)
        say(attackers, "on")
        working.begin(requests)
        knocks.append(attempt(gateway, "ann", PASSWORD, "127.0.0.9", device_of(victim)).status)
        working.end(working.besieged)
        say(attackers, "off")
    told = lifted(attackers)
    answers = {int(status): count for status, count in told["statuses"].items()}
    calm, busy, others = p99(working.quiet), p99(working.besieged), max(working.strangers)
    figures(t, p99_ms=[calm, busy], p50_ms=[p99_of(working.quiet, 0.5), p99_of(working.besieged, 0.5)], answers=answers,
            per_minute=round(told["sent"] / told["seconds"] * 60), strangers=[round(each, 2) for each in working.strangers],
            rss_mib=gateway.rss_kib() // 1024, rss_most_mib=gateway.rss_kib("VmHWM") // 1024,
            hashes=metric(gateway, "password_hashes_total"), waited=metric(gateway, "password_hash_wait_seconds_total"))
    equal(set(knocks), {200}, f"the victim on a known device: {knocks}")
    floor = QUIET_FLOOR if others < STRANGERS else FLOOR * 1000
    expect(busy <= TWICE * calm + floor * PATIENCE, f"p99 under siege {busy:.1f} ms of {len(working.besieged)}, quiet {calm:.1f} ms, "
           f"while others used {others:.1f} cores")
    return gateway, answers, told


def p99_of(times, part):
    return sorted(times)[int(len(times) * part)]


def held(t, requests, turns):
    gateway, answers, _ = besieged(t, requests, turns, names=5, sources=5000)
    equal(set(answers) - {401, 429, 503}, set(), f"answers {answers}")
    expect(answers[429] > 0.5 * sum(answers.values()), f"most are told to wait: {answers}")
    until(lambda: attempt(gateway, "victim-1", IMPOSSIBLE, "127.0.0.8").status == 429, "a stranger at a besieged name to be told so")


def let_through(t, requests, turns):
    gateway, answers, _ = besieged(t, requests, turns, names=0, sources=65000)
    equal(set(answers) - {401, 503}, set(), f"nothing is limited: {answers}")
    expect(answers[503] > 0.5 * sum(answers.values()), f"most find the lane full: {answers}")
    equal(metric(gateway, "password_hashes_refused_total"), answers[503], "refusals of the lane")


@test(alone=True, limit=120)
def what_the_limits_hold_is_not_felt(t):
    held(t, 200, 3)


@test(alone=True, limit=120)
def what_comes_through_to_the_lane_is_not_felt(t):
    let_through(t, 200, 3)


@test(alone=True, limit=600, slow=True)
def a_long_siege_that_the_limits_hold(t):
    held(t, 2000, 12)


@test(alone=True, limit=600, slow=True)
def a_long_siege_of_the_lane(t):
    let_through(t, 2000, 12)


@test(alone=True, limit=300, slow=True)
def memory_stays_whatever_is_invented(t):
    """Ever new names and addresses: what the limits remember of them is bounded."""
    gateway = world(t, workers=2, trusted_proxies=["127.0.0.1/32"])
    seen, sent = [], 0
    attackers = siege(t, gateway, 0, 16_000_000, per_minute=600_000)
    say(attackers, "on")
    asking = Native(t, "password_siege", gateway.port, GATE, "ask", "Accept: text/html")
    for _ in range(4):
        asking.told("1500 100")
        seen.append(gateway.rss_kib("RssAnon"))
    sent = lifted(attackers)["sent"]
    figures(t, rss_anon_kib=seen, sent=sent)
    expect(sent > 2 * 65_536, f"more than the limits remember: {sent}")
    expect(seen[3] - seen[2] < 16 * 1024, f"memory after each quarter: {seen} KiB")
