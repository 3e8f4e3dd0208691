"""Judges attacks by what arrived at a recording upstream, what the client got, and whether the next client is served."""
import base64
import json
import re

import strict_http1
import wire
from recording_upstream import RecordingUpstream
from registry import equal, expect
from world import datasource, host, world

from attacks.case import Maker, Wanted

NEVER = ("connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade", "proxy-authorization",
         "proxy-authenticate", "proxy", "http2-settings", "expect")
OURS = {"x-sallyport-user": ["ann"], "x-sallyport-email": ["ann@example.test"], "x-sallyport-roles": ["owner"],
        "x-forwarded-for": ["127.0.0.1"], "x-forwarded-proto": ["https"], "x-real-ip": []}
FOLDED = re.compile(r"[^0-9a-z]")


class Ground:
    """One gateway before one recording upstream, for many attacks in a row."""

    def __init__(self, t, make=datasource, keeps_host=False, **config):
        self.upstream = RecordingUpstream()
        t.defer(self.upstream.close)
        self.gateway = world(t, make("crm", self.upstream.url), **config)
        self.crm = host("crm")
        self.token = self.gateway.token("ann")
        self.maker = Maker(f"{self.crm}:{self.gateway.port}", self.token, keeps_host)
        self.context = wire.client_context(self.gateway.dir / "tls/ca.pem")
        self.host_sent = self.maker.authority if keeps_host else f"127.0.0.1:{self.upstream.port}"
        self.ids, self.partial = set(), set()
        self.honest(0)

    def connect(self, seconds=8):
        return self.gateway.wire(self.crm, context=self.context, seconds=seconds)

    def honest(self, number, late=()):
        """What is wrong with the service of the next client, or None. late: targets of requests that may still come."""
        before = len(self.upstream.requests)
        with self.connect() as connection:
            connection.send(f"GET /honest-{number} HTTP/1.1\r\n{self.maker.base}\r\n\r\n")
            try:
                told = connection.response()
            except Exception as why:
                return f"the next client got no answer ({why})"
        seen = [each for each in self.upstream.requests[before:] if each.target not in late]
        if [each.target for each in seen] != [f"/honest-{number}"]:
            return f"with the next client arrived {seen}"
        if told.status != 200 or told.get("x-answer") != f"{seen[0].connection}.{seen[0].number}":
            return f"the next client got {told}"
        return self.not_ours(seen[0], Wanted(f"/honest-{number}"))

    @staticmethod
    def claims(assertion):
        """(sub, aud) of a JWT; its signature is the business of test_jwt.py."""
        try:
            claims = json.loads(base64.urlsafe_b64decode(assertion.split(".")[1] + "=="))
            return claims["sub"], claims["aud"]
        except (ValueError, LookupError):
            return None

    def not_ours(self, seen, wanted, credential=True):
        """What is wrong with a request that arrived, whatever was sent: all of it was written by the gateway. credential:
        the client's own must not be there, either."""
        named = {}
        for name, value in seen.fields + seen.trailers:
            named.setdefault(FOLDED.sub("-", name.lower()), []).append(value)
        assertion = named.pop("x-sallyport-jwt-assertion", [])
        if len(assertion) != 1 or self.claims(assertion[0]) != ("ann", self.crm):
            return f"the assertion {assertion} arrived"
        raw = seen.head.lower().replace(assertion[0].lower().encode(), b"")  # that one may say anything, by chance
        if credential and (b"spt_" in raw or b"__host-sallyport" in raw):
            return f"the client's own credential arrived: {seen.head!r}"
        for name, values in {**OURS, "host": [self.host_sent], **wanted.fields}.items():
            if named.get(name.lower(), []) != values:
                return f"{name}: {named.get(name.lower(), [])} arrived, not {values}"
        for name in named:
            if name in NEVER and name not in {each.lower() for each in wanted.fields}:
                return f"{name} arrived"
            if name.startswith("x-sallyport") and name not in OURS:
                return f"{name} arrived"
            if name.startswith("x-forwarded") and name not in (*OURS, "x-forwarded-host"):
                return f"{name} arrived"
        once = [named.get(name, []) for name in ("x-request-id", "forwarded", "x-forwarded-host")]
        if [len(values) for values in once] != [1, 1, 1] or once[0][0] in self.ids:
            return f"X-Request-Id, Forwarded, X-Forwarded-Host: {once}"
        self.ids.add(once[0][0])
        if "for=127.0.0.1;" not in once[1][0] or self.crm not in once[2][0].lower():
            return f"X-Request-Id, Forwarded, X-Forwarded-Host: {once}"
        return None

    def arrived(self, before, may, late=None):
        """What is wrong with what reached the upstream since `before`; may: what has to, as Wanted; late: what may, once."""
        seen = self.upstream.requests[before:]
        targets = [each.target for each in seen]
        if late and late.target in targets:
            may = may[:targets.index(late.target)] + [late] + may[targets.index(late.target):]
        if len(seen) != len(may):
            return f"{len(seen)} requests arrived, {len(may)} were answered: {seen}"
        for request, wanted in zip(seen, may):
            if fault := wanted.fault(request) or self.not_ours(request, wanted):
                return fault
        return None

    def answers(self, attack, connection):
        """(fault or None, the Wanted that the upstream is to have seen)."""
        methods = [attack.method] + (["GET"] if attack.behind else [])
        found, interim, rest = strict_http1.read_responses(connection.rest(), methods)
        statuses = [each.status for each in found]
        fault = f"answers {statuses}"
        if rest or any(each.status != 100 for each in interim):
            return f"{fault} and then {rest[:100]!r}", []
        if not found:
            return (None if None in attack.refusals else "closed without an answer"), []
        passed = bool(attack.wanted and found[0].status == 200 and found[0].get("x-answer"))
        if not passed and found[0].status not in attack.refusals:
            return fault, []
        seen = [attack.wanted] if passed else []
        if attack.closes or not attack.behind:
            return (fault if statuses[1:] else None), seen
        if statuses[1:] == [200] and (passed or attack.lives):
            return None, seen + [attack.behind]
        if passed:
            return (None if statuses[1:] and statuses[1] in attack.then else fault), seen
        return (fault if statuses[1:] else None), seen

    def judge(self, number, attack):
        """What is wrong with the gateway's treatment of one attack, or None."""
        before, may, fault = len(self.upstream.requests), [], None
        if attack.partial or attack.waits:
            self.partial.add(f"/{Maker.slug(attack.name)}")
        with self.connect() as connection:
            try:
                connection.send(attack.data)
            except OSError:
                pass  # it may refuse and close while we send
            if not attack.waits:
                try:
                    fault, may = self.answers(attack, connection)
                except Exception as why:
                    fault = str(why)
            fault = fault or self.arrived(before, may) or self.honest(number)
        return fault and f"{attack.name}: {fault}"

    def left_over(self):
        """What is wrong with the bytes that arrived and are no whole request."""
        for connection in self.upstream.connections:
            rest = connection.rest()
            if not rest or connection.dispute:
                continue
            head = strict_http1.read_request_head(rest)
            if not head or head[0].target.partition("?")[0] not in self.partial:
                yield f"a beginning arrived: {rest[:200]!r}"
        for number, why in self.upstream.disputes:
            yield f"a strict reader disputes connection {number}: {why}: {bytes(self.upstream.connections[number].raw[-300:])!r}"


def survive(ground, attacks, least):
    """Every attack judged, all faults told at once."""
    attacks = list(attacks)
    expect(len(attacks) >= least, f"only {len(attacks)} attacks")
    equal(len({attack.name for attack in attacks}), len(attacks), "names of attacks")
    wrong = [fault for number, attack in enumerate(attacks, 1) if (fault := ground.judge(number, attack))]
    equal(wrong + list(ground.left_over()), [], f"faults in {len(attacks)} attacks")
    expect(ground.gateway.process.poll() is None, "the gateway is gone")
