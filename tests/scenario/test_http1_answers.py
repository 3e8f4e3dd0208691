"""Raw hostile answers of an upstream, judged by what a strict client reads: never two answers for one request, never a field
that is not the upstream's to set, and no connection used again after a doubt. The tables: attacks/answers.py."""
from itertools import chain

import strict_http1
from attacks import answers
from attacks.judge import Ground
from attacks.judge_answers import survive_answers
from recording_upstream import Hostile
from registry import equal, expect, one_of, test


@test(limit=120)
def no_head_is_believed_that_is_none(t):
    survive_answers(Ground(t), answers.heads(), 50)


@test(limit=120)
def a_body_in_doubt_is_no_body(t):
    survive_answers(Ground(t), answers.framing(), 50)


@test(limit=120)
def one_request_has_one_answer(t):
    survive_answers(Ground(t), chain(answers.bodies(), answers.fields()), 60)


@test
def an_answer_before_the_request_is_whole_poisons_nothing(t):
    """The rest of the body never becomes another request, on neither side, and the next client gets its own answer."""
    ground = Ground(t)
    inner = ground.maker.behind("early")
    for number, (status, then) in enumerate([(200, "keep"), (413, "keep"), (413, "close"), (200, "close")]):
        path = f"/early-{number}"
        ground.upstream.hostile[path] = Hostile(f"HTTP/1.1 {status} X\r\nContent-Length: 5\r\n\r\nearly".encode(),
                                                "head", then)
        for coding in (f"Content-Length: {10 + len(inner)}\r\n\r\n0123456789",
                       f"Transfer-Encoding: chunked\r\n\r\n{10 + len(inner):x}\r\n0123456789"):
            before = len(ground.upstream.requests)
            with ground.connect() as connection:
                connection.send(f"POST {path} HTTP/1.1\r\n{ground.maker.base}\r\n{coding}")
                response = connection.response()
                equal((response.status, response.body), (status, b"early"), f"the answer to {path}")
                try:
                    connection.send(inner)  # the rest of the body: a request, for whoever has lost count
                except OSError:
                    pass
                found, _, rest = strict_http1.read_responses(connection.rest(), ["GET"])
                equal((found, rest), ([], b""), f"what came after the answer to {path}")
            equal(ground.honest(100 + number), None, f"after {path}")
            targets = [each.target for each in ground.upstream.requests[before:] if each.target != path]
            equal(targets, [f"/honest-{100 + number}"], f"what arrived after {path}")
            ground.partial.add(path)
    equal(list(ground.left_over()), [], "what is left over")


@test
def every_place_to_break_off_is_seen(t):
    """One good answer, cut at every byte: never taken for a whole one, except where it is."""
    ground = Ground(t)
    whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"
    for at in range(len(whole)):
        path = f"/cut-{at}"
        ground.upstream.hostile[path] = Hostile(whole[:at], then="close")
        with ground.connect() as connection:
            connection.send(f"POST {path} HTTP/1.1\r\n{ground.maker.base}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            found, _, rest = strict_http1.read_responses(connection.rest(), ["POST"])
        if found:
            equal((found[0].status, rest), (502, b""), f"the answer when cut at {at}")
            one_of(found[0].get("x-answer"), ("",), "whose answer it is")
        else:
            expect(whole.index(b"\r\n\r\n") + 4 <= at, f"no answer when cut at {at}, in the head")
    equal(ground.honest(1), None, "the next client")
