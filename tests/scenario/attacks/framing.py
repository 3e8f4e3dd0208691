"""Where a body ends: Content-Length and Transfer-Encoding against each other, twice, or written in a way that one reader of
two takes (CL.TE, TE.CL, TE.TE, CL.0, 0.CL)."""
END = "0\r\n\r\n"

# What stands after `Transfer-Encoding:`, none of it plain `chunked`.
OBFUSCATED = {
    "twice": " chunked\r\nTransfer-Encoding: chunked", "then identity": " chunked\r\nTransfer-Encoding: identity",
    "identity first": " identity\r\nTransfer-Encoding: chunked", "then nonsense": " chunked\r\nTransfer-Encoding: cow",
    "then in lower case": " chunked\r\ntransfer-encoding: x", "chunked list": " chunked, chunked",
    "identity behind": " chunked, identity", "identity before": " identity, chunked", "gzip before": " gzip, chunked",
    "gzip behind": " chunked, gzip", "x": " xchunked", "x dash": " x-chunked", "x behind": " chunkedx", "empty": "",
    "space inside": " chun ked", "word behind": " chunked x", "semicolon": " chunked;", "parameter": " chunked;q=1",
    "comma behind": " chunked,", "comma before": " ,chunked", "double quotes": ' "chunked"',
    "single quotes": " 'chunked'",
    "comment": " (x) chunked", "percent": " %63hunked", "NUL before": " \0chunked", "NUL behind": " chunked\0",
    "SOH before": "\x01chunked", "VT before": " \x0bchunked", "VT behind": " chunked\x0b", "FF before": " \x0cchunked",
    "CR before": " \rchunked", "CR behind": " chunked\r", "LF before": " \nchunked", "NBSP before": " \xa0chunked",
    "NEL behind": " chunked\x85", "folded": "\r\n chunked", "folded by tab": "\r\n\tchunked",
    "folded by LF": "\n chunked",
    "gzip": " gzip", "identity": " identity", "soft hyphen": " chunk\xaded", "backspace": " chunkedx\x08",
}
# Instead of the name; the line before it may be part of the trick.
NAMES = {
    "space before the colon": "Transfer-Encoding ", "tab before the colon": "Transfer-Encoding\t",
    "VT before the colon": "Transfer-Encoding\x0b", "CR before the colon": "Transfer-Encoding\r",
    "NUL before the colon": "Transfer-Encoding\0", "space before the name": " Transfer-Encoding",
    "tab before the name": "\tTransfer-Encoding", "NUL inside the name": "Transfer\0-Encoding",
    "behind a bare LF": "X: y\nTransfer-Encoding", "behind a bare CR": "X: y\rTransfer-Encoding",
    "behind a field without a value": "X:\nTransfer-Encoding", "behind no field": "\n\nTransfer-Encoding",
    "non-breaking hyphen": "Transfer\xe2\x80\x91Encoding", "colon twice": "Transfer-Encoding: x\r\n:Transfer-Encoding",
}
LENGTHS = {
    "plus": "+3", "minus": "-3", "minus zero": "-0", "hex": "0x3", "octal": "0o3", "space inside": "1 3",
    "tab inside": "3\t3",
    "letter": "3a", "point": "3.0", "exponent": "3e0", "underscore": "0_3", "quotes": '"3"', "comma behind": "3,",
    "comma before": ",3", "list": "3, 3", "list that differs": "3, 0", "semicolon": "3;", "VT": "\x0b3", "FF": "3\x0c",
    "NUL": "3\0", "NUL before": "\x003", "superscript": "\xb3", "NBSP": "\xa03", "zeros before": "003", "word": "three",
    "percent": "%33",
}


def lengths(m):
    for name, value in LENGTHS.items():
        yield m.post(f"length {name}", f"Content-Length: {value}", body="abc")
    yield m.post("length empty", "Content-Length:")
    yield m.post("length over 64 bits", "Content-Length: 99999999999999999999999", body="abc", refusals=(400, 413))
    yield m.post("length 2 to the 64 plus 3", "Content-Length: 18446744073709551619", body="abc", refusals=(400, 413))
    yield m.post("length 2 to the 32 plus 3, and nothing", "Content-Length: 4294967299", body="abc", waits=True,
                 behind=False)
    yield m.post("lengths that differ", "Content-Length: 3", "Content-Length: 4", body="abcd")
    yield m.post("lengths that are equal", "Content-Length: 3", "Content-Length: 3", body="abc")
    yield m.post("length 0 and another", "Content-Length: 0", "Content-Length: 3", body="abc")
    yield m.post("length folded", "Content-Length:\r\n 3", body="abc")
    yield m.post("length with a space before the colon", "Content-Length : 3", body="abc")
    yield m.post("length behind a bare LF", "X: y\nContent-Length: 3", body="abc")
    yield m.post("length between tabs", "Content-Length:\t3\t", body="abc",
                 passes={"body": b"abc", "fields": {"content-length": ["3"]}})
    # An underscored length is none (and is dropped); the body ends by the other one.
    yield m.post("length in another spelling", "Content_Length: 100", "Content.Length: 100", "Content-Length: 3",
                 body="abc",
                 passes={"body": b"abc", "fields": {"content-length": ["3"], "content_length": [], "content.length": []}})
    yield m.post("length in another spelling alone", "Content_Length: 3", passes={"fields": {"content-length": []}})
    yield m.post("length named by Connection", "Connection: Content-Length", "Content-Length: 3", body="abc",
                 passes={"body": b"abc", "fields": {"content-length": ["3"]}})
    yield m.post("CL.0: no body, a request behind", "Content-Length: 0", passes={"fields": {"content-length": ["0"]}})
    inner = m.behind("0.CL")
    yield m.send("0.CL: a GET whose body is a request", f"Content-Length: {len(inner)}", body=inner,
                 passes={"body": inner.encode()})
    yield m.post("a body that is a request", f"Content-Length: {len(inner)}", body=inner, passes={"body": inner.encode()})
    yield m.send("HEAD whose body is a request", f"Content-Length: {len(inner)}", method="HEAD", body=inner,
                 passes={"body": inner.encode()})
    yield m.send("OPTIONS whose body is a request", f"Content-Length: {len(inner)}", method="OPTIONS", body=inner,
                 passes={"body": inner.encode()})
    yield m.post("a body nobody announced", body="x=1\r\n", passes={}, then=(400,))
    yield m.post("a body shorter than announced", "Content-Length: 100", body="abc", waits=True, behind=False)
    yield m.post("a body longer than announced", "Content-Length: 3", body="abcdef\r\n", passes={"body": b"abc"},
                 then=(400,))


def codings(m):
    for name, value in OBFUSCATED.items():
        yield m.post(f"coding {name}", f"Transfer-Encoding:{value}", body=END, refusals=(400, 501))
        yield m.post(f"length and coding {name}", "Content-Length: 5", f"Transfer-Encoding:{value}", body=END,
                     refusals=(400, 501))
    for name, text in NAMES.items():
        yield m.post(f"coding with {name}", f"{text}: chunked", body=END)
        yield m.post(f"length and coding with {name}", "Content-Length: 5", f"{text}: chunked", body=END)
    yield m.post("CL.TE", "Content-Length: 5", "Transfer-Encoding: chunked", body=END)
    yield m.post("TE.CL", "Transfer-Encoding: chunked", "Content-Length: 3", body="8\r\nSMUGGLED\r\n" + END)
    yield m.post("coding and length 0", "Transfer-Encoding: chunked", "Content-Length: 0", body=END)
    yield m.post("coding and an empty length", "Transfer-Encoding: chunked", "Content-Length:", body=END)
    yield m.post("coding, length and Connection that hides the coding", "Connection: Transfer-Encoding",
                 "Content-Length: 5",
                 "Transfer-Encoding: chunked", body=END)
    yield m.post("coding in HTTP/1.0", "Transfer-Encoding: chunked", start="POST /x HTTP/1.0", body=END)
    yield m.post("coding in HTTP/1.0 kept alive", "Connection: keep-alive", "Transfer-Encoding: chunked",
                 start="POST /x HTTP/1.0", body=END)
    yield m.post("coding of an unknown version", "Transfer-Encoding: chunked", start="POST /x HTTP/1.2", body=END,
                 refusals=(400, 505))
    body = "5\r\nhello\r\n" + END
    chunked = {"body": b"hello", "fields": {"transfer-encoding": ["chunked"], "content-length": []}}
    yield m.post("coding in capitals", "TRANSFER-ENCODING: CHUNKED", body=body, passes=chunked)
    yield m.post("coding between tabs", "Transfer-Encoding:\t chunked \t", body=body, passes=chunked)
    yield m.post("coding hidden by Connection", "Connection: Transfer-Encoding", "Transfer-Encoding: chunked",
                 body=body, passes=chunked)
    yield m.post("coding beside TE", "TE: trailers, chunked", "Transfer-Encoding: chunked", body=body, passes=chunked)
    for mark in "_.~%!+|":
        yield m.post(f"coding spelled with {ord(mark)}", f"Transfer{mark}Encoding: chunked", "Content-Length: 3",
                     body="abc",
                     passes={"body": b"abc", "fields": {"content-length": ["3"], f"transfer{mark}encoding": []}})
    yield m.send("GET in chunks", "Transfer-Encoding: chunked", body=body, passes=chunked)
    yield m.send("HEAD in chunks", "Transfer-Encoding: chunked", method="HEAD", body=body, passes=chunked)
