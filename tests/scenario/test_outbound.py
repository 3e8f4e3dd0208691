"""Where we connect: no spelling, name, answer or redirect leads the gateway to an address that is not meant (C5).

A trap is a listener on the port that every upstream below names, on all addresses of this machine: nothing may reach it.
"""
import shutil
import socket
import subprocess
import threading
from urllib.parse import quote

import ports
from dns_server import DnsServer
from registry import Skipped, contains, equal, expect, test
from test_sign_in import error_body
from wait import until
from wire import ask_unix_socket, request_bytes
from world import bearer, datasource, host, upstream, world


class Trap:
    """Counts who connects to `port`, on one address or on all of them, IPv4 and IPv6."""

    def __init__(self, t, address="::", port=None):
        self.reached = []
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.create_server((address, port or ports.take()), family=family, dualstack_ipv6=address == "::")
        self.port = self._socket.getsockname()[1]
        t.defer(self._end)
        threading.Thread(target=self._accept, daemon=True).start()

    def _end(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()

    def _accept(self):
        while True:
            try:
                connection, sender = self._socket.accept()
            except OSError:
                return
            self.reached.append(sender[0])
            connection.close()


def unlisted(name, url, **more):
    """A datasource without an outbound list: public addresses alone."""
    return datasource(name, url, {"networks": [], **more})


def refused(gateway, name, token):
    """What is wrong with the answer to a request there, if anything: 502, and a log line that says why."""
    answer = gateway.ask(host(name), headers=token)
    if answer.status != 502:
        return f"status {answer.status}"
    identity = error_body(answer)["request_id"]
    line = gateway.wait_log(lambda event: event.get("event") == "upstream_failed" and event.get("request_id") == identity)
    return None if "outbound list" in line["reason"] else line


# Hosts that some reader takes for an address that is not written there.
MISSPELT = [
    "2130706433", "017700000001", "0x7f000001", "0X7F000001", "127.1", "127.0.1", "0", "0x0", "0177.0.0.1", "0x7f.0.0.1",
    "127.0.0.01", "127.0.0.0x1", "00127.0.0.1", "127.0.0.1.1", "127.0.0.256", "1.2.3.4.5.6", "a.127.1", "crm.0x7f000001",
    "127.0.0.1..", "127%2e0.0.1", "%31%32%37.0.0.1", "127\u30020\u30020\u30021", "\uff11\uff12\uff17.0.0.1", "\u2460\u2461\u2466.0.0.1",
    "[127.0.0.1]", "::1", "[::1", "[::1%25lo]", "[::1%lo]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "[::ffff:127.1]",
    "[::ffff:0x7f.0.0.1]", "[0:0:0:0:0:ffff:127.0.0.1:1]", "[1::2::3]", "[v1.x]", "localhost\\@example.test", "example.test@127.0.0.1",
    "127.0.0.1:80@example.test", "local host", "", ".",
]

# Addresses that are no upstream unless they are listed.
INNER = [
    "0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.254", "10.0.0.1", "100.64.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.1",
    "192.0.0.192", "192.168.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "::127.0.0.1", "::169.254.169.254",
    "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::127.0.0.1", "64:ff9b:1::8.8.8.8", "2002:7f00:1::", "2002:a9fe:a9fe::1",
    "2002:a00:1::1", "2001:0:7f00:1::f7f7:f7f7", "2001:0:808:808::80ff:fffe", "2001:0:808:808::5601:5601",
    "2a00:1450:4001::5efe:127.0.0.1", "2a00:1450:4001:0:200:5efe:a9fe:a9fe", "2002:808:808::5efe:127.0.0.1",
    "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "fd20:ce::254", "ff02::1", "2001:db8::1", "100::1", "5f00::1",
]


def bracketed(address):
    return f"[{address}]" if ":" in address else address


@test
def hosts_that_are_no_address_are_refused_at_apply(t):
    gateway = world(t, start=False)
    wrong = []
    for name in MISSPELT:
        for url in (f"http://{name}:8080", f"https://{name}/x"):
            done = gateway.run("apply", "-f", gateway.resources([unlisted("crm", url)]))
            if done.code != 1 or "upstream.url" not in done.err:
                wrong.append((url, done.code, done.err.strip()))
    equal(wrong, [], "urls")
    done = gateway.run("apply", "-f", gateway.resources([datasource("crm", "http://crm.example.test", {"host": "127.1"})]))
    equal(done.code, 1, "exit code for a misspelt upstream.host")


@test(limit=120)
def inner_addresses_are_refused_unless_listed(t):
    trap = Trap(t)
    own = [entry[4][0] for entry in socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)]
    addresses = list(dict.fromkeys(INNER + [address.split("%")[0] for address in own]))
    gateway = world(t, *(unlisted(f"r{i}", f"http://{bracketed(address)}:{trap.port}") for i, address in enumerate(addresses)))
    token = bearer(gateway.token("ann"))
    found = [(address, wrong) for i, address in enumerate(addresses) if (wrong := refused(gateway, f"r{i}", token))]
    equal(found, [], "addresses without a list")
    equal(trap.reached, [], "connections")


@test
def a_list_is_about_the_address_and_not_about_what_it_embeds(t):
    """Only the mapped form is the IPv4 address itself."""
    echo = upstream(t, None)
    six = Trap(t, "::1", echo.port)
    embedding = [address for address in INNER if ":" in address and "127.0.0.1" in address and address != "::ffff:127.0.0.1"]
    gateway = world(t, datasource("mapped", f"http://[::ffff:127.0.0.1]:{echo.port}", {"networks": ["127.0.0.0/8"]}),
                    datasource("six", f"http://[::1]:{echo.port}", {"networks": ["127.0.0.0/8"]}),
                    datasource("four", f"http://127.0.0.1:{echo.port}", {"networks": ["::1/128"]}),
                    *(datasource(f"r{i}", f"http://[{address}]:{echo.port}", {"networks": ["127.0.0.0/8"]})
                      for i, address in enumerate(embedding)))
    token = bearer(gateway.token("ann"))
    equal(gateway.ask(host("mapped"), headers=token).status, 200, "the mapped form of a listed address")
    names = ["six", "four"] + [f"r{i}" for i in range(len(embedding))]
    equal([(name, wrong) for name in names if (wrong := refused(gateway, name, token))], [], "what is not listed itself")
    equal((len(echo.requests), echo.connections, six.reached), (1, 1, []), "connections")


@test
def the_gateways_own_listeners_are_refused(t):
    gateway = world(t)
    gateway.apply(unlisted("self", f"https://127.0.0.1:{gateway.port}"), unlisted("admin", f"http://127.0.0.1:{gateway.listener('admin')}"),
                  unlisted("gate", f"https://gate.localhost:{gateway.port}"))
    token = bearer(gateway.token("ann"))
    equal([(name, wrong) for name in ("self", "admin", "gate") if (wrong := refused(gateway, name, token))], [], "upstreams")


@test
def a_public_address_of_this_machine_is_refused_unless_listed(t):
    """In a network of its own, whose one other address is public; a unix socket leads in."""
    address = "8.8.8.8"
    within = ("unshare", "-rn", "sh", "-c", f'ip link set lo up && ip addr add {address}/32 dev lo && exec "$@"', "sh")
    if not all(shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin") for name in ("unshare", "ip")) or \
            subprocess.run([*within, "true"], stdin=subprocess.DEVNULL, capture_output=True).returncode != 0:
        raise Skipped("no network namespaces here")
    port, crm = ports.take(), host("crm")
    gateway = world(t, unlisted("crm", f"http://{address}:{port}"), start=False)
    door = t.socket_path("gate.sock")
    gateway.configure(trusted_proxies=["192.0.2.1"], listeners=[{"address": f"unix:{door}"}, {"address": f"{address}:{port}"}])
    gateway.start(through=within)
    ask = request_bytes("GET", "/", f"{crm}:{gateway.port}", bearer(gateway.token("ann")))
    contains(ask_unix_socket(door, ask), b"HTTP/1.1 502 ", "the answer")
    line = gateway.wait_log(lambda event: event.get("event") == "upstream_failed")
    contains(line["reason"], "this machine's own", "the log")
    gateway.apply(datasource("crm", f"http://{address}:{port}", {"networks": [f"{address}/32"]}))
    contains(ask_unix_socket(door, ask), b"HTTP/1.1 404 ", "the answer where it is listed: the gateway's own, to a host it does not know")


# --- names


def resolved(t, names, *documents, **more):
    server = DnsServer(names)
    t.defer(server.close)
    return server, world(t, *documents, resolver=[server.address], **more)


@test(limit=120)
def names_that_stand_for_inner_addresses_are_refused(t):
    trap = Trap(t)
    names = {f"r{i}.example.test": [address] for i, address in enumerate(INNER)}
    server, gateway = resolved(t, names, *(unlisted(f"r{i}", f"http://r{i}.example.test:{trap.port}") for i in range(len(INNER))),
                               unlisted("local", f"http://localhost:{trap.port}"), unlisted("sub", f"http://a.localhost:{trap.port}"))
    token = bearer(gateway.token("ann"))
    found = [(address, wrong) for i, address in enumerate(INNER) if (wrong := refused(gateway, f"r{i}", token))]
    equal(found, [], "names of inner addresses")
    equal([refused(gateway, name, token) for name in ("local", "sub")], [None, None], "localhost")
    equal(trap.reached, [], "connections")
    equal({name for name, _ in server.questions}, set(names), "what the name server was asked")


@test
def of_several_addresses_only_the_listed_are_connected(t):
    echo = upstream(t, None)
    trap = Trap(t, "127.0.0.2", echo.port)
    six = Trap(t, "::1", echo.port)
    names = {"mixed.example.test": ["127.0.0.2", "::1", "127.0.0.1", "::ffff:127.0.0.2", "2002:7f00:1::"]}
    _, gateway = resolved(t, names, datasource("crm", f"http://mixed.example.test:{echo.port}", {"networks": ["127.0.0.1/32"]}))
    token = bearer(gateway.token("ann"))
    for _ in range(5):
        equal(gateway.ask(host("crm"), headers=token).status, 200, "status")
        echo.close_connections()
    equal((trap.reached, six.reached), ([], []), "connections to what is not listed")


@test(limit=120)
def an_answer_that_changes_is_judged_each_time(t):
    """Rebinding: a listed address first, then another, then both in turn, at once as the name server's TTL allows."""
    echo = upstream(t, None)
    trap = Trap(t, "127.0.0.2", echo.port)
    answers = {"now": ["127.0.0.1"]}
    names = {"turn.example.test": lambda asked: answers["now"]}
    server, gateway = resolved(t, names, datasource("crm", f"http://turn.example.test:{echo.port}", {"networks": ["127.0.0.1/32"]}))
    token = bearer(gateway.token("ann"))

    def status():
        echo.close_connections()
        return gateway.ask(host("crm"), headers=token).status

    equal(status(), 200, "while the answer is listed")
    answers["now"] = ["127.0.0.2"]
    until(lambda: status() == 502, "the changed answer to be refused")
    answers["now"] = ["127.0.0.1"]
    until(lambda: status() == 200, "the old answer to count again")
    asked = len(server.questions)
    names["turn.example.test"] = lambda count: ["127.0.0.2", "127.0.0.1"][count % 2:count % 2 + 1]
    until(lambda: status() and len(server.questions) >= asked + 8, "four more rounds of questions", 30)
    equal(trap.reached, [], "connections to what is not listed")
    lines = [event for event in gateway.events if event.get("event") == "upstream_failed" and "127.0.0.2" in event.get("address", "")]
    expect(lines and all("outbound list" in line["reason"] for line in lines), f"log lines: {lines[:3]}")


# --- redirects


@test
def redirects_to_inner_addresses_are_handed_on_and_never_followed(t):
    echo = upstream(t)
    trap = Trap(t)
    gateway = world(t, datasource("crm", echo))
    token = bearer(gateway.token("ann"))
    places = [f"http://127.0.0.1:{trap.port}/", f"http://[::1]:{trap.port}/", f"http://localhost:{trap.port}/", f"//127.0.0.1:{trap.port}/",
              "http://169.254.169.254/latest/meta-data/iam/security-credentials/", "http://[fd00:ec2::254]/latest/meta-data/",
              "http://metadata.google.internal/computeMetadata/v1/"]
    for place in places:
        before = len(echo.requests)
        answer = gateway.ask(host("crm"), target=f"/redirect?to={quote(place, safe='')}", headers=token)
        equal((answer.status, answer.get("location")), (302, place), "the redirect")
        equal(len(echo.requests), before + 1, "requests to the upstream")
    equal(trap.reached, [], "connections")
