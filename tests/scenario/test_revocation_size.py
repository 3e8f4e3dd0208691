"""Every trigger with 10,000 streams open: 5,000 end, 5,000 notice nothing. A process has 20,000 descriptors on most machines, so
the mix is: 400 WebSockets over HTTP/1.1 and 300 over HTTP/2, each with an upstream connection of its own; 100 of each other
kind on HTTP/1.1; all the rest over HTTP/2, 100 on a client's connection, and to the upstream, which shares its own as well.
Client and upstream are native (testbed/stream_crowd.cc, stream_upstream.cc). SCENARIO_FIGURES names a file for the figures."""
import json
import os
import time

from native import descriptors
from registry import PATIENCE, Failed, equal, test
from revocation_table import KINDS, TRIGGERS
from revocation_world import World

OVER_HTTP2 = {"request in flight, HTTP/2": 600, "upload, HTTP/2": 300, "download, HTTP/2": 1000, "server-sent events, HTTP/2": 1000,
              "WebSocket, HTTP/2": 300, "gRPC stream": 900, "WebSocket, HTTP/1.1": 400}
RUNNING = {title: kind for title, kind in KINDS.items() if not kind.idle}
MANY = {title: OVER_HTTP2.get(title, 100) for title in RUNNING}
MANY["download, HTTP/2"] += 5000 - sum(MANY.values())
PUSH_MS = 500


def figures(t, **values):
    print(json.dumps({"test": t.name, **values}))
    if path := os.environ.get("SCENARIO_FIGURES"):
        with open(path, "a") as out:
            print(json.dumps({"test": t.name, **values}), file=out)


def play(t, world, number, title, trigger):
    """One proof for all of the victims: with two of them there would be two times as many."""
    (_, proof), *_ = world.victims(trigger)
    began = time.time()
    # A session that is short has to be long enough for them all to come in.
    victims = world.open(f"t{number}", proof, trigger.where, kinds=RUNNING)
    opened = time.time() - began
    world.have_begun(victims)
    asked = time.time()
    told = trigger.act(world)
    since = told if isinstance(told, float) else time.time()
    ended = {each: group for each, group in victims.items() if trigger.ends == "all" or KINDS[each].lasting}
    wrong = world.wrong_with_ended(ended, since, trigger.answer, PATIENCE)
    wrong += world.wrong_with_kept({each: group for each, group in victims.items() if each not in ended}, since + 0.3)
    wrong += world.wrong_with_kept(world.innocents, since + 0.3)
    reports = [world.streams.say("report", group) for group in ended.values()]
    lasts = [sorted(each["last_record"][at] - since for each in reports if each["last_record"][at])[-1] for at in range(3)]
    figures(t, trigger=title, opened_seconds=round(opened, 2), acknowledged_ms=round((since - asked) * 1e3),
            last_record_ms=dict(zip(("p50", "p99", "max"), (round(each * 1e3, 1) for each in lasts))),
            last_close_ms=round((max(each["last_close"] for each in reports) - since) * 1e3, 1))
    world.drop(victims)
    world.forget_others()
    if trigger.undo:
        trigger.undo(world)
    return [f"{title}: {each}" for each in wrong]


@test(limit=1800, slow=True, alone=True)
def ten_thousand_streams(t):
    descriptors(12_000)
    equal(sum(MANY.values()), 5000, "streams of one half")
    world = World(t, MANY, PUSH_MS, on="g", feed=PUSH_MS, short=20, workers=2)
    world.innocents = world.open("ann", world.token("ann", "ann"), source=2, kinds=RUNNING)
    world.have_begun(world.innocents)
    names = os.environ.get("SCENARIO_TRIGGERS", "")
    wrong = []
    for number, (title, trigger) in enumerate(TRIGGERS.items()):
        if not names or title in names.split(","):
            wrong += play(t, world, number, title, trigger)
    if wrong:
        raise Failed(f"{len(wrong)} findings:\n  " + "\n  ".join(wrong))
