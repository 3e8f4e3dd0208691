"""What ends what: every stream kind and every trigger, as tables. docs/REVOCATION.md says the same to people, and is compared
with these; the tests walk the product of the two, so that a line that is added here is tested with all of the other side."""
import json
import time
from dataclasses import dataclass
from datetime import datetime

from authenticator import STEP, code, log_in, show
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
    """How somebody shows who they are; token: its text, or else a browser that is signed in, by a recovery code if need be."""

    def __init__(self, gateway, user, token=None, source=None, recovery=None):
        self.gateway, self.user, self.token, self.browser = gateway, user, token, None
        if token is not None:
            return
        self.browser = Browser(gateway, source=source)
        if recovery is None:
            self.browser.sign_in(user)
        else:
            log_in(gateway, user, self.browser)
            equal(show(self.browser, recovery).json()["next"], "done", "after the recovery code")

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
    before: object = None  # what there must be first, before the victims sign in
    undo: object = None
    ends: str = "all"    # or "lasting": the right goes on, but not what would go elsewhere or as somebody else now
    spared: object = None  # (World) -> proofs of the same person that it is not about
    next: int = 0          # to the next request; 0: the same
    others: int = 200      # to the next request of somebody else on the same connection


def own(world, browser, method, target, body=None):
    """A request of a script of the gate's own pages, which is done."""
    response = browser.once(method, browser.at(GATE, target), [
        ("X-Sallyport-Request", "1"), ("Origin", f"https://{GATE}:{world.gateway.port}"), ("Content-Type", "application/json")],
        json.dumps(body or {}).encode() if method == "POST" else None)
    equal(response.status // 100, 2, f"{method} {target}: {response.status} {response.text[:200]}")
    return response


def sign_out(world):
    own(world, world.victim_session.browser, "POST", "/.sallyport/logout")


def sign_in_anew(world):
    world.victim_session.browser.sign_in(world.user)


def sign_out_everywhere(world):
    own(world, world.other_session().browser, "POST", "/api/v1/me/sessions/end-others")


def end_own(world):
    current = own(world, world.victim_session.browser, "GET", "/api/v1/me").json()["session"]
    own(world, world.other_session().browser, "DELETE", f"/api/v1/me/sessions/{current}")


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


def token_of_victim(world):
    """The last that was made; a rotation makes another one of the same name."""
    return max((each for each in world.gateway.listing("token", "list", "--user", world.user) if each["name"] == "victim"),
               key=lambda each: each["created"])


def token_expires(world):
    return at_its_end(stamp(token_of_victim(world)["expires"]))


def token_rotated(world):
    old = token_of_victim(world)["id"]
    world.gateway.must("token", "rotate", "--id", old, "--overlap", "1s")
    listed = world.gateway.listing("token", "list", "--user", world.user)
    return at_its_end(stamp(next(each["expires"] for each in listed if each["id"] == old)))


def own_token(method, tail="", body=None):
    def act(world):
        own(world, world.other_session().browser, method, f"/api/v1/me/tokens/{token_of_victim(world)['id']}{tail}", body)
    return act


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


ANOTHER = "another-lantern-orbit-37"


def passwd(password, *flags):
    def act(world):
        world.gateway.must("user", "passwd", world.user, "--password-stdin", *flags, stdin=password + "\n")
    return act


def own_password(world):
    own(world, world.other_session().browser, "POST", "/api/v1/me/password", {"current": PASSWORD, "new": ANOTHER})


def reset_link(world):
    link = world.gateway.must("user", "reset-link", world.user).strip()
    browser = Browser(world.gateway)
    browser.once("GET", link, [("Accept", "text/html")])
    equal(browser.submit(browser.form(), {"new": ANOTHER, "again": ANOTHER}, ("Origin", browser.at(GATE, "")), follow=False).status,
          200, "the new password by a link")


def person(**patch):
    def act(world):
        world.gateway.apply({"kind": "user", "name": world.user, "email": "eve@example.test"} | patch)
    return act


def enrol(browser, world):
    begun = own(world, browser, "POST", "/api/v1/me/totp").json()
    done = own(world, browser, "POST", f"/api/v1/me/totp/{begun['id']}/confirm", {"code": code(begun["secret"], int(time.time()) // STEP)})
    world.app, world.recovery = begun["id"], done.json()["recovery_codes"]


def enrolled(world):
    enrol(Proof(world.gateway, world.user).browser, world)


def factor_removed(world):
    own(world, world.other_session().browser, "DELETE", f"/api/v1/me/totp/{world.app}")


def mfa_reset(world):
    world.gateway.must("user", "mfa-reset", world.user)
    world.recovery = []


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
    "sign-in anew in the same browser": Trigger("the session is over", 401, sign_in_anew, proof="session",
                                                spared=lambda world: [world.other_session()]),
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
    "password changed by its owner": Trigger("the session is over", 401, own_password, proof="session", undo=passwd(PASSWORD),
                                             spared=lambda world: [world.other_session(), world.other_token()]),
    "password set by an admin": Trigger("the session is over", 401, passwd(ANOTHER), proof="session", undo=passwd(PASSWORD),
                                        spared=lambda world: [world.other_token()]),
    "password set by an admin's link": Trigger("the session is over", 401, reset_link, proof="session", undo=passwd(PASSWORD),
                                               spared=lambda world: [world.other_token()]),
    "second factor added": Trigger(
        "the session is over", 401, lambda world: enrol(world.other_session().browser, world), proof="session", undo=mfa_reset,
        spared=lambda world: [world.other_token()]),
    "second factor removed": Trigger(
        "the session is over", 401, factor_removed, proof="session", before=enrolled, undo=mfa_reset,
        spared=lambda world: [world.other_session(), world.other_token()]),
    "new recovery codes": Trigger(
        "the session is over", 401, lambda world: own(world, world.other_session().browser, "POST", "/api/v1/me/recovery-codes"),
        proof="session", before=enrolled, undo=mfa_reset, spared=lambda world: [world.other_session(), world.other_token()]),
    "second factors reset by an admin": Trigger("the session is over", 401, mfa_reset, proof="session", before=enrolled,
                                                spared=lambda world: [world.other_token()]),
    "token revoked": Trigger("the token is over", 401, revoke, proof="token",
                             spared=lambda world: [world.other_token(), world.other_session()]),
    "token revoked by its owner": Trigger("the token is over", 401, own_token("DELETE"), proof="token",
                                          spared=lambda world: [world.other_token(), world.other_session()]),
    "token expired": Trigger("the token is over", 401, token_expires, proof="token:short",
                             spared=lambda world: [world.other_token()]),
    "token rotated, and the overlap over": Trigger("the token is over", 401, token_rotated, proof="token",
                                                   spared=lambda world: [world.other_token()]),
    "token rotated by its owner without overlap": Trigger(
        "the token is over", 401, own_token("POST", "/rotate", {"overlap": "0s"}), proof="token",
        spared=lambda world: [world.other_token(), world.other_session()]),
    # --- who one is
    "suspension": Trigger("suspended", 403, lambda world: world.gateway.must("user", "suspend", world.user), proof="token",
                          undo=lambda world: world.gateway.must("user", "resume", world.user)),
    "suspension of who is signed in": Trigger(
        "the session is over", 401, lambda world: world.gateway.must("user", "suspend", world.user), proof="session",
        undo=lambda world: world.gateway.must("user", "resume", world.user)),
    "new password demanded": Trigger("the password must be changed", 403, person(change_password=True),
                                     undo=person(change_password=False)),
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
