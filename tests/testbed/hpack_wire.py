"""HPACK by hand (RFC 7541): an encoder that writes what it is told, right or wrong, and a full decoder that refuses what is
wrong. Names and values are bytes."""


class HpackError(Exception):
    """A decoding error (RFC 7541 s2.3.3, s3.2, s4.2, s5, s6)."""


STATIC = [(name, value) for name, _, value in (line.partition(b"=") for line in (
    b":authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|:status=200|:status=204|"
    b":status=206|:status=304|:status=400|:status=404|:status=500|accept-charset|accept-encoding=gzip, deflate|"
    b"accept-language|accept-ranges|accept|access-control-allow-origin|age|allow|authorization|cache-control|"
    b"content-disposition|content-encoding|content-language|content-length|content-location|content-range|content-type|"
    b"cookie|date|etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|if-range|if-unmodified-since|"
    b"last-modified|link|location|max-forwards|proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|"
    b"server|set-cookie|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate").split(b"|"))]
ENTRY_OVERHEAD = 32  # s4.1
EOS = 256
# The code is canonical, so that the lengths are all of it (appendix B): length -> the symbols of that length, in order.
SYMBOLS = {
    5: b"012aceiost", 6: b" %-./3456789=A_bdfghlmnpru", 7: b":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz", 8: b"&*,;XZ", 10: b'!"()?',
    11: b"'+|", 12: b"#>", 13: b"\x00$@[]~", 14: b"^}", 15: b"<`{", 19: b"\\\xc3\xd0", 20: b"\x80\x82\x83\xa2\xb8\xc2\xe0\xe2",
    21: b"\x99\xa1\xa7\xac\xb0\xb1\xb3\xd1\xd8\xd9\xe3\xe5\xe6",
    22: b"\x81\x84\x85\x86\x88\x92\x9a\x9c\xa0\xa3\xa4\xa9\xaa\xad\xb2\xb5\xb9\xba\xbb\xbd\xbe\xc4\xc6\xe4\xe8\xe9",
    23: b"\x01\x87\x89\x8a\x8b\x8c\x8d\x8f\x93\x95\x96\x97\x98\x9b\x9d\x9e\xa5\xa6\xa8\xae\xaf\xb4\xb6\xb7\xbc\xbf\xc5\xe7\xef",
    24: b"\t\x8e\x90\x91\x94\x9f\xab\xce\xd7\xe1\xec\xed", 25: b"\xc7\xcf\xea\xeb",
    26: b"\xc0\xc1\xc8\xc9\xca\xcd\xd2\xd5\xda\xdb\xee\xf0\xf2\xf3\xff",
    27: b"\xcb\xcc\xd3\xd4\xd6\xdd\xde\xdf\xf1\xf4\xf5\xf6\xf7\xf8\xfa\xfb\xfc\xfd\xfe",
    28: b"\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f\xdc\xf9",
    30: b"\n\r\x16"}


def _codes():
    """symbol -> (code, length)."""
    out, code, before = {}, 0, 0
    for length, symbols in SYMBOLS.items():
        code <<= length - before
        before = length
        for symbol in list(symbols) + ([EOS] if length == 30 else []):
            out[symbol] = (code, length)
            code += 1
    return out


CODES = _codes()
SYMBOL_OF = {(length, code): symbol for symbol, (code, length) in CODES.items()}


def huffman(data):
    bits = "".join(f"{code:0{length}b}" for code, length in (CODES[byte] for byte in data))
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big") if bits else b""


def unhuffman(data):
    out, code, length = bytearray(), 0, 0
    for byte in data:
        for shift in range(7, -1, -1):
            code, length = code << 1 | byte >> shift & 1, length + 1
            symbol = SYMBOL_OF.get((length, code))
            if symbol == EOS:
                raise HpackError("EOS in a string")
            if symbol is not None:
                out.append(symbol)
                code = length = 0
    if length > 7 or code != (1 << length) - 1:
        raise HpackError("padding of a string")
    return bytes(out)


# --- the encoder: pieces of a header block


def integer(value, prefix, first=0):
    most = (1 << prefix) - 1
    if value < most:
        return bytes([first | value])
    out, value = bytearray([first | most]), value - most
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode("latin-1")


def string(data, coded=False):
    data = as_bytes(data)
    coded_data = huffman(data) if coded else data
    return integer(len(coded_data), 7, 0x80 if coded else 0) + coded_data


def literal(name, value, coded=False):
    """Never indexed (s6.2.3)."""
    return b"\x10" + string(name, coded) + string(value, coded)


def added(name, value, coded=False):
    """Literal that goes into the dynamic table (s6.2.1); name: text, or an index."""
    start = integer(name, 6, 0x40) if isinstance(name, int) else b"\x40" + string(name, coded)
    return start + string(value, coded)


def unindexed(name, value, coded=False):
    """Literal without indexing (s6.2.2); name: text, or an index."""
    start = integer(name, 4) if isinstance(name, int) else b"\x00" + string(name, coded)
    return start + string(value, coded)


def indexed(number):
    return integer(number, 7, 0x80)


def size_update(size):
    return integer(size, 5, 0x20)


# --- the decoder


class Decoder:
    def __init__(self, size_max=4096):
        self.size_max = self.size = size_max  # what we allow; what the encoder uses of it
        self.table = []  # newest first
        self.kept = 0

    def _evict(self):
        while self.kept > self.size:
            name, value = self.table.pop()
            self.kept -= len(name) + len(value) + ENTRY_OVERHEAD

    def _add(self, name, value):
        self.table.insert(0, (name, value))
        self.kept += len(name) + len(value) + ENTRY_OVERHEAD
        self._evict()

    def _entry(self, number):
        if 1 <= number <= len(STATIC):
            return STATIC[number - 1]
        if 1 <= number - len(STATIC) <= len(self.table):
            return self.table[number - len(STATIC) - 1]
        raise HpackError(f"index {number}")

    def decode(self, block):
        """The fields of a header block, in order."""
        self._block, self._at, fields = block, 0, []
        while self._at < len(block):
            first = block[self._at]
            if first & 0x80:
                fields.append(self._entry(self._integer(7)))
            elif first & 0x40:
                fields.append(self._literal(6))
                self._add(*fields[-1])
            elif first & 0x20:
                if fields:
                    raise HpackError("size update behind a field")
                self.size = self._integer(5)
                if self.size > self.size_max:
                    raise HpackError(f"table of {self.size}")
                self._evict()
            else:
                fields.append(self._literal(4))
        return fields

    def _take(self, count):
        piece = self._block[self._at:self._at + count]
        if len(piece) < count:
            raise HpackError("block too short")
        self._at += count
        return piece

    def _integer(self, prefix):
        most = (1 << prefix) - 1
        value, shift = self._take(1)[0] & most, 0
        if value < most:
            return value
        while True:
            byte = self._take(1)[0]
            value += (byte & 127) << shift
            shift += 7
            if value > 1 << 32 or shift > 35:
                raise HpackError("integer too large")
            if not byte & 128:
                return value

    def _string(self):
        coded = self._block[self._at:self._at + 1] >= b"\x80"
        data = self._take(self._integer(7))
        return unhuffman(data) if coded else bytes(data)

    def _literal(self, prefix):
        number = self._integer(prefix)
        name = self._entry(number)[0] if number else self._string()
        return name, self._string()
