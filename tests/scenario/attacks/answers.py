"""Hostile answers of an upstream, and what a client may see of each. Every byte that must reach no client says poison."""
from dataclasses import dataclass, field

OK = "HTTP/1.1 200 OK\r\n"
SECOND = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
END = "\r\n\r\n"


@dataclass
class Answer:
    name: str
    data: bytes
    outcome: str             # "bad": the gateway's 502; "cut": seen to be broken off; "passes": status, body, fields
    status: int = 200
    body: bytes = b"ok"
    fields: dict = field(default_factory=dict)  # of the client's answer: name -> values
    trailers: list = field(default_factory=list)
    reused: bool = False     # may the upstream's connection be used for another request
    method: str = "GET"
    then: str = "keep"       # what the upstream does with its connection: keep, close, reset


def bad(name, text, **more):
    return Answer(name, text.encode("latin-1"), "bad", **more)


def cut(name, text, **more):
    return Answer(name, text.encode("latin-1"), "cut", **more)


def passes(name, text, **more):
    return Answer(name, text.encode("latin-1"), "passes", **more)


def heads():
    """Heads that are no answer to anybody."""
    table = {
        "no HTTP": "poison" + END, "binary": "".join(map(chr, range(256))) * 4,
        "HTTP/2 preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "HTTP/3.0": "HTTP/3.0 200 OK" + END, "HTTP/2": "HTTP/2 200 OK" + END, "HTTP/0.9": "<html>poison</html>",
        "lower case": "http/1.1 200 OK" + END,
        "ICY": "ICY 200 OK" + END, "HTTP/1.10": "HTTP/1.10 200 OK" + END, "no status": "HTTP/1.1 " + END,
        "no space": "HTTP/1.1200 OK" + END,
        "two spaces": "HTTP/1.1  200 OK" + END, "tab": "HTTP/1.1\t200 OK" + END, "status 000": "HTTP/1.1 000 X" + END,
        "status 99": "HTTP/1.1 99 X" + END,
        "status 099": "HTTP/1.1 099 X" + END, "status 600": "HTTP/1.1 600 X" + END,
        "status 999": "HTTP/1.1 999 X" + END, "status 1000": "HTTP/1.1 1000 X" + END,
        "status 2x0": "HTTP/1.1 2x0 X" + END, "status -20": "HTTP/1.1 -20 X" + END,
        "status joined": "HTTP/1.1 200OK" + END,
        "space before": " HTTP/1.1 200 OK" + END, "empty line before": "\r\n" + OK + END,
        "a request": "GET /poison HTTP/1.1\r\nHost: poison" + END,
        "CR in the reason": "HTTP/1.1 200 a\rb" + END, "LF in the reason": "HTTP/1.1 200 a\nSet-Cookie: poison" + END,
        "NUL in the reason": "HTTP/1.1 200 a\0b" + END,
        "ESC in the reason": "HTTP/1.1 200 \x1b[2J" + END, "bare LF": "HTTP/1.1 200 OK\nContent-Length: 6\n\npoison",
        "half a head": OK + "Content-Le",
        "no head": "", "half a status line": "HTTP/1.", "huge head": OK + "X: " + "a" * 200_000 + END,
        "head without end": OK + "X: y\r\n" * 5000,
        "300 fields": OK + "X: y\r\n" * 300 + "\r\n",
        "101 unasked": "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade" + END + "poison",
        "101 to h2c": "HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade" + END + "poison",
        "101 alone": "HTTP/1.1 101 X" + END,
        "100 and no end": "HTTP/1.1 100 Continue" + END, "1000 of 100": ("HTTP/1.1 100 Continue" + END) * 1000,
        "17 of 103": ("HTTP/1.1 103 X" + END) * 17,
        "an interim answer that is broken": "HTTP/1.1 103 X\r\nX: a\rb" + END + SECOND,
    }
    for name, text in table.items():
        yield bad(name, text, then="close", method="POST" if len(text) < 12 or name == "no head" else "GET")
    lines = {
        "LF in a value": "X: a\nSet-Cookie: poison=1", "CR in a value": "X: a\rb", "NUL in a value": "X: a\0b",
        "control byte": "X: a\x01b", "DEL": "X: \x7f",
        "fold": "X: a\r\n b", "fold by tab": "X: a\r\n\tb", "space before the colon": "X : y",
        "no colon": "Content-Length 0", "no name": ": x",
        "space before the name": " X: y", "NUL in the name": "X\0: y", "8 bits in the name": "X\xe9: y",
        "CR CR LF": "X: y\r",
    }
    for name, line in lines.items():
        yield bad(f"field with {name}", f"{OK}{line}\r\nContent-Length: 2{END}ok")


def framing():
    """Bodies whose end is in doubt."""
    for name, line in {
            "two lengths that differ": "Content-Length: 2\r\nContent-Length: 6",
        "two equal lengths": "Content-Length: 2\r\nContent-Length: 2",
            "a list of lengths": "Content-Length: 2, 2",
        "length and coding": "Content-Length: 6\r\nTransfer-Encoding: chunked",
            "coding and length": "Transfer-Encoding: chunked\r\nContent-Length: 6",
        "negative length": "Content-Length: -1", "hex length": "Content-Length: 0x2",
            "length with plus": "Content-Length: +2", "length with a space": "Content-Length: 2 2",
        "empty length": "Content-Length:",
            "length over 64 bits": "Content-Length: 18446744073709551618", "length with VT": "Content-Length: \x0b2",
        "length with zeros": "Content-Length: 02",
            "unknown coding": "Transfer-Encoding: gzip", "identity": "Transfer-Encoding: identity",
        "gzip, chunked": "Transfer-Encoding: gzip, chunked",
            "chunked twice": "Transfer-Encoding: chunked, chunked",
        "chunked in two fields": "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "chunked and identity": "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "xchunked": "Transfer-Encoding: xchunked",
            "quoted": 'Transfer-Encoding: "chunked"', "empty coding": "Transfer-Encoding:",
        "coding with VT": "Transfer-Encoding: \x0bchunked",
            "coding folded": "Transfer-Encoding:\r\n chunked",
        "coding with a space before the colon": "Transfer-Encoding : chunked",
            "length with a space before the colon": "Content-Length : 2"}.items():
        yield bad(name, f"{OK}{line}{END}0{END}{SECOND}")
    yield bad("coding in HTTP/1.0", f"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked{END}0{END}")
    chunked = f"{OK}Transfer-Encoding: chunked{END}"
    for name, text in {
            "size with 0x": "0x2\r\nok\r\n0", "size with plus": "+2\r\nok\r\n0", "size with a space": "2 \r\nok\r\n0",
        "size ends with LF": "2\nok\r\n0", "no size": "\r\nok\r\n0",
            "size over 64 bits": "10000000000000002\r\nok\r\n0", "letters": "zz\r\nok\r\n0",
        "extension with LF": "2;a\nb\r\nok\r\n0", "extension with CR": "2;a\rb\r\nok\r\n0",
            "data over its size": "2\r\nokXX\r\n0", "data ends with LF": "2\r\nok\n0",
        "data ends with nothing": "2\r\nok0", "the last with a minus": "2\r\nok\r\n-0",
            "trailer without colon": "2\r\nok\r\n0\r\nnonsense", "trailer with LF": "2\r\nok\r\n0\r\nX: y\nZ: w",
        "trailer folded": "2\r\nok\r\n0\r\nX: y\r\n z",
            "trailers without end": "2\r\nok\r\n0\r\n" + "X: y\r\n" * 20000}.items():
        yield cut(f"chunk {name}", chunked + text + END + SECOND)
    for then in ("close", "reset"):
        yield cut(f"{then} in a body", f"{OK}Content-Length: 100000{END}half", then=then)
        yield cut(f"{then} in a chunk", f"{chunked}5\r\nhel", then=then)
        yield cut(f"{then} between chunks", f"{chunked}5\r\nhello\r\n", then=then)
        yield cut(f"{then} before the last empty line", f"{chunked}5\r\nhello\r\n0\r\n", then=then)
        yield cut(f"{then} in a trailer", f"{chunked}5\r\nhello\r\n0\r\nX: ", then=then)


def bodies():
    """Answers that are right, and what must not come with them."""
    two = f"{OK}Content-Length: 2{END}ok"
    yield passes("as it should be", two, reused=True)
    yield passes("in chunks", f"{OK}Transfer-Encoding: chunked{END}2;x=poison\r\nok\r\n0\r\n\r\n", reused=True)
    yield passes("in odd chunks", f"{OK}transfer-encoding:\tChunked {END}0001\r\no\r\n1\r\nk\r\n000\r\n\r\n", reused=True)
    yield passes("in no chunk", f"{OK}Transfer-Encoding: chunked{END}0{END}", body=b"", reused=True)
    yield passes("of an unusual status", f"HTTP/1.1 599 Odd\r\nContent-Length: 2{END}ok", status=599, reused=True)
    yield passes("without a reason", f"HTTP/1.1 200 \r\nContent-Length: 2{END}ok", reused=True)
    yield passes("with 8 bits in the reason", f"HTTP/1.1 200 \xe4\xff\r\nContent-Length: 2{END}ok", reused=True)
    yield passes("until close", f"{OK}X: y{END}ok", then="close")
    yield passes("HTTP/1.0", f"HTTP/1.0 200 OK{END}ok", then="close")
    yield passes("HTTP/1.0 with a length", f"HTTP/1.0 200 OK\r\nContent-Length: 2{END}ok")
    yield passes("HTTP/1.0 kept alive", f"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2{END}ok",
                 reused=True)
    yield passes("Connection: close and kept", f"{OK}Connection: close\r\nContent-Length: 2{END}ok")
    yield passes("Connection: close in a list", f"{OK}Connection: x, CLOSE\r\nContent-Length: 2{END}ok")
    yield passes("length named by Connection", f"{OK}Connection: Content-Length\r\nContent-Length: 2{END}ok", reused=True)
    yield passes("two answers", two + SECOND)
    yield passes("two answers, the first empty", f"{OK}Content-Length: 0{END}{SECOND}", body=b"")
    yield passes("two answers in chunks", f"{OK}Transfer-Encoding: chunked{END}2\r\nok\r\n0\r\n\r\n{SECOND}")
    yield passes("a body over its length", f"{OK}Content-Length: 2{END}okpoison")
    yield passes("an empty line behind", two + "\r\n")
    yield passes("a byte behind", two + "p")
    yield passes("an interim answer behind", two + f"HTTP/1.1 100 Continue{END}")
    yield passes("100 and two answers", f"HTTP/1.1 100 Continue{END}{two}{SECOND}")
    yield passes("16 of 103", f"HTTP/1.1 103 X\r\nSet-Cookie: poison=1\r\nLink: </poison>{END}" * 16 + two, reused=True)
    yield passes("100 with a length", f"HTTP/1.1 100 Continue\r\nContent-Length: 6{END}{two}", reused=True)
    for status in (204, 304):
        empty = {"status": status, "body": b"", "fields": {"transfer-encoding": []}}
        start = f"HTTP/1.1 {status} X\r\n"
        yield passes(f"{status}", start + "\r\n", reused=True, **empty)
        yield passes(f"{status} with a body", f"{start}\r\n{SECOND}", **empty)
        yield passes(f"{status} with a length and a body", f"{start}Content-Length: 6{END}poison", **empty)
        yield passes(f"{status} in chunks", f"{start}Transfer-Encoding: chunked{END}6\r\npoison\r\n0\r\n\r\n", **empty)
        yield bad(f"{status} with two lengths", f"{start}Content-Length: 6\r\nContent-Length: 0{END}")
    yield passes("205 with a body", f"HTTP/1.1 205 X\r\nContent-Length: 2{END}ok", status=205, reused=True)
    yield passes("HEAD", f"{OK}Content-Length: 6{END}", method="HEAD", body=b"", fields={"content-length": ["6"]},
                 reused=True)
    yield passes("HEAD with a body", f"{OK}Content-Length: 6{END}poison", method="HEAD", body=b"")
    yield passes("HEAD with a body in chunks", f"{OK}Transfer-Encoding: chunked{END}6\r\npoison\r\n0\r\n\r\n",
                 method="HEAD", body=b"")
    yield passes("HEAD with another answer", f"{OK}Content-Length: 6{END}{SECOND}", method="HEAD", body=b"")
    yield bad("HEAD with two lengths", f"{OK}Content-Length: 6\r\nContent-Length: 0{END}", method="HEAD")


def fields():
    """Fields that are not the upstream's to set. What may stay says ok."""
    table = {
        "session cookie": ("Set-Cookie: __Host-sallyport=poison; Secure; Path=/", "set-cookie"),
        "session cookie in capitals": ("SET-COOKIE: __HOST-SALLYPORT=poison; Secure; Path=/", "set-cookie"),
        "flow cookie": ("Set-Cookie: __Host-sallyport-flow=poison", "set-cookie"),
        "cookie without a name": ("Set-Cookie: =__Host-sallyport=poison", "set-cookie"),
        "cookie behind white space": ("Set-Cookie:   \t __host-sallyport=poison", "set-cookie"),
        "cookie without equals": ("Set-Cookie: __Host-sallyport", "set-cookie"),
        "cookie of the domain": ("Set-Cookie: a=poison; DOMAIN =apps.localhost", "set-cookie"),
        "cookie of an empty domain": ("Set-Cookie: a=poison;domain", "set-cookie"),
        "user": ("X-Sallyport-User: poison", "x-sallyport-user"),
        "anything": ("x_sallyport.Anything: poison", "x_sallyport.anything"), "alt-svc": ("ALT-SVC: poison", "alt-svc"),
        "clear-site-data": ('Clear-Site-Data: "poison"', "clear-site-data"),
        "service worker": ("Service-Worker-Allowed: /poison", "service-worker-allowed"),
        "NEL": ("NEL: poison", "nel"), "report-to": ("Report-To: poison", "report-to"),
        "keep-alive": ("Keep-Alive: poison", "keep-alive"), "upgrade": ("Upgrade: poison", "upgrade"),
        "trailer": ("Trailer: poison", "trailer"),
        "named by Connection": ("Connection: X-Gone\r\nX-Gone: poison", "x-gone"), "TE": ("TE: poison", "te"),
        "proxy challenge": ("Proxy-Authenticate: poison", "proxy-authenticate"),
        "proxy connection": ("Proxy-Connection: poison", "proxy-connection"),
        "HSTS": ("Strict-Transport-Security: max-age=0", ""),
        "HTTP2-Settings": ("HTTP2-Settings: poison", "http2-settings"),
    }
    for name, (line, gone) in table.items():
        wanted = {gone: [], "x-stay": ["ok"]} if gone else {"strict-transport-security": ["max-age=31536000"]}
        yield passes(f"field {name}", f"{OK}{line}\r\nX-Stay: ok\r\nContent-Length: 2{END}ok", fields=wanted, reused=True)
    chunked = f"{OK}Transfer-Encoding: chunked{END}2\r\nok\r\n0\r\n"
    for line in ("Set-Cookie: a=poison", "X-Sallyport-User: poison", "x_sallyport_user: poison", "Content-Length: 100",
                 "Transfer-Encoding: chunked", "Connection: poison",
                 "Alt-Svc: poison", "Host: poison", "Content-Type: text/poison", "Location: //poison"):
        yield passes(f"trailer {line}", f"{chunked}{line}\r\nX-Sum: ok{END}", trailers=[("X-Sum", "ok")], reused=True)
