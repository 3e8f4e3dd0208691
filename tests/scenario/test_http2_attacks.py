"""Raw HTTP/2 attacks on the whole gateway, judged by what arrives at a recording upstream, by the error code, and by the
service of the next request and the next client. The tables: attacks/http2_*.py."""
import time
from itertools import chain

import http2_wire as http2
from attacks import answers
from attacks import http2_frames as frames
from attacks import http2_requests as requests
from attacks.http2_case import FrameMaker, connect, context_of, survive_frames
from attacks.http2_floods import survive_floods
from attacks.judge import Ground
from attacks.judge_answers import survive_answers_over_http2
from recording_upstream import Hostile
from registry import equal, expect, test
from wait import until


@test(limit=120)
def pseudo_fields_make_one_request(t):
    survive_frames(Ground(t), requests.pseudo_fields, 90)


@test(limit=120)
def fields_have_one_reading(t):
    survive_frames(Ground(t), requests.fields, 60)


@test(limit=120)
def a_body_ends_with_its_stream(t):
    survive_frames(Ground(t), requests.bodies, 55)


@test(limit=120)
def streams_keep_their_states(t):
    survive_frames(Ground(t), frames.streams, 50)


@test(limit=120)
def header_blocks_are_whole_or_nothing(t):
    survive_frames(Ground(t), lambda m: chain(frames.blocks(m), frames.settings(m), frames.beginnings(m)), 50)


@test(limit=240)
def floods_are_stopped(t):
    survive_floods(Ground(t, limits={"head": "2s", "idle": "2s", "body": "2s", "write": "2s"}), 25)


@test(limit=120)
def hostile_answers_reach_no_client(t):
    survive_answers_over_http2(Ground(t), chain(answers.heads(), answers.framing(), answers.bodies(), answers.fields()))


@test
def a_broken_head_or_trailer_harms_its_stream_alone(t):
    """An upload on the same connection goes on, beyond the time for a head; and so do new requests."""
    ground = Ground(t, limits={"head": "1s"})
    maker = FrameMaker(ground.maker.authority, ground.token, False)
    ground.partial |= {"/trailers"}
    with connect(ground, context_of(ground)) as h2:
        h2.send(http2.headers(1, maker.pairs("upload", method="POST"), end_stream=False),
                http2.headers(3, maker.pairs("trailers", method="POST"), end_stream=False), http2.data(3, b"abc", False),
                http2.headers(5, [*maker.pairs("head"), ("x", "a\nb")]))
        equal(h2.response(5).reset, http2.PROTOCOL_ERROR, "what became of the broken head")
        h2.send(http2.headers(3, [("x", "a\nb")]))
        equal(h2.response(3).reset, http2.PROTOCOL_ERROR, "what became of the broken trailers")
        number, end = 0, time.monotonic() + 2.5
        while time.monotonic() < end:
            number += 1
            h2.send(http2.data(1, b"x", False))
            equal(ground.honest(number), None, "a client beside it")
        h2.send(http2.data(1, b"y"), http2.headers(7, maker.pairs("after")))
        equal(([h2.response(stream).status for stream in (1, 7)], h2.goaway), ([200, 200], None), "the upload, and a new request")
        body = next(each.body for each in ground.upstream.requests if each.target == "/upload")
        equal(body, b"x" * number + b"y", "the upload at the upstream")
    equal(list(ground.left_over()), [], "what is left over")


@test
def windows_that_never_open_cost_little_and_end(t):
    """A hundred answers of 4 MiB that nobody takes; then the same to one that takes one byte of each."""
    ground = Ground(t, limits={"write": "2s"})
    body = b"x" * (4 << 20)
    ground.upstream.hostile["/large"] = Hostile(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    maker, context = FrameMaker(ground.maker.authority, ground.token, False), context_of(ground)
    for grudging in (False, True):
        before = ground.gateway.rss_kib()
        with connect(ground, context, seconds=30) as h2:
            h2.opens_windows = False
            h2.send(http2.settings((http2.INITIAL_WINDOW_SIZE, 0)))
            streams = range(1, 200, 2)
            h2.send(*[http2.headers(stream, maker.pairs("large", path="/large")) for stream in streams])
            h2.until(lambda: all(h2.answer(stream).fields or h2.answer(stream).over for stream in streams))
            equal(ground.honest(1, late=("/large",)), None, "the next client meanwhile")
            if grudging:
                for stream in streams:
                    h2.send(http2.window_update(stream, 1))
            h2.until(lambda: h2.goaway or all(h2.answer(stream).over for stream in streams))
            grown = ground.gateway.rss_kib() - before
            expect(grown < 48 << 10, f"a hundred answers that nobody takes cost {grown} KiB")
            expect(h2.goaway or {h2.answer(stream).reset for stream in streams} == {http2.CANCEL},
                   "what became of the streams")
        taken = [ground.upstream.connections[each.connection] for each in ground.upstream.requests if each.target == "/large"]
        until(lambda: all(connection.over for connection in taken), "the upstream's connections to be given up")
    equal(ground.honest(2, late=("/large",)), None, "the next client")


@test
def bodies_that_never_come_end(t):
    """A hundred uploads on one connection that stop in the middle: each is told 408 in time."""
    ground = Ground(t, limits={"body": "1s"})
    maker = FrameMaker(ground.maker.authority, ground.token, False)
    ground.partial |= {"/upload"}
    with connect(ground, context_of(ground), seconds=20) as h2:
        streams = range(1, 200, 2)
        h2.send(*[http2.headers(stream, maker.pairs("upload", method="POST"),
                                end_stream=False) + http2.data(stream, b"abc", False)
                  for stream in streams])
        h2.until(lambda: all(h2.answer(stream).over for stream in streams))
        equal({h2.answer(stream).status for stream in streams}, {408}, "statuses")
        equal(ground.honest(1), None, "the next client")
    equal(list(ground.left_over()), [], "what is left over")
