"""What testssl.sh says of a gateway as `sallyport init` makes it (D1): nothing above LOW in its sections on protocols, ciphers
and vulnerabilities."""
import json
import os
import shutil
import subprocess

from gateway import GATE, Gateway
from registry import PATIENCE, Skipped, equal, expect, test

# Not --server-defaults: it would judge the certificate of the development CA.
SECTIONS = ("--protocols", "--std", "--server-preference", "--fs", "--headers", "--vulnerable")
FINE = ("OK", "INFO", "LOW", "DEBUG")
SEEN = {  # proof that the sections were run: what must be among the findings, and what it says
    "SSLv3": "not offered", "TLS1": "not offered", "TLS1_1": "not offered", "TLS1_2": "offered", "TLS1_3": "offered",
    "heartbleed": "not vulnerable", "ROBOT": "not vulnerable", "secure_client_renego": "not vulnerable",
    "CRIME_TLS": "not vulnerable", "POODLE_SSL": "not vulnerable", "SWEET32": "not vulnerable", "BEAST": "not vulnerable",
    "LUCKY13": "not vulnerable", "RC4": "not vulnerable", "PFS": "offered", "BREACH": "no HTTP compression", "CCS": "not vulnerable", "LOGJAM": "not vulnerable"}


def judged(t, target, folder):
    """(severity, id, finding) of everything that testssl.sh found."""
    if not shutil.which("testssl"):
        raise Skipped("testssl.sh is not installed")
    out = folder / "testssl.json"
    done = subprocess.run(["testssl", "--quiet", "--color", "0", "--warnings", "batch", "--nodns", "none", "--ip", "127.0.0.1",
                           *SECTIONS, "--jsonfile", out, target], capture_output=True, text=True, cwd=folder,
                          stdin=subprocess.DEVNULL, timeout=500 * PATIENCE, env=os.environ | {"TERM": "dumb"})
    expect(out.exists(), f"testssl.sh wrote nothing: {done.stdout[-600:]} {done.stderr[-600:]}")
    return [(each["severity"], each["id"], each["finding"]) for each in json.loads(out.read_text())]


@test(limit=600, slow=True, alone=True)
def nothing_above_low(t):
    gateway = Gateway.init(t)
    gateway.start()
    gateway.serving()
    found = judged(t, f"{GATE}:{gateway.port}", t.dir)
    equal([each for each in found if each[0] not in FINE], [], "findings above LOW")
    said = {name: finding for _, name, finding in found}
    equal([(name, said.get(name)) for name, words in SEEN.items() if words not in said.get(name, "")], [],
          "findings that had to be there")
    gateway.stop()
