"""Rate limits: whose requests count together, where, and what a client is told. Judged by counts; nothing sleeps."""
import json
import threading

from gateway import GATE, command
from registry import contains, equal, expect, test
from test_sign_in import error_body
from wait import until
from web_client import HTML
from websocket_client import WebSocket
from wire import request_bytes
from world import bearer, datasource, host, signed_in, upstream, world

PROXY = {"trusted_proxies": ["127.0.0.1/32"]}
CRM = host("crm")


def limit(by, requests, per="1h", **more):
    return {"by": by, "requests": requests, "per": per} | more


def platform(*limits):
    return {"kind": "platform", "name": "platform", "rate_limits": list(limits)}


def asked(gateway, times, headers=(), address=None, where=CRM, target="/", **more):
    """The statuses of that many requests, one after the other."""
    fields = list(headers) + ([("X-Forwarded-For", address)] if address else [])
    return [gateway.ask(where, target=target, headers=fields, **more).status for _ in range(times)]


@test
def by_address_each_network_has_its_own(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, rate_limits=[limit("address", 3)]), **PROXY)
    ann = bearer(gateway.token("ann"))
    equal(asked(gateway, 5, ann, "198.51.100.1"), [200] * 3 + [429] * 2, "one address")
    equal(asked(gateway, 4, ann, "198.51.100.2"), [200] * 3 + [429], "its neighbour (IPv4: /32)")
    equal(asked(gateway, 2, ann, "2001:db8:1:2::1") + asked(gateway, 2, ann, "2001:db8:1:2:ffff::9"), [200] * 3 + [429],
          "two of one /64")
    equal(asked(gateway, 1, ann, "2001:db8:1:3::1"), [200], "the /64 beside it")
    equal(asked(gateway, 1, ann, "::ffff:198.51.100.1"), [429], "the same IPv4 address in its mapped spelling")
    equal(len(echo.requests), 10, "what reached the upstream")
    contains(gateway.admin("/metrics").text, "\nsallyport_rate_limited_total 5\n", "the metric")


@test
def a_forged_address_does_not_escape(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, rate_limits=[limit("address", 3)]), trusted_proxies=["127.0.0.9/32"])
    ann = bearer(gateway.token("ann"))
    statuses = [status for i in range(6) for status in asked(gateway, 1, ann, f"198.51.100.{i}")]
    equal(statuses, [200] * 3 + [429] * 3, "another X-Forwarded-For each time, from no trusted proxy")


@test
def a_refusal_says_when_to_come_back_and_is_on_record(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, rate_limits=[limit("address", 3)]))
    ann = bearer(gateway.token("ann"))
    asked(gateway, 3, ann)
    response = gateway.ask(CRM, target="/secret/path", headers=ann)
    equal(response.status, 429, "the fourth")
    expect(1190 <= int(response.get("retry-after")) <= 1200, f"Retry-After of one third of an hour: {response.get('retry-after')}")
    equal(error_body(response)["error"], "too_many_requests", "the code")
    page = gateway.ask(CRM, headers=[("Accept", HTML)])
    equal(page.status, 429, "a browser's page load")
    contains(page.text, "Too many requests", "its page")
    entry = next(entry for entry in gateway.audit() if entry.get("path") == "/secret/path")
    equal((entry["outcome"], entry["reason"], entry["status"]), ("refused", "rate limit", 429), "the audit entry")


@test
def who_comes_back_when_told_is_let_in(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, rate_limits=[limit("address", 1, "1s")]))
    ann = bearer(gateway.token("ann"))
    equal(asked(gateway, 1, ann), [200], "the first")
    refused = until(lambda: next((r for r in [gateway.ask(CRM, headers=ann)] if r.status == 429), None), "a refusal")
    equal(refused.get("retry-after"), "1", "Retry-After")
    until(lambda: gateway.ask(CRM, headers=ann).status == 200, "the second to get in", 5)


@test
def a_burst_goes_beyond_the_rate_once(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, rate_limits=[limit("address", 1, burst=4)]))
    equal(asked(gateway, 6, bearer(gateway.token("ann"))), [200] * 4 + [429] * 2, "four at once, then one an hour")


@test
def by_user_whatever_they_come_with(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, rate_limits=[limit("user", 4)]), **PROXY)
    one, two = bearer(gateway.token("ann", name="one")), bearer(gateway.token("ann", name="two"))
    browser = signed_in(gateway, "ann")
    browser.open(CRM)  # the hand-over; the first page it brings counts for ann, and the way there for nobody, by address
    got = asked(gateway, 1, one, "198.51.100.1") + asked(gateway, 1, two, "198.51.100.2") + \
        asked(gateway, 1, browser.headers(CRM), "198.51.100.3") + asked(gateway, 1, one, "198.51.100.4")
    equal(got, [200, 200, 200, 429], "two tokens and a session of one user, after one page")
    equal(asked(gateway, 2, bearer(gateway.token("mel"))), [200, 200], "another user")
    equal(asked(gateway, 5, (), "198.51.100.9"), [401] * 4 + [429], "nobody counts by address")
    equal(asked(gateway, 1, (), "198.51.100.10"), [401], "and by each for itself")


@test
def by_token_each_for_itself_and_no_session(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, rate_limits=[limit("token", 2)]), **PROXY)
    one, two = bearer(gateway.token("ann", name="one")), bearer(gateway.token("ann", name="two"))
    browser = signed_in(gateway, "ann", CRM)
    equal(asked(gateway, 3, one), [200, 200, 429], "one token")
    equal(asked(gateway, 3, two), [200, 200, 429], "another of the same user")
    equal(asked(gateway, 4, browser.headers(CRM)), [200] * 4, "a session")
    equal(asked(gateway, 3, (), "198.51.100.9"), [401, 401, 429], "nobody, by address")


@test
def by_all_everybody_together_and_the_platforms_everywhere(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, rate_limits=[limit("all", 3)]), datasource("erp", echo), **PROXY)
    ann, mel = bearer(gateway.token("ann")), bearer(gateway.token("mel"))
    equal(asked(gateway, 2, ann, "198.51.100.1") + asked(gateway, 2, mel, "198.51.100.2"), [200] * 3 + [429], "of crm")
    equal(asked(gateway, 1, ann, where=host("erp")), [200], "erp is another resource")
    gateway.apply(platform(limit("all", 4)))
    equal(asked(gateway, 2, ann, where=host("erp")), [200, 200], "of the platform")
    equal(asked(gateway, 1, where=GATE, target="/.sallyport/login"), [200], "the gate's page counts")
    equal(asked(gateway, 1, where=host("erp"), target="/.sallyport/logout", headers=[("Accept", HTML)])[0] != 429, True,
          "and the gate's own paths on a host")
    equal(asked(gateway, 1, ann, where=host("erp")), [429], "the fifth")
    page = gateway.ask(GATE, target="/.sallyport/login", headers=[("Accept", HTML)])
    equal(page.status, 429, "the gate's page")
    expect(int(page.get("retry-after")) > 0, "Retry-After of the gate's page")


@test
def a_resources_limit_does_not_count_what_the_gate_answers_there(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, rate_limits=[limit("address", 1)]))
    for _ in range(4):
        expect(gateway.ask(CRM, target="/.sallyport/logout", headers=[("Accept", HTML)]).status != 429, "a page of the gate")
    equal(asked(gateway, 2, bearer(gateway.token("ann"))), [200, 429], "the resource")


@test
def addresses_are_counted_before_anybody_is_identified(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, rate_limits=[limit("address", 3), limit("user", 1)]))
    equal(asked(gateway, 5, bearer("spt_" + "A" * 43)), [401] * 3 + [429] * 2, "guessed tokens")
    equal(asked(gateway, 1, bearer(gateway.token("ann")), source="127.0.0.7"), [200], "another address")
    preflight = [("Origin", "https://x.test"), ("Access-Control-Request-Method", "GET")]
    statuses = [gateway.ask(CRM, "OPTIONS", headers=preflight, source="127.0.0.8").status for _ in range(4)]
    equal(statuses, [403] * 3 + [429], "pre-flights")


@test
def what_one_address_has_too_much_of_is_not_taken_from_everybody(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, rate_limits=[limit("all", 10), limit("address", 2)]), **PROXY)
    ann = bearer(gateway.token("ann"))
    equal(asked(gateway, 30, ann, "198.51.100.1").count(200), 2, "one that insists")
    others = [status for i in range(2, 12) for status in asked(gateway, 1, ann, f"198.51.100.{i}")]
    equal(others, [200] * 8 + [429] * 2, "ten others: eight are left of the ten")


@test
def all_workers_together_keep_the_limit(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, rate_limits=[limit("all", 20)]), workers=2)
    ann = bearer(gateway.token("ann"))
    statuses, lock = [], threading.Lock()

    def ask():
        got = asked(gateway, 10, ann)
        with lock:
            statuses.extend(got)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal((statuses.count(200), statuses.count(429)), (20, 40), "sixty requests on connections of their own")
    equal(len(echo.requests), 20, "what reached the upstream")


@test
def a_change_of_limits_is_in_force_at_once(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo))
    ann = bearer(gateway.token("ann"))
    equal(asked(gateway, 3, ann), [200] * 3, "without a limit")
    gateway.apply(datasource("crm", echo, rate_limits=[limit("address", 1)]))
    equal(asked(gateway, 2, ann), [200, 429], "with one")
    gateway.apply(datasource("crm", echo, rate_limits=[limit("address", 1)], origins=["https://x.test"]))
    equal(asked(gateway, 1, ann), [429], "another change of the resource forgets nothing")
    gateway.apply(datasource("crm", echo, rate_limits=[limit("user", 5), limit("address", 1)]))
    equal(asked(gateway, 1, ann), [429], "neither does another limit before it")
    gateway.apply(datasource("crm", echo, rate_limits=[limit("address", 2)]))
    equal(asked(gateway, 3, ann), [200, 200, 429], "a wider one begins anew, and is not held up by the old one's hour")
    gateway.apply(datasource("crm", echo))
    equal(asked(gateway, 3, ann), [200] * 3, "without again")
    gateway.apply(platform(limit("token", 1)))
    equal(asked(gateway, 2, ann), [200, 429], "of the platform")
    gateway.apply(platform())
    equal(asked(gateway, 2, ann), [200, 200], "and without")


@test
def a_websockets_handshake_counts_and_its_messages_do_not(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, rate_limits=[limit("user", 1)]))
    ann = bearer(gateway.token("ann"))
    with WebSocket(gateway, CRM, headers=ann) as socket:
        for i in range(20):
            socket.send(b"%d" % i)
            equal(socket.receive().payload, b"%d" % i, "a message")
        refused = WebSocket(gateway, CRM, headers=ann)
        equal(refused.answer.status, 429, "a second handshake")
        refused.close()
        socket.send(b"still")
        equal(socket.receive().payload, b"still", "the open one goes on")


@test
def a_connection_lives_through_refusals(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, rate_limits=[limit("user", 1)]), datasource("erp", echo))
    ann = bearer(gateway.token("ann"))
    statuses = []
    with gateway.wire(CRM) as connection:
        for name in ("crm", "crm", "crm", "erp"):
            connection.send(request_bytes("GET", "/", f"{host(name)}:{gateway.port}", ann))
            statuses.append(connection.response().status)
    equal(statuses, [200, 429, 429, 200], "answers on one connection")
    equal(gateway.ask(CRM, "POST", headers=ann, body=b"x" * 500_000).status, 429, "with a body that nobody reads")


@test
def mistakes_are_named_with_their_place(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo), start=False)
    for limits, words in (([limit("ip", 1)], "rate_limits[0].by"), ([limit("all", 0)], "rate_limits[0].requests"),
                          ([limit("all", 1, "0s")], "rate_limits[0].per"), ([limit("all", 1, "2h")], "between 1s and 1h"),
                          ([limit("all", 1, burst=0)], "rate_limits[0].burst"),
                          ([limit("all", 1)] * 2, "the same limit stands above already"),
                          ([limit("all", i) for i in range(1, 18)], "more than 16")):
        contains(gateway.refused_apply(datasource("crm", echo, rate_limits=limits)), words, f"{limits[0]}")
    limits = [limit("user", 10, "1m", burst=20)]
    gateway.apply(datasource("crm", echo, rate_limits=limits), platform(*limits))
    equal([gateway.get(*one)["rate_limits"] for one in (("datasource", "crm"), ("platform", "platform"))], [limits] * 2, "get")
    for kind in ("platform", "datasource", "instance"):
        schema = json.loads(command("schema", kind).out)
        expect("rate_limits" in schema["properties"], f"rate_limits in the schema of {kind}")
    told = gateway.must("explain", "--user", "ann", "--from", "192.0.2.1", "--url", f"https://{CRM}/")
    contains(told, "10 per 1m by user, 20 at once", "explain names the limits")


@test(limit=150)
def guesses_at_passwords_are_limited_by_the_network_too(t):
    """A9: the sign-in's own limiter takes a /64 of IPv6 for one client, whatever names it tries."""
    gateway = world(t, **PROXY)

    def guess(name, address):
        body = json.dumps({"user": name, "password": "x" * 600}).encode()  # no password can be this: counted, and not hashed
        fields = [("Content-Type", "application/json"), ("X-Sallyport-Request", "1"), ("X-Forwarded-For", address)]
        return gateway.ask(GATE, "POST", "/.sallyport/login", fields, body)

    statuses = []
    for i in range(120):
        response = guess(f"name{i}", f"2001:db8:1:2::{i + 1:x}")
        statuses.append(response.status)
        if response.status == 429:
            break
    equal(set(statuses[:-1]), {401}, "guesses before")
    equal(statuses[-1], 429, "addresses of one /64, a name each")
    expect(len(statuses) > 30, f"the thirty that a network has: {len(statuses)}")
    expect(int(response.get("retry-after")) > 0, "Retry-After")
    equal(guess("name0", "2001:db8:1:3::1").status, 401, "another /64")
