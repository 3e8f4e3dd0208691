"""Session ids, and what else opens a door for a while: made in every way, then looked for in everything that is kept, logged or
answered. (Tokens: own_tokens.nowhere_in_clear; secrets of factors: factors.no_secret_of_a_factor_is_anywhere_in_clear.)"""
import base64
import json
from urllib.parse import parse_qs, urlsplit

from authenticator import Enrolled, api, show, step
from gateway import GATE
from registry import absent, equal, expect, test
from web_client import HTML, PASSWORD, Browser
from world import standing

NEW = "harbor-candle-mosaic-58"


class Collecting(Browser):
    """Keeps every cookie that it was ever given, and every handle and code that was in an address."""

    def __init__(self, gateway):
        super().__init__(gateway)
        self.given = set()

    def _keep(self, host, response):
        super()._keep(host, response)
        for line in response.all("set-cookie"):
            self.given.add(line.split(";")[0].partition("=")[2])
        for name in ("flow", "code"):
            self.given.update(parse_qs(urlsplit(response.get("location")).query).get(name, []))


def forms_of(value):
    """As it was given, and the bytes that it stands for."""
    yield value.encode()
    try:
        yield base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except ValueError:
        pass


@test
def nowhere_in_clear(t):
    gateway, _, crm = standing(t)
    mel = Collecting(gateway)
    mel.open(crm, "/wanted?x=1")
    page = mel.fill_in("mel")
    equal(page.status, 200, "a sign-in by form, and on to the page wanted")
    mel.open(crm, "/again")
    ann = Enrolled(gateway, "ann", step(calm=15))
    again = Collecting(gateway)
    again.once("POST", again.at(GATE, "/.sallyport/login"), [("Content-Type", "application/json"), ("X-Sallyport-Request", "1")],
               json.dumps({"user": "ann", "password": PASSWORD}).encode())
    half = again.jar[GATE]["__Host-sallyport"]
    equal(show(again, ann.codes[0]).status, 200, "a second factor")
    expect(again.jar[GATE]["__Host-sallyport"] != half, "another cookie when it was shown")
    again.open(crm, "/wanted?x=2")
    equal(api(again, "POST", "/password", {"current": PASSWORD, "new": NEW}).status, 200, "a new password")

    found = {value for value in mel.given | again.given if len(value) >= 20}
    names = {name for browser in (mel, again) for box in browser.jar.values() for name in box}
    equal(names, {f"__Host-sallyport{kind}" for kind in ("", "-csrf", "-device", "-nonce")}, "kinds of cookies")
    expect(len(found) >= 12, f"{len(found)} things to look for")

    answers = {}
    for who, browser in (("mel", mel), ("ann", again)):
        for path in ("/", "/.sallyport/account", "/.sallyport/account/tokens", "/.sallyport/account/factors", "/.sallyport/account/password",
                     "/.sallyport/logout", "/.sallyport/nowhere"):
            answers[f"{who}: {path}"] = browser.once("GET", browser.at(GATE, path), [("Accept", HTML)]).body
        for path in ("", "/sessions", "/tokens", "/factors"):
            answers[f"{who}: /api/v1/me{path}"] = api(browser, "GET", path).body
    answers["metrics"] = gateway.admin("/metrics").body
    for words in (("session", "list"), ("audit", "list"), ("get", "all", "-o", "json")):
        answers[" ".join(words)] = gateway.must(*words).encode()
    equal(mel.once("POST", mel.at(GATE, "/.sallyport/logout"), [("X-Sallyport-Request", "1"), ("Content-Type", "application/json")],
                   b"{}").status, 200, "the sign-out")
    kept = {f"{path} while it runs": path.read_bytes() for path in gateway.dir.rglob("*") if path.is_file()}
    expect(any("-wal" in name for name in kept), f"no WAL among {sorted(kept)}")
    gateway.stop()
    kept |= {str(path): path.read_bytes() for path in gateway.dir.rglob("*") if path.is_file()} | {"the log": gateway.log_path.read_bytes()}
    for value in found:
        for needle in forms_of(value):
            for name, text in [*kept.items(), *answers.items()]:
                absent(text, needle, name)
