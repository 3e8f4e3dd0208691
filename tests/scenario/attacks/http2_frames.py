"""HTTP/2 frames, streams, settings and header blocks that are wrong, and some that are odd and right (RFC 9113 s4 to s6)."""
import hpack_wire as hpack
import http2_wire as http2
from http2_wire import (COMPRESSION_ERROR, DATA, END_HEADERS, END_STREAM, FLOW_CONTROL_ERROR,
                        FRAME_SIZE_ERROR, GOAWAY, HEADERS, PADDED,
                        PING, PRIORITY, PROTOCOL_ERROR, PUSH_PROMISE, RST_STREAM, SETTINGS, STREAM_CLOSED, WINDOW_UPDATE)

from attacks.http2_case import connection_error, stream_error

PROTOCOL, SIZE, COMPRESSION = (connection_error(code) for code in (PROTOCOL_ERROR, FRAME_SIZE_ERROR, COMPRESSION_ERROR))
WRONG = PROTOCOL + SIZE


def streams(m):
    def alone(name, *pieces, allowed=PROTOCOL, **more):
        return m.frames(name, *pieces, allowed=allowed, **({"watch": 0} | more))

    def right(name):
        return m.pairs(name)

    yield alone("HEADERS on stream 0", http2.headers(0, right("x")))
    yield alone("HEADERS on an even stream", http2.headers(2, right("x")))
    # nghttp2 takes the lower stream for one that is closed already, and passes the frame over.
    yield alone("HEADERS on a lower stream", m.whole("HEADERS on a lower stream", 5), http2.headers(3, right("x")),
                late=True,
                allowed=("alive",) + connection_error(PROTOCOL_ERROR, STREAM_CLOSED),
                wanted=http2_wanted(m, "HEADERS on a lower stream", "GET"))
    yield alone("DATA on stream 0", http2.data(0, b"x"))
    yield alone("DATA on an idle stream", http2.data(7, b"x"), allowed=connection_error(PROTOCOL_ERROR, STREAM_CLOSED))
    yield alone("DATA on an even stream", http2.data(2, b"x"), allowed=connection_error(PROTOCOL_ERROR, STREAM_CLOSED))
    yield alone("RST_STREAM on an idle stream", http2.rst_stream(7))
    yield alone("RST_STREAM on stream 0", http2.rst_stream(0))
    yield alone("RST_STREAM of 3 bytes", http2.frame(RST_STREAM, 0, 1, b"abc"), allowed=WRONG)
    yield alone("WINDOW_UPDATE on an idle stream", http2.window_update(7, 1))
    yield alone("WINDOW_UPDATE of 0", http2.window_update(0, 0))
    yield alone("WINDOW_UPDATE of 3 bytes", http2.frame(WINDOW_UPDATE, 0, 0, b"abc"), allowed=SIZE)
    yield alone("WINDOW_UPDATE too far", http2.window_update(0, 0x7fffffff), allowed=connection_error(FLOW_CONTROL_ERROR))
    yield alone("CONTINUATION without HEADERS", http2.continuation(1, b"\x82"))
    yield alone("CONTINUATION on stream 0", http2.continuation(0, b"\x82"))
    yield alone("PUSH_PROMISE", http2.frame(PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\2" + http2.block(right("x"))))
    yield alone("GOAWAY on a stream", http2.frame(GOAWAY, 0, 1, bytes(8)))
    yield alone("GOAWAY of 7 bytes", http2.frame(GOAWAY, 0, 0, bytes(7)), allowed=WRONG)
    yield alone("PRIORITY on stream 0", http2.frame(PRIORITY, 0, 0, bytes(5)),
                allowed=("alive",) + PROTOCOL)  # nghttp2 looks at none
    yield alone("PING on a stream", http2.frame(PING, 0, 1, bytes(8)))
    yield alone("PING of 7 bytes", http2.frame(PING, 0, 0, bytes(7)), allowed=SIZE)
    yield alone("a PONG nobody asked for", http2.ping(b"nobody..", http2.ACK), allowed=("alive",))
    yield alone("PRIORITY of itself on an idle stream", http2.frame(PRIORITY, 0, 7, b"\0\0\0\7\0"),
                allowed=("alive",) + PROTOCOL)
    yield alone("PRIORITY of 4 bytes", http2.frame(PRIORITY, 0, 7, bytes(4)), allowed=("alive",) + SIZE)
    yield alone("PRIORITY in a circle", *[http2.frame(PRIORITY, 0, a, b.to_bytes(4, "big") + b"\0") for a,
                                          b in ((3, 5), (5, 7), (7, 3))], allowed=("alive",))
    for kind in (0x0a, 0x0b, 0x10, 0x7f, 0xff):
        yield alone(f"an unknown frame {kind:#x}", http2.frame(kind, 0xff, 0, b"x" * 100),
                    http2.frame(kind, 0xff, 1001, b"x"), allowed=("alive",))
    yield alone("reserved bits", http2.frame(SETTINGS, 0, 0, reserved=1),
                http2.frame(PING, 0, 0, b"reserved", reserved=1),
                http2.frame(WINDOW_UPDATE, 0, 0, b"\x80\0\0\1"), allowed=("alive",))

    def stream(name, *pieces, allowed, method="POST", end=False, **more):
        return m.frames(name, http2.headers(1, m.pairs(name, method=method), end_stream=end), *pieces, allowed=allowed,
                        **({"partial": True} | more))

    yield stream("WINDOW_UPDATE of 0 on a stream", http2.window_update(1, 0), allowed=stream_error(PROTOCOL_ERROR))
    yield stream("WINDOW_UPDATE too far on a stream", http2.window_update(1, 0x7fffffff),
                 allowed=stream_error(FLOW_CONTROL_ERROR))
    yield stream("a window over its limit by SETTINGS", http2.window_update(1, 0x7fff0000 - 1),
                 http2.settings((http2.INITIAL_WINDOW_SIZE, 0x7fffffff)),
                 allowed=stream_error(FLOW_CONTROL_ERROR))
    yield stream("padding as long as the frame", http2.frame(DATA, PADDED, 1, b"\x05abcd"), allowed=PROTOCOL)
    yield stream("padding longer than the frame", http2.frame(DATA, PADDED, 1, b"\xffabcd"), allowed=PROTOCOL)
    yield stream("padding without its length", http2.frame(DATA, PADDED, 1, b""), allowed=WRONG)
    yield stream("a frame over the limit", http2.frame(DATA, 0, 1, bytes(16385)), allowed=SIZE)
    yield stream("a frame of 16 MiB", http2.frame(DATA, 0, 1, bytes(100), length=0xffffff), allowed=SIZE)
    yield stream("HEADERS in the middle of a body without an end", http2.headers(1, [("x", "y")], end_stream=False),
                 allowed=stream_error(PROTOCOL_ERROR) + ("400",))
    yield stream("the client takes it back", http2.data(1, b"abc", False), http2.rst_stream(1), http2.ping(b"are you?"),
                 allowed=("alive",), watch=0)
    yield stream("PRIORITY of itself", http2.frame(PRIORITY, 0, 1, b"\0\0\0\1\0"), http2.data(1, b""),
                 allowed=("200",) + stream_error(PROTOCOL_ERROR),
                 wanted=http2_wanted(m, "PRIORITY of itself", "POST"))
    closed = stream_error(STREAM_CLOSED) + ("200",)
    for name, piece in {"DATA behind the end": http2.data(1, b"x"),
                        "HEADERS behind the end": http2.headers(1, [("x", "y")]),
                        "a request behind the end": m.whole("again", 1)}.items():
        yield stream(name, piece, method="GET", end=True, allowed=closed + stream_error(PROTOCOL_ERROR), late=True,
                     wanted=http2_wanted(m, name, "GET"))
    yield stream("DATA behind RST_STREAM", http2.rst_stream(1), http2.data(1, b"x"),
                 allowed=("alive",) + connection_error(STREAM_CLOSED), watch=0)
    yield stream("HEADERS behind RST_STREAM", http2.rst_stream(1), http2.headers(1, m.pairs("x")),
                 allowed=("alive",) + connection_error(STREAM_CLOSED, PROTOCOL_ERROR), watch=0)
    yield stream("WINDOW_UPDATE behind the end", http2.window_update(1, 1), method="GET", end=True, allowed=("200",),
                 wanted=http2_wanted(m, "WINDOW_UPDATE behind the end", "GET"))
    yield m.passes("GOAWAY and a request", m.whole("GOAWAY and a request"), http2.goaway(),
                   allowed=("closed", "goaway:0"), late=True, last=True)
    yield m.frames("GOAWAY and then a request", http2.goaway(), m.whole("GOAWAY and then a request"),
                   allowed=("closed", "goaway:0", "200"), late=True, last=True,
                   wanted=http2_wanted(m, "GOAWAY and then a request", "GET"))
    yield m.passes("reserved bits of a request", http2.frame(HEADERS, END_STREAM | END_HEADERS, 1,
                                                             http2.block(m.pairs("reserved bits of a request")),
                                                             reserved=1))
    yield m.passes("unknown flags", http2.frame(HEADERS, END_STREAM | END_HEADERS | 0xd2 & ~0x28, 1,
                                                http2.block(m.pairs("unknown flags"))))
    yield m.passes("padding of HEADERS", http2.headers(1, m.pairs("padding of HEADERS"), pad=200))
    yield m.passes("priority in HEADERS", http2.headers(1, m.pairs("priority in HEADERS"), priority=b"\x80\0\0\0\xff"))
    yield m.frames("priority of itself in HEADERS", http2.headers(1, m.pairs("priority of itself in HEADERS"),
                                                                  priority=b"\0\0\0\1\xff"),
                   allowed=("200",) + stream_error(PROTOCOL_ERROR),
                   wanted=http2_wanted(m, "priority of itself in HEADERS", "GET"))
    yield m.passes("an unknown frame on the stream", m.whole("an unknown frame on the stream"),
                   http2.frame(0xfe, 1, 1, b"x"))
    yield m.passes("padding of DATA", http2.headers(1, m.pairs("padding of DATA", method="POST"), end_stream=False),
                   http2.data(1, b"abc", False, pad=255), http2.data(1, b"", pad=0),
                   wanted=http2_wanted(m, "padding of DATA", "POST", b"abc"))


def http2_wanted(m, name, method, body=b""):
    return m.passes(name).wanted.__class__(f"/{m.slug(name)}", method, body)


def blocks(m):
    def alone(name, *pieces, allowed=PROTOCOL, **more):
        return m.frames(name, *pieces, allowed=allowed, watch=0, **more)

    half = http2.block(m.pairs("half"))
    opened = http2.frame(HEADERS, END_STREAM, 1, half[:20])
    for name, piece in {"DATA": http2.data(1, b"x"), "PING": http2.ping(), "SETTINGS": http2.settings(),
                        "an unknown frame": http2.frame(0xfe, 0, 0), "HEADERS": m.whole("other", 3),
                        "CONTINUATION of another stream": http2.continuation(3, half[20:]),
                        "RST_STREAM": http2.rst_stream(1), "WINDOW_UPDATE": http2.window_update(0, 1),
                        "PRIORITY": http2.frame(PRIORITY, 0, 1, bytes(5)), "GOAWAY": http2.goaway()}.items():
        yield alone(f"{name} inside a header block", opened, piece)
    yield alone("padding of HEADERS too long", http2.frame(HEADERS, PADDED | END_STREAM | END_HEADERS, 1, b"\xff" + half))
    yield alone("HEADERS too short for its priority", http2.frame(HEADERS, 0x20 | END_STREAM | END_HEADERS, 1, b"abc"),
                allowed=WRONG)
    pieces = http2.block(m.pairs("a block in pieces"))
    yield m.passes("a block in pieces", http2.frame(HEADERS, END_STREAM, 1, pieces[:1]),
                   http2.continuation(1, pieces[1:60], False),
                   http2.continuation(1, b"", False), http2.continuation(1, pieces[60:], False),
                   http2.continuation(1, b""))
    bad = {
        "index 0": b"\x80", "an index nobody has": hpack.indexed(200), "a huge index": b"\xff\xff\xff\xff\xff\x7f",
        "an integer without end": b"\xff" + b"\x80" * 20,
        "an integer over 64 bits": b"\xff" + b"\xff" * 9 + b"\x7f", "a name index nobody has": hpack.added(200, "x"),
        "a string longer than the block": b"\x00\x05ab",
        "a string of 4 GiB": b"\x00\x7f\xff\xff\xff\xff\x0fabc", "a block that ends in a name": b"\x00",
        "a block that ends before the value": b"\x00\x01x",
        "EOS in a string": b"\x00\x01x\x84\xff\xff\xff\xff",
        "padding of a string that is not ones": b"\x00\x01x\x81\x00", "padding of 8 bits": b"\x00\x01x\x82\x07\xff",
        "a table larger than allowed": hpack.size_update(1 << 20), "a table of 4 GiB": hpack.size_update((1 << 32) - 1),
        "a size update behind a field": hpack.indexed(2) + hpack.size_update(0),
    }
    for name, piece in bad.items():
        yield alone(name, http2.headers(1, [piece, *m.pairs("x")]), allowed=COMPRESSION)
    yield alone("a bad block in trailers", http2.headers(1, m.pairs("a bad block in trailers", method="POST"),
                                                         end_stream=False), http2.headers(1, [b"\x80"]),
                allowed=COMPRESSION, partial=True)
    yield alone("a bad block on a stream that is refused", http2.headers(1, [(":bad", "x"), b"\x80"]),
                allowed=COMPRESSION + PROTOCOL)
    yield m.passes("a table made empty", http2.headers(1, [hpack.size_update(0), hpack.size_update(4096),
                                                           *m.pairs("a table made empty")]))
    coded = b"".join(hpack.literal(name, value, True) for name, value in m.pairs("in Huffman"))
    yield m.passes("in Huffman", http2.headers(1, [coded]))
    names = [hpack.added("x-" + str(n), "v" * 100) for n in range(60)]
    yield m.passes("a table that overflows", http2.headers(1, [*m.pairs("a table that overflows"), *names]))


def settings(m):
    def alone(name, *pieces, allowed, **more):
        return m.frames(name, *pieces, allowed=allowed, watch=0, **more)

    flow = connection_error(FLOW_CONTROL_ERROR, PROTOCOL_ERROR)
    yield alone("SETTINGS of 5 bytes", http2.frame(SETTINGS, 0, 0, bytes(5)), allowed=SIZE)
    yield alone("SETTINGS on a stream", http2.settings((3, 1), stream=1), allowed=PROTOCOL)
    yield alone("an ACK with a payload", http2.settings((3, 1), flags=http2.ACK), allowed=SIZE)
    yield alone("an ACK nobody waits for", *[http2.settings(flags=http2.ACK)] * 5, allowed=("alive",) + PROTOCOL)
    yield alone("ENABLE_PUSH of 2", http2.settings((http2.ENABLE_PUSH, 2)), allowed=PROTOCOL)
    yield alone("a window of 2 to the 31", http2.settings((http2.INITIAL_WINDOW_SIZE, 1 << 31)), allowed=flow)
    yield alone("frames of 16383", http2.settings((http2.MAX_FRAME_SIZE, 16383)), allowed=PROTOCOL)
    yield alone("frames of 2 to the 24", http2.settings((http2.MAX_FRAME_SIZE, 1 << 24)), allowed=PROTOCOL)
    yield alone("ENABLE_CONNECT_PROTOCOL of 2", http2.settings((http2.ENABLE_CONNECT_PROTOCOL, 2)),
                allowed=("alive",) + PROTOCOL)
    yield alone("settings nobody knows", http2.settings((0, 1), (0xffff, 0xffffffff), (7, 7)), allowed=("alive",))
    yield alone("a table of 4 GiB by SETTINGS", http2.settings((http2.HEADER_TABLE_SIZE, 0xffffffff)), allowed=("alive",))
    yield alone("no table", http2.settings((http2.HEADER_TABLE_SIZE, 0)), allowed=("alive",))
    yield alone("head lists of nothing", http2.settings((http2.MAX_HEADER_LIST_SIZE, 0xffffffff)), allowed=("alive",))
    yield alone("the same setting 2000 times", http2.settings(*[(http2.INITIAL_WINDOW_SIZE, 65535)] * 2000),
                allowed=("alive",) + connection_error(http2.ENHANCE_YOUR_CALM))


def beginnings(m):
    gone = ("closed", *PROTOCOL)

    def first(name, data, allowed=gone):
        return m.frames(name, data if isinstance(data, bytes) else data.encode(), allowed=allowed, watch=0, hello=False)

    yield first("HTTP/1.1 over h2", f"GET /x HTTP/1.1\r\n{m.base}\r\n\r\n")
    yield first("a preface cut and another byte", http2.PREFACE[:-1] + b"X" + http2.settings())
    yield first("a preface of HTTP/1", http2.PREFACE.replace(b"2.0", b"1.1") + http2.settings())
    yield first("no preface", http2.settings() + m.whole("no preface"))
    yield first("the preface twice", http2.PREFACE + http2.PREFACE + http2.settings(), allowed=gone + SIZE)
    yield first("no SETTINGS behind the preface", http2.PREFACE + http2.ping() + m.whole("no SETTINGS"))
    yield first("a request behind the preface", http2.PREFACE + m.whole("a request behind the preface"))
    yield first("an ACK behind the preface", http2.PREFACE + http2.settings(flags=http2.ACK))
    yield first("zeros", bytes(4096))
    yield first("a smuggled preface", http2.PREFACE[:16] + f"GET /smuggled HTTP/1.1\r\n{m.base}\r\n\r\n".encode())
