"""What an authenticator app computes (RFC 6238), and a person who has one."""
import base64
import hashlib
import hmac
import json
import struct
import time

from gateway import GATE
from registry import equal
from wait import until
from web_client import PASSWORD, Browser

API, MFA, FACTORS = "/api/v1/me", "/.sallyport/mfa", "/.sallyport/account/factors"
JSON = [("Content-Type", "application/json"), ("X-Sallyport-Request", "1")]
STEP = 30


def code(secret, step):
    """secret: in base32, as it is shown."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.digest(key, struct.pack(">Q", step), hashlib.sha1)
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1000000:06}"


def step(calm=6):
    """The step of now, which does not end in the next `calm` seconds."""
    until(lambda: time.time() % STEP < STEP - calm, "the next half minute", seconds=STEP)
    return int(time.time()) // STEP


def other_code(secret, *steps):
    """Six digits that are of none of these steps."""
    taken = {code(secret, each) for each in steps}
    return next(f"{number:06}" for number in range(100) if f"{number:06}" not in taken)


def api(browser, method, path, body=None, headers=JSON, origin=True):
    own = [("Origin", browser.at(GATE, ""))] if origin and method != "GET" else []
    return browser.once(method, browser.at(GATE, API + path), [*headers, *own], None if body is None else json.dumps(body).encode())


def log_in(gateway, user, browser=None):
    """(browser, answer) of a sign-in with the password, by JSON."""
    browser = browser or Browser(gateway)
    body = json.dumps({"user": user, "password": PASSWORD}).encode()
    return browser, browser.once("POST", browser.at(GATE, "/.sallyport/login"), JSON, body)


def show(browser, typed, **more):
    """A code, to /.sallyport/mfa as a program does."""
    return browser.once("POST", browser.at(GATE, MFA), JSON, json.dumps({"code": typed, **more}).encode())


def age_factors(gateway, seconds):
    """Whatever factor was shown in a session was shown so much earlier. The gateway takes it in at its next start."""
    with gateway.store() as store:
        store.execute("UPDATE sessions SET factor_at = factor_at - ?", (seconds * 1000000,))


class Enrolled:
    """A person who has just set an app up: .browser is that session, .secret, .id and .codes what came of it."""

    def __init__(self, gateway, user, at, name="My phone"):
        self.gateway, self.user = gateway, user
        self.browser, answer = log_in(gateway, user)
        equal(answer.status, 200, f"the sign-in of {user}")
        begun = api(self.browser, "POST", "/totp", {"name": name})
        equal(begun.status, 200, f"the beginning of an enrolment ({begun.text[:300]})")
        self.id, self.secret, self.uri = (begun.json()[key] for key in ("id", "secret", "uri"))
        self.confirmed = api(self.browser, "POST", f"/totp/{self.id}/confirm", {"code": code(self.secret, at)})
        equal(self.confirmed.status, 200, f"its confirmation ({self.confirmed.text[:300]})")
        self.codes = self.confirmed.json().get("recovery_codes")

    def code(self, at):
        return code(self.secret, at)

    def half_signed_in(self):
        browser, answer = log_in(self.gateway, self.user)
        equal(answer.json(), {"next": "mfa", "location": MFA}, f"after the password of {self.user}")
        return browser
