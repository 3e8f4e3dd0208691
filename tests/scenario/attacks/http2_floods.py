"""Too much of what is right by itself: floods of frames, streams and header blocks, and windows that never open. Each is to
be stopped, or served, at a bounded cost; the judge counts what arrived, what it cost, and how the others fared."""
import select
import time
from dataclasses import dataclass
from itertools import repeat

import hpack_wire as hpack
import http2_wire as http2
from http2_wire import END_STREAM, ENHANCE_YOUR_CALM, HEADERS, PRIORITY, PROTOCOL_ERROR
from registry import PATIENCE, equal, expect

from attacks.http2_case import FrameMaker, connect, context_of

BYTES_MAX = 8 << 20  # that a flood may go on; MEMORY_MAX of what it may cost
MEMORY_MAX = 16 << 10  # KiB
CALM = (f"goaway:{ENHANCE_YOUR_CALM}", "closed")
ODD = range(1, 1 << 31, 2)


@dataclass
class Flood:
    name: str
    pieces: object           # an iterator of bytes, endless or not
    allowed: tuple = CALM
    bytes_max: int = BYTES_MAX  # by then it must be over
    target: str = "/flooded"
    arrive_max: int = 0      # requests for it that may reach the upstream
    seconds: float = 12      # until it must be over


def floods(m):
    request = http2.block(m.pairs("flooded"))
    get = [http2.frame(HEADERS, END_STREAM | http2.END_HEADERS, stream, request) for stream in range(1, 20000, 2)]
    post = http2.block(m.pairs("posted", method="POST"))

    def opened(kind=post, stream=1):
        return http2.frame(HEADERS, http2.END_HEADERS, stream, kind)

    yield Flood("PING", repeat(http2.ping() * 100), bytes_max=1 << 20)
    yield Flood("PONG nobody asked for", repeat(http2.ping(flags=http2.ACK) * 100), bytes_max=1 << 20)
    yield Flood("SETTINGS", repeat(http2.settings() * 100), bytes_max=1 << 20)
    yield Flood("SETTINGS that change all windows",
                repeat(http2.settings((4, 0)) * 50 + http2.settings((4, 0x7ffffff)) * 50), bytes_max=1 << 20)
    yield Flood("ACK nobody waits for", repeat(http2.settings(flags=http2.ACK) * 100),
                CALM + (f"goaway:{PROTOCOL_ERROR}",), 1 << 20)
    yield Flood("PRIORITY", repeat(http2.frame(PRIORITY, 0, 3, bytes(5)) * 100), bytes_max=1 << 20)
    yield Flood("unknown frames", repeat(http2.frame(0xee) * 100), bytes_max=1 << 20)
    yield Flood("large unknown frames", repeat(http2.frame(0xee, payload=bytes(16384))), bytes_max=32 << 20, seconds=20)
    yield Flood("WINDOW_UPDATE", repeat(http2.window_update(0, 1) * 100), bytes_max=1 << 20)
    yield Flood("empty DATA", _after(opened(), repeat(http2.data(1, b"", False) * 100)), bytes_max=1 << 20,
                target="/posted", arrive_max=1)
    yield Flood("padded empty DATA", _after(opened(), repeat(http2.data(1, b"", False, pad=255) * 20)),
                CALM + (f"goaway:{3}", "rst:3"), 1 << 20, "/posted", 1)
    yield Flood("rapid reset", (get[n] + http2.rst_stream(2 * n + 1) for n in range(len(get))), bytes_max=1 << 20,
                arrive_max=800)
    yield Flood("reset made by us", (get[n] + http2.window_update(2 * n + 1, 0) for n in range(len(get))),
                CALM + (f"goaway:{PROTOCOL_ERROR}",), 1 << 20, arrive_max=800)
    yield Flood("requests of nobody", (http2.headers(n, [(":method", "GET"), (":path", "/"),
                                                         (":scheme", "x")]) for n in ODD), bytes_max=1 << 20)
    yield Flood("requests that are malformed", (http2.headers(n, [*m.pairs("x"), ("connection", "x")]) for n in ODD),
                bytes_max=1 << 20)
    yield Flood("CONTINUATION of nothing", _after(http2.frame(HEADERS, END_STREAM, 1, request),
                                                  repeat(http2.continuation(1, b"", False) * 100)),
                CALM + (f"goaway:{PROTOCOL_ERROR}",), 1 << 20)
    yield Flood("CONTINUATION of fields", _after(http2.frame(HEADERS, END_STREAM, 1, request),
                                                 repeat(http2.continuation(1, hpack.literal("x", "y" * 100) * 100, False))),
                CALM + (f"goaway:{PROTOCOL_ERROR}",), 1 << 20)
    yield Flood("CONTINUATION of small ones", _after(http2.frame(HEADERS, END_STREAM, 1, request),
                                                     repeat(http2.continuation(1, hpack.literal("x", ""), False) * 100)),
                CALM + (f"goaway:{PROTOCOL_ERROR}",), 1 << 20)
    bomb = hpack.added("x", "a" * 4000) + hpack.indexed(62) * 12000
    yield Flood("a header bomb", iter([http2.headers(1, [*m.pairs("x"), bomb])]),
                CALM + ("431", "rst:11", "rst:1", f"goaway:{PROTOCOL_ERROR}"))
    yield Flood("header bombs", (http2.headers(n, [*m.pairs("x"),
                                                   bomb if n == 1 else hpack.indexed(62) * 16000]) for n in ODD),
                CALM + (f"goaway:{PROTOCOL_ERROR}",))
    yield Flood("a bomb in trailers", iter([opened(), http2.headers(1, [bomb])]),
                CALM + ("400", "431", "rst:11", "rst:1", f"goaway:{PROTOCOL_ERROR}"))
    yield Flood("tables made large and small", (http2.headers(n, [hpack.size_update(0), hpack.size_update(4096),
                                                                  *m.pairs("x"), ("te", "x")]) for n in ODD),
                bytes_max=1 << 20)
    yield Flood("10000 requests at once", iter(get), ("200", f"goaway:{PROTOCOL_ERROR}") + CALM, arrive_max=400)
    yield Flood("10000 bodies that never come", (opened(stream=n) for n in range(1, 20000, 2)),
                ("rst:7", "408", f"goaway:{PROTOCOL_ERROR}") + CALM, target="/posted")
    yield Flood("a head that never ends", iter([http2.frame(HEADERS, END_STREAM, 1, request[:20])]), CALM)
    yield Flood("half a frame", iter([http2.frame(HEADERS, END_STREAM, 1, request)[:30]]), CALM + ("goaway:0",))
    yield Flood("silence", iter([]), CALM + ("goaway:0",))


def _after(first, pieces):
    yield first
    yield from pieces


def _readable(h2):
    return h2.wire.buffer or h2.wire.socket.pending() or select.select([h2.wire.socket], [], [], 0)[0]


def run(ground, context, flood):
    """(outcome, bytes sent)."""
    sent, sent_all, end = 0, False, time.monotonic() + flood.seconds * PATIENCE
    with connect(ground, context, seconds=flood.seconds) as h2:
        h2.ping(b"settled?")  # their SETTINGS are acknowledged: nothing is sent but the flood from now on
        for piece in flood.pieces:
            if not h2.send(piece):
                break
            sent += len(piece)
            while _readable(h2) and h2.read() is not None:
                pass
            if h2.goaway or h2.closed:
                break
            if (sent > flood.bytes_max or time.monotonic() > end) and h2.ping(b"still on"):
                return "never stopped", sent
        else:
            sent_all = True
        h2.until(lambda: h2.goaway or (sent_all and h2.answer(1).over))
        if h2.goaway:
            return f"goaway:{h2.goaway.code}", sent
        answer = h2.answer(1)
        if answer.over and not h2.closed:
            return (f"rst:{answer.reset}" if answer.reset is not None else str(answer.status)), sent
        return "closed", sent


def judge(ground, context, number, flood):
    """What is wrong with how a flood was met, or None."""
    before, memory, began = len(ground.upstream.requests), ground.gateway.rss_kib(), time.monotonic()
    try:
        outcome, sent = run(ground, context, flood)
    except Exception as why:
        outcome, sent = repr(why), 0
    told = f"{flood.name}: {outcome} after {sent} bytes and {time.monotonic() - began:.1f} s"
    if outcome not in flood.allowed:
        return f"{told}, not {flood.allowed}"
    arrived = [each for each in ground.upstream.requests[before:] if each.target == flood.target]
    if len(arrived) > flood.arrive_max:
        return f"{told}: {len(arrived)} requests arrived"
    grown = ground.gateway.rss_kib() - memory
    if grown > MEMORY_MAX:
        return f"{told}: it cost {grown} KiB"
    fault = ground.honest(number, late=("/flooded", "/posted"))
    return fault and f"{told}: {fault}"


def survive_floods(ground, least):
    maker, context = FrameMaker(ground.maker.authority, ground.token, False), context_of(ground)
    table = list(floods(maker))
    expect(len(table) >= least, f"only {len(table)} floods")
    ground.partial |= {"/flooded", "/posted"}
    wrong = [fault for number, flood in enumerate(table, 1) if (fault := judge(ground, context, number, flood))]
    equal(wrong + list(ground.left_over()), [], f"faults in {len(table)} floods")
    expect(ground.gateway.process.poll() is None, "the gateway is gone")
