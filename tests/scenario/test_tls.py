"""TLS towards clients: versions, resumption, several certificates by SNI, hosts outside the connection's certificate."""
import ssl
import subprocess
import warnings

import certs
from gateway import GATE
from registry import Skipped, absent, contains, equal, expect, one_of, test
from wait import until
from wire import Closed, Wire, client_context, request_bytes
from world import bearer, datasource, host, standing, upstream, world

warnings.simplefilter("ignore", DeprecationWarning)  # the old versions are spoken on purpose
V10, V11, V12, V13 = (getattr(ssl.TLSVersion, name) for name in ("TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3"))


def version_of(gateway, version):
    """The version spoken when exactly this one is offered; None: refused."""
    try:
        with Wire(gateway.port, GATE, client_context(None, version, version)) as connection:
            return connection.socket.version()
    except ssl.SSLError:
        return None


@test
def speaks_1_2_and_1_3_only(t):
    gateway, _, _ = standing(t)
    equal([version_of(gateway, v) for v in (V10, V11)], [None, None], "TLS 1.0 and 1.1")
    equal([version_of(gateway, v) for v in (V12, V13)], ["TLSv1.2", "TLSv1.3"], "TLS 1.2 and 1.3")


@test
def old_clients_are_refused_by_the_gateway_not_by_us(t):
    """The same question to a server that does allow them, so that the refusal above means something."""
    pair = certs.folder() / "good.pem", certs.folder() / "good.key"
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*map(str, pair))
    server.set_ciphers("ALL:@SECLEVEL=0")
    server.minimum_version = V10
    left, right = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context(None, V11, V11).wrap_bio(right, left, server_hostname="x")
    peer = server.wrap_bio(left, right, server_side=True)
    for _ in range(6):
        for side in (client, peer):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                raise Skipped(f"this OpenSSL speaks no TLS 1.1 at all: {error}") from error
    equal(client.version(), "TLSv1.1", "version between two of ours")


@test
def the_lowest_version_can_be_raised(t):
    gateway = world(t, start=False)
    config = gateway.base_config()
    config["listeners"][0]["tls"]["min_version"] = "1.3"
    gateway.write_config(config)
    gateway.start()
    equal([version_of(gateway, v) for v in (V12, V13)], [None, "TLSv1.3"], "with min_version 1.3")


@test
def sessions_resume_on_every_worker(t):
    echo = upstream(t, None)
    gateway = world(t, datasource("crm", echo), workers=2)
    crm = host("crm")
    for version in (V12, V13):
        context = client_context(gateway.dir / "tls/ca.pem", version, version)
        with gateway.wire(crm, context) as first:
            first.send(request_bytes("GET", "/", f"{crm}:{gateway.port}", bearer(gateway.token("ann", name=str(version)))))
            equal(first.response().status, 200, "status")  # reading makes the ticket arrive
            session = first.socket.session
        expect(session is not None and session.has_ticket, f"a ticket in {version}")
        reused = []
        for _ in range(12):  # the kernel spreads these over both workers
            with gateway.wire(crm, context, session=session) as again:
                again.send(request_bytes("GET", "/", f"{crm}:{gateway.port}"))
                again.response()
                reused.append(again.socket.session_reused)
        equal(reused, [True] * 12, f"resumed in {version}")


@test
def who_resumes_gets_the_next_ticket(t):
    """A client of TLS 1.3 uses a ticket once: each connection has to bring the one for the next."""
    gateway, _, crm = standing(t)
    context, session, tickets = client_context(gateway.dir / "tls/ca.pem", V13, V13), None, set()
    for number in range(5):
        with gateway.wire(crm, context, session=session) as connection:
            connection.send(request_bytes("GET", "/", f"{crm}:{gateway.port}"))
            connection.response()
            equal(connection.socket.session_reused, number > 0, f"connection {number} resumed")
            session = connection.socket.session
            tickets.add(session.id)
    equal(len(tickets), 5, "different sessions")


@test
def a_resumed_session_is_not_taken_to_another_name(t):
    """A ticket made for one host must not carry its certificate check to a host outside that certificate."""
    gateway = two_certificates(t)
    context = client_context()
    with gateway.wire("one.localhost", context) as first:
        first.send(request_bytes("GET", "/", f"one.localhost:{gateway.port}"))
        first.response()
        session = first.socket.session
    with gateway.wire("two.localhost", context, session=session) as second:
        second.send(request_bytes("GET", "/", f"one.localhost:{gateway.port}"))
        equal(second.response().status, 421, "the first host on a connection for the second")


@test
def renegotiation_is_refused(t):
    gateway, _, _ = standing(t)
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.port}", "-servername", GATE, "-tls1_2", "-legacy_renegotiation"],
                          input="R\n", capture_output=True, text=True, timeout=20)
    contains(done.stdout + done.stderr, "RENEGOTIATING", "s_client asked for it")
    contains((done.stdout + done.stderr).lower(), "no renegotiation", "the answer")


@test
def early_data_is_not_offered(t):
    """What could be replayed (RFC 8446 8) is never taken."""
    gateway, _, crm = standing(t)
    request = request_bytes("GET", "/", f"{crm}:{gateway.port}", [("Connection", "close")]).decode()
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.port}", "-servername", crm, "-tls1_3", "-ign_eof"],
                          input=request, capture_output=True, text=True, timeout=30)
    contains(done.stdout, "Max Early Data: 0", "the ticket's offer")


@test
def alpn_agrees_on_http_1_1(t):
    gateway, _, _ = standing(t)
    for offered, wanted in ((["http/1.1"], "http/1.1"), ([], None)):
        with Wire(gateway.port, GATE, client_context(alpn=offered)) as connection:
            equal(connection.socket.selected_alpn_protocol(), wanted, f"ALPN for {offered}")
    with Wire(gateway.port, GATE, client_context(alpn=["h2", "http/1.1"])) as connection:
        one_of(connection.socket.selected_alpn_protocol(), ("http/1.1", "h2"), "ALPN for both")


def two_certificates(t):
    """Listener with the init certificate and two of other names."""
    echo = upstream(t, None)
    gateway = world(t, datasource("one", echo, at="one.localhost"), datasource("two", echo, at="two.localhost"), start=False)
    config = gateway.base_config()
    for name in ("one", "two"):
        cert, key = certs.gate_pair(t.dir, name, f"{name}.localhost")
        config["listeners"][0]["tls"]["certificates"].append({"cert": str(cert), "key": str(key)})
    gateway.write_config(config)
    return gateway.start()


@test
def several_certificates_by_sni(t):
    gateway = two_certificates(t)
    token = bearer(gateway.token("ann"))
    for name, authority in (("one.localhost", t.dir / "one-ca.pem"), ("two.localhost", t.dir / "two-ca.pem"),
                            (GATE, gateway.dir / "tls/ca.pem"), ("x.apps.localhost", gateway.dir / "tls/ca.pem"),
                            ("ONE.localhost", t.dir / "one-ca.pem")):
        with Wire(gateway.port, name, client_context(authority)) as connection:  # verified: chain and name
            if name == "one.localhost":
                connection.send(request_bytes("GET", "/", f"{name}:{gateway.port}", token))
                equal(connection.response().status, 200, "status")


@test
def hosts_outside_the_connections_certificate_are_421(t):
    gateway = two_certificates(t)
    token = bearer(gateway.token("ann"))
    for name, asked, wanted in (("one.localhost", "two.localhost", 421), ("one.localhost", GATE, 421), (GATE, "one.localhost", 421),
                                ("one.localhost", "evil.example.test", 421), ("one.localhost", "one.localhost", 200)):
        with Wire(gateway.port, name, client_context()) as connection:
            connection.send(request_bytes("GET", "/", f"{asked}:{gateway.port}", token))
            equal(connection.response().status, wanted, f"{asked} on a connection for {name}")
    echo = upstream(t, None)
    gateway.apply(datasource("three", echo))
    with Wire(gateway.port, GATE, client_context()) as connection:
        connection.send(request_bytes("GET", "/", f"{host('three')}:{gateway.port}", token))
        equal(connection.response().status, 200, "another host of the same certificate")


@test
def plain_http_on_a_tls_port_harms_nothing(t):
    gateway, _, crm = standing(t)
    for data in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 500, b"\x80\x2e\x01\x00\x02", b"\0" * 2000, b"SSH-2.0-x\r\n"):
        with Wire(gateway.port) as connection:
            connection.send(data)
            try:
                connection.rest()
            except Closed:
                pass
    equal(gateway.ask(crm, headers=bearer(gateway.token("ann"))).status, 200, "an honest request")


@test
def handshakes_that_break_off_harm_nothing(t):
    gateway, _, crm = standing(t)
    client, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    hello = client_context().wrap_bio(client, out, server_hostname=GATE)
    try:
        hello.do_handshake()
    except ssl.SSLWantReadError:
        pass
    data = out.read()
    for at in range(1, len(data), 23):
        with Wire(gateway.port) as connection:
            connection.send(data[:at])
    for at in range(0, len(data), 11):
        with Wire(gateway.port) as connection:
            connection.send(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1:])
    equal(gateway.ask(crm, headers=bearer(gateway.token("ann"))).status, 200, "an honest request")


@test
def connections_beyond_the_limit_are_turned_away(t):
    gateway, _, crm = standing(t, limits={"connections": 20})
    token = bearer(gateway.token("ann"))
    held = []
    for _ in range(60):
        try:
            connection = gateway.wire(crm, seconds=3)
        except (OSError, ssl.SSLError):
            continue
        t.defer(connection.close)
        held.append(connection)
    expect(len(held) <= 30, f"{len(held)} connections with a limit of 20")
    for connection in held:
        connection.close()

    def fine():
        try:
            return gateway.ask(crm, headers=token).status == 200
        except (OSError, Closed, ssl.SSLError):
            return False
    until(fine, "service after the others left")


@test
def cheap_ciphers_and_compression_are_off(t):
    gateway, _, _ = standing(t)
    for suite in ("NULL", "aNULL", "EXPORT", "RC4", "3DES", "DES", "MD5", "kRSA", "CBC"):
        context = client_context(None, V12, V12)
        try:
            context.set_ciphers(f"{suite}:@SECLEVEL=0" if suite != "CBC" else "AES128-SHA:ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:@SECLEVEL=0")
        except ssl.SSLError:
            continue  # this OpenSSL does not even know it
        try:
            with Wire(gateway.port, GATE, context) as connection:
                chosen = connection.socket.cipher()[0]
                expect(suite in ("MD5",), f"{suite}: {chosen} was agreed on")
        except ssl.SSLError:
            pass
    with Wire(gateway.port, GATE, client_context(None, V12, V12)) as connection:
        equal(connection.socket.compression(), None, "compression")
        absent(connection.socket.cipher()[0], "CBC", "cipher")
