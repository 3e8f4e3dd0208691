"""A person's browser, small: one cookie jar with the rules of real ones, redirects across hosts, forms with hidden fields."""
import json
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

from gateway import GATE
from registry import Failed, equal
from wire import request_bytes

HTML = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"
PASSWORD = "lantern-orbit-velvet-73"


class Forms(HTMLParser):
    """The forms of a page: [{action, method, fields: {name: value}, types: {name: type}}]."""

    def __init__(self, text):
        super().__init__()
        self.forms, self.scripts, self.inline_styles = [], 0, 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "form":
            self.forms.append({"action": found.get("action") or "", "method": (found.get("method") or "get").upper(),
                               "fields": {}, "types": {}})
        elif tag == "script":
            self.scripts += 1
        elif tag in ("input", "button", "textarea") and self.forms and found.get("name"):
            self.forms[-1]["fields"][found["name"]] = found.get("value") or ""
            self.forms[-1]["types"][found["name"]] = (found.get("type") or "text").lower()
        if "style" in found:
            self.inline_styles += 1


class Browser:
    def __init__(self, gateway, source=None):
        self.gateway, self.source = gateway, source
        self.domains = (".localhost",)  # where redirects may lead
        self.jar = {}  # host -> {name: value}
        self.same_site = {}  # (host, name) -> what its SameSite says, in small letters
        self.url, self.page = None, None
        self.history = []  # (method, url, status) of every answer

    def cookie(self, host):
        """The Cookie field value for a host, or ''."""
        return "; ".join(f"{name}={value}" for name, value in self.jar.get(host, {}).items())

    def headers(self, host, *more):
        return ([("Cookie", self.cookie(host))] if self.jar.get(host) else []) + list(more)

    def _keep(self, host, response):
        for line in response.all("set-cookie"):
            parts = [part.strip() for part in line.split(";")]
            name, _, value = parts[0].partition("=")
            attributes = {part.partition("=")[0].lower(): part.partition("=")[2] for part in parts[1:]}
            if name.startswith("__Host-") and not ("secure" in attributes and attributes.get("path") == "/"
                                                   and "domain" not in attributes):
                continue  # as browsers do (RFC 6265bis)
            gone = attributes.get("max-age", "1").lstrip("-") == "0" or attributes.get("max-age", "").startswith("-") \
                or "1970" in attributes.get("expires", "")
            box = self.jar.setdefault(host, {})
            box.pop(name, None)
            self.same_site[host, name] = attributes.get("samesite", "").lower()
            if not gone:
                box[name] = value

    def reach(self, parts):
        """A connection to whoever serves that URL."""
        return self.gateway.wire(parts.hostname, source=self.source)

    def once(self, method, url, headers=(), body=None):
        """One request with this jar's cookies; the answer's cookies are kept; no redirect is followed."""
        parts = urlsplit(url)
        host = parts.hostname
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        with self.reach(parts) as connection:
            connection.send(request_bytes(method, target, parts.netloc, self.headers(host, *headers), body))
            response = connection.response(method)
        self._keep(host, response)
        self.history.append((method, url, response.status))
        self.url, self.page = url, response
        return response

    def follow(self, response, headers):
        for _ in range(12):
            if response.status not in (301, 302, 303, 307, 308):
                return response
            target = urljoin(self.url, response.get("location"))
            self.check_inside(target)
            response = self.once("GET", target, headers)
        raise Failed(f"redirects without end: {[entry[1] for entry in self.history[-12:]]}")

    def check_inside(self, target):
        """Every redirect of the gateway stays on its own hosts and port."""
        parts = urlsplit(target)
        if parts.scheme != "https" or parts.port != self.gateway.port or not (parts.hostname or "").endswith(self.domains):
            raise Failed(f"redirected out of the installation, to {target!r}")

    def at(self, host, target="/"):
        return f"https://{host}:{self.gateway.port}{target}"

    def open(self, host, target="/", *headers):
        """A page load: GET with Accept: text/html, redirects followed."""
        wanted = [("Accept", HTML), *headers]
        return self.follow(self.once("GET", self.at(host, target), wanted), wanted)

    def form(self):
        """The page's form with a password field."""
        for form in Forms(self.page.text).forms:
            if "password" in form["types"].values():
                return form
        raise Failed(f"no form with a password field on {self.url} ({self.page.status}): {self.page.text[:300]!r}")

    def submit(self, form, values, *headers, follow=True):
        fields = {**form["fields"], **values}
        action = urljoin(self.url, form["action"])
        self.check_inside(action)
        response = self.once(form["method"], action, [("Accept", HTML), ("Content-Type", "application/x-www-form-urlencoded"),
                                                      *headers], urlencode(fields).encode())
        return self.follow(response, [("Accept", HTML)]) if follow else response

    def fill_in(self, user, password=PASSWORD, *headers, follow=True):
        """Fills in the sign-in form of the page that is shown and sends it, hidden fields and all."""
        return self.submit(self.form(), {"user": user, "password": password}, *headers, follow=follow)

    def sign_in(self, user, password=PASSWORD):
        """By JSON, as a program does."""
        body = json.dumps({"user": user, "password": password}).encode()
        response = self.once("POST", self.at(GATE, "/.sallyport/login"),
                             [("Content-Type", "application/json"), ("X-Sallyport-Request", "1")], body)
        equal(response.status, 200, f"status of a JSON sign-in of {user} ({response.text[:200]})")
        equal(response.json().get("next"), "done", "next of a JSON sign-in")
        return response

    def enter(self, host, target="/"):
        """Signed in at the gate already: reaches another host by page load. Leaves the host's own cookie in the jar."""
        page = self.open(host, target)
        if not any(name == "__Host-sallyport" for name in self.jar.get(host, {})):
            raise Failed(f"no session cookie on {host} after the hand-over: {self.history}")
        return page
