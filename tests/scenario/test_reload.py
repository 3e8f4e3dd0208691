"""SIGHUP: an invalid file changes nothing and says every line; a good one is in force without dropping anybody."""
import json
import signal

import certs
import ports
from gateway import GATE
from registry import contains, equal, expect, test
from wait import until
from wire import Wire, client_context, request_bytes
from world import bearer, standing


def reload(gateway, wanted):
    """Sends SIGHUP; the new event of that name."""
    before = len(gateway.events)
    gateway.signal(signal.SIGHUP)
    return gateway.wait_log(lambda event: gateway.events.index(event) >= before and event.get("event") == wanted)


@test
def an_invalid_file_changes_nothing_and_says_every_line(t):
    gateway, _, crm = standing(t)
    token = bearer(gateway.token("ann"))
    good = gateway.file.read_text()
    gateway.file.write_text(good + "nonsense: 1\nlog: {level: loud}\n")
    text = json.dumps(reload(gateway, "reload_failed"))
    for line in (len(good.splitlines()) + 1, len(good.splitlines()) + 2):
        contains(text, f":{line}", "reload_failed names the line")
    equal(gateway.ask(crm, headers=token).status, 200, "service afterwards")
    gateway.file.write_text(good)
    reload(gateway, "reloaded")
    equal(gateway.ask(crm, headers=token).status, 200, "service after the good file")


@test
def a_new_certificate_is_in_force_and_nobody_is_dropped(t):
    gateway, echo, crm = standing(t)
    token = bearer(gateway.token("ann"))
    cert, key = certs.gate_pair(t.dir, "renewed", GATE, "apps.localhost", "*.apps.localhost")
    with gateway.wire(crm) as old, gateway.wire(crm) as running:
        old.send(request_bytes("GET", "/before", f"{crm}:{gateway.port}", token))
        equal(old.response().status, 200, "before")
        running.send(request_bytes("GET", "/delay/x", f"{crm}:{gateway.port}", token))
        echo.wait_for(2)
        config = gateway.base_config()
        config["listeners"][0]["tls"]["certificates"] = [{"cert": str(cert), "key": str(key)}]
        gateway.write_config(config)
        reload(gateway, "reloaded")

        def renewed():
            with Wire(gateway.port, crm, client_context()) as fresh:
                return b"renewed" in fresh.socket.getpeercert(True)

        until(renewed, "the new certificate on new connections")
        old.send(request_bytes("GET", "/after", f"{crm}:{gateway.port}", token))
        equal(old.response().status, 200, "on the connection from before")
        echo.release("x")
        equal(running.response().status, 200, "the request that was running")


@test(later="F3: listeners that come and go with SIGHUP")
def a_listener_comes_and_goes(t):
    gateway, _, crm = standing(t)
    token = bearer(gateway.token("ann"))
    extra = ports.take()
    config = gateway.base_config()
    config["listeners"][1]["address"] = f"127.0.0.1:{gateway.listener('admin')}"
    config["listeners"].append({**config["listeners"][0], "address": f"127.0.0.1:{extra}"})
    gateway.write_config(config)
    reload(gateway, "reloaded")

    def ask():
        with Wire(extra, crm, client_context()) as connection:
            connection.send(request_bytes("GET", "/", f"{crm}:{gateway.port}", token))
            return connection.response().status

    equal(ask(), 200, "on the new listener")
    config["listeners"].pop()
    gateway.write_config(config)
    reload(gateway, "reloaded")

    def gone():
        try:
            Wire(extra).close()
        except OSError:
            return True
        return False

    until(gone, "the removed listener to stop accepting")
    equal(gateway.ask(crm, headers=token).status, 200, "on the one that stayed")


@test
def what_needs_a_restart_says_so(t):
    gateway, _, crm = standing(t)
    good = gateway.base_config()
    for key, value in (("workers", 2), ("storage", "sqlite:other.db"), ("salt", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
                       ("master_key", "env:OTHER")):
        gateway.write_config({**good, key: value})
        before = len(gateway.events)
        gateway.signal(signal.SIGHUP)
        told = gateway.wait_log(lambda event, b=before: gateway.events.index(event) >= b and "reload" in event.get("event", ""))
        contains(json.dumps(told), key, "the event names the setting")
        contains(json.dumps(told).lower(), "restart", "and says that it needs a restart")
    expect(gateway.process.poll() is None, "still running")
    gateway.write_config(good)
    reload(gateway, "reloaded")
    equal(gateway.ask(crm, headers=bearer(gateway.token("ann"))).status, 200, "service afterwards")
