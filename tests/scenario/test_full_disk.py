"""A full disk: requests are refused with 503, nothing is half-written, and service comes back with the space."""
import json
import subprocess

from registry import Skipped, absent, contains, equal, expect, one_of, test
from wait import until
from web_client import PASSWORD
from wire import Closed, request_bytes
from world import bearer, datasource, host, keyed, signed_in, upstream, world

SIZE_MIB = 96
SMALL_SEGMENTS = {"dir": "audit", "segment": "1MiB"}  # so that filling one takes seconds


def small_disk(t):
    place = t.dir / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m,mode=700", "tmpfs", str(place)], capture_output=True, text=True)
    if done.returncode:
        raise Skipped(f"mounting a small tmpfs is not permitted here: {done.stderr.strip()}")
    t.defer(lambda: subprocess.run(["umount", "-l", str(place)], capture_output=True))
    return place


def fill(place):
    """Takes the last byte of the disk; returns the path to delete."""
    path = place / "filler"
    with open(path, "wb", buffering=0) as file:
        for block in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(bytes(block))
            except OSError:
                pass
    return path


def statuses(gateway, crm, token, path, most, until_status=None):
    """Requests in batches on one connection; the statuses until `until_status` shows."""
    found = []
    while len(found) < most:
        try:
            with gateway.wire(crm) as connection:
                while len(found) < most:
                    batch = b"".join(request_bytes("GET", f"{path}-{len(found) + n}x", f"{crm}:{gateway.port}", token) for n in range(100))
                    connection.send(batch)
                    for _ in range(100):
                        response = connection.response()
                        found.append(response.status)
                        if response.status == until_status:
                            return found, response
                        if response.get("connection").lower() == "close":
                            break
        except (Closed, OSError):
            continue
    return found, None


@test(limit=240)
def requests_are_refused_and_service_comes_back(t):
    place = small_disk(t)
    echo = upstream(t)
    gateway = world(t, keyed("crm", echo), folder=place / "state", audit=SMALL_SEGMENTS)
    crm, token = host("crm"), bearer(gateway.token("ann"))
    browser = signed_in(gateway, "mel", crm)
    before = gateway.must("get", "datasource", "-o", "json")
    filler = fill(place)
    found, refused = statuses(gateway, crm, token, "/filling", 400_000, 503)
    expect(refused is not None, f"no 503 in {len(found)} requests on a full disk: {sorted(set(found))}")
    expect(set(found) == {200, 503}, f"statuses on the way: {sorted(set(found))}")
    expect(int(refused.get("retry-after") or 0) > 0, "Retry-After of the 503")
    reached = len(echo.requests)
    equal(gateway.ask(crm, target="/refused-on-full-disk", headers=token).status, 503, "the next request")
    equal(gateway.ask(crm, target="/refused-on-full-disk", headers=browser.headers(crm)).status, 503, "with a cookie too")
    equal(len(echo.requests), reached, "requests that reached the upstream unrecorded")
    done = gateway.run("apply", "-f", gateway.resources([datasource("on-full-disk", echo)]))
    body = json.dumps({"user": "vic", "password": PASSWORD}).encode()
    sign_in = gateway.ask("gate.localhost", "POST", "/.sallyport/login", [("Content-Type", "application/json"), ("X-Sallyport-Request", "1")], body)
    one_of(sign_in.status, (503, 500, 200), "a sign-in on a full disk")
    equal(gateway.process.poll(), None, "exit code of the gateway")
    one_of(gateway.admin("/live").status, (200,), "alive")
    filler.unlink()

    def again():
        return gateway.ask(crm, target="/again", headers=token).status == 200

    until(again, "service after space was freed", 30)
    equal(gateway.ask(crm, headers=browser.headers(crm)).status, 200, "the session from before")
    there = {entry["name"] for entry in json.loads(gateway.must("get", "datasource", "-o", "json"))}
    equal("on-full-disk" in there, done.code == 0, "an apply that said no left nothing, one that said yes is there")
    if done.code != 0:
        equal(gateway.must("get", "datasource", "-o", "json"), before, "the resources after a refused apply")
    verified = gateway.run("audit", "verify")
    equal((verified.code, verified.out.split()[0]), (0, "ok"), f"audit verify ({verified.out}{verified.err})")
    gateway.stop()
    gateway.start()
    equal(gateway.ask(crm, headers=token).status, 200, "after a restart")
    text = json.dumps(gateway.audit())
    answered = [number for number, status in enumerate(found) if status == 200]
    missing = [n for n in answered[-300:] if f"/filling-{n}x" not in text]
    equal(missing, [], "audit entries of answered requests that are missing")


@test(limit=120)
def commands_on_a_full_disk_change_nothing(t):
    place = small_disk(t)
    echo = upstream(t)
    gateway = world(t, keyed("crm", echo), folder=place / "state", audit=SMALL_SEGMENTS, start=False)
    before = gateway.must("get", "datasource", "-o", "json")
    filler = fill(place)
    big = [keyed(f"big{n}", echo, secrets={"token": "x" * 4000}) for n in range(50)]
    done = gateway.run("apply", "-f", gateway.resources(big))
    equal(done.code, 1, f"exit code of an apply without room ({done.out})")
    expect(done.err.strip(), "a message")
    absent(done.err, "x" * 20, "the message")
    filler.unlink()
    equal(gateway.must("get", "datasource", "-o", "json"), before, "the resources")
    gateway.apply(*big)
    equal(gateway.must("audit", "verify").split()[0], "ok", "audit verify")


@test(limit=120)
def a_start_on_a_full_disk_says_why(t):
    place = small_disk(t)
    echo = upstream(t)
    gateway = world(t, keyed("crm", echo), folder=place / "state", audit=SMALL_SEGMENTS, start=False)
    filler = fill(place)
    gateway.start(wait=False)
    if not gateway.event("ready", 20):
        equal(gateway.wait(), 1, "exit code")
        contains(gateway.log().lower(), "disk", "the message")
    else:
        equal(gateway.ask(host("crm"), headers=bearer("spt_" + "A" * 43)).status in (401, 503), True, "status")
        gateway.kill()
    filler.unlink()
    gateway.start()
    equal(gateway.ask(host("crm"), headers=bearer(gateway.token("ann"))).status, 200, "with room")


@test
def a_start_without_room_says_how_much_it_takes(t):
    place = small_disk(t)
    gateway = world(t, start=False, audit={"dir": f"{place}/audit"})
    (place / "filler").write_bytes(bytes(90 << 20))
    contains(gateway.refused_start(), "no room for the audit log: a new one takes 48 MiB", "the message")
    (place / "filler").unlink()
    gateway.start()
