"""Client certificates per listener: who gets in, which are refused, and what a session ticket is worth elsewhere."""
import shutil
import ssl
import subprocess

import certs
import client_certs
import ports
from client_certs import ask, asking, tls_of
from gateway import GATE
from registry import contains, equal, expect, test
from wait import until
from wire import Wire, request_bytes
from world import world

V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
BAD = ("expired", "early", "server", "sha1", "child", "foreign", "alone")


def status(gateway, name=None, version=None, **more):
    return ask(gateway, client_certs.context(gateway, name, version), **more)[0]


# --- handshakes


@test
def without_client_auth_nobody_is_asked(t):
    gateway = world(t)
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.port}", "-servername", GATE],
                          input="", capture_output=True, text=True, timeout=20)
    contains(done.stdout, "No client certificate CA names sent", "what s_client was asked for")
    for name in (None, "ann", "foreign"):
        equal(status(gateway, name), 200, f"with {name}")


@test
def optional_takes_none_and_good_ones_and_no_bad_one(t):
    gateway = asking(t, "optional")
    for version in (V12, V13):
        for name in (None, "ann", "mel", "nameless", "odd", "under"):
            equal(status(gateway, name, version), 200, f"{name} by {version}")
        for name in BAD:
            equal(status(gateway, name, version), None, f"{name} by {version}")
    contains(gateway.admin("/metrics").text, f"sallyport_handshakes_failed_total {2 * len(BAD)}", "the count of refusals")


@test
def required_takes_good_ones_alone(t):
    gateway = asking(t, "required")
    for version in (V12, V13):
        for name in ("ann", "nameless", "under"):
            equal(status(gateway, name, version), 200, f"{name} by {version}")
        for name in (None, *BAD):
            equal(status(gateway, name, version), None, f"{name} by {version}")


@test
def the_client_is_told_which_authorities_count_and_nothing_else(t):
    gateway = asking(t, "optional")
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.port}", "-servername", GATE],
                          input="", capture_output=True, text=True, timeout=20)
    names = done.stdout.split("Acceptable client certificate CA names")[1].split("Requested Signature Algorithms")[0]
    equal(names.split("\n")[1:-1], ["CN = authority"], "the names")
    equal(done.stdout.count("-----BEGIN CERTIFICATE-----"), 1, "certificates of the gateway's own")


@test
def an_intermediate_alone_is_an_authority(t):
    place = client_certs.folder()
    gateway = asking(t, "required", ca=place / "between.pem")
    equal(status(gateway, "under"), 200, "what it signed")
    equal(status(gateway, "ann"), None, "what the one above it signed")


@test
def every_listener_has_demands_of_its_own(t):
    place, free, closed = client_certs.folder(), ports.take(), ports.take()
    gateway = asking(t, None, more=((free, "optional", None), (closed, "required", place / "stranger.pem")))
    for name, port, wanted in ((None, None, 200), ("foreign", None, 200), (None, free, 200), ("ann", free, 200), ("foreign", free, None),
                               (None, closed, None), ("ann", closed, None), ("foreign", closed, 200)):
        equal(status(gateway, name, port=port), wanted, f"{name} at {port}")


@test
def the_demand_is_the_listeners_whatever_name_is_asked_for(t):
    """Another certificate of the gateway's own, chosen by SNI, changes nothing of what is demanded of the client."""
    gateway = world(t, start=False)
    config = gateway.base_config()
    cert, key = certs.gate_pair(t.dir, "one", "one.localhost")
    tls = tls_of(gateway, "required")
    tls["certificates"] = [*tls["certificates"], {"cert": str(cert), "key": str(key)}]
    config["listeners"][0]["tls"] = tls
    gateway.write_config(config)
    gateway.start()
    for version in client_certs.VERSIONS:
        for name, wanted in ((None, None), ("foreign", None), ("server", None), ("ann", 404)):
            context = client_certs.context(gateway, name, version)
            context.load_verify_locations(str(t.dir / "one-ca.pem"))
            got, session, _ = ask(gateway, context, name="one.localhost")
            equal(got, wanted, f"{name} by {version}")
        got, _, resumed = ask(gateway, context, session=session, name="one.localhost")
        equal((got, resumed), (404, True), f"resumed by {version}")


@test
def a_chain_without_end_is_not_read(t):
    place = client_certs.folder()
    gateway = asking(t, "optional")
    long, key = t.dir / "long.pem", place / "ann.key"
    for copies, wanted in ((5, 200), (200, None)):
        long.write_text((place / "ann.pem").read_text() + (place / "between.pem").read_text() * copies)
        equal(ask(gateway, client_certs.context(gateway, pair=(long, key)))[0], wanted, f"{copies} certificates behind it")
    equal(status(gateway, "ann"), 200, "an honest client")


@test
def no_certificate_after_the_handshake(t):
    """Post-handshake authentication is neither asked for nor offered; renegotiation is off there as well."""
    gateway = asking(t, "optional")
    pair = [f"{client_certs.folder() / 'ann'}.{kind}" for kind in ("pem", "key")]
    request = request_bytes("GET", "/.sallyport/login", f"{GATE}:{gateway.port}", [("Connection", "close")]).decode()
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.port}", "-servername", GATE, "-tls1_3", "-ign_eof",
                           "-enable_pha"], input=request, capture_output=True, text=True, timeout=30)
    contains(done.stdout, "HTTP/1.1 200", "an honest request")
    contains(done.stdout, "Max Early Data: 0", "early data")
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{gateway.port}", "-servername", GATE, "-tls1_2",
                           "-legacy_renegotiation", "-cert", pair[0], "-key", pair[1]], input="R\n", capture_output=True, text=True, timeout=20)
    contains((done.stdout + done.stderr).lower(), "no renegotiation", "the answer to a renegotiation")


# --- session tickets


def ticket(gateway, context, port=None):
    """A session that was made at a listener, and works there again."""
    first, session, resumed = ask(gateway, context, port)
    equal((first, resumed), (200, False), "the first connection")
    expect(session is not None and session.has_ticket, "no ticket")
    equal(ask(gateway, context, port, session)[::2], (200, True), "the ticket where it was made")
    return session


@test
def tickets_resume_where_they_were_made(t):
    gateway = asking(t, "required", workers=2)
    for version in (V12, V13):
        context = client_certs.context(gateway, "ann", version)
        session = ticket(gateway, context)
        for _ in range(6):  # the kernel spreads these over both workers
            again, fresh, resumed = ask(gateway, context, session=session)
            equal((again, resumed), (200, True), f"by {version}")
            session = fresh or session


@test
def a_ticket_made_without_a_certificate_gets_in_nowhere(t):
    open_, optional = ports.take(), ports.take()
    gateway = asking(t, "required", more=((open_, None, None), (optional, "optional", None)))
    for version in (V12, V13):
        for port in (open_, optional):
            context = client_certs.context(gateway, None, version)
            session = ticket(gateway, context, port)
            equal(ask(gateway, context, None, session)[0], None, f"from {port} by {version} where one is required")
        equal(ask(gateway, context, open_, session)[::2], (200, False), "a ticket of an asking listener where nobody is asked")


@test
def a_ticket_with_a_certificate_counts_for_its_own_authority_alone(t):
    place, other, both = client_certs.folder(), ports.take(), ports.take()
    bundle = t.dir / "both.pem"
    bundle.write_text((place / "authority.pem").read_text() + (place / "stranger.pem").read_text())
    gateway = asking(t, "required", more=((other, "required", place / "stranger.pem"), (both, "required", bundle)))
    for version in (V12, V13):
        context = client_certs.context(gateway, "ann", version)
        session = ticket(gateway, context)
        equal(ask(gateway, context, other, session)[0], None, f"by {version}, at a listener of another authority")
        equal(ask(gateway, context, both, session)[::2], (200, False), f"by {version}, where the certificate is good but the list another")


@test
def a_reload_with_another_authority_ends_old_tickets(t):
    place = client_certs.folder()
    authority = t.dir / "authorities.pem"
    shutil.copy(place / "authority.pem", authority)
    gateway = asking(t, "required", ca=authority)
    tried = []
    for version in (V12, V13):
        context = client_certs.context(gateway, "ann", version)
        tried.append((context, ticket(gateway, context)))
    gateway.reload()
    for context, session in tried:
        equal(ask(gateway, context, None, session)[::2], (200, True), "after a reload that changed nothing")
    held = Wire(gateway.port, GATE, client_certs.context(gateway, "ann"))
    t.defer(held.close)
    held.send(request_bytes("GET", "/.sallyport/login", f"{GATE}:{gateway.port}"))
    equal(held.response().status, 200, "a connection from before")
    shutil.copy(place / "stranger.pem", authority)
    gateway.reload()
    for context, session in tried:
        equal(ask(gateway, context, None, session)[0], None, "an old ticket")
    equal(status(gateway, "ann"), None, "a new handshake with the old authority's certificate")
    equal(status(gateway, "foreign"), 200, "with the new one's")
    held.send(request_bytes("GET", "/.sallyport/login", f"{GATE}:{gateway.port}"))
    equal(held.response().status, 200, "the connection from before keeps what it was made with")


@test
def a_change_of_the_mode_ends_old_tickets(t):
    gateway = asking(t, "optional")
    context = client_certs.context(gateway, None)
    session = ticket(gateway, context)
    config = gateway.base_config()
    config["listeners"][0]["tls"] = tls_of(gateway, "required")
    config["listeners"][1]["address"] = f"127.0.0.1:{gateway.listener('admin')}"
    gateway.write_config(config)
    gateway.reload()
    equal(ask(gateway, context, None, session)[0], None, "a ticket from when it was optional, without certificate")


@test
def a_ticket_ends_with_its_certificate(t):
    """What has expired since is not resumed, and neither is what an authority vouched for that has expired."""
    gateway = asking(t, "required")
    context = client_certs.context(gateway, pair=client_certs.short_lived(t.dir, "ann", 5))
    session = ticket(gateway, context)
    until(lambda: ask(gateway, context)[0] is None, "the certificate to expire")
    equal(ask(gateway, context, None, session)[0], None, "its ticket")


# --- expiry on a connection that lasts


@test
def an_expired_certificate_ends_what_was_made_with_it(t):
    gateway = asking(t, "required")
    pair = client_certs.short_lived(t.dir, "ann", 5)
    with Wire(gateway.port, GATE, client_certs.context(gateway, pair=pair)) as held:
        request = request_bytes("GET", "/.sallyport/login", f"{GATE}:{gateway.port}")
        held.send(request)
        equal(held.response().status, 200, "while it is in force")
        until(lambda: ask(gateway, client_certs.context(gateway, pair=pair))[0] is None, "the certificate to expire")
        held.send(request)
        response = held.response()
        equal(response.status, 403, "afterwards, on the same connection")
        contains(response.text, "has expired", "the message")
        expect(held.closed(), "the connection stays")


# --- the file


@test
def authorities_that_cannot_be_used_are_named_with_their_line(t):
    place = client_certs.folder()
    gateway = world(t, start=False)
    broken = t.dir / "broken.pem"
    whole = (place / "authority.pem").read_text()
    for text, word in (("junk\n", "holds no PEM certificate"), (whole + whole[:200] + "\n-----END CERTIFICATE-----\n", "certificate 2 in it does not read"),
                       ((place / "ann.pem").read_text(), "certificate 1 in it is no authority's"), (whole * 101, "more than 100"),
                       ((place / "ann.key").read_text(), "holds no PEM certificate")):
        broken.write_text(text)
        config = gateway.base_config()
        config["listeners"][0]["tls"] = tls_of(gateway, "required", broken)
        gateway.write_config(config)
        log = gateway.refused_start()
        contains(log, "listeners[0].tls.client_ca", "the place")
        contains(log, word, "the reason")


@test
def a_reload_with_a_broken_authority_changes_nothing(t):
    authority = t.dir / "authorities.pem"
    shutil.copy(client_certs.folder() / "authority.pem", authority)
    gateway = asking(t, "required", ca=authority)
    authority.write_text((client_certs.folder() / "ann.pem").read_text())
    text = "\n".join(gateway.reload("reload_failed")["mistakes"])
    contains(text, "listeners[0].tls.client_ca", "the place")
    for name, wanted in (("ann", 200), ("foreign", None), (None, None)):
        equal(status(gateway, name), wanted, f"{name} afterwards")
