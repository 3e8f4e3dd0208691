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
SALLYPORT = ROOT / "build/release/sallyport"
READY_SECONDS_MAX = 30
DRAIN_SECONDS_MAX = 35


def stop(message):
    sys.exit(f"dev: error: {message}")


def check_free(port, what, advice):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            stop(f"port {port} ({what}) is not free: {error.strerror}; {advice}")


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

    def __init__(self, state):
        self.log = state / "gateway.log"
        self.ready = threading.Event()
        self.process = subprocess.Popen([str(SALLYPORT), "serve", "-c", str(state / "sallyport.yaml")],
                                        stderr=subprocess.PIPE, text=True, preexec_fn=end_with_us)
        threading.Thread(target=self.read_log, daemon=True).start()
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not self.ready.wait(0.1):
            if self.process.poll() is not None:
                stop(f"the gateway did not start; see {self.log}")
            if time.monotonic() > deadline:
                self.end()
                stop(f"the gateway was not ready after {READY_SECONDS_MAX} s; see {self.log}")

    def read_log(self):
        with open(self.log, "a", encoding="utf-8") as log:
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


def port_of(config):
    """The port that an earlier run's configuration listens on."""
    found = re.search(r"^gate:\s*[\"']?https://[^\s:/]+:(\d+)", config.read_text(), re.M)
    return int(found[1]) if found else 443


def make_state(state, port):
    """A new state folder; returns the admin's password."""
    line = sallyport("init", "--dir", str(state), "--domain", "gate.localhost", "--apps", "apps.localhost",
                     "--port", str(port))
    found = re.fullmatch(r"admin: (\S+) password: (\S+)", line)
    if not found:
        stop("sallyport init printed something else than the admin and the password")
    print(f"dev: made {os.path.relpath(state)}; the password of admin is {found[2]}", flush=True)
    return found[2]


def demo_resources(api_port, tool_port, key):
    text = (ROOT / "demo/resources.yaml").read_text()
    for mark, value in (("@API_PORT@", str(api_port)), ("@TOOL_PORT@", str(tool_port)), ("@API_KEY@", key)):
        text = text.replace(mark, value)
    return text


def welcome(state, port, password, token):
    tail = "" if port == 443 else f":{port}"
    where = os.path.relpath(state)
    tell = f"{password}   (kept nowhere in clear: note it)" if password else (
        f"as before; set a new one: {os.path.relpath(SALLYPORT)} user passwd -c {where}/sallyport.yaml admin")
    print(f"""
Sallyport stands in front of a demo API and a demo tool.

  tool      https://demo-tool.apps.localhost{tail}/
  user      admin
  password  {tell}
            The certificate comes from {where}/tls/ca.pem; a browser asks before it trusts it.

  API       curl --cacert {where}/tls/ca.pem -H 'Authorization: Bearer {token}' https://demo-api.apps.localhost{tail}/whoami
            The API wants a key that this token is not. Only the gateway knows it.

  log       {where}/gateway.log
  Ctrl-C    ends the gateway and the two demos
""", flush=True)


def run(state, port, is_new):
    """Everything from the first process to the last; returns when somebody ends it."""
    api_port, tool_port = port + 1, port + 2
    key = secrets.token_urlsafe(32)
    password = make_state(state, port) if is_new else None
    demos = []
    gateway = None
    try:
        demos.append(start_demo("api.py", api_port, first_line=key))
        demos.append(start_demo("tool.py", tool_port))
        gateway = Gateway(state)
        config = str(state / "sallyport.yaml")
        sallyport("apply", "-c", config, "-f", "-", given=demo_resources(api_port, tool_port, key))
        token = sallyport("token", "create", "-c", config, "--user", "admin", "--name",
                          f"dev-run-{secrets.token_hex(4)}", "--expires", "1d")
        welcome(state, port, password, token)
        code = gateway.process.wait()
        stop(f"the gateway ended by itself (exit code {code}); see {gateway.log}")
    finally:
        if gateway:
            gateway.end()
        for process in demos:
            process.terminate()
            process.wait()


def main():
    parser = argparse.ArgumentParser(prog="./dev run")
    parser.add_argument("--port", type=int, default=None, help="of the gateway, when the state is made (8443)")
    parser.add_argument("--state", type=Path, default=ROOT / "state", help="folder of the state (state)")
    asked = parser.parse_args()
    state = asked.state.absolute()
    is_new = not (state / "sallyport.yaml").exists()
    port = (asked.port or 8443) if is_new else port_of(state / "sallyport.yaml")
    if asked.port not in (None, port):
        stop(f"{state} was made for port {port}; move that folder away, or leave out --port")
    if not 1 <= port <= 64000:
        stop(f"--port {port}: the gateway needs PORT to PORT+2 and PORT+1000")
    advice = "choose others with --port" if is_new else "end what uses it, or take another --state and --port"
    for number, what in ((port, "the gateway"), (port + 1, "the demo API"), (port + 2, "the demo tool"),
                         (port + 1000, "the gateway's metrics")):
        check_free(number, what, advice)

    # Said again since a shell that starts us in the background has SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        run(state, port, is_new)
    except KeyboardInterrupt:
        print("\ndev: ended", flush=True)


if __name__ == "__main__":
    main()
