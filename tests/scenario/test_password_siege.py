"""Ten thousand wrong passwords a minute: who is signed in works on as before, and the victim signs in from a known device (A9).

Two sieges: one that the limits hold, and one of ever new names and addresses, which they let through to the lane where passwords
are hashed. Figures are printed to a file when SCENARIO_FIGURES names one (bench/RESULTS.md has them)."""
import statistics

from gateway import GATE
from native import Native
from registry import equal, expect, test
from test_known_device import attempt, device_of, metric
from test_scale import figures
from web_client import PASSWORD
from world import datasource, host, signed_in, upstream, world

PER_MINUTE = 10_000
PER_SECOND = 200   # requests of the one who works
TIMES = 3          # pairs of quiet and siege; the median of their ratios counts
TWICE = 2.0
FLOOR = 1.0        # ms: what a machine that does nothing else adds to one request in a hundred, now and then


def siege(t, gateway, names, sources):
    return Native(t, "password_siege", gateway.port, GATE, "guess", PER_MINUTE, names, sources)


def lifted(process):
    process.process.stdin.close()
    return process.heard()


def besieged(t, requests, times, names, sources):
    """The ratios of p99 under siege and quiet, what the guesses were told, and how the victim fared."""
    gateway = world(t, datasource("crm", upstream(t, None)), workers=2, trusted_proxies=["127.0.0.1/32"])
    crm = host("crm")
    worker, victim = signed_in(gateway, "mel", crm), signed_in(gateway, "ann")
    asking = Native(t, "password_siege", gateway.port, crm, "ask", f"Cookie: {worker.cookie(crm)}")
    asking.told(f"{requests // 2} {PER_SECOND}")  # what is made at the first request is there
    pairs, answers, knocks = [], {}, []
    for _ in range(times):
        quiet = asking.told(f"{requests} {PER_SECOND}")
        attackers = siege(t, gateway, names, sources)
        asking.process.stdin.write(f"{requests} {PER_SECOND}\n")
        knocks.append(attempt(gateway, "ann", PASSWORD, "127.0.0.9", device_of(victim)).status)
        busy = asking.heard()
        knocks.append(attempt(gateway, "ann", PASSWORD, "127.0.0.9", device_of(victim)).status)
        told = lifted(attackers)
        for status, count in told["statuses"].items():
            answers[int(status)] = answers.get(int(status), 0) + count
        rate = told["sent"] / told["seconds"] * 60
        expect(rate > 0.8 * PER_MINUTE, f"{rate:.0f} wrong passwords a minute")
        equal((quiet["wrong"], busy["wrong"]), (0, 0), "answers that were not 200")
        pairs.append((quiet["p99"], busy["p99"]))
    figures(t, p99_ms=pairs, answers=answers, rss_mib=gateway.rss_kib() // 1024, rss_most_mib=gateway.rss_kib("VmHWM") // 1024,
            hashes=metric(gateway, "password_hashes_total"), waited=metric(gateway, "password_hash_wait_seconds_total"))
    equal(set(knocks), {200}, f"the victim on a known device: {knocks}")
    ratio = statistics.median(busy / max(quiet, FLOOR / TWICE) for quiet, busy in pairs)
    expect(ratio <= TWICE, f"p99 under siege is {ratio:.2f} times the quiet one: {pairs} ms")
    return gateway, answers


def held(t, requests, times):
    gateway, answers = besieged(t, requests, times, names=5, sources=5000)
    equal(set(answers) - {401, 429, 503}, set(), f"answers {answers}")
    expect(answers[429] > 0.8 * sum(answers.values()), f"most are told to wait: {answers}")
    equal(attempt(gateway, "victim-1", PASSWORD, "127.0.0.8").status, 429, "a stranger at a besieged name")


def let_through(t, requests, times):
    gateway, answers = besieged(t, requests, times, names=0, sources=65000)
    equal(set(answers) - {401, 503}, set(), f"nothing is limited: {answers}")
    expect(answers[503] > 0.5 * sum(answers.values()), f"most find the lane full: {answers}")
    equal(metric(gateway, "password_hashes_refused_total"), answers[503], "refusals of the lane")


@test(alone=True, limit=90)
def what_the_limits_hold_is_not_felt(t):
    held(t, 300, TIMES)


@test(alone=True, limit=90)
def what_comes_through_to_the_lane_is_not_felt(t):
    let_through(t, 300, TIMES)


@test(alone=True, limit=400, slow=True)
def a_long_siege_that_the_limits_hold(t):
    held(t, 6000, TIMES)


@test(alone=True, limit=400, slow=True)
def a_long_siege_of_the_lane(t):
    let_through(t, 6000, TIMES)


@test(alone=True, limit=300, slow=True)
def memory_stays_whatever_is_invented(t):
    """A minute of new names and addresses, three times over: what the limits remember of them is bounded."""
    gateway = world(t, workers=2, trusted_proxies=["127.0.0.1/32"])
    seen = []
    for _ in range(3):
        attackers = Native(t, "password_siege", gateway.port, GATE, "guess", 600_000, 0, 16_000_000)
        asking = Native(t, "password_siege", gateway.port, GATE, "ask", "Accept: text/html")
        asking.told("1000 100")
        lifted(attackers)
        seen.append(gateway.rss_kib("RssAnon"))
    figures(t, rss_anon_kib=seen)
    expect(seen[2] - seen[1] < 32 * 1024, f"memory after each round: {seen} KiB")
