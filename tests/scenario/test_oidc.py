"""Signing in at a real OpenID provider (B3): code, PKCE and nonce, every algorithm, keys that change, and what is refused."""
import json
from urllib.parse import parse_qs, urlencode, urlsplit

from authenticator import api
from gateway import GATE
from oidc_bed import LINE1, Person, at_gate, client, document, people, provider_for, signed_in, standing
from registry import absent, contains, equal, expect, test
from saml_bed import attempts, line1, refused
from wait import until
from world import upstream, world


def answered(t):
    """(gateway, provider, person, back): who signed in there, and the provider's answer, which is not taken back yet."""
    gateway, provider = standing(t)
    person = Person(gateway, provider)
    person.begin()
    return gateway, provider, person, person.fill_in_there(follow=False)


@test
def by_code_to_the_page_wanted(t):
    echo = upstream(t)
    gateway = world(t, line1(echo))
    provider = provider_for(t, gateway)
    gateway.apply(document(provider))
    person = Person(gateway, provider)
    person.begin(LINE1, "/reports/2026?x=1&y=%20z")
    asked = person.asked_for(provider)
    equal({name: asked.get(name) for name in ("response_type", "client_id", "redirect_uri", "code_challenge_method", "scope")},
          {"response_type": "code", "client_id": "gateway-corp", "redirect_uri": at_gate(gateway, "corp", "callback"),
           "code_challenge_method": "S256", "scope": "openid email profile groups"}, "the request")
    equal(len(asked["code_challenge"]), 43, "length of the challenge")
    expect(len(asked["nonce"]) >= 20 and len(asked["state"]) >= 20, f"state and nonce: {asked}")
    absent(json.dumps(asked), "reports", "the request")
    page = person.fill_in_there()
    equal((page.status, person.url), (200, person.at(LINE1, "/reports/2026?x=1&y=%20z")), f"where one lands ({person.history[-4:]})")
    equal(echo.last().all("x-sallyport-user"), ["alice"], "who the upstream is told it is")
    equal(echo.last().all("x-sallyport-email"), ["alice@corp.test"], "the e-mail address it is told")
    user = gateway.get("user", "alice")
    equal([(each["provider"], each["subject"], each["roles"]) for each in user["identities"]], [("corp", "alice", {"plant": "owner"})],
          "the account's identities")
    equal(attempts(gateway)[0]["outcome"], "signed in", "the attempt")


@test
def every_algorithm_and_every_way_for_a_client_to_show_itself(t):
    gateway = world(t, line1(upstream(t)))
    rows = [("rs256", "RS256", "client_secret_basic"), ("ps256", "PS256", "client_secret_post"), ("es256", "ES256", "none"),
            ("eddsa", "EdDSA", "client_secret_basic")]
    provider = provider_for(t, gateway, *[client(gateway, name, algorithm, method) for name, algorithm, method in rows])
    words = {"client_secret_basic": "basic", "client_secret_post": "post", "none": "none"}
    for name, _, method in rows:
        more = {"secret": None} if method == "none" else {}
        gateway.apply(document(provider, name, oidc={"client_auth": words[method]}, **more))
    for name, algorithm, _ in rows:
        signed_in(gateway, provider, name=name)
        contains(json.dumps(attempts(gateway, name)[0]), algorithm, "the attempt's checks")
    equal(len(gateway.get("user", "alice")["identities"]), 4, "the links of one account")


@test
def groups_by_a_path_and_from_userinfo(t):
    gateway, provider = standing(t, users=people(bob={"groups": ["sp-plant-owner"]}), oidc={"userinfo": True},
                                 groups={"attribute": "realm_access.roles", "pattern": "sp-<team>-<role>"})
    signed_in(gateway, provider, "bob")
    equal(gateway.get("user", "bob")["identities"][0]["roles"], {"plant": "owner"}, "roles")
    equal(provider.asked("/me"), 1, "how often userinfo was asked for")


@test
def an_address_that_is_not_verified_leads_to_no_account(t):
    gateway, provider = standing(t, {"kind": "user", "name": "robert", "email": "bob@corp.test"},
                                 users=people(bob={"verified": False}), provision=False)
    person = Person(gateway, provider)
    person.sign_in_at(user="bob")
    refused(person)
    gateway.apply(document(provider, oidc={"require_email_verified": False}, provision=False))
    signed_in(gateway, provider, "bob")
    equal(gateway.get("user", "robert")["identities"][0]["subject"], "bob", "whose account it is")


@test
def a_provider_that_changes_its_keys(t):
    gateway, provider = standing(t)
    signed_in(gateway, provider)
    provider.rotate()
    for _ in range(2):
        signed_in(gateway, provider)
    equal(provider.asked("/jwks"), 2, "how often its keys were asked for")


@test
def a_restart_in_between(t):
    gateway, provider = standing(t)
    person = Person(gateway, provider)
    person.begin(LINE1, "/after")
    gateway.stop()
    gateway.start()
    page = person.fill_in_there()
    equal((page.status, person.url), (200, person.at(LINE1, "/after")), f"where one lands ({person.history[-4:]})")


# --- what is refused

@test
def an_answer_counts_once(t):
    gateway, provider, person, back = answered(t)
    equal(person.go(back).status, 200, "the first time")
    again = Person(gateway, provider, jar_of=person)
    again.go(back)
    expect(again.page.status >= 400, f"the second time: {again.page.status} at {again.url}")
    equal(provider.asked("/token"), 1, "how often the code was shown")


@test
def an_answer_is_the_browsers_that_went(t):
    """Login CSRF: a stranger's code, with the state it belongs to, in another browser."""
    gateway, provider = standing(t)
    stranger, victim = Person(gateway, provider), Person(gateway, provider)
    stranger.begin()
    back = stranger.fill_in_there("bob", follow=False)
    victim.go(back)
    expect(victim.page.status >= 400, f"the victim is let in: {victim.page.status}")
    expect(not victim.is_signed_in(), "the victim is signed in as the stranger")
    equal(provider.asked("/token"), 0, "how often the code was shown")
    equal(stranger.go(back).status, 200, "the stranger himself")


@test
def answers_that_are_made_up_are_limited_by_the_network(t):
    gateway, provider = standing(t)
    where = urlsplit(at_gate(gateway, "corp", "callback")).path

    def made_up(source):
        return gateway.ask(GATE, target=f"{where}?code=a&state=b", source=source)

    for number in range(30):
        equal(made_up("127.0.0.66").status, 403, f"answer {number}")
    told = until(lambda: next((each for each in [made_up("127.0.0.66")] if each.status == 429), None), "the limit")
    expect(told.get("retry-after") in ("1", "2"), f"Retry-After: {told.get('retry-after')}")
    equal(made_up("127.0.0.67").status, 403, "from another network")
    signed_in(gateway, provider)


@test
def answers_that_are_none(t):
    gateway, provider = standing(t)
    for query in ("", "code=a", "state=b", "code=a&state=made-up", "code=a&code=b&state=c", "error=x&state=made-up"):
        person = Person(gateway, provider)
        person.go(f"{at_gate(gateway, 'corp', 'callback')}?{query}")
        expect(400 <= person.page.status < 500, f"{query}: {person.page.status}")
        expect(not person.is_signed_in(), f"{query}: signed in")
    equal(provider.asked("/token"), 0, "how often a code was shown")


@test
def a_code_of_another_provider_goes_nowhere(t):
    """Mix-up (RFC 9700 s4.4): the answer names another issuer, or none where the provider promises one."""
    gateway, provider = standing(t)
    for issuer in ("https://attacker.example.test", None):
        person = Person(gateway, provider)
        person.begin()
        back = urlsplit(person.fill_in_there(follow=False))
        fields = {name: values[0] for name, values in parse_qs(back.query).items()}
        fields.pop("iss")
        person.go(back._replace(query=urlencode(fields | ({"iss": issuer} if issuer else {}))).geturl())
        refused(person, "answer's issuer")
    equal(provider.asked("/token"), 0, "how often the code was shown")


@test
def who_says_no_at_the_provider(t):
    gateway, provider = standing(t)
    person = Person(gateway, provider)
    person.begin()
    person.fill_in_there(refuse="1")
    refused(person, "answer")


@test
def a_wrong_client_secret(t):
    gateway, provider = standing(t, secret="not-the-secret-of-this-client")
    person = Person(gateway, provider)
    person.sign_in_at()
    attempt = refused(person, "token endpoint", status=person.page.status)
    contains(json.dumps(attempt), "invalid_client", "the attempt")
    absent(json.dumps(attempt), "not-the-secret", "the attempt")


@test
def a_foreign_domain_and_a_token_for_another_client(t):
    gateway, provider = standing(t)
    person = Person(gateway, provider)
    person.sign_in_at(user="eve")
    refused(person)


@test
def a_provider_that_is_away(t):
    gateway, provider, person, back = answered(t)
    provider.stop()
    person.go(back)
    equal(person.page.status, 503, "status without a provider")
    expect(not person.is_signed_in(), "signed in without a provider")


@test
def a_private_address_has_to_be_listed(t):
    gateway = world(t, line1(upstream(t)))
    provider = provider_for(t, gateway)
    gateway.apply(document(provider) | {"upstream": {"networks": ["10.0.0.0/8"], "ca": provider.ca}})
    person = Person(gateway, provider)
    person.open(LINE1)
    person.choose()
    equal(person.page.status, 503, "status of a provider that may not be asked")
    equal(provider.asked("/.well-known/openid-configuration"), 0, "how often it was asked")


@test
def nothing_secret_is_in_log_or_trace(t):
    gateway, provider, person, back = answered(t)
    code = parse_qs(urlsplit(back).query)["code"][0]
    equal(person.go(back).status, 200, "status")
    until(lambda: attempts(gateway), "the attempt")
    told = json.dumps(attempts(gateway)) + json.dumps(gateway.log())
    for secret in (code, "oidc-client-4rT9", "sp-plant-owner", person.asked_for(provider)["nonce"]):
        absent(told, secret, "log and trace")


# --- sallyport sso test

@test
def sso_test_finds_what_is_wrong(t):
    gateway, provider = standing(t)
    done = gateway.run("sso", "test", "corp")
    equal(done.code, 0, f"exit code ({done.out} {done.err})")
    contains(done.out, "invalid_grant", "what it says of the token endpoint")
    gateway.apply(document(provider, secret="not-the-secret-of-this-client"))
    done = gateway.run("sso", "test", "corp")
    expect(done.code != 0, "a wrong secret is found")
    contains(done.out + done.err, "invalid_client", "what it says then")
    absent(done.out + done.err, "not-the-secret", "what it says")
    provider.stop()
    expect(gateway.run("sso", "test", "corp").code != 0, "a provider that is away is found")


@test
def a_first_factor_asks_for_a_sign_in_that_the_provider_proved_anew(t):
    gateway, provider = standing(t)
    person = signed_in(gateway, provider)
    answer = api(person, "POST", "/totp", {})
    equal((answer.status, answer.json()["error"]), (401, "step_up_required"), "a factor where the provider may have asked nobody")
    person.open(GATE, "/.sallyport/login?again=factors")
    person.choose()
    person.fill_in_there()
    expect(api(person, "POST", "/totp", {}).status in (200, 201), f"a factor after the provider asked anew: {person.page.text[:300]!r}")


@test
def one_answer_of_another_tab_begins_one_sign_in(t):
    gateway, provider, person, back = answered(t)
    foreign = [("Cookie", "__Host-sallyport-flow=" + "A" * 43), ("Accept", "text/html")]
    target = back[back.index("/.sallyport"):]
    first = gateway.ask(GATE, target=target, headers=foreign)
    equal(first.status, 302, "status for a browser that has another flow's cookie: it begins again")
    expect(first.get("location").startswith(provider.origin), f"where to: {first.get('location')}")
    equal(gateway.ask(GATE, target=target, headers=foreign).status, 403, "status for the same once more")
    equal(attempts(gateway)[0]["reason"], "an answer to no request of ours, or too late, or for the second time", "what is noted")
