"""What ends a right ends the WebSockets that live by it, at once, and no others (A5, G1)."""
import time

from registry import equal, expect, test
from wait import until
from websocket_client import WebSocket, own_origin
from websocket_crowd import Crowd
from websocket_frames import CLOSE
from world import bearer, datasource, host, instance, keyed, signed_in, upstream, world

NO_BYTE_AFTER, CLOSED_WITHIN = 0.25, 1.0  # seconds after whatever ended the right was acknowledged


def judge(name, group, since):
    """What is wrong with a group whose right ended at `since`."""
    late = [member.last_at - since for member in group if member.last_at > since + NO_BYTE_AFTER]
    open_still = [member for member in group if not member.closed_at]
    slow = [member.closed_at - since for member in group if member.closed_at > since + CLOSED_WITHIN]
    codes = {member.code for member in group}
    wrong = []
    if late:
        wrong.append(f"{name}: {len(late)} got bytes as late as {max(late):.3f} s")
    if open_still or slow:
        wrong.append(f"{name}: {len(open_still)} open, {len(slow)} closed late")
    if codes != {1008}:
        wrong.append(f"{name}: close codes {codes}")
    return wrong


def unharmed(group, pushed):
    wrong = []
    for member in group:
        first = member.numbers[0] if member.numbers else 0
        if member.closed_at or member.numbers != list(range(first, pushed + 1)):
            wrong.append((member.closed_at, member.code, member.numbers[-3:]))
    return wrong


def a_thousand(t, per_group):
    echo = upstream(t, None)
    roles = [{"roles": ["owner", "member", "viewer", "dashboard"]}]
    gateway = world(t, keyed("crm", echo, access=roles), datasource("labx", echo, team="lab"), workers=2)
    crm = host("crm")
    crowd = Crowd(t, gateway, echo, crm)
    browser = signed_in(gateway, "mel", crm)
    groups = {
        "sign-out": crowd.open(per_group, list(browser.headers(crm)) + own_origin(gateway, crm)),
        "suspension": crowd.open(per_group, bearer(gateway.token("dot"))),
        "role change": crowd.open(per_group, bearer(gateway.token("vic"))),
        "nobody's business": crowd.open(per_group, bearer(gateway.token("ann"))),
    }
    crowd.start(0.2)
    until(lambda: all(member.numbers for member in crowd.members), "a first message everywhere", 30)
    wrong = []

    def ended(name, act):
        act()
        since = time.monotonic()
        until(lambda: all(member.closed_at for member in groups[name]), f"{name}: all closed", 20)
        wrong.extend(judge(name, groups[name], since))

    ended("sign-out", lambda: equal(browser.once("POST", browser.at("gate.localhost", "/.sallyport/logout"),
                                                 [("X-Sallyport-Request", "1"), ("Content-Type", "application/json")], b"{}").status, 200, "sign-out"))
    ended("suspension", lambda: gateway.must("user", "suspend", "dot"))
    ended("role change", lambda: gateway.apply(
        {"kind": "team", "name": "plant", "members": {"ann": "owner", "mel": "member", "vic": "none", "dot": "dashboard"}}))
    crowd.end()
    equal(wrong, [], "streams whose right had ended")
    equal(unharmed(groups["nobody's business"], crowd.pushed)[:3], [], "streams that should notice nothing")
    until(lambda: sum(not peer.over.is_set() for peer in echo.websockets) == per_group, "the upstream connections to end")
    return gateway


@test(limit=180, alone=True)
def the_right_to_a_thousand_websockets_ends(t):
    a_thousand(t, 250)


CHANGES = {  # what is applied -> is the member's WebSocket ended by it?
    "another key": (lambda echo: {"secrets": {"token": "sk-another-1234567890", "read": "sk-read-1234567890"}}, True),
    "another credential for the role": (lambda echo: {"credentials": [
        {"roles": ["owner"], "inject": {"headers": {"Authorization": "Bearer {{ secrets.token }}"}}},
        {"roles": ["member"], "inject": {"headers": {"Authorization": "Bearer {{ secrets.read }}"}}}]}, True),
    "the area closed": (lambda echo: {"areas": [{"name": "all", "paths": ["/"], "roles": ["owner"]}]}, True),
    "the area read only": (lambda echo: {"areas": [{"name": "all", "paths": ["/"], "roles": ["owner", "member"],
                                                    "read_only_for": ["member"]}]}, True),
    "another address list": (lambda echo: {"networks": ["192.0.2.0/24"]}, True),
    "the role taken on this resource": (lambda echo: {"roles": {"mel": "none"}}, True),
    "a second area elsewhere": (lambda echo: {"areas": [{"name": "hooks", "paths": ["/hooks"], "public": True},
                                                        {"name": "all", "paths": ["/"], "roles": ["owner", "member"]}]}, False),
    "an origin": (lambda echo: {"origins": ["https://elsewhere.example.test"]}, False),
    "another timeout": (lambda echo: {"upstream": {"url": echo.url, "networks": ["127.0.0.0/8"], "timeout": {"connect": "9s"}}}, False),
    "somebody else's role": (lambda echo: {"roles": {"vic": "none"}}, False),
}


@test(limit=120)
def a_change_ends_what_it_takes_away_and_nothing_else(t):
    echo = upstream(t, None)
    inject = [{"roles": ["owner", "member"], "inject": {"headers": {"Authorization": "Bearer {{ secrets.token }}"}}}]

    def line(**more):
        return instance("line1", echo, **({"secrets": {"token": "sk-full-1234567890", "read": "sk-read-1234567890"},
                                           "areas": [{"name": "all", "paths": ["/"], "roles": ["owner", "member"]}],
                                           "credentials": inject} | more))

    gateway = world(t, line(), instance("line2", echo))
    token, wrong = bearer(gateway.token("mel")), []
    with WebSocket(gateway, host("line2"), "/ws", token) as other:
        for name, (change, ends) in CHANGES.items():
            gateway.apply(line())
            with WebSocket(gateway, host("line1"), "/ws", token) as socket:
                socket.send(b"before")
                socket.receive()
                gateway.apply(line(**change(echo)))
                if ends:
                    found = socket.ended()
                    if not found or found.code != 1008:
                        wrong.append(f"{name}: {found}")
                else:
                    socket.send(b"after")
                    got = socket.receive()
                    if got.opcode == CLOSE or got.payload != b"after":
                        wrong.append(f"{name}: {got}")
        other.send(b"still")
        equal(other.receive().payload, b"still", "the other instance's")
    equal(wrong, [], "changes")
    ended = [entry for entry in gateway.audit() if entry.get("outcome") == "revoked"]
    expect(len(ended) == sum(ends for _, ends in CHANGES.values()), f"{len(ended)} entries of what was ended")


@test
def a_revoked_token_and_an_ended_session_end_theirs(t):
    echo = upstream(t, None)
    gateway = world(t, keyed("crm", echo))
    crm = host("crm")
    browser = signed_in(gateway, "mel", crm)
    with WebSocket(gateway, crm, "/ws", bearer(gateway.token("mel", name="one"))) as by_token, \
            WebSocket(gateway, crm, "/ws", bearer(gateway.token("mel", name="two"))) as spared, \
            WebSocket(gateway, crm, "/ws", list(browser.headers(crm)) + own_origin(gateway, crm)) as by_session:
        (identity,) = [entry["id"] for entry in gateway.listing("token", "list") if "one" in entry.values()]
        gateway.must("token", "revoke", "--id", identity)
        equal(by_token.ended().code, 1008, "by the revoked token")
        gateway.must("session", "end", "--user", "mel")
        equal(by_session.ended().code, 1008, "by the ended session")
        spared.send(b"spared")
        equal(spared.receive().payload, b"spared", "by the other token")


@test
def what_holds_for_everybody_ends_a_websocket_too(t):
    echo = upstream(t)
    gateway = world(t, keyed("crm", echo))
    crm = host("crm")
    team = {"kind": "team", "name": "plant", "members": {"ann": "owner", "mel": "member"}}
    platform = {"kind": "platform", "name": "platform"}
    browser = signed_in(gateway, "mel", crm)
    headers = list(browser.headers(crm)) + own_origin(gateway, crm)
    for name, change in {"the team's addresses": {**team, "networks": ["192.0.2.0/24"]},
                         "the platform's addresses": {**platform, "networks": ["192.0.2.0/24"]},
                         "a second factor for the team": {**team, "mfa": "required"},
                         "a second factor for all": {**platform, "mfa": "required"}}.items():
        gateway.apply(team, platform)
        with WebSocket(gateway, crm, "/ws", headers) as socket:
            socket.send(b"before")
            socket.receive()
            gateway.apply(change)
            equal(socket.ended().code, 1008, name)


@test
def use_on_a_websocket_counts_when_it_comes_from_the_client(t):
    """A3: the idle limit, never later than it says; what the upstream pushes is nobody's use."""
    echo = upstream(t, None)
    gateway = world(t, keyed("crm", echo), {"kind": "platform", "name": "platform", "sessions": {"absolute": "1h", "idle": "3s"}})
    crm = host("crm")
    crowd = Crowd(t, gateway, echo, crm)
    busy, silent = ([*signed_in(gateway, name, crm).headers(crm), *own_origin(gateway, crm)] for name in ("ann", "mel"))
    with WebSocket(gateway, crm, "/ws?mode=quiet", busy) as talking:
        (listening,) = crowd.open(1, silent)
        began = time.monotonic()
        crowd.start(0.1)

        def over():
            talking.send(b"here")
            return listening.closed_at

        until(over, "the one that only listens to be ended")
        lasted = listening.closed_at - began
        expect(2.0 < lasted < 4.5, f"the session that was not used lasted {lasted:.1f} s of 3 s")
        equal(listening.code, 1008, "the close code")
        crowd.end()
        talking.send(b"last")
        until(lambda: echo.websockets[0].messages()[-1:] == [b"last"], "the one that is used to live on")
