"""Raw bytes to a listener and a strict reader of what comes back: connections to 127.0.0.1 with the SNI we choose."""
import json
import socket
import ssl

from registry import PATIENCE, Failed

BLOCK = 1 << 20


class Closed(Exception):
    """The gateway closed (or reset) before the answer was whole."""


class Response:
    def __init__(self, head):
        self.head = head
        lines = head[:-4].split(b"\r\n")
        for line in lines:
            if b"\n" in line or b"\r" in line:
                raise Failed(f"bare line end in a response head: {line!r}")
        version, _, rest = lines[0].decode("latin-1").partition(" ")
        status, _, self.reason = rest.partition(" ")
        if version != "HTTP/1.1" or len(status) != 3 or not status.isdigit():
            raise Failed(f"status line {lines[0]!r}")
        self.status = int(status)
        self.headers = []
        for line in lines[1:]:
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or not name or name != name.strip():
                raise Failed(f"response field {line!r}")
            self.headers.append((name, value.strip(" \t")))
        self.body, self.trailers, self.interim = b"", [], []

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name, default=""):
        values = self.all(name)
        return ", ".join(values) if values else default

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Failed(f"status {self.status}, body is not JSON: {self.text[:200]!r}") from error

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.text[:200]!r}>"


def client_context(ca=None, lowest=None, highest=None, alpn=("http/1.1",)):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca:
        context.load_verify_locations(str(ca))
    else:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if lowest or highest:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = lowest, highest
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


class Wire:
    """One connection. context None: plain TCP. before: bytes that are sent ahead of TLS, each piece by itself."""

    def __init__(self, port, name=None, context=None, seconds=15, session=None, source=None, before=()):
        self.buffer = b""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=seconds * PATIENCE,
                                               source_address=(source, 0) if source else None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in before:
            self.socket.sendall(piece)
        if context:
            try:
                self.socket = context.wrap_socket(self.socket, server_hostname=name, session=session)
            except BaseException:
                self.socket.close()
                raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def _fill(self):
        try:
            data = self.socket.recv(BLOCK)
        except (TimeoutError, socket.timeout) as error:
            raise Failed("no answer within the deadline") from error
        except (OSError, ssl.SSLError) as error:
            raise Closed(str(error)) from error
        if not data:
            raise Closed("closed")
        self.buffer += data

    def until(self, mark):
        start = 0
        while (at := self.buffer.find(mark, start)) < 0:
            start = max(0, len(self.buffer) - len(mark) + 1)
            self._fill()
        taken, self.buffer = self.buffer[: at + len(mark)], self.buffer[at + len(mark):]
        return taken

    def exactly(self, count):
        return b"".join(self.pieces(count))

    def pieces(self, count):
        while count:
            if not self.buffer:
                self._fill()
            piece, self.buffer = self.buffer[:count], self.buffer[count:]
            count -= len(piece)
            yield piece

    def head(self):
        """The next response head, interim ones collected in .interim."""
        interim = []
        while True:
            response = Response(self.until(b"\r\n\r\n"))
            if 100 <= response.status < 200 and response.status != 101:
                interim.append(response)
                continue
            response.interim = interim
            return response

    def chunk(self):
        """The next chunk of a chunked body; empty: it was the last, trailers not read."""
        size = self.until(b"\r\n")[:-2]
        count = int(size.split(b";")[0], 16)
        if not count:
            return b""
        data = self.exactly(count)
        if self.exactly(2) != b"\r\n":
            raise Failed("no CRLF after a chunk")
        return data

    def trailers(self):
        found = []
        while (line := self.until(b"\r\n")) != b"\r\n":
            name, _, value = line.decode("latin-1")[:-2].partition(":")
            found.append((name, value.strip()))
        return found

    def body(self, response, method="GET"):
        if method == "HEAD" or response.status in (204, 304) or response.status < 200:
            return response
        lengths, coding = response.all("content-length"), response.get("transfer-encoding").lower()
        if len(lengths) > 1 or (lengths and coding):
            raise Failed(f"ambiguous response framing: {response.headers}")
        if coding:
            if coding != "chunked":
                raise Failed(f"transfer coding {coding!r}")
            blocks = []
            while block := self.chunk():
                blocks.append(block)
            response.body, response.trailers = b"".join(blocks), self.trailers()
        elif lengths:
            response.body = self.exactly(int(lengths[0]))
        else:
            try:
                while True:
                    self._fill()
            except Closed:
                response.body, self.buffer = self.buffer, b""
        return response

    def response(self, method="GET"):
        return self.body(self.head(), method)

    def closed(self):
        """True once the gateway closes; anything it still says before that is an error."""
        try:
            self._fill()
        except Closed:
            return True
        raise Failed(f"more bytes where the connection should close: {self.buffer[:200]!r}")

    def rest(self):
        """Everything until the gateway closes."""
        try:
            while True:
                self._fill()
        except Closed:
            taken, self.buffer = self.buffer, b""
            return taken


def ask_unix_socket(path, request):
    """The beginning of the answer to a request at a unix socket."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10 * PATIENCE)
        client.connect(str(path))
        client.sendall(request)
        return client.recv(4096)


def request_bytes(method, target, host, headers=(), body=None):
    """A request as bytes; Content-Length is added for a body unless a framing field is among the headers."""
    pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"] + [f"{name}: {value}" for name, value in pairs]
    framed = any(name.lower() in ("content-length", "transfer-encoding") for name, _ in pairs)
    if body is not None and not framed:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")
