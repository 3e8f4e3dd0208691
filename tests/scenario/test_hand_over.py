"""From the gate to another host: nonce, code of one use, wanted page; nothing a client says is ever a redirect target."""
import json
import time
from urllib.parse import parse_qs, quote, urlsplit

from gateway import GATE
from registry import absent, contains, equal, expect, one_of, test
from web_client import HTML, PASSWORD, Browser
from world import datasource, host, signed_in, standing, upstream, world

PAGE = [("Accept", HTML)]


def to_callback(browser, where, target="/"):
    """Follows redirects from a page of `where` up to, and without, the callback; its URL."""
    response = browser.once("GET", browser.at(where, target), PAGE)
    for _ in range(8):
        one_of(response.status, (302, 303, 307), f"status of {browser.url}")
        location = response.get("location")
        browser.check_inside(location)
        if urlsplit(location).path == "/.sallyport/callback":
            return location
        response = browser.once("GET", location, PAGE)
    raise AssertionError("no callback")


@test
def a_page_load_comes_back_to_the_page_wanted(t):
    gateway, echo, crm = standing(t)
    browser = Browser(gateway)
    browser.open(crm, "/reports/2026?x=1&y=%20z")
    equal(urlsplit(browser.url).hostname, GATE, "where the sign-in page is")
    browser.fill_in("ann")
    equal((browser.page.status, browser.url), (200, browser.at(crm, "/reports/2026?x=1&y=%20z")), "where one lands")
    equal(echo.last().target, "/reports/2026?x=1&y=%20z", "what the upstream got")
    equal(len(echo.requests), 1, "requests that reached the upstream")


@test
def signed_in_at_the_gate_no_page_is_shown(t):
    gateway, _, crm = standing(t)
    browser = Browser(gateway)
    browser.sign_in("ann")
    page = browser.open(crm, "/a")
    equal((page.status, browser.url), (200, browser.at(crm, "/a")), "where one lands")
    expect(all(status in (200, 302, 303, 307) for _, _, status in browser.history), f"{browser.history}")


@test
def the_first_redirect_sets_a_nonce_cookie_on_the_target(t):
    gateway, _, crm = standing(t)
    response = gateway.ask(crm, headers=PAGE)
    equal(response.status, 302, "status")
    contains(response.get("location"), f"https://{GATE}:{gateway.port}/", "Location")
    cookies = response.all("set-cookie")
    expect(cookies and all(c.startswith("__Host-sallyport-") for c in cookies), f"the nonce cookie: {cookies}")
    absent(response.get("location"), cookies[0].split("=")[1].split(";")[0], "Location: the nonce itself")


@test
def the_wanted_page_is_an_opaque_handle(t):
    gateway, _, crm = standing(t)
    location = gateway.ask(crm, target="/very-special-page", headers=PAGE).get("location")
    absent(location, "very-special", "Location")
    absent(location, quote("/very-special-page", safe=""), "Location")


@test
def a_code_works_once(t):
    gateway, _, crm = standing(t)
    browser = Browser(gateway)
    browser.sign_in("ann")
    callback = to_callback(browser, crm, "/a")
    nonce = browser.cookie(crm)
    first = browser.once("GET", callback, PAGE)
    one_of(first.status, (302, 303), "first use")
    again = gateway.ask(crm, target=urlsplit(callback).path + "?" + urlsplit(callback).query,
                        headers=PAGE + [("Cookie", nonce)])
    expect(not any(c.startswith("__Host-sallyport=") for c in again.all("set-cookie")), "the second use gave a session")
    expect(again.status >= 300, f"second use: {again.status}")


@test
def a_code_is_bound_to_the_browser(t):
    gateway, _, crm = standing(t)
    victim, thief = Browser(gateway), Browser(gateway)
    victim.sign_in("ann")
    callback = to_callback(victim, crm)
    thief.once("GET", thief.at(crm), PAGE)  # a nonce of the thief's own
    for browser in (thief, Browser(gateway)):
        response = browser.once("GET", callback, PAGE)
        expect("__Host-sallyport" not in browser.jar.get(crm, {}), f"another browser got a session ({response.status})")


@test
def a_code_is_bound_to_the_host(t):
    echo = upstream(t)
    gateway = world(t, datasource("one", echo), datasource("two", echo))
    browser = Browser(gateway)
    browser.sign_in("ann")
    callback = to_callback(browser, host("one"))
    browser.once("GET", browser.at(host("two")), PAGE)
    browser.jar[host("two")] |= browser.jar[host("one")]
    parts = urlsplit(callback)
    browser.once("GET", browser.at(host("two"), f"{parts.path}?{parts.query}"), PAGE)
    expect("__Host-sallyport" not in browser.jar[host("two")], "the code of one host opened another")


@test
def a_host_cookie_is_useless_on_another_host(t):
    echo = upstream(t)
    gateway = world(t, datasource("one", echo), datasource("two", echo))
    browser = signed_in(gateway, "ann", host("one"))
    for where in (host("two"), GATE):
        target = "/.sallyport/account" if where == GATE else "/"
        answer = gateway.ask(where, target=target, headers=[("Cookie", browser.cookie(host("one")))])
        equal(answer.status, 401, f"cookie of one on {where}")
    equal(gateway.ask(host("one"), headers=[("Cookie", browser.cookie(GATE))]).status, 401, "the gate's cookie on an app host")


@test
def garbage_codes_are_refused(t):
    gateway, _, crm = standing(t)
    for query in ("", "?code=", "?code=abc", "?code=" + "A" * 43, "?code=" + "A" * 4000, "?code=%00", "?code=a&code=b", "?x=y"):
        browser = Browser(gateway)
        response = browser.once("GET", browser.at(crm, "/.sallyport/callback" + query), PAGE)
        expect("__Host-sallyport" not in browser.jar.get(crm, {}), f"{query[:30]}: a session")
        expect(300 <= response.status < 500, f"{query[:30]}: status {response.status}")


@test
def parallel_tabs_all_succeed(t):
    gateway, _, crm = standing(t)
    browser = Browser(gateway)
    pages = []
    for number in range(6):  # six tabs show the login page, each wants its own page
        browser.open(crm, f"/tab/{number}")
        pages.append((browser.url, browser.page))
    for number in (3, 0, 5, 1, 4, 2):
        browser.url, browser.page = pages[number]
        browser.fill_in("ann")
        equal((browser.page.status, browser.url), (200, browser.at(crm, f"/tab/{number}")), f"tab {number}")


@test
def tabs_of_several_hosts_all_succeed(t):
    echo = upstream(t)
    names = [f"app{number}" for number in range(4)]
    gateway = world(t, *[datasource(name, echo) for name in names])
    browser = Browser(gateway)
    pages = {}
    for name in names:
        browser.open(host(name), f"/{name}")
        pages[name] = (browser.url, browser.page)
    for name in reversed(names):
        browser.url, browser.page = pages[name]
        browser.fill_in("ann")
        equal((browser.page.status, browser.url), (200, browser.at(host(name), f"/{name}")), name)


@test
def no_url_of_a_client_is_a_redirect_target(t):
    gateway, _, crm = standing(t)
    evil = ["//evil.example.test", "/\\evil.example.test", "https:evil.example.test", "https://evil.example.test/",
            "\\\\evil.example.test", "/%09/evil.example.test", "http:\\\\evil.example.test", "javascript:alert(1)",
            f"https://{GATE}:{gateway.port}@evil.example.test/", "//evil.example.test/%2f..", "data:text/html,x"]
    names = ("next", "return", "return_to", "returnUrl", "redirect", "redirect_uri", "url", "to", "target", "location",
             "continue", "flow", "handle", "rd", "goto", "RelayState")
    for number, value in enumerate(evil):
        query = "&".join(f"{name}={quote(value, safe='')}" for name in names)
        browser = Browser(gateway)  # .check_inside judges every redirect
        page = browser.open(GATE, "/.sallyport/login?" + query)
        equal(page.status, 200, f"status of the sign-in page with {value}")
        if number < 3:  # signing in costs much by design; the page itself is looked at for all
            browser.fill_in("ann")
            browser.open(GATE, "/.sallyport/login?" + query)
        expect(f'href="{value}"' not in browser.page.text, f"{value} is a link on the page")
        for where in (crm, GATE):
            for path in ("/.sallyport/callback?", "/.sallyport/logout?"):
                response = browser.once("GET", browser.at(where, path + query), PAGE)
                if 300 <= response.status < 400:
                    browser.check_inside(response.get("location"))
    for path in ("//evil.example.test/", "/\\evil.example.test/", "///evil.example.test", "/.//evil.example.test",
                 "/%5cevil.example.test"):
        browser = Browser(gateway)
        response = browser.once("GET", browser.at(crm).rstrip("/") + path, PAGE)
        if 300 <= response.status < 400:
            browser.follow(response, PAGE)  # every redirect on the way is judged
            if path.startswith("//evil"):
                browser.fill_in("ann")


@test
def json_sign_in_names_a_place_inside(t):
    gateway = world(t)
    location = Browser(gateway).sign_in("ann").json()["location"]
    parts = urlsplit(location)
    expect(not parts.netloc or (parts.hostname or "").endswith(".localhost"), f"location {location!r}")


@test
def the_flow_is_lost_after_the_limit_of_its_code(t):
    """The code in the redirect is not the nonce, is not in the session, and is long enough not to be guessed."""
    gateway, _, crm = standing(t)
    browser = Browser(gateway)
    browser.sign_in("ann")
    codes = set()
    for _ in range(5):
        query = parse_qs(urlsplit(to_callback(browser, crm)).query)
        codes.add(tuple(sorted((k, v[0]) for k, v in query.items())))
        expect(any(len(v[0]) >= 22 for v in query.values()), f"a long random code: {query}")
    equal(len(codes), 5, "different codes")


@test(slow=True, limit=120)
def a_code_is_over_after_60_seconds(t):
    gateway, _, crm = standing(t)
    browser = Browser(gateway)
    browser.sign_in("ann")
    callback = to_callback(browser, crm)
    time.sleep(62)  # the only test that is about time itself
    browser.once("GET", callback, PAGE)
    expect("__Host-sallyport" not in browser.jar.get(crm, {}), "an old code still worked")


@test
def not_a_page_load_is_401_json(t):
    gateway, echo, crm = standing(t)
    for method, headers in (("GET", []), ("GET", [("Accept", "application/json")]), ("GET", [("Accept", "*/*")]),
                            ("POST", PAGE), ("PUT", PAGE), ("OPTIONS", []), ("DELETE", [])):
        response = gateway.ask(crm, method, "/x", headers, b"" if method in ("POST", "PUT") else None)
        equal(response.status, 401, f"status of {method} with {headers}")
        contains(response.get("content-type"), "application/json", "content type")
        equal(sorted(response.json()), ["details", "error", "message", "request_id"], "keys of the error body")
    head = gateway.ask(crm, "HEAD", "/x")
    equal((head.status, head.body), (401, b""), "HEAD")
    equal(echo.requests, [], "what reached the upstream")


@test
def internal_paths_never_reach_the_upstream(t):
    gateway, echo, crm = standing(t)
    browser = signed_in(gateway, "ann", crm)
    echo.requests.clear()
    for path in ("/.sallyport/callback", "/.sallyport/x", "/.sallyport/", "/.sallyport", "/%2Esallyport/x", "/.sallyport/login"):
        response = browser.once("GET", browser.at(crm, path), PAGE)
        expect(response.status >= 300, f"{path}: {response.status}")
    equal([r.target for r in echo.requests], [], "what reached the upstream")


@test
def passwords_go_only_to_the_gate(t):
    gateway, echo, crm = standing(t)
    response = gateway.ask(crm, "POST", "/.sallyport/login", [("Content-Type", "application/json"), ("X-Sallyport-Request", "1")],
                           json.dumps({"user": "ann", "password": PASSWORD}).encode())
    expect(response.status >= 400, f"sign-in on an app host: {response.status}")
    equal(echo.requests, [], "what reached the upstream")
