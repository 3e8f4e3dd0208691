"""Requests that nobody thought of: right ones with a few bytes or lines changed by chance, always the same chance. Whatever
arrives must be whole, undisputed and the gateway's own, and as much as was answered."""
import random

import strict_http1
from registry import equal

from attacks.case import Wanted

BYTES = ["\r", "\n", "\r\n", "\0", " ", "\t", ":", ";", ",", "\x0b", "\x7f", "\xff", "0", "1", "5", "a", "x", "-", "_",
         ".", "/", "%", "#", "?", "*", '"',
         "=", "\r\n\r\n", "\r\n ", "0\r\n\r\n", "chunked", "GET /smuggled HTTP/1.1\r\n", "HTTP/1.1", "HTTP/1.0", "\x85"]
LINES = ["Content-Length: 5", "Content-Length: 0", "Transfer-Encoding: chunked", "Connection: close",
         "Connection: keep-alive",
         "Connection: Content-Length", "Expect: 100-continue", "X-Sallyport-User: admin", "Host: evil.example.test",
         "TE: trailers",
         "X-Forwarded-For: 10.0.0.1", "Upgrade: h2c", "Transfer-Encoding: identity", "Content-Length: 100"]


def bases(m):
    for head, body in (("GET /mutant HTTP/1.1", ""), ("POST /mutant HTTP/1.1\r\nContent-Length: 5", "hello"),
                       ("POST /mutant HTTP/1.1\r\nTransfer-Encoding: chunked",
                        "5\r\nhello\r\n3;a=b\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"),
                       ("HEAD /mutant?a=b HTTP/1.1\r\nX-One: 1\r\nX-Two:2", ""),
                       (f"GET https://{m.authority}/mutant HTTP/1.1", "")):
        start, _, fields = head.partition("\r\n")
        yield "\r\n".join(filter(None, [start, m.base, fields])) + "\r\n\r\n" + body


def mutate(chance, text):
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3))):
        at = chance.randrange(len(text) + 1)
        kind = chance.randrange(7)
        if kind < 2:
            text = text[:at] + chance.choice(BYTES) + text[at:]
        elif kind == 2:
            text = text[:at] + text[at + chance.choice((1, 1, 2, 5)):]
        elif kind == 3:
            text = text[:at] + chance.choice(BYTES) + text[at + 1:]
        else:
            lines = text.split("\r\n")
            where = chance.randrange(1, len(lines))
            if kind == 4:
                lines.insert(where, chance.choice(LINES))
            elif kind == 5:
                lines.insert(where, chance.choice(lines))
            else:
                lines[where] = chance.choice(LINES)
            text = "\r\n".join(lines)
    return text


def answers(connection, seconds):
    """All that is said until the end, or until nothing is said any more."""
    connection.socket.settimeout(seconds)
    taken = b""
    try:
        while piece := connection.socket.recv(65536):
            taken += piece
    except OSError:
        pass
    return taken


def judge(ground, text, seconds):
    """What is wrong with the treatment of these characters, or None."""
    before = len(ground.upstream.requests)
    with ground.connect() as connection:
        try:
            connection.send((text + ground.maker.behind("mutant")).encode("latin-1"))
        except OSError:
            pass
        taken = answers(connection, seconds)
    seen = ground.upstream.requests[before:]
    if len(seen) > 3:  # one that became two by an end in its middle, and the one behind
        return f"{len(seen)} requests arrived"
    for request in seen:
        # Under a name that is misspelt, the token is nothing that the gateway knows.
        if fault := ground.not_ours(request, Wanted(request.target), credential=request.all("authorization") != []):
            return fault
    told = [line.split(b": ")[1].decode() for line in taken.split(b"\r\n") if line.startswith(b"X-Answer: ")]
    if told != [f"{each.connection}.{each.number}" for each in seen][:len(told)]:
        return f"{told} were told of {seen}"
    if taken and not taken.startswith(b"HTTP/1.1 "):
        return f"it said {taken[:100]!r}"
    return None


def survive_mutations(ground, count, seconds=0.3):
    chance, table = random.Random(7731), list(bases(ground.maker))
    wrong = []
    for number in range(count):
        text = mutate(chance, table[number % len(table)])
        if fault := judge(ground, text, seconds):
            wrong.append(f"{fault[:300]} of {text!r}")
    for connection in ground.upstream.connections:  # what began and did not end was still a right beginning
        if rest := connection.rest():
            head = None if connection.dispute else strict_http1.read_request_head(rest)
            if head and (fault := ground.not_ours(head[0], Wanted(head[0].target), credential=False)):
                wrong.append(fault)
    wrong += [f"a strict reader disputes: {why}" for _, why in ground.upstream.disputes]
    equal(wrong, [], f"faults in {count} mutations")
    equal(ground.honest(1), None, "the next client")
