"""Single logout both ways (B1): the gate's ends the provider's session, the provider's ends all of the gateway's."""
import re

from gateway import GATE
from registry import absent, contains, equal, expect, test
from saml_bed import LINE1, Visitor, document, introduce, line1, signed_in, simplesaml, sp_metadata
from web_client import Forms
from world import host, upstream, world

LINE2 = host("line2")


def two_lines(t, provider=None, **corp):
    """(gateway, provider) with two instances."""
    provider, echo = provider or simplesaml(t), upstream(t)
    gateway = world(t, line1(echo), line1(echo, "line2"), document(t, provider, **corp))
    introduce(gateway, provider)
    return gateway, provider


def everywhere(gateway, provider, user="alice"):
    visitor = signed_in(gateway, provider, user)
    visitor.enter(LINE2)
    return visitor


def sessions(visitor):
    """Where the browser's cookies are still good."""
    return [where for where in (GATE, LINE1, LINE2) if visitor.is_signed_in(where)]


def cookies_of(visitor):
    return {where: dict(visitor.jar[where]) for where in (GATE, LINE1, LINE2)}


def still_good(visitor, cookies):
    """Where those cookies, kept from before, are still good."""
    thief = Visitor(visitor.gateway)
    thief.jar = cookies
    return sessions(thief)


def by_the_button(visitor, where=GATE):
    page = visitor.open(where, "/.sallyport/logout")
    form = next(form for form in Forms(page.text).forms if form["method"] == "POST")
    return visitor.submit(form, {}, ("Origin", visitor.at(where, "")), ("Sec-Fetch-Site", "same-origin"))


def asks_for_the_password(visitor, provider):
    visitor.begin()
    return visitor.is_at(provider) and "password" in visitor.page.text and "SAMLResponse" not in visitor.page.text


@test
def the_gates_logout_ends_the_providers_session(t):
    gateway, provider = two_lines(t)
    for where in (GATE, LINE2):
        visitor = everywhere(gateway, provider)
        kept = cookies_of(visitor)
        equal(still_good(visitor, kept), [GATE, LINE1, LINE2], "sessions before")
        page = by_the_button(visitor, where)
        equal((page.status, visitor.url.split("?")[0]), (200, visitor.at(GATE, "/.sallyport/saml/corp/slo")),
              f"where the logout on {where} ends ({visitor.history[-5:]})")
        contains([url.split("?")[0] for _, url, _ in visitor.history], f"{provider.base}saml2/idp/SingleLogoutService.php", "the way")
        equal(still_good(visitor, kept), [], "sessions after")
        expect(asks_for_the_password(visitor, provider), "the provider's session is over")


@test
def the_gates_logout_at_a_provider_that_takes_it_by_post_alone(t):
    """A page with one button, since nothing of ours runs a script; signed out here before it is pressed."""
    provider, echo = simplesaml(t), upstream(t)
    corp, place = document(t, provider), t.dir / "corp-metadata.xml"
    by_post, found = re.subn(r'(<md:SingleLogoutService Binding="[^"]*)HTTP-Redirect"', r'\1HTTP-POST"', place.read_text())
    expect(found, "the provider's metadata names no logout by Redirect")
    place.write_text(by_post)
    gateway = world(t, line1(echo), line1(echo, "line2"), corp)
    introduce(gateway, provider)
    visitor = everywhere(gateway, provider)
    kept = cookies_of(visitor)
    page = by_the_button(visitor)
    equal((page.status, still_good(visitor, kept)), (200, []), "the page that leads on, and sessions after it")
    contains(page.text, "Continue to sign out at", "the page")
    form = next(form for form in Forms(page.text).forms if form["method"] == "POST")
    equal(form["action"].split("?")[0], f"{provider.base}saml2/idp/SingleLogoutService.php", "where the form leads")
    contains(page.get("content-security-policy"), f"form-action 'self' https: {provider.origin}", "what the page may send to")
    page = visitor.submit(form, {})
    equal((page.status, visitor.url.split("?")[0]), (200, visitor.at(GATE, "/.sallyport/saml/corp/slo")),
          f"where it ends ({visitor.history[-5:]})")
    expect(asks_for_the_password(visitor, provider), "the provider's session is over")


@test
def a_program_that_signs_out_is_led_to_no_form(t):
    provider, echo = simplesaml(t), upstream(t)
    corp, place = document(t, provider), t.dir / "corp-metadata.xml"
    place.write_text(place.read_text().replace('HTTP-Redirect" Location="' + provider.base + "saml2/idp/SingleLogout",
                                               'HTTP-POST" Location="' + provider.base + "saml2/idp/SingleLogout"))
    gateway = world(t, line1(echo), line1(echo, "line2"), corp)
    introduce(gateway, provider)
    visitor = everywhere(gateway, provider)
    answer = visitor.once("POST", visitor.at(GATE, "/.sallyport/logout"), headers=[("X-Sallyport-Request", "1")])
    equal((answer.status, answer.json()), (200, {"next": "done", "location": "/.sallyport/logout"}), "the answer")


@test
def without_logout_the_provider_remembers(t):
    """The twin of the one before: it is the logout that makes the provider ask again."""
    gateway, provider = two_lines(t)
    visitor = everywhere(gateway, provider)
    for where in (GATE, LINE1, LINE2):
        visitor.jar.pop(where)
    visitor.begin()
    equal(visitor.deliver(visitor.answer("nobody", "no password")).status, 200, "signed in without being asked")


@test
def the_providers_logout_ends_the_sessions_on_all_hosts(t):
    gateway, provider = two_lines(t)
    visitor, elsewhere, bob = everywhere(gateway, provider), everywhere(gateway, provider), everywhere(gateway, provider, "bob")
    kept = cookies_of(visitor)
    page = visitor.go(provider.logout_url())
    equal((page.status, visitor.url), (200, provider.base + "logout.php"), f"where it ends ({visitor.history[-4:]})")
    equal(still_good(visitor, kept), [], "sessions after")
    equal((sessions(elsewhere), sessions(bob)), ([GATE, LINE1, LINE2],) * 2, "sessions of another browser, and of somebody else")


@test
def the_providers_logout_by_post(t):
    """No cookie of ours comes with that, but for the session's name in the message."""
    gateway, provider = two_lines(t)
    metadata = sp_metadata(gateway)
    only_post = re.sub(r'<md:SingleLogoutService Binding="[^"]*HTTP-Redirect"[^>]*/>', "", metadata)
    expect(only_post != metadata, "our metadata names no logout by Redirect")
    provider.trust("corp", only_post)
    visitor = everywhere(gateway, provider)
    kept = cookies_of(visitor)
    visitor.go(provider.logout_url())
    expect(visitor.sent_request, f"no request by POST: {visitor.history[-4:]}")
    equal(still_good(visitor, kept), [], "sessions after")


@test
def a_logout_request_that_is_not_the_providers_ends_nothing(t):
    gateway, provider = two_lines(t)
    stranger = simplesaml(t, "stranger", signs="two")
    stranger.trust("corp", sp_metadata(gateway))
    visitor = everywhere(gateway, provider)
    told = Visitor(gateway, stranger)
    told.go(stranger.begin_url(f"https://{GATE}:{gateway.port}/.sallyport/saml/corp/metadata"))
    told.answer()
    location = told.once("GET", stranger.logout_url()).get("location")
    while location.startswith(stranger.origin):
        location = told.once("GET", location).get("location")
    contains(location, "/.sallyport/saml/corp/slo?SAMLRequest=", "where the stranger sends the browser")
    for changed in (location, re.sub(r"&Signature=[^&]*", "", location), location.split("&SigAlg")[0]):
        answer = visitor.once("GET", changed)
        expect(answer.status >= 400, f"status of a stranger's logout: {answer.status}")
    equal(sessions(visitor), [GATE, LINE1, LINE2], "sessions after")


@test
def with_the_provider_gone_the_gates_logout_still_ends_its_own(t):
    gateway, provider = two_lines(t)
    visitor = everywhere(gateway, provider)
    kept = cookies_of(visitor)
    provider.stop()
    page = visitor.open(GATE, "/.sallyport/logout")
    form = next(form for form in Forms(page.text).forms if form["method"] == "POST")
    answer = visitor.submit(form, {}, ("Origin", visitor.at(GATE, "")), ("Sec-Fetch-Site", "same-origin"), follow=False)
    expect(answer.status < 400, f"status of the logout: {answer.status}")
    equal(still_good(visitor, kept), [], "sessions after")
    absent(answer.get("location"), "alice", "Location")
