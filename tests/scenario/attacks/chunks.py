"""Chunks whose sizes, extensions, ends or trailers two readers take differently. The head may have gone on by then; never
the end of it."""

HELLO = "5\r\nhello\r\n"
SIZES = {
    "0x": "0x5", "plus": "+5", "minus": "-5", "space before": " 5", "space behind": "5 ", "tab behind": "5\t",
    "underscore": "0_5",
    "quotes": '"5"', "letter g": "5g", "comma": "5,", "point": "5.", "NUL": "5\0", "NUL before": "\x005", "VT": "5\x0b",
    "8 bit": "5\x85",
    "empty": "", "20 digits": "00000000000000000005", "over 64 bits": "10000000000000005", "all ones": "FFFFFFFFFFFFFFFF",
    "minus as 64 bits": "FFFFFFFFFFFFFFFB", "over 2 to the 63": "8000000000000005", "CR twice": "5\r",
    "space before extension": "5 ;a=b",
    "extension without size": ";a=b",
}
EXTENSIONS = {
    "LF": "5;a\nb", "LF at once": "5;\n", "LF at the end": "5;a=b\n", "bare CR": "5;a\rb", "CR at once": "5;\r",
    "NUL": "5;a\0",
    "LF in quotes": '5;a="\n"', "CRLF in quotes": '5;a="\r\n"', "without end": "5;" + "a" * 20000, "DEL": "5;\x7f",
}


def chunks(m):
    for name, size in SIZES.items():
        yield m.chunked(f"chunk size {name}", f"{size}\r\nhello\r\n0\r\n\r\n")
    for name, size in EXTENSIONS.items():
        yield m.chunked(f"chunk extension {name}", f"{size}\r\nhello\r\n0\r\n\r\n")
    bad = {
        "size ends with LF": "5\nhello\r\n0\r\n\r\n", "size ends with CR": "5\rXhello\r\n0\r\n\r\n",
        "size ends with LF CR": "5\n\rhello\r\n0\r\n\r\n", "data over its size": "5\r\nhelloXX\r\n0\r\n\r\n",
        "data under its size": "6\r\nhello\r\n0\r\n\r\n", "data ends with LF": "5\r\nhello\n0\r\n\r\n",
        "data ends with CR": "5\r\nhello\r0\r\n\r\n", "data ends with nothing": "5\r\nhello0\r\n\r\n",
        "data ends with two CRLF": "5\r\nhello\r\n\r\n0\r\n\r\n", "last with LF": "0\n\r\n", "last with two LF": "0\n\n",
        "last minus": "-0\r\n\r\n", "last with a space": "0 \r\n\r\n", "last then CR CR LF": "0\r\n\r\r\n",
        "last then LF": "0\r\n\n",
        "EXT.TERM": "2;\nxx\r\n5\r\nhello\r\n0\r\n\r\n", "TERM.EXT": "2\r\nxx;\n5\r\nhello\r\n0\r\n\r\n",
        "extensions of 1-byte chunks": "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n" * 3000 + "0\r\n\r\n",
    }
    for name, body in bad.items():
        yield m.chunked(f"chunk {name}", body)
    yield m.chunked("chunk that never comes", HELLO, waits=True, behind=False)
    yield m.chunked("chunk size that never ends", "5", waits=True, behind=False)
    yield m.chunked("chunk of 2 to the 59 bytes", "7FFFFFFFFFFFFFF\r\nhello", waits=True, behind=False)
    good = {
        "one": (HELLO + "0\r\n\r\n", b"hello"), "zeros before": ("0005\r\nhello\r\n000\r\n\r\n", b"hello"),
        "extension": ("5;a=b;c\r\nhello\r\n0;x\r\n\r\n", b"hello"),
        "extension in quotes": ('5;a="b;c"\r\nhello\r\n0\r\n\r\n', b"hello"),
        "of one byte": ("".join(f"1\r\n{c}\r\n" for c in "hello") + "0\r\n\r\n", b"hello"),
        "that looks like the end": ("5\r\n0\r\n\r\n\r\n0\r\n\r\n", b"0\r\n\r\n"),
        "of capitals": ("A\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
        "none": ("0\r\n\r\n", b""),
    }
    for name, (body, wanted) in good.items():
        yield m.chunked(f"chunks {name}", body, passes={"body": wanted})
    inner = m.behind("chunk")
    yield m.chunked("chunk that is a request", f"{len(inner):x}\r\n{inner}\r\n0\r\n\r\n", passes={"body": inner.encode()})


def trailers(m):
    end = HELLO + "0\r\n"
    bad = {
        "with LF": "X: y\n\r\n", "with bare CR": "X: a\rb\r\n\r\n", "without colon": "nonsense\r\n\r\n",
        "folded": "X: a\r\n b\r\n\r\n",
        "without end": "X: y\r\n" * 20000, "with NUL": "X: a\0b\r\n\r\n", "without a name": ": x\r\n\r\n",
        "space before colon": "X : y\r\n\r\n",
        "that is a request line": "GET /smuggled-trailer HTTP/1.1\r\n\r\n", "folded at once": " X: y\r\n\r\n",
        "ends with LF": "X: y\r\n\n",
    }
    for name, text in bad.items():
        yield m.chunked(f"trailer {name}", end + text, refusals=(400, 431))
    yield m.chunked("trailer that never ends", end + "X: y\r\n", waits=True, behind=False)
    gone = ("Content-Length: 100", "Transfer-Encoding: chunked", "Transfer-Encoding: identity", "Host: evil.example.test",
            "Connection: close", "Trailer: X", "TE: gzip", "Upgrade: h2c", "Authorization: Bearer evil", "Cookie: a=b",
            "X-Sallyport-User: admin", "x_sallyport_user: admin", "X-Sallyport.Roles: owner", "X-Forwarded-For: 10.0.0.1",
            "X_Forwarded_For: 10.0.0.1", "Forwarded: for=10.0.0.1", "X-Real-IP: 10.0.0.1", "X-Request-Id: 1",
            "Proxy: http://evil.example.test/",
            "Content_Length: 100", "Expect: 100-continue", "Keep-Alive: timeout=9", "Proxy-Authorization: x",
            "HTTP2-Settings: AAA")
    for line in gone:
        yield m.chunked(f"trailer {line}", f"{end}{line}\r\nX-Sum: 42\r\n\r\n",
                        passes={"body": b"hello", "trailers": [("X-Sum", "42")]})
