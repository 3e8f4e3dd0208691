"""The pages on which passwords are set, in Chromium: light and dark, desk and phone, with and without script."""
from gateway import GATE
from registry import contains, equal, expect, test
from test_browser import dark, drive, needs_chromium
from test_passwords import NEW, NEWER, due, link
from world import host, instance, upstream, world

LINKED = "copper-saddle-meadow-19"


def walk(t, scheme, width, height, script=True):
    needs_chromium()
    echo = upstream(t)

    def page(stream, request, _argument, _query):
        echo._read_body(stream, request)
        mark = b"<!doctype html><html lang=en><title>Line 1</title><link rel=icon href='data:,'><body><h1>furnace seven</h1>"
        echo._answer(stream, request, 200, mark, kind="text/html")

    echo.do_panel = page
    gateway = world(t, instance("line1", echo))
    due(gateway, "mel")
    # The person's own change comes first and would void a link of hers: it is vic's.
    steps = drive(t, "password.mjs", gateway, scheme, width, height, script, secrets=[NEW, NEWER, LINKED], due="mel", linked="vic",
                  fresh=[NEW, NEWER, LINKED], wanted=f"https://{host('line1')}:{gateway.port}/panel?x=1",
                  link=f"https://{GATE}:{gateway.port}{link(gateway, 'vic')}")
    contains(steps["password-due"]["url"], "/.sallyport/account/password?flow=", "where a sign-in leads")
    return {name: steps[name]["facts"] for name in ("change", "due", "link")} if script else None


def check(pages):
    for name, facts in pages.items():
        expect(facts["labels"] and facts["described"], f"{name}: labels and descriptions: {facts}")
        equal((facts["headings"], facts["small"], facts["scripts"]), (1, 0, 0), f"{name}: headings, small controls, scripts")
        fields = ["username", *["current-password"] * (name != "link"), "new-password", "new-password"]
        equal(facts["complete"], fields, f"{name}: what the browser may fill in")
        equal(facts["focused"], "new" if name == "link" else "current", f"{name}: where the cursor is")


@test(limit=150, alone=True)
def on_a_desk_in_the_light(t):
    check(walk(t, "light", 1280, 800))


@test(limit=150, alone=True)
def on_a_phone_in_the_dark(t):
    pages = walk(t, "dark", 360, 740)
    check(pages)
    expect(dark(pages["change"]), f"a dark background: {pages['change']['background']}")


@test(limit=150, alone=True)
def without_script(t):
    walk(t, "light", 800, 600, script=False)
