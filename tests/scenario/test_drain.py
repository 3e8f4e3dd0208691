"""Ending: SIGTERM lets running requests finish, takes no new ones, and is over within the drain limit."""
import signal
import threading
import time

from registry import absent, contains, equal, expect, one_of, test
from wait import until
from wire import Closed, request_bytes
from world import bearer, standing


def accepts(gateway, crm):
    try:
        gateway.wire(crm, seconds=2).close()
        return True
    except OSError:
        return False


@test
def a_running_download_is_finished(t):
    gateway, echo, crm = standing(t)
    token = bearer(gateway.token("ann"))
    with gateway.wire(crm) as connection:
        connection.send(request_bytes("GET", "/slow-body/1000000", f"{crm}:{gateway.port}", token))
        response = connection.head()
        gateway.signal(signal.SIGTERM)
        until(lambda: not accepts(gateway, crm), "the listener to close")
        expect(gateway.process.poll() is None, "ended before the download was over")
        echo.release("slow-body")
        body = connection.body(response).body
        equal((len(body), body[-1:]), (1_000_000, b"y"), "the body")
        equal(gateway.wait(), 0, "exit code")
    contains(gateway.must("audit", "verify"), "ok", "audit verify")


@test
def a_running_upload_is_finished(t):
    gateway, echo, crm = standing(t)
    token = bearer(gateway.token("ann"))
    with gateway.wire(crm) as connection:
        connection.send(request_bytes("POST", "/sink", f"{crm}:{gateway.port}", token + [("Content-Length", "100")]) + b"x" * 50)
        until(lambda: echo.requests and echo.requests[0].length == 50, "half the body to arrive")
        gateway.signal(signal.SIGTERM)
        until(lambda: not accepts(gateway, crm), "the listener to close")
        connection.send(b"y" * 50)
        equal(connection.response().json()["length"], 100, "bytes that arrived")
        equal(gateway.wait(), 0, "exit code")


@test
def idle_connections_are_closed_at_once(t):
    gateway, _, crm = standing(t)
    with gateway.wire(crm) as connection:
        connection.send(request_bytes("GET", "/", f"{crm}:{gateway.port}", bearer(gateway.token("ann"))))
        equal(connection.response().status, 200, "status")
        began = time.monotonic()
        gateway.signal(signal.SIGTERM)
        equal(gateway.wait(), 0, "exit code")
        expect(time.monotonic() - began < 5, "an idle connection held the end up")
        connection.closed()


@test
def the_answer_under_drain_says_close(t):
    gateway, echo, crm = standing(t)
    with gateway.wire(crm) as connection:
        connection.send(request_bytes("GET", "/delay/x", f"{crm}:{gateway.port}", bearer(gateway.token("ann"))))
        echo.wait_for(1)
        gateway.signal(signal.SIGTERM)
        until(lambda: not accepts(gateway, crm), "the listener to close")
        echo.release("x")
        response = connection.response()
        equal((response.status, response.get("connection").lower()), (200, "close"), "the answer")
        connection.closed()
    equal(gateway.wait(), 0, "exit code")


@test
def what_does_not_end_is_ended_at_the_limit(t):
    gateway, echo, crm = standing(t, limits={"drain": "1s"})
    with gateway.wire(crm) as connection:
        connection.send(request_bytes("GET", "/slow-body/1000000", f"{crm}:{gateway.port}", bearer(gateway.token("ann"))))
        connection.head()
        began = time.monotonic()
        gateway.signal(signal.SIGTERM)
        one_of(gateway.wait(), (0, 1), "exit code")
        expect(0.8 < time.monotonic() - began < 6, f"ended after {time.monotonic() - began:.1f} s with a drain limit of 1 s")
        try:
            connection.body(connection.head())
        except Closed:
            pass


@test
def a_second_signal_and_interrupt(t):
    gateway, _, crm = standing(t)
    gateway.signal(signal.SIGINT)
    equal(gateway.wait(), 0, "exit code after SIGINT")
    gateway.start()
    with gateway.wire(crm) as connection:
        connection.send(request_bytes("GET", "/silent", f"{crm}:{gateway.port}", bearer(gateway.token("ann"))))
        gateway.signal(signal.SIGTERM)
        until(lambda: not accepts(gateway, crm), "the listener to close")
        gateway.signal(signal.SIGTERM)
        gateway.wait(35)


@test
def requests_under_load_lose_nothing(t):
    gateway, echo, crm = standing(t)
    token = bearer(gateway.token("ann"))
    outcomes, stop = [], threading.Event()

    def work():
        while not stop.is_set():
            try:
                connection = gateway.wire(crm, seconds=5)
            except OSError:
                return  # not accepted any more
            with connection:
                try:
                    for _ in range(50):
                        connection.send(request_bytes("GET", "/bytes/2000", f"{crm}:{gateway.port}", token))
                        response = connection.response()
                        outcomes.append((response.status, len(response.body)))
                        if response.get("connection").lower() == "close":
                            return
                except (Closed, OSError):
                    outcomes.append("idle close" if not connection.buffer else "broken")
                    return

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: len(outcomes) > 50, "load")
    gateway.signal(signal.SIGTERM)
    equal(gateway.wait(), 0, "exit code")
    stop.set()
    for thread in threads:
        thread.join()
    absent(outcomes, "broken", "outcomes")
    expect(set(outcomes) <= {(200, 2000), "idle close"}, f"outcomes {set(outcomes)}")
    equal(gateway.must("audit", "verify").split()[0], "ok", "audit verify")
