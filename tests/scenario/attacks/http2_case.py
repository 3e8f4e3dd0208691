"""What an HTTP/2 attack is, and its judge: frames for the gateway, how it may take them, and what of them may arrive.

Outcomes: "200" the upstream answered, "400" and the like the gateway's own answer, "rst:N" and "goaway:N" with an error code,
"closed" without a word, "alive" when nothing was to be answered and the connection goes on."""
from dataclasses import dataclass

import http2_wire as http2
from registry import equal, expect
from wire import client_context

from attacks.case import Maker, Wanted

MALFORMED = ("400", "rst:1", "goaway:1")  # RFC 9113 s8.1.1: a stream error, which may be one of the connection (s5.4.2)
WATCHED, AFTER = 1, 1001  # the stream that is judged, and the one of the honest request behind it


def connection_error(*codes):
    return tuple(f"goaway:{code}" for code in codes)


def stream_error(*codes):
    return tuple(f"{word}:{code}" for word in ("rst", "goaway") for code in codes)


@dataclass
class FrameAttack:
    name: str
    frames: bytes
    allowed: tuple
    wanted: Wanted = None
    watch: int = WATCHED    # 0: the connection alone
    late: bool = False      # the fault comes behind a right request, which may have gone on, whatever becomes of the connection
    partial: bool = False   # a beginning without an end may arrive
    hello: bool = True      # preface and SETTINGS stand before the frames
    last: bool = False      # the connection need not take another request


class FrameMaker(Maker):
    def pairs(self, name, *fields, without=(), **pseudo):
        """The fields of a request for /NAME; pseudo: method, scheme, authority, path in place of the usual ones."""
        usual = {"method": "GET", "scheme": "https", "authority": self.authority, "path": f"/{self.slug(name)}"} | pseudo
        first = [(f":{key}", value) for key, value in usual.items() if key not in without]
        return first + [("authorization", f"Bearer {self.token}"), *fields]

    def request(self, name, *fields, body=None, trailers=None, allowed=MALFORMED, passes=None, without=(), stream=WATCHED,
                pseudo=None, pairs=None, wanted=None, **more):
        """HEADERS, DATA when there is a body (a list: several), HEADERS for trailers. passes: keywords of Wanted."""
        pairs = pairs if pairs is not None else self.pairs(name, *fields, without=without, **(pseudo or {}))
        frames = http2.headers(stream, pairs, end_stream=body is None and trailers is None)
        bodies = [body] if isinstance(body, bytes) else body or []
        for number, piece in enumerate(bodies, 1):
            frames += http2.data(stream, piece, end_stream=trailers is None and number == len(bodies))
        if trailers is not None:
            frames += http2.headers(stream, trailers)
        if passes is not None:
            method = (pseudo or {}).get("method", "GET")
            wanted = Wanted(**({"target": f"/{self.slug(name)}", "method": method} | passes))
            allowed = ("200",) + (() if allowed is MALFORMED else allowed)
        return FrameAttack(name, frames, allowed, wanted, **({"partial": body is not None} | more))

    def frames(self, name, *pieces, allowed, **more):
        return FrameAttack(name, b"".join(pieces), allowed, **more)

    def whole(self, name, stream=WATCHED):
        """A right request, as frames."""
        return http2.headers(stream, self.pairs(name))

    def passes(self, name, *pieces, allowed=(), wanted=None, **more):
        """Frames with which the request for /NAME is right."""
        return FrameAttack(name, b"".join(pieces), ("200", *allowed), wanted or Wanted(f"/{self.slug(name)}"), **more)


def context_of(ground):
    return client_context(ground.gateway.dir / "tls/ca.pem", alpn=("h2",))


def connect(ground, context, hello=True, seconds=8):
    wire = ground.gateway.wire(ground.crm, context=context, seconds=seconds)
    equal(wire.socket.selected_alpn_protocol(), "h2", "the protocol agreed on")
    return http2.Http2(wire, hello=hello)


def outcome_of(h2, attack):
    if attack.watch:
        h2.until(lambda: h2.answer(attack.watch).over or h2.goaway)
    else:
        h2.send(http2.ping(b"are you?"))
        h2.until(lambda: b"are you?" in h2.pongs or h2.goaway)
    if h2.goaway:
        h2.until(lambda: False)  # it has to close, too
        return f"goaway:{h2.goaway.code}"
    if attack.watch and h2.answer(attack.watch).over:
        answer = h2.answer(attack.watch)
        if answer.reset is not None:
            return f"rst:{answer.reset}"
        return str(answer.status)
    return "closed" if h2.closed else "alive"


def judge(ground, context, number, attack):
    """What is wrong with the gateway's treatment of one attack, or None."""
    before, may = len(ground.upstream.requests), []
    if attack.partial:
        ground.partial.add(f"/{Maker.slug(attack.name)}")
    try:
        with connect(ground, context, attack.hello) as h2:
            h2.send(attack.frames)
            outcome = outcome_of(h2, attack)
            if outcome not in attack.allowed:
                return f"{attack.name}: {outcome}, not {attack.allowed}"
            if outcome == "200":
                may.append(attack.wanted)
                if not h2.answer(attack.watch).get("x-answer"):
                    return f"{attack.name}: a 200 of the gateway's own"
            if not attack.last and not outcome.startswith(("goaway", "closed")):
                h2.send(http2.headers(AFTER, ground.frames.pairs(f"after-{number}")))
                if h2.response(AFTER).status != 200:
                    return f"{attack.name}: the next request on the connection got {h2.answer(AFTER).heads}, {h2.goaway}"
                may.append(Wanted(f"/after-{number}"))
            late = attack.wanted if attack.late and outcome != "200" else None
            fault = ground.arrived(before, may, late) or ground.honest(number, (late.target,) if late else ())
    except Exception as why:
        return f"{attack.name}: {why!r}"
    return fault and f"{attack.name}: {fault[:400]}"


def survive_frames(ground, table, least):
    """Every attack of table(maker) judged, all faults told at once."""
    ground.frames = FrameMaker(ground.maker.authority, ground.token, ground.maker.keeps_host)
    attacks, context = list(table(ground.frames)), context_of(ground)
    expect(len(attacks) >= least, f"only {len(attacks)} attacks")
    equal(len({attack.name for attack in attacks}), len(attacks), "names of attacks")
    wrong = [fault for number, attack in enumerate(attacks, 1) if (fault := judge(ground, context, number, attack))]
    equal(wrong + list(ground.left_over()), [], f"faults in {len(attacks)} attacks")
    expect(ground.gateway.process.poll() is None, "the gateway is gone")
