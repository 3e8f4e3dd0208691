"""What is asked for, and of whom: request targets and Host fields that two readers take for different places."""
from attacks.case import CRLF

# Paths in strict mode: what an upstream may read in another way than the rules do.
PATHS = ("/a%2fb", "/a%2Fb", "/a%5cb", "/a\\b", "/a;b", "/a%3bb", "//", "/a//b", "//evil.example.test/x", "/.", "/..",
         "/./a", "/a/.", "/a/..",
         "/a/../b", "/%2e/a", "/a/%2e%2e/b", "/a/.%2e/b", "/%00", "/a%00b", "/%", "/%4", "/%zz", "/a%0d%0ab",
         "/a%0D%0AHost:%20x", "/a%0ab",
         "/a/%2E", "/%c0%ae%c0%ae/x", "/a%7f", "/a%01", "/a#b", "/x?y#z", "/a%09b/%2e%2e", "/a%ff%2f")
ABSOLUTE = {  # {A}: the authority
    "other host": "https://evil.example.test/", "user": "https://a@{A}/", "user and password": "https://a:b@{A}/",
    "host as user": "https://{A}@evil.example.test/", "ftp": "ftp://{A}/", "no scheme": "://{A}/",
    "one slash": "https:/{A}/",
    "no slash": "https:{A}/", "fragment": "https://{A}/#x", "fragment at once": "https://{A}#x",
    "backslash": "https://{A}\\@evil.example.test/",
    "backslashes": "https:\\\\{A}/", "no host": "https:///x", "trailing dot": "https://crm.apps.localhost.:{P}/",
    "no port": "https://crm.apps.localhost/",
    "port 0": "https://crm.apps.localhost:0/", "port 65536": "https://crm.apps.localhost:65536/",
    "empty port": "https://crm.apps.localhost:/",
    "encoded host": "https://%63rm.apps.localhost:{P}/", "javascript": "javascript:alert(1)", "data": "data:,x",
    "file": "file:///etc/passwd",
    "unix": "unix:/run/x|https://{A}/", "nested": "https://{A}/https://evil.example.test/../",
    "host and space": "https://{A} /",
    "brackets": "https://[crm.apps.localhost]:{P}/", "uppercase scheme of another": "HTTP+UNIX://{A}/",
}
HOSTS = {
    "two": "{A}\r\nHost: {A}", "two that differ": "{A}\r\nHost: evil.example.test",
    "second in lower case": "{A}\r\nhost: evil.example.test",
    "user": "x@{A}", "user and password": "x:y@{A}", "path": "{A}/x", "query": "{A}?x", "fragment": "{A}#x",
    "list": "{A}, evil.example.test",
    "comma": "{A},", "space inside": "{A} evil", "tab inside": "{A}\tevil", "semicolon": "{A};x",
    "port 99999": "crm.apps.localhost:99999",
    "port 0": "crm.apps.localhost:0", "empty port": "crm.apps.localhost:", "port with a letter": "crm.apps.localhost:1a",
    "port with plus": "crm.apps.localhost:+443", "two ports": "{A}:443", "signed port": "crm.apps.localhost:-1",
    "percent": "%63rm.apps.localhost",
    "backslash": "crm.apps.localhost\\@evil", "quotes": '"crm.apps.localhost"', "8 bits": "cr\xb5m.apps.localhost",
    "full width": "crm\xef\xbc\x8eapps.localhost",
    "two dots behind": "crm.apps.localhost..", "two dots inside": "crm..apps.localhost",
    "dot before": ".crm.apps.localhost", "dot alone": ".",
    "scheme": "https://{A}", "NUL": "crm.apps.localhost\0.evil", "bare CR": "crm.apps.localhost\r.evil",
    "label over 63": "a" * 64 + ".apps.localhost",
    "name over 253": "a." * 130 + "localhost", "hyphen before": "-crm.apps.localhost", "star": "*.apps.localhost",
    "open bracket": "[::1",
    "bracketed name": "[crm.apps.localhost]", "zone": "[fe80::1%25lo]", "short address": "127.1",
    "hex address": "0x7f000001", "octal address": "0177.0.0.1",
    "decimal address": "2130706433", "address over": "127.0.0.256", "folded": "\r\n {A}",
    "spaces around a dot": "crm . apps.localhost",
}
ELSEWHERE = ("evil.example.test", "127.0.0.1", "[::1]", "localhost", "apps.localhost", "x.crm.apps.localhost",
             "crm_apps.localhost", "xn--crm-xyz.apps.localhost",
             "crm.apps.localhost.evil.example.test", "nothing.apps.localhost", "[::ffff:127.0.0.1]", "0.0.0.0",
             "crm-apps-localhost")


def fill(m, text):
    return text.replace("{A}", m.authority).replace("{P}", m.authority.rpartition(":")[2])


def targets(m):
    for path in PATHS:
        yield m.send(f"path {path!r}", start=f"GET {path} HTTP/1.1")
    for name, target in ABSOLUTE.items():
        yield m.send(f"absolute form with {name}", start=f"GET {fill(m, target)} HTTP/1.1")
    for name, target in {"asterisk with GET": "*", "asterisk and more": "**", "no slash": "x",
                         "authority form": m.authority,
                         "query alone": "?x", "dot": ".", "port alone": ":443", "slash behind": "x/"}.items():
        yield m.send(f"target {name}", start=f"GET {target} HTTP/1.1")
    yield m.send("asterisk with OPTIONS", start="OPTIONS * HTTP/1.1", method="OPTIONS", lives=True)
    yield m.send("asterisk in absolute form", start=f"OPTIONS https://{m.authority} HTTP/1.1", method="OPTIONS",
                 passes={"target": "/"}, refusals=(400, 501), lives=True)
    yield m.send("target of 20000 bytes", start=f"GET /{'a' * 20000} HTTP/1.1", refusals=(414, 431))
    yield m.send("target of 8 KiB and a byte", start=f"GET /{'a' * 8192} HTTP/1.1", refusals=(414,))
    yield m.send("query of 20000 bytes", start=f"GET /?{'a=b&' * 5000} HTTP/1.1", refusals=(414, 431))
    for name, given, wanted in (
            ("absolute form", "https://{A}/x?y", "/x?y"), ("absolute form in capitals",
                                                           "HTTPS://CRM.APPS.LOCALHOST:{P}/x", "/x"),
            ("absolute form by http", "http://{A}/x", "/x"), ("absolute form without a path", "https://{A}", "/"),
            ("absolute form with a query alone", "https://{A}?q", "/?q"),
        ("a url as a query", "/?https://evil.example.test/#".rstrip("#"), None),
            ("an encoded end in the query", "/x?a=%0d%0aX-Sallyport-User:%20admin%0d%0a%0d%0aGET%20/", None),
            ("dots in the query", "/x?/../..//;%2f%00", None), ("a backslash in the query", "/x?a\\b", None),
        ("two question marks", "/x??y", None),
            ("an empty query", "/x?", None), ("plain letters encoded", "/%73mall", "/small"),
        ("a space encoded", "/a%20HTTP/1.1", None)):
        yield m.send(f"target {name}", start=f"GET {fill(m, given)} HTTP/1.1",
                     passes={"target": wanted or fill(m, given)})


def hosts(m):
    for name, value in HOSTS.items():
        yield m.send(f"host with {name}", fields=f"Host: {fill(m, value)}{CRLF}{m.auth}", refusals=(400,))
    yield m.send("no host", fields=m.auth)
    yield m.send("host empty", fields=f"Host:{CRLF}{m.auth}", refusals=(400, 404, 421))
    yield m.send("host in HTTP/1.0 missing", start="GET /x HTTP/1.0", fields=m.auth)
    yield m.send("host spelled with an underscore", fields=f"X: y{CRLF}{m.auth}{CRLF}Ho_st: {m.authority}")
    yield m.send("host with a space before the colon", fields=f"Host : {m.authority}{CRLF}{m.auth}")
    yield m.send("host behind a bare LF", fields=f"X: y\nHost: {m.authority}{CRLF}{m.auth}")
    yield m.send("host named by Connection", "Connection: Host", passes={})
    for name in ELSEWHERE:
        yield m.send(f"host elsewhere {name}", fields=f"Host: {name}{CRLF}{m.auth}", refusals=(400, 404, 421), lives=True)
    yield m.send("host of the gate", fields=f"Host: gate.localhost{CRLF}{m.auth}",
                 refusals=(302, 303, 400, 401, 403, 404, 421, 200), lives=True)
    yield m.send("absolute form with another Host", start=f"GET https://{m.authority}/x HTTP/1.1",
                 fields=f"Host: evil.example.test{CRLF}{m.auth}")
    yield m.send("absolute form without Host", start=f"GET https://{m.authority}/x HTTP/1.1", fields=m.auth)
    yield m.send("absolute form of the gate", start="GET https://gate.localhost/ HTTP/1.1")
    for name, given in {"in capitals": m.authority.upper(), "without a port": "crm.apps.localhost",
                        "with a dot behind": "crm.apps.localhost.",
                        "with another port": "crm.apps.localhost:1"}.items():
        yield m.send(f"host {name}", fields=f"hOST:\t{given}{CRLF}{m.auth}",
                     passes={"fields": {"host": [given]} if m.keeps_host else {}},
                     refusals=(400, 404, 421), lives=True)
    yield m.send("HTTP/1.0 in absolute form without Host", start=f"GET https://{m.authority}/y HTTP/1.0", fields=m.auth,
                 passes={"target": "/y"},
                 refusals=(400, 404), closes=True)
