"""What of a provider's answers is refused (B1, B4): each with a reference number, and the failed check in the flight recorder."""
import base64

from gateway import GATE
from registry import absent, contains, equal, expect, test
from saml_bed import (LINE1, PASSWORD, Answer, Visitor, attempts, document, everybody, introduce, line1, mail_of, person, reference_of, refused,
                      signed_in, simplesaml, sp_metadata, standing)
from simplesaml_provider import TRANSIENT
from wait import until
from web_client import PASSWORD as OURS
from world import upstream, world


def at_the_answer(gateway, provider, user="alice", **more):
    """(visitor, the provider's answer, not yet sent)"""
    visitor = Visitor(gateway, provider)
    visitor.begin(**more)
    return visitor, visitor.answer(user)


@test
def an_answer_works_once(t):
    gateway, provider = standing(t)
    visitor, answer = at_the_answer(gateway, provider)
    equal(visitor.deliver(answer).status, 200, "the first time")
    visitor.deliver(answer, follow=False)
    refused(visitor, reason="second time")
    gateway.stop()
    gateway.start()
    visitor.deliver(answer, follow=False)
    refused(visitor, reason="second time")


@test
def an_answer_for_another_browser_is_refused(t):
    gateway, provider = standing(t)
    victim, answer = at_the_answer(gateway, provider)
    thief = Visitor(gateway, provider)
    thief.deliver(answer, follow=False)
    refused(thief, reason="another browser")
    busy, _ = at_the_answer(gateway, provider, "bob")  # has a sign-in of his own under way: he is sent to begin again
    busy.deliver(answer)
    while busy.is_at(provider):
        busy.deliver(busy.answer("bob"))
    absent(gateway.ask(GATE, target="/api/v1/me", headers=busy.headers(GATE)).text, "alice", "who the other browser is")
    busy.deliver(answer, follow=False)  # that begins a sign-in once, and not again and again
    refused(busy, reason="second time")
    expect(not thief.is_signed_in(), "the thief is signed in")
    fresh, answer = at_the_answer(gateway, provider)
    equal(fresh.deliver(answer).status, 200, "the browser that it is meant for")


@test
def an_answer_of_another_sign_in_is_refused(t):
    """Two sign-ins of one browser: the answer to one with the other's RelayState."""
    gateway, provider = standing(t)
    visitor = Visitor(gateway, provider)
    other = visitor.tab()
    visitor.begin(LINE1, "/mine")
    other.begin(LINE1, "/other")
    mine, others = visitor.answer(), other.answer()
    visitor.deliver(mine, follow=False, RelayState=others.form["fields"]["RelayState"])
    refused(visitor, "InResponseTo")


@test
def what_a_page_elsewhere_posts_is_no_answer(t):
    gateway, provider = standing(t)
    for response in ("", "!!!", base64.b64encode(b"<a/>").decode(), "A" * 1_500_000):
        visitor, answer = at_the_answer(gateway, provider)
        page = visitor.deliver(answer, follow=False, SAMLResponse=response)
        expect(page.status in (400, 403, 413), f"status for {response[:10]!r}: {page.status}")
        expect(not visitor.is_signed_in(), "signed in")
    visitor, answer = at_the_answer(gateway, provider)
    forged = base64.b64decode(answer.response).replace(b"alice@corp.test", b"carol@corp.test")
    visitor.deliver(answer, follow=False, SAMLResponse=base64.b64encode(forged).decode())
    refused(visitor, "signature's digest")


@test
def the_answer_of_another_provider_is_refused(t):
    gateway, provider = standing(t)
    other = simplesaml(t, "other", signs="two")
    gateway.apply(document(t, other, "other", domains=["other.test"]))
    introduce(gateway, other, "other")
    other.trust("corp", sp_metadata(gateway))  # it answers for corp's entityID, too, at corp's consumer
    visitor = Visitor(gateway, provider, other)
    visitor.begin()
    relay_state = visitor.answer().form["fields"]["RelayState"]
    visitor.go(other.begin_url(f"https://{GATE}:{gateway.port}/.sallyport/saml/corp/metadata", relay_state))
    visitor.deliver(visitor.answer(), follow=False)
    refused(visitor)
    expect(not visitor.is_signed_in(), "signed in")


@test
def an_answer_that_is_over_is_refused(t):
    gateway, provider = standing(t, sp={"assertion_lifetime": -120})
    visitor = Visitor(gateway, provider)
    visitor.sign_in_at()
    failed = refused(visitor)["checks"][-1]
    contains(failed["name"], "NotOnOrAfter", "the check that failed")
    gateway.apply(document(t, provider, saml={"clock_skew": "4m"}))
    signed_in(gateway, provider)


@test
def a_fresh_sign_in_is_demanded_where_it_is_asked_for(t):
    gateway, provider = standing(t, saml={"force_authn": True})
    first = signed_in(gateway, provider)
    for where in (GATE, LINE1):
        first.jar.pop(where)
    first.begin()
    expect(first.is_at(provider) and first.form(), "the provider asks again")
    provider.change(authenticated_before=600)  # says that it did not ask
    first.deliver(first.answer())
    refused(first, "fresh sign-in")
    expect(not first.is_signed_in(), "signed in")
    gateway.apply(document(t, provider))
    signed_in(gateway, provider)


@test
def a_sign_in_that_the_provider_refused_says_so(t):
    gateway, provider = standing(t, saml={"authn_contexts": ["urn:example:nobody-does-this"]})
    visitor = Visitor(gateway, provider)
    visitor.sign_in_at()
    refused(visitor, "authentication context")


@test
def who_is_nobody_here_is_told_so(t):
    gateway, provider = standing(t, corp={"provision": False})
    visitor = Visitor(gateway, provider)
    visitor.sign_in_at()
    attempt = refused(visitor, reason="nobody's here")
    equal(gateway.run("get", "user", "alice").code, 1, "exit code of get of an account that should not be there")
    absent(visitor.page.text, "provision", "the page")
    absent(str(attempt), "alice@corp.test", "the attempt")
    gateway.apply({"kind": "user", "name": "al", "email": "Alice@Corp.Test"})
    page = visitor.sign_in_at()
    equal(page.status, 200, "status once there is an account with that address")
    equal(gateway.get("user", "al")["identities"][0]["provider"], "corp", "the link of that account")


@test
def a_foreign_domain_is_refused(t):
    provider = simplesaml(t, people=everybody(mo=["sp-plant-owner"], kim=["sp-plant-owner"]) | {
        "mo": person("mo", mail=["mo@corp.test.elsewhere.test"]), "kim": person("kim", mail=["ann@example.test"])})
    gateway, provider = standing(t, provider=provider)
    for user in ("eve", "mo", "kim"):
        visitor = Visitor(gateway, provider)
        visitor.sign_in_at(user=user)
        refused(visitor, reason="domain")
        expect(not visitor.is_signed_in(), f"{user} is signed in")
    expect("identities" not in gateway.get("user", "ann") or not gateway.get("user", "ann")["identities"], "ann was linked")


@test
def who_is_suspended_is_refused(t):
    gateway, provider = standing(t)
    before = signed_in(gateway, provider)
    gateway.must("user", "suspend", "alice")
    until(lambda: not before.is_signed_in(), "the end of the session")
    visitor = Visitor(gateway, provider)
    visitor.sign_in_at()
    refused(visitor, reason="suspended")
    absent(visitor.page.text.lower(), "suspend", "the page")
    gateway.must("user", "resume", "alice")
    signed_in(gateway, provider)


@test
def an_admin_by_hand_is_not_adopted(t):
    gateway, provider = standing(t, {"kind": "user", "name": "boss", "email": mail_of("alice"), "password": OURS, "admin": True})
    visitor = Visitor(gateway, provider)
    visitor.sign_in_at()
    refused(visitor, reason="administrator")
    equal(gateway.get("user", "boss").get("identities", []), [], "links of the admin")
    expect(not visitor.is_signed_in(), "signed in as the admin")


@test
def an_account_is_of_its_subject_and_not_of_an_address(t):
    """Who left, and whose address another person got, has left the account to nobody."""
    gateway, provider = standing(t)
    signed_in(gateway, provider)
    heir = everybody() | {"alice2": person("alice2", ["sp-plant-viewer"], mail=[mail_of("alice")])}
    provider.set_people(heir)
    visitor = Visitor(gateway, provider)
    visitor.sign_in_at(user="alice2")
    refused(visitor, reason="another subject")
    provider.set_people(heir | {"alice": person("alice", mail=["alice.married@corp.test"])})
    again = signed_in(gateway, provider)
    contains(gateway.ask(GATE, target="/api/v1/me", headers=again.headers(GATE)).text, '"alice"', "who she is with a new address")


@test
def a_new_account_takes_nobodys_name(t):
    provider = simplesaml(t, people=everybody(ann=["sp-plant-viewer"], admin=[]))
    gateway, provider = standing(t, provider=provider)
    visitor = signed_in(gateway, provider, "ann")
    me = gateway.ask(GATE, target="/api/v1/me", headers=visitor.headers(GATE)).text
    contains(me, "ann@corp.test", "who she is")
    absent(me, "ann@example.test", "who she is")
    equal(gateway.get("user", "ann").get("identities", []), [], "links of our own ann")
    other = Visitor(gateway, provider)
    other.sign_in_at(user="admin")
    equal(gateway.get("user", "admin").get("identities", []), [], "links of the administrator")


@test
def with_a_name_id_of_one_day_the_address_tells_who_it_is(t):
    provider = simplesaml(t)
    gateway, provider = standing(t, provider=provider, sp={"NameIDFormat": TRANSIENT})
    for _ in range(2):
        signed_in(gateway, provider)
    equal([each["subject"] for each in gateway.get("user", "alice")["identities"]], [f"email:{mail_of('alice')}"], "who alice is there")
    expect(gateway.run("get", "user", "alice-2").code == 1, "a second account")
    gateway.apply(document(t, provider, attributes={"email": "nothing", "name": "uid"}))
    visitor = Visitor(gateway, provider)
    visitor.sign_in_at()
    refused(visitor)
    expect(not visitor.is_signed_in(), "signed in")


@test
def the_flight_recorder_holds_the_good_ones_too_and_the_last_hundred(t):
    gateway, provider = standing(t)
    signed_in(gateway, provider)
    visitor = Visitor(gateway, provider)
    visitor.begin()
    for number in range(105):
        visitor.source = f"127.0.{number}.1"  # of one network they would be too many
        visitor.deliver(Answer({"action": visitor.at(GATE, "/.sallyport/saml/corp/acs"), "method": "POST", "types": {},
                                "fields": {"SAMLResponse": base64.b64encode(b"<n/>").decode(), "RelayState": f"n{number}"}}, provider.origin),
                        follow=False)
    last = reference_of(visitor.page)
    until(lambda: [each["reference"] for each in attempts(gateway)][:1] == [last], "the last attempt in the flight recorder")
    held = attempts(gateway)
    expect(len(held) <= 100 and all(each["outcome"] == "refused" for each in held), f"{len(held)} attempts")
    signed_in(gateway, provider)
    newest = until(lambda: next((each for each in attempts(gateway)[:3] if each["outcome"] == "signed in"), None), "the good one")
    equal((newest["user"], all(each["passed"] for each in newest["checks"])), ("alice", True), "the attempt of a good sign-in")
    expect(len(newest["checks"]) > 8, f"its checks: {newest['checks']}")
    absent(str(newest), PASSWORD, "the attempt")
