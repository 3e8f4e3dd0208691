"""The world of the Node-RED scenarios: a real Node-RED as `line1` of team plant, and what to ask of it."""
import itertools

import ports
from node_red_upstream import FULL, READ, NodeRed, missing
from registry import Failed, Skipped
from wait import until
from world import bearer, host, instance, world

LINE1 = host("line1")
_tokens = itertools.count()
# Whoever finds one of these in an answer has seen flows, an answer of the admin API, or the editor.
EDITOR_MARKS = (b"furnace-seven-flow", b"Node-RED is running", b"red/red.min.js", b'"httpNodeRoot"', b"flowEncryptionType",
                b"node-red/inject", b"access_token", b'"rev"')


def credentials(first_message=False):
    def inject(name):
        entry = {"headers": {"Authorization": "Bearer {{ secrets.%s }}" % name}}
        return entry | ({"first_message": '{"auth":"{{ secrets.%s }}"}' % name} if first_message else {})
    return [{"roles": ["owner", "member"], "inject": inject("full")}, {"roles": ["viewer"], "inject": inject("read")}]


def line1(red, first_message=False, **more):
    return instance("line1", red.url, type="node-red", secrets={"full": FULL, "read": READ},
                    credentials=credentials(first_message), **more)


def started(case, version=4, **options):
    """A Node-RED that runs its flows."""
    if why := missing(version):
        raise Skipped(why)
    red = NodeRed(case.dir / f"node-red-{version}", ports.take(), version, **options)
    case.defer(red.close)
    case.logs.append(red.log_path)
    until(red.is_ready, f"Node-RED {version} to run its flows", 90)
    return red


def standing(case, version=4, first_message=False, keys=None, **options):
    """(gateway, Node-RED): behind the node-red preset."""
    red = started(case, version, **options)
    return world(case, line1(red, first_message, **(keys or {}))), red


class Caller:
    """Somebody with a token of his own, who asks line1 and is told what Node-RED got of it."""

    def __init__(self, gateway, red, user):
        self.gateway, self.red, self.user = gateway, red, user
        self.headers = bearer(gateway.token(user, name=f"t{next(_tokens)}")) if user else []

    def ask(self, method, target, headers=(), body=None):
        """(response, [what Node-RED received])"""
        before = len(self.red.received())
        response = self.gateway.ask(LINE1, method, target, self.headers + list(headers), body)
        return response, self.red.received()[before:]

    def status(self, method, target, headers=(), body=None):
        return self.ask(method, target, headers, body)[0].status


def table(caller, rows):
    """rows: (method, target, wanted status or a set of them). What the gateway refuses never reaches Node-RED."""
    wrong = []
    for method, target, wanted in rows:
        body = b"{}" if method in ("POST", "PUT", "PATCH") else None
        response, arrived = caller.ask(method, target, [("Content-Type", "application/json")] if body else (), body)
        if response.status not in (wanted if isinstance(wanted, set) else {wanted}):
            wrong.append(f"{caller.user} {method} {target}: {response.status}, wanted {wanted}")
        if arrived and response.status in (302, 400, 401, 403):
            wrong.append(f"{caller.user} {method} {target}: {response.status}, and Node-RED got {arrived}")
    if wrong:
        raise Failed("\n  ".join(["answers:", *wrong]))
