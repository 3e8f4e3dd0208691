"""Certificates of clients, made once in a run: `authority` is the CA that listeners ask for, `stranger` is nobody's.

Leaves by `authority`, each NAME.pem and NAME.key: ann, mel (e-mail, DNS name and URI of theirs), nameless (no alternative
names), odd (awkward subject and names), expired, early (not yet in force), server (for servers alone), sha1 (weakly signed),
under (by an intermediate; UNDER.pem holds the chain), child (by ann, who is no authority). By `stranger`: foreign, with
ann's names. alone: signed by itself, with ann's names.
"""
import fcntl
import os
import ssl
import time
from pathlib import Path

import certs
import wire
from gateway import GATE
from world import world

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
CLIENT = "extendedKeyUsage=clientAuth\n"


def names(person):
    return f"email:{person}@example.test,DNS:{person}.people.example.test,URI:spiffe://example.test/{person}"


def subject(person):
    return f"/O=Example Works/CN={person}"


def _write(place, name, *parts):
    (place / name).write_text("".join((place / part).read_text() for part in parts))


def _authority(place, name, by=None):
    if not by:
        certs._authority(place, name)
        return
    certs._leaf(place, name, by, "", more="basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n")


def _self_signed(place, name, person):
    certs._openssl(place, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                   "-subj", subject(person), "-addext", f"subjectAltName={names(person)}", "-keyout", f"{name}.key", "-out", f"{name}.pem")


def folder():
    base = Path(os.environ["SCENARIO_BASE"])
    place = base / "client-certs"
    with open(base / "client-certs.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "done").exists():
            place.mkdir(exist_ok=True)
            _authority(place, "authority")
            _authority(place, "stranger")
            _authority(place, "between", "authority")
            for person in ("ann", "mel"):
                certs._leaf(place, person, "authority", names(person), more=CLIENT, subject=subject(person))
            certs._leaf(place, "nameless", "authority", "", more=CLIENT)
            certs._leaf(place, "odd", "authority", "@alternatives", subject='/O=Gr\u00fcn, "Works"/CN=a\\+b c', more=CLIENT + (
                "[alternatives]\nURI.1=urn:a,email:mel@example.test\nDNS.1=*.example.test\nemail.1=Ann@EXAMPLE.test\nIP.1=192.0.2.1\n"
                "email.2=\u00fc@example.test\nURI.2=urn:%41;b\n"))
            certs._leaf(place, "expired", "authority", names("ann"), ("-startdate", "20200101000000Z", "-enddate", "20210101000000Z"),
                        more=CLIENT, subject=subject("ann"))
            certs._leaf(place, "early", "authority", names("ann"), ("-startdate", "20900101000000Z", "-enddate", "20910101000000Z"),
                        more=CLIENT, subject=subject("ann"))
            certs._leaf(place, "server", "authority", names("ann"), more="extendedKeyUsage=serverAuth\n", subject=subject("ann"))
            certs._leaf(place, "sha1", "authority", names("ann"), ("-days", "30", "-md", "sha1"), more=CLIENT, subject=subject("ann"))
            certs._leaf(place, "under", "between", names("ann"), more=CLIENT, subject=subject("ann"))
            certs._leaf(place, "child", "ann", names("mel"), more=CLIENT, subject=subject("mel"))
            certs._leaf(place, "foreign", "stranger", names("ann"), more=CLIENT, subject=subject("ann"))
            _self_signed(place, "alone", "ann")
            for leaf, chain in (("under", "between"), ("child", "ann")):
                _write(place, f"{leaf}-chain.pem", f"{leaf}.pem", f"{chain}.pem")
            (place / "done").write_text("")
    return place


def by_authority(where, name, alternatives, dates=("-days", "30"), subject=""):
    """One more certificate of the authority's: (cert, key) paths in `where`."""
    for kind in ("pem", "key"):
        (where / f"authority.{kind}").write_bytes((folder() / f"authority.{kind}").read_bytes())
    certs._leaf(where, name, "authority", alternatives, dates, more=CLIENT, subject=subject)
    return where / f"{name}.pem", where / f"{name}.key"


def short_lived(where, person, seconds):
    """A certificate that ends `seconds` from now."""
    end = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + seconds))
    return by_authority(where, f"{person}-{seconds}", names(person), ("-startdate", "20200101000000Z", "-enddate", end), subject(person))


def context(gateway, name=None, version=None, pair=None):
    """A client's context that shows the certificate of that name (or files), or none."""
    made = wire.client_context(gateway.dir / "tls/ca.pem")
    if version:
        made.minimum_version = made.maximum_version = version
    if name == "sha1":
        made.set_ciphers("ALL:@SECLEVEL=0")  # or it would not even be loaded
    if name:
        chain = folder() / f"{name}-chain.pem"
        pair = (chain if chain.exists() else folder() / f"{name}.pem", folder() / f"{name}.key")
    if pair:
        made.load_cert_chain(*map(str, pair))
    return made


class Holding:
    """A gateway as somebody sees it whose connections show a certificate: for Browser and WebSocket."""

    def __init__(self, gateway, name=None, pair=None):
        self._gateway, self._context = gateway, context(gateway, name, pair=pair)

    def __getattr__(self, name):
        return getattr(self._gateway, name)

    def wire(self, where=GATE, **more):
        return self._gateway.wire(where, context=self._context, **more)

    def ask(self, where, method="GET", target="/", headers=(), body=None):
        with self.wire(where) as connection:
            connection.send(wire.request_bytes(method, target, f"{where}:{self.port}", headers, body))
            return connection.response(method)


def tls_of(gateway, word=None, ca=None):
    tls = dict(gateway.base_config()["listeners"][0]["tls"])
    if word:
        tls |= {"client_auth": word, "client_ca": str(ca or folder() / "authority.pem")}
    return tls


def asking(t, word, *documents, ca=None, more=(), **config):
    """A gateway whose listener asks for certificates. more: (port, word, CA) of further listeners."""
    gateway = world(t, *documents, start=False, **config)
    changed = gateway.base_config() | config
    changed["listeners"][0]["tls"] = tls_of(gateway, word, ca)
    for port, other, authority in more:
        changed["listeners"].append({"address": f"127.0.0.1:{port}", "tls": tls_of(gateway, other, authority)})
    gateway.write_config(changed)
    return gateway.start()


def ask(gateway, context, port=None, session=None, name=GATE, headers=(), target="/.sallyport/login"):
    """(status, session, resumed) of one request on a connection of its own; status None: the handshake was refused."""
    try:
        with wire.Wire(port or gateway.port, name, context, session=session) as connection:
            connection.send(wire.request_bytes("GET", target, f"{name}:{gateway.port}", headers))
            response = connection.response()
            return response.status, connection.socket.session, connection.socket.session_reused
    except (ssl.SSLError, ConnectionError, wire.Closed):
        return None, None, None
