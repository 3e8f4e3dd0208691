"""What a provider's groups give (B4): roles in teams, the platform; and what the next sign-in takes away, open streams too."""
from registry import equal, expect, test
from saml_bed import LINE1, Visitor, document, everybody, introduce, line1, signed_in, simplesaml, standing
from wait import until
from websocket_client import WebSocket, own_origin
from wire import request_bytes
from world import signed_in as by_password
from world import upstream, world


def may(visitor, method="POST", where=LINE1):
    """The status of a request of that browser's page."""
    headers = visitor.headers(where) + own_origin(visitor.gateway, where)
    return visitor.gateway.ask(where, method, "/machine", headers, b"on" if method == "POST" else None).status


@test
def an_owner_may_write_and_a_viewer_may_look(t):
    gateway, provider = standing(t)
    alice, bob = signed_in(gateway, provider, "alice"), signed_in(gateway, provider, "bob")
    equal((may(alice), may(alice, "GET")), (200, 200), "the owner's POST and GET")
    equal((may(bob), may(bob, "GET")), (403, 200), "the viewer's POST and GET")
    team = gateway.get("team", "plant")
    equal(sorted(team["members"]), ["ann", "dot", "mel", "vic"], "the team's own members")
    equal([each["roles"] for each in gateway.get("user", "alice")["identities"]], [{"plant": "owner"}], "what the provider gives alice")


@test
def nobody_without_a_group_gets_in(t):
    gateway, provider = standing(t, provider=simplesaml(t, people=everybody(bob=[], eli=["sp-plant-emperor", "sp--owner", "sp-nosuch-owner",
                                                                                    "xsp-plant-owner", "sp-plant-owner-x"])))
    for user in ("bob", "eli"):
        visitor = Visitor(gateway, provider)
        page = visitor.sign_in_at(user=user)
        equal(page.status, 403, f"status of line1 for {user}")
        expect(visitor.is_signed_in(), f"{user} is signed in at the gate")


@test
def a_group_makes_platform_admins_until_it_is_gone(t):
    gateway, provider = standing(t)
    visitor = Visitor(gateway, provider)
    equal(visitor.sign_in_at(user="ada").status, 403, "status of line1: an admin has no access by that")
    equal([each.get("admin") for each in gateway.get("user", "ada")["identities"]], [True], "admin by the provider")
    equal(gateway.get("user", "ada").get("admin", False), False, "admin by hand")
    provider.set_people(everybody(ada=["sp-plant-viewer"]))
    again = signed_in(gateway, provider, "ada")
    equal(may(again, "GET"), 200, "what ada may now")
    equal([each.get("admin", False) for each in gateway.get("user", "ada")["identities"]], [False], "admin by the provider")


@test
def a_role_that_is_gone_ends_what_is_open(t):
    provider, echo = simplesaml(t), upstream(t)
    gateway = world(t, line1(echo), document(t, provider))
    introduce(gateway, provider)
    first, ann = signed_in(gateway, provider), by_password(gateway, "ann", LINE1)
    with WebSocket(gateway, LINE1, headers=first.headers(LINE1) + own_origin(gateway, LINE1)) as own, \
            WebSocket(gateway, LINE1, headers=ann.headers(LINE1) + own_origin(gateway, LINE1)) as anns, gateway.wire(LINE1) as download:
        download.send(request_bytes("GET", "/slow-body/1000000", f"{LINE1}:{gateway.port}", first.headers(LINE1)))
        equal(download.head().status, 200, "status of the download")
        own.send(b"before")
        equal(own.receive().payload, b"before", "an echo")

        provider.set_people(everybody(alice=["sp-plant-viewer"]))
        second = signed_in(gateway, provider)
        equal((may(second), may(second, "GET")), (403, 200), "what the new session may")
        equal((may(first), may(first, "GET")), (403, 200), "what the old session may")
        closed = own.ended()
        expect(closed and int.from_bytes(closed.payload[:2], "big") == 1008, f"how the WebSocket ended: {closed}")

        provider.set_people(everybody(alice=[]))
        equal(Visitor(gateway, provider).sign_in_at().status, 403, "status of line1 without any role")
        got = len(download.rest())
        expect(got < 1_000_000, f"the download went on to its end: {got}")
        equal(may(first, "GET"), 403, "what the old session may")
        anns.send(b"after")
        equal(anns.receive().payload, b"after", "an echo for somebody else")


@test
def the_higher_of_role_by_hand_and_role_by_group(t):
    gateway, provider = standing(t)
    bob = signed_in(gateway, provider, "bob")
    gateway.apply({"kind": "team", "name": "plant", "members": {"ann": "owner", "bob": "member"}})
    equal(may(bob), 200, "a member by hand who is a viewer by his groups")
    gateway.apply({"kind": "team", "name": "plant", "members": {"ann": "owner"}})
    until(lambda: may(bob) == 403, "a viewer again")
    alice = signed_in(gateway, provider)
    gateway.apply({"kind": "team", "name": "plant", "members": {"ann": "owner", "alice": "viewer"}})
    equal(may(alice), 200, "a viewer by hand who is an owner by her groups")
