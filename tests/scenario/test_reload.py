"""SIGHUP and `sallyport reload`: an invalid file changes nothing and says every line; a good one is in force without
dropping anybody."""
import json
import shutil
import signal
import socket

import certs
import ports
from gateway import GATE
from registry import absent, contains, equal, expect, test
from wait import until
from wire import Wire, ask_unix_socket, client_context, request_bytes
from world import bearer, datasource, host, signed_in, standing, upstream, world

NAMES = (GATE, "apps.localhost", "*.apps.localhost")


def certificate(gateway, name=GATE):
    """What a new connection is shown, as DER."""
    with Wire(gateway.port, name, client_context()) as fresh:
        return fresh.socket.getpeercert(True)


def put_certificate(gateway, cert, key):
    shutil.copy(cert, gateway.dir / "tls/cert.pem")
    shutil.copy(key, gateway.dir / "tls/key.pem")


def lines_of(told):
    return "\n".join(told["mistakes"])


def settled(gateway):
    """The configuration as it is in force, port 0 resolved; to be changed and written."""
    config = gateway.base_config()
    config["listeners"][1]["address"] = f"127.0.0.1:{gateway.listener('admin')}"
    return config


def refuses(port):
    try:
        Wire(port).close()
    except ConnectionRefusedError:
        return True
    return False


# --- all or nothing


@test
def an_invalid_file_changes_nothing_and_says_every_line(t):
    gateway, _, crm = standing(t)
    token = bearer(gateway.token("ann"))
    good = gateway.file.read_text()
    gateway.file.write_text(good + "nonsense: 1\nlog: {level: loud}\n")
    text = lines_of(gateway.reload("reload_failed"))
    for line in (len(good.splitlines()) + 1, len(good.splitlines()) + 2):
        contains(text, f"{gateway.file}:{line}: ", "reload_failed names the line")
    equal(gateway.ask(crm, headers=token).status, 200, "service afterwards")
    gateway.file.unlink()
    contains(lines_of(gateway.reload("reload_failed")), "No such file", "a file that is gone")
    gateway.file.write_text(good)
    gateway.reload()
    equal(gateway.ask(crm, headers=token).status, 200, "service after the good file")


@test
def a_certificate_that_cannot_be_used_leaves_the_old_one(t):
    gateway, _, crm = standing(t)
    cert, _ = certs.gate_pair(t.dir, "renewed", *NAMES)
    before = certificate(gateway)
    line = next(i for i, text in enumerate(gateway.file.read_text().splitlines(), 1) if text.startswith("listeners"))
    whole = (gateway.dir / "tls/cert.pem").read_text()
    junk = "-----BEGIN CERTIFICATE-----\njunk\n-----END CERTIFICATE-----\n"
    for broken, word in ((cert.read_text(), "does not belong to"), ("junk\n", "no PEM certificate"),
                         (junk, "cannot use the certificate"), (None, "No such file")):
        if broken is None:
            (gateway.dir / "tls/cert.pem").unlink()
        else:
            (gateway.dir / "tls/cert.pem").write_text(broken)
        text = lines_of(gateway.reload("reload_failed"))
        contains(text, f"{gateway.file}:{line}: listeners[0].tls.certificates[0].", "the place")
        contains(text, word, "the reason")
        equal(certificate(gateway), before, "the certificate that is shown")
    (gateway.dir / "tls/cert.pem").write_text(whole)
    gateway.reload()
    equal(gateway.ask(crm, headers=bearer(gateway.token("ann"))).status, 200, "service afterwards")


@test
def one_listener_that_cannot_be_opened_holds_back_everything(t):
    gateway, _, crm = standing(t)
    free, path = ports.take(), t.socket_path("plain.sock")
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        taken = stranger.getsockname()[1]
        config = settled(gateway) | {"limits": {"headers": 8}}
        config["listeners"] += [{**config["listeners"][0], "address": f"127.0.0.1:{free}"},
                                {"address": f"unix:{path}"},
                                {**config["listeners"][0], "address": f"127.0.0.1:{taken}"}]
        gateway.write_config(config)
        text = lines_of(gateway.reload("reload_failed"))
        contains(text, f"listeners[4].address: 127.0.0.1:{taken} is in use", "the reason")
    expect(refuses(free), "a listener of a file that was refused accepts")
    expect(not path.exists(), "its unix socket was left behind")
    many = bearer(gateway.token("ann")) + [(f"X-{i}", "1") for i in range(20)]
    equal(gateway.ask(crm, headers=many).status, 200, "limits that were not changed")
    gateway.reload()  # the stranger is gone
    equal(gateway.ask(crm, headers=many).status, 431, "limits once they are")
    expect(path.exists(), "no unix socket")


# --- certificates


@test
def a_new_certificate_is_in_force_and_nobody_is_dropped(t):
    gateway, echo, crm = standing(t)
    token = bearer(gateway.token("ann"))
    cert, key = certs.gate_pair(t.dir, "renewed", *NAMES)
    with gateway.wire(crm) as old, gateway.wire(crm) as running:
        old.send(request_bytes("GET", "/before", f"{crm}:{gateway.port}", token))
        equal(old.response().status, 200, "before")
        running.send(request_bytes("GET", "/delay/x", f"{crm}:{gateway.port}", token))
        echo.wait_for(2)
        config = settled(gateway)
        config["listeners"][0]["tls"]["certificates"] = [{"cert": str(cert), "key": str(key)}]
        gateway.write_config(config)
        gateway.reload()
        contains(certificate(gateway, crm), b"renewed", "the certificate of a new connection")
        old.send(request_bytes("GET", "/after", f"{crm}:{gateway.port}", token))
        equal(old.response().status, 200, "on the connection from before")
        echo.release("x")
        equal(running.response().status, 200, "the request that was running")


@test
def a_certificate_renewed_in_its_place_is_taken_on_every_worker(t):
    gateway, _, crm = standing(t, workers=4)
    token = bearer(gateway.token("ann"))
    context = client_context()
    with gateway.wire(crm, context) as first:
        first.send(request_bytes("GET", "/", f"{crm}:{gateway.port}", token))
        equal(first.response().status, 200, "before")
        session = first.socket.session
        put_certificate(gateway, *certs.gate_pair(t.dir, "renewed", *NAMES))
        gateway.reload()
        for _ in range(16):
            contains(certificate(gateway), b"renewed", "the certificate of a new connection")
        reused = []
        for _ in range(12):
            with gateway.wire(crm, context, session=session) as again:
                again.send(request_bytes("GET", "/", f"{crm}:{gateway.port}", token))
                equal(again.response().status, 200, "on a resumed session")
                reused.append(again.socket.session_reused)
        expect(all(reused), f"tickets from before the reload: {reused}")
        first.send(request_bytes("GET", "/", f"{crm}:{gateway.port}", token))
        equal(first.response().status, 200, "on the connection from before")


@test
def a_handshake_that_began_before_ends_with_what_it_began_with(t):
    """The names are looked up when the client's hello comes, which may be after the reload."""
    gateway, _, crm = standing(t)
    token = bearer(gateway.token("ann"))
    slow = [socket.create_connection(("127.0.0.1", gateway.port), timeout=15) for _ in range(8)]
    for each in slow:
        t.defer(each.close)
    until(lambda: open_connections(gateway) >= 8, "the connections to be taken")
    for turn in range(3):
        put_certificate(gateway, *certs.gate_pair(t.dir, f"renewed{turn}", *NAMES))
        gateway.reload()
    for each in slow:
        with client_context().wrap_socket(each, server_hostname=crm) as late:
            absent(late.getpeercert(True), b"renewed", "the certificate")
            late.sendall(request_bytes("GET", "/", f"{crm}:{gateway.port}", token))
            contains(late.recv(4096), b" 200 ", "the answer")


def open_connections(gateway):
    lines = gateway.admin("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("sallyport_connections_open"))


# --- listeners


@test
def a_listener_comes_and_goes(t):
    gateway, echo, crm = standing(t, workers=2)
    token = bearer(gateway.token("ann"))
    extra = ports.take()
    config = settled(gateway)
    config["listeners"].append({**config["listeners"][0], "address": f"127.0.0.1:{extra}"})
    gateway.write_config(config)
    told = gateway.reload()
    contains(told["listeners"], {"kind": "http", "address": f"127.0.0.1:{extra}"}, "the event")

    def through_extra():
        return Wire(extra, crm, client_context())

    def send(connection, path):
        connection.send(request_bytes("GET", path, f"{crm}:{gateway.port}", token))

    with through_extra() as idle, through_extra() as download, through_extra() as halfway:
        for connection in (idle, halfway):
            send(connection, "/")
            equal(connection.response().status, 200, "on the new listener")
        send(download, "/slow-body/1000000")
        response = download.head()
        whole = request_bytes("GET", "/", f"{crm}:{gateway.port}", token)
        halfway.send(whole[:20])
        until(lambda: open_connections(gateway) >= 4, "the connections to be known")
        config["listeners"].pop()
        gateway.write_config(config)
        gateway.reload()
        expect(refuses(extra), "the removed listener still accepts")
        idle.closed()
        halfway.send(whole[20:])
        last = halfway.response()
        equal((last.status, last.get("connection").lower()), (200, "close"), "a head that had begun to arrive")
        echo.release("slow-body")
        body = download.body(response).body
        equal((len(body), body[-1:]), (1_000_000, b"y"), "the download that was running")
        download.closed()
    equal(gateway.ask(crm, headers=token).status, 200, "on the one that stayed")
    config["listeners"].append({**config["listeners"][0], "address": f"127.0.0.1:{extra}"})
    gateway.write_config(config)
    gateway.reload()
    with through_extra() as again:
        send(again, "/")
        equal(again.response().status, 200, "on the listener that came back")


@test
def who_waits_in_the_queue_of_a_listener_that_stays_is_served(t):
    gateway, _, crm = standing(t, workers=2)
    token = bearer(gateway.token("ann"))
    config = settled(gateway)
    config["listeners"].append({**config["listeners"][0], "address": f"127.0.0.1:{ports.take()}"})
    gateway.signal(signal.SIGSTOP)
    waiting = [socket.create_connection(("127.0.0.1", gateway.port), timeout=20) for _ in range(60)]
    for each in waiting:
        t.defer(each.close)
    put_certificate(gateway, *certs.gate_pair(t.dir, "renewed", *NAMES))
    gateway.write_config(config)
    gateway.signal(signal.SIGHUP)
    gateway.signal(signal.SIGCONT)
    for each in waiting:
        with client_context().wrap_socket(each, server_hostname=crm) as served:
            served.sendall(request_bytes("GET", "/", f"{crm}:{gateway.port}", token))
            contains(served.recv(4096), b" 200 ", "the answer")
    expect(gateway.event("reloaded"), "no reload")


@test
def a_unix_socket_comes_and_goes(t):
    gateway, _, _ = standing(t)
    path = t.socket_path("plain.sock")
    config = settled(gateway)
    config["listeners"].append({"address": f"unix:{path}"})
    gateway.write_config(config)
    gateway.reload()
    contains(ask_unix_socket(path, request_bytes("GET", "/.sallyport/login", f"{GATE}:{gateway.port}")), b" 200 ", "the answer")
    gateway.reload()
    expect(path.exists(), "the socket of a listener that stays is gone")
    config["listeners"].pop()
    gateway.write_config(config)
    gateway.reload()
    expect(not path.exists(), "the socket of a removed listener is still there")


@test
def a_listener_on_any_port_keeps_the_one_it_has(t):
    gateway, _, _ = standing(t)
    admin = gateway.listener("admin")
    gateway.reload()
    equal(gateway.listener("admin"), admin, "the port after a reload with nothing changed")
    gateway.write_config(settled(gateway))
    gateway.reload()
    equal(gateway.admin("/live").status, 200, "the same port, now by its number")
    config = settled(gateway)
    config["listeners"][1] = {"address": "127.0.0.1:0", "kind": "admin"}
    config["listeners"].insert(1, {"address": f"127.0.0.1:{admin}", "kind": "admin"})
    gateway.write_config(config)
    told = [listener["address"] for listener in gateway.reload()["listeners"] if listener["kind"] == "admin"]
    expect(told[0] == f"127.0.0.1:{admin}" and told[1] != told[0], f"two admin listeners: {told}")


# --- the rest of the file


@test
def changed_limits_count(t):
    gateway, _, crm = standing(t)
    many = bearer(gateway.token("ann")) + [(f"X-{i}", "1") for i in range(20)]
    with gateway.wire(crm) as old:
        old.send(request_bytes("GET", "/", f"{crm}:{gateway.port}", many))
        equal(old.response().status, 200, "before")
        gateway.write_config(settled(gateway) | {"limits": {"headers": 10}})
        gateway.reload()
        equal(gateway.ask(crm, headers=many).status, 431, "on a new connection")
        old.send(request_bytes("GET", "/", f"{crm}:{gateway.port}", many))
        equal(old.response().status, 431, "a new request on a connection from before")
    gateway.write_config(settled(gateway) | {"limits": {"connections": 3, "idle": "300ms"}})
    gateway.reload()
    equal(gateway.ask(crm, headers=many).status, 200, "the old limit of headers is back")
    with gateway.wire(crm) as short:
        short.send(request_bytes("GET", "/", f"{crm}:{gateway.port}", many))
        equal(short.response().status, 200, "on a connection with a short time to be idle")
        short.closed()


@test
def trusted_proxies_change(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo))
    told = bearer(gateway.token("ann")) + [("X-Forwarded-For", "203.0.113.9")]

    def client():
        equal(gateway.ask(host("crm"), headers=told).status, 200, "status")
        return echo.requests[-1].get("x-forwarded-for")

    equal(client(), "127.0.0.1", "whom nobody trusts is not believed")
    gateway.write_config(settled(gateway) | {"trusted_proxies": ["127.0.0.1/32"]})
    gateway.reload()
    equal(client(), "203.0.113.9", "the client that a trusted proxy names")
    gateway.write_config(settled(gateway))
    gateway.reload()
    equal(client(), "127.0.0.1", "and not believed again")


@test
def who_came_by_https_is_a_trusted_proxys_word(t):
    """Behind a proxy that ends TLS a page's own origin is https; nobody else can say so."""
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo))
    crm, plain = host("crm"), ports.take()
    browser = signed_in(gateway, "ann", crm)
    config = settled(gateway)
    config["listeners"].append({"address": f"127.0.0.1:{plain}"})

    def post(scheme, *headers):
        with Wire(plain) as connection:
            connection.send(request_bytes("POST", "/", f"{crm}:{gateway.port}", browser.headers(
                crm, ("Origin", f"{scheme}://{crm}:{gateway.port}"), *headers), b"x"))
            return connection.response().status

    https = ("X-Forwarded-Proto", "https")
    for trusted, wanted in (([], (403, 200)), (["127.0.0.1/32"], (200, 403))):
        gateway.write_config(config | {"trusted_proxies": trusted})
        gateway.reload()
        equal((post("https", https), post("http", https)), wanted, f"forms with https and http, trusted {trusted}")
        equal((post("https"), post("http")), (403, 200), "without a word about it")
        for odd in ([https, https], [https, ("X-Forwarded-Proto", "http")], [("X-Forwarded-Proto", "https, http")]):
            equal(post("https", *odd), 403, f"with {odd}")
        equal(echo.requests[-1].get("x-forwarded-proto"), "http", "what the upstream hears without a word")


@test
def what_needs_a_restart_is_named_and_stays(t):
    gateway, _, crm = standing(t)
    token, good = bearer(gateway.token("ann")), settled(gateway)
    for key, value in (("workers", 2), ("storage", "sqlite:other.db"), ("salt", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
                       ("master_key", "env:OTHER"), ("gate", "https://other.localhost"), ("audit", {"mode": "durable"})):
        gateway.write_config({**good, key: value})
        equal(gateway.reload()["restart_needed"], [key], "what needs a restart")
    equal(gateway.ask(crm, headers=token).status, 200, "service with all as it was")
    gateway.write_config(good)
    equal(gateway.reload()["restart_needed"], [], "what needs a restart once the file is as it was")


@test
def a_master_key_from_the_environment_survives(t):
    gateway = world(t, start=False)
    gateway.configure(master_key="env:THE_KEY")
    gateway.start(env={"THE_KEY": (gateway.dir / "master.key").read_text().strip()})
    equal(gateway.reload()["restart_needed"], [], "what needs a restart, though the variable was wiped")


# --- the command


@test
def the_command_returns_once_it_is_in_force(t):
    gateway, _, crm = standing(t, workers=2)
    many = bearer(gateway.token("ann")) + [(f"X-{i}", "1") for i in range(20)]
    for turn in range(5):
        for headers, status in ((10, 431), (100, 200)):
            gateway.write_config(settled(gateway) | {"limits": {"headers": headers}})
            gateway.must("reload")
            equal(gateway.ask(crm, headers=many).status, status, "the first request after the command")
    gateway.write_config(settled(gateway) | {"workers": 1})
    done = gateway.run("reload")
    equal(done.code, 0, "exit code")
    contains(done.err, "workers needs a restart", "what it says")


@test
def the_command_prints_every_mistake(t):
    gateway, _, _ = standing(t)
    good = gateway.file.read_text()
    gateway.file.write_text(good + "nonsense: 1\nlog: {level: loud}\n")
    done = gateway.run("reload")
    equal(done.code, 1, "exit code")
    for line in (len(good.splitlines()) + 1, len(good.splitlines()) + 2):
        contains(done.err, f"{gateway.file}:{line}: ", "a mistake that any reader finds")
    gateway.file.write_text(good)
    (gateway.dir / "tls/key.pem").write_text("junk\n")
    done = gateway.run("reload")
    equal(done.code, 1, "exit code")
    contains(done.err, "listeners[0].tls.certificates[0].key", "a mistake that the gateway finds")
    expect(gateway.event("reload_failed"), "the gateway's log says nothing")
    gateway.kill()
    equal(gateway.run("reload").code, 1, "exit code without a gateway")


@test
def a_reload_while_it_ends_is_refused(t):
    gateway, echo, crm = standing(t)
    with gateway.wire(crm) as connection:
        connection.send(request_bytes("GET", "/slow-body/1000", f"{crm}:{gateway.port}", bearer(gateway.token("ann"))))
        connection.head()
        gateway.signal(signal.SIGTERM)
        gateway.event("draining")
        gateway.signal(signal.SIGHUP)
        until(lambda: refuses(gateway.port), "the listener to close")
        echo.release("slow-body")
        equal(gateway.wait(), 0, "exit code")
    absent(json.dumps(gateway.events), '"reloaded"', "the log")
