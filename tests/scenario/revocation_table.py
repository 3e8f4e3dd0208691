"""What ends what: every stream kind and every trigger, as tables. docs/REVOCATION.md says the same to people, and is compared
with these; the tests walk the product of the two, so that a line that is added here is tested with all of the other side."""
import time
from dataclasses import dataclass
from datetime import datetime

from gateway import GATE
from registry import equal
from wait import until
from web_client import PASSWORD, Browser

# --- stream kinds

@dataclass(frozen=True)
class Kind:
    what: str             # for stream_crowd: the version of HTTP, and what is done
    path: str
    ends: tuple           # how the client sees the end; {answer}: 401 or 403, as the trigger says
    lasting: bool = False  # it ends, too, when it would go elsewhere or as somebody else now
    idle: bool = False     # nothing runs on it: it stays, and its next request is decided anew
    upstream: str = "1"    # the version of HTTP that the upstream is spoken to in

    @property
    def version(self):
        return int(self.what[0])

    @property
    def pushes(self):
        return self.what[1:] in ("get", "ws", "grpc")


KINDS = {
    "request in flight, HTTP/1.1": Kind("1flight", "/hold", ("status:{answer}",)),
    "request in flight, HTTP/2": Kind("2flight", "/hold", ("status:{answer}",)),
    "upload, HTTP/1.1": Kind("1upload", "/upload", ("status:{answer}",)),
    "upload, HTTP/2": Kind("2upload", "/upload", ("status:{answer}",)),
    "download, HTTP/1.1": Kind("1get", "/download", ("rst",)),
    "download, HTTP/2": Kind("2get", "/download", ("rst:2",)),
    "server-sent events, HTTP/1.1": Kind("1get", "/sse", ("rst",), lasting=True),
    "server-sent events, HTTP/2": Kind("2get", "/sse", ("rst:2",), lasting=True),
    "WebSocket, HTTP/1.1": Kind("1ws", "/ws", ("close:1008",), lasting=True),
    "WebSocket, HTTP/2": Kind("2ws", "/ws", ("close:1008",), lasting=True),
    "gRPC stream": Kind("2grpc", "/grpc", ("rst:2",), lasting=True, upstream="2"),
    "idle connection, HTTP/1.1": Kind("1idle", "/any", (), idle=True),
    "idle connection, HTTP/2": Kind("2idle", "/any", (), idle=True),
}


# --- triggers

class Proof:
    """How somebody shows who they are; token: its text, or else a browser that is signed in."""

    def __init__(self, gateway, user, token=None, source=None):
        self.gateway, self.user, self.token, self.browser = gateway, user, token, None
        if token is None:
            self.browser = Browser(gateway, source=source)
            self.browser.sign_in(user)

    def fields(self, where):
        if self.token:
            return [f"Authorization: Bearer {self.token}"]
        if where not in self.browser.jar:
            self.browser.enter(where)
        return [f"Cookie: {self.browser.cookie(where)}", f"Origin: https://{where}:{self.gateway.port}"]


@dataclass(frozen=True)
class Trigger:
    reason: str          # in the audit entry of what it ended
    answer: int          # to what has no answer yet
    act: object          # (World) -> None or the time at which the right ends; returns once that is acknowledged
    proof: str = "both"  # session, token or both: what it is about
    where: str = "crm"   # the victims' resource
    undo: object = None
    ends: str = "all"    # or "lasting": the right goes on, but not what would go elsewhere or as somebody else now
    spared: object = None  # (World) -> proofs of the same person that it is not about
    next: int = 0          # to the next request; 0: the same
    others: int = 200      # to the next request of somebody else on the same connection


def own(world, browser, method, target):
    return browser.once(method, browser.at(GATE, target), [
        ("X-Sallyport-Request", "1"), ("Origin", f"https://{GATE}:{world.gateway.port}"), ("Content-Type", "application/json")],
        b"{}" if method == "POST" else None)


def sign_out(world):
    equal(own(world, world.victim_session.browser, "POST", "/.sallyport/logout").status, 200, "sign-out")


def sign_out_everywhere(world):
    equal(own(world, world.other_session().browser, "POST", "/api/v1/me/sessions/end-others").status // 100, 2, "end-others")


def end_own(world):
    current = own(world, world.victim_session.browser, "GET", "/api/v1/me").json()["session"]
    equal(own(world, world.other_session().browser, "DELETE", f"/api/v1/me/sessions/{current}").status, 204, "the end of one's own")


def admin_ends(world):
    current = own(world, world.victim_session.browser, "GET", "/api/v1/me").json()["session"]
    world.gateway.must("session", "end", "--id", current)


def stamp(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def at_its_end(since):
    """Waits for a moment that is known beforehand."""
    until(lambda: time.time() > since, "the time to be over", 20)
    return since


def absolute_end(world):
    return at_its_end(min(stamp(each["ends"]) for each in world.gateway.listing("session", "list", "--user", world.user)))


def token_expires(world):
    victims = [each for each in world.gateway.listing("token", "list", "--user", world.user) if each["name"] == "victim"]
    return at_its_end(stamp(max(victims, key=lambda each: each["created"])["expires"]))


def revoke(world):
    world.gateway.must("token", "revoke", "--user", world.user, "--name", "victim")


def apply(**patches):
    """The resource, with changes; and as it was."""
    def act(world):
        world.gateway.apply(*world.documents("crm", **{name: value(world) if callable(value) else value
                                                       for name, value in patches.items()}))
    return act


def restore(world):
    world.gateway.apply(*world.standing())


def team(**patch):
    def act(world):
        world.gateway.apply(world.team(**patch))
    return act


def platform(**patch):
    def act(world):
        world.gateway.apply({"kind": "platform", "name": "platform"} | patch)
    return act


def passwd(password):
    def act(world):
        world.gateway.must("user", "passwd", world.user, "--password-stdin", stdin=password + "\n")
    return act


def line(**patch):
    def act(world):
        world.gateway.apply(*world.documents("line", **patch))
    return act


def gone(world):
    for name in ("gone", "goneg"):
        world.gateway.must("delete", "instance", name)


ELSEWHERE = ["127.0.0.2/32", "192.0.2.0/24"]  # not the victims' address, which is 127.0.0.1
OTHERS = [{"roles": ["owner"]}]

TRIGGERS = {
    # --- what one is signed in by
    "sign-out": Trigger("the session is over", 401, sign_out, proof="session", spared=lambda world: [world.other_session()]),
    "sign-out everywhere else": Trigger("the session is over", 401, sign_out_everywhere, proof="session",
                                        spared=lambda world: [world.other_session()]),
    "own session ended": Trigger("the session is over", 401, end_own, proof="session",
                                 spared=lambda world: [world.other_session()]),
    "session ended by an admin": Trigger("the session is over", 401, admin_ends, proof="session",
                                         spared=lambda world: [world.other_session(), world.other_token()]),
    "all sessions ended by an admin": Trigger(
        "the session is over", 401, lambda world: world.gateway.must("session", "end", "--user", world.user), proof="session",
        spared=lambda world: [world.other_token()]),
    "session's absolute end": Trigger("the session is over", 401, absolute_end, proof="session:absolute"),
    "session idle": Trigger("the session is over", 401, lambda world: at_its_end(world.opened + world.short), proof="session:idle"),
    "password change": Trigger("the session is over", 401, passwd("another-lantern-orbit-37"), proof="session",
                               undo=passwd(PASSWORD), spared=lambda world: [world.other_token()]),
    "token revoked": Trigger("the token is over", 401, revoke, proof="token",
                             spared=lambda world: [world.other_token(), world.other_session()]),
    "token expired": Trigger("the token is over", 401, token_expires, proof="token:short",
                             spared=lambda world: [world.other_token()]),
    # --- who one is
    "suspension": Trigger("suspended", 403, lambda world: world.gateway.must("user", "suspend", world.user), proof="token",
                          undo=lambda world: world.gateway.must("user", "resume", world.user)),
    "suspension of who is signed in": Trigger(
        "the session is over", 401, lambda world: world.gateway.must("user", "suspend", world.user), proof="session",
        undo=lambda world: world.gateway.must("user", "resume", world.user)),
    "membership taken": Trigger("no role", 403, team(members={"ann": "owner", "eve": "none"}), undo=restore),
    "role taken": Trigger("no rule allows", 403, team(members={"ann": "owner", "eve": "viewer"}), undo=restore),
    "role taken on the resource": Trigger("no role", 403, apply(roles={"eve": "none"}), undo=restore),
    "another role, which may as well": Trigger("would go elsewhere or as somebody else", 200,
                                               team(members={"ann": "owner", "eve": "owner"}), ends="lasting", undo=restore),
    "second factor demanded by the team": Trigger("second factor", 403, team(mfa="required"), proof="session", undo=restore,
                                                  next=401),
    # --- what one comes to
    "access rule changed": Trigger("no rule allows", 403, apply(access=OTHERS), undo=restore),
    "area closed": Trigger("area: role", 403, line(areas=[{"name": "all", "paths": ["/"], "roles": ["owner"]}]), where="line",
                           undo=restore),
    "resource deleted": Trigger("the resource is gone", 403, gone, where="gone", undo=restore, next=404),
    "resource sent elsewhere": Trigger("would go elsewhere or as somebody else", 200,
                                       lambda world: world.gateway.apply(*world.documents("moving", moved=True)), where="moving",
                                       ends="lasting", undo=restore),
    "credential rotated": Trigger("would go elsewhere or as somebody else", 200,
                                  apply(secrets={"full": "sk-full-1234567890", "read": "sk-rotated-1234567890"}), ends="lasting",
                                  undo=restore),
    # --- where one comes from
    "platform's addresses": Trigger("address", 403, platform(networks=ELSEWHERE), undo=platform(networks=[]),
                                    others=403),
    "team's addresses": Trigger("address", 403, team(networks=ELSEWHERE), undo=restore),
    "resource's addresses": Trigger("address", 403, apply(networks=ELSEWHERE), undo=restore),
    "rule's addresses": Trigger("no rule allows", 403, apply(access=OTHERS + [{"roles": ["member"], "networks": ELSEWHERE}]),
                                undo=restore),
}
