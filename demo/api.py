"""The demo API: a small HTTP API that answers nobody without its key.

usage: api.py PORT        the key is the first line of standard input; ends when standard input does
GET  /whoami   who the gateway says is calling
GET  /items    POST /items {"name": ...}     a list in memory
"""

import hmac
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BODY_BYTES_MAX = 64 * 1024
ITEMS_MAX = 1000


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    key = b""
    items = [{"id": 1, "name": "valve"}, {"id": 2, "name": "pump"}]
    lock = threading.Lock()

    def log_message(self, *_):
        pass  # the gateway keeps the record

    def answer(self, status, value, headers=()):
        body = json.dumps(value).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, text in headers:
            self.send_header(name, text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def has_key(self):
        given = self.headers.get_all("Authorization") or []
        return len(given) == 1 and hmac.compare_digest(given[0].encode("latin-1"), b"Bearer " + self.key)

    def do_GET(self):
        path = self.path.split("?")[0]
        if not self.has_key():
            self.answer(401, {"error": "no key, no answer"}, [("WWW-Authenticate", "Bearer")])
        elif path == "/whoami":
            self.answer(200, {"user": self.headers.get("X-Sallyport-User"),
                              "role": self.headers.get("X-Sallyport-Roles"),
                              "came_with_the_key": True,
                              "headers": sorted({name for name in self.headers.keys()})})
        elif path == "/items":
            with self.lock:
                self.answer(200, {"items": self.items})
        else:
            self.answer(404, {"error": "not here; try /whoami or /items"})

    do_HEAD = do_GET

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            self.close_connection = True
            self.answer(413, {"error": "a length of at most 64 KiB, please"})
            return
        body = self.rfile.read(int(length))
        if not self.has_key():
            self.answer(401, {"error": "no key, no answer"}, [("WWW-Authenticate", "Bearer")])
            return
        if self.path != "/items":
            self.answer(404, {"error": "not here; try /items"})
            return
        try:
            name = json.loads(body)["name"]
        except (ValueError, TypeError, KeyError):
            self.answer(400, {"error": 'send {"name": "..."}'})
            return
        with self.lock:
            if len(self.items) >= ITEMS_MAX:
                self.answer(409, {"error": "that is enough"})
                return
            self.items.append({"id": len(self.items) + 1, "name": str(name)[:100]})
            self.answer(201, self.items[-1])


def main():
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal():
        sys.exit(__doc__)
    Api.key = sys.stdin.buffer.readline().strip()
    if not Api.key:
        sys.exit("api.py: no key on standard input")
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Api)
    print("ready", flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.buffer.read()  # whoever started us is gone
    os._exit(0)


if __name__ == "__main__":
    main()
