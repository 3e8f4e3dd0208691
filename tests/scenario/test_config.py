"""`check`, and what `serve` refuses to start with: each mistake its own message, all of them at once, FILE:LINE."""
import base64
import os
import re
import socket

import certs
import ports
from gateway import Gateway, command
from registry import contains, equal, expect, test
from world import world

GOOD = """storage: sqlite:sallyport.db
master_key: file:master.key
salt: {salt}
gate: https://gate.localhost:{port}
listeners:
  - address: 127.0.0.1:{port}
    tls: {{certificates: [{{cert: tls/cert.pem, key: tls/key.pem}}]}}
  - address: 127.0.0.1:0
    kind: admin
"""


def with_text(gateway, text):
    """The file's mistakes as [(line, message)], from `check`."""
    gateway.file.write_text(text)
    done = gateway.run("check")
    found = []
    for line in done.err.splitlines() + done.out.splitlines():
        hit = re.match(rf"{re.escape(str(gateway.file))}:(\d+): (.+)", line)
        if hit:
            found.append((int(hit[1]), hit[2]))
    return done, found


@test
def check_accepts_a_good_file(t):
    gateway = Gateway.init(t)
    equal(gateway.run("check").code, 0, "exit code for init's own file")
    done, found = with_text(gateway, GOOD.format(salt=gateway.salt(), port=gateway.port))
    equal((done.code, found), (0, []), "check of the plain file")


@test
def check_prints_every_mistake_with_file_and_line(t):
    gateway = Gateway.init(t)
    text = GOOD.format(salt=gateway.salt(), port=gateway.port)
    text = text.replace("gate: https://", "gaet: https://")  # line 4: unknown, and gate is missing
    text += ("workers: many\n"                    # 10
             "trusted_proxies: [0.0.0.0/0]\n"     # 11
             "limits: {head_bytes: lots, nonsense: 1}\n"  # 12
             "log: {level: loud}\n")              # 13
    done, found = with_text(gateway, text)
    equal(done.code, 1, "exit code")
    lines = {line for line, _ in found}
    expect({4, 10, 11, 12, 13} <= lines, f"mistakes at lines {sorted(lines)}, wanted 4, 10, 11, 12 and 13: {done.err}")
    contains(" ".join(message for line, message in found if line == 4), "gaet", "the message names the unknown key")
    contains(done.err + done.out, "gate", "the missing key is named")


@test
def check_refuses_what_the_contract_refuses(t):
    gateway = Gateway.init(t)
    good = GOOD.format(salt=gateway.salt(), port=gateway.port)
    short = base64.b64encode(b"short").decode()
    table = {
        "duplicate key": good + "gate: https://other.localhost:1\n",
        "anchor and alias": good + "trusted_proxies: &a [10.0.0.0/8]\n",
        "alias alone": good.replace("storage: sqlite", "storage: &x sqlite"),
        "salt under 16 bytes": good.replace(gateway.salt(), short),
        "salt that is no base64": good.replace(gateway.salt(), "'***'"),
        "password in the storage URL": good.replace("sqlite:sallyport.db", "postgresql://me:pass@db.example.test/x"),
        "trusted proxy ::/0": good + "trusted_proxies: ['::/0']\n",
        "network with host bits": good + "trusted_proxies: [10.0.0.1/8]\n",
        "plain HTTP on a public address": good.replace("  - address: 127.0.0.1:0\n    kind: admin", "  - address: 0.0.0.0:8080"),
        "admin on a public address": good.replace("127.0.0.1:0\n    kind: admin", "0.0.0.0:0\n    kind: admin"),
        "gate with a path": good.replace(f"gate.localhost:{gateway.port}", f"gate.localhost:{gateway.port}/x"),
        "gate over plain HTTP": good.replace("gate: https:", "gate: http:"),
        "unknown listener kind": good.replace("kind: admin", "kind: nonsense"),
        "a port over 65535": good.replace("127.0.0.1:0", "127.0.0.1:65536"),
        "no listener": good.split("listeners:")[0] + "listeners: []\n",
        "not YAML": "storage: [unclosed\n",
        "empty": "",
        "a list": "- a\n- b\n",
        "minimum version 1.1": good.replace("key: tls/key.pem}]", 'key: tls/key.pem}], min_version: "1.1"'),
    }
    wrong = []
    for name, text in table.items():
        done, _ = with_text(gateway, text)
        if done.code != 1 or not done.err.strip():
            wrong.append(f"{name}: exit {done.code}, {done.err.strip()!r}")
    equal(wrong, [], "what check let through")
    with_text(gateway, good)
    equal(gateway.run("check").code, 0, "the good file again")


@test
def check_says_when_the_file_is_not_there(t):
    done = command("check", "-c", t.dir / "nowhere.yaml")
    equal(done.code, 1, "exit code")
    contains(done.err, "nowhere.yaml", "the message")


@test
def serve_refuses_a_bad_file_with_every_line(t):
    gateway = Gateway.init(t)
    gateway.file.write_text(GOOD.format(salt=gateway.salt(), port=gateway.port) + "workerz: 1\nlog: {level: loud}\n")
    log = gateway.refused_start()
    contains(log, f"{gateway.file.name}:10", "the log")
    contains(log, f"{gateway.file.name}:11", "the log")


@test
def serve_refuses_a_taken_port(t):
    gateway = world(t, start=False)
    with socket.create_server(("127.0.0.1", gateway.port)):
        log = gateway.refused_start()
    contains(log, str(gateway.port), "the message names the address")
    contains(log.lower(), "in use", "the message says why")
    gateway.start()


@test
def serve_refuses_a_second_serve_on_one_store(t):
    first = world(t)
    second = Gateway(t, first.dir, ports.take())
    config = first.base_config()
    config["gate"] = f"https://gate.localhost:{second.port}"
    config["listeners"][0]["address"] = f"127.0.0.1:{second.port}"
    second.file = first.dir / "second.yaml"
    second.log_path = t.dir / "second.log"
    second.write_config(config)
    second.refused_start()
    expect(first.ask("gate.localhost", target="/.sallyport/login").status == 200, "the first still serves")


def messages_of(t, name, change, env=None):
    gateway = world(t, start=False, name=name)
    change(gateway)
    return gateway.refused_start(env=env)


@test
def serve_refuses_master_keys_that_do_not_fit(t):
    def replace(text):
        def change(gateway):
            (gateway.dir / "master.key").write_text(text)
        return change

    logs = {
        "missing": messages_of(t, "missing", lambda g: (g.dir / "master.key").unlink()),
        "wrong": messages_of(t, "wrong", replace(base64.b64encode(bytes(32)).decode() + "\n")),
        "short": messages_of(t, "short", replace(base64.b64encode(bytes(31)).decode() + "\n")),
        "no base64": messages_of(t, "nob64", replace("!!! not a key !!!\n")),
        "empty": messages_of(t, "empty", replace("")),
        "readable by all": messages_of(t, "open", lambda g: os.chmod(g.dir / "master.key", 0o644)),
    }
    for name, log in logs.items():
        contains(log.lower(), "master", f"{name} master key: the message says which setting")
    texts = {re.sub(r"/\S+|[0-9]", "", log) for log in logs.values()}
    expect(len(texts) >= 4, f"a message of its own for each: {texts}")


@test
def master_key_from_environment_and_command(t):
    gateway = world(t, start=False)
    key = (gateway.dir / "master.key").read_text().strip()
    gateway.configure(master_key="env:GATE_MASTER")
    log = gateway.refused_start()
    contains(log, "GATE_MASTER", "the message names the variable")
    gateway.start(env={"GATE_MASTER": key})
    environment = open(f"/proc/{gateway.process.pid}/environ", "rb").read()
    expect(key.encode() not in environment, "the key is still in the process's environment")
    gateway.stop()
    gateway.configure(master_key=f"exec:cat {gateway.dir}/master.key")
    gateway.start().stop()
    gateway.configure(master_key="exec:exit 3")
    gateway.refused_start()


@test
def serve_refuses_another_salt(t):
    gateway = world(t, start=False)
    gateway.configure(salt=base64.b64encode(bytes(range(16))).decode())
    contains(gateway.refused_start().lower(), "salt", "the message")


@test
def serve_refuses_a_store_of_a_newer_version(t):
    gateway = world(t, start=False)
    with gateway.store() as base:
        changed = 0
        if base.execute("PRAGMA user_version").fetchone()[0]:
            base.execute("PRAGMA user_version = 9999")
            changed += 1
        for (table,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for column in base.execute(f"PRAGMA table_info({table})").fetchall():
                if column[1] in ("schema_version", "version") and "INT" in column[2].upper():
                    changed += base.execute(f"UPDATE {table} SET {column[1]} = 9999").rowcount
                    break
    expect(changed, "the test found where the version is kept")
    log = gateway.refused_start()
    contains(log.lower(), "newer", "the message")
    contains(log, "it is of version 9999, this program knows those up to ", "the message")


@test
def serve_refuses_certificates_that_do_not_fit(t):
    def tls(cert, key):
        def change(gateway):
            config = gateway.base_config()
            config["listeners"][0]["tls"]["certificates"] = [{"cert": str(cert), "key": str(key)}]
            gateway.write_config(config)
        return change

    other_cert, other_key = certs.gate_pair(t.dir, "other", "gate.localhost")
    (t.dir / "garbage.pem").write_text("not a certificate\n")
    missing = messages_of(t, "nocert", tls("tls/none.pem", "tls/key.pem"))
    contains(missing, "none.pem", "missing certificate: the message names the file")
    missing = messages_of(t, "nokey", tls("tls/cert.pem", "tls/none.key"))
    contains(missing, "none.key", "missing key: the message names the file")
    contains(messages_of(t, "garbage", tls(t.dir / "garbage.pem", "tls/key.pem")), "garbage.pem", "garbage certificate")
    contains(messages_of(t, "garbage2", tls("tls/cert.pem", t.dir / "garbage.pem")), "garbage.pem", "garbage key")
    contains(messages_of(t, "mismatch", tls("tls/cert.pem", other_key)).lower(), "match", "mismatched pair: the message")
    gateway = world(t, start=False, name="fine")
    tls(other_cert, other_key)(gateway)
    gateway.start()


def with_pair(gateway, cert, key):
    config = gateway.base_config()
    config["listeners"][0]["tls"]["certificates"] = [{"cert": str(cert), "key": str(key)}]
    gateway.write_config(config)


@test
def check_tries_certificates_as_serve_does(t):
    gateway = Gateway.init(t)
    cert, key = certs.gate_pair(t.dir, "own", "gate.localhost")
    other, _ = certs.gate_pair(t.dir, "other", "gate.localhost")
    encrypted = certs.encrypted_keys(key)
    table = [(other, key, "does not belong to the certificate"), (*certs.weak_pair(t.dir, "gate.localhost"), "its key is too weak")]
    table += [(cert, each, f"the key {each} is encrypted: ") for each in encrypted]
    for files in table:
        with_pair(gateway, *files[:2])
        done = gateway.run("check")
        equal((done.code, done.out), (1, ""), f"check of {files}")
        contains(done.err, files[2], "what check says")
        contains(done.err, f"{gateway.file}:6: listeners[0].tls.certificates[0].", "where")
        contains(gateway.refused_start(), files[2], "what serve says")
    with_pair(gateway, cert, key)
    equal(gateway.run("check").code, 0, "check of a pair that belongs together")
    gateway.start()
    for each in encrypted:
        with_pair(gateway, cert, each)
        contains(str(gateway.reload("reload_failed")), "is encrypted", "what a reload says")
    equal(gateway.admin("/ready").status, 200, "service afterwards")


@test
def certificates_that_clients_will_not_trust_are_warned_of(t):
    gateway = world(t, start=False)
    hosts = ("gate.localhost", "*.apps.localhost")
    table = {
        "has expired, 2021-01-01T00:00:00Z": certs.gate_pair(
            t.dir, "expired", *hosts, dates=("-startdate", "20200101000000Z", "-enddate", "20210101000000Z")),
        "ends soon, 20": certs.gate_pair(t.dir, "soon", *hosts, dates=("-days", "29")),
        "does not count before 2999": certs.gate_pair(
            t.dir, "later", *hosts, dates=("-startdate", "29990101000000Z", "-enddate", "29990201000000Z")),
        "none of the certificates is for the gate's host gate.localhost": certs.gate_pair(
            t.dir, "elsewhere", "elsewhere.localhost", dates=("-days", "300")),
    }
    fine = certs.gate_pair(t.dir, "fine", *hosts, dates=("-days", "300"))
    with_pair(gateway, *fine)
    done = gateway.run("check")
    equal((done.code, done.err), (0, ""), "check of a certificate that is fine")
    gateway.start()
    for words, pair in table.items():
        with_pair(gateway, *pair)
        done = gateway.run("check")
        equal((done.code, done.out), (0, f"{gateway.file}: ok\n"), "it is no mistake")
        contains(done.err, f"sallyport: warning: {gateway.file}:6: listeners[0].tls.certificates", "where")
        contains(done.err, words, "what check says")
        gateway.reload()
    # The gate is behind a proxy, or has one of several certificates.
    config = gateway.base_config()
    listener = config["listeners"][0]
    listener["tls"]["certificates"] = [dict(zip(("cert", "key"), map(str, pair))) for pair in (table[words], fine)]
    gateway.write_config(config)
    equal(gateway.run("check").err, "", "with a second certificate")
    listener["tls"]["certificates"].pop()
    config["listeners"].append({"address": f"unix:{t.socket_path('plain.sock')}"})
    gateway.write_config(config)
    equal(gateway.run("check").err, "", "with a listener for a proxy in front")
    warned = [event["reason"] for event in gateway.events if event["event"] == "certificate"]
    equal([any(words in each for each in warned) for words in table], [True] * len(table), f"what serve said: {warned}")
    equal(len(warned), len(table), f"and no more: {warned}")


@test
def ready_names_the_real_ports(t):
    gateway = world(t, start=False)
    gateway.start()
    expect(gateway.listener("admin") > 0, "port of the admin listener in the ready event")
    equal(gateway.admin("/ready").status, 200, "status of /ready on that port")
    for event in gateway.events:
        expect("not_json" not in event, f"a log line that is no JSON object: {event}")
        for key in ("time", "level", "event"):
            expect(key in event, f"log line without {key}: {event}")
