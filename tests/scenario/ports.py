"""Free TCP ports on 127.0.0.1, below the range the kernel hands out, never the same one twice in a run."""
import fcntl
import os
import socket
from pathlib import Path

FIRST, LAST = 11000, 31000


def _free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def take(count=1, offset=None):
    """`count` ports in a row; with `offset`, PORT + offset is free too (init puts its admin listener there)."""
    path = Path(os.environ["SCENARIO_BASE"]) / "ports"
    with open(path, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        at = int(file.read() or FIRST + os.getpid() % 8000)
        while True:
            if at + count + (offset or 0) > LAST:
                at = FIRST
            wanted = list(range(at, at + count)) + ([at + offset] if offset else [])
            if all(_free(port) for port in wanted):
                break
            at += 1
        file.seek(0)
        file.truncate()
        file.write(str(at + count))
    return at
