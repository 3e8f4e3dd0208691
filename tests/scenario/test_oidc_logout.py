"""Logout with an OpenID provider, both ways (B3): the gate's ends the provider's session, the provider's ends the gateway's."""
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from gateway import GATE
from oidc_bed import LINE1, Person, at_gate, signed_in, standing
from registry import contains, equal, expect, test
from saml_bed import REFERENCE
from wait import until
from web_client import Forms


def at_the_providers_question(person):
    """Says yes to the provider's "sign out?"."""
    form = next(form for form in Forms(person.page.text).forms if "xsrf" in form["fields"])
    return person.submit(form, {"logout": "yes"}, ("Origin", urljoin(person.url, "/").rstrip("/")))


def asks_for_the_password(person, provider):
    person.begin()
    return person.is_at(provider) and "password" in person.page.text


@test
def the_gates_logout_ends_the_providers_session(t):
    gateway, provider = standing(t)
    person = signed_in(gateway, provider)
    page = person.open(GATE, "/.sallyport/logout")
    form = next(form for form in Forms(page.text).forms if form["method"] == "POST")
    person.submit(form, {}, ("Origin", person.at(GATE, "")), ("Sec-Fetch-Site", "same-origin"))
    expect(person.is_at(provider), f"at the provider: {person.history[-4:]}")
    url = next(url for _, url, _ in reversed(person.history) if f"{provider.origin}/session/end?" in url)
    asked = parse_qs(urlsplit(url).query)
    equal(asked["client_id"], ["gateway-corp"], "client_id")
    expect("id_token_hint" in asked, f"no id_token_hint: {sorted(asked)}")
    expect(not person.is_signed_in() and not person.is_signed_in(LINE1), "still signed in here")
    page = at_the_providers_question(person)
    equal((page.status, urlsplit(person.url).hostname), (200, GATE), f"where it ends ({person.history[-4:]})")
    expect(asks_for_the_password(person, provider), "the provider's session is over")


@test
def the_providers_logout_ends_all_sessions_of_it(t):
    gateway, provider = standing(t)
    person, other = signed_in(gateway, provider), signed_in(gateway, provider, "bob")
    person.go(f"{provider.origin}/session/end?" + urlencode({"client_id": "gateway-corp"}))
    at_the_providers_question(person)
    until(lambda: "logout token: 200" in provider.log(), "the provider to be told that its logout token was taken")
    expect(not person.is_signed_in() and not person.is_signed_in(LINE1), "still signed in here")
    expect(other.is_signed_in() and other.is_signed_in(LINE1), "bob is signed in no more")


@test
def logout_tokens_that_are_none(t):
    gateway, provider = standing(t)
    person = signed_in(gateway, provider)
    where = urlsplit(at_gate(gateway, "corp", "backchannel-logout")).path
    for body in (b"", b"logout_token=", b"logout_token=a.b.c", b"logout_token=a&logout_token=b", b"other=1",
                 b"logout_token=eyJhbGciOiJub25lIn0.e30.", b"logout_token=" + b"a" * 100000):
        answer = gateway.ask(GATE, "POST", where, [("Content-Type", "application/x-www-form-urlencoded")], body)
        expect(400 <= answer.status < 500, f"{body[:40]}: {answer.status}")
        contains(answer.get("cache-control") or "", "no-store", "Cache-Control")  # Back-Channel Logout 1.0 s2.8
    expect(gateway.ask(GATE, "GET", where).status == 405, "GET")
    expect(person.is_signed_in(), "signed out by nobody")
    expect(not REFERENCE.search(answer.text), "a reference for a program")
