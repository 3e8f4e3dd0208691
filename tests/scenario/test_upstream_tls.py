"""TLS to the upstream is verified: chain, name and time, by the resource's own CA; everything else is 502 and a clear line."""
import json
import socket
import threading

import certs
from registry import absent, equal, expect, test
from test_sign_in import error_body
from wait import until
from wire import request_bytes
from world import KEY, bearer, datasource, host, keyed, standing, upstream, world


def refused(t, name, certificate="good", change=None, words=()):
    """A request whose upstream must be refused: 502, nothing sent, and a log line with one of the words."""
    echo = upstream(t, certificate)
    document = keyed(name, echo)
    if change:
        change(document["upstream"])
    gateway = world(t, document)
    response = gateway.ask(host(name), headers=bearer(gateway.token("ann")))
    equal(response.status, 502, f"status ({response.text[:200]})")
    told = error_body(response)
    for word in ("127.0.0.1", str(echo.port), "OpenSSL", "certificate verify failed", KEY):
        absent(json.dumps(told), word, "the client's error body")
    equal([request.head for request in echo.requests], [], "requests that were sent")
    line = gateway.wait_log(lambda event: told["request_id"] in json.dumps(event) and event.get("level") != "debug")
    text = json.dumps(line).lower()
    expect(any(word in text for word in words), f"the log line says why ({words}): {text}")
    return gateway


@test
def a_certificate_of_another_authority(t):
    refused(t, "crm", "other", words=("certificate", "issuer", "self-signed", "self signed", "authority"))


@test
def a_certificate_of_another_name(t):
    refused(t, "crm", "misnamed", words=("name", "host"))


@test
def an_expired_certificate(t):
    refused(t, "crm", "expired", words=("expired",))


@test
def the_systems_authorities_do_not_know_it(t):
    refused(t, "crm", change=lambda entry: entry.pop("ca"), words=("certificate", "issuer", "authority"))


@test
def the_address_must_be_in_the_certificate_without_server_name(t):
    refused(t, "crm", "misnamed", change=lambda entry: entry.pop("server_name"), words=("name", "address", "ip"))


@test
def an_address_in_the_certificate_is_enough(t):
    echo = upstream(t)
    document = datasource("crm", echo)
    document["upstream"].pop("server_name")
    gateway = world(t, document)
    equal(gateway.ask(host("crm"), headers=bearer(gateway.token("ann"))).status, 200, "status")
    equal(echo.server_names, [None], "no SNI for an address (RFC 6066)")


@test
def plain_http_where_tls_is_expected(t):
    refused(t, "crm", None, change=lambda entry: entry.update(url=entry["url"].replace("http:", "https:"), ca=str(
        certs.folder() / "ca.pem"), server_name=certs.NAME), words=("tls", "ssl", "handshake"))


@test
def tls_where_plain_http_is_expected(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo.url.replace("https:", "http:")))
    equal(gateway.ask(host("crm"), headers=bearer(gateway.token("ann"))).status, 502, "status")
    equal(echo.requests, [], "requests that were understood")


@test
def connections_and_sessions_are_used_again(t):
    gateway, echo, crm = standing(t)
    token = bearer(gateway.token("ann"))
    for _ in range(5):
        equal(gateway.ask(crm, headers=token).status, 200, "status")
    equal(echo.connections, 1, "connections for five requests")
    echo.close_connections()
    equal(gateway.ask(crm, headers=token).status, 200, "status after the upstream dropped its connections")
    expect(echo.connections >= 2, "a new connection")
    expect(echo.sessions_reused >= 1, "TLS sessions used again")


@test
def two_resources_never_share_a_connection(t):
    echo = upstream(t)
    gateway = world(t, keyed("one", echo), keyed("two", echo, secrets={"token": KEY + "2"}))
    token = bearer(gateway.token("ann"))
    for name in ("one", "two", "one", "two"):
        gateway.ask(host(name), headers=token)
    by_key = {}
    for request in echo.requests:
        by_key.setdefault(request.get("authorization"), set()).add(request.connection)
    equal(len(by_key), 2, "two credentials")
    first, second = by_key.values()
    expect(not first & second, f"one connection carried two credentials: {by_key}")


@test
def a_new_credential_gets_new_connections(t):
    gateway, echo, crm = standing(t)
    token = bearer(gateway.token("ann"))
    gateway.ask(crm, headers=token)
    gateway.apply(keyed("crm", echo, secrets={"token": KEY + "-new"}))
    gateway.ask(crm, headers=token)
    first, second = echo.requests
    equal(second.get("authorization"), f"Bearer {KEY}-new", "the new key at once")
    expect(first.connection != second.connection, "the connection of the old credential was used for the new one")


@test
def a_change_of_authority_counts_at_once(t):
    gateway, echo, crm = standing(t)
    token = bearer(gateway.token("ann"))
    equal(gateway.ask(crm, headers=token).status, 200, "before")
    document = keyed("crm", echo)
    document["upstream"]["ca"] = str(certs.folder() / "other-ca.pem")
    gateway.apply(document)
    equal(gateway.ask(crm, headers=token).status, 502, "with an authority that did not sign it")
    until(lambda: len(echo.requests) == 1, "only the first request to have arrived")


class Held:
    """Stands before an upstream: connections are taken at once, and no byte passes before release()."""

    def __init__(self, t, echo):
        self.echo, self.taken, self._released = echo, 0, threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()
        t.defer(self._listener.close)
        t.defer(self.release)

    def release(self):
        self._released.set()

    def _accept(self):
        try:
            while True:
                client, _ = self._listener.accept()
                self.taken += 1
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()
        except OSError:
            return

    def _carry(self, client):
        self._released.wait()
        upstream = socket.create_connection(("127.0.0.1", self.echo.port))
        threading.Thread(target=self._pump, args=(client, upstream), daemon=True).start()
        self._pump(upstream, client)

    @staticmethod
    def _pump(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


@test
def a_change_while_connecting_spoils_no_credential(t):
    """The credential of a request outlives the version of the resource it was made for."""
    echo = upstream(t)
    held = Held(t, echo)
    gateway = world(t, keyed("crm", held.url), workers=1)
    token, crm = bearer(gateway.token("ann")), host("crm")
    with gateway.wire(crm) as first, gateway.wire(crm) as second:
        for connection in (first, second):
            connection.send(request_bytes("GET", "/", f"{crm}:{gateway.port}", token))
        until(lambda: held.taken == 2, "two connections to the upstream")
        gateway.apply(keyed("crm", held.url, upstream={"timeout": {"connect": "9s"}}))
        for name in ("other", "another"):  # whose credentials may take the place of what was let go
            gateway.apply(keyed(name, echo, secrets={"token": "x" * 32}))
            gateway.ask(host(name), headers=token)
        held.release()
        for connection in (first, second):
            equal(connection.response().status, 200, "the request that was waiting")
    keys = [request.get("authorization") for request in echo.requests if request.get("x-forwarded-host", "").startswith("crm")]
    equal(keys, [f"Bearer {KEY}"] * 2, "what its upstream saw")
