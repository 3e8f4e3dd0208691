"""`sallyport init`, `secret`, `schema` and the usage rules (contract: commands)."""
import base64
import json
import os
import shutil
import stat
import subprocess

import ports
from gateway import Gateway, command
from registry import Skipped, contains, equal, expect, test
from web_client import Browser


@test
def makes_the_files_and_says_one_line(t):
    folder = t.dir / "state"
    done = command("init", "--dir", folder, "--port", ports.take(offset=1000), "--admin", "root.admin")
    equal(done.code, 0, f"exit code ({done.err})")
    expect(done.out.startswith("admin: root.admin password: ") and done.out.count("\n") == 1, f"stdout: {done.out!r}")
    password = done.out.split("password: ")[1].rstrip("\n")
    expect(len(password) >= 16 and " " not in password, "the printed password is long and has no spaces")
    for name in ("sallyport.yaml", "master.key", "sallyport.db", "tls/ca.pem", "tls/cert.pem", "tls/key.pem"):
        expect((folder / name).is_file(), f"{name} is missing")
    for name in ("master.key", "tls/key.pem", "sallyport.db"):
        equal(stat.S_IMODE(os.stat(folder / name).st_mode) & 0o077, 0, f"group and world bits of {name}")
    equal(stat.S_IMODE(os.stat(folder / "master.key").st_mode), 0o600, "mode of master.key")
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    for name in names:
        expect("ca" not in name or not name.endswith("key.pem"), f"the CA's key was kept: {names}")
    for path in folder.rglob("*"):
        if path.is_file():
            expect(password.encode() not in path.read_bytes(), f"the printed password is in {path.name}")


@test
def refuses_to_overwrite_any_of_its_files(t):
    for name in ("sallyport.yaml", "master.key", "sallyport.db", "tls/key.pem"):
        folder = t.dir / name.replace("/", "_")
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("mine\n")
        done = command("init", "--dir", folder)
        equal(done.code, 1, f"exit code with {name} there")
        equal(done.out, "", "stdout")
        contains(done.err, name.split("/")[-1], "the message names the file")
        equal([str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()], [name], "files after the refusal")
        equal((folder / name).read_text(), "mine\n", f"{name} after the refusal")


@test
def certificate_covers_gate_apps_and_wildcard(t):
    gateway = Gateway.init(t)
    gateway.start()
    for host in ("gate.localhost", "apps.localhost", "anything.apps.localhost"):
        with gateway.wire(host):  # verified against tls/ca.pem, chain and name
            pass


@test
def serves_at_once_and_the_printed_password_signs_in(t):
    gateway = Gateway.init(t).start()
    equal(sorted(listener["kind"] for listener in gateway.listeners), ["admin", "http"], "listeners of the ready event")
    equal(gateway.listener("http"), gateway.port, "port of the http listener")
    equal(gateway.listener("admin"), gateway.port + 1000, "port of the admin listener")
    Browser(gateway).sign_in("admin", gateway.password)


@test
def other_domains_and_names_are_taken(t):
    port = ports.take(offset=1000)
    folder = t.dir / "own"
    done = command("init", "--dir", folder, "--port", port, "--domain", "door.localhost", "--apps", "tools.localhost")
    equal(done.code, 0, f"exit code ({done.err})")
    gateway = Gateway(t, folder, port)
    contains(gateway.file.read_text(), f"https://door.localhost:{port}", "the gate in sallyport.yaml")
    gateway.start()
    for host in ("door.localhost", "x.tools.localhost"):
        with gateway.wire(host):
            pass


@test
def secret_prints_32_random_bytes(t):
    first, second = command("secret"), command("secret")
    equal((first.code, second.code), (0, 0), "exit codes")
    for done in (first, second):
        equal(len(base64.b64decode(done.out.strip(), validate=True)), 32, "bytes of a master key")
        equal(done.out.count("\n"), 1, "lines")
    expect(first.out != second.out, "two secrets differ")


@test
def wrong_usage_is_exit_2(t):
    for words in (["no-such-command"], ["serve", "--no-such-flag"], ["get"], ["apply"], ["user", "passwd"], []):
        done = command(*words)
        equal(done.code, 2, f"exit code of sallyport {' '.join(words)}")
        expect(done.err.strip(), f"sallyport {' '.join(words)} says nothing on stderr")
        equal(done.out, "", f"stdout of sallyport {' '.join(words)}")


@test
def schema_prints_json_for_each_kind(t):
    for kind in ("platform", "team", "user", "datasource", "instance", "service_account"):
        done = command("schema", kind)
        equal(done.code, 0, f"exit code of schema {kind} ({done.err})")
        schema = json.loads(done.out)
        expect("properties" in schema or "$ref" in schema or "oneOf" in schema, f"schema {kind} describes nothing")
    equal(command("schema", "nonsense").code in (1, 2), True, "schema of an unknown kind is refused")


@test
def configuration_is_found_by_variable_and_by_folder(t):
    gateway = Gateway.init(t)
    by_variable = command("get", "user", "-o", "json", env={"SALLYPORT_CONFIG": str(gateway.file)})
    equal(by_variable.code, 0, f"get with $SALLYPORT_CONFIG ({by_variable.err})")
    contains(by_variable.out, "admin", "the users")
    by_folder = command("get", "user", "-o", "json", cwd=gateway.dir)
    equal(by_folder.out, by_variable.out, "get in the state folder")


@test
def commands_refuse_another_user_than_the_owner(t):
    if os.getuid() != 0:
        raise Skipped("needs root to become another user")
    gateway = Gateway.init(t)
    for path in [t.dir, *gateway.dir.rglob("*"), gateway.dir]:
        os.chmod(path, 0o777 if path.is_dir() else 0o666)
    os.chmod(gateway.dir / "master.key", 0o600)
    base = os.environ["SCENARIO_BASE"]
    os.chmod(base, 0o755)
    program = t.dir / "sallyport"
    shutil.copy(os.environ["SALLYPORT"], program)
    os.chmod(program, 0o755)
    done = subprocess.run([program, "get", "user", "-c", gateway.file], user=65534, group=65534, extra_groups=[],
                          capture_output=True, text=True, cwd="/")
    equal(done.returncode, 1, f"exit code as nobody ({done.stdout} {done.stderr})")
