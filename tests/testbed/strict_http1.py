"""A reader of HTTP/1.1 that forgives nothing: whatever two readers could take differently is a Dispute (RFC 9110, 9112).

It reads what a careful intermediary writes, so it knows one spelling only: CRLF, one framing field, no extensions of chunks.
"""
import re

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) (/[\x21-\x22\x24-\x7e]*|\*) HTTP/1\.1")
STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2}) [\t\x20-\x7e\x80-\xff]*")
AUTHORITY = re.compile(rb"(\[[0-9a-fA-F:.]+\]|[0-9A-Za-z_.-]+)(:[0-9]{1,5})?")
CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]{1,15}")
LENGTH = re.compile(rb"0|[1-9][0-9]{0,17}")
FOLDED = re.compile(r"[^0-9a-z]")
ONE_READING = ("content-length", "transfer-encoding", "host", "connection")


class Dispute(Exception):
    """Two readers could disagree about these bytes."""


class Message:
    def __init__(self, start, fields, head):
        self.start, self.fields, self.head = start, fields, head  # bytes, [(name, value)], exact bytes with the empty line
        self.body, self.trailers = b"", []
        self.method = self.target = ""
        self.status = 0

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name, default=""):
        values = self.all(name)
        return ", ".join(values) if values else default

    def names(self):
        return {key.lower() for key, _ in self.fields}

    def __repr__(self):
        return f"<{self.start!r} {self.fields} {self.body[:80]!r} {self.trailers}>"


def _line(data, at):
    """(line, where the next begins), or None when its end is not there yet."""
    end = data.find(b"\n", at)
    if end < 0:
        return None
    if end == at or data[end - 1:end] != b"\r":
        raise Dispute("bare LF")
    line = bytes(data[at:end - 1])
    if b"\r" in line:
        raise Dispute("bare CR")
    return line, end + 1


def _fields(data, at):
    """([(name, value)], where the body begins), or None."""
    found = []
    while True:
        taken = _line(data, at)
        if taken is None:
            return None
        line, at = taken
        if not line:
            return found, at
        if line[:1] in b" \t":
            raise Dispute("folded line")
        name, colon, value = line.partition(b":")
        if not colon or not TOKEN.fullmatch(name):
            raise Dispute(f"field name {name[:60]!r}")
        if not VALUE.fullmatch(value):
            raise Dispute(f"value of {name[:60]!r}")
        found.append((name.decode(), value.strip(b" \t").decode("latin-1")))


def _framing(message):
    """("none", 0), ("length", N) or ("chunked", 0)."""
    lengths, codings = message.all("content-length"), message.all("transfer-encoding")
    if len(lengths) + len(codings) > 1:
        raise Dispute(f"framing {lengths} {codings}")
    if codings:
        if codings[0] != "chunked":
            raise Dispute(f"transfer coding {codings[0]!r}")
        return "chunked", 0
    if lengths:
        if not LENGTH.fullmatch(lengths[0].encode("latin-1")):
            raise Dispute(f"length {lengths[0]!r}")
        return "length", int(lengths[0])
    return "none", 0


def _chunked(data, at):
    """(body, trailers, where the next message begins), or None."""
    body = bytearray()
    while True:
        taken = _line(data, at)
        if taken is None:
            return None
        line, at = taken
        if not CHUNK_SIZE.fullmatch(line):
            raise Dispute(f"chunk size {line[:60]!r}")
        size = int(line, 16)
        if size == 0:
            break
        if len(data) < at + size + 2:
            return None
        body += data[at:at + size]
        at += size
        if data[at:at + 2] != b"\r\n":
            raise Dispute("chunk without CRLF behind it")
        at += 2
    found = _fields(data, at)
    if found is None:
        return None
    return bytes(body), *found


def _body(message, data, at, kind, length):
    if kind == "chunked":
        found = _chunked(data, at)
        if found is None:
            return None
        message.body, message.trailers, at = found
        for name, _ in message.trailers:
            if FOLDED.sub("-", name.lower()) in ONE_READING:
                raise Dispute(f"trailer {name}")
        return message, at
    if len(data) < at + length:
        return None
    message.body = bytes(data[at:at + length])
    return message, at + length


def read_request_head(data, at=0):
    """(Message, where its body begins), or None while bytes are missing."""
    first = _line(data, at)
    if first is None:
        return None
    line = REQUEST_LINE.fullmatch(first[0])
    if not line:
        raise Dispute(f"request line {first[0][:100]!r}")
    found = _fields(data, first[1])
    if found is None:
        return None
    message = Message(first[0], found[0], bytes(data[at:found[1]]))
    message.method, message.target = line[1].decode(), line[2].decode()
    for name in message.names():
        folded = FOLDED.sub("-", name)
        if folded in ONE_READING and name != folded:
            raise Dispute(f"{name} is {folded} to some")
    hosts = message.all("host")
    if len(hosts) != 1 or not AUTHORITY.fullmatch(hosts[0].encode("latin-1")):
        raise Dispute(f"Host {hosts}")
    _framing(message)
    return message, found[1]


def read_request(data, at=0):
    """(Message, where the next begins), or None while bytes are missing."""
    head = read_request_head(data, at)
    if head is None:
        return None
    message, at = head
    return _body(message, data, at, *_framing(message))


def read_response(data, at, method, closed=False):
    """The same for a response to `method`; closed: no more bytes will come."""
    first = _line(data, at)
    if first is None:
        return None
    line = STATUS_LINE.fullmatch(first[0])
    if not line:
        raise Dispute(f"status line {first[0][:100]!r}")
    found = _fields(data, first[1])
    if found is None:
        return None
    message = Message(first[0], found[0], bytes(data[at:found[1]]))
    message.status = int(line[1])
    kind, length = _framing(message)
    if message.status < 200 or message.status == 204:
        if kind != "none":
            raise Dispute(f"framing of a {message.status}")
        return message, found[1]
    if method == "HEAD" or message.status == 304:
        return message, found[1]
    if kind == "none":
        if not closed:
            return None
        message.body = bytes(data[found[1]:])
        return message, len(data)
    return _body(message, data, found[1], kind, length)


def read_responses(data, methods):
    """Every response in all that a connection brought until it closed: ([Message], [interim ones], rest that is not whole).

    methods: of the requests, in order; more answers than those is a Dispute."""
    found, interim, at = [], [], 0
    while at < len(data):
        if len(found) == len(methods):
            raise Dispute(f"more than the answers: {data[at:at + 80]!r}")
        taken = read_response(data, at, methods[len(found)], closed=True)
        if taken is None:
            break
        message, at = taken
        (interim if 100 <= message.status < 200 and message.status != 101 else found).append(message)
    return found, interim, bytes(data[at:])
