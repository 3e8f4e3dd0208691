"""Signing in with a client certificate: the button, the JSON, whose it is, and when it is nobody's."""
import json

import client_certs
from client_certs import Holding, asking
from gateway import GATE
from registry import absent, contains, equal, expect, test
from wait import until
from web_client import Browser, Forms
from wire import request_bytes
from world import datasource, host, upstream, world

PATH = "/.sallyport/certificate"
ASKED = [("Content-Type", "application/json"), ("X-Sallyport-Request", "1")]
PLATFORM = {"kind": "platform", "name": "platform"}


def user(name, *certificates, **more):
    return {"kind": "user", "name": name, "email": f"{name}@example.test", "certificates": list(certificates)} | more


def standing(t, word="optional", *documents, **config):
    """ann and mel may sign in with their certificates."""
    echo = upstream(t, None)
    gateway = asking(t, word, datasource("crm", echo), user("ann", "email:ann@example.test"), user("mel", "uri:spiffe://example.test/mel"),
                     *documents, **config)
    return gateway, echo, host("crm")


def post(gateway, name, body=b"{}", headers=ASKED, pair=None):
    return Holding(gateway, name, pair).ask(GATE, "POST", PATH, headers, body)


def gives_session(response):
    return any(line.startswith("__Host-sallyport=") for line in response.all("set-cookie"))


def button(browser):
    """The form of the button, or None."""
    return next((form for form in Forms(browser.page.text).forms if form["action"] == PATH), None)


def refusals(gateway):
    return [(entry["actor"], entry["detail"]) for entry in gateway.audit() if entry.get("action") == "sign_in.refused"]


# --- the two ways


@test
def by_the_button_and_on_to_the_page_that_was_wanted(t):
    gateway, echo, crm = standing(t)
    browser = Browser(Holding(gateway, "ann"))
    browser.open(crm, "/reports?q=1")
    form = button(browser)
    expect(form, f"no button on the page: {browser.page.text[:2000]}")
    contains(browser.page.text, "Sign in with your certificate", "the page")
    page = browser.submit(form, {})
    equal((page.status, echo.last().target, echo.last().get("x-sallyport-user")), (200, "/reports?q=1", "ann"), "what was wanted")
    begun = [entry for entry in gateway.audit() if entry.get("action") == "session.begin"]
    equal(len(begun), 1, "sign-ins in the audit")
    contains(begun[0]["detail"], "certificate ", "how, in the audit")


@test
def the_button_at_the_gate_itself(t):
    gateway, _, _ = standing(t, "required")
    browser = Browser(Holding(gateway, "mel"))
    browser.open(GATE, "/.sallyport/login")
    page = browser.submit(button(browser), {})
    equal(page.status, 200, "status")
    contains(page.text, "mel", "the home page")


@test
def no_button_without_a_certificate_or_for_nobodys(t):
    gateway, _, _ = standing(t)
    for name in (None, "nameless", "under"):
        browser = Browser(Holding(gateway, name))
        browser.open(GATE, "/.sallyport/login")
        # `under` bears ann's address: the name counts, whoever signed it.
        equal(bool(button(browser)), name == "under", f"a button for {name}")
    browser = Browser(world(t, user("ann", "email:ann@example.test"), name="plain"))
    browser.open(GATE, "/.sallyport/login")
    equal(button(browser), None, "on a listener that asks nobody")


@test
def by_json(t):
    gateway, echo, crm = standing(t)
    response = post(gateway, "ann")
    equal((response.status, response.json()), (200, {"next": "done", "location": "/"}), "the answer")
    expect(gives_session(response), "a session")
    cookie = response.all("set-cookie")[0].split(";")[0]
    me = gateway.ask(GATE, target="/api/v1/me", headers=[("Cookie", cookie), ("X-Sallyport-Request", "1")])
    equal(me.json()["name"], "ann", "who it is; without the certificate, too: it was for the sign-in")


@test
def a_certificate_without_a_sign_in_is_nobody(t):
    gateway, _, crm = standing(t)
    holding = Holding(gateway, "ann")
    equal(holding.ask(crm).status, 401, "a program's request")
    equal(holding.ask(GATE, target="/api/v1/me", headers=[("X-Sallyport-Request", "1")]).status, 401, "the API")
    equal(Browser(holding).open(GATE, "/").status, 200, "the gate shows the sign-in")
    equal([entry for entry in gateway.audit() if entry.get("action") == "session.begin"], [], "sessions")


# --- what is refused


@test
def the_proofs_are_those_of_a_password(t):
    gateway, _, crm = standing(t)
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    for headers, body, wanted in ((ASKED[:1], b"{}", 403), ([ASKED[1]], b"", 415), (ASKED + [("Origin", "https://evil.example.test")], b"{}", 403),
                                  (ASKED + [("Origin", f"https://{crm}:{gateway.port}")], b"{}", 403),
                                  (ASKED + [("Sec-Fetch-Site", "cross-site")], b"{}", 403), (ASKED + [("Sec-Fetch-Site", "same-site")], b"{}", 403),
                                  (form, b"", 403), (form, b"csrf=x", 403), (ASKED, b"", 400), (ASKED, b"[]", 400), (ASKED, b"{", 400),
                                  (ASKED, b'{"flow": 7}', 400), (ASKED, b"[" * 5000, 400), (ASKED, b'{"user": "mel"}', 200),
                                  (ASKED + [("Origin", f"https://{GATE}:{gateway.port}")], b"{}", 200), (ASKED, b'{"flow": "made-up"}', 200)):
        response = post(gateway, "ann", body, headers)
        equal(response.status, wanted, f"status of {headers} {body[:20]}")
        equal(gives_session(response), wanted == 200, f"a session by {headers} {body[:20]}")
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        equal(Holding(gateway, "ann").ask(GATE, method, PATH, ASKED).status, 405, f"by {method}")
    equal(Holding(gateway, "ann").ask(crm, "POST", PATH, ASKED, b"{}").status, 404, "on another host")


@test
def a_form_of_another_browser_does_not_count(t):
    gateway, _, _ = standing(t)
    mine, theirs = Browser(Holding(gateway, "ann")), Browser(Holding(gateway, "ann"))
    mine.open(GATE, "/.sallyport/login")
    theirs.open(GATE, "/.sallyport/login")
    response = mine.submit({**button(mine), "fields": button(theirs)["fields"]}, {}, follow=False)
    equal((response.status, gives_session(response)), (403, False), "their hidden field with my cookie")
    response = mine.submit(button(mine), {}, ("Origin", "https://evil.example.test"), follow=False)
    equal((response.status, gives_session(response)), (403, False), "from another site")


@test
def whoever_it_is_not_is_told_one_plain_sentence(t):
    """Nobody's, a suspended user's, and after the user is gone; by JSON and by the form."""
    gateway, _, _ = standing(t, "optional", user("dot", "dns:mel.people.example.test"))
    gateway.must("user", "suspend", "ann")
    told = {}
    for name in ("nameless", "ann", "mel"):  # mel's certificate is dot's as well: then it is nobody's
        response = post(gateway, name)
        equal((response.status, response.json()["error"], gives_session(response)), (403, "certificate_refused", False), f"of {name}")
        told[name] = response.json()["message"]
    equal(set(told.values()), {"Nobody is signed in here with this certificate."}, "the sentence")
    browser = Browser(Holding(gateway, "ann"))
    browser.open(GATE, "/.sallyport/login")
    page = browser.submit(button(browser), {}, follow=False)
    equal((page.status, gives_session(page)), (403, False), "the form of a suspended user")
    contains(page.text, "Nobody is signed in here with this certificate.", "the page")
    absent(page.text.lower(), "suspend", "the page")
    response = post(gateway, None)
    equal((response.status, response.json()["error"]), (403, "no_certificate"), "without a certificate")
    gateway.apply(user("dot"))
    equal(post(gateway, "mel").status, 200, "once it is one user's alone")
    equal(refusals(gateway), [("unknown", "a certificate of nobody"), ("ann", "suspended"), ("unknown", "a certificate of nobody"),
                              ("ann", "suspended")], "refusals in the audit")


@test
def a_certificate_is_one_users_alone(t):
    gateway, _, _ = standing(t)
    for pattern in ("email:ann@example.test", "email:ann@EXAMPLE.test"):
        contains(gateway.refused_apply(user("mel", "uri:spiffe://example.test/mel", pattern)), "is a certificate of user ann", "a second user of it")
    contains(gateway.refused_apply(user("vic", "dns:a.example.test"), user("dot", "dns:A.example.test")), "is a certificate of user", "two of one file")
    contains(gateway.refused_apply(user("vic", "dns:*.example.test")), "wildcards name nobody", "a wildcard")
    contains(gateway.refused_apply(user("vic", "vic@example.test")), "must begin with fingerprint:", "no kind")
    gateway.apply(user("ann", "email:ann@example.test", "email:ann@Example.test", "dns:ann.people.example.test"))
    equal(post(gateway, "ann").status, 200, "twice one's own")
    # What is given up in the same change may be taken.
    gateway.apply(user("ann"), user("mel", "email:ann@example.test"))
    who = post(gateway, "ann").all("set-cookie")[0].split(";")[0]
    equal(gateway.ask(GATE, target="/api/v1/me", headers=[("Cookie", who), ("X-Sallyport-Request", "1")]).json()["name"], "mel", "whose it is now")


@test
def a_record_that_was_edited_signs_nobody_in(t):
    gateway, _, _ = standing(t)
    gateway.stop()
    with gateway.store() as base:
        (spec,) = base.execute("SELECT spec FROM resources WHERE kind = 'user' AND name = 'admin'").fetchone()
        edited = json.loads(spec) | {"certificates": ["subject:CN=nameless"]}
        base.execute("UPDATE resources SET spec = ? WHERE kind = 'user' AND name = 'admin'", (json.dumps(edited),))
    gateway.start()
    equal(post(gateway, "nameless").status, 403, "a certificate that was written into the row")
    equal(refusals(gateway), [("admin", "damaged record")], "the audit")
    equal(post(gateway, "ann").status, 200, "the others")


@test
def taking_a_certificate_away_ends_what_was_begun_with_it(t):
    gateway, _, crm = standing(t)
    browser = Browser(Holding(gateway, "ann"))
    browser.open(crm)
    browser.submit(button(browser), {})
    cookie = [("Cookie", browser.cookie(crm))]
    equal(gateway.ask(crm, headers=cookie).status, 200, "before")
    gateway.apply(user("ann", "email:ann@example.test", "dns:ann.people.example.test"))
    equal(gateway.ask(crm, headers=cookie).status, 200, "one more certificate ends nothing")
    gateway.apply(user("ann", "dns:ann.people.example.test"))
    equal(gateway.ask(crm, headers=cookie).status, 401, "after one was taken away")


@test
def a_trusted_proxys_certificate_signs_nobody_in(t):
    gateway, _, _ = standing(t, "optional", trusted_proxies=["127.0.0.1"])
    response = post(gateway, "ann", headers=ASKED + [("X-Forwarded-For", "192.0.2.7"), ("X-Forwarded-Proto", "https")])
    equal((response.status, response.json()["error"]), (403, "no_certificate"), "by a proxy's own")


@test
def one_certificate_signs_in_only_so_often(t):
    gateway, _, _ = standing(t)
    codes = [post(gateway, "ann").status for _ in range(24)]
    equal((set(codes[:20]), 429 in codes[20:]), ({200}, True), f"statuses {codes}")
    equal(post(gateway, "mel").status, 200, "another one meanwhile")


# --- how strong


@test
def a_certificate_is_one_factor_unless_the_platform_says_otherwise(t):
    gateway, echo, crm = standing(t, "optional")
    gateway.apply(datasource("crm", echo, access=[{"roles": ["owner"], "mfa": "required"}]),
                  datasource("fresh", echo, access=[{"roles": ["owner"], "mfa": {"within": "15m"}}]))

    def entered(where):
        browser = Browser(Holding(gateway, "ann"))
        browser.open(where)
        before = len(echo.requests)
        browser.submit(button(browser), {})
        return len(echo.requests) > before
    equal(entered(crm), False, "where a second factor is required")
    gateway.apply(PLATFORM | {"certificate_strength": "mfa"})
    equal(entered(crm), True, "once certificates count as that")
    equal(entered(host("fresh")), False, "never as a fresh one")
    gateway.apply(PLATFORM | {"certificate_strength": "password"})
    equal(entered(crm), False, "no more")
    contains(gateway.refused_apply(PLATFORM | {"certificate_strength": "single"}), "must be password or mfa", "another word")


@test
def an_expired_certificate_signs_nobody_in(t):
    gateway, _, _ = standing(t)
    pair = client_certs.short_lived(t.dir, "ann", 5)
    body = b"{}"
    with Holding(gateway, pair=pair).wire(GATE) as held:
        held.send(request_bytes("POST", PATH, f"{GATE}:{gateway.port}", ASKED, body))
        equal(held.response().status, 200, "while it is in force")
        until(lambda: client_certs.ask(gateway, client_certs.context(gateway, pair=pair))[0] is None, "the certificate to expire")
        held.send(request_bytes("POST", PATH, f"{GATE}:{gateway.port}", ASKED, body))
        response = held.response()
        equal((response.status, response.json()["error"]), (403, "no_certificate"), "afterwards, on the same connection")


@test
def none_signs_in_whose_provider_is_demanded(t):
    corp = {"kind": "identity_provider", "name": "corp", "type": "ldap", "domains": ["example.test"], "required": True,
            "ldap": {"url": "ldaps://127.0.0.1:1", "base_dn": "dc=example,dc=test"}}
    gateway, _, _ = standing(t, "optional", corp)
    response = post(gateway, "ann")
    expect(response.status in (401, 403) and not gives_session(response), f"status {response.status}")
    equal(refusals(gateway), [("ann", "has to sign in at the provider")], "what the audit says")
    gateway.apply(corp | {"required": False})
    equal(post(gateway, "ann").status, 200, "status where it is not")
