"""Bodies of any size in constant memory, both ways: 256 MiB here, eight times what may grow; 10 GB with --all."""
import json
import os
import threading
from pathlib import Path

from registry import equal, expect, test
from wire import request_bytes
from world import bearer, host, standing

MIB = 1 << 20
GROWTH_KIB = 32 * 1024


def amount(t):
    return 10_000_000_000 if t.long_run else 256 * MIB


def measured(gateway, what, work):
    gateway.ask(host("crm"), headers=bearer(gateway.token("ann", name=what)), target=f"/bytes/{8 * MIB}")
    Path(f"/proc/{gateway.process.pid}/clear_refs").write_text("5")  # the peak begins anew
    before = gateway.rss_kib()
    work()
    growth = gateway.rss_kib("VmHWM") - before
    if b"__asan_init" in Path(os.environ["SALLYPORT"]).read_bytes():
        return  # the sanitizer keeps what was freed: its memory says nothing
    expect(growth < GROWTH_KIB, f"{what}: peak memory grew by {growth} KiB")


@test(limit=1200, alone=True)
def a_large_download_in_constant_memory(t):
    gateway, _, crm = standing(t)
    token, size = bearer(gateway.token("ann")), amount(t)

    def work():
        with gateway.wire(crm, seconds=60) as connection:
            connection.send(request_bytes("GET", f"/bytes/{size}", f"{crm}:{gateway.port}", token))
            response = connection.head()
            equal(response.all("content-length"), [str(size)], "Content-Length")
            pattern, at = bytes(range(256)) * (2 * MIB // 256), 0
            for piece in connection.pieces(size):
                start = at % 256
                if piece != pattern[start:start + len(piece)]:
                    raise AssertionError(f"wrong bytes near {at}")
                at += len(piece)

    measured(gateway, "download", work)


@test(limit=1200, alone=True)
def a_large_upload_in_constant_memory(t):
    gateway, echo, crm = standing(t)
    token, size = bearer(gateway.token("ann")), amount(t)

    def work():
        with gateway.wire(crm, seconds=60) as connection:
            connection.send(request_bytes("POST", "/sink", f"{crm}:{gateway.port}", token + [("Content-Length", str(size))]))
            block, left = bytes(range(256)) * (MIB // 256), size
            while left:
                connection.send(block if left >= MIB else block[:left])
                left -= min(left, MIB)
            equal(json.loads(connection.response().body)["length"], size, "bytes that arrived")

    measured(gateway, "upload", work)


@test(limit=1200, alone=True)
def large_chunked_bodies_both_ways_at_once(t):
    gateway, echo, crm = standing(t)
    token, size = bearer(gateway.token("ann")), amount(t) // 4
    faults = []

    def up():
        try:
            with gateway.wire(crm, seconds=60) as connection:
                connection.send(request_bytes("POST", "/sink", f"{crm}:{gateway.port}", token + [("Transfer-Encoding", "chunked")]))
                block = b"%x\r\n%s\r\n" % (MIB, bytes(MIB))
                for _ in range(size // MIB):
                    connection.send(block)
                connection.send(b"0\r\n\r\n")
                equal(json.loads(connection.response().body)["length"], size // MIB * MIB, "bytes that arrived")
        except BaseException as fault:
            faults.append(fault)

    def down():
        try:
            with gateway.wire(crm, seconds=60) as connection:
                connection.send(request_bytes("GET", f"/bytes/{size}", f"{crm}:{gateway.port}", token))
                connection.head()
                equal(sum(len(piece) for piece in connection.pieces(size)), size, "bytes that arrived")
        except BaseException as fault:
            faults.append(fault)

    def work():
        threads = [threading.Thread(target=side) for side in (up, down)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if faults:
            raise faults[0]

    measured(gateway, "both", work)
