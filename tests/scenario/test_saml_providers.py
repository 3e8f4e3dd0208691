"""Several providers at once (B1, B4): each for its own domains, people of a required one have no other way, but for admins by hand."""
import json

from gateway import GATE
from registry import absent, equal, expect, test
from saml_bed import LINE1, Visitor, document, introduce, line1, refused, samlp, signed_in, simplesaml
from web_client import PASSWORD
from world import upstream, world


def by_password(gateway, user, password=PASSWORD):
    return gateway.ask(GATE, "POST", "/.sallyport/login", [("Content-Type", "application/json"), ("X-Sallyport-Request", "1")],
                       json.dumps({"user": user, "password": password}).encode())


@test
def two_at_once_each_for_its_domains(t):
    corp, lab = simplesaml(t), samlp(t)
    gateway = world(t, line1(upstream(t)), document(t, corp), document(t, lab, "lab", label="Lab & <Co>", domains=["elsewhere.test"]))
    introduce(gateway, corp)
    introduce(gateway, lab, "lab")
    visitor = Visitor(gateway, corp, lab)
    visitor.open(LINE1)
    equal(sorted(visitor.choices()), ["Sign in with Lab &amp; &lt;Co&gt;", "Sign in with The corp directory"], "what the page offers")
    signed_in(gateway, corp)
    page = visitor.sign_in_at(user="eve", name="lab")
    equal((page.status, visitor.url), (200, visitor.at(LINE1)), "where eve of elsewhere.test lands")
    other = Visitor(gateway, corp, lab)
    other.sign_in_at(user="alice", name="lab")
    refused(other, reason="domain", name="lab")
    third = Visitor(gateway, corp)
    third.sign_in_at(user="eve")
    refused(third, reason="domain")
    equal([each["provider"] for each in gateway.get("user", "alice")["identities"]], ["corp"], "links of alice")


@test
def a_required_one_is_the_only_way_for_its_people(t):
    provider = simplesaml(t)
    users = [{"kind": "user", "name": name, "email": f"{name}@{domain}", "password": PASSWORD} | more
             for name, domain, more in (("alice", "corp.test", {}), ("boss", "corp.test", {"admin": True}), ("una", "elsewhere.test", {}))]
    gateway = world(t, line1(upstream(t)), *users, document(t, provider, required=True))
    introduce(gateway, provider)
    wrong = by_password(gateway, "alice", "not-" + PASSWORD)
    for name in ("alice", "alice@corp.test", "ALICE@Corp.test", "nobody@corp.test"):
        answer = by_password(gateway, name)
        if "@" in name:
            told = answer.json()
            equal((answer.status, told["error"], told.get("location")), (403, "provider_required", "/.sallyport/saml/corp/login"), f"the way of {name}")
        else:
            equal(answer.status, wrong.status, f"status of the password of {name}, as of a wrong one")
        expect(not any(line.startswith("__Host-sallyport=") for line in answer.all("set-cookie")), "a session")
    for name in ("boss", "una", "ann"):
        equal(by_password(gateway, name).status, 200, f"status of the password of {name}")
    visitor = signed_in(gateway, provider)
    equal(visitor.page.status, 200, "alice by the provider")
    expect(wrong.status in (401, 403), f"status of a wrong password: {wrong.status}")
    gateway.apply(document(t, provider))
    equal(by_password(gateway, "alice").status, 200, "status of her password once it is not required any more")


@test
def who_types_an_address_of_its_domain_is_led_there(t):
    provider = simplesaml(t)
    gateway = world(t, line1(upstream(t)), document(t, provider, required=True))
    introduce(gateway, provider)
    visitor = Visitor(gateway, provider)
    visitor.open(LINE1, "/wanted")
    visitor.submit(visitor.form(), {"user": "new.person@corp.test", "password": ""})
    if not visitor.is_at(provider):
        visitor.choose()
    expect(visitor.is_at(provider), f"where it leads: {visitor.url}")
    equal(visitor.deliver(visitor.answer()).status, 200, "status in the end")
    equal(visitor.url, visitor.at(LINE1, "/wanted"), "where one lands")


@test
def a_provider_that_is_deleted_signs_nobody_in(t):
    provider = simplesaml(t)
    gateway = world(t, line1(upstream(t)), document(t, provider))
    introduce(gateway, provider)
    visitor = Visitor(gateway, provider)
    visitor.begin()
    answer = visitor.answer()
    gateway.must("delete", "identity_provider", "corp")
    page = visitor.deliver(answer, follow=False)
    expect(page.status in (403, 404), f"status of an answer of a provider that is gone: {page.status}")
    expect(not visitor.is_signed_in(), "signed in")
    absent(visitor.open(GATE, "/.sallyport/login").text, "/.sallyport/saml/", "the sign-in page")
