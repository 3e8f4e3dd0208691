"""HTTP/2 frames, byte for byte, to a listener and from it (RFC 9113): nothing is put right that a test wants wrong."""
import struct
from dataclasses import dataclass

import hpack_wire as hpack
from registry import Failed
from wire import Closed

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, WITH_PRIORITY = 1, 1, 4, 8, 0x20
(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR,
 REFUSED_STREAM,
 CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM, INADEQUATE_SECURITY, HTTP_1_1_REQUIRED) = range(14)
(HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE,
 MAX_HEADER_LIST_SIZE) = range(1, 7)
ENABLE_CONNECT_PROTOCOL = 8
FRAME_MAX = 16384


def frame(kind, flags=0, stream=0, payload=b"", length=None, reserved=0):
    """length: another one than the payload's."""
    length = len(payload) if length is None else length
    return length.to_bytes(3, "big") + bytes([kind, flags]) + (reserved << 31 | stream).to_bytes(4, "big") + payload


def settings(*pairs, flags=0, stream=0):
    return frame(SETTINGS, flags, stream, b"".join(struct.pack(">HI", name, value) for name, value in pairs))


def block(pairs):
    """A header block: (name, value) as literals that are never indexed, bytes as they are."""
    return b"".join(pair if isinstance(pair, bytes) else hpack.literal(*pair) for pair in pairs)


def headers(stream, pairs, end_stream=True, end_headers=True, flags=0, pad=None, priority=b""):
    """pad: so many bytes of padding."""
    payload = priority + block(pairs)
    flags |= (END_STREAM if end_stream else 0) | (END_HEADERS if end_headers else 0) | (WITH_PRIORITY if priority else 0)
    if pad is not None:
        payload, flags = bytes([pad]) + payload + bytes(pad), flags | PADDED
    return frame(HEADERS, flags, stream, payload)


def continuation(stream, data, end=True):
    return frame(CONTINUATION, END_HEADERS if end else 0, stream, data)


def data(stream, payload=b"", end_stream=True, pad=None):
    if pad is not None:
        return frame(DATA, PADDED | (END_STREAM if end_stream else 0), stream, bytes([pad]) + payload + bytes(pad))
    return frame(DATA, END_STREAM if end_stream else 0, stream, payload)


def window_update(stream, by):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", by))


def rst_stream(stream, code=CANCEL):
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def ping(payload=b"12345678", flags=0):
    return frame(PING, flags, 0, payload)


def goaway(last=0, code=NO_ERROR, text=b""):
    return frame(GOAWAY, 0, 0, struct.pack(">II", last, code) + text)


@dataclass
class Frame:
    kind: int
    flags: int
    stream: int
    payload: bytes

    @property
    def code(self):
        """The error code of RST_STREAM and GOAWAY."""
        return struct.unpack(">I", self.payload[:4] if self.kind == RST_STREAM else self.payload[4:8])[0]


class Answer:
    """What was said on one stream."""

    def __init__(self):
        self.heads, self.body, self.over, self.reset = [], b"", False, None  # heads: interim ones, final, trailers

    @property
    def fields(self):
        """Of the final head."""
        return next((head for head in self.heads if not dict(head)[b":status"].startswith(b"1")), [])

    @property
    def trailers(self):
        """(name, value) as text, of what came behind the body."""
        behind = self.heads[self.heads.index(self.fields) + 1:] if self.fields else []
        return [(name.decode("latin-1"), value.decode("latin-1")) for head in behind for name, value in head]

    @property
    def status(self):
        return int(dict(self.fields).get(b":status", b"0"))

    def all(self, name):
        return [value.decode("latin-1") for key, value in self.fields if key == name.encode()]

    def get(self, name, default=""):
        return ", ".join(self.all(name)) or default


class Http2:
    """One connection; wire: a wire.Wire over which h2 was agreed on."""

    def __init__(self, wire, pairs=(), hello=True):
        self.wire, self.decoder = wire, hpack.Decoder()
        self.opens_windows = True  # as DATA comes
        self.answers, self.pongs, self.goaway, self.settings, self.closed = {}, [], None, None, False
        self._open_block = None  # (stream, flags, bytes) between HEADERS and the last CONTINUATION
        if hello:
            self.send(PREFACE + settings(*pairs))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wire.close()

    def send(self, *pieces):
        """Whether it could be sent: the other side may have had enough."""
        try:
            self.wire.send(b"".join(pieces))
            return True
        except OSError:
            return False

    def answer(self, stream):
        return self.answers.setdefault(stream, Answer())

    def read(self):
        """The next frame, taken note of; None: the connection is over."""
        try:
            start = self.wire.exactly(9)
            length = int.from_bytes(start[:3], "big")
            if length > FRAME_MAX:
                raise Failed(f"a frame of {length} bytes, which nobody allowed: {start!r}")
            found = Frame(start[3], start[4], int.from_bytes(start[5:9], "big"), self.wire.exactly(length))
        except Closed:
            self.closed = True
            return None
        self._note(found)
        return found

    def until(self, condition):
        """Reads until condition(); False: the connection was over first."""
        while not condition():
            if self.read() is None:
                return condition()
        return True

    def ping(self, payload):
        """Whether the other side is there still: all that was sent before was looked at by then."""
        return self.send(ping(payload)) and self.until(lambda: payload in self.pongs)

    def response(self, stream):
        """The answer on a stream, once it is over."""
        self.until(lambda: self.answer(stream).over)
        return self.answer(stream)

    def _note(self, found):
        if self._open_block and (found.kind, found.stream) != (CONTINUATION, self._open_block[0]):
            raise Failed(f"a {found} inside a header block")
        if found.stream & 1 << 31 or (found.kind in (SETTINGS, PING, GOAWAY) and found.stream):
            raise Failed(f"{found}")
        if found.kind == SETTINGS and not found.flags & ACK:
            if len(found.payload) % 6:
                raise Failed(f"{found}")
            self.settings = dict(struct.iter_unpack(">HI", found.payload))
            self.send(settings(flags=ACK))
        elif found.kind == PING:
            if found.flags & ACK:
                self.pongs.append(found.payload)
            else:
                self.send(ping(found.payload, ACK))
        elif found.kind == GOAWAY:
            self.goaway = found
        elif found.kind == RST_STREAM:
            answer = self.answer(found.stream)
            answer.reset, answer.over = found.code, True
        elif found.kind == DATA:
            self._data(found)
        elif found.kind in (HEADERS, CONTINUATION):
            self._block(found)
        elif found.kind == PUSH_PROMISE:
            raise Failed(f"a push nobody asked for: {found}")

    def _data(self, found):
        answer, payload = self.answer(found.stream), found.payload
        if not answer.fields or answer.over:
            raise Failed(f"DATA out of turn: {found}")
        if found.flags & PADDED:
            payload = payload[1:len(payload) - payload[0]]
        answer.body += payload
        answer.over = bool(found.flags & END_STREAM)
        if found.payload and self.opens_windows:
            self.send(window_update(0, len(found.payload)), window_update(found.stream, len(found.payload)))

    def _block(self, found):
        if found.kind == HEADERS:
            payload = found.payload
            if found.flags & PADDED:
                payload = payload[1:len(payload) - payload[0]]
            if found.flags & WITH_PRIORITY:
                payload = payload[5:]
            self._open_block = (found.stream, found.flags, payload)
        else:
            stream, flags, before = self._open_block or (0, 0, b"")
            self._open_block = (stream, flags | found.flags, before + found.payload)
        stream, flags, whole = self._open_block
        if not flags & END_HEADERS:
            return
        self._open_block = None
        answer, fields = self.answer(stream), self.decoder.decode(whole)
        if answer.over:
            raise Failed(f"a head behind the end: {fields}")
        check_fields(fields, trailers=bool(answer.fields))
        answer.heads.append(fields)
        answer.over = bool(flags & END_STREAM)


def check_fields(fields, trailers=False):
    """Failed, unless these are fields of a response as they should be (RFC 9113 s8.2, s8.3.2)."""
    names = [name for name, _ in fields]
    pseudo = [name for name in names if name.startswith(b":")]
    if pseudo != ([] if trailers else [b":status"]) or (pseudo and names[0] != b":status"):
        raise Failed(f"pseudo fields of {fields}")
    for name, value in fields:
        plain = name.lstrip(b":")
        if not plain or plain.lower() != plain or any(byte <= 0x20 or byte >= 0x7f or byte == 0x3a for byte in plain):
            raise Failed(f"field name {name!r}")
        if any(byte in value for byte in b"\r\n\0") or value != value.strip(b" \t"):
            raise Failed(f"value of {name!r}: {value!r}")
        if name in (b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade", b"te"):
            raise Failed(f"{name!r} in HTTP/2")
