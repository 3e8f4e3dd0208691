"""Programs of tests/testbed that are written in C++, for what Python would be too slow for: built once in a run."""
import fcntl
import json
import os
import resource
import subprocess
from pathlib import Path

from registry import PATIENCE, Failed, Skipped

TESTBED = Path(__file__).resolve().parent.parent / "testbed"


def descriptors(wanted):
    """Skipped, unless a process on this machine may have `wanted` descriptors (RLIMIT_NOFILE, the hard limit)."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        raise Skipped(f"needs {wanted} descriptors in one process, RLIMIT_NOFILE allows {allowed}")


def built(name):
    """The path of the program made of testbed/NAME.cc and what is beside it as NAME_*.cc."""
    program = Path(os.environ["SCENARIO_BASE"]) / name
    with open(f"{program}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            done = subprocess.run(["clang++-19", "-std=c++23", "-O2", "-Wall", "-Wextra", "-Werror", TESTBED / f"{name}.cc",
                                   *sorted(TESTBED.glob(f"{name}_*.cc")), "-o", program, "-lssl", "-lcrypto", "-lnghttp2", "-lz"], capture_output=True, text=True)
            if done.returncode:
                raise Failed(f"{name} does not build: {done.stderr[:2000]}")
    return program


class Native:
    """One of them, running: lines to it, lines of JSON back."""

    def __init__(self, case, name, *arguments):
        self.process = subprocess.Popen([built(name), *map(str, arguments)], text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        case.defer(self.process.wait)
        case.defer(self.process.kill)

    def heard(self):
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"{self.process.args[0].name} ended with {self.process.wait(10 * PATIENCE)}")
        return json.loads(line)

    def told(self, line):
        self.process.stdin.write(line + "\n")
        return self.heard()

    def end(self):
        self.process.stdin.close()
        self.process.wait(30 * PATIENCE)


class TlsCrowd(Native):
    """COUNT clients; .began is what it said of how they came."""

    def __init__(self, case, gateway, where, count, headers, target="/", kind="http"):
        super().__init__(case, "tls_crowd", gateway.port, where, count, target, kind, *[f"{n}: {v}" for n, v in headers])

    def came(self):
        return self.heard()
