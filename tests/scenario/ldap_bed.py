"""The world of the LDAP scenarios: a real slapd, and a gateway that asks it. alice owns plant by a group inside a group."""
import ports
import slapd
from ldap_data import PEOPLE, READER, READER_PASSWORD
from registry import Skipped
from world import host, instance, upstream, world

TOOL = host("tool")


def directory(case, name="slapd", **more):
    """A slapd of this test's own, running; .certificates has ca.pem."""
    if why := slapd.missing():
        raise Skipped(why)
    place = case.dir / "ldap-certs"
    pairs = place if place.exists() else slapd.certificates(place)
    port = ports.take(2)
    server = slapd.Slapd(case.dir / name, port, port + 1, pairs / "good", **more)
    server.certificates = pairs
    case.logs.append(server.log_path)
    case.defer(server.stop)
    return server.start()


def document(server, *urls, name="corp", ldap=None, **more):
    """The provider that asks it, with StartTLS unless `urls` say otherwise. ldap: changes to that entry."""
    return {"kind": "identity_provider", "name": name, "type": "ldap", "domains": ["example.test"], "provision": True,
            "upstream": {"networks": ["127.0.0.0/8"], "ca": str(server.certificates / "ca.pem")},
            "secrets": {"bind_password": READER_PASSWORD},
            "ldap": {"url": list(urls) or [server.url], "bind_dn": READER, "base_dn": PEOPLE, "nesting": 1} | (ldap or {})} | more


def standing(case, **more):
    """(gateway, slapd, upstream): the web tool `tool` of team plant, and the provider; more: keys of it."""
    server, echo = directory(case), upstream(case)
    return world(case, instance("tool", echo), document(server, **more)), server, echo
