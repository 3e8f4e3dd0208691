"""Secrets are written and never read: what `get` shows, what keeps and what drops them, and no trace of them on disk."""
import base64
import json

from registry import absent, contains, equal, expect, test
from world import KEY, bearer, datasource, host, instance, keyed, standing, upstream, world

PLACEHOLDER = "Encrypted on the server side"


def seen_key(gateway, echo, name="crm"):
    """The Authorization that the upstream gets now, or the status when it gets nothing."""
    before = len(echo.requests)
    response = gateway.ask(host(name), headers=bearer(gateway.token("ann", name=f"t{len(gateway.events)}-{before}")))
    return echo.requests[-1].get("authorization") if len(echo.requests) > before else response.status


@test
def get_shows_the_placeholder(t):
    gateway, _, _ = standing(t)
    for form in ("yaml", "json", "table"):
        for words in (("get", "datasource", "crm"), ("get", "datasource")):
            absent(gateway.must(*words, "-o", form), KEY, f"{' '.join(words)} -o {form}")
    equal(gateway.get("datasource", "crm")["secrets"], {"token": PLACEHOLDER}, "secrets as shown")
    contains(gateway.must("get", "datasource", "crm", "-o", "yaml"), PLACEHOLDER, "the YAML")
    absent(gateway.must("get", "user", "ann", "-o", "yaml"), "argon2", "a user as shown")
    absent(gateway.must("get", "user", "ann", "-o", "yaml"), "password:", "a user as shown")


@test
def absent_and_placeholder_keep_null_deletes(t):
    gateway, echo, _ = standing(t)
    wanted = f"Bearer {KEY}"
    equal(seen_key(gateway, echo), wanted, "at first")
    gateway.apply(keyed("crm", echo, secrets={"token": PLACEHOLDER}))
    equal(seen_key(gateway, echo), wanted, "after the placeholder")
    gateway.apply(keyed("crm", echo, secrets={}))
    equal(seen_key(gateway, echo), wanted, "after an empty `secrets`")
    document = keyed("crm", echo)
    del document["secrets"]
    gateway.apply(document)
    equal(seen_key(gateway, echo), wanted, "without the key `secrets`")
    gateway.apply(keyed("crm", echo, secrets={"token": "sk-second-" + KEY}))
    equal(seen_key(gateway, echo), f"Bearer sk-second-{KEY}", "after a new value")
    gateway.apply(datasource("crm", echo, secrets={"token": None}))
    equal(gateway.get("datasource", "crm").get("secrets") or {}, {}, "secrets after null")
    equal(seen_key(gateway, echo), None, "Authorization after null")
    message = gateway.refused_apply(keyed("crm", echo, secrets={"token": PLACEHOLDER}))
    contains(message.lower(), "token", "the placeholder where nothing is kept")


@test
def a_new_upstream_host_drops_the_secret(t):
    gateway, echo, _ = standing(t)
    elsewhere = upstream(t)
    for change in ({"url": elsewhere.url}, {"url": echo.url.replace("127.0.0.1", "127.0.0.2")},
                   {"url": echo.url.replace("https:", "http:")}):
        document = keyed("crm", echo, secrets={})
        document["upstream"].update(change)
        if document["upstream"]["url"].startswith("http:"):
            del document["upstream"]["ca"], document["upstream"]["server_name"]
        before = json.dumps(gateway.get("datasource", "crm"))
        done = gateway.run("apply", "-f", gateway.resources([document]))
        if done.code == 1:
            contains(done.err, "token", "the refusal names the secret that is needed")
            equal(json.dumps(gateway.get("datasource", "crm")), before, "the resource after the refusal")
        else:
            expect(not gateway.get("datasource", "crm").get("secrets"), "the secret was kept for a new destination")
            gateway.apply(keyed("crm", echo))
    equal(elsewhere.requests, [], "what reached the new host")
    gateway.apply(keyed("crm", elsewhere, secrets={"token": KEY}))
    equal(seen_key(gateway, elsewhere), f"Bearer {KEY}", "with the secret given again")


@test
def another_path_on_the_same_host_keeps_the_secret(t):
    gateway, echo, _ = standing(t)
    document = keyed("crm", echo, secrets={})
    document["upstream"]["url"] = echo.url + "/v2"
    gateway.apply(document)
    equal(seen_key(gateway, echo), f"Bearer {KEY}", "Authorization")


@test
def passwords_in_urls_are_refused(t):
    gateway = world(t, start=False)
    for url in ("https://user:pass@api.example.test/", "https://user@api.example.test/", "https://:pass@api.example.test/"):
        message = gateway.refused_apply(datasource("crm", url))
        absent(message, "pass@", "the message")


@test
def templates_are_checked_when_applied(t):
    echo = upstream(t)
    gateway = world(t, start=False)
    for value in ("Bearer {{ secrets.nothing }}", "Bearer {{ secrets.token", "{{ token }}", "{{ secrets.token | upper }}", "{{}}",
                  "a\r\nX-Evil: 1", "{{ secrets.token }}\n"):
        message = gateway.refused_apply(keyed("crm", echo, inject={"headers": {"Authorization": value}}))
        absent(message, KEY, f"the message about {value!r}")
    for name in ("Content-Length", "Transfer-Encoding", "Host", "Connection", "X-Sallyport-User", "Cookie", "bad name", "X-Forwarded-For"):
        document = keyed("crm", echo, inject={"headers": {name: "{{ secrets.token }}"}})
        done = gateway.run("apply", "-f", gateway.resources([document]))
        if name not in ("Cookie",):
            equal(done.code, 1, f"injecting {name}")


@test
def a_secret_with_line_ends_never_splits_a_header(t):
    echo = upstream(t)
    gateway = world(t)
    evil = KEY + "\r\nX-Evil: 1"
    done = gateway.run("apply", "-f", gateway.resources([keyed("crm", echo, secrets={"token": evil})]))
    absent(done.err + done.out, KEY, "the messages")
    if done.code == 0:
        response = gateway.ask(host("crm"), headers=bearer(gateway.token("ann")))
        expect(response.status >= 500, f"status {response.status}")
    for request in echo.requests:
        equal(request.all("x-evil"), [], "a header that was smuggled in")


def forms_of(secret):
    raw = secret.encode()
    shifted = [base64.b64encode(b"\0" * n + raw + b"\0\0")[4:-4] for n in range(3)]
    return [raw, raw.hex().encode(), raw[::-1], raw.decode().encode("utf-16-le"), *[s[:24] for s in shifted if len(s) > 24]]


@test
def no_byte_of_a_secret_is_on_disk_or_in_the_log(t):
    gateway, echo, crm = standing(t)
    gateway.apply(instance("line1", echo, secrets={"full": "full-" + KEY[::-1]}, areas=[{"name": "a", "paths": ["/"], "roles": ["owner"]}],
                           credentials=[{"roles": ["owner"], "inject": {"headers": {"X-K": "{{ secrets.full }}"}}}]))
    token = bearer(gateway.token("ann"))
    for where in (crm, host("line1")):
        for target in ("/", "/reset", "/status/500"):
            gateway.ask(where, target=target, headers=token)
    gateway.apply(keyed("crm", echo, secrets={"token": KEY + "-two"}))
    gateway.ask(crm, headers=token)
    gateway.must("delete", "datasource", "crm")
    files = [path for path in gateway.dir.rglob("*") if path.is_file()]
    expect(len(files) >= 5, "files in the state folder")
    for again in range(2):  # running, and stopped
        for path in files + [gateway.log_path]:
            if path.exists():
                data = path.read_bytes()
                for form in forms_of(KEY) + forms_of("full-" + KEY[::-1]):
                    absent(data, form, f"{path.name}")
        if not again:
            gateway.stop()


@test
def the_master_key_is_nowhere_else(t):
    gateway, _, crm = standing(t)
    gateway.ask(crm, headers=bearer(gateway.token("ann")))
    text = (gateway.dir / "master.key").read_text().strip()
    gateway.stop()
    for path in [p for p in gateway.dir.rglob("*") if p.is_file() and p.name != "master.key"] + [gateway.log_path]:
        data = path.read_bytes()
        absent(data, text.encode(), path.name)
        absent(data, base64.b64decode(text), path.name)


@test
def no_bodies_are_kept(t):
    """D9: nothing of a request or response is stored."""
    gateway, _, crm = standing(t)
    marks = [b"request-body-9917", b"query-value-9917", b"header-value-9917"]
    gateway.ask(crm, "POST", "/x?q=query-value-9917", bearer(gateway.token("ann")) + [("X-A", "header-value-9917")], b"request-body-9917 " * 100)
    gateway.stop()
    for path in [p for p in gateway.dir.rglob("*") if p.is_file()] + [gateway.log_path]:
        for mark in marks:
            absent(path.read_bytes(), mark, path.name)


@test
def the_process_does_not_dump_core(t):
    gateway, _, _ = standing(t)
    limits = open(f"/proc/{gateway.process.pid}/limits").read()
    line = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    filtered = int(open(f"/proc/{gateway.process.pid}/coredump_filter").read(), 16)
    expect(" 0 " in line or filtered == 0, f"core limit {line!r}, coredump_filter {filtered:x}")


@test
def each_of_many_resources_keeps_its_own_secret(t):
    """More than are read one by one: at the start, and when one of them changes."""
    echo = upstream(t)

    def own(number, more=""):
        return keyed(f"r{number}", echo, secrets={"token": f"sk-own-of-{number}{more}-0123456789"})

    gateway = world(t, *[own(number) for number in range(150)])
    token = bearer(gateway.token("ann"))

    def sent(number):
        equal(gateway.ask(host(f"r{number}"), headers=token).status, 200, f"status of r{number}")
        return echo.requests[-1].get("authorization")

    equal([sent(number) for number in range(150)], [f"Bearer sk-own-of-{number}-0123456789" for number in range(150)], "what was sent")
    gateway.apply(own(77, "-changed"))
    gateway.stop()
    gateway.start()
    equal([sent(number) for number in (0, 76, 77, 149)],
          [f"Bearer sk-own-of-{each}-0123456789" for each in ("0", "76", "77-changed", "149")], "what was sent after the change")
    gateway.must("delete", "datasource", "r0")
    gateway.stop()
    gateway.start()
    equal(sent(1), "Bearer sk-own-of-1-0123456789", "what was sent after one was deleted, whose epochs stay")
