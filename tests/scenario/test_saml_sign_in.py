"""Signing in at a real SAML identity provider (B1): both bindings, every way of signing, many tabs, a restart in between."""
import concurrent.futures
from urllib.parse import parse_qs, urlsplit

from gateway import GATE
from registry import absent, contains, equal, expect, test
from saml_bed import LINE1, Visitor, document, entity_id, introduce, line1, refused, signed_in, simplesaml, sp_metadata, standing
from world import upstream, world


def lands(visitor, page, where=LINE1, target="/"):
    equal((page.status, visitor.url), (200, visitor.at(where, target)), f"where one lands ({page.text[:200]!r} {visitor.history[-4:]})")


@test
def by_redirect_to_the_page_wanted(t):
    provider, echo = simplesaml(t), upstream(t)
    gateway = world(t, line1(echo), document(t, provider))
    introduce(gateway, provider)
    visitor = Visitor(gateway, provider)
    visitor.begin(LINE1, "/reports/2026?x=1&y=%20z")
    method, url, _ = next(entry for entry in visitor.history if urlsplit(entry[1]).netloc in visitor.providers)
    fields = parse_qs(urlsplit(url).query)
    equal((method, sorted(fields)), ("GET", ["RelayState", "SAMLRequest", "SigAlg", "Signature"]), "the request")
    absent(fields["RelayState"][0], "reports", "RelayState")
    lands(visitor, visitor.deliver(visitor.answer()), LINE1, "/reports/2026?x=1&y=%20z")
    equal([request.target for request in echo.requests], ["/reports/2026?x=1&y=%20z"], "what the upstream got")
    equal(echo.last().all("x-sallyport-user"), ["alice"], "who the upstream is told it is")
    equal(echo.last().all("x-sallyport-email"), ["alice@corp.test"], "the e-mail address it is told")
    user = gateway.get("user", "alice")
    equal((user["email"], [each["provider"] for each in user["identities"]]), ("alice@corp.test", ["corp"]), "the account")


@test
def by_post_to_the_page_wanted(t):
    gateway, provider = standing(t, provider=simplesaml(t, bindings=["POST"]))
    visitor = Visitor(gateway, provider)
    visitor.begin(LINE1, "/x?y=1")
    method, url, _ = next(entry for entry in visitor.history if urlsplit(entry[1]).netloc in visitor.providers)
    equal((method, urlsplit(url).query), ("POST", ""), "the request")
    form = visitor.sent_request
    expect({"SAMLRequest", "RelayState"} <= set(form["fields"]), f"its fields {sorted(form['fields'])}")
    lands(visitor, visitor.deliver(visitor.answer()), LINE1, "/x?y=1")


@test
def from_the_sign_in_page_itself(t):
    gateway, provider = standing(t)
    visitor = Visitor(gateway, provider)
    visitor.open(GATE, "/.sallyport/login")
    equal(list(visitor.choices()), ["Sign in with The corp directory"], "what the page offers")
    visitor.choose()
    equal(visitor.deliver(visitor.answer("bob")).status, 200, "status in the end")
    equal(urlsplit(visitor.url).hostname, GATE, "where one lands")
    me = gateway.ask(GATE, target="/api/v1/me", headers=visitor.headers(GATE)).json()
    contains(str(me), "bob", "who it is")


@test
def requests_are_signed_where_the_provider_demands_it(t):
    """validate.authnrequest is on in all of these tests: what is not signed SimpleSAMLphp refuses."""
    gateway, provider = standing(t, saml={"sign_requests": False})
    contains(sp_metadata(gateway), 'AuthnRequestsSigned="false"', "our metadata")
    visitor = Visitor(gateway, provider)
    visitor.begin()
    contains(visitor.page.text, "exception", "the provider's page")
    introduce(gateway, provider, validate_authnrequest=False)
    lands(visitor, visitor.sign_in_at())
    gateway.apply(document(t, provider))
    contains(sp_metadata(gateway), 'AuthnRequestsSigned="true"', "our metadata")
    introduce(gateway, provider)
    again = Visitor(gateway, provider)
    lands(again, again.sign_in_at())


@test
def whatever_is_signed_of_response_and_assertion(t):
    gateway, provider = standing(t)
    for response, assertion in ((True, True), (True, False), (False, True)):
        introduce(gateway, provider, saml20_sign_response=response, saml20_sign_assertion=assertion)
        signed_in(gateway, provider)
    introduce(gateway, provider, saml20_sign_response=False, saml20_sign_assertion=False)
    visitor = Visitor(gateway, provider)
    visitor.sign_in_at()
    refused(visitor, "signed")
    expect(not visitor.is_signed_in(), "a session of an unsigned answer")


def twenty_tabs(t, begin_at_once):
    gateway, provider = standing(t, workers=2)
    browser = signed_in(gateway, provider)  # at the provider; without a session there SimpleSAMLphp mixes up its own tabs
    for where in (GATE, LINE1):
        browser.jar.pop(where)
    tabs = [browser.tab() for _ in range(20)]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        begun = [pool.submit(tab.begin, LINE1, f"/tab/{number}") for number, tab in enumerate(tabs)] if begin_at_once else []
    for each in begun:
        each.result()
    if not begin_at_once:
        for number, tab in enumerate(tabs):
            tab.begin(LINE1, f"/tab/{number}")
    answers = [tab.answer() for tab in tabs]

    def finish(number):
        page = tabs[number].deliver(answers[number])
        while tabs[number].is_at(provider):  # begun anew, with the session there is
            page = tabs[number].deliver(tabs[number].answer())
        return number, page.status, tabs[number].url

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        ended = list(pool.map(finish, reversed(range(20))))
    equal(sorted(ended), [(number, 200, browser.at(LINE1, f"/tab/{number}")) for number in range(20)], "where the tabs land")


@test
def twenty_tabs_of_one_browser(t):
    twenty_tabs(t, False)


@test
def twenty_tabs_that_open_at_once(t):
    twenty_tabs(t, True)


@test
def a_restart_between_request_and_answer_costs_nobody_the_sign_in(t):
    gateway, provider = standing(t)
    visitor, late = Visitor(gateway, provider), Visitor(gateway, provider)
    visitor.begin(LINE1, "/before")
    late.begin(LINE1, "/later")
    answer = visitor.answer()
    gateway.stop()
    gateway.start()
    lands(visitor, visitor.deliver(answer), LINE1, "/before")
    lands(late, late.deliver(late.answer("bob")), LINE1, "/later")


@test
def begun_at_the_provider_where_that_is_allowed(t):
    gateway, provider = standing(t, saml={"idp_initiated": True})
    visitor = Visitor(gateway, provider)
    for relay_state in ("", "https://evil.example.test/", "/.sallyport/logout", "//evil.example.test"):
        visitor.jar.pop(GATE, None)
        visitor.go(provider.begin_url(entity_id(gateway), relay_state))
        page = visitor.deliver(visitor.answer())
        equal((page.status, urlsplit(visitor.url).hostname), (200, GATE), f"where one lands with RelayState {relay_state!r}")
        expect(visitor.is_signed_in(), f"signed in with RelayState {relay_state!r}")
    replayed = Visitor(gateway, provider)
    visitor.go(provider.begin_url(entity_id(gateway)))
    answer = visitor.answer()
    visitor.deliver(answer)
    replayed.deliver(answer)
    refused(replayed)


@test
def begun_at_the_provider_it_is_refused_else(t):
    gateway, provider = standing(t)
    visitor = Visitor(gateway, provider)
    visitor.go(provider.begin_url(entity_id(gateway)))
    visitor.deliver(visitor.answer())
    refused(visitor)
    expect(not visitor.is_signed_in(), "a session")
    equal(gateway.run("get", "user", "alice").code, 1, "exit code of get of an account that should not be there")
