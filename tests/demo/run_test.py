"""`./dev run` as somebody new meets it: what it prints works, the key of the demo API is nowhere to be found, Ctrl-C ends
all of it, and a second run goes on with the same state. Needs build/release/sallyport."""

import base64
import json
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
KEY = "the-demo-key-that-nobody-may-find-0123456789"
SECONDS_MAX = 60

# The program as it is, but for the key, which we have to know to look for it.
PROGRAM = f"""
import sys
sys.path.insert(0, {str(ROOT / "demo")!r})
import run
run.secrets.token_urlsafe = lambda size: {KEY!r}
run.main()
"""


def free_port():
    """A port so that the three others of `./dev run` are free as well."""
    for port in range(24000, 30000, 7):
        sockets = []
        try:
            for number in (port, port + 1, port + 2, port + 1000):
                sockets.append(socket.socket())
                sockets[-1].bind(("127.0.0.1", number))
            return port
        except OSError:
            pass
        finally:
            for each in sockets:
                each.close()
    raise RuntimeError("no free ports")


class Run:
    def __init__(self, state, *arguments):
        self.process = subprocess.Popen([sys.executable, "-c", PROGRAM, "--state", str(state), *arguments], cwd=ROOT,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True)
        self.text = ""
        patience = threading.Timer(SECONDS_MAX, self.process.kill)
        patience.start()
        for line in self.process.stdout:
            self.text += line
            if "Ctrl-C" in line:
                break
        patience.cancel()

    def curl(self):
        """The line it says to type, as a list."""
        return shlex.split(re.search(r"^ +API +(curl .*)$", self.text, re.M)[1])

    def end(self):
        self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=SECONDS_MAX)
        return self.process.returncode, rest


def typed(command):
    return subprocess.run([*command, "-sS"], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS_MAX).stdout


class DevRun(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sallyport-run-")
        self.addCleanup(folder.cleanup)
        self.state = Path(folder.name) / "state"
        self.port = free_port()

    def started(self, *arguments):
        run = Run(self.state, *arguments)
        self.addCleanup(run.process.stdout.close)
        self.addCleanup(run.process.wait)
        self.addCleanup(run.process.kill)
        self.assertIn("Ctrl-C", run.text)
        return run

    def traces_of_key(self):
        forms = [KEY.encode(), KEY.encode().hex().encode(), base64.b64encode(KEY.encode())[:-4]]
        return [path.name for path in self.state.rglob("*") if path.is_file()
                for form in forms if form in path.read_bytes()]

    def test_what_it_prints_works_and_the_key_stays_inside(self):
        first = self.started("--port", str(self.port))
        self.assertRegex(first.text, r"password +\S{12}")
        answer = json.loads(typed(first.curl()))
        self.assertEqual((answer["user"], answer["role"], answer["came_with_the_key"]), ("admin", "owner", True))

        without = [part for part in first.curl() if not part.startswith("Authorization")]
        without.remove("-H")
        self.assertEqual(json.loads(typed(without))["error"], "unauthenticated")
        direct = typed(["curl", f"http://127.0.0.1:{self.port + 1}/whoami"])
        self.assertEqual(json.loads(direct), {"error": "no key, no answer"})

        shown = subprocess.run([ROOT / "build/release/sallyport", "get", "datasource", "-o", "json", "-c",
                                self.state / "sallyport.yaml"], capture_output=True, text=True).stdout
        self.assertIn("Encrypted on the server side", shown)
        self.assertNotIn(KEY, shown + first.text)
        self.assertEqual(self.traces_of_key(), [])

        code, rest = first.end()
        self.assertEqual((code, rest.strip()), (0, "dev: ended"))
        self.assertEqual(self.traces_of_key(), [])
        for number in (self.port, self.port + 1, self.port + 2, self.port + 1000):
            with socket.socket() as probe:
                self.assertNotEqual(probe.connect_ex(("127.0.0.1", number)), 0, f"{number} still answers")

        again = self.started()
        self.assertIn("user passwd", again.text)
        self.assertTrue(json.loads(typed(again.curl()))["came_with_the_key"])
        self.assertEqual(again.end()[0], 0)

    def refused(self, *arguments):
        done = subprocess.run([sys.executable, "-c", PROGRAM, "--state", str(self.state), *arguments], cwd=ROOT,
                              capture_output=True, text=True, timeout=SECONDS_MAX)
        self.assertEqual(done.returncode, 1)
        self.assertFalse(self.state.exists())
        return done.stderr

    def test_says_which_port_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", self.port + 1))
            taken.listen()
            self.assertIn(f"port {self.port + 1} (the demo API) is not free", self.refused("--port", str(self.port)))
        self.assertIn("--port 65000", self.refused("--port", "65000"))


if __name__ == "__main__":
    unittest.main(verbosity=0)
