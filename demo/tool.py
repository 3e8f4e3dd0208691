"""The demo tool: a web page that knows no sign-in. Who is there, it learns from the headers the gateway sets.

usage: tool.py PORT       ends when standard input does
"""

import html
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

BODY_BYTES_MAX = 16 * 1024
NOTES_MAX = 50

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Demo tool: {title}</title>
<style>
  :root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
  body {{ max-width: 40rem; margin: 2rem auto; padding: 0 1rem }}
  nav a {{ margin-right: 1rem }}
  input {{ font: inherit; width: 60% }} button {{ font: inherit }}
  dt {{ font-weight: 600 }}
</style>
<nav><a href="/">Notes</a><a href="/who">Who am I?</a><a href="/.sallyport/logout">Sign out</a></nav>
<h1>{title}</h1>
{body}
</html>
"""


class Tool(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    notes = []
    lock = threading.Lock()

    def log_message(self, *_):
        pass

    def page(self, title, body, status=200):
        text = PAGE.format(title=html.escape(title), body=body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def user(self):
        return self.headers.get("X-Sallyport-User") or "nobody"

    def do_GET(self):
        path = self.path.split("?")[0]
        if path == "/":
            with self.lock:
                rows = "".join(f"<li>{html.escape(text)} <small>({html.escape(user)})</small></li>"
                               for user, text in self.notes)
            self.page(f"Hello, {self.user()}",
                      "<p>This tool has no sign-in of its own. Sallyport stands in front of it.</p>"
                      f"<ul>{rows or '<li>No notes yet.</li>'}</ul>"
                      '<form method="post" action="/notes">'
                      '<label for="text">A note</label> <input id="text" name="text" maxlength="200" required>'
                      " <button>Add</button></form>")
        elif path == "/who":
            shown = ("X-Sallyport-User", "X-Sallyport-Email", "X-Sallyport-Roles", "X-Forwarded-For",
                     "X-Forwarded-Host", "X-Request-Id", "Cookie", "Authorization")
            rows = "".join(f"<dt>{name}</dt><dd>{html.escape(self.headers.get(name) or '(none)')}</dd>"
                           for name in shown)
            self.page("What the gateway told this tool", f"<dl>{rows}</dl>")
        else:
            self.page("Not here", "<p>There is no such page.</p>", 404)

    do_HEAD = do_GET

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            self.close_connection = True
            self.page("Too long", "<p>A note has at most 200 characters.</p>", 413)
            return
        form = parse_qs(self.rfile.read(int(length)).decode("utf-8", "replace"))
        text = form.get("text", [""])[0].strip()[:200]
        if self.path == "/notes" and text:
            with self.lock:
                self.notes.append((self.user(), text))
                del self.notes[:-NOTES_MAX]
        self.send_response(303)
        self.send_header("Location", "/")
        self.send_header("Content-Length", "0")
        self.end_headers()


def main():
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal():
        sys.exit(__doc__)
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Tool)
    print("ready", flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.buffer.read()  # whoever started us is gone
    os._exit(0)


if __name__ == "__main__":
    main()
