#!/usr/bin/env python3
"""Sallyport as the candidate of bench/compare: `sallyport.py start` runs the gateway in the foreground with everything on
(session, decision, injection, audit); `sallyport.py login` signs in and prints the app host's cookie.
The scenario's ports and files come in BENCH_* variables (README.md)."""
import base64, http.client, http.cookiejar, json, os, re, ssl, subprocess, sys, urllib.parse

ENV = os.environ
BINARY = ENV.get("SALLYPORT", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build/release/sallyport"))
DIR = os.path.join(ENV["BENCH_DIR"], "sallyport")
PORT, PLAIN = ENV["BENCH_PORT"], ENV["BENCH_PLAIN_PORT"]
CONFIG = f"{DIR}/sallyport.yaml"
# The bench's certificate is for 127.0.0.1 (the app host, so that load generators need no names) and localhost (the gate).
RESOURCES = """
kind: team
name: bench
members: {{admin: owner}}
---
kind: datasource
name: app
team: bench
type: http
at: 127.0.0.1
upstream: {{url: "http://{upstream}", networks: [127.0.0.0/8]}}
secrets: {{token: "{token}"}}
inject: {{headers: {{Authorization: "Bearer {{{{ secrets.token }}}}"}}}}
---
kind: datasource
name: ws
team: bench
type: http
at: 127.0.0.1/ws
upstream: {{url: "http://{ws_upstream}/ws", networks: [127.0.0.0/8]}}
secrets: {{token: "{token}"}}
inject: {{headers: {{Authorization: "Bearer {{{{ secrets.token }}}}"}}}}
"""


def run(*argv, **more):
    return subprocess.run([BINARY, *argv], check=True, capture_output=True, text=True, **more).stdout


def start():
    line = run("init", "--dir", DIR, "--domain", "localhost", "--apps", "apps.localhost", "--port", PORT)
    with open(f"{DIR}/password", "w") as f:
        f.write(re.search(r"password: (\S+)", line).group(1))
    salt = re.search(r"^salt:.*$", open(CONFIG).read(), re.M).group(0)
    with open(CONFIG, "w") as f:
        f.write(f"""storage: sqlite:sallyport.db
master_key: file:master.key
{salt}
gate: https://localhost:{PORT}
workers: 1
listeners:
  - {{address: "127.0.0.1:{PORT}", tls: {{certificates: [{{cert: "{ENV['BENCH_CERT']}", key: "{ENV['BENCH_KEY']}"}}]}}}}
  - {{address: "127.0.0.1:{PLAIN}"}}
audit: {{dir: audit}}
log: {{level: warning}}
limits: {{idle: 600s}}
""")
    token = base64.b64encode(os.urandom(24)).decode()
    run("apply", "-c", CONFIG, "-f", "-", input=RESOURCES.format(upstream=ENV["BENCH_UPSTREAM"], ws_upstream=ENV["BENCH_WS_UPSTREAM"], token=token))
    os.execv(BINARY, [BINARY, "serve", "-c", CONFIG])


class Browser:
    """Follows redirects between 127.0.0.1 and localhost, one cookie jar per host."""

    def __init__(self):
        self.cookies = {}

    def ask(self, method, url, body=None, headers=()):
        u = urllib.parse.urlsplit(url)
        c = http.client.HTTPSConnection("127.0.0.1", u.port, context=ssl._create_unverified_context(), timeout=30)
        jar = self.cookies.setdefault(u.hostname, {})
        sent = {"Host": u.netloc, "Accept": "text/html", **dict(headers)}
        if jar:
            sent["Cookie"] = "; ".join(f"{k}={v}" for k, v in jar.items())
        c.request(method, u.path + ("?" + u.query if u.query else ""), body, sent)
        r = c.getresponse()
        r.read()
        for name, value in r.getheaders():
            if name.lower() == "set-cookie":
                k, v = value.split(";")[0].split("=", 1)
                jar[k] = v
        return r.status, r.getheader("Location")


def login():
    b = Browser()
    gate, app = f"https://localhost:{PORT}", f"https://127.0.0.1:{PORT}"
    password = open(f"{DIR}/password").read()
    status, _ = b.ask("POST", gate + "/.sallyport/login", json.dumps({"user": "admin", "password": password}),
                      [("Content-Type", "application/json"), ("X-Sallyport-Request", "1")])
    assert status == 200, f"sign-in answered {status}"
    url = app + "/1k"
    for _ in range(8):
        status, location = b.ask("GET", url)
        if status == 200:
            print("__Host-sallyport=" + b.cookies["127.0.0.1"]["__Host-sallyport"])
            return
        url = urllib.parse.urljoin(url, location)
    raise SystemExit(f"no session on the app host: last answer {status}")


{"start": start, "login": login}[sys.argv[1]]()
