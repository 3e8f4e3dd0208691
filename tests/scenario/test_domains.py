"""One gate, hosts of domains that have nothing to do with each other: each with its certificate, cookies and hand-over of its own."""
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import certs
from gateway import GATE
from registry import absent, equal, expect, one_of, test
from test_hand_over import PAGE, to_callback
from web_client import Browser
from wire import Wire, client_context, request_bytes
from world import datasource, host, keyed, upstream, world

PARTNER, WORKS = "tool.partner.example", "reports.works.example"
EVERYWHERE = (host("crm"), PARTNER, WORKS)


def domains(t):
    """(gateway, upstream): crm beside the gate, and two tools on domains and certificates of their own."""
    echo = upstream(t)
    gateway = world(t, keyed("crm", echo), datasource("tool", echo, at=PARTNER), datasource("reports", echo, at=WORKS), start=False)
    config = gateway.base_config()
    trusted = gateway.dir / "tls/ca.pem"
    for name, where in (("partner", PARTNER), ("works", WORKS)):
        cert, key = certs.gate_pair(t.dir, name, where)
        config["listeners"][0]["tls"]["certificates"].append({"cert": str(cert), "key": str(key)})
        trusted.write_text(trusted.read_text() + (t.dir / f"{name}-ca.pem").read_text())  # what our clients trust
    gateway.write_config(config)
    return gateway.start(), echo


def traveller(gateway):
    browser = Browser(gateway)
    browser.domains = (".localhost", ".example")
    return browser


def signed_in_everywhere(gateway):
    browser = traveller(gateway)
    browser.sign_in("ann")
    for where in EVERYWHERE:
        browser.enter(where)
    return browser


def has_session(browser, where):
    return "__Host-sallyport" in browser.jar.get(where, {})


def use(browser, where, callback):
    parts = urlsplit(callback)
    return browser.once("GET", browser.at(where, f"{parts.path}?{parts.query}"), PAGE)


@test
def a_sign_in_goes_on_to_an_unrelated_domain(t):
    gateway, echo = domains(t)
    browser = traveller(gateway)
    browser.open(PARTNER, "/line?x=1&y=%20z")
    equal(urlsplit(browser.url).hostname, GATE, "where the sign-in page is")
    browser.fill_in("ann")
    equal((browser.page.status, browser.url), (200, browser.at(PARTNER, "/line?x=1&y=%20z")), "where one lands")
    equal([request.target for request in echo.requests], ["/line?x=1&y=%20z"], "what reached the upstream")
    for where in (WORKS, host("crm")):  # signed in at the gate: no page on the way
        page = browser.open(where, "/next")
        equal((page.status, browser.url), (200, browser.at(where, "/next")), "where one lands")
    values = [browser.jar[where]["__Host-sallyport"] for where in (GATE, *EVERYWHERE)]
    equal(len(set(values)), 4, "different cookies")
    for request in echo.requests:
        absent(request.head, b"__Host-sallyport", "what reached an upstream")
        absent(request.head, b"code=", "what reached an upstream")


@test
def a_cookie_counts_on_its_own_domain_alone(t):
    gateway, echo = domains(t)
    browser = signed_in_everywhere(gateway)
    echo.requests.clear()
    for owner in (GATE, *EVERYWHERE):
        for where in EVERYWHERE:
            wanted = 200 if owner == where else 401
            equal(gateway.ask(where, headers=[("Cookie", browser.cookie(owner))]).status, wanted, f"the cookie of {owner} at {where}")
    equal(len(echo.requests), len(EVERYWHERE), "requests that reached an upstream")


@test
def tabs_of_unrelated_domains_all_succeed(t):
    gateway, _ = domains(t)
    browser = traveller(gateway)
    pages = []
    for number in range(2):
        for where in EVERYWHERE:
            browser.open(where, f"/tab/{number}")
            pages.append((where, number, browser.url, browser.page))
    for where, number, browser.url, browser.page in reversed(pages):
        browser.fill_in("ann")
        equal((browser.page.status, browser.url), (200, browser.at(where, f"/tab/{number}")), f"tab {number} of {where}")


@test
def tabs_that_load_at_the_same_moment_all_succeed(t):
    """A browser that comes back after a restart: signed in at the gate, and every tab asks at once."""
    gateway, _ = domains(t)
    person = traveller(gateway)
    person.sign_in("ann")

    def tab(place):
        where, number = place
        browser = traveller(gateway)
        browser.jar = person.jar  # the jar of one browser
        page = browser.open(where, f"/tab/{number}")
        return page.status, browser.url == browser.at(where, f"/tab/{number}")

    for where in EVERYWHERE:
        person.jar[where] = {}
    with ThreadPoolExecutor(9) as pool:
        equal(list(pool.map(tab, [(where, number) for number in range(3) for where in EVERYWHERE])), [(200, True)] * 9, "tabs")


@test
def a_code_is_worth_nothing_elsewhere_twice_or_without_its_nonce(t):
    gateway, echo = domains(t)
    browser = traveller(gateway)
    browser.sign_in("ann")

    callback = to_callback(browser, PARTNER)
    browser.once("GET", browser.at(WORKS), PAGE)
    browser.jar[WORKS] |= browser.jar[PARTNER]  # the nonce that goes with the code
    one_of(use(browser, WORKS, callback).status, (400, 403), "the code on another domain")
    expect(not has_session(browser, WORKS), "a code of one domain opened another")
    use(browser, PARTNER, callback)
    expect(not has_session(browser, PARTNER), "the code still counted after it was shown elsewhere")

    callback = to_callback(browser, PARTNER)
    nonce = dict(browser.jar.pop(PARTNER))
    one_of(use(browser, PARTNER, callback).status, (400, 403), "the code without its nonce")
    expect(not has_session(browser, PARTNER), "a code without its nonce opened a session")
    browser.jar[PARTNER] = dict(nonce)

    callback = to_callback(browser, PARTNER)
    one_of(use(browser, PARTNER, callback).status, (302, 303), "the code where it belongs")
    expect(has_session(browser, PARTNER), "control: the code counts where it belongs")
    again = traveller(gateway)
    again.jar[PARTNER] = nonce
    one_of(use(again, PARTNER, callback).status, (400, 403), "the same code once more")
    expect(not has_session(again, PARTNER), "a code counted twice")
    equal(echo.requests, [], "requests that reached an upstream")


@test
def signing_out_at_the_gate_ends_it_on_every_domain(t):
    gateway, _ = domains(t)
    browser = signed_in_everywhere(gateway)
    cookies = {where: browser.cookie(where) for where in EVERYWHERE}
    program = [("X-Sallyport-Request", "1"), ("Content-Type", "application/json")]
    out = browser.once("POST", browser.at(GATE, "/.sallyport/logout"), program, b"{}")
    equal(out.status, 200, "status of the sign-out")
    for where, cookie in cookies.items():
        equal(gateway.ask(where, headers=[("Cookie", cookie)]).status, 401, f"the old cookie at {where}")


@test
def a_host_of_another_certificate_is_421_whoever_asks(t):
    """A name that was led to our address by somebody's DNS, or a connection that a client wants to use for another host."""
    gateway, echo = domains(t)
    browser = signed_in_everywhere(gateway)
    echo.requests.clear()
    table = [(name, asked) for name in (GATE, PARTNER, WORKS) for asked in (GATE, *EVERYWHERE, "rebound.evil.example", "127.0.0.1")]
    beside = {(GATE, GATE), (GATE, host("crm")), (PARTNER, PARTNER), (WORKS, WORKS)}  # one certificate for both
    for name, asked in table:
        for method, target, body in (("GET", "/", None), ("POST", "/.sallyport/login", b"{}"),
                                     ("GET", "/.sallyport/callback?code=x", None)):
            headers = [("Cookie", browser.cookie(asked))] if browser.jar.get(asked) else []
            with Wire(gateway.port, name, client_context()) as connection:
                connection.send(request_bytes(method, target, f"{asked}:{gateway.port}", headers, body))
                status = connection.response().status
            fits = (name, asked) in beside
            expect((status == 421) != fits, f"{method} {target} of {asked} on a connection for {name}: {status}")
    equal(len(echo.requests), 3, "requests that reached an upstream: one for each tool on its own connection")


@test
def origins_let_one_domain_call_another(t):
    """Each origin for itself: who is listed at one tool is nobody at the next."""
    gateway, echo = domains(t)
    works, partner = f"https://{WORKS}:{gateway.port}", f"https://{PARTNER}:{gateway.port}"
    gateway.apply(datasource("tool", echo, at=PARTNER, origins=[works]))
    browser = signed_in_everywhere(gateway)
    echo.requests.clear()
    asks = [("Access-Control-Request-Method", "PUT"), ("Access-Control-Request-Headers", "content-type, x-own")]
    for where, origin, wanted in ((PARTNER, works, 204), (PARTNER, partner + ".evil.example", 403), (PARTNER, "null", 403),
                                  (PARTNER, f"https://{WORKS}", 403), (WORKS, partner, 403), (host("crm"), works, 403)):
        flight = gateway.ask(where, "OPTIONS", "/x", [("Origin", origin), *asks])
        equal(flight.status, wanted, f"pre-flight of {origin} at {where}")
        equal(flight.all("access-control-allow-origin"), [origin] if wanted == 204 else [], "Access-Control-Allow-Origin")
        for method, body in (("PUT", b"{}"), ("GET", None)):
            told = [("Origin", origin), ("Sec-Fetch-Site", "cross-site"), ("Cookie", browser.cookie(where))]
            answer = gateway.ask(where, method, "/x", told, body)
            equal(answer.status, 200 if wanted == 204 else 403, f"{method} of {origin} at {where}")
    equal([request.method for request in echo.requests], ["PUT", "GET"], "requests that reached an upstream")
