"""The same-origin rule: a cookie alone never makes a change, a token may."""
from gateway import GATE
from registry import contains, equal, expect, one_of, test
from wire import request_bytes
from world import bearer, host, instance, keyed, signed_in, standing, upstream, world

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
def a_foreign_page_may_lead_here_and_read_nothing(t):
    """What the upstream answers to a careless Access-Control-Allow-Origin does not matter: it is not asked."""
    listed = "https://app.example.test"
    echo = upstream(t)
    gateway = world(t, keyed("crm", echo, origins=[listed]))
    crm = host("crm")
    cookie = signed_in(gateway, "ann", crm).cookie(crm)
    own = f"https://{crm}:{gateway.port}"
    echo.requests.clear()
    said = lambda site, mode, target, *more: [("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", mode), ("Sec-Fetch-Dest", target), *more]
    table = [
        ([("Origin", EVIL)], 403),
        ([("Origin", "null")], 403),
        ([("Origin", EVIL), ("Referer", own + "/")], 403),
        (said("same-site", "cors", "empty", ("Origin", f"https://{host('evil')}:{gateway.port}")), 403),
        (said("same-site", "no-cors", "image"), 403),
        (said("cross-site", "no-cors", "script"), 403),
        (said("same-site", "no-cors", "script", ("Referer", EVIL + "/")), 403),
        (said("same-site", "no-cors", "script", ("Referer", listed + ".evil.test/")), 403),
        (said("same-site", "no-cors", "script", ("Referer", EVIL + "/" + listed + "/")), 403),
        (said("same-site", "navigate", "object"), 403),
        (said("same-site", "navigate", "embed"), 403),
        (said("same-site", "navigate", "document", ("Sec-Purpose", "prefetch;prerender")), 403),
        (said("none", "navigate", "document", ("Sec-Purpose", "prefetch")), 403),
        (said("same-origin", "no-cors", "empty", ("Sec-Purpose", "prefetch")), 200),
        (said("same-site", "navigate", "document"), 200),
        (said("cross-site", "navigate", "iframe"), 200),
        (said("none", "navigate", "document"), 200),
        (said("same-origin", "cors", "empty"), 200),
        (said("cross-site", "cors", "empty", ("Origin", listed)), 200),
        (said("cross-site", "no-cors", "image", ("Referer", listed + "/")), 200),
    ]
    for method in ("GET", "HEAD"):
        wrong = []
        for headers, wanted in table:
            if method == "HEAD" and ("Sec-Fetch-Mode", "navigate") in headers:
                continue
            status = gateway.ask(crm, method, "/read", [("Cookie", cookie), *headers]).status
            wrong += [f"{method} {headers}: {status}, wanted {wanted}"] if status != wanted else []
        equal(wrong, [], "answers")
    heads = sum(1 for headers, wanted in table if wanted == 200 and ("Sec-Fetch-Mode", "navigate") not in headers)
    equal(len(echo.requests), sum(1 for _, wanted in table if wanted == 200) + heads, "requests that reached the upstream")


@test
def what_is_public_is_read_by_every_page_as_nobodys(t):
    echo = upstream(t)
    areas = [{"name": "open", "paths": ["/open"], "public": True}, {"name": "rest", "paths": ["/"], "roles": ["owner"]}]
    gateway = world(t, instance("site", echo, areas=areas))
    site = host("site")
    cookie = [("Cookie", signed_in(gateway, "ann", site).cookie(site))]
    foreign = [("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")]
    echo.requests.clear()
    for headers, users in ((cookie, ["ann"]), (cookie + foreign, []), (foreign, [])):
        equal(gateway.ask(site, target="/open/logo", headers=headers).status, 200, f"status with {headers[1:]}")
        equal(echo.requests[-1].all("x-sallyport-user"), users, "whose request it is")
    equal(gateway.ask(site, target="/rest", headers=cookie + foreign).status, 403, "what is not public")
    equal(len(echo.requests), 3, "requests that reached the upstream")


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
