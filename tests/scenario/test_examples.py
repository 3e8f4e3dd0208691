"""The files of conf/ that people copy: each one is run, not only read."""
import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import ports
from gateway import APPS, GATE, command
from registry import PATIENCE, Failed, Skipped, absent, contains, equal, expect, test
from test_reload import settled
from wait import until
from web_client import HTML
from wire import Wire, client_context, request_bytes
from world import bearer, datasource, host, instance, signed_in, upstream, world

CONF = Path(__file__).resolve().parent.parent.parent / "conf"
EXPOSURE_MAX = 20  # of 100, as systemd-analyze counts it; 0 is a service that can do nothing


def program(name):
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if not found:
        raise Skipped(f"{name} is not installed")
    return found


def with_changes(text, *changes):
    """The example with what differs on this machine; each thing to be changed is there."""
    for old, new in changes:
        if old not in text:
            raise Failed(f"the example does not say {old!r} any more")
        text = text.replace(old, new)
    return text


@test
def every_configuration_is_sound(t):
    gateway = world(t, start=False)
    examples = sorted(CONF.rglob("*.yaml"))
    expect(len(examples) >= 2, f"examples: {examples}")
    for example in examples:
        copy = gateway.dir / "example.yaml"
        shutil.copy(example, copy)
        done = command("check", "-c", copy)
        equal((done.code, done.err), (0, ""), f"check of {example.relative_to(CONF)}")


# --- nginx in front


def behind_nginx(t, *documents):
    """A gateway with conf/nginx/sallyport.yaml, and nginx with conf/nginx/sallyport.conf in front of it."""
    nginx = program("nginx")
    gateway = world(t, *documents, start=False)
    inner, admin = ports.take(), ports.take()
    salt = f"salt: {gateway.salt()}"
    gateway.file.write_text(with_changes(
        re.sub(r"^salt: .*$", lambda _: salt, (CONF / "nginx/sallyport.yaml").read_text(), flags=re.MULTILINE),
        ("https://gate.example.com", f"https://{GATE}:{gateway.port}"), ("127.0.0.1:8080", f"127.0.0.1:{inner}"),
        ("127.0.0.1:9443", f"127.0.0.1:{admin}")))
    gateway.start()

    place = t.dir / "nginx"
    place.mkdir()
    place.chmod(0o755)
    site = with_changes((CONF / "nginx/sallyport.conf").read_text(), ("listen 443 ", f"listen 127.0.0.1:{gateway.port} "),
                        ("127.0.0.1:8080", f"127.0.0.1:{inner}"), ("gate.example.com", GATE), (".apps.example.com", f".{APPS}"),
                        ("/etc/ssl/sallyport/", f"{gateway.dir}/tls/"))
    (place / "sallyport.conf").write_text(site)
    temporary = "".join(f"{kind}_temp_path {place}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (place / "nginx.conf").write_text(
        f"{'user root;' if os.geteuid() == 0 else ''}\ndaemon off;\nworker_processes 1;\npid {place}/pid;\n"
        f"error_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}include {place}/sallyport.conf;\n}}\n")
    log = place / "log"
    t.logs.append(log)
    with open(log, "wb") as into:
        process = subprocess.Popen([nginx, "-e", "stderr", "-p", str(place), "-c", str(place / "nginx.conf")],
                                   stdin=subprocess.DEVNULL, stdout=into, stderr=into)

    def end():
        process.send_signal(signal.SIGTERM)
        process.wait(20 * PATIENCE)

    t.defer(end)

    def accepts():
        if process.poll() is not None:
            raise Failed(f"nginx ended with {process.returncode}: {log.read_text()[-600:]}")
        try:
            socket.create_connection(("127.0.0.1", gateway.port), timeout=5).close()
        except OSError:
            return False
        return True

    until(accepts, "nginx to accept")
    return gateway


@test
def a_person_signs_in_through_nginx(t):
    echo = upstream(t)
    gateway = behind_nginx(t, instance("wiki", echo))
    browser = signed_in(gateway, "ann", host("wiki"))
    answer = gateway.ask(host("wiki"), headers=browser.headers(host("wiki"), ("Accept", HTML)))
    equal((answer.status, echo.requests[-1].get("x-sallyport-user")), (200, "ann"), "the page, and whose it is")
    equal(echo.requests[-1].all("x-forwarded-proto"), ["https"], "how the client came, as the upstream hears it")
    posted = gateway.ask(host("wiki"), "POST", "/sink", browser.headers(
        host("wiki"), ("Origin", f"https://{host('wiki')}:{gateway.port}")), b"x" * 100)
    equal(posted.status, 200, f"status of a form of its own page: {posted.text[:300]}")
    equal(posted.json()["length"], 100, "a form of its own page")
    foreign = gateway.ask(host("wiki"), "POST", "/sink", browser.headers(host("wiki"), ("Origin", "https://evil.example")), b"x")
    equal(foreign.status, 403, "a form of another page")


@test
def the_client_behind_nginx_is_known_and_cannot_lie(t):
    echo = upstream(t)
    gateway = behind_nginx(t, datasource("crm", echo, networks=["127.0.0.7/32"]))
    token = bearer(gateway.token("ann"))
    equal(gateway.ask(host("crm"), headers=token, source="127.0.0.7").status, 200, "from an address that may")
    equal(echo.requests[-1].all("x-forwarded-for"), ["127.0.0.7"], "the client, as the upstream hears it")
    lies = [("X-Forwarded-For", "127.0.0.7"), ("Forwarded", "for=127.0.0.7"), ("X-Real-IP", "127.0.0.7")]
    equal(gateway.ask(host("crm"), headers=token + lies, source="127.0.0.8").status, 403, "from one that may not")


@test
def bodies_and_streams_pass_nginx_unbuffered(t):
    echo = upstream(t)
    gateway = behind_nginx(t, datasource("crm", echo))
    token = bearer(gateway.token("ann"))
    with gateway.wire(host("crm")) as connection:
        connection.send(request_bytes("GET", "/slow-body/1000000", f"{host('crm')}:{gateway.port}", token))
        response = connection.head()
        first = next(connection.pieces(1000))
        expect(first, "nothing of the body while the upstream holds back the rest")
        echo.release("slow-body")
        equal(len(first) + len(connection.exactly(1_000_000 - len(first))), 1_000_000, "bytes of the answer")
        equal(response.status, 200, "status")
    size = 30_000_000
    with gateway.wire(host("crm"), seconds=60) as connection:
        connection.send(request_bytes("POST", "/sink", f"{host('crm')}:{gateway.port}", token + [("Content-Length", str(size))]))
        for _ in range(30):
            connection.send(b"z" * (size // 30))
        equal(connection.response().json()["length"], size, "bytes of the request")


@test
def nginx_keeps_its_connections_over_a_reload(t):
    echo = upstream(t)
    gateway = behind_nginx(t, datasource("crm", echo))
    token = bearer(gateway.token("ann"))
    for _ in range(5):
        with Wire(gateway.port, host("crm"), client_context()) as connection:
            for _ in range(5):
                connection.send(request_bytes("GET", "/", f"{host('crm')}:{gateway.port}", token))
                equal(connection.response().status, 200, "status")
        gateway.reload()
    lines = [line for line in gateway.admin("/metrics").text.splitlines() if line.startswith("sallyport_connections_accepted")]
    expect(sum(float(line.split()[-1]) for line in lines) < 15, f"connections for 25 requests: {lines}")


# --- systemd


def units(t):
    """Both unit files in a folder of their own, the program where it is."""
    for name in ("sallyport.service", "sallyport.socket"):
        text = (CONF / "systemd" / name).read_text()
        (t.dir / name).write_text(text.replace("/usr/bin/sallyport ", os.environ["SALLYPORT"] + " "))
    return t.dir / "sallyport.service", t.dir / "sallyport.socket"


def analyze(*words):
    done = subprocess.run([program("systemd-analyze"), *map(str, words)], capture_output=True, text=True,
                          timeout=60 * PATIENCE, env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"})
    return done.returncode, done.stdout + done.stderr


@test
def the_units_are_sound(t):
    for unit in units(t):
        code, said = analyze("verify", "--man=no", "--recursive-errors=no", unit)
        own = [line for line in said.splitlines() if "sallyport" in line]
        equal((code, own), (0, []), f"systemd-analyze verify {unit.name}")


@test
def the_service_is_locked_down(t):
    service, _ = units(t)
    code, said = analyze("security", "--offline=true", f"--threshold={EXPOSURE_MAX}", service)
    equal(code, 0, f"exposure over {EXPOSURE_MAX / 10}: {said[-1500:]}")
    text = service.read_text()
    for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "MemoryDenyWriteExecute=yes", "LimitCORE=0"):
        contains(text, line, "the unit")
    absent(text, "PrivateNetwork", "a gateway has to reach its clients")


@test
def the_service_lives_with_the_system_calls_it_may_use(t):
    """What a gateway at work asks of the kernel, against the unit's filter as systemd resolves it."""
    strace = program("strace")
    code, listing = analyze("syscall-filter", "--no-pager")
    equal(code, 0, "systemd-analyze syscall-filter")
    groups, group = {}, None
    for line in listing.splitlines():
        if line.startswith("@"):
            group = groups.setdefault(line.split()[0], [])
        elif line.startswith("    ") and group is not None and not line.strip().startswith("#"):
            group.append(line.strip())

    def resolved(name):
        if not name.startswith("@"):
            return {name}
        return set().union(*(resolved(each) for each in groups[name]))

    service, _ = units(t)
    allowed = set()
    for line in service.read_text().splitlines():
        if line.startswith("SystemCallFilter="):
            words = line.partition("=")[2]
            named = set().union(*(resolved(word) for word in words.lstrip("~").split()))
            allowed = allowed - named if words.startswith("~") else allowed | named

    gateway = world(t, datasource("crm", upstream(t)), start=False)
    counts = t.dir / "calls"
    gateway.start(through=(strace, "-D", "-f", "-c", "-U", "name,calls", "-o", str(counts)))
    token = bearer(gateway.token("ann"))
    equal(gateway.ask(host("crm"), headers=token).status, 200, "status")
    gateway.write_config(settled(gateway))
    gateway.must("reload")
    gateway.must("session", "end", "--user", "ann")
    gateway.stop()
    until(lambda: counts.exists() and "total" in counts.read_text(), "strace's list")
    used = {line.split()[0] for line in counts.read_text().splitlines() if re.match(r"^[a-z_0-9]+ +[0-9]+$", line)}
    used -= {"total"}
    expect(len(used) > 40, f"system calls that strace saw: {used}")
    if os.geteuid() == 0:
        used.discard("fchown")  # SQLite gives its files to their owner, as root alone
    equal(sorted(used - allowed - {"execve"}), [], "system calls that the unit does not allow")
