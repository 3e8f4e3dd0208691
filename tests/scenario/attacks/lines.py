"""Lines that end, begin or are made in a way that one reader of two takes: bare LF and CR, NUL, folds, white space, versions."""
from attacks.case import CRLF

FIELDS = {
    "space before the name": " X: y", "fold": "X: a\r\n b", "fold by tab": "X: a\r\n\tb",
    "fold of nothing": "X:\r\n \r\n\t",
    "no colon": "nonsense", "no name": ": x", "space in the name": "X y: z", "bare LF behind": "X: y\nZ: w",
    "bare CR in the value": "X: a\rb",
    "bare CR at the end": "X: a\r", "CR CR LF": "X: y\r\r", "LF CR": "X: y\n\rZ: w", "bare CR in the name": "X\r: b",
    "NUL in the value": "X: a\0b",
    "NUL in the name": "X\0: b", "control byte": "X: a\x01b", "ESC": "X: \x1b[2J", "DEL": "X: a\x7fb",
    "8 bits in the name": "X\xe9: b",
    "bracket in the name": "X(y): b", "slash in the name": "X/y: b", "colon twice": "X::\0",
    "tab before the colon": "X\t: b",
    "an encoded end": "X: y\0\r\nZ: w", "a vertical tab alone": "\x0b: y", "a lone CR": "\r",
    "quotes in the name": '"X": b',
}
STARTS = {  # the request line
    "two spaces": "GET  /x HTTP/1.1", "tab": "GET\t/x HTTP/1.1", "tab behind the target": "GET /x\tHTTP/1.1",
    "space behind": "GET /x HTTP/1.1 ",
    "space in the target": "GET /a b HTTP/1.1", "space before": " GET /x HTTP/1.1", "tab before": "\tGET /x HTTP/1.1",
    "CR behind": "GET /x HTTP/1.1\r",
    "VT between": "GET\x0b/x HTTP/1.1", "NUL before": "\0GET /x HTTP/1.1", "NUL in the target": "GET /\0 HTTP/1.1",
    "8 bits in the target": "GET /\xe9 HTTP/1.1", "byte order mark": "\xef\xbb\xbfGET /x HTTP/1.1",
    "bad method byte": "G@T /x HTTP/1.1",
    "control byte in the method": "GET\x01 /x HTTP/1.1", "method with a colon": "GET: /x HTTP/1.1",
    "no method": " /x HTTP/1.1",
    "an answer": "HTTP/1.1 200 OK", "a CR in the target": "GET /a\rb HTTP/1.1",
    "a LF in the target": "GET /a\nb HTTP/1.1",
    "two targets": "GET /x /y HTTP/1.1", "a line folded": "GET /x\r\n HTTP/1.1",
    "a version and more": "GET /x HTTP/1.1 HTTP/1.1",
}
VERSIONS = ("HTTP/0.9", "HTTP/2.0", "HTTP/1.10", "HTTP/1.2", "HTTP/01.1", "HTTP/1.01", "http/1.1", "HTTP/1,1", "HTTP/1",
            "HTTP/1.", "HTTP/ 1.1",
            "HTTP/-1.1", "HTTP/1.1a", "HTTPS/1.1", "HTTP\\1.1", "HTTP/\xb9.1", "HTTP/11", "ICY/1.1")


def lines(m):
    for name, line in FIELDS.items():
        yield m.send(f"field with {name}", line)
    for name, start in STARTS.items():
        yield m.send(f"request line with {name}", start=start, refusals=(400, 505) if name == "a line folded" else (400,))
    for version in VERSIONS:
        yield m.send(f"version {version}", start=f"GET /x {version}", refusals=(400, 505))
    yield m.send("no version", start="GET /x", refusals=(400, 505))
    yield m.raw("HTTP/0.9 and no field", "GET /x\r\n", refusals=(400, 505))
    yield m.raw("bare LF everywhere", f"GET /x HTTP/1.1\n{m.base.replace(CRLF, chr(10))}\n\n")
    yield m.raw("bare CR everywhere", f"GET /x HTTP/1.1\r{m.base.replace(CRLF, chr(13))}\r\r")
    yield m.raw("the head ends with LF", f"GET /x HTTP/1.1\r\n{m.base}\r\n\n")
    yield m.raw("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", refusals=(400, 505))
    yield m.raw("a TLS record inside", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    yield m.raw("a PROXY line", "PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n", refusals=(400, 505))
    yield m.raw("a PROXY v2 header", "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + "\x0a\0\0\1" * 3)
    yield m.raw("an SMTP greeting", "EHLO evil.example.test\r\n", refusals=(400, 505))
    yield m.raw("512 empty lines before", CRLF * 512)
    yield m.raw("bare LFs before", "\n\n")
    yield m.raw("NULs before", "\0" * 64)
    # RFC 9112 s2.2: one empty line before a request may be passed over; then it is a request like any other.
    whole = m.send("an empty line before", passes={})
    whole.data, whole.refusals = b"\r\n" + whole.data, (400,)
    yield whole
    yield m.send("HTTP/1.0 that lives on", "Connection: keep-alive", start="GET /http-1-0-that-lives-on HTTP/1.0",
                 passes={})
    yield m.send("HTTP/1.0 with a request behind", start="GET /http-1-0-with-a-request-behind HTTP/1.0", passes={},
                 closes=True)
    yield m.send("Connection: close with a request behind", "Connection: close", passes={}, closes=True)
    yield m.send("Connection: keep-alive and close", "Connection: keep-alive", "Connection: close", passes={},
                 closes=True)
    yield m.send("Connection: CLOSE in a list", "Connection: x,\tCLOSE ,y", passes={}, closes=True)
    yield m.send("Connection with 40 names", "Connection: " + ",".join(f"x{n}" for n in range(40)))
    yield m.send("an empty Connection", "Connection:", passes={})
    yield m.send("commas as Connection", "Connection: ,,,", passes={})
