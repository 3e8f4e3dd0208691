"""Who is the client? What a proxy says, whom it is believed, and the lists that the address is held against (C4)."""
import ipaddress
import ssl
import struct

import ports
from gateway import GATE
from registry import Failed, contains, equal, expect, test
from wait import until
from web_client import HTML
from wire import Wire, client_context, request_bytes
from world import bearer, datasource, host, standing, upstream, world

PROXY, OTHER = "127.0.0.9", "127.0.0.8"  # a trusted proxy in front, and somebody
TRUSTED = [f"{PROXY}/32", "10.1.0.0/16", "2001:db8:f::/48"]
CLIENT, OUTSIDER = "203.0.113.9", "198.51.100.7"


def forwarded_for(*values):
    return [("X-Forwarded-For", value) for value in values]


def forwarded(*values):
    return [("Forwarded", value) for value in values]


# What the proxy in front says -> the client.
NAMED = [
    ([], PROXY),
    (forwarded_for(CLIENT), CLIENT),
    (forwarded_for(f"127.0.0.1, {CLIENT}"), CLIENT),
    (forwarded_for(f"{CLIENT}, 10.1.0.7"), CLIENT),
    (forwarded_for(f"127.0.0.1, {CLIENT}", "10.1.0.7, 10.1.0.8"), CLIENT),
    (forwarded_for(f"{CLIENT}:4711"), CLIENT),
    (forwarded_for("[2001:db8::1]:4711, 2001:db8:f::1"), "2001:db8::1"),
    (forwarded_for(f"::ffff:{CLIENT}, ::ffff:10.1.0.7"), CLIENT),
    (forwarded_for(f"{CLIENT}, unknown"), PROXY),
    (forwarded(f"for={CLIENT}"), CLIENT),
    (forwarded(f"for=127.0.0.1, for={CLIENT};proto=https;by=_gate;host=crm.example"), CLIENT),
    (forwarded(f"For={CLIENT}; proto=http, For=10.1.0.7"), CLIENT),
    (forwarded(f"for=127.0.0.1, for={CLIENT}", "for=10.1.0.7", "for=10.1.0.8"), CLIENT),
    (forwarded(f"for=\"{CLIENT}:4711\""), CLIENT),
    (forwarded("for=\"[2001:db8::1]:4711\", for=\"[2001:db8:f::1]\""), "2001:db8::1"),
    (forwarded(f"for=\"[::ffff:{CLIENT}]\""), CLIENT),
    (forwarded(f"for={CLIENT};ext=\"a, for=127.0.0.1;\""), CLIENT),
    (forwarded(f"for={CLIENT}, for=_hidden"), PROXY),
    (forwarded(f"for={CLIENT}, for=unknown, for=10.1.0.7"), "10.1.0.7"),
    (forwarded_for(CLIENT) + forwarded(f"for={CLIENT}"), CLIENT),
    (forwarded_for(f"{OUTSIDER}, {CLIENT}, 10.1.0.7") + forwarded(f"for=127.0.0.1, for=\"{CLIENT}:1\""), CLIENT),
    (forwarded_for(", ".join([CLIENT] + ["10.1.0.7"] * 63)), CLIENT),
    ([("X-Real-IP", CLIENT)], PROXY),
    (forwarded_for(CLIENT) + [("X-Real-IP", "127.0.0.1"), ("True-Client-IP", "127.0.0.1"), ("X-Client-IP", "127.0.0.1"),
                              ("CF-Connecting-IP", "127.0.0.1"), ("X-Forwarded", "for=127.0.0.1")], CLIENT),
    # a proxy that replaces X-Forwarded-For hands other spellings of it on, and upstreams may take them for the same
    (forwarded_for(CLIENT) + [("X~Forwarded~For", "127.0.0.1"), ("X'Forwarded-For", "127.0.0.1")], CLIENT),
    ([("X~Forwarded-For", "127.0.0.1")], PROXY),
]

# What makes two clients of one, or none.
REFUSED = [
    forwarded_for(CLIENT) + forwarded(f"for={OUTSIDER}"),
    forwarded_for(CLIENT) + forwarded(f"for={CLIENT}, for=127.0.0.1"),
    forwarded_for(f"{CLIENT}, 127.0.0.1") + forwarded(f"for={CLIENT}"),
    forwarded_for(CLIENT) + forwarded("for=unknown"),
    forwarded_for(CLIENT) + forwarded("proto=https"),
    forwarded(f"for={CLIENT}:80"),
    forwarded("for=2001:db8::1"),
    forwarded("for=\"2001:db8::1\""),
    forwarded("for=localhost"),
    forwarded("for=0177.0.0.1"),
    forwarded(f"for=\"x, for={CLIENT}"),
    forwarded("for=\"x", f"x\", for={CLIENT}"),
    forwarded(f"for={CLIENT};for=127.0.0.1"),
    forwarded(f"for={CLIENT},"),
    forwarded(""),
    forwarded(CLIENT),
    forwarded(", ".join([f"for={CLIENT}"] * 65)),
    forwarded_for(", ".join([CLIENT] + ["10.1.0.7"] * 64)),
]


def shown(gateway, echo, headers, source):
    """The client as the upstream hears it, or the status of a refusal, by ann's token."""
    before = len(echo.requests)
    answer = gateway.ask(host("crm"), headers=headers, source=source)
    if answer.status == 200:
        return ", ".join(echo.requests[before].all("x-forwarded-for"))
    equal(len(echo.requests), before, "requests that reached the upstream")
    return answer.status


@test
def a_trusted_proxy_names_the_client(t):
    gateway, echo, _ = standing(t, trusted_proxies=TRUSTED)
    token, wrong = bearer(gateway.token("ann")), []
    for headers, wanted in NAMED:
        got = shown(gateway, echo, token + headers, PROXY)
        if got != wanted:
            wrong.append((headers, got, wanted))
    equal(wrong, [], "clients")


@test
def what_names_two_clients_or_none_is_refused(t):
    gateway, echo, crm = standing(t, trusted_proxies=TRUSTED)
    token = bearer(gateway.token("ann"))
    equal([(headers, got) for headers in REFUSED if (got := shown(gateway, echo, token + headers, PROXY)) != 400], [], "answers")
    answer = gateway.ask(crm, headers=token + REFUSED[0], source=PROXY)
    contains(answer.text, "X-Forwarded-For and Forwarded name different clients", "the answer")
    until(lambda: len(gateway.audit()) > len(REFUSED), "the refusals in the audit log")
    expect(all(entry["client"] == PROXY for entry in gateway.audit() if entry.get("status") == 400), "whose refusals they are")


@test
def what_anybody_else_says_changes_nothing(t):
    gateway, echo, crm = standing(t, trusted_proxies=TRUSTED)
    token = bearer(gateway.token("ann"))
    said = [headers for headers, _ in NAMED] + REFUSED
    equal([(headers, got) for headers in said if (got := shown(gateway, echo, token + headers, OTHER)) != OTHER], [], "clients")
    gateway.apply(datasource("crm", echo, networks=["127.0.0.1/32", f"{CLIENT}/32", f"{PROXY}/32", "2001:db8::/32"]))
    for headers in said:
        equal(gateway.ask(crm, headers=token + headers, source=OTHER).status, 403, f"from outside the list, with {headers}")


@test
def each_request_of_a_connection_has_a_client_of_its_own(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, networks=["203.0.113.0/24"]), trusted_proxies=TRUSTED)
    token = bearer(gateway.token("ann"))
    with gateway.wire(host("crm"), source=PROXY) as connection:
        for name, wanted in ((CLIENT, 200), (OUTSIDER, 403), ("203.0.113.10", 200)):
            connection.send(request_bytes("GET", "/", f"{host('crm')}:{gateway.port}", token + forwarded(f"for={name}")))
            equal(connection.response().status, wanted, f"status for {name}")
    equal([request.get("x-forwarded-for") for request in echo.requests], [CLIENT, "203.0.113.10"], "clients")


# --- the scheme


@test
def the_last_element_may_say_https(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo), trusted_proxies=TRUSTED, start=False)
    plain = ports.take()
    config = gateway.base_config()
    config["listeners"].insert(0, {"address": f"127.0.0.1:{plain}"})
    gateway.write_config(config | {"trusted_proxies": TRUSTED})
    gateway.start()
    token, wrong = bearer(gateway.token("ann")), []
    proto = lambda value: [("X-Forwarded-Proto", value)]
    rows = [
        ([], "http"), (proto("https"), "https"), (proto("http"), "http"), (proto("https") * 2, "http"),
        (proto("https, http"), "http"),
        (forwarded(f"for={CLIENT};proto=https"), "https"), (forwarded(f"for={CLIENT};Proto=\"HTTPS\""), "https"),
        (forwarded(f"for={CLIENT};proto=http"), "http"), (forwarded(f"for={CLIENT}"), "http"),
        (forwarded(f"for={CLIENT};proto=https, for=10.1.0.7"), "http"),
        (forwarded(f"for={CLIENT};proto=https", "for=10.1.0.7;proto=http"), "http"),
        (forwarded(f"for={CLIENT};proto=http, for=10.1.0.7;proto=https"), "https"),
        (forwarded(f"for={CLIENT};proto=https") + proto("http"), "http"),
        (forwarded(f"for={CLIENT};proto=http") + proto("https"), "http"),
        (forwarded(f"for={CLIENT}") + proto("https"), "https"),
        (forwarded(f"for={CLIENT};proto=https") + proto("https"), "https"),
        ([("X~Forwarded~Proto", "https")], "http"),
    ]
    for source in (PROXY, OTHER):
        for headers, wanted in rows:
            with Wire(plain, source=source) as connection:
                connection.send(request_bytes("GET", "/", f"{host('crm')}:{gateway.port}", token + headers))
                equal(connection.response().status, 200, f"status with {headers}")
            got = echo.requests[-1].all("x-forwarded-proto")
            if got != [wanted if source == PROXY else "http"]:
                wrong.append((source, headers, got))
    equal(wrong, [], "schemes")


# --- the lists


@test
def lists_are_held_against_the_client_behind_the_proxy(t):
    """Before sign-in at platform, team and resource; the gate itself is behind the platform's list."""
    echo = upstream(t)
    crm = host("crm")
    gateway = world(t, datasource("crm", echo), trusted_proxies=TRUSTED)
    team = {"kind": "team", "name": "plant", "members": {"ann": "owner"}}
    platform = {"kind": "platform", "name": "platform"}
    token = bearer(gateway.token("ann"))
    inside = {"networks": ["203.0.113.0/24"]}
    for name, documents in (("platform", (platform | inside, team, datasource("crm", echo))),
                            ("team", (platform, team | inside, datasource("crm", echo))),
                            ("resource", (platform, team, datasource("crm", echo, **inside)))):
        gateway.apply(*documents)
        for say in (forwarded_for, lambda address: forwarded(f"for={address}")):
            equal(gateway.ask(crm, headers=say(CLIENT), source=PROXY).status, 401, f"{name}: nobody, from inside")
            equal(gateway.ask(crm, headers=token + say(CLIENT), source=PROXY).status, 200, f"{name}: a token from inside")
            for headers, source in ((say(OUTSIDER), PROXY), ([], PROXY), (say(CLIENT), OTHER),
                                    (say(OUTSIDER) + [("X-Real-IP", CLIENT)], PROXY)):
                equal(gateway.ask(crm, headers=headers, source=source).status, 403, f"{name}: nobody, from outside")
                equal(gateway.ask(crm, headers=[("Accept", HTML)] + headers, source=source).status, 403, f"{name}: a page load")
                equal(gateway.ask(crm, headers=token + headers, source=source).status, 403, f"{name}: a token from outside")
            wanted = 403 if name == "platform" else 200
            equal(gateway.ask(GATE, target="/.sallyport/login", headers=say(OUTSIDER), source=PROXY).status, wanted, f"{name}: the gate")


@test
def rules_and_tokens_are_held_against_the_client_behind_the_proxy(t):
    echo = upstream(t)
    crm = host("crm")
    gateway = world(t, datasource("crm", echo, access=[{"roles": ["owner"], "networks": ["203.0.113.0/24"]}]),
                    datasource("open", echo), trusted_proxies=TRUSTED)
    free = bearer(gateway.token("ann"))
    bound = bearer(gateway.token("ann", "--network", "203.0.113.0/24", name="bound"))
    for where, token in ((crm, free), (crm, bound), (host("open"), bound)):
        for headers, source, wanted in ((forwarded_for(CLIENT), PROXY, 200), (forwarded(f"for={CLIENT}"), PROXY, 200),
                                        (forwarded_for(OUTSIDER), PROXY, 403), (forwarded(f"for={CLIENT}"), OTHER, 403),
                                        ([], PROXY, 403)):
            equal(gateway.ask(where, headers=token + headers, source=source).status, wanted, f"{where} from {source}, {headers}")
    equal(gateway.ask(crm, headers=forwarded_for(OUTSIDER), source=PROXY).status, 401, "a rule is asked once somebody is known")


@test
def the_v6_form_of_a_v4_network_is_that_network(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, networks=["::ffff:203.0.113.0/120"]), trusted_proxies=[f"::ffff:{PROXY}"])
    token = bearer(gateway.token("ann"))
    for name, wanted in ((CLIENT, 200), (f"::ffff:{CLIENT}", 200), ("203.0.114.9", 403), ("::ffff:203.0.114.9", 403),
                         (f"::{CLIENT}", 403), (f"64:ff9b::{CLIENT}", 403), ("2002:cb00:7109::", 403)):
        equal(gateway.ask(host("crm"), headers=token + forwarded_for(name), source=PROXY).status, wanted, f"status for {name}")
        equal(gateway.ask(host("crm"), headers=token + forwarded(f"for=\"[{name}]\"" if ":" in name else f"for={name}"),
                          source=PROXY).status, wanted, f"status for {name}, by Forwarded")


@test
def a_change_of_a_list_ends_the_downloads_it_shuts_out(t):
    echo = upstream(t)
    crm, size = host("crm"), 400_000
    document = lambda networks: datasource("crm", echo, networks=networks)
    gateway = world(t, document(["203.0.113.0/24", "198.51.100.0/24"]), trusted_proxies=TRUSTED)
    token = bearer(gateway.token("ann"))
    with gateway.wire(crm, source=PROXY) as kept, gateway.wire(crm, source=PROXY) as ended:
        for connection, name in ((kept, CLIENT), (ended, OUTSIDER)):
            connection.send(request_bytes("GET", f"/slow-body/{size}", f"{crm}:{gateway.port}", token + forwarded_for(name)))
            equal(connection.head().status, 200, "status")
            connection.exactly(size // 4)
        gateway.apply(document(["203.0.113.0/24"]))
        expect(len(ended.rest()) <= size // 4, "more bytes for a client that the list shuts out")
        echo.release("slow-body")
        kept.exactly(size - size // 4)
    revoked = [entry["client"] for entry in gateway.audit() if entry.get("outcome") == "revoked"]
    equal(revoked, [OUTSIDER], "whose download was ended, in the audit log")


# --- the PROXY protocol

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def v1(source, port=51234):
    kind, here = ("TCP6", "2001:db8::1") if ":" in source else ("TCP4", "192.0.2.1")
    return f"PROXY {kind} {source} {here} {port} 443\r\n".encode()


def v2(source=None, command=0x21, family=None, additions=b""):
    """source None: without addresses."""
    block = b""
    if source:
        packed = ipaddress.ip_address(source).packed
        block = packed + bytes(len(packed)) + struct.pack("!HH", 51234, 443)
        family = family or (0x11 if len(packed) == 4 else 0x21)
    return SIGNATURE + struct.pack("!BBH", command, family or 0, len(block) + len(additions)) + block + additions


def proxied(t, *documents, **config):
    """(gateway, the port of its plain listener): both listeners want the header."""
    gateway, plain = world(t, *documents, start=False), ports.take()
    listeners = gateway.base_config()["listeners"]
    listeners[0]["proxy_protocol"] = "required"
    listeners.insert(1, {"address": f"127.0.0.1:{plain}", "proxy_protocol": "required"})
    gateway.configure(**({"trusted_proxies": TRUSTED, "listeners": listeners} | config))
    return gateway.start(), plain


def both(gateway, plain, before, source=PROXY):
    """A connection of each kind to crm, begun by the pieces in `before`."""
    yield "TLS", lambda: gateway.wire(host("crm"), source=source, before=before)
    yield "plain", lambda: Wire(plain, source=source, before=before)


def status_of(gateway, connection, headers, target="/"):
    connection.send(request_bytes("GET", target, f"{host('crm')}:{gateway.port}", headers))
    return connection.response().status


def is_ended(port, first, source):
    """Is a connection that begins so ended without a word?"""
    try:
        with Wire(port, source=source, before=[first] if first else []) as connection:
            return not connection.rest()
    except ConnectionError:
        return True


def hello():
    """The first bytes of a TLS client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        client_context().wrap_bio(incoming, outgoing, server_hostname=host("crm")).do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()


ANNOUNCED = [
    (v1(CLIENT), CLIENT), (v1("2001:db8::7"), "2001:db8::7"), (v1(f"::ffff:{CLIENT}"), CLIENT), (v1(CLIENT, 0), CLIENT),
    (v2(CLIENT), CLIENT), (v2("2001:db8::7"), "2001:db8::7"), (v2(f"::ffff:{CLIENT}"), CLIENT),
    (v2(CLIENT, additions=b"\x01\0\x08http/1.1\x04\0\x03pad"), CLIENT), (v2(CLIENT, additions=b"\x04\x03\xd0" + bytes(976)), CLIENT),
    # the proxy speaks for itself
    (b"PROXY UNKNOWN\r\n", PROXY), (b"PROXY UNKNOWN " + CLIENT.encode() + b" 192.0.2.1 1 2\r\n", PROXY), (v2(command=0x20), PROXY),
    (v2(CLIENT, command=0x20), PROXY),
]

UNSOUND = [
    b"GET / HTTP/1.1\r\nHost: crm.apps.localhost\r\n\r\n", b"\r\n" + v1(CLIENT), b" " + v1(CLIENT), b"\n" + v2(CLIENT),
    v1(CLIENT).lower(), v1(CLIENT).replace(b"\r\n", b"\n") + b" " * 100, v1(CLIENT).replace(b" ", b"  "), v1("203.0.113.09"),
    v1(CLIENT).replace(b"TCP4", b"TCP6"), v1(CLIENT).replace(b"TCP4", b"UDP4"), v1(CLIENT, 65536), v1(CLIENT, "051234"),
    v1("localhost"), v1("127.1"), v1("2130706433"), b"PROXY TCP4 " + b"1" * 200, b"PROXY UNKNOWN " + b"x" * 93 + b"\r\n",
    v2(CLIENT, command=0x11), v2(CLIENT, command=0x31), v2(CLIENT, command=0x22), v2(CLIENT, family=0x12), v2(CLIENT, family=0x31),
    v2(CLIENT, family=0x21), v2(), v2(CLIENT, family=0x13), v2(CLIENT, additions=b"\x04\0\x05pad"), v2(CLIENT, additions=b"\x04\0"),
    v2(CLIENT, additions=b"\x03\0\x04\0\0\0\0"), v2(CLIENT, additions=b"\x04\x03\xff" + bytes(1023)),
    SIGNATURE + b"\x21\x11\xff\xff" + bytes(2000),
]


@test
def a_proxy_header_names_the_client(t):
    echo = upstream(t)
    gateway, plain = proxied(t, datasource("crm", echo))
    token = bearer(gateway.token("ann"))
    for header, wanted in ANNOUNCED:
        for kind, connect in both(gateway, plain, [header]):
            with connect() as connection:
                for _ in range(2):
                    equal(status_of(gateway, connection, token), 200, f"status on the {kind} listener after {header[:40]}")
                    equal(echo.requests[-1].all("x-forwarded-for"), [wanted], f"the client on the {kind} listener after {header[:40]}")
    until(lambda: len(gateway.audit()) >= 4 * len(ANNOUNCED), "the requests in the audit log")
    equal({entry["client"] for entry in gateway.audit() if entry.get("status") == 200}, {wanted for _, wanted in ANNOUNCED}, "audited clients")


@test
def lists_are_held_against_the_announced_client(t):
    echo = upstream(t)
    gateway, plain = proxied(t, datasource("crm", echo, networks=["203.0.113.0/24"]))
    token = bearer(gateway.token("ann"))
    for header, wanted in ((v1(CLIENT), 200), (v2(CLIENT), 200), (v2(f"::ffff:{CLIENT}"), 200), (v1(OUTSIDER), 403), (v2(OUTSIDER), 403),
                           (v2(f"64:ff9b::{CLIENT}"), 403), (v2(command=0x20), 403), (b"PROXY UNKNOWN\r\n", 403)):
        for kind, connect in both(gateway, plain, [header]):
            with connect() as connection:
                equal(status_of(gateway, connection, token), wanted, f"status on the {kind} listener after {header[:40]}")


@test
def how_the_header_is_cut_changes_nothing(t):
    echo = upstream(t)
    gateway, plain = proxied(t, datasource("crm", echo))
    token = bearer(gateway.token("ann"))
    ask = request_bytes("GET", "/", f"{host('crm')}:{gateway.port}", token)
    for header in (v1(CLIENT), v2(CLIENT), v2(CLIENT, additions=b"\x04\0\x03pad")):
        for kind, connect in both(gateway, plain, [bytes([byte]) for byte in header]):
            with connect() as connection:
                equal(status_of(gateway, connection, token), 200, f"byte by byte on the {kind} listener")
        with Wire(plain, source=PROXY, before=[header + ask + ask]) as connection:
            equal([connection.response().status for _ in range(2)], [200, 200], "with two requests in the same bytes")
        with Wire(plain, source=PROXY, before=[header + ask[:20]]) as connection:
            connection.send(ask[20:])
            equal(connection.response().status, 200, "with the beginning of a request in the same bytes")
        with Wire(gateway.port, source=PROXY, before=[header + hello()]) as connection:
            equal(connection.exactly(3)[:2], b"\x16\x03", "a TLS answer to a hello in the same bytes")
    equal({request.get("x-forwarded-for") for request in echo.requests}, {CLIENT}, "clients")


@test
def a_header_is_believed_from_trusted_proxies_alone(t):
    echo = upstream(t)
    gateway, plain = proxied(t, datasource("crm", echo))
    ask = request_bytes("GET", "/", f"{host('crm')}:{gateway.port}", bearer(gateway.token("ann")))
    for first in (b"", v1(CLIENT), v2(CLIENT), v2(command=0x20), v1(PROXY), v1(CLIENT) + ask, v2(PROXY) + ask, ask):
        expect(is_ended(plain, first, OTHER), f"on the plain listener: an answer to {first[:60]}")
    for first in (b"", v1(CLIENT) + hello(), v2(PROXY) + hello(), hello()):
        expect(is_ended(gateway.port, first, OTHER), f"on the TLS listener: an answer to {first[:60]}")
    equal(echo.requests, [], "what reached the upstream")
    with gateway.wire(host("crm"), source=PROXY, before=[v1(CLIENT)]) as connection:
        connection.send(ask)
        equal(connection.response().status, 200, "a trusted proxy, as before")


@test
def what_does_not_begin_with_a_sound_header_is_ended(t):
    echo = upstream(t)
    gateway, plain = proxied(t, datasource("crm", echo))
    ask = request_bytes("GET", "/", f"{host('crm')}:{gateway.port}", bearer(gateway.token("ann")))
    for header in UNSOUND:
        expect(is_ended(plain, header + ask, PROXY), f"on the plain listener: an answer after {header[:60]}")
        expect(is_ended(gateway.port, header + hello(), PROXY), f"on the TLS listener: an answer after {header[:60]}")
    expect(is_ended(gateway.port, hello(), PROXY), "an answer to a hello without a header")
    equal(echo.requests, [], "what reached the upstream")


@test
def silence_and_half_a_header_end_in_time(t):
    echo = upstream(t)
    gateway, plain = proxied(t, datasource("crm", echo), limits={"tls_handshake": "500ms", "head": "500ms", "idle": "500ms"})
    for first in (b"", b"P", v1(CLIENT)[:-1], SIGNATURE, v2(CLIENT)[:-1], SIGNATURE + b"\x21\x11\x03\xf0" + bytes(1000)):
        for port in (plain, gateway.port):
            expect(is_ended(port, first, PROXY), f"an answer to {first[:40]}")


@test
def an_announced_client_cannot_lie(t):
    echo = upstream(t)
    gateway, plain = proxied(t, datasource("crm", echo))
    token = bearer(gateway.token("ann"))
    lies = forwarded_for("127.0.0.1") + [("X-Real-IP", "127.0.0.1")]
    for header, headers, wanted in ((v1(CLIENT), lies, CLIENT), (v2(CLIENT), forwarded("for=127.0.0.1;proto=https"), CLIENT),
                                    (v1("10.1.0.7"), forwarded_for(f"127.0.0.1, {CLIENT}"), CLIENT),
                                    (v2("2001:db8:f::7"), forwarded(f"for={CLIENT}"), CLIENT),
                                    (v2(command=0x20), forwarded_for(CLIENT), CLIENT)):
        for kind, connect in both(gateway, plain, [header]):
            with connect() as connection:
                equal(status_of(gateway, connection, token + headers), 200, "status")
            equal(echo.requests[-1].all("x-forwarded-for"), [wanted], f"the client on the {kind} listener after {header[:40]} with {headers}")
    equal(gateway.admin("/live").status, 200, "the admin listener, which wants no header")


@test
def a_header_counts_once_and_where_it_is_wanted(t):
    echo = upstream(t)
    gateway, plain = proxied(t, datasource("crm", echo))
    token = bearer(gateway.token("ann"))
    for first, second in ((v1(CLIENT), v1(OUTSIDER)), (v2(CLIENT), v2(OUTSIDER)), (v1(CLIENT), v2(OUTSIDER))):
        with Wire(plain, source=PROXY, before=[first + second]) as connection:
            connection.send(request_bytes("GET", "/", f"{host('crm')}:{gateway.port}", token))
            expect(not connection.rest().startswith(b"HTTP/1.1 200"), "an answer after a second header")
        try:
            gateway.wire(host("crm"), source=PROXY, before=[first + second]).close()
            raise Failed("a handshake after a second header")
        except OSError:
            pass
    gateway.stop()
    listeners = gateway.base_config()["listeners"] + [{"address": f"127.0.0.1:{plain}"}]
    gateway.configure(trusted_proxies=TRUSTED, listeners=listeners)
    gateway.start()
    for header in (v1(CLIENT), v2(CLIENT)):
        with Wire(plain, source=PROXY, before=[header]) as connection:
            connection.send(request_bytes("GET", "/", f"{host('crm')}:{gateway.port}", token))
            expect(connection.rest().startswith(b"HTTP/1.1 400 "), "a header where none is wanted: another answer than 400")
    equal(echo.requests, [], "what reached the upstream")


@test
def a_reload_changes_whether_the_header_is_wanted(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo), trusted_proxies=TRUSTED)
    token = bearer(gateway.token("ann"))
    listeners = gateway.base_config()["listeners"]
    listeners[0]["proxy_protocol"] = "required"
    with gateway.wire(host("crm"), source=PROXY) as old:
        equal(status_of(gateway, old, token), 200, "before")
        gateway.configure(trusted_proxies=TRUSTED, listeners=listeners)
        gateway.reload()
        equal(status_of(gateway, old, token), 200, "on a connection from before")
        expect(is_ended(gateway.port, hello(), PROXY), "an answer without a header")
        with gateway.wire(host("crm"), source=PROXY, before=[v2(CLIENT)]) as new:
            equal(status_of(gateway, new, token), 200, "with a header")
            equal(echo.requests[-1].all("x-forwarded-for"), [CLIENT], "the client")
            gateway.configure(trusted_proxies=["10.1.0.0/16"], listeners=listeners)
            gateway.reload()
            expect(is_ended(gateway.port, v2(CLIENT) + hello(), PROXY), "a proxy that is trusted no more: an answer")
    gateway.configure(trusted_proxies=TRUSTED)
    gateway.reload()
    equal(gateway.ask(host("crm"), headers=token, source=PROXY).status, 200, "without a header, where it is wanted no more")
