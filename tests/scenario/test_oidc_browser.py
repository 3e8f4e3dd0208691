"""A person with Chromium signs in at an OpenID provider, signs out here and there; one of a foreign domain is refused, with a reference.

Screenshots go to $SCENARIO_SCREENSHOTS, if set.
"""
from oidc_bed import document, line1, provider_for
from registry import equal, expect, test
from test_browser import needs_chromium
from test_saml_browser import panel, walk
from world import world


def person(t, scheme, width, height):
    needs_chromium()
    gateway = world(t, line1(panel(t)))
    provider = provider_for(t, gateway)
    gateway.apply(document(provider))
    return walk(t, gateway, provider, "oidc", scheme, width, height)


@test(limit=150, alone=True)
def on_a_desk_in_the_light(t):
    equal(person(t, "light", 1280, 800)["link"]["before"], 1, "password fields beside the choice")


@test(limit=150, alone=True)
def on_a_phone_in_the_dark(t):
    expect(person(t, "dark", 360, 740)["link"]["height"] >= 40, "a link that a finger can hit")
