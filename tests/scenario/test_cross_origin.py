"""What a page of another origin can do to somebody who is signed in: nothing. Tried in Chromium, by everything in
browser/attempts.mjs, from another tool of the same team and from a foreign site.

The gate is a neighbour of the tools here (gate.apps.localhost), the hardest case: to a browser they are all the same site, so
SameSite keeps none of the cookies back.
"""
import base64
import json
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import certs
from gateway import APPS
from pages_upstream import MARK, PagesUpstream
from registry import PATIENCE, Failed, absent, equal, expect, test
from test_browser import HERE, needs_chromium
from test_hand_over import to_callback
from web_client import PASSWORD, Browser
from world import KEY, host, instance, world

GATE = f"gate.{APPS}"
RAW = {
    "cookies": ["Set-Cookie: __Host-sallyport=tossed; Secure; Path=/",
                "Set-Cookie: __Host-sallyport=tossed; Secure; Path=/; Domain=apps.localhost",
                "Set-Cookie: __Host-sallyport-nonce=tossed; Secure; Path=/", "Set-Cookie: __Host-sallyport-csrf=tossed; Secure; Path=/",
                "Set-Cookie: __Host-sallyport-flow=tossed; Secure; Path=/; SameSite=None",
                "Set-Cookie: wide=tossed; Domain=apps.localhost; Path=/",
                "Set-Cookie: wider=tossed; Domain=localhost; Path=/", "Set-Cookie: =__Host-sallyport=tossed; Domain=apps.localhost; Path=/",
                "Set-Cookie: __Host-sallyport; Domain=apps.localhost; Path=/", "Set-Cookie: dotted=tossed; DOMAIN = .apps.localhost"],
    "clear": ['Clear-Site-Data: "cookies", "storage", "cache"'],
    "clear_all": ['Clear-Site-Data: "*"'],
    "others": ['Alt-Svc: h3="evil.example:443"; ma=86400; persist=1', "Service-Worker-Allowed: /", "X-Sallyport-User: ann",
               'NEL: {"report_to":"x","max_age":9999,"include_subdomains":true,"success_fraction":1}',
               'Report-To: {"group":"x","max_age":9999,"include_subdomains":true,"endpoints":[{"url":"https://evil.example/"}]}'],
}
TAKEN_OUT = ("set-cookie", "clear-site-data", "alt-svc", "service-worker-allowed", "x-sallyport-user", "nel", "report-to")
TOSSED = ("__Host-sallyport", "__Host-sallyport-nonce", "__Host-sallyport-csrf", "__Host-sallyport-flow",
          "__host-sallyport", "__Secure-x", "plain", "")


def key_of(certificate):
    """SHA-256 of a certificate's public key, base64: how Chromium is told to take it for a good one."""
    public = subprocess.run(["openssl", "x509", "-in", str(certificate), "-pubkey", "-noout"], capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=public, capture_output=True, check=True).stdout
    digest = subprocess.run(["openssl", "dgst", "-sha256", "-binary"], input=der, capture_output=True, check=True).stdout
    return base64.b64encode(digest).decode()


def pages(t, certificate=None):
    served = PagesUpstream(certificate)
    t.defer(served.close)
    return served


def team(t):
    """(gateway, upstream of line1 and crm, upstream of evil): three tools of team plant beside the gate on one domain."""
    victim, hostile = pages(t), pages(t)
    areas = [{"name": "all", "paths": ["/"], "roles": ["owner", "member"]}]
    keyed = {"secrets": {"k": KEY}, "areas": areas,
             "credentials": [{"roles": ["owner", "member"], "inject": {"headers": {"Authorization": "Bearer {{ secrets.k }}"}}}]}
    gateway = world(t, start=False)
    gateway.configure(gate=f"https://{GATE}:{gateway.port}")
    friend = [f"https://{host('crm')}:{gateway.port}"]
    gateway.apply(instance("line1", victim, origins=friend, **keyed), instance("crm", victim, **keyed), instance("evil", hostile, areas=areas))
    return gateway.start(), victim, hostile


def code_of(gateway, user):
    """A callback's URL on line1 with a code of somebody else's sign-in."""
    other = Browser(gateway)
    body = json.dumps({"user": user, "password": PASSWORD}).encode()
    answer = other.once("POST", other.at(GATE, "/.sallyport/login"),
                        [("Content-Type", "application/json"), ("X-Sallyport-Request", "1")], body)
    equal(answer.status, 200, "the other person's sign-in")
    return to_callback(other, host("line1"))


def attack(t, gateway, place, evil, *keys):
    at = lambda name: f"https://{name}:{gateway.port}"
    task = {"gate": at(GATE), "app": at(host("line1")), "other": at(host("crm")), "evil": evil, "place": place,
            "sign_in_at": [at(host("crm")) + "/page", at(host("evil")) + "/page"], "user": "ann", "password": PASSWORD,
            "thief": {"user": "mel", "password": PASSWORD, "callback": code_of(gateway, "mel")},
            "keys": [key_of(gateway.dir / "tls/cert.pem"), *keys], "toss": TOSSED, "deadline": 15000 * PATIENCE,
            "raw": {name: base64.urlsafe_b64encode("\n".join(lines).encode()).decode() for name, lines in RAW.items()}}
    done = subprocess.run(["node", HERE / "attacker.mjs"], input=json.dumps(task), capture_output=True, text=True,
                          timeout=280 * PATIENCE, env={**os.environ, "HOME": str(t.dir)})
    try:
        told = json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise AssertionError(f"no result of the browser: {done.stdout[-500:]} {done.stderr[-1500:]}") from None
    if report := os.environ.get("SCENARIO_REPORT"):
        Path(f"{report}.{place}.json").write_text(json.dumps(told, indent=1))
    equal(told["faults"], [], "faults of the attacker")
    return told


def arrived(victim, place):
    """name of the attempt -> the requests that reached the victim's upstream because of it."""
    found = {}
    for request in list(victim.requests):
        path = urlsplit(request.target).path
        if path.startswith(f"/data/{place}-"):
            found.setdefault(path.removeprefix(f"/data/{place}-"), []).append(request)
    return found


def is_page_load(request):
    return (request.method, request.get("sec-fetch-mode")) == ("GET", "navigate")


def judge(told, gateway, victim, hostile, place):
    controls = {control: arrived(victim, control) for control in ("own", "friend")}
    for attempt in told["tried"]:
        if attempt["place"] in controls and attempt["name"] not in controls[attempt["place"]]:
            raise Failed(f"control: {attempt['name']} from {attempt['place']} did not arrive: {attempt}")
    for request in (each for came in controls.values() for requests in came.values() for each in requests):
        equal((request.all("authorization"), request.all("x-sallyport-user")), ([f"Bearer {KEY}"], ["ann"]), "what the controls carried")

    tried = [attempt for attempt in told["tried"] if attempt["place"] == place]
    expect(len(tried) >= 90, f"only {len(tried)} attempts were made")
    # The audit log has what came as far as the gateway, answered or not, whatever the browser told about it. Chromium itself
    # refuses the mode same-origin, and speculates about no foreign site whose cookies it has.
    paths = {str(entry.get("path")) for entry in gateway.audit()}
    aimed = [attempt["name"] for attempt in tried if attempt["group"] != "gate"]
    missing = [name for name in aimed if f"/data/{place}-{name}" not in paths]
    equal([name for name in missing if name not in ("fetch_same_origin", "speculation")], [], "attempts that were none")
    faults, came = [], arrived(victim, place)
    for attempt in tried:
        name, read = attempt["name"], str(attempt["read"])
        for request in came.get(name, []):
            if attempt["group"] != "links" or not is_page_load(request) or "prefetch" in request.get("sec-purpose", ""):
                faults.append(f"{name} reached the upstream: {request.method} "
                              f"{[pair for pair in request.headers if pair[0].lower().startswith('sec-')]}")
        for text in (MARK, "ann@example.test", '"session"', "Sign out", '"count"'):
            if text in read:
                faults.append(f"{name} read {text!r}: {read[:200]}")
        loaded = read.startswith("loaded") and attempt["group"] == "loads" and name not in ("prefetch", "embed")  # these say it always
        if loaded or '"next":"done"' in read.replace(" ", ""):
            faults.append(f"{name} was given something: {read[:200]}")
        for frame in attempt["framed"]:
            if not (frame["url"].startswith("chrome-error:") or "refused to connect" in frame["text"]):
                faults.append(f"{name} framed the gate: {frame}")
        for entry in attempt["seen"]:
            if attempt["group"] == "gate" and entry["method"] in ("POST", "DELETE", "PUT") and entry["what"] in (200, 204, 302, 303):
                faults.append(f"{name} was accepted: {entry}")
    equal(faults, [], "attempts that had success")

    lost = [look for look in told["alive"] if look["status"] != 200 or look["moved"]]
    equal(lost, [], "sessions that were lost or replaced")
    sessions = {json.loads(look["text"])["session"] for look in told["alive"] if look["url"].endswith("/me")}
    equal(len(sessions), 1, "sessions at the gate in the course of it")
    equal(told["signed_out"][0]["status"], 401, "control: what was looked at, after a sign-out")
    for request in victim.requests:
        equal(request.all("x-sallyport-user"), ["ann"], f"who asked for {request.target}")
    for request in hostile.requests:
        for text in (b"code=", KEY.encode()):
            absent(request.head, text, "what reached the hostile upstream")
        equal(re.findall(rb"__Host-sallyport[\w-]*=(?!tossed)[^;\r]*", request.head), [], "cookies that reached the hostile upstream")


def judge_cookies(told, evil):
    """evil: the host whose own cookies are its own business."""
    ours = lambda jar: sorted((c["domain"], c["name"], c["value"]) for c in jar if "sallyport" in c["name"].lower() and c["domain"] != evil)
    for when in ("after_answers", "after_toss"):
        equal(ours(told[when]), ours(told["before"]), f"the gate's cookies {when}")
        nameless = [c for c in told[when] if "sallyport" in c["value"].lower()]
        equal(nameless, [], "cookies without a name that read like the gate's")
    equal([c for c in told["after_answers"] if c["domain"].startswith(".")], [], "cookies for several hosts that came in an answer")


@test(limit=300, alone=True)
def a_neighbouring_tool_gets_nowhere(t):
    needs_chromium()
    gateway, victim, hostile = team(t)
    told = attack(t, gateway, "near", f"https://{host('evil')}:{gateway.port}")
    judge(told, gateway, victim, hostile, "near")
    judge_cookies(told, host("evil"))
    absent(told["workers"], "registered", "service workers with a scope that is not theirs")
    for name, fields in told["answers"].items():
        equal([field for field, _ in json.loads(fields) if field in TAKEN_OUT], [], f"fields that came through ({name})")


@test(limit=300, alone=True)
def a_foreign_site_gets_nowhere(t):
    needs_chromium()
    gateway, victim, hostile = team(t)
    certificate = certs.gate_pair(t.dir, "foreign", "evil.example")
    foreign = pages(t, certificate)
    told = attack(t, gateway, "far", f"https://evil.example:{foreign.port}", key_of(certificate[0]))
    judge(told, gateway, victim, foreign, "far")
    judge_cookies(told, "evil.example")
    equal(told["workers"][:2], ["registered", "registered"], "control: without a gateway Service-Worker-Allowed counts")
    absent(told["workers"][2:], "registered", "service workers of another host")
    equal(hostile.requests and {urlsplit(r.target).path for r in hostile.requests}, {"/page"}, "what the tool called evil was asked")
