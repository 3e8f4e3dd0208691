"""Under a service manager: it hears when we are ready, reload, live and stop, and the sockets that it passes are served.
The manager is played by the test; systemd itself is not needed."""
import re
import signal
import socket
import time

import ports
from gateway import GATE
from registry import PATIENCE, absent, contains, equal, expect, test
from test_reload import refuses, settled
from wait import until
from wire import Wire, ask_unix_socket, client_context, request_bytes
from world import bearer, datasource, host, standing, upstream, world


class Manager:
    """The end of $NOTIFY_SOCKET that systemd holds."""

    def __init__(self, t, name=None):
        self.name = name or str(t.socket_path("notify"))
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.name.replace("@", "\0", 1))
        self.socket.settimeout(20 * PATIENCE)
        t.defer(self.socket.close)

    def hears(self):
        """The next message, as a value."""
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().split("\n"))

    def silent(self):
        self.socket.setblocking(False)
        try:
            return not self.socket.recv(4096)
        except BlockingIOError:
            return True
        finally:
            self.socket.settimeout(20 * PATIENCE)


def listening(port=0, family=socket.AF_INET):
    made = socket.socket(family)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1" if family == socket.AF_INET else "::1", port))
    made.listen(64)
    return made


def served(gateway, port, name=GATE):
    with Wire(port, name, client_context()) as connection:
        connection.send(request_bytes("GET", "/.sallyport/login", f"{name}:{gateway.port}"))
        return connection.response().status


# --- what the manager hears


@test
def the_manager_hears_every_change_of_state(t):
    for name in (None, f"@sallyport-scenario-{time.monotonic_ns()}"):
        manager = Manager(t, name)
        gateway = world(t, name="abstract" if name else "path", start=False)
        gateway.start(env={"NOTIFY_SOCKET": manager.name})
        equal(manager.hears(), {"READY": "1"}, "at the start")
        equal(served(gateway, gateway.port), 200, "a request once it said so")
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        gateway.reload()
        told = manager.hears()
        equal(told.pop("RELOADING"), "1", "at a reload")
        expect(before <= int(told["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000, f"when: {told}")
        equal(manager.hears(), {"READY": "1"}, "after the reload")
        good = gateway.file.read_text()
        gateway.file.write_text("nonsense: 1\n")
        gateway.reload("reload_failed")
        contains(manager.hears(), "RELOADING", "at a reload that fails")
        equal(manager.hears(), {"READY": "1"}, "after the reload that failed")
        gateway.file.write_text(good)
        gateway.must("reload")
        contains(manager.hears(), "RELOADING", "at a reload by command")
        equal(manager.hears(), {"READY": "1"}, "after it")
        expect(manager.silent(), "a manager without a watchdog hears more")
        gateway.signal(signal.SIGTERM)
        equal(manager.hears(), {"STOPPING": "1"}, "at the end")
        equal(gateway.wait(), 0, "exit code")


@test
def it_is_not_ready_before_all_listeners_accept(t):
    manager = Manager(t)
    gateway = world(t, start=False)
    with listening(gateway.port):
        gateway.refused_start(env={"NOTIFY_SOCKET": manager.name})
    expect(manager.silent(), "the manager was told of a start that failed")


@test
def the_watchdog_hears_that_the_workers_live(t):
    manager = Manager(t)
    gateway = world(t, start=False, workers=2)
    gateway.start(env={"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "900000"})
    equal(manager.hears(), {"READY": "1"}, "at the start")
    for _ in range(4):
        equal(manager.hears(), {"WATCHDOG": "1"}, "while it lives")
    gateway.signal(signal.SIGSTOP)
    while not manager.silent():
        pass
    manager.socket.settimeout(1.5)
    try:
        absent(manager.hears(), "WATCHDOG", "what a stopped process says")
    except TimeoutError:
        pass
    gateway.signal(signal.SIGCONT)
    manager.socket.settimeout(20 * PATIENCE)
    equal(manager.hears(), {"WATCHDOG": "1"}, "when it goes on")


@test
def the_watchdog_of_another_process_is_not_ours(t):
    manager = Manager(t)
    gateway = world(t, start=False)
    gateway.start(env={"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "30000", "WATCHDOG_PID": "1"})
    equal(manager.hears(), {"READY": "1"}, "at the start")
    gateway.reload()
    equal(set(manager.hears()), {"RELOADING", "MONOTONIC_USEC"}, "the next word")


# --- sockets it passes


@test
def passed_sockets_are_served_and_who_waits_in_them(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo), start=False)
    path = t.socket_path("passed.sock")
    with listening(gateway.port) as web, listening() as admin, socket.socket(socket.AF_UNIX) as local:
        local.bind(str(path))
        local.listen(8)
        config = gateway.base_config() | {"workers": 3}
        config["listeners"][1]["address"] = f"127.0.0.1:{admin.getsockname()[1]}"
        config["listeners"].append({"address": f"unix:{path}"})
        gateway.write_config(config)
        early = [socket.create_connection(("127.0.0.1", gateway.port), timeout=20) for _ in range(20)]
        for each in early:
            t.defer(each.close)
        gateway.start(sockets=(web, admin, local), env={"LISTEN_FDNAMES": "web:admin:local"})
        token = bearer(gateway.token("ann"))
        for each in early:
            with client_context().wrap_socket(each, server_hostname=host("crm")) as waiting:
                waiting.sendall(request_bytes("GET", "/", f"{host('crm')}:{gateway.port}", token))
                contains(waiting.recv(4096), b" 200 ", "a request of who was there before us")
        equal(gateway.admin("/live").status, 200, "the admin listener")
        contains(ask_unix_socket(path, request_bytes("GET", "/.sallyport/login", f"{GATE}:{gateway.port}")), b" 200 ", "the unix socket")
        gateway.stop()
        expect(path.exists(), "a socket that is the manager's was removed")
        # The manager holds them: who comes while nobody runs waits for the next one.
        between = socket.create_connection(("127.0.0.1", gateway.port), timeout=20)
        gateway.start(sockets=(web, admin, local))
        with client_context().wrap_socket(between, server_hostname=GATE) as waiting:
            waiting.sendall(request_bytes("GET", "/.sallyport/login", f"{GATE}:{gateway.port}"))
            contains(waiting.recv(4096), b" 200 ", "a request of who came between two processes")


@test
def a_passed_socket_that_nobody_asked_for_is_an_error(t):
    gateway = world(t, start=False)
    with listening() as stray, listening(gateway.port) as web:
        log = gateway.refused_start(sockets=(web, stray), env={"LISTEN_FDNAMES": "web:stray"})
        contains(log, f"127.0.0.1:{stray.getsockname()[1]}", "its address")
        contains(log, "stray", "its name")


@test
def what_is_passed_has_to_be_a_listening_socket(t):
    gateway = world(t, start=False)
    with socket.socket() as deaf, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        for wrong in (deaf, datagrams):
            wrong.bind(("127.0.0.1", 0))
            contains(gateway.refused_start(sockets=(wrong,)), "no listening stream socket", "the reason")
    with open("/dev/null") as file:
        contains(gateway.refused_start(sockets=(file,)), "no listening stream socket", "the reason")
    with socket.socket(socket.AF_INET6) as both:
        both.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        both.bind(("::", 0))
        both.listen()
        contains(gateway.refused_start(sockets=(both,)), "BindIPv6Only", "the reason")
    with listening(gateway.port) as one:
        twin = one.dup()
        contains(gateway.refused_start(sockets=(one, twin)), "two sockets for", "the reason")
        twin.close()
        contains(gateway.refused_start(sockets=(one,), env={"LISTEN_PID": "x"}), "LISTEN_PID", "the reason")


@test
def sockets_for_another_process_are_left_alone(t):
    gateway = world(t, start=False)
    with listening() as other:
        gateway.start(sockets=(other,), env={"LISTEN_PID": "1"})
        equal(served(gateway, gateway.port), 200, "on a socket of its own")


@test
def a_passed_listener_goes_and_comes_back_with_a_reload(t):
    gateway, port = world(t, start=False), ports.take()
    with listening(gateway.port) as web, listening(port) as more:
        config = gateway.base_config()
        config["listeners"].append({**config["listeners"][0], "address": f"127.0.0.1:{port}"})
        gateway.write_config(config)
        gateway.start(sockets=(web, more))
        equal(served(gateway, port), 200, "before")
        less = settled(gateway)
        gateway.write_config(less)
        gateway.reload()
        equal(served(gateway, gateway.port), 200, "on the one that stayed")
        with socket.create_connection(("127.0.0.1", port), timeout=20) as waiting:  # the manager still listens there
            gateway.write_config({**less, "listeners": less["listeners"] + [config["listeners"][-1]]})
            gateway.reload()
            with client_context().wrap_socket(waiting, server_hostname=GATE) as again:
                again.sendall(request_bytes("GET", "/.sallyport/login", f"{GATE}:{gateway.port}"))
                contains(again.recv(4096), b" 200 ", "who waited meanwhile")


@test
def the_programs_it_starts_get_none_of_this(t):
    manager = Manager(t)
    gateway = world(t, start=False)
    shown = t.dir / "shown"
    gateway.configure(master_key=f"exec:env > {shown}; ls -l /proc/self/fd >> {shown}; cat {gateway.dir}/master.key")
    with listening(gateway.port) as web:
        gateway.start(sockets=(web,), env={"NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "30000000"})
        text = shown.read_text()
        lines = [line for line in text.splitlines() if re.search("NOTIFY_SOCKET|LISTEN_|WATCHDOG|socket:", line)]
        equal(lines, [], "what the command saw")


@test
def without_a_manager_nothing_is_missing(t):
    gateway, _, _ = standing(t)
    gateway.stop()
    expect(refuses(gateway.port), "still listening")
    gateway.start(env={"NOTIFY_SOCKET": str(t.dir / "nobody-there"), "LISTEN_FDS": "1"})
    until(lambda: served(gateway, gateway.port) == 200, "the gate")
