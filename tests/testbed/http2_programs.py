"""The programs in node that speak HTTP/2, an upstream and a client, as objects: they tell what happens, one event a line."""
import json
import shutil
import subprocess
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent


def missing():
    """Why these cannot run here, or None."""
    return None if shutil.which("node") else "node is not installed"


class Program:
    def __init__(self, name, options):
        self.events, self._changed = [], threading.Condition()
        self._process = subprocess.Popen(["node", HERE / name, json.dumps(options)], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self._process.stdout:
            with self._changed:
                self.events.append(json.loads(line))
                self._changed.notify_all()
        with self._changed:
            self.events.append({"over": True})
            self._changed.notify_all()

    def tell(self, what, **more):
        self._process.stdin.write(json.dumps({"do": what} | more) + "\n")
        self._process.stdin.flush()

    def all(self, kind, **like):
        """The events of that kind, as values, whose entries are as told."""
        with self._changed:
            found = [event[kind] if isinstance(event[kind], dict) else event for event in self.events if kind in event]
        return [event for event in found if all(event.get(key) == value for key, value in like.items())]

    def wait(self, kind, seconds=20, count=1, **like):
        """The count-th of them, once it is there; None after the deadline."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.all(kind, **like)) >= count or "over" in self.events[-1:], seconds)
        found = self.all(kind, **like)
        return found[count - 1] if len(found) >= count else None

    def close(self):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()


class Http2Upstream(Program):
    def __init__(self, pair=None, port=0, **options):
        cert = {"cert": str(pair[0]), "key": str(pair[1])} if pair else {}
        super().__init__("http2_upstream.mjs", {"port": port} | cert | options)
        self.port = self.wait("ready")["ready"]
        self.url = f"{'https' if pair else 'http'}://127.0.0.1:{self.port}"

    @property
    def requests(self):
        return self.all("request")

    @property
    def sessions(self):
        return len(self.all("session"))


class Http2Client(Program):
    def __init__(self, port, host, ca, **options):
        super().__init__("http2_client.mjs", {"port": port, "host": host, "ca": str(ca)} | options)
        self.host = f"{host}:{port}"
        self.wait("ready")

    def open(self, name, path, method="GET", headers=(), end=True):
        fields = {":method": method, ":path": path, ":authority": self.host, ":scheme": "https"} | dict(headers)
        self.tell("open", name=name, headers=fields, end=end)

    def text(self, name):
        return "".join(event["text"] for event in self.all("data", data=name))
