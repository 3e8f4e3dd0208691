"""Guessing does not lock the victim out: who has signed in from a device before has attempts of his own there (A9). And the lane
in which passwords are hashed: bounded, and measured."""
import re
import threading
from collections import Counter

from gateway import GATE
from registry import contains, equal, expect, test
from test_passwords import IMPOSSIBLE, NEW, change, guess_until_limited
from test_sign_in import ASKED, error_body, login
from wait import until
from web_client import PASSWORD
from wire import request_bytes
from world import signed_in, world

DEVICE = "__Host-sallyport-device"
LOGIN = "/.sallyport/login"


def attempt(gateway, user, password, source=None, device=None):
    cookie = [("Cookie", f"{DEVICE}={device}")] if device else []
    body = b'{"user": "%s", "password": "%s"}' % (user.encode(), password.encode())
    with gateway.wire(GATE, seconds=60, source=source) as connection:  # on a busy machine hashes come last
        connection.send(request_bytes("POST", LOGIN, f"{GATE}:{gateway.port}", ASKED + cookie, body))
        return connection.response("POST")


def device_of(browser):
    return browser.jar[GATE][DEVICE]


def besiege(gateway, user):
    """Strangers of many addresses use up all attempts at this account."""
    guess_until_limited(lambda number: attempt(gateway, user, IMPOSSIBLE, f"127.0.1.{number + 1}"), 401)


@test
def the_cookie_is_long_lived_and_tells_nothing(t):
    gateway = world(t)
    told = login(gateway, "ann", PASSWORD)
    (line,) = [line for line in told.all("set-cookie") if line.startswith(DEVICE)]
    value, *attributes = [part.strip() for part in line.split(";")]
    equal(sorted(attributes), sorted(["Path=/", "Secure", "HttpOnly", "SameSite=Lax", f"Max-Age={180 * 24 * 3600}"]), "attributes")
    expect(re.fullmatch(rf"{DEVICE}=[\w-]{{22}}\.[\w-]{{54}}", value), f"value {value}")
    equal([line for line in login(gateway, "ann", "wrong").all("set-cookie") if line.startswith(DEVICE)], [], "a wrong password")
    alone = gateway.ask(GATE, target="/api/v1/me", headers=[("Cookie", value)])
    equal(alone.status, 401, "the cookie alone")


@test
def a_victim_signs_in_from_a_known_device_all_the_while(t):
    gateway = world(t)
    victim = signed_in(gateway, "ann")
    besiege(gateway, "ann")
    equal(attempt(gateway, "ann", PASSWORD, "127.0.0.77").status, 429, "the right password from a device that is not known")
    for _ in range(3):
        equal(attempt(gateway, "ann", PASSWORD, "127.0.0.77", device_of(victim)).status, 200, "from the known one, anywhere")
    equal(victim.sign_in("ann").status, 200, "by its own browser")
    equal(attempt(gateway, "ann@example.test", PASSWORD, "127.0.0.78", device_of(victim)).status, 200, "by mail address")


@test
def an_attacker_in_the_same_network_does_not_lock_it_out_either(t):
    gateway = world(t)
    victim = signed_in(gateway, "ann")
    statuses = [attempt(gateway, f"nobody-{number}", IMPOSSIBLE).status for number in range(36)]
    equal(set(statuses), {401, 429}, "what the neighbour was told")
    equal(attempt(gateway, "mel", IMPOSSIBLE).status, 429, "somebody else behind this address")
    equal(attempt(gateway, "ann", PASSWORD, device=device_of(victim)).status, 200, "the known device behind it")


@test
def a_stolen_cookie_gives_its_own_attempts_and_no_more(t):
    gateway = world(t)
    stolen = device_of(signed_in(gateway, "ann"))
    guess_until_limited(lambda number: attempt(gateway, "ann", IMPOSSIBLE, f"127.0.1.{number + 1}", stolen), 401)
    equal(attempt(gateway, "ann", PASSWORD, "127.0.1.90", stolen).status, 429, "one more, though it is right")
    equal(attempt(gateway, "ann", PASSWORD, "127.0.0.5").status, 200, "the account itself was not touched by it")
    besiege(gateway, "mel")
    equal(attempt(gateway, "mel", PASSWORD, "127.0.0.5", stolen).status, 429, "it counts for one account alone")


@test
def what_was_not_made_here_is_as_good_as_none(t):
    gateway = world(t)
    good = device_of(signed_in(gateway, "ann"))
    besiege(gateway, "ann")
    name, entry = good.split(".")
    other = device_of(signed_in(gateway, "mel"))
    forged = [good[:-1] + ("A" if good[-1] != "A" else "B"), f"{'A' * 22}.{entry}", f"{name}.{'A' * 54}", name, f"{name}.", ".", "x",
              f"{good}.x", f"{name}.{entry}.{entry}.{entry}.{entry}.{entry}", other, f"{good}; {DEVICE}={good}", "A" * 3000]
    for number, value in enumerate(forged):
        equal(attempt(gateway, "ann", PASSWORD, f"127.0.2.{number}", value).status, 429, f"with {value[:90]}")
    equal(attempt(gateway, "ann", PASSWORD, "127.0.2.99", f"{name}.{other.split('.')[1]}.{entry}").status, 200, "among others")


@test
def two_people_share_a_browser(t):
    gateway = world(t)
    browser = signed_in(gateway, "ann")
    browser.sign_in("mel")
    for user in ("ann", "mel"):
        besiege(gateway, user)
        equal(attempt(gateway, user, PASSWORD, "127.0.0.9", device_of(browser)).status, 200, f"{user} on the shared device")


@test
def a_new_password_makes_all_devices_strangers_but_the_one_it_was_set_on(t):
    gateway = world(t)
    mine, other = signed_in(gateway, "ann"), signed_in(gateway, "ann")
    before = device_of(mine)
    equal(change(mine, PASSWORD, NEW).status, 200, "the change")
    besiege(gateway, "ann")
    for value in (before, device_of(other)):
        equal(attempt(gateway, "ann", NEW, "127.0.0.9", value).status, 429, "a cookie from before")
    equal(attempt(gateway, "ann", NEW, "127.0.0.9", device_of(mine)).status, 200, "the cookie that came with the change")


@test
def the_known_device_survives_a_restart(t):
    gateway = world(t)
    device = device_of(signed_in(gateway, "ann"))
    gateway.stop()
    gateway.start()
    besiege(gateway, "ann")
    equal(attempt(gateway, "ann", PASSWORD, "127.0.0.9", device).status, 200, "after a restart")


# --- the lane

def metric(gateway, name):
    return float(re.search(rf"^sallyport_{name} (\S+)$", gateway.admin("/metrics").text, re.MULTILINE)[1])


@test(alone=True, limit=120)
def more_at_once_than_the_lane_takes_are_told_to_come_again(t):
    gateway = world(t, workers=2)
    victim = signed_in(gateway, "ann")
    answers, known = [], []

    def stranger(number):
        answers.append(attempt(gateway, f"nobody-{number}", "guess", f"127.0.3.{number}"))

    strangers = [threading.Thread(target=stranger, args=(number,)) for number in range(1, 61)]
    for thread in strangers:
        thread.start()
    until(lambda: metric(gateway, "password_hashes_refused_total") > 0, "the lane to be full")
    known.append(attempt(gateway, "ann", PASSWORD, "127.0.0.9", device_of(victim)).status)
    for thread in strangers:
        thread.join()
    equal(len(answers), len(strangers), "answers")
    seen = Counter(response.status for response in answers)
    equal(set(seen), {401, 503}, f"answers {seen}")
    for response in answers:
        if response.status == 503:
            error_body(response, "busy")
            equal(response.get("retry-after"), "2", "Retry-After")
    equal(known, [200], "who has been here before does not wait behind strangers")
    equal(metric(gateway, "password_hashes_refused_total"), seen[503], "refusals counted")
    # A thread of the lane counts its hash behind the answer, when it has its turn.
    until(lambda: metric(gateway, "password_hashes_running") == 0, "the last hash to be counted")
    equal(metric(gateway, "password_hashes_total"), seen[401] + 2, "hashes counted")
    expect(metric(gateway, "password_hash_wait_seconds_total") > 0, "waits counted")
    equal(metric(gateway, "password_hashes_queued"), 0, "an empty lane")
    equal(login(gateway, "mel", PASSWORD).status, 200, "a sign-in afterwards")
    contains(gateway.admin("/metrics").text, "# TYPE sallyport_password_hashes_total counter", "the metrics")
