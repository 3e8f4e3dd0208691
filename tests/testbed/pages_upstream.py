"""An upstream with pages, for tests with a browser: careless as a victim, hostile as an attacker. Besides what the echo does:
  /page               an empty page, to run scripts in
  /data/NAME          MARK, for whoever asks: the asking origin may read it with credentials; a script as good as a text
  /worker             a service worker, allowed to rule the whole host
  /send?to=URL        307: the same method and body, elsewhere (&status=: another one)
  /refresh?to=URL     a page that leads elsewhere by itself
"""
import html

from echo_upstream import EchoUpstream

MARK = "furnace seven at 1450 degrees"


class PagesUpstream(EchoUpstream):
    def do_page(self, stream, request, _argument, _query):
        self._read_body(stream, request)
        self._answer(stream, request, 200, b"<!doctype html><html lang=en><title>Page</title><link rel=icon href='data:,'><body>",
                     kind="text/html")

    def do_data(self, stream, request, _argument, _query):
        if request.get("sec-websocket-key"):
            return self.do_ws(stream, request, "", {})
        self._read_body(stream, request)
        origin = request.get("origin") or "*"
        self._answer(stream, request, 200, f"self.stolen = '{MARK}'; /* {MARK} */".encode(), f"Access-Control-Allow-Origin: {origin}",
                     "Access-Control-Allow-Credentials: true", kind="text/javascript")

    def do_worker(self, stream, request, _argument, _query):
        self._read_body(stream, request)
        self._answer(stream, request, 200, b"self.onfetch = () => {};", "Service-Worker-Allowed: /", kind="text/javascript")

    def do_send(self, stream, request, argument, query):
        self.do_echo(stream, request, argument, query, f"Location: {query['to']}", "Access-Control-Allow-Credentials: true",
                     f"Access-Control-Allow-Origin: {request.get('origin') or '*'}", status=int(query.get("status", 307)))

    def do_refresh(self, stream, request, _argument, query):
        self._read_body(stream, request)
        page = f"<!doctype html><title>Wait</title><meta http-equiv=refresh content='0;url={html.escape(query['to'])}'>"
        self._answer(stream, request, 200, page.encode(), kind="text/html")
