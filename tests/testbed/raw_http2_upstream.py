"""An HTTP/2 upstream (prior knowledge) that sends exactly the frames it is told to: for what no honest one does."""
import socket
import ssl
import struct
import threading

DATA, HEADERS, PRIORITY, RESET, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS = 1, 1, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, stream=0, payload=b"", flags=0, length=None):
    return struct.pack("!I", len(payload) if length is None else length)[1:] + bytes([kind, flags]) + struct.pack("!I", stream) + payload


def number(value, bits):
    """RFC 7541 s5.1, the upper bits 0."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([value])
    out, value = bytes([most]), value - most
    while value >= 128:
        out, value = out + bytes([value % 128 + 128]), value // 128
    return out + bytes([value])


def block(*fields):
    """A header block of literals without an index."""
    out = b""
    for name, value in fields:
        name, value = (text.encode("latin1") if isinstance(text, str) else text for text in (name, value))
        out += b"\0" + number(len(name), 7) + name + number(len(value), 7) + value
    return out


def headers(stream, *fields, end=False):
    return frame(HEADERS, stream, block(*fields), END_HEADERS | (END_STREAM if end else 0))


def data(stream, payload, end=False):
    return frame(DATA, stream, payload, END_STREAM if end else 0)


class Connection:
    def __init__(self, sock):
        self.sock, self.frames, self.over = sock, [], threading.Event()

    def send(self, *frames):
        try:
            self.sock.sendall(b"".join(frames))
        except OSError:
            pass

    def codes(self, kind):
        """The error codes of the RST_STREAM or GOAWAY frames that came."""
        at = 0 if kind == RESET else 4
        return [struct.unpack("!I", payload[at:at + 4])[0] for got, _, _, payload in list(self.frames) if got == kind]


class RawHttp2Upstream:
    """act(connection, stream) is called for each HEADERS frame; greeting: what is sent first."""

    def __init__(self, act, greeting=frame(SETTINGS)):
        self.act, self.greeting, self.connections = act, greeting, []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()
        for connection in self.connections:
            connection.sock.close()

    def greet(self, connection):
        """What is read from, after the preface and the greeting."""
        stream = connection.sock.makefile("rb")
        stream.read(len(PREFACE))
        connection.send(self.greeting)
        return stream

    def on_data(self, connection, stream, payload, end):
        """Each DATA frame that comes."""

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(sock)
            self.connections.append(connection)
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection):
        try:
            stream = self.greet(connection)
            while len(head := stream.read(9)) == 9:
                length, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
                place = int.from_bytes(head[5:], "big") & 0x7FFFFFFF
                connection.frames.append((kind, flags, place, stream.read(length)))
                if kind == SETTINGS and not flags & ACK:
                    connection.send(frame(SETTINGS, flags=ACK))
                if kind == DATA:
                    self.on_data(connection, place, connection.frames[-1][3], bool(flags & END_STREAM))
                if kind == HEADERS:
                    threading.Thread(target=self.act, args=(connection, place), daemon=True).start()
        except (OSError, ValueError):
            pass
        connection.over.set()


class TlsAtOnce:
    """A socket under TLS 1.2 whose greeting travels in the same bytes as the end of the handshake."""

    def __init__(self, sock, pair, greeting):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["h2"])
        context.load_cert_chain(*pair)
        self._sock, self._in, self._out = sock, ssl.MemoryBIO(), ssl.MemoryBIO()
        self._lock = threading.Lock()  # one thread reads and others write: OpenSSL's object is for one at a time
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)
        self._until(self._tls.do_handshake)
        self.sendall(greeting)

    def _until(self, action):
        while True:
            with self._lock:
                try:
                    return action()
                except ssl.SSLWantReadError:
                    self._sock.sendall(self._out.read())
            data = self._sock.recv(65536)
            with self._lock:
                self._in.write(data) if data else self._in.write_eof()

    def sendall(self, data):
        with self._lock:
            if data:
                self._tls.write(data)
            self._sock.sendall(self._out.read())

    def read(self, count):
        out = b""
        while len(out) < count:
            piece = self._until(lambda: self._tls.read(count - len(out)))
            if not piece:
                break
            out += piece
        return out

    def close(self):
        self._sock.close()
