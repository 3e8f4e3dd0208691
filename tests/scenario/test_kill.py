"""kill -9 in the middle of apply, sign-ins and traffic: the store opens, nothing acknowledged is lost, the chain verifies."""
import json
import os
import random
import ssl
import subprocess
import threading

from gateway import GATE
from registry import Failed, equal, expect, test
from wait import until
from web_client import PASSWORD, Browser
from wire import Closed, request_bytes
from world import bearer, datasource, host, keyed, upstream, world

GONE = (OSError, Closed, Failed, ssl.SSLError, subprocess.TimeoutExpired)


ENOUGH = 400  # answered requests in a round; more only make the log long


class Work:
    """Three kinds of work at once, each keeping what was acknowledged."""

    def __init__(self, t, gateway, round_number, token):
        self.t, self.gateway, self.round, self.token = t, gateway, round_number, token
        self.applied, self.cookies, self.answered = [], [], []
        self.stop, self.killed, self.faults = threading.Event(), False, []
        self.threads = [threading.Thread(target=self._guard, args=(work,)) for work in (self.apply, self.sign_in, self.traffic)]
        for thread in self.threads:
            thread.start()

    def _guard(self, work):
        try:
            while not self.stop.is_set():
                work()
        except GONE as fault:
            if not self.killed:
                self.faults.append(f"{work.__name__}: {type(fault).__name__}: {fault}")

    def apply(self):
        name = f"r{self.round}-{len(self.applied)}"
        path = self.t.dir / f"{name}.yaml"
        path.write_text(json.dumps(datasource(name, "https://198.51.100.1", secrets={"k": name * 3}, inject={"headers": {"X-K": "{{ secrets.k }}"}})))
        done = self.gateway.run("apply", "-f", path)
        if done.code == 0:
            self.applied.append(name)

    def sign_in(self):
        browser = Browser(self.gateway)
        browser.sign_in(("ann", "mel")[len(self.cookies) % 2], PASSWORD)
        self.cookies.append((GATE, browser.cookie(GATE)))
        browser.enter(host("crm"), f"/entered-{self.round}")
        self.cookies.append((host("crm"), browser.cookie(host("crm"))))

    def traffic(self):
        crm = host("crm")
        with self.gateway.wire(crm, seconds=5) as connection:
            for _ in range(100):
                path = f"/t{self.round}-{len(self.answered)}x"
                connection.send(request_bytes("GET", path, f"{crm}:{self.gateway.port}", bearer(self.token)))
                if connection.response().status == 200:
                    self.answered.append(path)
                if self.stop.is_set() or (len(self.answered) >= ENOUGH and self.stop.wait()):
                    return

    def join(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(40)


def signed(gateway, where, cookie):
    target = "/.sallyport/account" if where == GATE else "/"
    return gateway.ask(where, target=target, headers=[("Cookie", cookie)]).status


def rounds(t, count, seed):
    chance = random.Random(seed)
    echo = upstream(t)
    gateway = world(t, keyed("crm", echo))
    token = gateway.token("ann")
    everything = []
    for number in range(count):
        work = Work(t, gateway, number, token)
        wanted = chance.randint(0, 2), chance.randint(0, 3), chance.randint(1, 300)
        until(lambda: len(work.applied) >= wanted[0] and len(work.cookies) >= wanted[1] and len(work.answered) >= wanted[2]
              or gateway.process.poll() is not None or work.faults, f"work of round {number}", 60)
        equal(gateway.process.poll(), None, f"exit code before the kill in round {number}")
        equal(work.faults, [], f"faults before the kill in round {number}")
        work.killed = True
        gateway.kill()
        work.join()
        gateway.start()
        everything += work.applied
        there = {entry["name"] for entry in json.loads(gateway.must("get", "datasource", "-o", "json"))}
        lost = [name for name in everything if name not in there]
        equal(lost, [], f"acknowledged resources lost in round {number}")
        dead = [(where, status) for where, cookie in work.cookies if (status := signed(gateway, where, cookie)) != 200]
        equal(dead, [], f"acknowledged sessions lost in round {number} of {len(work.cookies)}")
        equal(gateway.ask(host("crm"), headers=bearer(token)).status, 200, f"a request after round {number}")
        verified = gateway.run("audit", "verify")
        expect(verified.code == 0, f"audit verify after round {number}: {verified.out}{verified.err}")
        text = json.dumps(gateway.audit())
        missing = [path for path in work.answered if f'{path}"' not in text]
        equal(missing[:5], [], f"audit entries of answered requests missing in round {number} ({len(missing)} of {len(work.answered)})")
    expect(len(everything) >= count // 4, f"only {len(everything)} applies were acknowledged in {count} rounds")
    gateway.stop()
    equal(gateway.run("audit", "verify").code, 0, "audit verify in the end")


@test(limit=300)
def twenty_times(t):
    rounds(t, 20, 20)


@test(limit=3000, slow=True)
def two_hundred_times(t):
    rounds(t, 200, 200)


@test
def in_the_middle_of_a_large_apply_all_or_nothing(t):
    echo = upstream(t)
    gateway = world(t, keyed("crm", echo))
    documents = gateway.resources([keyed(f"bulk{number}", echo) for number in range(300)])
    seen = set()
    for number in range(6):
        command = subprocess.Popen([gateway_binary(), "apply", "-c", str(gateway.file), "-f", str(documents)], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        if number:
            try:
                command.wait(0.03 * number)
            except subprocess.TimeoutExpired:
                pass
        command.kill()
        gateway.kill()
        command.wait()
        gateway.start()
        names = [entry["name"] for entry in json.loads(gateway.must("get", "datasource", "-o", "json")) if entry["name"].startswith("bulk")]
        expect(len(names) in (0, 300), f"half an apply: {len(names)} of 300")
        seen.add(len(names))
        equal(gateway.run("audit", "verify").code, 0, "audit verify")
        if names:
            break
    gateway.must("apply", "-f", documents)
    equal(len(json.loads(gateway.must("get", "datasource", "-o", "json"))), 301, "resources after the apply was repeated")


def gateway_binary():
    return os.environ["SALLYPORT"]


@test
def a_killed_command_leaves_no_lock(t):
    gateway = world(t, start=False)
    for words in (["token", "create", "-c", str(gateway.file), "--user", "ann", "--name", "x", "--expires", "1d"],
                  ["get", "user", "-c", str(gateway.file)]):
        process = subprocess.Popen([gateway_binary(), *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        process.kill()
        process.wait()
    gateway.token("ann")
    gateway.start().stop()
