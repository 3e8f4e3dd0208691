"""The world of the OpenID Connect scenarios: a real provider, and a person who signs in there, without JavaScript.

The people are those of saml_bed.py: alice owns plant, bob may look at it, ada is a platform admin by her group, eve is of another
domain. The gateway stands first, since the provider has to know its port.
"""
from urllib.parse import parse_qs, urljoin, urlsplit

import oidc_provider
import ports
from gateway import GATE
from registry import Failed, Skipped, equal
from saml_bed import GROUPS, LINE1, PASSWORD, Visitor, keys, line1, mail_of
from wait import until
from world import upstream, world


def people(**changed):
    """changed: name={what is different}: groups, verified, or claims."""
    out = {}
    for name, groups in GROUPS.items():
        more = dict(changed.get(name, {}))
        out[name] = oidc_provider.person(name, mail_of(name), *more.pop("groups", groups), password=PASSWORD, **more)
    return out


def at_gate(gateway, name, what):
    return f"https://{GATE}:{gateway.port}/.sallyport/oidc/{name}/{what}"


def client(gateway, name="corp", algorithm="RS256", method="client_secret_basic", client_id=None):
    """What the provider knows of the gateway's resource `name`."""
    return oidc_provider.client(
        client_id or f"gateway-{name}", at_gate(gateway, name, "callback"), algorithm, method,
        post_logout_redirect_uris=[f"https://{GATE}:{gateway.port}/.sallyport/{page}" for page in ("logout", "login")],
        backchannel_logout_uri=at_gate(gateway, name, "backchannel-logout"), backchannel_logout_session_required=True)


def provider_for(case, gateway, *clients, users=None, port=None):
    if why := oidc_provider.missing():
        raise Skipped(why)
    place = keys()
    provider = oidc_provider.OidcProvider(case.dir, port or ports.take(), (place / "localhost.pem", place / "localhost.key"),
                                          place / "localhost-ca.pem", clients or [client(gateway)], users or people(),
                                          trusts=gateway.dir / "tls/ca.pem")
    case.defer(provider.stop)
    case.logs.append(provider.log_path)
    until(provider.is_ready, "the OpenID provider to answer", 30)
    return provider


def document(provider, name="corp", oidc=None, client_id=None, secret=oidc_provider.SECRET, **more):
    """The resource for a provider. oidc: changes to its settings; secret: None for a public client."""
    return {"kind": "identity_provider", "name": name, "type": "oidc", "label": f"The {name} directory", "domains": ["corp.test"],
            "provision": True, "upstream": {"networks": ["127.0.0.0/8", "::1/128"], "ca": provider.ca},
            "groups": {"attribute": "groups", "pattern": "sp-<team>-<role>", "admin": "sp-admins"},
            "oidc": {"issuer": provider.issuer, "client_id": client_id or f"gateway-{name}",
                     "scopes": ["openid", "email", "profile", "groups"]} | (oidc or {})} | (
                         {"secrets": {"client_secret": secret}} if secret else {}) | more


def standing(case, *documents, users=None, **corp):
    """(gateway, provider): the provider as `corp` of corp.test, line1 behind the gateway. corp: of document()."""
    gateway = world(case, line1(upstream(case)))
    provider = provider_for(case, gateway, users=users)
    gateway.apply(document(provider, **corp), *documents)
    return gateway, provider


class Person(Visitor):
    def choose(self, name="corp"):
        """From the gate's sign-in page to the provider's, or back at once where the provider knows this browser."""
        link = next((target for target in self.choices().values() if f"/oidc/{name}/login" in target), None)
        if not link:
            raise Failed(f"no way to {name} on {self.url} ({self.page.status}): {self.choices()} {self.page.text[:300]!r}")
        return self.go(urljoin(self.url, link))

    def fill_in_there(self, user="alice", password=PASSWORD, follow=True, **more):
        """The provider's form, and all redirects from there. follow=False: up to the provider's answer, whose URL is returned."""
        if not self._asks():
            raise Failed(f"the provider shows no form at {self.url} ({self.page.status}): {self.page.text[:300]!r}")
        origin = ("Origin", urljoin(self.url, "/").rstrip("/"))
        page = self.submit(self.form(), {"username": user, "password": password} | more, origin, follow=False)
        for _ in range(8):
            target = urljoin(self.url, page.get("location") or "")
            if page.status not in (302, 303) or (not follow and urlsplit(target).hostname == GATE):
                return target if not follow else page
            page = self.once("GET", target, [("Accept", "text/html")])
        raise Failed(f"redirects without end: {self.history[-8:]}")

    def sign_in_at(self, where=LINE1, target="/", user="alice", name="corp"):
        self.begin(where, target, name)
        return self.fill_in_there(user)

    def asked_for(self, provider):
        """The parameters of the last authorization request."""
        url = next(url for _, url, _ in reversed(self.history) if url.startswith(f"{provider.origin}/auth?"))
        return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def signed_in(gateway, provider, user="alice", where=LINE1, name="corp"):
    person = Person(gateway, provider)
    page = person.sign_in_at(where, "/", user, name)
    equal((page.status, person.url), (200, person.at(where)), f"where {user} lands ({page.text[:300]!r} {person.history[-4:]})")
    return person
