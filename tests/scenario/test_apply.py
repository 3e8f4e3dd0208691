"""apply, get, delete: one transaction, exact plans, every mistake at once, and `get | apply` changes nothing."""
import json
import threading

from registry import absent, contains, equal, expect, one_of, test
from web_client import PASSWORD, Browser
from world import bearer, datasource, host, instance, keyed, people, upstream, world

URL = "https://198.51.100.1"


def plan(text):
    """The lines `sign kind name` of a plan."""
    found = []
    for line in text.splitlines():
        words = line.split()
        if words and words[0] in "+~-" and len(words) >= 3:
            found.append((words[0], words[1], words[2]))
    return sorted(found)


@test
def all_or_nothing(t):
    gateway = world(t, datasource("old", URL))
    before = gateway.must("get", "datasource", "-o", "json")
    bad = datasource("bad", URL, team="no-such-team")
    message = gateway.refused_apply(datasource("good", URL), datasource("old", URL + "/changed"), bad)
    contains(message, "no-such-team", "the message")
    equal(gateway.must("get", "datasource", "-o", "json"), before, "the resources after a refused apply")


@test
def dry_run_prints_the_plan_and_does_nothing(t):
    gateway = world(t, datasource("same", URL), datasource("changing", URL), datasource("going", URL))
    before = gateway.must("get", "datasource", "-o", "json")
    documents = [*people(), datasource("same", URL), datasource("changing", URL + "/v2"), datasource("new", URL)]
    wanted = sorted([("+", "datasource", "new"), ("~", "datasource", "changing")])
    equal(plan(gateway.apply(*documents, flags=["--dry-run"])), wanted, "the plan")
    with_prune = plan(gateway.apply(*documents, flags=["--dry-run", "--prune"]))
    expect(("-", "datasource", "going") in with_prune, f"the plan with --prune: {with_prune}")
    expect(not [line for line in with_prune if line[0] == "-" and line[1] == "user"], "users are never pruned")
    equal(gateway.must("get", "datasource", "-o", "json"), before, "the resources after two dry runs")
    message = gateway.refused_apply(datasource("bad", URL, team="no-such-team"), flags=["--dry-run"])
    contains(message, "no-such-team", "a dry run finds mistakes too")


@test
def prune_deletes_what_an_earlier_apply_made(t):
    gateway = world(t, datasource("one", URL), datasource("two", URL))
    team = {"kind": "team", "name": "plant", "members": {"ann": "owner"}}
    gateway.apply(datasource("one", URL), team, flags=["--prune"])
    equal([entry["name"] for entry in json.loads(gateway.must("get", "datasource", "-o", "json"))], ["one"], "datasources after prune")
    names = {entry["name"] for entry in json.loads(gateway.must("get", "user", "-o", "json"))}
    expect({"admin", "ann", "mel"} <= names, f"users after prune: {names}")


@test
def prune_leaves_the_platform_and_what_it_demands(t):
    gateway = world(t, datasource("one", URL), {"kind": "platform", "name": "platform", "mfa": "required"})
    equal(plan(gateway.apply(*people(), flags=["--prune"])), [("-", "datasource", "one")], "what was pruned")
    equal(json.loads(gateway.must("get", "platform", "-o", "json"))[0]["mfa"], "required", "the demand after prune")


@test
def a_pipe_that_broke_empties_nothing(t):
    gateway = world(t, datasource("one", URL), start=False)
    before = gateway.must("get", "all", "-o", "json")
    for text in ("", "---\n", "# nothing\n"):
        for flags in (["--prune"], ["--prune", "--dry-run"], []):
            done = gateway.run("apply", "-f", "-", *flags, stdin=text)
            equal((done.code, done.out), (1, ""), f"apply {flags} of {text!r}")
            contains(done.err, "no resource", "the message")
            equal("--prune would delete everything" in done.err, bool(flags), "whether it speaks of --prune")
    equal(gateway.must("get", "all", "-o", "json"), before, "the resources")
    shown = plan(gateway.must("apply", "-f", "-", "--prune", "--dry-run", stdin="kind: team\nname: plant\n"))
    expect(("-", "datasource", "one") in shown, f"with a resource in it, --prune deletes: {shown}")


@test
def get_then_apply_changes_nothing(t):
    echo = upstream(t)
    gateway = world(t, keyed("crm", echo, roles={"vic": "none"}, networks=["10.0.0.0/8", "127.0.0.0/8"], origins=["https://a.example.test"],
                             access=[{"roles": ["owner", "member"]}, {"roles": ["viewer"], "methods": ["GET"], "paths": ["/r"],
                                                                     "networks": ["10.0.0.0/8"], "mfa": {"within": "15m"}}]),
                    instance("line1", echo, secrets={"k": "value-1234"}, areas=[
                        {"name": "a", "paths": ["/a"], "public": True}, {"name": "b", "paths": ["/"], "roles": ["owner", "viewer"],
                                                                        "read_only_for": ["viewer"]}],
                             credentials=[{"roles": ["owner"], "inject": {"query": {"k": "{{ secrets.k }}"}}}]),
                    {"kind": "platform", "name": "platform", "sessions": {"absolute": "10d", "idle": "3h"}, "networks": ["127.0.0.0/8"]})
    for form in ("yaml", "json"):
        parts = []
        for kind in ("platform", "team", "user", "datasource", "instance", "service_account"):
            text = gateway.must("get", kind, "-o", form)
            if form == "json":
                text = "---\n".join(json.dumps(document) + "\n" for document in json.loads(text))
            parts.append(text if text.startswith("---") else "---\n" + text)
        path = t.dir / f"all.{form}"
        path.write_text("".join(parts))
        equal(plan(gateway.must("apply", "-f", path, "--dry-run")), [], f"the plan of what get -o {form} printed")
        generation_before = gateway.must("get", "datasource", "-o", "json")
        equal(plan(gateway.must("apply", "-f", path)), [], f"apply of what get -o {form} printed")
        equal(gateway.must("get", "datasource", "-o", "json"), generation_before, "the resources afterwards")
    gateway.ask(host("crm"), headers=bearer(gateway.token("ann")))
    contains(echo.last().get("authorization"), "Bearer sk-", "the key still goes out")


@test
def every_mistake_of_a_file_at_once_with_its_line(t):
    gateway = world(t, start=False)
    path = t.dir / "bad.yaml"
    path.write_text("""kind: datasource
name: one
team: plant
type: http
at: one.apps.localhost
nonsense: 1
upstream: {url: "https://api.example.test", netwroks: []}
---
kind: datasource
name: Two
team: plant
type: carrier-pigeon
at: two.apps.localhost:99
upstream: {url: "ftp://api.example.test"}
---
kind: gremlin
name: three
---
kind: team
name: four
members: {ann: king}
""")
    done = gateway.run("apply", "-f", path)
    equal(done.code, 1, "exit code")
    for word in ("nonsense", "netwroks", "carrier-pigeon", "ftp", "gremlin", "king"):
        contains(done.err, word, "the mistakes")
    lines = {int(line.split(":")[1]) for line in done.err.splitlines() if line.startswith(f"{path}:")}
    expect({6, 7, 10, 12, 14, 16, 21} <= lines, f"FILE:LINE of each: {sorted(lines)} in {done.err}")


@test
def documents_that_must_be_refused(t):
    gateway = world(t, datasource("taken", URL), start=False)
    good = datasource("x", URL)
    table = {
        "the gate's host": {**good, "at": "gate.localhost"},
        "a host with a port": {**good, "at": "x.apps.localhost:8443"},
        "a place that is taken": {**good, "at": host("taken")},
        "a host of another team": {**good, "team": "lab", "at": host("taken") + "/part"},
        "a place with dot segments": {**good, "at": host("x") + "/a/../b"},
        "no upstream": {key: value for key, value in good.items() if key != "upstream"},
        "no team": {key: value for key, value in good.items() if key != "team"},
        "no name": {key: value for key, value in good.items() if key != "name"},
        "name with a slash": {**good, "name": "a/b"},
        "name too long": {**good, "name": "a" * 64},
        "name beginning with a dot": {**good, "name": ".x"},
        "url without host": {**good, "upstream": {"url": "https:///x"}},
        "url with a fragment": {**good, "upstream": {"url": "https://api.example.test/#x"}},
        "decimal host": {**good, "upstream": {"url": "http://2130706433/"}},
        "hex host": {**good, "upstream": {"url": "http://0x7f.1/"}},
        "octal host": {**good, "upstream": {"url": "http://0177.0.0.1/"}},
        "network with host bits": {**good, "upstream": {"url": URL, "networks": ["127.0.0.1/8"]}},
        "no network": {**good, "networks": ["example.test"]},
        "unknown role": {**good, "access": [{"roles": ["emperor"]}]},
        "rule without roles": {**good, "access": [{"paths": ["/a"]}]},
        "path without slash": {**good, "access": [{"roles": ["owner"], "paths": ["a"]}]},
        "path with dots": {**good, "access": [{"roles": ["owner"], "paths": ["/a/../b"]}]},
        "access and areas": {**good, "areas": [{"name": "a", "paths": ["/"], "roles": ["owner"]}]},
        "areas on a datasource": {**good, "areas": []},
        "negative timeout": {**good, "upstream": {"url": URL, "timeout": {"connect": "-1s"}}},
        "a CA that is not there": {**good, "upstream": {"url": URL, "ca": "/nowhere/ca.pem"}},
        "a CA that is none": {**good, "upstream": {"url": URL, "ca": "/etc/passwd"}},
        "origin with a path": {**good, "origins": ["https://a.example.test/x"]},
        "origin star": {**good, "origins": ["*"]},
        "secret that is no text": {**good, "secrets": {"a": {"b": 1}}},
        "user override that does not exist": {**good, "roles": {"nobody-here": "owner"}},
        "team member that does not exist": {"kind": "team", "name": "t", "members": {"nobody-here": "owner"}},
        "weak password": {"kind": "user", "name": "weak", "email": "w@example.test", "password": "password1"},
        "short password": {"kind": "user", "name": "weak", "email": "w@example.test", "password": "x7#k"},
        "password like the name": {"kind": "user", "name": "quiet-harbor-lantern", "email": "w@example.test", "password": "quiet-harbor-lantern"},
        "two users with one address": {"kind": "user", "name": "ann2", "email": "ann@example.test", "password": "lantern-orbit-velvet-74"},
        "mail address that is none": {"kind": "user", "name": "w", "email": "nonsense", "password": "lantern-orbit-velvet-74"},
        "no document but a list": [good],
        "kind of the wrong type": {**good, "kind": 7},
        "http2 that is no boolean": {**good, "upstream": {"url": URL, "http2": "maybe"}},
    }
    before = gateway.must("get", "datasource", "-o", "json")
    wrong = []
    for name, document in table.items():
        done = gateway.run("apply", "-f", gateway.resources([document]))
        if done.code != 1 or not done.err.strip():
            wrong.append(f"{name}: exit {done.code} {done.err.strip()!r}")
    equal(wrong, [], "what apply let through")
    equal(gateway.must("get", "datasource", "-o", "json"), before, "the resources afterwards")


@test
def two_documents_of_one_name_and_bad_yaml(t):
    gateway = world(t, start=False)
    gateway.refused_apply(datasource("x", URL), datasource("x", URL + "/2", at=host("y")))
    path = t.dir / "r.yaml"
    for text in ("kind: [unclosed", "- just\n- a list\n", "kind: team\nkind: user\nname: x\n", "kind: team\nname: &a x\n",
                 "kind: team\nname: *a\n", "kind: team\nname: !!python/object x\n", "\0\0", "kind: team\nname: x\n" + "a: " + "[" * 5000):
        path.write_text(text)
        equal(gateway.run("apply", "-f", path).code, 1, f"exit code for {text[:30]!r}")
    equal(gateway.run("apply", "-f", t.dir / "nowhere.yaml").code, 1, "exit code for a file that is not there")


@test
def the_password_counts_only_when_the_user_is_made(t):
    gateway = world(t)
    gateway.apply({"kind": "user", "name": "ann", "email": "ann@example.test", "password": "another-fine-velvet-88"})
    Browser(gateway).sign_in("ann", PASSWORD)


@test
def get_prints_tables_and_single_objects(t):
    gateway = world(t, datasource("crm", URL))
    table = gateway.must("get", "datasource", "-o", "table")
    contains(table, "crm", "the table")
    equal(gateway.get("datasource", "crm")["upstream"]["url"].rstrip("/"), URL, "url as shown")
    for words in (("get", "datasource", "nothing"), ("delete", "datasource", "nothing"), ("get", "gremlin"), ("delete", "user", "admin")):
        one_of(gateway.run(*words).code, (1, 2), f"exit code of {' '.join(words)}")
    gateway.must("delete", "datasource", "crm")
    equal(gateway.run("get", "datasource", "crm").code, 1, "exit code of get after delete")


@test
def a_team_with_resources_is_not_deleted(t):
    gateway = world(t, datasource("crm", URL), start=False)
    equal(gateway.run("delete", "team", "plant").code, 1, "exit code")
    gateway.must("delete", "datasource", "crm")
    gateway.must("delete", "team", "plant")


@test
def commands_work_with_and_without_a_running_gateway(t):
    echo = upstream(t)
    gateway = world(t, keyed("crm", echo), start=False)
    token = gateway.token("ann")
    gateway.start()
    equal(gateway.ask(host("crm"), headers=bearer(token)).status, 200, "made before the start")
    gateway.apply(keyed("erp", echo))
    equal(gateway.ask(host("erp"), headers=bearer(token)).status, 200, "made while running, at once")
    gateway.stop()
    gateway.must("delete", "datasource", "crm")
    gateway.start()
    equal(gateway.ask(host("crm"), headers=bearer(token)).status, 404, "deleted while stopped")
    equal(gateway.ask(host("erp"), headers=bearer(token)).status, 200, "the other")


@test
def applies_at_the_same_time_all_count(t):
    gateway = world(t)
    codes = []

    def work(number):
        path = t.dir / f"one{number}.yaml"
        path.write_text(json.dumps(datasource(f"d{number}", URL)))
        codes.append(gateway.run("apply", "-f", path).code)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(codes, [0] * 8, "exit codes")
    equal(len(json.loads(gateway.must("get", "datasource", "-o", "json"))), 8, "datasources")
    contains(gateway.must("audit", "verify"), "ok", "audit verify")


@test
def many_resources_in_one_apply(t):
    echo = upstream(t)
    gateway = world(t, *[keyed(f"r{number}", echo) for number in range(300)])
    token = bearer(gateway.token("ann"))
    for number in (0, 150, 299):
        equal(gateway.ask(host(f"r{number}"), headers=token).status, 200, f"r{number}")
    absent(gateway.must("get", "datasource", "-o", "json"), "sk-9", "the list")
