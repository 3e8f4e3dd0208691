"""npm samlp as a SAML identity provider: it encrypts assertions with AES-GCM, which SimpleSAMLphp cannot."""
import ctypes
import json
import os
import shutil
import signal
import subprocess
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent / "samlp"
GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
CBC = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
_libc = ctypes.CDLL(None)


def missing():
    """Why this machine cannot start it, or None."""
    if not (HERE / "node_modules/samlp").is_dir():
        return "`npm ci` was not run in tests/testbed/samlp"
    return None if shutil.which("node") else "no node"


class Samlp:
    """folder: made here; port: free; signing: the stem of a .key and a .crt; people: {name: (password, mail, [group])}."""

    def __init__(self, folder, port, signing, people):
        self.dir, self.port = Path(folder), port
        self.dir.mkdir(parents=True)
        self.origin = f"http://127.0.0.1:{port}"
        self.entity_id, self.metadata_url = f"{self.origin}/idp", f"{self.origin}/metadata"
        for end in ("key", "crt"):
            shutil.copy(f"{signing}.{end}", self.dir / f"idp.{end}")
        self._write("people.json", {name: {"password": password, "mail": mail, "groups": groups}
                                    for name, (password, mail, groups) in people.items()})
        self.log_path = self.dir / "log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [shutil.which("node"), HERE / "provider.mjs", self.dir, str(port)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={"PATH": os.environ["PATH"], "HOME": str(self.dir)},
                preexec_fn=lambda: _libc.prctl(1, signal.SIGKILL))  # PR_SET_PDEATHSIG: it does not outlive its test

    def _write(self, name, value):
        (self.dir / f"{name}.new").write_text(json.dumps(value))
        (self.dir / f"{name}.new").rename(self.dir / name)

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"samlp ended with {self.process.returncode}: {self.log_path.read_text(errors='replace')[-800:]}")
        try:
            return "EntityDescriptor" in self.metadata()
        except OSError:
            return False

    def metadata(self):
        with urllib.request.urlopen(self.metadata_url, timeout=10) as answer:
            return answer.read().decode()

    def trust(self, consumer, audience, certificate, encryption=GCM, response=True, assertion=False):
        """The one service provider. certificate: PEM, that assertions are encrypted for; encryption "": none.
        response, assertion: what is signed."""
        self._write("sp.json", {"consumer": consumer, "audience": audience, "certificate": certificate, "encryption": encryption,
                                "response": response, "assertion": assertion})

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
