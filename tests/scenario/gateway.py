"""One gateway: its state folder, its commands, its process, its log. Everything by the commands an operator has."""
import contextlib
import ctypes
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import ports
import wire
from registry import PATIENCE, Failed, equal
from wait import until

GATE, APPS = "gate.localhost", "apps.localhost"
_libc = ctypes.CDLL(None)


# A service manager in small: the sockets become descriptors 3, 4, ..., for the process that the program then is.
_PASS_SOCKETS = """
import fcntl, os, sys
given = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 100) for fd in sys.argv[1].split(",")]
for fd in sys.argv[1].split(","):
    os.close(int(fd))
for place, fd in enumerate(given, 3):
    os.dup2(fd, place, inheritable=True)
    os.close(fd)
os.environ.update(LISTEN_PID=os.environ.get("LISTEN_PID", str(os.getpid())), LISTEN_FDS=str(len(given)))
os.execv(sys.argv[2], sys.argv[2:])
"""


def _end_with_parent():
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: no gateway outlives its test


@dataclass
class Done:
    code: int
    out: str
    err: str


def command(*arguments, stdin=None, env=None, cwd=None, seconds=60):
    """Runs the program once; Done, whatever the exit code."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SALLYPORT_")} | (env or {})
    done = subprocess.run([os.environ["SALLYPORT"], *map(str, arguments)], input=stdin, env=environment, cwd=cwd,
                          capture_output=True, text=True, errors="replace", timeout=seconds * PATIENCE,
                          stdin=None if stdin is not None else subprocess.DEVNULL)
    return Done(done.returncode, done.stdout, done.stderr)


class Gateway:
    def __init__(self, case, folder, port):
        self.case, self.dir, self.port = case, Path(folder), port
        self.file = self.dir / "sallyport.yaml"
        self.process, self.listeners, self.events = None, [], []
        self.starts = 0
        self._changed = threading.Condition()
        self._ended = False
        self.log_path = case.dir / f"{self.dir.name}.log"
        case.logs.append(self.log_path)
        case.defer(self.kill)

    # --- the state folder

    @classmethod
    def init(cls, case, name="state", *arguments):
        """A folder as `sallyport init` makes it. .password is the printed one of admin."""
        port = ports.take(offset=1000)
        folder = case.dir / name
        done = command("init", "--dir", folder, "--port", port, *arguments)
        equal(done.code, 0, f"exit code of init ({done.err.strip()})")
        gateway = cls(case, folder, port)
        gateway.password = done.out.split("password: ")[-1].strip()
        return gateway

    def salt(self):
        found = re.search(r"^salt:\s*[\"']?([A-Za-z0-9+/=]+)", self.file.read_text(), re.MULTILINE)
        if not found:
            raise Failed("no line `salt: BASE64` in sallyport.yaml")
        return found.group(1)

    def base_config(self):
        """A configuration like init's, as a value; write_config writes what you make of it."""
        return {
            "storage": "sqlite:sallyport.db", "master_key": "file:master.key", "salt": self.salt(),
            "gate": f"https://{GATE}:{self.port}", "workers": 1,
            "listeners": [
                {"address": f"127.0.0.1:{self.port}", "tls": {"certificates": [{"cert": "tls/cert.pem", "key": "tls/key.pem"}]}},
                {"address": "127.0.0.1:0", "kind": "admin"}]}

    def write_config(self, config):
        """JSON is YAML; one key on a line so that mistakes have lines."""
        self.file.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in config.items()))

    def configure(self, **changes):
        config = self.base_config()
        for key, value in changes.items():
            config[key] = value
        self.write_config(config)

    @contextlib.contextmanager
    def store(self):
        """The SQLite file, opened beside or without the gateway; committed and closed in the end."""
        with contextlib.closing(sqlite3.connect(self.dir / "sallyport.db")) as base:
            with base:
                yield base

    # --- commands

    def run(self, *arguments, stdin=None, env=None):
        words = list(arguments)
        at = 2 if words[0] in ("user", "token", "session", "audit", "key", "sso") else 1
        return command(*words[:at], "-c", self.file, *words[at:], stdin=stdin, env=env)

    def must(self, *arguments, stdin=None):
        done = self.run(*arguments, stdin=stdin)
        if done.code != 0:
            raise Failed(f"sallyport {' '.join(map(str, arguments))}: exit {done.code}: {done.err.strip()[:600]}")
        return done.out

    def resources(self, documents):
        path = self.case.dir / "resources.yaml"
        path.write_text("---\n".join(json.dumps(document, indent=1) + "\n" for document in documents))
        return path

    def apply(self, *documents, flags=()):
        return self.must("apply", "-f", self.resources(documents), *flags)

    def refused_apply(self, *documents, flags=()):
        """The message of an apply that must be refused."""
        done = self.run("apply", "-f", self.resources(documents), *flags)
        if done.code != 1:
            raise Failed(f"apply was not refused: exit {done.code}, {done.out} {done.err}")
        return done.err

    def get(self, kind, name):
        found = json.loads(self.must("get", kind, name, "-o", "json"))
        return found[0] if isinstance(found, list) else found

    def token(self, user, *flags, name="t", expires="1d"):
        return self.must("token", "create", "--user", user, "--name", name, "--expires", expires, *flags).strip()

    def listing(self, *arguments):
        """A list command with -o json, as a list of objects (a JSON array or one object per line)."""
        out = self.must(*arguments, "-o", "json").strip()
        if not out:
            return []
        try:
            found = json.loads(out)
        except ValueError:
            return [json.loads(line) for line in out.splitlines()]
        return found if isinstance(found, list) else [found]

    def audit(self):
        return self.listing("audit", "list")

    # --- the process

    def start(self, wait=True, env=None, flags=(), sockets=(), through=()):
        """sockets: listening ones to pass, as systemd does it; through: the words of a program that runs it."""
        self.events, self.listeners, self._ended = [], [], False
        self.starts += 1
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SALLYPORT_")} | (env or {})
        words = [*through, os.environ["SALLYPORT"], "serve", "-c", str(self.file), *flags]
        passed = [each.fileno() for each in sockets]
        if passed:
            words = [sys.executable, "-c", _PASS_SOCKETS, ",".join(map(str, passed)), *words]
        self.process = subprocess.Popen(words, env=environment, pass_fds=passed, preexec_fn=_end_with_parent,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read_log, args=(self.process.stderr,), daemon=True)
        self._reader.start()
        if wait:
            ready = self.event("ready", 30)
            if not ready:
                raise Failed(f"serve ended with {self.process.wait()} before it was ready: {self.log()[-600:]}")
            self.listeners = ready.get("listeners", [])
        return self

    def _read_log(self, stream):
        with open(self.log_path, "ab") as copy:
            for line in stream:
                copy.write(line)
                copy.flush()
                try:
                    event = json.loads(line)
                except ValueError:
                    event = {"event": "", "not_json": line.decode("utf-8", "replace")}
                with self._changed:
                    self.events.append(event if isinstance(event, dict) else {"event": "", "not_json": str(event)})
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait_log(self, condition, seconds=10, since=0):
        """The first log event from number `since` on that fits, or None when the process ended without one; Failed at the
        deadline."""
        def found():
            return next((event for event in self.events[since:] if condition(event)), None)
        with self._changed:
            if not self._changed.wait_for(lambda: found() or self._ended, seconds * PATIENCE):
                raise Failed(f"the log does not show it within {seconds} s")
            return found()

    def event(self, name, seconds=10):
        return self.wait_log(lambda event: event.get("event") == name, seconds)

    def reload(self, wanted="reloaded"):
        """Sends SIGHUP; the event of that name which it leads to."""
        before = len(self.events)
        self.signal(signal.SIGHUP)
        told = self.wait_log(lambda event: event.get("event") in ("reloaded", "reload_failed"), 20, since=before)
        equal(told and told["event"], wanted, f"what came of the reload ({told})")
        self.listeners = told.get("listeners", self.listeners)
        return told

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def wait(self, seconds=20):
        """The exit code, once it ended by itself."""
        try:
            code = self.process.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired as late:
            raise Failed(f"the gateway has not ended after {seconds} s") from late
        self._reader.join(5)
        return code

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        self.signal(signal.SIGTERM)
        equal(self.wait(40), 0, "exit code after SIGTERM")

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process:
            self._reader.join(5)

    def refused_start(self, env=None, sockets=()):
        """Starts what must refuse to start; its log. Exit code 1 is checked."""
        self.start(wait=False, env=env, sockets=sockets)
        equal(self.wait(), 1, "exit code of serve")
        if any(event.get("event") == "ready" for event in self.events):
            raise Failed("serve said ready before it refused")
        return self.log()

    def rss_kib(self, what="VmRSS"):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+)", status).group(1))

    # --- speaking to it

    def listener(self, kind):
        """The port of the first listener of that kind, from the ready event."""
        for listener in self.listeners:
            if listener.get("kind") == kind:
                return int(str(listener["address"]).rsplit(":", 1)[1])
        raise Failed(f"no {kind} listener in {self.listeners}")

    def wire(self, host=GATE, context=None, seconds=15, session=None, source=None, before=()):
        return wire.Wire(self.port, host, context or wire.client_context(self.dir / "tls/ca.pem"), seconds, session, source, before)

    def ask(self, host, method="GET", target="/", headers=(), body=None, source=None):
        """One request on a connection of its own, the answer read whole."""
        with self.wire(host, source=source) as connection:
            connection.send(wire.request_bytes(method, target, f"{host}:{self.port}", headers, body))
            return connection.response(method)

    def admin(self, target):
        with wire.Wire(self.listener("admin")) as connection:
            connection.send(wire.request_bytes("GET", target, "127.0.0.1"))
            return connection.response()

    def serving(self):
        """Waits until a request is answered at all."""
        until(lambda: self.ask(GATE, target="/.sallyport/login").status == 200, "the gate to answer")
