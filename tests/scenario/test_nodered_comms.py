"""The editor's WebSocket, /comms: who may open it, what a viewer may say on it, and with which token it is opened."""
import json

from node_red_upstream import FULL, READ
from node_red_world import LINE1, Caller, line1, standing, started
from registry import Failed, equal, expect, one_of, test
from wait import until
from websocket_client import WebSocket, opening, own_origin
from websocket_frames import BINARY, CONTINUATION, TEXT, frame, read_frame
from world import KEY, bearer, host, instance, signed_in, upstream, world

INJECT = "n000000000000001"


def said(value):
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def until_seen(socket, word, read=None):
    """Reads messages until one holds `word`."""
    for _ in range(400):
        payload = (read or socket.receive)().payload
        if word in payload:
            return payload
    raise Failed(f"{word} was not among 400 messages")


def listen(socket, red, word=b"from-the-inject-node"):
    """Subscribes, has the inject node pressed, and sees what the debug node says."""
    socket.send(said({"subscribe": "debug"}))
    red.press(INJECT)
    return until_seen(socket, word)


def comms_messages(red):
    return [entry["url"] for entry in red.received() if entry["event"] == "comms"]


# What is not exactly one subscription by one text. A topic that is no text ends Node-RED: it calls replace() on it.
ACTS = [{"topic": "act/a", "data": 1}, {"subscribe": "a", "topic": "act/b"}, {"topic": "act/c", "subscribe": "a"}, {"auth": FULL},
        {"auth": READ}, {"auth": "x", "subscribe": "a"}, {"subscribe": 5}, {"subscribe": {"a": 1}}, {"subscribe": None}, {"subscribe": ["a"]},
        [{"topic": "act/d"}], "act/e", 7, b"garbage", b"", b'{"topic":"act/f"', b'{"subscribe":"a","subscribe":{"b":1}}',
        b'{"subscribe":{"b":1},"topic":"act/g"}', b'\xef\xbb\xbf{"topic":"act/h"}', b'{"Topic":"act/i"}', b'{"__proto__":{"topic":"act/j"}}']


def check_viewer_listens(gateway, red):
    vic = Caller(gateway, red, "vic")
    with WebSocket(gateway, LINE1, "/comms", vic.headers) as socket:
        listen(socket, red)
        for message in ACTS:
            socket.send(said(message))
        socket.send(said({"topic": "act/k"}), BINARY)
        whole = said({"topic": "act/l", "data": 1})
        socket.raw(frame(TEXT, whole[:5], False, mask=True) + frame(CONTINUATION, whole[5:], True, mask=True))
        socket.raw(b"".join(frame(TEXT, said({"topic": f"act/m{i}"}), True, mask=True) for i in range(50)))
        listen(socket, red)
    equal(comms_messages(red), [], "what a viewer's messages did")
    equal([entry["authorization"] for entry in red.received() if entry["event"] == "upgrade"], [f"Bearer {READ}"], "the token at /comms")
    with WebSocket(gateway, LINE1, "/comms", Caller(gateway, red, "mel").headers) as socket:
        listen(socket, red)
        socket.send(said({"topic": "act/by-a-member", "data": 1}))
        until(lambda: comms_messages(red) == ["act/by-a-member"], "a member's message to arrive")


def check_who_may_open(gateway, red):
    """(who, path, may): everybody's WebSockets, also by spellings."""
    for user, path, wanted in (("vic", "/", 403), ("vic", "/flows", 403), ("vic", "/dashboard/", 403), ("vic", "/hook", 403),
                               ("vic", "/debug/view/comms", 403), ("dot", "/comms", 403), ("dot", "/COMMS", 403), ("dot", "/%63omms", 403),
                               ("dot", "/comms/", 403), ("dot", "/comms;", 400), ("dot", "//comms", 400), ("dot", "/ui/../comms", 400),
                               ("dot", "/ui/socket.io/..%2f..%2fcomms", 400), ("dot", "/ui/socket.io/../../comms", 400), ("dot", "/ui/", 403),
                               ("dot", "/dashboard/comms", 403), ("dot", "/", 403), ("dot", "/hook", 403), ("out", "/comms", 403),
                               ("out", "/ui/socket.io/", 403), (None, "/comms", 401), (None, "/ui/socket.io/?EIO=4&transport=websocket", 401)):
        caller = Caller(gateway, red, user)
        before = len(red.received())
        socket = WebSocket(gateway, LINE1, path, caller.headers)
        socket.close()
        equal(socket.answer.status, wanted, f"a WebSocket of {user} to {path}")
        equal(red.received()[before:], [], f"what Node-RED got of {user}'s {path}")
    for user, path in (("dot", "/ui/socket.io/"), ("dot", "/dashboard/socket.io/"), ("vic", "/ui/socket.io/")):
        with WebSocket(gateway, LINE1, path + "?EIO=4&transport=websocket", Caller(gateway, red, user).headers) as socket:
            expect(socket.receive().payload.startswith(b"0{"), f"engine.io greets {user} on {path}")


@test(limit=180)
def a_viewer_listens_and_cannot_act(t):
    check_viewer_listens(*standing(t))


@test(limit=180)
def websockets_open_where_the_role_may(t):
    check_who_may_open(*standing(t))


@test(limit=240)
def the_same_on_node_red_5(t):
    gateway, red = standing(t, 5)
    check_viewer_listens(gateway, red)
    check_who_may_open(gateway, red)


@test(limit=180)
def a_page_of_another_origin_opens_nothing(t):
    gateway, red = standing(t)
    browser = signed_in(gateway, "ann", LINE1)
    before = len(red.received())
    for origin in ([("Origin", "https://elsewhere.test")], [("Origin", "null")], []):
        socket = WebSocket(gateway, LINE1, "/comms", browser.headers(LINE1, *origin))
        socket.close()
        equal(socket.answer.status, 403, f"with {origin}")
    equal(red.received()[before:], [], "what Node-RED got")
    with WebSocket(gateway, LINE1, "/comms", browser.headers(LINE1, *own_origin(gateway, LINE1))) as socket:
        listen(socket, red)


@test(limit=180)
def where_comms_wants_the_token_in_the_first_message(t):
    """tokens is a list: the header does not count on /comms."""
    red = started(t, auth="list")
    gateway = world(t, line1(red))
    for user in ("ann", "vic"):
        with WebSocket(gateway, LINE1, "/comms", Caller(gateway, red, user).headers) as socket:
            socket.send(said({"subscribe": "debug"}))
            equal(json.loads(socket.receive().payload), {"auth": "fail"}, f"to {user} without the first message")
    gateway.apply(line1(red, first_message=True))
    for user in ("ann", "mel", "vic"):
        with WebSocket(gateway, LINE1, "/comms", Caller(gateway, red, user).headers) as socket:
            equal(json.loads(socket.receive().payload), {"auth": "ok"}, f"to {user} with it")
            listen(socket, red)
    with WebSocket(gateway, LINE1, "/comms", Caller(gateway, red, "vic").headers) as socket:
        until_seen(socket, b'"ok"')
        for message in ACTS:
            socket.send(said(message))
        listen(socket, red)
    equal(comms_messages(red), [], "what a viewer's messages did")


@test(limit=180)
def a_message_right_behind_the_handshake_waits_for_the_token(t):
    """Node-RED throws out who says something before the token has been looked at."""
    gateway, red = standing(t, auth="list", first_message=True)
    ann = Caller(gateway, red, "ann")
    for _ in range(20):
        with gateway.wire(LINE1) as wire:
            wire.send(opening(gateway, LINE1, "/comms", ann.headers) + frame(TEXT, said({"subscribe": "debug"}), True, mask=True))
            equal(wire.head().status, 101, "the handshake")
            equal(json.loads(read_frame(wire.exactly).payload), {"auth": "ok"}, "Node-RED's first word")


@test
def the_first_message_is_escaped_and_for_comms_alone(t):
    echo = upstream(t, None)
    odd = 'q"uote\\back\nline\ttab/é\x7f'
    keys = {"secrets": {"k": odd}, "credentials": [{"roles": ["owner"], "inject": {"first_message": '{"auth":"{{ secrets.k }}"}'}}]}
    url = echo.url + "/ws"  # below it the echo speaks WebSocket
    gateway = world(t, instance("line1", url, type="node-red", **keys),
                    instance("web1", url, areas=[{"name": "a", "paths": ["/"], "roles": ["owner"]}], **keys))
    ann = bearer(gateway.token("ann"))
    for where, path, wanted in ((LINE1, "/comms", True), (LINE1, "/ui/socket.io/", False), (LINE1, "/ws", False), (host("web1"), "/ws", True)):
        with WebSocket(gateway, where, path, ann) as socket:
            socket.send(b"mine")
            until_seen(socket, b"mine")
            frames = echo.websockets[-1].frames
            first = json.loads(frames[0].payload) if wanted else {"auth": odd}
            equal(first, {"auth": odd}, f"the first message on {where}{path}")
            equal([f.payload for f in frames[int(wanted):]], [b"mine"], f"the messages behind it on {where}{path}")
            one_of(frames[0].opcode, (TEXT,), "its kind")
    expect(KEY not in gateway.log() and "uote" not in gateway.log(), "the log tells the secret")
