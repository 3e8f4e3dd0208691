"""What an attack is: bytes for the gateway, what it may answer, and what of them may arrive at the upstream.

Behind nearly every attack stands a second request, GET /smuggled-NAME. It may arrive as a request of its own, if the first
was one, and never as a part of it.
"""
import re
from dataclasses import dataclass, field

CRLF = "\r\n"


@dataclass
class Wanted:
    """The one request that may arrive. fields: name -> its values, [] for: not there."""
    target: str
    method: str = "GET"
    body: bytes = b""
    fields: dict = field(default_factory=dict)
    trailers: list = field(default_factory=list)

    def fault(self, seen):
        got = (seen.method, seen.target, seen.body, seen.trailers)
        wanted = (self.method, self.target, self.body, self.trailers)
        if got != wanted:
            return f"{str(got)[:300]} arrived, not {str(wanted)[:300]}"
        for name, values in self.fields.items():
            if seen.all(name) != values:
                return f"{name}: {seen.all(name)} arrived, not {values}"
        return None


@dataclass
class Attack:
    name: str
    data: bytes
    refusals: tuple = ()     # statuses of the gateway's own answer, with which nothing arrives
    wanted: Wanted = None    # what may arrive, answered 200 by the upstream
    method: str = "GET"      # of the request as the gateway reads it (HEAD is answered without a body)
    behind: Wanted = None    # the request behind it
    lives: bool = False      # the connection may live on after a refusal: it was of a well-framed request
    partial: bool = False    # a beginning without an end may arrive (the fault is in the body)
    waits: bool = False      # no answer is due: the request is not whole
    then: tuple = ()         # after what passed: statuses of a refusal of what stands behind it
    closes: bool = False     # the connection ends after the first answer


class Maker:
    """Builds attacks for one host. Each has a target of its own, /NAME with dashes. keeps_host: the upstream is sent the
    client's Host as it came."""

    def __init__(self, authority, token, keeps_host):
        self.authority, self.token, self.keeps_host = authority, token, keeps_host
        self.host, self.auth = f"Host: {authority}", f"Authorization: Bearer {token}"
        self.base = self.host + CRLF + self.auth

    @staticmethod
    def slug(name):
        return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")

    def behind(self, name):
        return f"GET /smuggled-{self.slug(name)} HTTP/1.1{CRLF}{self.base}{CRLF}Connection: close{CRLF}{CRLF}"

    def raw(self, name, text, refusals=(400,), behind=True, **more):
        """Exactly these characters (latin-1)."""
        wanted = Wanted(f"/smuggled-{self.slug(name)}") if behind else None
        data = text + (self.behind(name) if behind else "")
        return Attack(name, data.encode("latin-1"), refusals, behind=wanted, **more)

    def send(self, name, *lines, start=None, fields=None, body="", method="GET", refusals=(400,), passes=None, **more):
        """A head with `lines` after Host and token. passes: keywords of Wanted, for what may arrive; no refusals then unless
        given too."""
        target = f"/{self.slug(name)}"
        start = start or f"{method} {target} HTTP/1.1"
        head = CRLF.join([start, self.base if fields is None else fields, *lines]) + CRLF + CRLF
        wanted = None
        if passes is not None:
            wanted = Wanted(**({"target": target, "method": method} | passes))
        return self.raw(name, head + body, refusals if passes is None or refusals != (400,) else (), wanted=wanted,
                        method=method, **more)

    def post(self, name, *lines, body="", **more):
        return self.send(name, *lines, body=body, method="POST", **more)

    def chunked(self, name, body, *lines, **more):
        return self.post(name, "Transfer-Encoding: chunked", *lines, body=body, **({"partial": True} | more))
