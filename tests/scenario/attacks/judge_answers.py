"""Judges what a client sees of a hostile upstream: one answer to one request, whole or visibly not, and none of the poison."""
import http2_wire as http2
import strict_http1
from recording_upstream import Hostile
from registry import equal, expect

from attacks.http2_case import FrameMaker, connect, context_of

NEVER = ("keep-alive", "upgrade", "trailer", "te", "proxy-connection", "alt-svc")


def seen_by_client(answer, found, rest):
    """What is wrong with the answers [message] and the rest that is no whole one, or None."""
    told = f"answers {[each.status for each in found]} and {rest[:100]!r}"
    for each in found:
        if names := [name for name in each.names() if name in NEVER or name.startswith("x-sallyport")]:
            return f"{names} reached the client"
    if answer.outcome == "cut":
        return told if found or (rest and not rest.startswith(b"HTTP/1.1 200")) else None
    if rest or len(found) not in (1, 2) or (len(found) == 2 and (found[1].status != 200 or not found[1].get("x-answer"))):
        return told
    first = found[0]
    if answer.outcome == "bad":
        return told if first.status != 502 or first.get("x-answer") else None
    if len(found) == 1:
        return told
    got, wanted = (first.status, first.body, first.trailers), (answer.status, answer.body, answer.trailers)
    if got != wanted:
        return f"{got} reached the client, not {wanted}"
    for name, values in answer.fields.items():
        if first.all(name) != values:
            return f"{name}: {first.all(name)} reached the client, not {values}"
    return None


def judge(ground, number, answer):
    """What is wrong with the gateway's treatment of one answer, or None."""
    path, upstream = f"/hostile-{number}", ground.upstream
    upstream.hostile[path] = Hostile(answer.data, then=answer.then)
    before = len(upstream.requests)
    with ground.connect() as connection:
        body = "Content-Length: 2\r\n\r\nhi" if answer.method == "POST" else "\r\n"
        connection.send(f"{answer.method} {path} HTTP/1.1\r\n{ground.maker.base}\r\n{body}"
                        f"GET /after-{number} HTTP/1.1\r\n{ground.maker.base}\r\nConnection: close\r\n\r\n")
        try:
            taken = connection.rest()
            found, interim, rest = strict_http1.read_responses(taken, [answer.method, "GET"])
        except Exception as why:
            return f"{answer.name}: {why}"
    fault = seen_by_client(answer, found, rest)
    if b"poison" in taken:
        fault = f"poison reached the client: {taken[:300]!r}"
    if any(each.status != 100 for each in interim):
        fault = f"an interim answer reached the client: {interim}"
    fault = fault or ground.honest(number)
    seen = upstream.requests[before:]
    if not fault and [each.target for each in seen if each.target == path] != [path]:
        fault = f"it was sent more than once: {seen}"
    later = [each for each in seen if each.target != path]
    if not fault and not answer.reused and any(each.connection == seen[0].connection for each in later):
        fault = "the upstream's connection was used again"
    if not fault and answer.reused and later[0].connection != seen[0].connection:
        fault = "the upstream's connection was not used again"
    return fault and f"{answer.name}: {fault}"


def survive_answers(ground, answers, least):
    answers = list(answers)
    expect(len(answers) >= least, f"only {len(answers)} answers")
    equal(len({answer.name for answer in answers}), len(answers), "names of answers")
    wrong = [fault for number, answer in enumerate(answers, 1) if (fault := judge(ground, number, answer))]
    equal(wrong + list(ground.left_over()), [], f"faults in {len(answers)} answers")
    expect(ground.gateway.process.poll() is None, "the gateway is gone")


def seen_on_stream(answer, got):
    """What is wrong with what came on a stream of HTTP/2, or None."""
    told = f"{got.heads}, {got.body[:100]!r}, reset {got.reset}"
    if b"poison" in got.body + repr(got.heads).encode():
        return f"poison reached the client: {told}"
    if len(got.heads) > 1 and got.heads[0] != got.fields:
        return f"an interim answer reached the client: {told}"
    if names := [name for name, _ in got.fields if name in map(str.encode, NEVER) or name.startswith(b"x-sallyport")]:
        return f"{names} reached the client"
    if answer.outcome == "cut":
        return None if got.reset not in (None, http2.NO_ERROR) else told
    if answer.outcome == "bad":
        return None if (got.status, got.reset, got.get("x-answer")) == (502, None, "") else told
    if got.reset is not None or (got.status, got.body, got.trailers) != (
            answer.status, answer.body, [(name.lower(), value) for name, value in answer.trailers]):
        return told
    wrong = [name for name, values in answer.fields.items() if got.all(name) != values]
    return f"{wrong} of {told}" if wrong else None


def survive_answers_over_http2(ground, answers):
    """The same answers, for a client that speaks HTTP/2, all on one connection."""
    maker, wrong, upstream = FrameMaker(ground.maker.authority, ground.token, False), [], ground.upstream
    with connect(ground, context_of(ground)) as h2:
        for number, answer in enumerate(answers, 1):
            stream, path = 4 * number + 1, f"/hostile-{number}"
            upstream.hostile[path] = Hostile(answer.data, then=answer.then)
            h2.send(http2.headers(stream, maker.pairs("x", method=answer.method, path=path),
                                  end_stream=answer.method != "POST"))
            if answer.method == "POST":
                h2.send(http2.data(stream, b"hi"))
            fault = seen_on_stream(answer, h2.response(stream))
            h2.send(http2.headers(stream + 2, maker.pairs(f"after-{number}")))
            after = h2.response(stream + 2)
            if not fault and (after.status != 200 or not after.body.endswith(f" GET /after-{number}\n".encode())):
                fault = f"the next request got {after.heads} {after.body!r}, {h2.goaway}"
            wrong += [f"{answer.name}: {fault}"] if fault else []
    equal(wrong + list(ground.left_over()), [], "faults over HTTP/2")
    expect(ground.gateway.process.poll() is None, "the gateway is gone")
