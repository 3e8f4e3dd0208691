"""Several workers, one installation: what a command changed is in force on every one of them when it returns."""
import threading

from gateway import GATE
from registry import equal, expect, test
from test_hand_over import PAGE, to_callback
from web_client import Browser
from wire import Closed, request_bytes
from world import bearer, datasource, host, keyed, signed_in, upstream, world

CONNECTIONS = 24  # the kernel spreads them over the workers


class Crowd:
    """Open keep-alive connections over all workers."""

    def __init__(self, t, gateway, where, headers):
        self.gateway, self.where, self.headers = gateway, where, headers
        self.open = [gateway.wire(where) for _ in range(CONNECTIONS)]
        for connection in self.open:
            t.defer(connection.close)

    def statuses(self):
        found = set()
        for connection in self.open:
            connection.send(request_bytes("GET", "/", f"{self.where}:{self.gateway.port}", self.headers))
        for connection in self.open:
            found.add(connection.response().status)
        return found


def crowded(t, user="mel"):
    echo = upstream(t)
    gateway = world(t, keyed("crm", echo), workers=4)
    browser = signed_in(gateway, user, host("crm"))
    crowd = Crowd(t, gateway, host("crm"), browser.headers(host("crm")))
    equal(crowd.statuses(), {200}, "before")
    return gateway, echo, crowd


@test
def an_ended_session_is_over_on_every_worker(t):
    gateway, _, crowd = crowded(t)
    gateway.must("session", "end", "--user", "mel")
    equal(crowd.statuses(), {401}, "the first request on each connection after the command returned")


@test
def a_suspended_user_is_out_on_every_worker(t):
    gateway, _, crowd = crowded(t)
    gateway.must("user", "suspend", "mel")
    found = crowd.statuses()
    expect(found <= {401, 403}, f"statuses {found}")
    gateway.must("user", "resume", "mel")


@test
def a_changed_role_counts_on_every_worker(t):
    gateway, _, crowd = crowded(t)
    gateway.apply({"kind": "team", "name": "plant", "members": {"ann": "owner", "mel": "viewer"}})
    equal(crowd.statuses(), {403}, "after the role was taken")
    gateway.apply({"kind": "team", "name": "plant", "members": {"ann": "owner", "mel": "member"}})
    equal(crowd.statuses(), {200}, "after it was given back")


@test
def a_new_key_is_used_on_every_worker(t):
    gateway, echo, crowd = crowded(t)
    gateway.apply(keyed("crm", echo, secrets={"token": "sk-renewed-1234567890"}))
    before = len(echo.requests)
    equal(crowd.statuses(), {200}, "after the key was changed")
    equal({request.get("authorization") for request in echo.requests[before:]}, {"Bearer sk-renewed-1234567890"}, "keys that went out")


@test
def a_revoked_token_is_over_on_every_worker(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo), workers=4)
    crowd = Crowd(t, gateway, host("crm"), bearer(gateway.token("ann", name="one")))
    equal(crowd.statuses(), {200}, "before")
    (identity,) = [entry["id"] for entry in gateway.listing("token", "list") if "one" in entry.values()]
    if gateway.run("token", "revoke", identity).code != 0:
        gateway.must("token", "revoke", "--id", identity)
    equal(crowd.statuses(), {401}, "after")


@test
def a_code_of_one_use_works_once_though_all_workers_are_asked(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo), workers=4)
    browser = Browser(gateway)
    browser.sign_in("ann")
    for _ in range(3):
        browser.jar.pop(host("crm"), None)
        callback = to_callback(browser, host("crm"))
        target = callback[callback.index("/.sallyport"):]
        nonce, winners = browser.cookie(host("crm")), []

        def use(target=target, nonce=nonce, winners=winners):
            answer = gateway.ask(host("crm"), target=target, headers=PAGE + [("Cookie", nonce)])
            winners.append(any(line.startswith("__Host-sallyport=") for line in answer.all("set-cookie")))

        threads = [threading.Thread(target=use) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal((winners.count(True), len(winners)), (1, 8), "sessions made of one code by eight at once")


@test
def many_clients_at_once_are_served(t):
    echo = upstream(t)
    gateway = world(t, keyed("crm", echo), workers=4)
    token = bearer(gateway.token("ann"))
    wrong = []

    def work(number):
        try:
            for turn in range(10):
                with gateway.wire(host("crm"), seconds=40) as connection:
                    for step in range(5):
                        path = f"/{number}/{turn}/{step}"
                        connection.send(request_bytes("GET", path, f"{host('crm')}:{gateway.port}", token))
                        told = connection.response().json()
                        if told["target"] != path:
                            wrong.append((path, told["target"]))
        except (Closed, OSError) as fault:
            wrong.append(str(fault))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(wrong[:5], [], "answers that are not whole or belong to another request")
    equal(len(echo.requests), 800, "requests at the upstream")
    equal(gateway.ask(GATE, target="/.sallyport/login").status, 200, "the gate")
