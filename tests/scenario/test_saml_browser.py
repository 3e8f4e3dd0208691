"""A person with Chromium signs in at SimpleSAMLphp and out again; one of a foreign domain is refused, with a reference number.

Screenshots go to $SCENARIO_SCREENSHOTS, if set.
"""
from gateway import GATE
from registry import contains, equal, expect, test
from saml_bed import LINE1, PASSWORD, REFERENCE, document, introduce, line1, simplesaml
from test_browser import drive, needs_chromium
from world import upstream, world

MARK = "furnace seven"


def panel(t):
    """An upstream whose /panel is a page with the mark."""
    echo = upstream(t)

    def page(stream, request, _argument, _query):
        echo._read_body(stream, request)
        echo._answer(stream, request, 200, b"<!doctype html><html lang=en><title>Line 1</title><link rel=icon href='data:,'><body>"
                     b"<h1>furnace seven</h1>", kind="text/html")

    echo.do_panel = page
    return echo


def walk(t, gateway, provider, kind, scheme, width, height):
    """alice from line1 to the provider and back, out again, and eve who is refused; the steps."""
    steps = drive(t, "provider.mjs", gateway, scheme, width, height, True, type=kind, mark=MARK, user="alice", stranger="eve",
                  password=PASSWORD, wanted=f"https://{LINE1}:{gateway.port}/panel?x=1", provider=provider.origin,
                  label="Sign in with The corp directory", secrets=[PASSWORD], refusals=[401, 403])
    equal(sorted(steps["hosts"]["hosts"]), sorted([f"{GATE}:{gateway.port}", f"{LINE1}:{gateway.port}", provider.origin.removeprefix("https://")]),
          "hosts it spoke to")
    flow = [cookie for cookie in steps["cookies"]["cookies"] if cookie["name"] == "__Host-sallyport-flow"]
    expect(all(cookie["sameSite"] == "None" and cookie["httpOnly"] and cookie["secure"] for cookie in flow), f"the flow cookie: {flow}")
    equal([cookie["sameSite"] for cookie in steps["cookies"]["cookies"] if cookie["name"] == "__Host-sallyport"], ["Lax"], "the session cookie")
    contains(steps[f"{kind}-account"]["url"], "/.sallyport/account", "the account page")
    expect(REFERENCE.search(steps["refused"]["text"]), f"a reference number: {steps['refused']['text']}")
    return steps


def person(t, scheme, width, height):
    needs_chromium()
    provider = simplesaml(t)
    gateway = world(t, line1(panel(t)), document(t, provider))
    introduce(gateway, provider)
    return walk(t, gateway, provider, "saml", scheme, width, height)


@test(limit=150, alone=True)
def on_a_desk_in_the_light(t):
    steps = person(t, "light", 1280, 800)
    equal(steps["link"]["before"], 1, "password fields beside the choice")


@test(limit=150, alone=True)
def on_a_phone_in_the_dark(t):
    expect(person(t, "dark", 360, 740)["link"]["height"] >= 40, "a link that a finger can hit")
