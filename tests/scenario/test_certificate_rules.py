"""Client certificates as conditions of rules and areas, and what an upstream is told of them."""
import base64
import subprocess

import client_certs
import ports
from client_certs import Holding, asking
from gateway import command
from registry import absent, contains, equal, expect, one_of, test
from wait import until
from websocket_client import WebSocket, own_origin
from wire import request_bytes
from world import bearer, datasource, host, instance, upstream, world

TOLD = ("x-sallyport-certificate-subject", "x-sallyport-certificate-fingerprint", "x-sallyport-certificate-san", "client-cert")
SPOOFED = ("X-Sallyport-Certificate-Subject", "X-Sallyport-Certificate-Fingerprint", "X-Sallyport-Certificate-San", "X-Sallyport-Certificate",
           "Client-Cert", "Client-Cert-Chain", "X-Client-Cert", "X-Client-Cert-Chain", "X-Client-Certificate", "X-Client-DN", "X-Client-Verify",
           "X-SSL-Client-Cert", "X-SSL-Client-Verify", "X-SSL-Client-DN", "X-SSL-Client-S-DN", "X-SSL-Cert", "X-SSL-Issuer",
           "SSL-Client-Cert", "SSL-Client-Verify", "SSL-Client-Subject-DN", "SSL-Client-S-DN-CN", "X-Forwarded-Client-Cert",
           "X-Forwarded-Tls-Client-Cert", "X-Forwarded-Tls-Client-Cert-Info", "X-ARR-ClientCert", "X-Amzn-Mtls-Clientcert",
           "X-Amzn-Mtls-Clientcert-Subject", "X-Tls-Client-Cert")


def facts_of(name):
    """(fingerprint, subject, DER in base64) as openssl sees them."""
    path = client_certs.folder() / f"{name}.pem"
    told = subprocess.run(["openssl", "x509", "-in", path, "-noout", "-fingerprint", "-sha256", "-subject", "-nameopt", "RFC2253"],
                          capture_output=True, text=True, check=True).stdout.splitlines()
    der = subprocess.run(["openssl", "x509", "-in", path, "-outform", "DER"], capture_output=True, check=True).stdout
    return told[0].split("=", 1)[1], told[1].split("=", 1)[1], base64.b64encode(der).decode()


def status(gateway, where, name, token, target="/", **more):
    return Holding(gateway, name).ask(where, target=target, headers=bearer(token), **more).status


def close_code(socket):
    found = socket.ended()
    return found and found.code


# --- rules and areas


@test
def a_rule_names_certificates_in_every_way(t):
    echo, crm = upstream(t, None), host("crm")
    gateway = asking(t, "optional", datasource("crm", echo))
    token = gateway.token("ann")
    fingerprint, subject, _ = facts_of("ann")
    for pattern in (f"fingerprint:{fingerprint}", f"fingerprint:{fingerprint.replace(':', '').lower()}", f"subject:{subject}",
                    "dns:ANN.people.example.test", "email:ann@EXAMPLE.test", "uri:spiffe://example.test/ann"):
        gateway.apply(datasource("crm", echo, access=[{"roles": ["owner"], "certificates": ["dns:elsewhere.example.test", pattern]}]))
        for name, wanted in (("ann", 200), ("mel", 403), (None, 403), ("nameless", 403)):
            equal(status(gateway, crm, name, token), wanted, f"{name} with {pattern}")
    for pattern in ("dns:people.example.test", "email:Ann@example.test", "uri:spiffe://example.test/", "subject:CN=ann"):
        gateway.apply(datasource("crm", echo, access=[{"roles": ["owner"], "certificates": [pattern]}]))
        equal(status(gateway, crm, "ann", token), 403, f"ann with {pattern}, which is only like what is hers")


@test
def a_rule_demands_role_and_certificate_and_a_certificate_is_nobody(t):
    echo, crm = upstream(t, None), host("crm")
    gateway = asking(t, "optional", datasource("crm", echo, access=[
        {"roles": ["owner"], "certificates": ["email:ann@example.test"]}, {"roles": ["member"], "paths": ["/open"]}]))
    ann, mel = gateway.token("ann"), gateway.token("mel")
    for who, name, target, wanted in ((ann, "ann", "/", 200), (ann, None, "/", 403), (ann, "mel", "/", 403), (mel, "ann", "/", 403),
                                      (mel, None, "/open", 200), (mel, "ann", "/open", 200), (mel, "mel", "/open", 200)):
        equal(status(gateway, crm, name, who, target), wanted, f"{name} at {target}")
    response = Holding(gateway, "ann").ask(crm)
    equal(response.status, 401, "a certificate alone signs nobody in")
    audit = [entry for entry in gateway.audit() if entry.get("reason") == "no rule allows"]
    equal(len(audit), 3, "refusals in the audit")


@test
def an_area_demands_a_certificate_of_everybody(t):
    echo, line = upstream(t, None), host("line1")
    gateway = asking(t, "optional", instance("line1", echo, areas=[
        {"name": "hooks", "paths": ["/hooks"], "public": True, "certificates": ["dns:mel.people.example.test"]},
        {"name": "all", "paths": ["/"], "roles": ["owner"], "certificates": ["email:ann@example.test"]}]))
    token = gateway.token("ann")
    equal(Holding(gateway, "mel").ask(line, target="/hooks/x").status, 200, "a public area, by its machine")
    for name in (None, "ann"):
        equal(Holding(gateway, name).ask(line, target="/hooks/x").status, 403, f"a public area, by {name}")
    equal(status(gateway, line, "ann", token), 200, "the area")
    for name in (None, "mel"):
        equal(status(gateway, line, name, token), 403, f"the area, by {name}")


@test
def a_resumed_session_keeps_its_certificate_and_no_other_gets_one(t):
    free = ports.take()
    echo, crm = upstream(t, None), host("crm")
    gateway = asking(t, "optional", datasource("crm", echo, access=[{"roles": ["owner"], "certificates": ["email:ann@example.test"]}]),
                     more=((free, None, None),), workers=2)
    headers = bearer(gateway.token("ann"))
    for version in client_certs.VERSIONS:
        context = client_certs.context(gateway, "ann", version)
        plain = client_certs.context(gateway, None, version)
        first, session, _ = client_certs.ask(gateway, context, name=crm, headers=headers, target="/")
        equal(first, 200, f"by {version}")
        for _ in range(6):
            again = client_certs.ask(gateway, context, session=session, name=crm, headers=headers, target="/")
            equal(again[::2], (200, True), f"resumed by {version}")
        # Without one: at this listener, and with a ticket of one that asks nobody.
        for port in (None, free):
            refused, session, _ = client_certs.ask(gateway, plain, port, name=crm, headers=headers, target="/")
            equal(refused, 403, f"without a certificate at {port}")
            equal(client_certs.ask(gateway, plain, None, session, name=crm, headers=headers, target="/")[0], 403, f"its ticket from {port}")


@test
def an_expired_certificate_counts_no_more_on_an_open_connection(t):
    """Where one is optional: the connection lives on, as one without. A WebSocket that lives by it ends."""
    echo, crm = upstream(t, None), host("crm")
    gateway = asking(t, "optional", datasource("crm", echo, pass_certificate=True, access=[
        {"roles": ["owner"], "certificates": ["email:ann@example.test"]}, {"roles": ["owner"], "paths": ["/free"]}]))
    headers = bearer(gateway.token("ann"))
    pair = client_certs.short_lived(t.dir, "ann", 6)
    holding = Holding(gateway, pair=pair)
    with holding.wire(crm) as held, WebSocket(holding, crm, headers=headers + own_origin(gateway, crm)) as socket, \
            WebSocket(holding, crm, "/free/ws", headers=headers + own_origin(gateway, crm)) as other:
        ask = request_bytes("GET", "/", f"{crm}:{gateway.port}", headers)
        held.send(ask)
        equal(held.response().status, 200, "while it is in force")
        until(lambda: client_certs.ask(gateway, client_certs.context(gateway, pair=pair))[0] is None, "the certificate to expire")
        equal(close_code(socket), 1008, "the close code of the WebSocket that it opened")
        held.send(ask)
        equal(held.response().status, 403, "afterwards, on the same connection")
        held.send(request_bytes("GET", "/free", f"{crm}:{gateway.port}", headers))
        equal(held.response().status, 200, "what needs none")
        absent(echo.last().head.lower(), b"certificate", "what reached the upstream")
        other.send(b"still there")
        equal(other.receive().payload, b"still there", "a WebSocket that needs none")


@test
def a_proxys_own_certificate_is_not_the_clients(t):
    echo, crm = upstream(t, None), host("crm")
    gateway = asking(t, "required", datasource("crm", echo, pass_certificate=True, access=[
        {"roles": ["owner"], "certificates": ["email:ann@example.test"]}, {"roles": ["owner"], "paths": ["/free"]}]),
        trusted_proxies=["127.0.0.1"])
    token = gateway.token("ann")
    equal(status(gateway, crm, "ann", token), 403, "by the certificate of a trusted proxy")
    equal(status(gateway, crm, "ann", token, "/free"), 200, "what needs none")
    for name in TOLD:
        equal(echo.last().all(name), [], f"{name} at the upstream")


@test
def what_is_beyond_the_names_that_are_read_counts_for_nothing(t):
    echo, crm = upstream(t, None), host("crm")
    gateway = asking(t, "optional", datasource("crm", echo, access=[
        {"roles": ["owner"], "paths": [f"/{at}"], "certificates": [f"dns:n{at}.example.test"]} for at in (0, 63, 64, 99)]))
    holding = Holding(gateway, pair=client_certs.by_authority(t.dir, "many", ",".join(f"DNS:n{at}.example.test" for at in range(100))))
    headers = bearer(gateway.token("ann"))
    equal([holding.ask(crm, target=f"/{at}", headers=headers).status for at in (0, 63, 64, 99)], [200, 200, 403, 403], "by its names")


# --- what the upstream is told


@test
def the_upstream_is_told_only_where_the_resource_says_so(t):
    echo = upstream(t, None)
    gateway = asking(t, "optional", datasource("crm", echo, pass_certificate=True), datasource("quiet", echo))
    token = gateway.token("ann")
    fingerprint, subject, der = facts_of("ann")
    equal(status(gateway, host("crm"), "ann", token), 200, "status")
    told = echo.last()
    equal([told.all(name) for name in TOLD], [[subject], [fingerprint.replace(":", "").lower()],
                                              ["email:ann@example.test, dns:ann.people.example.test, uri:spiffe://example.test/ann"], [f":{der}:"]],
          "what is told")
    for where, name in ((host("quiet"), "ann"), (host("crm"), None)):
        equal(status(gateway, where, name, token), 200, "status")
        equal([echo.last().all(each) for each in TOLD], [[]] * 4, f"of {name} at {where}")
    with WebSocket(Holding(gateway, "ann"), host("crm"), headers=bearer(token) + own_origin(gateway, host("crm"))):
        equal(echo.last().all(TOLD[0]), [subject], "the handshake of a WebSocket")


@test
def awkward_names_cannot_be_taken_for_others(t):
    echo = upstream(t, None)
    gateway = asking(t, "optional", datasource("crm", echo, pass_certificate=True))
    equal(status(gateway, host("crm"), "odd", gateway.token("ann")), 200, "status")
    told = echo.last()
    equal(told.all(TOLD[0]), ["CN=a\\+b c,O=Gr\\C3\\BCn\\, \\\"Works\\\""], "the subject")
    equal(told.all(TOLD[2]), ["uri:urn:a%2Cemail:mel@example.test, email:Ann@example.test, uri:urn:%2541;b"],
          "the names: no wildcard, no address of an IP, nothing but ASCII, one value each")
    equal(status(gateway, host("crm"), "nameless", gateway.token("ann", name="u")), 200, "status")
    equal([bool(echo.last().all(name)) for name in TOLD], [True, True, False, True], "a certificate without names")


@test
def no_client_says_such_a_thing_itself_in_any_spelling(t):
    echo = upstream(t, None)
    gateway = asking(t, "optional", datasource("crm", echo, pass_certificate=True), datasource("quiet", echo),
                     limits={"underscores": "drop", "headers": 100})
    headers = bearer(gateway.token("ann"))
    spellings = sorted({spelled for name in SPOOFED for spelled in (name, name.lower(), name.upper(), name.swapcase(), name.replace("-", "_"),
                        name.replace("-", "."), name.replace("-", "_", 1), name.replace("-", ".", 1), name.lower().replace("-", "~"))})
    for where in (host("crm"), host("quiet")):
        for holder in (None, "ann"):
            holding = Holding(gateway, holder)
            for at in range(0, len(spellings), 60):
                response = holding.ask(where, headers=headers + [(spelled, "spoofed-7731") for spelled in spellings[at:at + 60]])
                equal(response.status, 200, "status")
                absent(echo.last().head, b"spoofed", f"what reached the upstream at {where} with {holder}'s certificate")
            wanted = 1 if holder and where == host("crm") else 0
            equal([len(echo.last().all(name)) for name in TOLD], [wanted] * 4, "fields of the gateway's own")


@test
def no_client_says_it_in_a_trailer_or_by_a_connection_option(t):
    echo, crm = upstream(t, None), host("crm")
    gateway = asking(t, "optional", datasource("crm", echo, pass_certificate=True))
    headers = bearer(gateway.token("ann"))
    body = b"2\r\nhi\r\n0\r\n" + "".join(f"{name}: spoofed-7731\r\n" for name in SPOOFED[:20]).encode() + b"\r\n"
    response = Holding(gateway, "ann").ask(crm, "POST", "/sink", headers + [("Transfer-Encoding", "chunked"), ("Trailer", "Client-Cert")], body)
    equal(response.status, 200, "status")
    absent(repr(echo.last().trailers), "spoofed", "trailers at the upstream")
    # A client may not have the gateway drop its own fields either.
    options = [("Connection", "close, Client-Cert, X-Sallyport-Certificate-Subject")]
    equal(Holding(gateway, "ann").ask(crm, headers=headers + options).status, 200, "status")
    equal([len(echo.last().all(name)) for name in TOLD], [1] * 4, "fields of the gateway's own")


@test
def what_the_gateway_tells_cannot_be_injected(t):
    echo = upstream(t, None)
    gateway = world(t, start=False)
    for name in ("Client-Cert", "client_cert", "X-Sallyport-Certificate-Subject"):
        text = gateway.refused_apply(datasource("crm", echo, inject={"headers": {name: "x"}}))
        contains(text, "the gateway writes it itself", f"{name} injected")
    text = gateway.refused_apply(datasource("crm", echo, access=[{"roles": ["owner"], "certificates": ["dns:*.example.test"]}]))
    contains(text, "wildcards name nobody", "a wildcard in a rule")
    one_of(gateway.run("get", "datasource", "crm").code, (1,), "nothing came of it")
    expect("certificates" in command("schema", "datasource").out, "the key is in the schema")
