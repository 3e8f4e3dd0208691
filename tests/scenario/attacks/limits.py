"""Too much of everything, and messages that are not whole: what counts is the answer, and the service of the next client."""

HEAD_MAX = 32 * 1024


def limits(m):
    few = [f"X-{n}: a" for n in range(98)]
    yield m.send("100 fields", *few, passes={"fields": {"x-97": ["a"]}})  # with Host and Authorization
    yield m.send("101 fields", *few, "X-A: 1", refusals=(431,))
    yield m.send("101 fields of which one is dropped", *few, "X_A: 1", refusals=(431,))
    yield m.send("10000 fields", *["a: b"] * 10000, refusals=(431,))
    yield m.send("10000 fields without a value", *["a:"] * 10000, refusals=(431,))
    for bytes_, refused in ((HEAD_MAX, False), (HEAD_MAX + 1, True)):
        name = f"head of {bytes_} bytes"
        value = "a" * (bytes_ - len(m.send(name, "X: ", behind=False).data))
        yield m.send(name, f"X: {value}", **({"refusals": (431,)} if refused else {"passes": {"fields": {"x": [value]}}}))
    yield m.send("a field of 40 KB", "X: " + "a" * 40_000, refusals=(431,))
    yield m.send("a field of 4 MB", "X: " + "a" * 4_000_000, refusals=(431,))
    yield m.send("a name of 40 KB", "X" * 40_000 + ": a", refusals=(431,))
    yield m.send("a value of blanks", "X:" + " " * 40_000 + "a", refusals=(431,))
    yield m.send("a value that ends in blanks", "X: a" + " \t" * 8000, passes={"fields": {"x": ["a"]}})
    yield m.send("a thousand cookies", "Cookie: " + "; ".join(f"a{n}=b" for n in range(1000)),
                 passes={"fields": {"cookie": ["; ".join(f"a{n}=b" for n in range(1000))]}})
    yield m.send("90 Cookie fields", *[f"Cookie: a{n}=b" for n in range(90)],
                 passes={"fields": {"cookie": [f"a{n}=b" for n in range(90)]}})
    yield m.send("commas as a list", "Connection: " + "," * 5000)
    yield m.send("a thousand accepts", "Accept: " + "*/*," * 2000, passes={})
    yield m.raw("a megabyte of nothing", "\r\n" * 500_000)
    yield m.raw("a megabyte without a line end", "A" * 1_000_000, refusals=(400, 501))
    yield m.post("a refused body of 2 MB", "Content-Length: 2000000", fields=m.host, body="x" * 2_000_000,
                 refusals=(401,), lives=True)
    yield m.post("a body of 2 MB", "Content-Length: 2000000", body="x" * 2_000_000, passes={"body": b"x" * 2_000_000})
    for name, text in {"nothing": "", "a letter": "G", "a request line": "GET /x HTTP/1.1\r\n",
                       "a CR": "GET /x HTTP/1.1\r",
                       "half a name": "GET /x HTTP/1.1\r\nHos", "half a value": f"GET /x HTTP/1.1\r\n{m.host[:-3]}",
                       "no empty line": f"GET /x HTTP/1.1\r\n{m.base}\r\n",
                       "half an empty line": f"GET /x HTTP/1.1\r\n{m.base}\r\n\r"}.items():
        yield m.raw(f"sends {name} and waits", text, waits=True, behind=False)
