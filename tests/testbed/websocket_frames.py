"""WebSocket frames as bytes (RFC 6455 s5.2), for both ends of a test: nothing is checked that a test wants to get wrong."""
import base64
import hashlib
import os
import struct

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_of(key):
    return base64.b64encode(hashlib.sha1((key + MAGIC).encode()).digest()).decode()


def masked_with(payload, mask):
    return bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def frame(opcode, payload=b"", fin=True, mask=None, reserved=0, length=None, form=None):
    """mask: four bytes, True for random ones, None for none. length: what the head claims. form: 7, 16 or 64 bits of length."""
    if isinstance(payload, str):
        payload = payload.encode()
    claimed = len(payload) if length is None else length
    mask = os.urandom(4) if mask is True else mask
    first, flag = (0x80 if fin else 0) | reserved << 4 | opcode, 0x80 if mask else 0
    form = form or (7 if claimed < 126 else 16 if claimed < 1 << 16 else 64)
    if form == 7:
        head = bytes([first, flag | claimed])
    elif form == 16:
        head = bytes([first, flag | 126]) + struct.pack(">H", claimed)
    else:
        head = bytes([first, flag | 127]) + struct.pack(">Q", claimed)
    return head + (mask + masked_with(payload, mask) if mask else payload)


class Frame:
    def __init__(self, fin, reserved, opcode, masked, payload):
        self.fin, self.reserved, self.opcode, self.masked, self.payload = fin, reserved, opcode, masked, payload

    @property
    def code(self):
        return struct.unpack(">H", self.payload[:2])[0] if len(self.payload) >= 2 else None

    @property
    def reason(self):
        return self.payload[2:].decode("utf-8", "replace")

    def __repr__(self):
        return f"<frame fin={self.fin} rsv={self.reserved} op={self.opcode} masked={self.masked} {self.payload[:60]!r}>"


def read_frame(exactly):
    """exactly(count) -> bytes."""
    first, second = exactly(2)
    length = second & 127
    if length == 126:
        length = struct.unpack(">H", exactly(2))[0]
    elif length == 127:
        length = struct.unpack(">Q", exactly(8))[0]
    mask = exactly(4) if second & 128 else None
    payload = exactly(length)
    return Frame(bool(first & 128), first >> 4 & 7, first & 15, bool(mask), masked_with(payload, mask) if mask else payload)
