"""The flight recorder (B5): a person is told a reference, an admin finds by it what was checked, by command, page and API."""
import base64
import json
import re
from urllib.parse import urlencode

import ports
from gateway import GATE
from registry import absent, contains, equal, expect, test
from wait import until
from web_client import PASSWORD
from world import signed_in, world

ENTITY = "https://idp.example.test/metadata"


def provider(gateway, name="corp", **more):
    """A SAML provider with metadata of its own, whose key is that of the gateway's certificate: good enough to be refused."""
    pem = (gateway.dir / "tls" / "cert.pem").read_text()
    key = "".join(re.search(r"-----BEGIN CERTIFICATE-----(.+?)-----END", pem, re.S)[1].split())
    metadata = f"""<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{ENTITY}">
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing">
<KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{key}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.test/sso"/>
</IDPSSODescriptor></EntityDescriptor>"""
    return {"kind": "identity_provider", "name": name, "type": "saml", "domains": ["example.test"],
            "saml": {"metadata": metadata, "idp_initiated": True}} | more


def refused(gateway, message, name="corp"):
    """What a person reads who brings this answer, and the reference in it."""
    body = urlencode({"SAMLResponse": base64.b64encode(message.encode()).decode()}).encode()
    answer = gateway.ask(GATE, "POST", f"/.sallyport/saml/{name}/acs",
                         [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "text/html")], body)
    equal(answer.status, 403, "the answer")
    found = re.search(r"Reference:.*?([0-9A-Z]{4}-[0-9A-Z]{4})", answer.text, re.S)
    expect(found, f"no reference in {answer.text}")
    return answer.text, found[1]


def trace(gateway, *arguments):
    return json.loads(gateway.must("sso", "trace", "corp", *arguments, "-o", "json"))


@test
def a_reference_leads_to_what_was_checked(t):
    gateway = world(t)
    gateway.apply(provider(gateway))
    equal(trace(gateway), [], "before anybody tried")
    page, reference = refused(gateway, "<Response>tr0ub4dor</Response>")
    absent(page, "Response", "what the person reads")
    until(lambda: trace(gateway), "the attempt is in the store")
    attempt = trace(gateway, "--reference", reference.lower())
    equal((attempt["reference"], attempt["outcome"], attempt["user"]), (reference, "refused", None), "the attempt")
    expect(attempt["checks"] and not attempt["checks"][-1]["passed"], f"the check that failed is the last of {attempt}")
    absent(json.dumps(attempt), "tr0ub4dor", "the attempt")
    shown = gateway.must("sso", "trace", "corp", "--reference", reference)
    contains(shown, "EXPECTED", "the checks")
    contains(gateway.must("sso", "trace", "corp"), reference, "the list")


@test
def admins_see_the_same_and_nobody_else(t):
    gateway = world(t)
    gateway.apply(provider(gateway))
    _, reference = refused(gateway, "<Response/>")
    gateway.apply({"kind": "user", "name": "root", "email": "root@example.test", "password": PASSWORD, "admin": True})
    admin = signed_in(gateway, "root")
    api = "/api/v1/identity-providers/corp/attempts"
    for target in ("/.sallyport/providers", "/.sallyport/providers/corp", api):
        answer = gateway.ask(GATE, target=target, headers=admin.headers(GATE))
        equal(answer.status, 200, target)
        contains(answer.text, reference, target)
    ann = signed_in(gateway, "ann")
    for target in ("/.sallyport/providers", "/.sallyport/providers/corp", api):
        answer = gateway.ask(GATE, target=target, headers=ann.headers(GATE))
        equal(answer.status, 403, f"{target} for ann")
        absent(answer.text, reference, f"{target} for ann")
    token = [("Authorization", f"Bearer {gateway.token('root', '--api', '--admin')}")]
    equal(gateway.ask(GATE, target=api, headers=token).status, 403, "a token")


@test
def a_provider_that_cannot_be_fetched_says_why(t):
    gateway = world(t)
    nowhere = f"https://127.0.0.1:{ports.take()}/metadata"
    gateway.apply(provider(gateway, saml={"metadata": nowhere}, upstream={"networks": ["127.0.0.0/8"]}))
    for _ in range(2):  # asked for, and known to have failed
        equal(gateway.ask(GATE, target="/.sallyport/saml/corp/login", headers=[("Accept", "text/html")]).status, 503, "the way there")
    attempts = until(lambda: trace(gateway) if len(trace(gateway)) == 2 else None, "both attempts are in the store")
    why = gateway.event("provider_document")["reason"]
    equal({(attempt["outcome"], attempt["reason"]) for attempt in attempts}, {("unavailable", why)}, "outcome and reason")
    absent(why, "nothing is known", "the reason")
    gateway.apply({"kind": "user", "name": "root", "email": "root@example.test", "password": PASSWORD, "admin": True})
    page = gateway.ask(GATE, target="/.sallyport/providers/corp", headers=signed_in(gateway, "root").headers(GATE)).text
    contains(page, "unavailable, ", "the admins' page")
    contains(page, why, "the admins' page")


@test
def a_flood_of_attempts_keeps_the_last_hundred(t):
    gateway = world(t)
    gateway.apply(provider(gateway, groups={"admin": "sp-admins"}))
    references = []
    for i in range(130):
        answer = gateway.ask(GATE, "POST", "/.sallyport/saml/corp/acs",
                             [("Content-Type", "application/x-www-form-urlencoded"), ("X-Sallyport-Request", "1")],
                             b"SAMLResponse=AAAA")
        if answer.status == 429:  # who fails all the time waits
            break
        references.append(json.loads(answer.text)["reference"])
    last = references[-1]
    until(lambda: any(attempt["reference"] == last for attempt in trace(gateway)), "the last one is in the store")
    kept = [attempt["reference"] for attempt in trace(gateway)]
    equal(kept, references[::-1][:100], "what is kept, the newest first")


@test
def the_command_says_what_it_does_not_know(t):
    gateway = world(t)
    gateway.apply(provider(gateway))
    for arguments, code in ((("nowhere",), 1), (("corp", "--reference", "4KX2-9QTD"), 1), (("corp", "--reference", "not a reference"), 2), ((), 2)):
        equal(gateway.run("sso", "trace", *arguments).code, code, f"exit code of {arguments}")


@test
def what_waits_is_written_when_the_gateway_stops(t):
    gateway = world(t)
    gateway.apply(provider(gateway))
    references = [refused(gateway, "<Response/>")[1] for _ in range(12)]
    gateway.stop()
    equal([attempt["reference"] for attempt in trace(gateway)], references[::-1], "what is kept")
