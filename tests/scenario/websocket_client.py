"""A WebSocket client that can misbehave."""
import base64
import os

from registry import Failed
from websocket_frames import CLOSE, TEXT, accept_of, frame, read_frame
from wire import Closed, request_bytes


def opening(gateway, where, path="/ws", headers=(), key=None, **fields):
    """The opening handshake as bytes; fields: other values of its own fields, None to leave one out."""
    own = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": key or base64.b64encode(os.urandom(16)).decode()}
    own |= {name.replace("_", "-"): value for name, value in fields.items()}
    pairs = [(name, value) for name, value in own.items() if value is not None] + list(headers)
    return request_bytes("GET", path, f"{where}:{gateway.port}", pairs)


def own_origin(gateway, where):
    return [("Origin", f"https://{where}:{gateway.port}")]


class WebSocket:
    def __init__(self, gateway, where, path="/ws", headers=(), seconds=15, **fields):
        self.wire = gateway.wire(where, seconds=seconds)
        key = base64.b64encode(os.urandom(16)).decode()
        try:
            self.wire.send(opening(gateway, where, path, headers, key=key, **fields))
            self.answer = self.wire.head()
            if self.answer.status != 101:
                self.wire.body(self.answer)
            elif self.answer.get("sec-websocket-accept") != accept_of(key):
                raise Failed(f"Sec-WebSocket-Accept {self.answer.headers}")
        except BaseException:
            self.wire.close()
            raise

    @property
    def open(self):
        return self.answer.status == 101

    def __enter__(self):
        if not self.open:
            self.wire.close()
            raise Failed(f"no WebSocket: {self.answer}")
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.wire.close()

    def raw(self, data):
        self.wire.send(data)

    def send(self, payload, opcode=TEXT, mask=True, **more):
        self.wire.send(frame(opcode, payload, mask=mask, **more))

    def receive(self):
        return read_frame(self.wire.exactly)

    def ended(self):
        """The close frame the gateway or the upstream sent, or None when there was none; then the end of the connection."""
        found = None
        try:
            while True:
                got = self.receive()
                if got.opcode == CLOSE:
                    found = got
                elif found:
                    raise Failed(f"a frame after the close frame: {got}")
        except Closed:
            return found
