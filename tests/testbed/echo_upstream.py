#!/usr/bin/python3
"""A recording HTTP/1.1 upstream that does what it is told, right or wrong. Threads; HTTP, or HTTPS with a certificate.

Every request is kept as it arrived, byte for byte, in `requests`, before anything is answered. What the path asks for:
  /bytes/N            N bytes with Content-Length           /sse             events as the test sends them (`events.put`)
  /chunk/N            N chunks                              /delay/NAME      answers when `release(NAME)` was called
  /status/N           that status                           /early/N         answers N before reading the body, then reads it
  /early-close/N      answers N, does not read the body     /sink            reads the body: {"length", "sha256"}
  /trailers           a chunked answer with trailers        /cookie          two plain cookies
  /headers?raw=B64    these header lines (base64) as well   /raw?b64=B64     exactly these bytes, then closes (&keep: not)
  /close              closes without an answer              /reset           resets the connection
  /silent             never answers                         /slow-body/N     head and half of N bytes, rest at release("slow-body")
  /half/N             head for N bytes, half of them, closes /redirect?to=   302
  /one-each           each response names its own request   /ws              a WebSocket that echoes (&mode=quiet: not)
  anything else       the echo, as JSON
Alone: echo_upstream.py PORT [KEY CERT] serves until its stdin closes and prints READY PORT.
"""
import base64
import hashlib
import json
import queue
import socket
import ssl
import struct
import sys
import threading
from urllib.parse import parse_qs, unquote, urlsplit

import websocket_frames as ws

BLOCK = 1 << 20


class Gone(Exception):
    """The other side went away in the middle of a message."""


class Request:
    """One request as it arrived."""

    def __init__(self, head, connection):
        self.head = head  # exact bytes, the empty line included
        self.connection = connection  # number of the connection it came on
        lines = head[:-4].split(b"\r\n")
        parts = lines[0].decode("latin-1").split(" ")
        self.method, self.target, self.version = (parts + ["", "", ""])[:3]
        pairs = [line.decode("latin-1").partition(":") for line in lines[1:]]
        self.headers = [(name, value.strip(" \t")) for name, _, value in pairs]
        self.trailers, self.body, self.length, self.sha256 = [], b"", 0, ""
        self.complete = threading.Event()

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name, default=None):
        values = self.all(name)
        return ", ".join(values) if values else default

    def names(self):
        return [name.lower() for name, _ in self.headers]


class Stream:
    """Buffered reading and plain writing on one connection."""

    def __init__(self, sock):
        self.sock, self.buffer = sock, b""

    def fill(self):
        try:
            data = self.sock.recv(BLOCK if not self.buffer else 65536)
        except (OSError, ssl.SSLError) as error:
            raise Gone(str(error)) from error
        if not data:
            raise Gone("closed")
        self.buffer += data

    def until(self, mark):
        while mark not in self.buffer:
            self.fill()
            if self.buffer[:2] == b"\x16\x03":  # a TLS hello: what servers of plain HTTP say to it
                self.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                raise Gone("TLS on a plain port")
        at = self.buffer.index(mark) + len(mark)
        taken, self.buffer = self.buffer[:at], self.buffer[at:]
        return taken

    def pieces(self, count):
        while count:
            if not self.buffer:
                self.fill()
            piece, self.buffer = self.buffer[:count], self.buffer[count:]
            count -= len(piece)
            yield piece

    def send(self, data):
        try:
            self.sock.sendall(data)
        except (OSError, ssl.SSLError) as error:
            raise Gone(str(error)) from error


class WebSocketPeer:
    """The upstream's end of one WebSocket; `frames` is what arrived, in order."""

    def __init__(self, stream, request):
        self.stream, self.request, self.frames = stream, request, []
        self.over = threading.Event()

    def messages(self):
        return [frame.payload for frame in list(self.frames) if frame.opcode in (ws.TEXT, ws.BINARY) and frame.fin]

    def send(self, opcode, payload=b"", **more):
        self.stream.send(ws.frame(opcode, payload, **more))

    def drop(self):
        try:
            self.stream.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class EchoUpstream:
    KEEP_BODY = 1 << 20  # bodies up to this are kept whole

    def __init__(self, certificate=None, port=0, min_version=None):
        """certificate: (cert, key) paths for HTTPS."""
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*map(str, certificate))
            self.context.sni_callback = lambda conn, name, _: self.server_names.append(name)
        self.server_names = []      # SNI of each handshake
        self.requests = []
        self.connections = 0
        self.sessions_reused = 0
        self.handshake_errors = []
        self.events = queue.Queue()  # what /sse sends; None ends it
        self.websockets = []         # WebSocketPeer, as they come
        self.bodies_left = 0         # connections that went away in the middle of a request
        self._released = set()
        self._changed = threading.Condition()
        self._open = set()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=1024)
        self.port = self._listener.getsockname()[1]
        self.scheme = "https" if certificate else "http"
        self.url = f"{self.scheme}://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def open_connections(self):
        return len(self._open)

    def wait_for(self, count, seconds=10):
        """The first `count` requests, once that many came."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.requests) >= count, seconds):
                raise AssertionError(f"the upstream saw {len(self.requests)} requests in {seconds} s, not {count}")
            return self.requests[:count]

    def last(self):
        return self.wait_for(1)[-1] if not self.requests else self.requests[-1]

    def wait_until(self, condition, seconds=10):
        with self._changed:
            return self._changed.wait_for(condition, seconds)

    def release(self, name):
        with self._changed:
            self._released.add(name)
            self._changed.notify_all()

    def close_connections(self):
        """Drops every open connection, idle ones too (an upstream that restarts)."""
        with self._changed:
            open_now = list(self._open)
        for sock in open_now:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def stop_listening(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()

    def close(self):
        self.release("*")
        self.events.put(None)
        self.stop_listening()
        self.close_connections()

    # --- inside

    def _wait_release(self, name):
        with self._changed:
            self._changed.wait_for(lambda: name in self._released or "*" in self._released)

    def _note(self, change):
        with self._changed:
            change()
            self._changed.notify_all()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._connection, args=(sock, self.connections), daemon=True).start()

    def _connection(self, sock, number):
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context:
                sock = self.context.wrap_socket(sock, server_side=True)
                if sock.session_reused:
                    self.sessions_reused += 1
        except (OSError, ssl.SSLError) as error:
            self._note(lambda: self.handshake_errors.append(str(error)))
            sock.close()
            return
        self._note(lambda: self._open.add(sock))
        stream = Stream(sock)
        try:
            while self._one(stream, number):
                pass
        except Gone:
            pass
        finally:
            self._note(lambda: self._open.discard(sock))
            try:
                sock.close()
            except OSError:
                pass

    def _one(self, stream, number):
        request = Request(stream.until(b"\r\n\r\n"), number)
        self._note(lambda: self.requests.append(request))
        parts = urlsplit(request.target)
        words = parts.path.split("/")
        # the resource may have put a path in front: what is asked for is the first word we know
        while len(words) > 2 and not hasattr(self, "do_" + words[1].replace("-", "_")):
            words = [words[0]] + words[2:]
        verb = "do_" + words[1].replace("-", "_") if len(words) > 1 else ""
        action = getattr(self, verb, self.do_echo)
        argument = words[2] if len(words) > 2 else ""
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        again = action(stream, request, unquote(argument), query)
        close = (request.get("connection") or "").lower() == "close" or request.version == "HTTP/1.0"
        return again is not False and not close

    def _read_body(self, stream, request):
        digest = hashlib.sha256()
        if (request.get("expect") or "").lower() == "100-continue":
            stream.send(b"HTTP/1.1 100 Continue\r\n\r\n")

        def take(piece):
            request.length += len(piece)
            digest.update(piece)
            if request.length <= self.KEEP_BODY:
                request.body += piece

        try:
            if (request.get("transfer-encoding") or "").lower() == "chunked":
                while True:
                    size = int(stream.until(b"\r\n").split(b";")[0], 16)
                    for piece in stream.pieces(size):
                        take(piece)
                    if not size:
                        break
                    stream.until(b"\r\n")
                while (line := stream.until(b"\r\n")) != b"\r\n":
                    name, _, value = line.decode("latin-1").rstrip("\r\n").partition(":")
                    request.trailers.append((name, value.strip()))
            else:
                for piece in stream.pieces(int(request.get("content-length") or 0)):
                    take(piece)
        except Gone:
            self._note(lambda: setattr(self, "bodies_left", self.bodies_left + 1))
            raise
        request.sha256 = digest.hexdigest()
        self._note(request.complete.set)

    def _answer(self, stream, request, status, body, *fields, kind="application/json"):
        head = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", "X-Echo: 1", *fields]
        if not (100 <= status < 200 or status == 204):
            head.append(f"Content-Length: {len(body)}")
        if request.method == "HEAD" or status in (204, 304):
            body = b""
        stream.send("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body)

    def do_echo(self, stream, request, _argument, _query, *fields, status=200):
        self._read_body(stream, request)
        told = {"n": len(self.requests), "method": request.method, "target": request.target, "version": request.version,
                "headers": [text for pair in request.headers for text in pair],
                "trailers": [text for pair in request.trailers for text in pair],
                "body_len": request.length, "sha256": request.sha256, "connection": request.connection}
        self._answer(stream, request, status, json.dumps(told).encode(), *fields)

    def do_status(self, stream, request, argument, query):
        self.do_echo(stream, request, argument, query, status=int(argument))

    def do_cookie(self, stream, request, argument, query):
        self.do_echo(stream, request, argument, query, "Set-Cookie: a=1; Path=/; HttpOnly",
                     "Set-Cookie: b=2; Path=/x; SameSite=Lax")

    def do_headers(self, stream, request, argument, query):
        lines = base64.urlsafe_b64decode(query["raw"]).decode("latin-1").splitlines()
        self.do_echo(stream, request, argument, query, *lines)

    def do_redirect(self, stream, request, argument, query):
        self.do_echo(stream, request, argument, query, f"Location: {query['to']}", status=302)

    def do_bytes(self, stream, request, argument, _query):
        self._read_body(stream, request)
        count = int(argument)
        stream.send(f"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {count}\r\n\r\n".encode())
        block = bytes(range(256)) * (BLOCK // 256)
        while count and request.method != "HEAD":
            stream.send(block if count >= BLOCK else block[:count])
            count -= min(count, BLOCK)

    def do_chunk(self, stream, request, argument, _query):
        self._read_body(stream, request)
        stream.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
        if request.method == "HEAD":
            return
        for index in range(int(argument)):
            line = f"chunk {index}\n".encode()
            stream.send(b"%x\r\n%s\r\n" % (len(line), line))
        stream.send(b"0\r\n\r\n")

    def do_trailers(self, stream, request, _argument, _query):
        self._read_body(stream, request)
        stream.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                    b"5\r\nhello\r\n0\r\nX-Sum: 42\r\n\r\n")

    def do_sse(self, stream, request, _argument, _query):
        self._read_body(stream, request)
        stream.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
                    b"Transfer-Encoding: chunked\r\n\r\n")
        while (event := self.events.get()) is not None:
            data = f"data: {event}\n\n".encode()
            stream.send(b"%x\r\n%s\r\n" % (len(data), data))
        stream.send(b"0\r\n\r\n")

    def do_delay(self, stream, request, argument, query):
        self._wait_release(argument)
        self.do_echo(stream, request, argument, query)

    def do_sink(self, stream, request, _argument, _query):
        self._read_body(stream, request)
        self._answer(stream, request, 200, json.dumps({"length": request.length, "sha256": request.sha256}).encode())

    def do_early(self, stream, request, argument, _query):
        self._answer(stream, request, int(argument), b"early", kind="text/plain")
        self._read_body(stream, request)

    def do_early_close(self, stream, request, argument, _query):
        self._answer(stream, request, int(argument), b"early", "Connection: close", kind="text/plain")
        return False

    def do_raw(self, stream, request, _argument, query):
        self._read_body(stream, request)
        stream.send(base64.urlsafe_b64decode(query["b64"]))
        return "keep" in query

    def do_close(self, _stream, _request, _argument, _query):
        return False

    def do_reset(self, stream, _request, _argument, _query):
        stream.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    def do_silent(self, stream, _request, _argument, _query):
        stream.fill()  # until the gateway gives up
        return False

    def do_half(self, stream, request, argument, _query):
        self._read_body(stream, request)
        count = int(argument)
        stream.send(f"HTTP/1.1 200 OK\r\nContent-Length: {count}\r\n\r\n".encode() + b"x" * (count // 2))
        return False

    def do_slow_body(self, stream, request, argument, _query):
        self._read_body(stream, request)
        count = int(argument)
        stream.send(f"HTTP/1.1 200 OK\r\nContent-Length: {count}\r\n\r\n".encode() + b"x" * (count // 2))
        self._wait_release("slow-body")
        stream.send(b"y" * (count - count // 2))


    def do_ws(self, stream, request, _argument, query):
        """accept, extensions, protocol: what the answer says instead; status: that answer instead; mode: echo or quiet;
        greeting: a message in the same bytes as the answer."""
        key = request.get("sec-websocket-key")
        if key is None or "status" in query:
            return self.do_echo(stream, request, "", query, status=int(query.get("status", 426)))
        lines = ["HTTP/1.1 101 Switching Protocols", f"Upgrade: {query.get('upgrade', 'websocket')}", "Connection: Upgrade",
                 f"Sec-WebSocket-Accept: {query.get('accept', ws.accept_of(key))}", "Set-Cookie: wide=1; Domain=localhost"]
        lines += [f"Sec-WebSocket-{name.capitalize()}: {query[name]}" for name in ("extensions", "protocol") if name in query]
        peer = WebSocketPeer(stream, request)
        self._note(lambda: self.websockets.append(peer))
        greeting = ws.frame(ws.TEXT, query["greeting"]) if "greeting" in query else b""
        stream.send("\r\n".join(lines).encode() + b"\r\n\r\n" + greeting)
        exactly = lambda count: b"".join(stream.pieces(count))
        try:
            while True:
                frame = ws.read_frame(exactly)
                self._note(lambda: peer.frames.append(frame))
                if frame.opcode == ws.CLOSE:
                    if query.get("mode") != "quiet":
                        peer.send(ws.CLOSE, frame.payload)
                    return False
                if query.get("mode") == "quiet":
                    continue
                if frame.opcode == ws.PING:
                    peer.send(ws.PONG, frame.payload)
                elif frame.opcode != ws.PONG:
                    peer.send(frame.opcode, frame.payload, fin=frame.fin, reserved=frame.reserved)
        finally:
            self._note(peer.over.set)


def main():
    port, pair = int(sys.argv[1]), sys.argv[2:4]
    upstream = EchoUpstream((pair[1], pair[0]) if pair else None, port)
    print("READY", upstream.port, flush=True)
    sys.stdin.read()
    upstream.close()


if __name__ == "__main__":
    main()
