"""`./dev run`: a gateway in state/ with a demo API and a demo tool behind it, until Ctrl-C.

The key of the demo API is made anew at each start. It lives in the memory of this program, of the demo API and,
sealed, in the gateway's store; it is written to no file and shown in no process list.
"""

import argparse
import ctypes
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / "state"
CONFIG = STATE / "sallyport.yaml"
SALLYPORT = ROOT / "build/release/sallyport"
READY_SECONDS_MAX = 30
DRAIN_SECONDS_MAX = 35


def stop(message):
    sys.exit(f"dev: error: {message}")


def check_free(port, what):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            stop(f"port {port} ({what}) is not free: {error.strerror}; try ./dev run --port N")


def end_with_us():
    """In a child: its own process group, so that Ctrl-C reaches only this program, and ended when this one dies."""
    os.setsid()
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def start_demo(script, port, first_line=""):
    process = subprocess.Popen([sys.executable, str(ROOT / "demo" / script), str(port)], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True, preexec_fn=end_with_us)
    process.stdin.write(first_line + "\n")
    process.stdin.flush()
    if process.stdout.readline() != "ready\n":
        stop(f"demo/{script} did not start on port {port}")
    return process


def sallyport(*arguments, given=None):
    done = subprocess.run([str(SALLYPORT), *arguments], input=given, capture_output=True, text=True)
    if done.returncode != 0:
        stop(f"sallyport {arguments[0]} failed: {done.stderr.strip() or done.returncode}")
    return done.stdout.strip()


class Gateway:
    """`sallyport serve`; its log goes to state/gateway.log, warnings and errors to the terminal too."""

    def __init__(self):
        self.ready = threading.Event()
        self.process = subprocess.Popen([str(SALLYPORT), "serve", "-c", str(CONFIG)], stderr=subprocess.PIPE,
                                        text=True, preexec_fn=end_with_us)
        threading.Thread(target=self.read_log, daemon=True).start()
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not self.ready.wait(0.1):
            if self.process.poll() is not None:
                stop(f"the gateway did not start; see {STATE / 'gateway.log'}")
            if time.monotonic() > deadline:
                self.end()
                stop(f"the gateway was not ready after {READY_SECONDS_MAX} s; see {STATE / 'gateway.log'}")

    def read_log(self):
        with open(STATE / "gateway.log", "a", encoding="utf-8") as log:
            for line in self.process.stderr:
                log.write(line)
                log.flush()
                try:
                    entry = json.loads(line)
                except ValueError:
                    entry = {"level": "error"}
                if entry.get("event") == "ready":
                    self.ready.set()
                if entry.get("level") not in ("debug", "info"):
                    print(line, end="", file=sys.stderr, flush=True)

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(DRAIN_SECONDS_MAX)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            self.process.kill()
            self.process.wait()


def state_port():
    """The port that an earlier run's configuration listens on."""
    found = re.search(r"gate:\s*[\"']?https://[^\s:/]+:(\d+)", CONFIG.read_text())
    return int(found[1]) if found else 443


def make_state(port):
    """Returns the admin's password when the state is new, None when it was there."""
    if CONFIG.exists():
        return None
    line = sallyport("init", "--dir", str(STATE), "--domain", "gate.localhost", "--apps", "apps.localhost",
                     "--port", str(port))
    found = re.fullmatch(r"admin: (\S+) password: (\S+)", line)
    if not found:
        stop("sallyport init printed something else than the admin and the password")
    return found[2]


def welcome(port, password, token):
    tail = "" if port == 443 else f":{port}"
    relative = os.path.relpath(STATE)
    tell = f"password  {password}   (shown once)" if password else (
        "password  as before; a new one: "
        f"{os.path.relpath(SALLYPORT)} user passwd -c {relative}/sallyport.yaml admin")
    print(f"""
Sallyport stands in front of a demo API and a demo tool.

  tool      https://demo-tool.apps.localhost{tail}/
  user      admin
  {tell}
            The certificate comes from {relative}/tls/ca.pem; a browser asks before it trusts it.

  API       curl --cacert {relative}/tls/ca.pem -H 'Authorization: Bearer {token}' https://demo-api.apps.localhost{tail}/whoami
            The API wants a key that this token is not. Only the gateway knows it.

  log       {relative}/gateway.log
  Ctrl-C    ends the gateway and the two demos
""", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="./dev run")
    parser.add_argument("--port", type=int, default=None, help="of the gateway, when state/ is made (8443)")
    asked = parser.parse_args().port
    port = state_port() if CONFIG.exists() else asked or 8443
    if asked not in (None, port):
        stop(f"{STATE} was made for port {port}; move that folder away, or leave out --port")
    api_port, tool_port = port + 1, port + 2
    for number, what in ((port, "the gateway"), (port + 1000, "its metrics"), (api_port, "the demo API"),
                         (tool_port, "the demo tool")):
        check_free(number, what)

    key = secrets.token_urlsafe(32)
    password = make_state(port)
    running = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        running.append(start_demo("api.py", api_port, first_line=key))
        running.append(start_demo("tool.py", tool_port))
        gateway = Gateway()
        resources = (ROOT / "demo/resources.yaml").read_text()
        for mark, value in (("@API_PORT@", str(api_port)), ("@TOOL_PORT@", str(tool_port)), ("@API_KEY@", key)):
            resources = resources.replace(mark, value)
        try:
            sallyport("apply", "-c", str(CONFIG), "-f", "-", given=resources)
            token = sallyport("token", "create", "-c", str(CONFIG), "--user", "admin", "--name",
                              f"dev-run-{os.getpid()}-{secrets.token_hex(3)}", "--expires", "1d")
            welcome(port, password, token)
            code = gateway.process.wait()
            stop(f"the gateway ended by itself (exit code {code}); see {STATE / 'gateway.log'}")
        finally:
            gateway.end()
    except KeyboardInterrupt:
        print("\ndev: ended", flush=True)
    finally:
        for process in running:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
