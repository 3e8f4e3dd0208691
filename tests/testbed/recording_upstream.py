"""An upstream that keeps every byte of every connection and reads it as strictly as can be (strict_http1.py).

Each request that arrives whole is noted in `requests`, before it is answered with a small 200 that names it. What a strict
reader would dispute is noted in `disputes`. `hostile` tells, by the path, to answer something else: exact bytes, before or
after the request is whole, and whether the connection is closed, reset or kept.
"""
import socket
import struct
import threading
from dataclasses import dataclass, field

import strict_http1

BLOCK = 1 << 16


@dataclass
class Hostile:
    data: bytes             # what is answered
    when: str = "whole"     # or "head": as soon as the head of the request is here
    then: str = "keep"      # or "close", "reset"


@dataclass
class Connection:
    number: int
    raw: bytearray = field(default_factory=bytearray)
    at: int = 0             # what was read of it, in whole requests
    requests: int = 0
    early: int = -1         # where the request began that was answered before it was whole
    dispute: str = ""
    over: bool = False

    def rest(self):
        """The bytes of a request that is not whole."""
        return bytes(self.raw[self.at:])


def answer_to(request):
    """The 200 that names the request it answers."""
    body = f"{request.connection}.{request.number} {request.method} {request.target}\n".encode("latin-1")
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Answer: {request.connection}.{request.number}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + (b"" if request.method == "HEAD" else body)


class RecordingUpstream:
    def __init__(self, port=0):
        self.connections, self.requests, self.disputes = [], [], []
        self.hostile = {}  # path -> Hostile
        self._changed = threading.Condition()
        self._open = set()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=1024)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def wait_until(self, condition, seconds=10):
        with self._changed:
            return self._changed.wait_for(condition, seconds)

    def close(self):
        for sock in (self._listener, *list(self._open)):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._listener.close()

    # --- inside

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
            record = Connection(len(self.connections))
            self._note(lambda: self.connections.append(record))
            threading.Thread(target=self._serve, args=(sock, record), daemon=True).start()

    def _serve(self, sock, record):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open.add(sock)
        try:
            while data := sock.recv(BLOCK):
                self._note(lambda: record.raw.extend(data))
                if not record.dispute and not self._take(sock, record):
                    break
        except OSError:
            pass
        finally:
            self._open.discard(sock)
            sock.close()
            self._note(lambda: setattr(record, "over", True))

    def _take(self, sock, record):
        """Answers what is here; False: the connection ends."""
        while True:
            try:
                found = strict_http1.read_request(record.raw, record.at)
                head = None if found else strict_http1.read_request_head(record.raw, record.at)
            except strict_http1.Dispute as why:
                record.dispute = str(why)
                self._note(lambda: self.disputes.append((record.number, record.dispute)))
                return True
            if not found:
                hostile = head and self.hostile.get(head[0].target.partition("?")[0])
                if hostile and hostile.when == "head" and record.early != record.at:
                    record.early = record.at
                    return self._misbehave(sock, hostile)
                return True
            request, after = found
            answered = record.early == record.at
            record.at, record.requests = after, record.requests + 1
            request.connection, request.number = record.number, record.requests
            self._note(lambda: self.requests.append(request))
            if answered:
                continue
            hostile = self.hostile.get(request.target.partition("?")[0])
            if not hostile:
                sock.sendall(answer_to(request))
            elif not self._misbehave(sock, hostile):
                return False

    @staticmethod
    def _misbehave(sock, hostile):
        if hostile.then == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.sendall(hostile.data)
        return hostile.then == "keep"
