"""Encrypted assertions (B1): AES-GCM of npm samlp; AES-CBC of SimpleSAMLphp where that is allowed, inside a signed response alone."""
from registry import absent, contains, equal, expect, test
from saml_bed import Visitor, document, introduce, line1, refused, samlp, signed_in, standing
from samlp_provider import CBC, GCM
from test_saml_bed import decoded
from world import upstream, world


@test
def gcm_in_every_way_of_signing(t):
    provider = samlp(t)
    gateway = world(t, line1(upstream(t)), document(t, provider, saml={"want_encrypted": True}))
    for response, assertion in ((True, False), (True, True), (False, True)):
        introduce(gateway, provider, encryption=GCM, response=response, assertion=assertion)
        visitor = Visitor(gateway, provider)
        visitor.begin()
        answer = visitor.answer()
        contains(decoded(answer), "EncryptedAssertion", "the response")
        absent(decoded(answer), "alice@corp.test", "the response")
        equal(visitor.deliver(answer).status, 200, f"status with response signed {response}, assertion {assertion} ({visitor.page.text[:300]!r})")
        expect(visitor.is_signed_in(), "signed in")
    introduce(gateway, provider, encryption=GCM, response=False, assertion=False)
    visitor = Visitor(gateway, provider)
    visitor.sign_in_at()
    refused(visitor, "signed")


@test
def in_clear_it_is_refused_where_encryption_is_wanted(t):
    provider = samlp(t)
    gateway = world(t, line1(upstream(t)), document(t, provider, saml={"want_encrypted": True}))
    introduce(gateway, provider, encryption="", response=True, assertion=True)
    visitor = Visitor(gateway, provider)
    visitor.sign_in_at()
    refused(visitor, "encryption")
    gateway.apply(document(t, provider))
    signed_in(gateway, provider)


@test
def cbc_inside_a_signed_response_where_it_is_allowed(t):
    gateway, provider = standing(t, saml={"want_encrypted": True, "allow_cbc": True}, sp={"assertion_encryption": True})
    signed_in(gateway, provider)
    introduce(gateway, provider, assertion_encryption=True, saml20_sign_response=True, saml20_sign_assertion=False)
    signed_in(gateway, provider)
    introduce(gateway, provider, assertion_encryption=True, saml20_sign_response=False, saml20_sign_assertion=True)
    visitor = Visitor(gateway, provider)
    visitor.sign_in_at()
    refused(visitor, "encryption's mode")


@test
def cbc_is_refused_else(t):
    for provider, options in ((samlp(t), {"encryption": CBC}), (None, {"assertion_encryption": True})):
        if provider:
            gateway = world(t, line1(upstream(t)), document(t, provider))
            introduce(gateway, provider, **options)
        else:
            gateway, provider = standing(t, sp=options, name="other")
        visitor = Visitor(gateway, provider)
        visitor.sign_in_at()
        refused(visitor, "encryption's mode")
        expect(not visitor.is_signed_in(), "a session")
