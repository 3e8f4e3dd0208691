"""A person with Chromium signs in by a directory's password at the gate's own form; one who has no account here is refused, with a reference.

Screenshots go to $SCENARIO_SCREENSHOTS, if set.
"""
from gateway import GATE
from ldap_bed import TOOL, directory, document
from registry import absent, contains, equal, expect, test
from saml_bed import REFERENCE, attempts
from test_browser import drive, needs_chromium
from test_saml_browser import MARK, panel
from world import instance, world

WRONG = "not-the-password-there-4"


def person(t, scheme, width, height, script=True):
    needs_chromium()
    server = directory(t)
    gateway = world(t, instance("tool", panel(t)), document(server, provision=False),
                    {"kind": "user", "name": "alice", "email": "alice@example.test"})
    passwords = {"password": "alicepass1", "wrong": WRONG, "strangers": "bobpass1"}
    steps = drive(t, "ldap.mjs", gateway, scheme, width, height, script, mark=MARK, user="alice", stranger="bob",
                  wanted=f"https://{TOOL}:{gateway.port}/panel?x=1", secrets=list(passwords.values()), refusals=[401, 403], **passwords)
    equal(sorted(steps["hosts"]["hosts"]), sorted([f"{GATE}:{gateway.port}", f"{TOOL}:{gateway.port}"]), "hosts it spoke to")
    contains(steps["account"]["text"], "alice@example.test", "the account page")
    absent(steps["wrong"]["text"], "Reference", "what a wrong password is told")
    found = REFERENCE.search(steps["refused"]["text"])
    expect(found, f"a reference number: {steps['refused']['text']}")
    equal([each["reference"] for each in attempts(gateway) if each["outcome"] == "refused"][0], found[1], "where the reference leads")


@test(limit=150, alone=True)
def on_a_desk_in_the_light(t):
    person(t, "light", 1280, 800)


@test(limit=150, alone=True)
def on_a_phone_in_the_dark(t):
    person(t, "dark", 360, 740)


@test(limit=150, alone=True)
def without_script(t):
    person(t, "light", 800, 600, script=False)
