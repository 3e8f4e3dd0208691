"""Real programs in front that say who the client is: HAProxy and curl with the PROXY protocol (C4). nginx: test_examples.py."""
import signal
import socket
import subprocess

import ports
from registry import PATIENCE, Failed, contains, equal, expect, test
from test_client_address import CLIENT, OUTSIDER, PROXY, forwarded, forwarded_for, proxied
from test_examples import program
from wait import until
from wire import Wire, client_context, request_bytes
from world import bearer, datasource, host, upstream

NEAR, ELSEWHERE = "127.0.0.7", "127.0.0.6"


def haproxy(t, places):
    """HAProxy in TCP mode, speaking from PROXY. places: (where it listens, where it leads, the words of its server line)."""
    found, place = program("haproxy"), t.dir / "haproxy.cfg"
    lines = ["global", "  maxconn 200", "defaults", "  mode tcp", "  timeout connect 5s", "  timeout client 30s", "  timeout server 30s"]
    for number, (address, port, words) in enumerate(places):
        lines += [f"listen l{number}", f"  bind {address}", f"  server s{number} 127.0.0.1:{port} source {PROXY} {words}"]
    place.write_text("\n".join(lines) + "\n")
    log = t.dir / "haproxy.log"
    t.logs.append(log)
    with open(log, "wb") as into:
        process = subprocess.Popen([found, "-db", "-f", str(place)], stdin=subprocess.DEVNULL, stdout=into, stderr=into)

    def end():
        process.send_signal(signal.SIGTERM)
        process.wait(20 * PATIENCE)

    t.defer(end)

    def accepts():
        if process.poll() is not None:
            raise Failed(f"haproxy ended with {process.returncode}: {log.read_text()[-600:]}")
        try:
            for address, _, _ in places:
                name, _, port = address.rpartition(":")
                socket.create_connection((name.strip("[]"), int(port)), timeout=5).close()
        except OSError:
            return False
        return True

    until(accepts, "haproxy to accept")


@test
def haproxy_says_who_the_client_is(t):
    """Both versions, with what HAProxy can add to the second one, its checksum too; health checks speak for HAProxy itself."""
    echo = upstream(t)
    crm = host("crm")
    gateway, plain = proxied(t, datasource("crm", echo, networks=[f"{NEAR}/32", "::1/128"]))
    more = "send-proxy-v2 proxy-v2-options crc32c,unique-id,authority"
    words = ["send-proxy", "send-proxy-v2", more, "send-proxy-v2-ssl-cn proxy-v2-options crc32c,ssl-cipher,cert-key,cert-sig",
             "send-proxy-v2 check inter 100ms", "send-proxy check inter 100ms"]
    first, six = ports.take(len(words)), ports.take()
    haproxy(t, [(f"127.0.0.1:{first + i}", gateway.port, each) for i, each in enumerate(words)]
            + [(f"[::1]:{six}", plain, "send-proxy-v2 proxy-v2-options crc32c")])
    token = bearer(gateway.token("ann"))
    ask = lambda headers: request_bytes("GET", "/", f"{crm}:{gateway.port}", token + headers)
    for i, each in enumerate(words):
        for source, wanted in ((NEAR, 200), (ELSEWHERE, 403)):
            for headers in ([], forwarded_for(NEAR) + forwarded(f"for={NEAR}")):
                with Wire(first + i, crm, client_context(gateway.dir / "tls/ca.pem"), source=source) as connection:
                    connection.send(ask(headers))
                    equal(connection.response().status, wanted, f"status from {source} through `{each}`")
    equal({request.get("x-forwarded-for") for request in echo.requests}, {NEAR}, "clients")
    with socket.create_connection(("::1", six), timeout=15 * PATIENCE) as connection:
        connection.sendall(ask([]))
        contains(connection.recv(4096), b"HTTP/1.1 200 ", "the answer over IPv6")
    equal(echo.requests[-1].get("x-forwarded-for"), "::1", "the client over IPv6")
    refused = [event for event in gateway.events if event.get("event") == "connection_refused"]
    equal(refused, [], "headers of HAProxy that were refused")


@test
def without_its_header_haproxy_gets_nowhere(t):
    echo = upstream(t)
    gateway, _ = proxied(t, datasource("crm", echo))
    port = ports.take()
    haproxy(t, [(f"127.0.0.1:{port}", gateway.port, "")])
    try:
        Wire(port, host("crm"), client_context(gateway.dir / "tls/ca.pem")).close()
        raise Failed("a handshake without a PROXY header")
    except OSError:
        pass
    gateway.wait_log(lambda event: event.get("event") == "connection_refused" and event.get("client") == PROXY)
    equal(echo.requests, [], "what reached the upstream")


@test
def the_same_over_http2(t):
    """curl announces its own address, a trusted proxy's, so that what it says of the client counts."""
    echo = upstream(t)
    curl, crm = program("curl"), host("crm")
    gateway, _ = proxied(t, datasource("crm", echo))
    token = bearer(gateway.token("ann"))

    def ask(headers, source=PROXY, version="--http2", announce=True):
        fields = [word for name, value in token + headers for word in ("-H", f"{name}: {value}")]
        done = subprocess.run([curl, "-sS", "-o", "/dev/null", "-w", "%{http_version} %{http_code}", version, "--interface", source,
                               *(["--haproxy-protocol"] if announce else []), "--cacert", str(gateway.dir / "tls/ca.pem"),
                               "--resolve", f"{crm}:{gateway.port}:127.0.0.1", "--noproxy", "*", *fields, f"https://{crm}:{gateway.port}/"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30 * PATIENCE)
        return done.stdout if done.returncode == 0 else f"exit {done.returncode}"

    for version, name in (("--http2", "2"), ("--http1.1", "1.1")):
        for headers, wanted in (([], PROXY), (forwarded_for(f"{OUTSIDER}, {CLIENT}"), CLIENT), (forwarded(f"for={CLIENT}"), CLIENT),
                                (forwarded_for(OUTSIDER, CLIENT) + forwarded("for=127.0.0.1", f"for={CLIENT}"), CLIENT),
                                (forwarded_for(CLIENT) + [("X-Real-IP", OUTSIDER), ("X~Forwarded~For", OUTSIDER)], CLIENT)):
            equal(ask(headers, version=version), f"{name} 200", f"the answer with {headers}")
            equal(echo.requests[-1].all("x-forwarded-for"), [wanted], f"the client with {headers}")
        before = len(echo.requests)
        for headers in (forwarded_for(CLIENT) + forwarded(f"for={OUTSIDER}"), forwarded("for=\"x"), forwarded("for=127.1")):
            equal(ask(headers, version=version), f"{name} 400", f"the answer with {headers}")
        for more in ({"source": NEAR}, {"announce": False}):
            expect(ask([], version=version, **more).startswith("exit "), f"an answer for {more}")
        equal(len(echo.requests), before, "what reached the upstream")
