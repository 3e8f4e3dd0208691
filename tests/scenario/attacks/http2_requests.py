"""HTTP/2 requests that are another one when they are written as HTTP/1.1: pseudo fields, fields, lengths, trailers."""
import http2_wire as http2

from attacks.case import Wanted
from attacks.http2_case import MALFORMED, FrameAttack

SMUGGLED = "\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
REFUSED = MALFORMED + ("403", "404", "405", "414", "421", "431", "501")


def with_pairs(m, name, change, **more):
    return m.request(name, pairs=change(m.pairs(name)), **more)


def pseudo_fields(m):
    for field in ("method", "scheme", "path"):
        yield m.request(f"no {field}", without=(field,))
    yield m.request("no authority and no host", without=("authority",), allowed=REFUSED)
    for number, field in enumerate(("method", "scheme", "authority", "path")):
        yield with_pairs(m, f"{field} twice", lambda pairs, n=number: pairs[:n + 1] + pairs[n:])
        yield with_pairs(m, f"{field} behind a field", lambda pairs, n=number: pairs[:n] + pairs[n + 1:] + [pairs[n]])
    yield with_pairs(m, "an unknown pseudo field", lambda pairs: [(":unknown", "x"), *pairs])
    yield with_pairs(m, "a status in a request", lambda pairs: [(":status", "200"), *pairs])
    yield with_pairs(m, "a colon alone", lambda pairs: [(":", "x"), *pairs])
    yield with_pairs(m, "pseudo in capitals", lambda pairs: [(":Path", pairs[3][1]), *pairs[:3], *pairs[4:]])
    yield with_pairs(m, "protocol without CONNECT", lambda pairs: [*pairs[:4], (":protocol", "websocket"), *pairs[4:]],
                     allowed=REFUSED)
    for name, value in {"empty": "", "with a space": "GE T", "with a request line": f"GET / HTTP/1.1{SMUGGLED}GET",
                        "with CR": "GET\r", "with LF": "GET\n",
                        "with NUL": "GET\0", "of 8 bits": "GET\xe9", "with a tab": "GET\t", "with a colon": "GET:",
                        "of 5000 letters": "A" * 5000}.items():
        yield m.request(f"method {name}", pseudo={"method": value}, allowed=REFUSED)
    for name in ("TRACE", "TRACK", "trace"):
        yield m.request(f"method {name}", pseudo={"method": name}, allowed=REFUSED)
    for name, value in {"empty": "", "without slash": "x", "with a space": "/a b",
                        "with a request line": f"/x HTTP/1.1{SMUGGLED}", "with CR": "/a\rb",
                        "with LF": "/a\nb", "with NUL": "/a\0b", "of 8 bits": "/\xe9", "with a tab": "/a\tb",
                        "with a fragment": "/a#b", "star with GET": "*",
                        "absolute": "https://evil.example.test/x", "of two slashes": "//evil.example.test/x",
                        "of dots": "/a/../b", "of encoded dots": "/%2e%2e/x",
                        "with a backslash": "/a\\b", "with an encoded slash": "/a%2fb", "with an encoded NUL": "/%00",
                        "with DEL": "/\x7f", "with an encoded end": "/a%0d%0ab",
                        "of 12000 bytes": "/" + "a" * 12000, "with a query alone": "?x"}.items():
        yield m.request(f"path {name}", pseudo={"path": value}, allowed=REFUSED)
    for name, value in {"empty": "", "ftp": "ftp", "with a host": "https://evil.example.test/",
                        "with a space": "ht tps", "with LF": "https\n", "with NUL": "https\0",
                        "with a path": "https:/x", "of 8 bits": "\xe9", "javascript": "javascript"}.items():
        yield m.request(f"scheme {name}", pseudo={"scheme": value}, allowed=REFUSED)
    yield m.request("scheme http on TLS", pseudo={"scheme": "http"}, passes={}, allowed=REFUSED)
    for name, value in {"empty": "", "with a user": f"x@{m.authority}", "with user and password": f"x:y@{m.authority}",
                        "with a path": f"{m.authority}/x", "with a space": f"{m.authority} x",
                        "with CR LF": f"{m.authority}{SMUGGLED}", "with NUL": f"{m.authority}\0",
                        "a list": f"{m.authority},evil", "port over": "crm.apps.localhost:99999",
                        "elsewhere": "evil.example.test", "with a scheme": f"https://{m.authority}",
                        "with a fragment": f"{m.authority}#", "with a backslash": f"{m.authority}\\x",
                        "of two dots": "crm..apps.localhost", "an address": "127.0.0.1"}.items():
        yield m.request(f"authority {name}", pseudo={"authority": value}, allowed=REFUSED)
    yield m.request("authority against host", ("host", "evil.example.test"), allowed=REFUSED)
    yield m.request("authority and another port in host", ("host", "crm.apps.localhost:1"), allowed=REFUSED)
    yield m.request("authority of another and host", ("host", m.authority), pseudo={"authority": "evil.example.test"},
                    allowed=REFUSED)
    yield m.request("two hosts", ("host", m.authority), ("host", m.authority), allowed=REFUSED)
    yield m.request("two hosts without authority", ("host", m.authority), ("host", "evil"), without=("authority",),
                    allowed=REFUSED)
    yield m.request("host alone", ("host", m.authority), without=("authority",), passes={}, allowed=REFUSED)
    yield m.request("host with LF alone", ("host", f"{m.authority}\nx: y"), without=("authority",), allowed=REFUSED)
    yield m.request("host as authority", ("host", m.authority), passes={}, allowed=REFUSED)
    yield m.request("a pseudo field as a field", ("x-path", "/x"), passes={"fields": {"x-path": ["/x"]}})
    # CONNECT has no scheme and no path (s8.5); with :protocol it is another thing (RFC 8441).
    yield m.request("CONNECT", without=("scheme", "path"), pseudo={"method": "CONNECT"}, allowed=REFUSED)
    yield m.request("CONNECT elsewhere", without=("scheme", "path"),
                    pseudo={"method": "CONNECT", "authority": "127.0.0.1:22"}, allowed=REFUSED)
    yield m.request("CONNECT with a path", pseudo={"method": "CONNECT"}, allowed=REFUSED)
    for protocol in ("connect-udp", "h2c", "WebSocket2", "", "web socket", "websocket\r\nx: y"):
        yield with_pairs(m, f"extended CONNECT of {protocol!r}",
                         lambda pairs, p=protocol: [(":method", "CONNECT"), (":protocol", p), *pairs[1:]],
                         allowed=REFUSED)
    version = ("sec-websocket-version", "13")

    def opened(name, *more, end=False, **attack):
        pairs = [(":method", "CONNECT"), (":protocol", "websocket"), *m.pairs(name)[1:], *more]
        return FrameAttack(name, http2.headers(1, pairs, end_stream=end), attack.pop("allowed", REFUSED), **attack)

    yield opened("a WebSocket that ends with its head", version, end=True)
    yield opened("a WebSocket with a length", version, ("content-length", "5"))
    yield opened("a WebSocket of version 12", ("sec-websocket-version", "12"), allowed=REFUSED + ("426",))
    yield opened("a WebSocket of two versions", version, ("sec-websocket-version", "12"), allowed=REFUSED + ("426",))
    yield with_pairs(m, "a WebSocket to the page of the gate", lambda pairs: [
        (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":path", "/.sallyport/login"),
        (":authority", "gate.localhost:" + m.authority.rpartition(":")[2]), version], allowed=REFUSED)
    yield opened("a WebSocket without a version", allowed=REFUSED + ("426",))
    # The upstream says 200 to it: no tunnel, whatever the client would take a 200 for (RFC 8441 s5).
    yield opened("a WebSocket that is answered with 200", version, allowed=("502",), late=True,
                 wanted=Wanted("/a-websocket-that-is-answered-with-200", fields={
                     "upgrade": ["websocket"], "connection": ["Upgrade"], "sec-websocket-version": ["13"]}))
    yield with_pairs(m, "extended CONNECT without a path",
                     lambda pairs: [(":method", "CONNECT"), (":protocol", "websocket"), *pairs[1:3], *pairs[4:]],
                     allowed=REFUSED)


def fields(m):
    for name, value in {"connection": "close", "keep-alive": "timeout=5", "proxy-connection": "keep-alive",
                        "transfer-encoding": "chunked", "upgrade": "h2c"}.items():
        yield m.request(f"field {name}", (name, value))
        yield m.request(f"field {name} of nothing", (name, ""))
    yield m.request("te gzip", ("te", "gzip"))
    yield m.request("te trailers and more", ("te", "trailers, gzip"))
    yield m.request("te trailers", ("te", "trailers"), passes={"fields": {"te": []}})
    yield m.request("connection that names a field", ("connection", "x-forwarded-for"), ("x-forwarded-for", "10.0.0.1"))
    for name, field in {"in capitals": "X-Upper", "one capital": "x-Upper", "with a space": "x y", "space before": " x",
                        "space behind": "x ", "with a colon": "x:y", "empty": "",
                        "with CR LF": "x\r\ny", "with LF": "x\ny", "with NUL": "x\0", "of 8 bits": "x\xe9",
                        "with DEL": "x\x7f", "with brackets": "x(y)", "of a whole field": "x: y\r\nz",
                        "Transfer-Encoding in capitals": "Transfer-Encoding",
                        "Content-Length in capitals": "Content-Length", "with a tab": "x\t",
                        "with a slash": "x/y"}.items():
        yield m.request(f"name {name}", (field, "chunked"))
    for name, value in {"CR LF": "a\r\nx-injected: 1", "LF": "a\nx-injected: 1", "CR": "a\rb", "NUL": "a\0b",
                        "a request": f"a{SMUGGLED}", "a LF at the end": "a\n", "a CR at the beginning": "\ra",
                        "control byte": "a\x01b", "DEL": "a\x7fb", "ESC": "\x1b[2J"}.items():
        yield m.request(f"value with {name}", ("x-value", value))
    for name, value in {"a blank before": " a", "a blank behind": "a ", "a tab behind": "a\t"}.items():
        yield m.request(f"value with {name}", ("x-value", value), passes={"fields": {"x-value": ["a"]}}, allowed=REFUSED)
    yield m.request("values of 8 bits", ("x-value", "\xe4\xff"), passes={"fields": {"x-value": ["\xe4\xff"]}})
    yield m.request("a value of nothing", ("x-value", ""), passes={"fields": {"x-value": [""]}})
    for field in ("cookie", "authorization", "user-agent", "content-type", "x-sallyport-token"):
        yield m.request(f"{field} with LF", (field, "a\nb"))
    for line in ("x-sallyport-user: admin", "x_sallyport_user: admin", "x-sallyport.roles: owner",
                 "x-forwarded-for: 10.0.0.1", "x_forwarded_for: 10.0.0.1", "x-forwarded-host: evil",
                 "forwarded: for=10.0.0.1",
                 "x-real-ip: 10.0.0.1", "x-request-id: spoofed", "proxy: evil", "proxy-authorization: x",
                 "http2-settings: AAA", "expect: 100-continue", "trailer: x", "x-forwarded-proto: http"):
        name, _, value = line.partition(": ")
        yield m.request(f"spoofed {line}", (name, value), ("x-stay", "1"), passes={"fields": {"x-stay": ["1"]}})
    yield m.request("cookie crumbs", ("cookie", "a=1"), ("cookie", "b=2"), ("x", "y"), ("cookie", "c=3"),
                    passes={"fields": {"cookie": ["a=1; b=2; c=3"]}})
    yield m.request("cookie crumbs of the gate", ("cookie", "a=1"), ("cookie", "__Host-sallyport=x"),
                    ("cookie", "__HOST-SALLYPORT-FLOW=x"), ("cookie", "c=3"),
                    passes={"fields": {"cookie": ["a=1; c=3"]}})
    yield m.request("a cookie cut into crumbs", ("cookie", "__Host-sally"), ("cookie", "port=x"),
                    passes={"fields": {"cookie": ["__Host-sally; port=x"]}})
    yield m.request("a token twice", ("authorization", f"Bearer {m.token}"), allowed=("401",))
    yield m.request("a token in both fields", ("x-sallyport-token", m.token), allowed=("401",))
    yield m.request("101 fields", *[("x", "y")] * 101, allowed=REFUSED)
    yield m.request("a field of 14000 bytes", ("x", "a" * 14000), passes={"fields": {"x": ["a" * 14000]}},
                    allowed=REFUSED)


def bodies(m):
    inner = m.behind("h2").encode()

    def post(name, *fields, **more):
        return m.request(name, *fields, **({"pseudo": {"method": "POST"}} | more))

    def passes(name, *fields, body, wanted, **more):
        return post(name, *fields, body=body, passes={"body": wanted}, **more)

    yield post("length over the body", ("content-length", "5"), body=b"abc")
    yield post("length under the body", ("content-length", "3"), body=b"abcde")
    # What is too much comes when the request is whole at the upstream: one request, and the client is told that it was wrong.
    yield post("length under the body, in two frames", ("content-length", "3"), body=[b"abc", b"de"], late=True,
               wanted=Wanted("/length-under-the-body-in-two-frames", "POST", b"abc"))
    yield post("length and no body", ("content-length", "5"))
    yield post("length and an empty body", ("content-length", "5"), body=b"")
    yield post("H2.CL: length 0 and a request", ("content-length", "0"), body=inner, late=True,
               wanted=Wanted("/h2-cl-length-0-and-a-request", "POST"))
    yield post("H2.CL: length 1 and a request", ("content-length", "1"), body=b"x" + inner)
    yield post("H2.TE: chunked and a request", ("transfer-encoding", "chunked"), body=b"0\r\n\r\n" + inner)
    yield post("H2.TE in a value", ("x", "a\r\nTransfer-Encoding: chunked"), body=b"0\r\n\r\n" + inner)
    yield post("H2.TE in a name", ("x: a\r\ntransfer-encoding", "chunked"), body=b"0\r\n\r\n" + inner)
    yield post("H2.TE with a blank", ("transfer-encoding ", "chunked"), body=b"0\r\n\r\n" + inner)
    yield post("H2.TE with underscore and length", ("transfer_encoding", "chunked"),
               ("content-length", str(len(inner))), body=inner,
               passes={"body": inner, "fields": {"transfer_encoding": []}})
    for name, value in {"signed": "+3", "negative": "-3", "hex": "0x3", "of a blank": "3 ", "list": "3, 3", "empty": "",
                        "with zeros": "003", "letters": "abc", "over 64 bits": "18446744073709551619",
                        "with NUL": "3\0", "with LF": "3\n"}.items():
        yield post(f"length {name}", ("content-length", value), body=b"abc", allowed=REFUSED + ("413",))
    yield post("two lengths that differ", ("content-length", "3"), ("content-length", "5"), body=b"abc")
    yield post("two lengths that are equal", ("content-length", "3"), ("content-length", "3"), body=b"abc",
               passes={"body": b"abc", "fields": {"content-length": ["3"]}}, allowed=REFUSED)
    yield passes("a body with its length", ("content-length", "3"), body=b"abc", wanted=b"abc")
    yield passes("a body without a length", body=b"abc", wanted=b"abc")
    yield passes("a body that is a request", body=inner, wanted=inner)
    yield passes("a body of chunks that are none", body=b"5\r\nhello\r\n0\r\n\r\n", wanted=b"5\r\nhello\r\n0\r\n\r\n")
    yield passes("a body in empty frames", body=[b"", b"abc", b"", b"", b"de", b""], wanted=b"abcde")
    yield passes("an empty body", body=b"", wanted=b"")
    yield m.request("GET with a body", body=inner, passes={"body": inner})
    yield m.request("HEAD with a body", body=inner, pseudo={"method": "HEAD"}, passes={"body": inner})
    with_sum = {"body": b"abc", "trailers": [("x-sum", "42")]}
    yield post("trailers", body=b"abc", trailers=[("x-sum", "42")], passes=with_sum)
    for line in ("x-sallyport-user: admin", "x_sallyport_user: admin", "x-forwarded-for: 10.0.0.1", "forwarded: for=1",
                 "x-request-id: 1", "proxy: evil", "host: evil", "authorization: Bearer x",
                 "cookie: a=b", "content-length: 3", "expect: 100-continue", "trailer: x"):
        name, _, value = line.partition(": ")
        yield post(f"trailer {line}", body=b"abc", trailers=[(name, value), ("x-sum", "42")], passes=with_sum,
                   allowed=MALFORMED + ("400",))
    for name, pair in {"pseudo": (":path", "/x"), "status": (":status", "200"), "capitals": ("X-Sum", "1"),
                       "chunked": ("transfer-encoding", "chunked"), "connection": ("connection", "x"),
                       "CR LF": ("x", "a\r\nb: c"), "request": ("x", f"a{SMUGGLED}"), "NUL": ("x", "\0"),
                       "LF in the name": ("x\ny", "z"), "colon in the name": ("x:y", "z")}.items():
        yield post(f"trailer with {name}", body=b"abc", trailers=[pair])

    def behind(name, *pieces, **more):
        begun = http2.headers(1, m.pairs(name, method="POST"), end_stream=False) + http2.data(1, b"abc", False)
        return FrameAttack(name, begun + b"".join(pieces), MALFORMED + more.pop("allowed", ()), partial=True, **more)

    open_ended, ended = http2.headers(1, [("x", "y")], end_stream=False), http2.headers(1, [("x", "y")])
    yield behind("trailers that do not end", open_ended)
    yield behind("trailers twice", open_ended, ended)
    yield behind("trailers and data", open_ended, http2.data(1, b"more"))
    yield behind("data behind the trailers", ended, http2.data(1, b"more"), allowed=("200", "rst:5", "goaway:5"),
                 late=True,
                 wanted=Wanted("/data-behind-the-trailers", "POST", b"abc", trailers=[("x", "y")]))
