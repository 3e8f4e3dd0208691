"""The world of the SAML scenarios: real identity providers, and a person who signs in there, without JavaScript.

At every provider there are alice, who owns plant, and bob, who may look at it, both of corp.test; ada, a platform admin by her
group; and eve of another domain.
"""
import fcntl
import http.server
import json
import os
import re
import subprocess
import threading
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import certs
import ports
import samlp_provider
import simplesaml_provider
import wire
from gateway import GATE
from registry import Failed, Skipped, absent, contains, equal, expect
from wait import until
from web_client import HTML, Browser, Forms
from world import host, instance, upstream, world

PASSWORD = "copper-lintel-harbour-58"
GROUPS = {"alice": ["sp-plant-owner", "staff"], "bob": ["sp-plant-viewer", "staff"], "ada": ["sp-admins"], "eve": ["sp-plant-owner"]}
REFERENCE = re.compile(r"Reference:\s*([0-9A-Z]{4}-[0-9A-Z]{4})\b")
REFRESH = re.compile(r'<meta http-equiv="refresh" content="0; url=([^"]+)">')
LINE1 = host("line1")


def mail_of(name):
    return f"{name}@{'elsewhere.test' if name == 'eve' else 'corp.test'}"


def person(name, groups=None, **attributes):
    """What SimpleSAMLphp says of somebody."""
    said = {"uid": [name], "mail": [mail_of(name)], "cn": [f"{name.capitalize()} Example"], "groups": GROUPS.get(name, [])}
    return PASSWORD, said | ({} if groups is None else {"groups": groups}) | attributes


def everybody(**changed):
    """changed: name=[groups] of those who differ."""
    return {name: person(name, changed.get(name)) for name in {**GROUPS, **changed}}


# --- the providers

def _made_once(name, make):
    """A folder of this run that the first test which needs it fills."""
    base = Path(os.environ["SCENARIO_BASE"])
    place = base / name
    with open(base / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "done").exists():
            place.mkdir(exist_ok=True)
            make(place)
            (place / "done").write_text("")
    return place


def keys():
    """The folder with NAME.key and NAME.crt: one and two, which providers sign with; localhost for their TLS; compiled/."""
    def make(place):
        for name in ("one", "two"):
            done = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={name}",
                                   "-keyout", place / f"{name}.key", "-out", place / f"{name}.crt"], capture_output=True, text=True)
            equal(done.returncode, 0, f"openssl: {done.stderr}")
        certs.gate_pair(place, "localhost", "localhost")
        (place / "compiled").mkdir()
    return _made_once("saml-keys", make)


def simplesaml(case, name="simplesaml", people=None, **lines):
    """A SimpleSAMLphp that answers. lines: of its bed.json, changed from the start."""
    if why := simplesaml_provider.missing():
        raise Skipped(why)
    place = keys()
    provider = simplesaml_provider.SimpleSaml(
        case.dir / name, ports.take(2), (place / "localhost.pem", place / "localhost.key", place / "localhost-ca.pem"),
        {"one": place / "one", "two": place / "two"}, people or everybody(), place / "compiled")
    if lines:
        provider.change(**lines)
    return _standing(case, provider)


def samlp(case, name="samlp"):
    if why := samlp_provider.missing():
        raise Skipped(why)
    people = {who: (PASSWORD, mail_of(who), groups) for who, groups in GROUPS.items()}
    return _standing(case, samlp_provider.Samlp(case.dir / name, ports.take(), keys() / "two", people))


def _standing(case, provider):
    case.defer(provider.stop)
    case.logs.append(provider.log_path)
    until(provider.is_ready, "the identity provider to answer", 30)
    return provider


# --- the gateway's side

class Published:
    """A provider's metadata at an address of its own, which can change, and be gone while the provider itself is there."""

    def __init__(self, case, text):
        self.text, self.requests, self.is_gone = text, 0, False

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(handler):
                self.requests += 1
                body = self.text.encode()
                handler.send_response(503 if self.is_gone else 200)
                handler.send_header("Content-Type", "application/samlmetadata+xml")
                handler.send_header("Content-Length", str(0 if self.is_gone else len(body)))
                handler.end_headers()
                handler.wfile.write(b"" if self.is_gone else body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", ports.take()), Handler)
        self.url = f"http://127.0.0.1:{server.server_address[1]}/metadata.xml"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        case.defer(server.server_close)
        case.defer(server.shutdown)


def document(case, provider, name="corp", metadata=None, saml=None, **more):
    """The resource for a provider. metadata: a URL; else a file of what it says now. saml: changes to its SAML settings."""
    if not metadata:
        place = case.dir / f"{name}-metadata.xml"
        place.write_text(provider.metadata())
    entry = {"kind": "identity_provider", "name": name, "type": "saml", "label": f"The {name} directory", "domains": ["corp.test"],
             "provision": True, "upstream": {"networks": ["127.0.0.0/8"]}, "attributes": {"email": "mail", "name": "uid"},
             "groups": {"attribute": "groups", "pattern": "sp-<team>-<role>", "admin": "sp-admins"},
             "saml": {"metadata": metadata or str(place)} | (saml or {})}
    if provider.metadata_url.startswith("https:"):
        entry["upstream"]["ca"] = str(provider.ca)
    return entry | more


def entity_id(gateway, name="corp"):
    return f"https://{GATE}:{gateway.port}/.sallyport/saml/{name}/metadata"


def sp_metadata(gateway, name="corp"):
    answer = gateway.ask(GATE, target=f"/.sallyport/saml/{name}/metadata")
    equal(answer.status, 200, f"status of our metadata ({answer.text[:200]})")
    contains(answer.text, f'entityID="{entity_id(gateway, name)}"', "our metadata")
    return answer.text


def introduce(gateway, provider, name="corp", **options):
    """Tells a provider of the gateway, by the gateway's own metadata."""
    metadata = sp_metadata(gateway, name)
    if isinstance(provider, simplesaml_provider.SimpleSaml):
        provider.trust(name, metadata, **options)
        return
    found = re.search(r'use="encryption">.*?<ds:X509Certificate>([^<]+)<', metadata, re.DOTALL)
    expect(found, f"no certificate for encryption in our metadata: {metadata[:600]}")
    lines = re.sub(r"\s", "", found[1])
    pem = "\n".join(["-----BEGIN CERTIFICATE-----", *re.findall(".{1,64}", lines), "-----END CERTIFICATE-----", ""])
    provider.trust(f"https://{GATE}:{gateway.port}/.sallyport/saml/{name}/acs", entity_id(gateway, name), pem, **options)


def line1(echo, name="line1", **more):
    """An instance that owners may write to and viewers may look at."""
    return instance(name, echo, areas=[{"name": "all", "paths": ["/"], "roles": ["owner", "member", "viewer"],
                                           "read_only_for": ["viewer"]}], **more)


def standing(case, *documents, provider=None, sp=None, saml=None, corp=None, **config):
    """(gateway, provider): SimpleSAMLphp as `corp` of corp.test, line1 behind the gateway, both know each other.

    sp: SimpleSAMLphp's options for us; saml: changed settings; corp: other changes of the resource."""
    provider = provider or simplesaml(case)
    gateway = world(case, line1(upstream(case)), document(case, provider, saml=saml, **(corp or {})), *documents, **config)
    introduce(gateway, provider, **(sp or {}))
    return gateway, provider


def attempts(gateway, name="corp"):
    """What the flight recorder holds, the newest first."""
    return gateway.listing("sso", "trace", name)


# --- a person

@dataclass
class Answer:
    """A provider's page whose form goes to the gateway by itself, in a browser with scripts."""
    form: dict
    origin: str

    @property
    def response(self):
        return self.form["fields"]["SAMLResponse"]


class Visitor(Browser):
    """A browser that reaches the providers, too. To a form that another site's page sends it adds SameSite=None cookies alone."""

    def __init__(self, gateway, *providers, jar_of=None):
        super().__init__(gateway)
        self.providers = {urlsplit(each.origin).netloc: each for each in providers}
        if jar_of:  # another tab of the same browser
            self.jar, self.same_site = jar_of.jar, jar_of.same_site
        self.sent_request = None  # the form of the last request by POST
        self.lock = jar_of.lock if jar_of else threading.Lock()

    def tab(self):
        return Visitor(self.gateway, *self.providers.values(), jar_of=self)

    def reach(self, parts):
        provider = self.providers.get(parts.netloc)
        if not provider:
            return super().reach(parts)
        context = wire.client_context(provider.ca) if parts.scheme == "https" else None
        return wire.Wire(parts.port, parts.hostname, context, 30)

    def headers(self, where, *more):
        origin = next((value for name, value in more if name == "Origin"), None)
        with self.lock:
            box = dict(self.jar.get(where, {}))
        if origin and urlsplit(origin).netloc in self.providers and not self._is_at_provider(where):
            box = {name: value for name, value in box.items() if self.same_site.get((where, name)) == "none"}
        cookies = "; ".join(f"{name}={value}" for name, value in box.items())
        return ([("Cookie", cookies)] if cookies else []) + list(more)

    def _is_at_provider(self, where):
        return any(urlsplit(each.origin).hostname == where for each in self.providers.values())

    def _keep(self, where, response):
        with self.lock:
            super()._keep(where, response)

    def follow(self, response, headers):
        """Redirects, and the gateway's page that leads on by itself: what comes of a provider's POST is another site's doing."""
        for _ in range(3):
            response = super().follow(response, headers)
            found = REFRESH.search(response.text)
            if not found or urlsplit(self.url).netloc in self.providers:
                break
            target = urljoin(self.url, unescape(found[1]))
            self.check_inside(target)
            response = self.once("GET", target, [("Accept", HTML)])
        return response

    def check_inside(self, target):
        if urlsplit(target).netloc not in self.providers:
            super().check_inside(target)

    def is_at(self, provider):
        return urlsplit(self.url).netloc == urlsplit(provider.origin).netloc

    def forget(self, provider):
        """Is nobody at the provider any more."""
        self.jar.pop(urlsplit(provider.origin).hostname, None)

    # --- the steps of a sign-in

    def choices(self):
        """The providers that the sign-in page offers: {label: where its link leads}."""
        links = re.findall(r'<a\b[^>]*href="(/\.sallyport/(?:saml|oidc)/[^"]+)"[^>]*>(.*?)</a>', self.page.text, re.DOTALL)
        return {re.sub(r"<[^>]+>|\s+", " ", text).strip(): unescape(target) for target, text in links}

    def choose(self, name="corp"):
        """From the gate's sign-in page to the provider's."""
        link = next((target for target in self.choices().values() if f"/saml/{name}/login" in target), None)
        if not link:
            raise Failed(f"no way to {name} on {self.url} ({self.page.status}): {self.choices()} {self.page.text[:300]!r}")
        return self.go(urljoin(self.url, link))

    def go(self, url):
        """A page load, at a provider or at the gateway; the form of a request by POST is sent, as a script does there."""
        page = self.follow(self.once("GET", url, [("Accept", HTML)]), [("Accept", HTML)])
        form = self._form_with("SAMLRequest")
        if not form or self._asks():
            return page
        self.sent_request = form
        return self.submit(form, {}, ("Origin", urljoin(self.url, "/").rstrip("/")), ("Sec-Fetch-Site", "cross-site"))

    def begin(self, where=LINE1, target="/", name="corp"):
        """From a page of the gateway, wanted by nobody yet, to the provider's first page."""
        self.open(where, target)
        return self.choose(name)

    def _form_with(self, field):
        return next((form for form in Forms(self.page.text).forms if field in form["fields"]), None)

    def _asks(self):
        return any("password" in form["types"].values() for form in Forms(self.page.text).forms)

    def answer(self, user="alice", password=PASSWORD):
        """Signs in at the provider if it asks, up to its answer to the gateway, which is not sent yet."""
        for _ in range(4):
            if form := self._form_with("SAMLResponse"):
                return Answer(form, urljoin(self.url, "/").rstrip("/"))
            if not self._asks():
                break
            self.submit(self.form(), {"username": user, "password": password}, ("Origin", urljoin(self.url, "/").rstrip("/")))
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", self.page.text))
        raise Failed(f"no answer of the provider at {self.url} ({self.page.status}): {text[:600]!r}")

    def deliver(self, answer, *headers, follow=True, **changed):
        """Sends an answer, as the provider's page does. changed: fields of the form."""
        return self.submit(answer.form, changed, ("Origin", answer.origin), ("Sec-Fetch-Site", "cross-site"),
                           ("Sec-Fetch-Mode", "navigate"), *headers, follow=follow)

    def sign_in_at(self, where=LINE1, target="/", user="alice", name="corp"):
        """All of it: a page is wanted, and shown in the end."""
        self.begin(where, target, name)
        return self.deliver(self.answer(user))

    def is_signed_in(self, where=GATE):
        target = "/api/v1/me" if where == GATE else "/"
        return self.gateway.ask(where, target=target, headers=self.headers(where)).status == 200


def signed_in(gateway, provider, user="alice", where=LINE1, name="corp"):
    """A visitor with a session of that provider at `where`."""
    visitor = Visitor(gateway, provider)
    page = visitor.sign_in_at(where, "/", user, name)
    equal((page.status, visitor.url), (200, visitor.at(where)), f"where {user} lands ({page.text[:300]!r} {visitor.history[-4:]})")
    return visitor


def reference_of(page):
    found = REFERENCE.search(re.sub(r"<[^>]+>", "", page.text))
    expect(found, f"no reference number: {page.text[:800]!r}")
    return found[1]


def refused(visitor, check=None, reason=None, status=403, name="corp"):
    """The page shown is a refusal, its reference leads to the attempt in the flight recorder, and there is no session of it.

    check: the one that failed; reason: how the attempt is summed up."""
    page = visitor.page
    equal(page.status, status, f"status of the refusal ({page.text[:300]!r})")
    reference = reference_of(page)
    expect(not any(cookie.startswith("__Host-sallyport=") for cookie in page.all("set-cookie")), "a session of a refusal")

    def recorded():
        return next((each for each in attempts(visitor.gateway, name) if each["reference"] == reference), None)

    attempt = until(recorded, f"the attempt {reference} in the flight recorder")
    told = json.dumps(attempt)
    equal(attempt["outcome"], "refused", f"its outcome ({told})")
    failed = [each["name"] for each in attempt["checks"] if not each["passed"]]
    if check:
        equal(failed[-1:], [check], f"the check that failed ({told[:2000]})")
    if reason:
        contains(attempt["reason"], reason, "the reason")
    for secret in (PASSWORD, "sp-plant-owner"):
        absent(told, secret, "the attempt")
    return attempt
