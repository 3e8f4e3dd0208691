"""Health, readiness, metrics on the admin listener; the JSON log."""
import json
import re
import signal

from gateway import GATE
from registry import absent, contains, equal, expect, one_of, test
from wait import until
from wire import Wire, request_bytes
from world import KEY, bearer, host, signed_in, standing


@test
def live_and_ready_are_200(t):
    gateway, _, _ = standing(t)
    for target in ("/live", "/ready"):
        equal(gateway.admin(target).status, 200, f"status of {target}")
    equal(gateway.admin("/nothing").status, 404, "status of another path")
    equal(gateway.admin("/").status, 404, "status of /")


@test
def not_ready_while_draining(t):
    gateway, echo, crm = standing(t)
    with gateway.wire(crm) as connection:
        connection.send(request_bytes("GET", "/delay/x", f"{crm}:{gateway.port}", bearer(gateway.token("ann"))))
        echo.wait_for(1)
        with Wire(gateway.listener("admin")) as admin:
            gateway.signal(signal.SIGTERM)
            until(lambda: gateway.admin("/ready").status == 503, "readiness to go")
            equal(gateway.admin("/live").status, 200, "still alive")
            admin.close()
        echo.release("x")
        equal(connection.response().status, 200, "the running request")
    equal(gateway.wait(), 0, "exit code")


@test
def metrics_count_requests_and_tell_no_secret(t):
    gateway, _, crm = standing(t)
    token = gateway.token("ann")

    def total():
        text = gateway.admin("/metrics").text
        found = re.findall(r'^sallyport_request(?:s_total|_seconds_count)(?:\{[^}]*\})? ([0-9.e+]+)$', text, re.MULTILINE)
        return sum(float(value) for value in found)

    response = gateway.admin("/metrics")
    contains(response.get("content-type"), "text/plain", "content type")
    for line in response.text.splitlines():
        expect(re.match(r'^(#.*|[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})? [^ ]+( \d+)?)?$', line), f"a line of the exposition format: {line!r}")
    before = total()
    for _ in range(7):
        gateway.ask(crm, headers=bearer(token))
    until(lambda: total() >= before + 7, "the counter to count seven")
    text = gateway.admin("/metrics").text
    for word in (KEY, token, "spt_", "ann@example.test", "__Host"):
        absent(text, word, "metrics")


@test
def the_admin_listener_serves_nothing_else(t):
    gateway, echo, crm = standing(t)
    token = bearer(gateway.token("ann"))
    for method, target, headers in (("GET", "/", token), ("POST", "/live", []), ("GET", "/.sallyport/login", []), ("DELETE", "/metrics", []),
                                    ("GET", "/../live", []), ("GET", "//live", [])):
        with Wire(gateway.listener("admin")) as connection:
            connection.send(request_bytes(method, target, f"{crm}:{gateway.port}", headers))
            one_of(connection.response(method).status, (400, 404, 405, 421), f"{method} {target}")
    equal(echo.requests, [], "what reached the upstream")
    equal(gateway.ask(crm, target="/metrics", headers=token).json()["target"], "/metrics", "on an app host it is the upstream's path")
    expect(gateway.ask(GATE, target="/metrics").status in (401, 404, 302), "metrics on the gate host")


@test
def every_log_line_is_an_object_and_none_tells_a_secret(t):
    gateway, _, crm = standing(t)
    browser = signed_in(gateway, "ann", crm)
    token = gateway.token("mel")
    for target in ("/", "/reset", "/status/500", "/x?password=swordfish-77"):
        gateway.ask(crm, target=target, headers=bearer(token))
        gateway.ask(crm, target=target, headers=browser.headers(crm))
    gateway.stop()
    for line in gateway.log().splitlines():
        event = json.loads(line)
        expect({"time", "level", "event"} <= set(event), f"keys of {line}")
        one_of(event["level"], ("debug", "info", "warning", "error"), f"level of {line}")
        expect(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", str(event["time"])), f"time of {line}")
    for word in (KEY, token, browser.jar[crm]["__Host-sallyport"], browser.jar[GATE]["__Host-sallyport"], "swordfish-77",
                 "lantern-orbit"):
        absent(gateway.log(), word, "the log")


@test
def a_request_id_in_an_error_is_in_the_log(t):
    gateway, echo, crm = standing(t)
    token = bearer(gateway.token("ann"))
    echo.close()
    identity = gateway.ask(crm, headers=token).json()["request_id"]
    gateway.wait_log(lambda event: identity in json.dumps(event))
    audit = [event for event in gateway.audit() if identity in json.dumps(event)]
    equal(len(audit), 1, "audit entries under that id")


@test
def cold_start_is_quick_and_stops_clean(t):
    gateway, _, _ = standing(t)
    for _ in range(3):
        gateway.stop()
        gateway.start()
    equal(host("crm"), "crm.apps.localhost", "host")
