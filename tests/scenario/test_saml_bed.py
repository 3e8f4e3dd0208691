"""The identity providers of the other SAML scenarios do what those rely on: shown with Lasso, another service provider."""
import base64
import re
from urllib.parse import urlencode, urlsplit

from lasso_party import LassoParty, lasso, missing
from registry import Skipped, absent, contains, equal, expect, test
from samlp_provider import CBC, GCM
from saml_bed import PASSWORD, Visitor, samlp, simplesaml
from web_client import HTML

PAGE = [("Accept", HTML)]


def party(t):
    if why := missing():
        raise Skipped(why)
    return LassoParty(t.dir / "party")


def at_work(t, **options):
    """(SimpleSAMLphp, a party it knows)"""
    service, provider = party(t), simplesaml(t)
    provider.trust("party", service.metadata, **options)
    return provider, service.meet(provider.metadata())


def asked(provider, request):
    """A visitor who has brought a request to the provider."""
    url, fields = request
    visitor = Visitor(None, provider)
    form = [("Content-Type", "application/x-www-form-urlencoded")] if fields else []
    visitor.follow(visitor.once("POST" if fields else "GET", url, PAGE + form, urlencode(fields).encode() if fields else None), PAGE)
    return visitor


def led_out(visitor, url):
    """Where the provider's redirects lead, away from it."""
    while urlsplit(url).netloc in visitor.providers:
        url = visitor.once("GET", url, PAGE).get("location")
    return url


def signatures(xml):
    """What is signed of a Response: the parents of its signatures."""
    tags = re.findall(r"<(/?)(?:\w+:)?(Response|Assertion|Signature)\b", xml)
    return {parent[1] for parent, child in zip(tags, tags[1:]) if child == ("", "Signature") and parent[0] == ""}


def decoded(answer):
    return base64.b64decode(answer.response).decode()


@test
def simplesaml_signs_what_it_is_told_to(t):
    provider, service = at_work(t)
    for by, response, assertion in (("Redirect", True, True), ("POST", True, False), ("POST", False, True)):
        provider.trust("party", service.metadata, saml20_sign_response=response, saml20_sign_assertion=assertion)
        answer = asked(provider, service.request(by)).answer()
        equal(answer.form["action"], service.consumer, "where the answer goes")
        wanted = {name for name, is_signed in (("Response", response), ("Assertion", assertion)) if is_signed}
        equal(signatures(decoded(answer)), wanted, "what is signed")
        subject, said = service.accept(answer.response)
        equal((said["mail"], said["groups"]), (["alice@corp.test"], ["sp-plant-owner", "staff"]), "what it says")
        expect(subject, "a NameID")


@test
def simplesaml_encrypts_assertions_with_cbc(t):
    provider, service = at_work(t, assertion_encryption=True)
    answer = asked(provider, service.request()).answer("bob")
    contains(decoded(answer), "EncryptedAssertion", "the response")
    contains(decoded(answer), "xmlenc#aes128-cbc", "how it is encrypted")
    absent(decoded(answer), "bob@corp.test", "the response")
    equal(service.accept(answer.response)[1]["groups"], ["sp-plant-viewer", "staff"], "groups")


@test
def simplesaml_asks_for_signed_requests_and_the_password(t):
    provider, service = at_work(t)
    page = asked(provider, service.request(signed=False)).page
    contains(page.text, "exception", "the page for a request without signature")
    visitor = asked(provider, service.request())
    visitor.submit(visitor.form(), {"username": "alice", "password": "not-" + PASSWORD})
    contains(visitor.page.text, "Incorrect username or password", "the page after a wrong password")
    service.accept(visitor.answer().response)


@test
def simplesaml_begins_sign_ins_itself(t):
    provider, service = at_work(t)
    visitor = Visitor(None, provider)
    visitor.go(provider.begin_url(service.entity_id, "/deep"))
    answer = visitor.answer()
    equal(answer.form["fields"]["RelayState"], "/deep", "RelayState")
    absent(decoded(answer), "InResponseTo", "the response")
    service.accept(answer.response)


@test
def simplesaml_changes_its_people_and_its_key(t):
    provider, service = at_work(t)
    first, _ = service.accept(asked(provider, service.request()).answer().response)
    provider.change(announces="two")
    both = provider.metadata()
    provider.change(signs="two", announces="")
    provider.set_people({"alice": (PASSWORD, {"uid": ["alice"], "mail": ["alice@corp.test"], "groups": []})})
    answer = asked(provider, service.request()).answer()
    try:
        service.accept(answer.response)
        raise AssertionError("Lasso took a signature of a key that it does not know")
    except lasso.Error:
        pass
    service.meet(both)
    subject, said = service.accept(asked(provider, service.request()).answer().response)
    equal((subject, said.get("groups", [])), (first, []), "the same person, without groups")


@test
def simplesaml_signs_out_both_ways(t):
    provider, service = at_work(t)
    visitor = asked(provider, service.request())
    service.accept(visitor.answer().response)
    service.signed_out(urlsplit(led_out(visitor, service.sign_out())).query)

    url, _ = service.request()
    visitor.go(url)
    visitor.form()  # it asks for the password again
    service.accept(visitor.answer().response)
    told = led_out(visitor, provider.logout_url())
    contains(told, "https://party.example.test/slo?SAMLRequest=", "where the provider sends the browser")
    page = visitor.follow(visitor.once("GET", service.told_to_sign_out(urlsplit(told).query), PAGE), PAGE)
    equal((page.status, visitor.url), (200, provider.base + "logout.php"), "where it ends")
    visitor.go(service.request()[0])
    visitor.form()


@test
def samlp_encrypts_with_gcm(t):
    service, provider = party(t), samlp(t)
    service.meet(provider.metadata())
    for method, response, assertion in ((GCM, True, False), (GCM, True, True), (CBC, True, False), ("", False, True)):
        provider.trust(service.consumer, service.entity_id, service.certificate.read_text(), method, response, assertion)
        answer = asked(provider, service.request()).answer()
        equal(answer.form["action"], service.consumer, "where the answer goes")
        equal("Response" in signatures(decoded(answer)), response, f"a signature of the response with {method}")
        if method:
            contains(decoded(answer), f'EncryptionMethod Algorithm="{method}"', "how it is encrypted")
        equal(service.accept(answer.response)[1]["groups"], ["sp-plant-owner", "staff"], f"groups with {method}")
