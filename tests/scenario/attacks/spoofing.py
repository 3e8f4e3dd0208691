"""Who the client says he is: fields that only the gateway may write, in spellings, lists and trailers; hop-by-hop tricks;
credentials twice; methods that would be another one."""
from attacks.case import CRLF

# What the judge looks for in every request: these names at the upstream have the gateway's values and no others.
SPOOFED = ("X-Sallyport-User: admin", "x-sallyport-user: admin", "X-SALLYPORT-USER: admin", "X-Sallyport-User:admin",
           "X_Sallyport_User: admin",
           "X-Sallyport_User: admin", "X.Sallyport.User: admin", "X~Sallyport~User: admin", "X!Sallyport!User: admin",
           "X-Sallyport: admin",
           "X-Sallyport-: admin", "X-Sallyport-Roles: owner", "X-Sallyport-Email: a@b",
           "X-Sallyport-Jwt-Assertion: e30.e30.", "X-Sallyport-Request: 1",
           "X-Sallyport-Anything-At-All: 1", "X-Sallyport-User: admin\r\nX-Sallyport-User: root", "X-Sallyport-User:",
           "X-Sallyport-User: ann, admin",
           "X-Forwarded-For: 10.0.0.1", "x_forwarded_for: 10.0.0.1",
           "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-For: 10.0.0.2", "X|Forwarded|For: 10.0.0.1",
           "X-Forwarded-Proto: http", "X-Forwarded-Host: evil.example.test", "X-Forwarded-Port: 1",
           "X-Forwarded-Server: x", "X-Forwarded-User: admin",
           "X-Forwarded-Prefix: /x", "X-Forwarded: for=1", "X-Forwarded-Proto: http\r\nX-Forwarded-Proto: https",
           "Forwarded: for=10.0.0.1;by=x",
           "forwarded: for=10.0.0.1\r\nForwarded: host=evil", "X-Real-IP: 10.0.0.1", "x-real-ip: 10.0.0.1",
           "X_Real_IP: 10.0.0.1", "X.Real.Ip: 10.0.0.1",
           "X-Request-Id: spoofed", "X_Request_Id: spoofed", "x-request-ID: a\r\nX-Request-Id: b",
           "Proxy: http://evil.example.test/", "proxy: x",
           "Proxy-Authorization: Basic eDp5", "Proxy-Authenticate: x", "Proxy-Connection: keep-alive",
           "Keep-Alive: timeout=1000", "TE: trailers",
           "TE: gzip", "Trailer: X-Sallyport-User", "Upgrade: websocket", "Upgrade: h2c",
           "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA", "http2-settings: x",
           "Expect: 100-continue")
# Names in Connection that must take nothing away of what the gateway writes.
NAMED = ("X-Sallyport-User", "x-sallyport-user, x-sallyport-roles, x-sallyport-email", "X-Forwarded-For",
         "X-Forwarded-For, X-Forwarded-Proto",
         "Forwarded", "X-Request-Id", "Host", "host, Host, HOST", "Authorization", "Cookie", "X-Sallyport-Token",
         "Content-Length", "Connection", "TE, Trailer",
         "*", "x-stay;q=1", '"X-Sallyport-User"', "keep-alive, X-Real-IP")
# Fields that change what some upstreams do, and are the client's to say: they travel as they are, and decide nothing here.
TRAVEL = ("X-HTTP-Method-Override: DELETE", "X-HTTP-Method: DELETE", "X-Method-Override: PUT", "Range: bytes=0-1",
          "If-Range: x", "Max-Forwards: 0",
          "Range: bytes=" + ",".join(f"{n}-{n + 1}" for n in range(0, 4000, 2)),
          "If-None-Match: " + ", ".join(f'"{n}"' for n in range(2000)),
          "Via: 1.1 evil", "Origin: null", "Pragma: no-cache", "Content-Type: multipart/form-data; boundary=x",
          "Accept-Encoding: " + "x," * 3000,
          "X-Empty:", "X-8-Bits: \xe4\xff", "X-Tab: a\tb", "X-Long: " + "a" * 8000)


def spoofing(m):
    for number, lines in enumerate(SPOOFED):
        yield m.send(f"spoofed {number} {lines[:40]}", lines, "X-Stay: 1", passes={"fields": {"x-stay": ["1"]}})
    for names in NAMED:
        yield m.send(f"hop-by-hop {names}", f"Connection: {names}", "X-Stay: 1", "X-Real-IP: 10.0.0.1",
                     passes={"fields": {"x-stay": ["1"]}})
    yield m.send("hop-by-hop of its own", "Connection: X-Gone, x-also ,\tX-TOO", "X-Gone: 1", "X-Also: 2", "x-too: 3",
                 "X-Stay: 1",
                 passes={"fields": {"x-gone": [], "x-also": [], "x-too": [], "x-stay": ["1"]}})
    yield m.send("hop-by-hop in a second field", "X-Gone: 1", "Connection: x", "X-Stay: 1", "Connection: X-Gone",
                 passes={"fields": {"x-gone": [], "x-stay": ["1"]}})
    yield m.send("h2c upgrade", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
                 "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA",
                 passes={}, refusals=(400, 403), lives=True)
    yield m.send("h2c upgrade without settings named", "Connection: Upgrade", "Upgrade: h2c", passes={},
                 refusals=(400, 403), lives=True)
    yield m.send("h2c and websocket", "Connection: Upgrade", "Upgrade: h2c, websocket",
                 "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
                 "Sec-WebSocket-Version: 13", passes={}, refusals=(400, 403), lives=True)
    yield m.send("a websocket of a version nobody knows", "Connection: Upgrade", "Upgrade: websocket",
                 "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
                 "Sec-WebSocket-Version: 1337", refusals=(400, 403, 426), lives=True)
    yield m.send("a websocket with a body", "Connection: Upgrade", "Upgrade: websocket",
                 "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
                 "Sec-WebSocket-Version: 13", "Content-Length: 5", body="hello", refusals=(400, 403), lives=True)
    yield m.send("an upgrade to TLS", "Connection: Upgrade", "Upgrade: TLS/1.3", passes={}, refusals=(400, 403),
                 lives=True)
    for number, line in enumerate(TRAVEL):
        name, _, value = line.partition(":")
        yield m.send(f"travels {number} {name}", line, passes={"fields": {name: [value.strip()]}})


def credentials(m, session, other):
    """session: the value of a good session cookie; other: of another one, of the same person."""
    cookie, base, token = f"Cookie: __Host-sallyport={session}", m.host, m.token

    def nobody(name, *lines, statuses=(401,)):
        return m.send(name, *lines, fields=base, refusals=statuses, lives=True)

    def somebody(name, *lines, cookies=()):
        return m.send(name, *lines, fields=base, passes={"fields": {"cookie": list(cookies), "authorization": []}})

    yield somebody("the cookie", cookie)
    yield somebody("cookie among others", f"Cookie: a=1; __Host-sallyport={session}; b=2", cookies=["a=1; b=2"])
    yield somebody("cookie with odd white space", f"Cookie:  \ta=1;;;\t __Host-sallyport={session} ; ;", cookies=["a=1"])
    yield somebody("cookie beside others of the gate",
                   f"Cookie: __HOST-SALLYPORT=x; __Host-sallyport={session}; __host-sallyport-flow=1; "
                   "__Host-Sallyport-nonce=2; =__Host-sallyport=3; __Host-sallyport; q=4", cookies=["q=4"])
    yield somebody("cookie beside a quote", f'Cookie: a="; __Host-sallyport={session}; b="', cookies=['a="; b="'])
    yield somebody("cookie named by Connection", cookie, "Connection: Cookie", "Cookie: a=1", cookies=[])
    yield nobody("two cookies that are equal", f"Cookie: __Host-sallyport={session}; __Host-sallyport={session}")
    yield nobody("two cookies that are good", f"Cookie: __Host-sallyport={session}; __Host-sallyport={other}")
    yield nobody("two cookies in two fields", cookie, f"Cookie: __Host-sallyport={other}")
    yield nobody("an empty cookie and a good one", f"Cookie: __Host-sallyport=; __Host-sallyport={session}")
    yield nobody("a good cookie and an empty one", f"Cookie: __Host-sallyport={session}; __Host-sallyport=")
    yield nobody("a bad cookie and a good one", f"Cookie: __Host-sallyport=AAAA; __Host-sallyport={session}")
    for name, text in {"in quotes": f'__Host-sallyport="{session}"', "in lower case": f"__host-sallyport={session}",
                       "in capitals": f"__HOST-SALLYPORT={session}",
                       "by comma": f"a=1, __Host-sallyport={session}", "with a comma": f"__Host-sallyport={session}, a=1",
                       "without prefix": f"sallyport={session}", "secure prefix": f"__Secure-sallyport={session}",
                       "with a space": f"__Host-sallyport ={session}",
                       "with a value space": f"__Host-sallyport= {session}",
                       "encoded name": f"__Host%2Dsallyport={session}",
                       "encoded value": f"__Host-sallyport=%{ord(session[0]):02x}{session[1:]}",
                       "cut": f"__Host-sallyport={session[:-1]}",
                       "longer": f"__Host-sallyport={session}A",
                       "RFC 2965": f'$Version="1"; __Host-sallyport="{session}"; $Path="/"',
                       "without a name": f"={session}", "value alone": session,
                       "with NBSP": f"\xa0__Host-sallyport={session}",
                       "nested": f"a=__Host-sallyport={session}", "empty": "__Host-sallyport=",
                       "of 8000 bytes": "__Host-sallyport=" + "A" * 8000}.items():
        yield nobody(f"cookie {name}", f"Cookie: {text}")
    yield nobody("cookie in Cookie2", f"Cookie2: __Host-sallyport={session}")
    yield nobody("cookie with LF", f"Cookie: a=1\nCookie: __Host-sallyport={session}", statuses=(400,))
    yield nobody("cookie with NUL", f"Cookie: a=\0; __Host-sallyport={session}", statuses=(400,))
    yield nobody("Authorization twice", m.auth, m.auth)
    yield nobody("Authorization twice, once bad", m.auth, "Authorization: Bearer spt_" + "A" * 43)
    yield nobody("Authorization twice, bad first", "Authorization: Bearer spt_" + "A" * 43, m.auth)
    yield nobody("token in both fields", m.auth, f"X-Sallyport-Token: {token}")
    yield nobody("X-Sallyport-Token twice", f"X-Sallyport-Token: {token}", f"X-Sallyport-Token: {token}")
    yield nobody("token list", f"X-Sallyport-Token: {token}, {token}")
    yield nobody("Authorization list", f"Authorization: Bearer {token}, Bearer {token}")
    yield nobody("a bad token beside a good cookie", cookie, "Authorization: Bearer spt_" + "A" * 43)
    yield nobody("an empty token field beside a good cookie", cookie, "X-Sallyport-Token:")
    yield nobody("token with a dot", f"X.Sallyport.Token: {token}")
    yield nobody("token with underscores", f"X_Sallyport_Token: {token}")
    yield nobody("token as basic", f"Authorization: Basic {token}")
    yield nobody("token in quotes", f'Authorization: Bearer "{token}"')
    yield nobody("token without a scheme", f"Authorization: {token}")
    yield nobody("token by Proxy-Authorization", f"Proxy-Authorization: Bearer {token}")
    yield nobody("token in capitals", f"Authorization: Bearer {token.upper()}")
    yield nobody("token cut", f"Authorization: Bearer {token[:-1]}")
    yield nobody("token and more", f"Authorization: Bearer {token} x")
    yield nobody("token as a cookie", f"Cookie: __Host-sallyport={token}")
    yield m.send("token in the query", start=f"GET /x?access_token={token} HTTP/1.1", fields=base, refusals=(401,),
                 lives=True)
    yield somebody("scheme in capitals", f"authorization: BEARER  {token}")
    yield somebody("token named by Connection", m.auth, "Connection: Authorization")
    yield somebody("token beside a foreign Authorization", f"X-Sallyport-Token: {token}", "Authorization: Basic eDp5")
    yield somebody("token beside a good cookie", m.auth, cookie)
    yield m.post("a form by cookie from nowhere", "Content-Length: 3", fields=base + CRLF + cookie, body="a=1",
                 refusals=(403,), lives=True)
    yield m.post("a form by cookie from null", "Content-Length: 3", "Origin: null", fields=base + CRLF + cookie,
                 body="a=1", refusals=(403,), lives=True)
    yield m.post("a form by cookie from two origins", "Content-Length: 3", f"Origin: https://{m.authority}",
                 "Origin: https://evil.example.test",
                 fields=base + CRLF + cookie, body="a=1", refusals=(403,), lives=True)


def passed_on(m, session):
    """On ground where the client's own Authorization travels: the gate's token never does, however it is written."""
    cookie = f"{m.host}{CRLF}Cookie: __Host-sallyport={session}"
    for name, value in {"by a tab": f"Bearer\t{m.token}", "in quotes": f'Bearer "{m.token}"', "behind blanks": f"bearer \t {m.token}",
                        "in open quotes": f'BEARER "{m.token}'}.items():
        yield m.send(f"token {name}", f"Authorization: {value}", fields=cookie, passes={"fields": {"authorization": []}},
                     refusals=(401,), lives=True)
    for value in ("Basic eDp5", "Bearer of-another-kind", "Bearer", "Bearer of/another+kind=="):
        yield m.send(f"foreign {value}", f"Authorization: {value}", fields=cookie,
                     passes={"fields": {"authorization": [value.strip()]}})


def methods(m):
    """On ground where GET is allowed and nothing else."""
    def denied(name, *lines, **more):
        return m.send(name, *lines, **({"refusals": (403,), "lives": True} | more))

    for method in ("POST", "PUT", "DELETE", "PATCH", "get", "Get", "GETX", "XGET", "head", "post", "BREW", "PROPFIND",
                   "MOVE", "DEBUG", "PURGE", "PRI", "M-SEARCH", "!", "OPTIONS"):
        yield denied(f"method {method}", start=f"{method} /x HTTP/1.1")
    for field in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X_HTTP_Method_Override"):
        yield denied(f"POST with {field}", f"{field}: GET", method="POST")
        kept = [] if "_" in field else ["DELETE"]
        yield m.send(f"GET with {field}", f"{field}: DELETE", passes={"fields": {field: kept}})
    yield denied("POST with GET in the query", start="POST /x?_method=GET HTTP/1.1")
    yield denied("POST with GET in the form", "Content-Type: application/x-www-form-urlencoded", "Content-Length: 11",
                 method="POST", body="_method=GET")
    yield m.send("GET with DELETE in the query", start="GET /x?_method=DELETE HTTP/1.1",
                 passes={"target": "/x?_method=DELETE"})
    yield m.send("HEAD by the right to GET", method="HEAD", passes={})
    yield m.send("GET with a body", "Content-Length: 5", body="hello", passes={"body": b"hello"})
    yield m.send("GET with an empty body", "Content-Length: 0", passes={"fields": {"content-length": ["0"]}})
    yield denied("a method of 33 letters", start=f"{'A' * 33} /x HTTP/1.1", refusals=(400, 501), lives=False)
    yield denied("a method of 100000 letters", start=f"{'A' * 100000} /x HTTP/1.1", refusals=(400, 501), lives=False)
    yield denied("a pre-flight of a foreign page", "Origin: https://evil.example.test",
                 "Access-Control-Request-Method: GET", method="OPTIONS")


def never_served(m):
    """On ground where every method is allowed."""
    for method in ("TRACE", "TRACK", "trace", "Trace", "track"):
        yield m.send(f"{method} shows nothing", start=f"{method} /x HTTP/1.1", refusals=(405, 501), lives=True)
    for name, target in {"a port": m.authority, "another host": "evil.example.test:80", "a path": "/x",
                         "itself": f"https://{m.authority}/",
                         "an address": "127.0.0.1:22"}.items():
        for method in ("CONNECT", "connect"):
            yield m.send(f"{method} to {name}", start=f"{method} {target} HTTP/1.1", refusals=(400, 405, 501))


def expectations(m):
    for name, line in {"unknown": "Expect: 200-maybe", "two in one": "Expect: 100-continue, 200-maybe",
                       "twice in one": "Expect: 100-continue, 100-continue",
                       "parameter": "Expect: 100-continue;x=y", "quotes": 'Expect: "100-continue"', "empty": "Expect:",
                       "known and unknown": "Expect: 100-continue\r\nExpect: x",
                       "with a body nobody sent": "Expect: y\r\nContent-Length: 5"}.items():
        yield m.post(f"expect {name}", line, refusals=(400, 417))
    body = {"body": b"hello", "fields": {"expect": []}}
    yield m.post("expect with the body at once", "Expect: 100-continue", "Content-Length: 5", body="hello", passes=body)
    yield m.post("expect twice", "Expect: 100-continue", "Expect: 100-continue", "Content-Length: 5", body="hello",
                 passes=body)
    yield m.post("expect in capitals", "EXPECT: 100-CONTINUE", "Content-Length: 5", body="hello", passes=body)
    yield m.post("expect in chunks", "Expect: 100-continue", "Transfer-Encoding: chunked",
                 body="5\r\nhello\r\n0\r\n\r\n", passes=body)
    yield m.send("expect without a body", "Expect: 100-continue", passes={"fields": {"expect": []}})
    yield m.send("expect in HTTP/1.0", "Expect: 100-continue", "Content-Length: 5",
                 start="POST /expect-in-http-1-0 HTTP/1.0", body="hello",
                 passes={"method": "POST", **body}, closes=True)
    yield m.post("expect and then silence", "Expect: 100-continue", "Content-Length: 5", waits=True, behind=False)
    yield m.post("expect by nobody", "Expect: 100-continue", "Content-Length: 5", fields=m.host, body="hello",
                 refusals=(401,), lives=True)
