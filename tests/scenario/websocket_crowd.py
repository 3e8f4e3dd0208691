"""Many WebSockets at once: the upstream pushes numbered messages to all of them, and each end keeps when what came."""
import selectors
import ssl
import threading
import time

from registry import Failed
from websocket_client import WebSocket
from websocket_frames import BINARY, CLOSE, frame


class Member:
    def __init__(self, socket):
        self.sock = socket.wire.socket
        self.buffer = socket.wire.buffer
        self.owner = socket  # keeps it open
        self.numbers = []    # of the messages that came, in order
        self.last_at = self.closed_at = 0.0
        self.code = None     # of the close frame

    def take(self):
        """Reads what is there; small unmasked frames only."""
        try:
            while data := self.sock.recv(65536):
                self.buffer += data
            self.closed_at = time.monotonic()
        except ssl.SSLWantReadError:
            pass
        except OSError:
            self.closed_at = time.monotonic()
        while len(self.buffer) >= 2 and len(self.buffer) >= 2 + self.buffer[1]:
            opcode, payload = self.buffer[0] & 15, self.buffer[2:2 + self.buffer[1]]
            self.buffer = self.buffer[2 + len(payload):]
            if opcode == CLOSE:
                self.code = int.from_bytes(payload[:2], "big")
            else:
                self.numbers.append(int(payload))
                self.last_at = time.monotonic()


class Crowd:
    """Reads all of its members in one thread, until end()."""

    def __init__(self, case, gateway, echo, where):
        self.gateway, self.echo, self.where = gateway, echo, where
        self.members, self.faults = [], []
        self._selector, self._over, self._pushed = selectors.DefaultSelector(), threading.Event(), 0
        self._threads = []
        case.defer(self.end)

    def open(self, count, headers, path="/ws?mode=quiet"):
        group = []
        for _ in range(count):
            socket = WebSocket(self.gateway, self.where, path, headers)
            if not socket.open:
                raise Failed(f"no WebSocket: {socket.answer}")
            socket.wire.socket.setblocking(False)
            group.append(Member(socket))
        self.members += group
        return group

    def start(self, every):
        for member in self.members:
            self._selector.register(member.sock, selectors.EVENT_READ, member)
        for work in (self._read, lambda: self._push(every)):
            self._threads.append(threading.Thread(target=work, daemon=True))
            self._threads[-1].start()

    def end(self):
        """No more is pushed; what was is read."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    @property
    def pushed(self):
        return self._pushed

    def _read(self):
        quiet = 0
        while not self._over.is_set() or quiet < 3:
            ready = self._selector.select(0.1)
            quiet = 0 if ready else quiet + 1
            for key, _ in ready:
                key.data.take()
                if key.data.closed_at:
                    self._selector.unregister(key.fileobj)

    def _push(self, every):
        while not self._over.wait(every):
            self._pushed += 1
            data = frame(BINARY, str(self._pushed))
            for peer in list(self.echo.websockets):
                try:
                    peer.stream.sock.send(data)
                except OSError:  # this one has ended
                    pass
