"""The same-origin rule: a cookie alone never makes a change, a token may."""
from gateway import GATE
from registry import contains, equal, expect, one_of, test
from wire import request_bytes
from world import bearer, host, keyed, signed_in, standing, upstream, world

EVIL = "https://evil.example.test"


def statuses(gateway, where, cookie, table, method="POST"):
    wrong = []
    for headers, wanted in table:
        pairs = [("Cookie", cookie)] + list(headers)
        response = gateway.ask(where, method, "/change", pairs, b"x" if method != "DELETE" else None)
        if response.status != wanted:
            wrong.append(f"{method} {headers}: {response.status}, wanted {wanted}")
    return wrong


@test
def changes_need_the_own_origin(t):
    gateway, echo, crm = standing(t)
    cookie = signed_in(gateway, "ann", crm).cookie(crm)
    own = f"https://{crm}:{gateway.port}"
    echo.requests.clear()
    table = [
        ([], 403),
        ([("Origin", EVIL)], 403),
        ([("Origin", "null")], 403),
        ([("Origin", "")], 403),
        ([("Origin", EVIL), ("Sec-Fetch-Site", "same-origin")], 403),
        ([("Origin", f"https://{GATE}:{gateway.port}")], 403),
        ([("Origin", f"https://other.apps.localhost:{gateway.port}")], 403),
        ([("Origin", f"http://{crm}:{gateway.port}")], 403),
        ([("Origin", f"https://{crm}")], 403),
        ([("Origin", f"https://{crm}:{gateway.port}.evil.example.test")], 403),
        ([("Origin", own + "/")], 403),
        ([("Origin", own), ("Origin", EVIL)], 403),
        ([("Sec-Fetch-Site", "cross-site")], 403),
        ([("Sec-Fetch-Site", "same-site")], 403),
        ([("Sec-Fetch-Site", "nonsense")], 403),
        ([("Referer", own + "/x")], 403),
        ([("Origin", own)], 200),
        ([("Origin", own), ("Sec-Fetch-Site", "same-origin")], 200),
        ([("Sec-Fetch-Site", "same-origin")], 200),
        ([("Sec-Fetch-Site", "none")], 200),
    ]
    accepted = sum(1 for _, wanted in table if wanted == 200)
    wrong = [line for line in statuses(gateway, crm, cookie, table) if not ("('Origin'" in line and line.count("Origin") == 2
                                                                           and ": 400" in line)]
    equal(wrong, [], "answers")
    equal(len(echo.requests), accepted, "requests that reached the upstream")


@test
def every_changing_method_is_covered(t):
    gateway, echo, crm = standing(t)
    cookie = signed_in(gateway, "ann", crm).cookie(crm)
    echo.requests.clear()
    for method in ("POST", "PUT", "PATCH", "DELETE", "PROPFIND", "X-NEW"):
        equal(statuses(gateway, crm, cookie, [([("Origin", EVIL)], 403), ([], 403)], method), [], method)
    for method in ("get", "Get", "head"):  # methods are case-sensitive: these are not GET
        response = gateway.ask(crm, method, "/", [("Cookie", cookie), ("Origin", EVIL)])
        one_of(response.status, (400, 403, 405, 501), f"method {method}")
    equal(echo.requests, [], "what reached the upstream")


@test
def reading_needs_no_origin(t):
    gateway, _, crm = standing(t)
    cookie = signed_in(gateway, "ann", crm).cookie(crm)
    for method in ("GET", "HEAD", "OPTIONS"):
        equal(gateway.ask(crm, method, "/", [("Cookie", cookie)]).status, 200, f"{method} without Origin")


@test
def an_upgrade_needs_the_own_origin(t):
    gateway, echo, crm = standing(t)
    cookie = signed_in(gateway, "ann", crm).cookie(crm)
    echo.requests.clear()
    for headers in ([], [("Origin", EVIL)]):
        with gateway.wire(crm) as connection:
            connection.send(request_bytes("GET", "/ws", f"{crm}:{gateway.port}", [
                ("Cookie", cookie), ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), *headers]))
            response = connection.response()
        equal(response.status, 403, f"status with {headers}")
    equal(echo.requests, [], "what reached the upstream")


@test
def tokens_are_exempt(t):
    gateway, _, crm = standing(t)
    token = gateway.token("ann")
    for headers in ([], [("Origin", EVIL)], [("Sec-Fetch-Site", "cross-site")]):
        equal(gateway.ask(crm, "POST", "/", bearer(token) + headers, b"x").status, 200, f"status with {headers}")


@test
def listed_origins_may_call_and_preflight(t):
    echo = upstream(t)
    gateway = world(t, keyed("crm", echo, origins=["https://app.example.test"]))
    crm = host("crm")
    cookie = signed_in(gateway, "ann", crm).cookie(crm)
    good, evil = [("Origin", "https://app.example.test")], [("Origin", EVIL)]
    equal(statuses(gateway, crm, cookie, [(good, 200), (evil, 403), ([("Origin", "https://app.example.test:8443")], 403),
                                          ([("Origin", "https://APP.example.test.evil.test")], 403)]), [], "POST")
    echo.requests.clear()
    asks = [("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "content-type,x-a")]
    answer = gateway.ask(crm, "OPTIONS", "/x", good + asks)
    one_of(answer.status, (200, 204), "pre-flight of a listed origin")
    equal(answer.all("access-control-allow-origin"), ["https://app.example.test"], "Access-Control-Allow-Origin")
    contains(answer.get("access-control-allow-methods").upper(), "POST", "Access-Control-Allow-Methods")
    contains(answer.get("vary").lower(), "origin", "Vary")
    refused = gateway.ask(crm, "OPTIONS", "/x", evil + asks)
    equal(refused.all("access-control-allow-origin"), [], "Access-Control-Allow-Origin for a foreign origin")
    equal(echo.requests, [], "pre-flights that reached the upstream")


@test
def the_gate_host_keeps_the_rule_too(t):
    gateway = world(t)
    browser = signed_in(gateway, "ann")
    for path in ("/.sallyport/account", "/.sallyport/logout", "/"):
        response = gateway.ask(GATE, "POST", path, [("Cookie", browser.cookie(GATE)), ("Origin", EVIL)], b"")
        expect(response.status in (403, 404, 405), f"POST {path} from a foreign page: {response.status}")
    equal(gateway.ask(GATE, target="/.sallyport/account", headers=browser.headers(GATE)).status, 200, "still signed in")
