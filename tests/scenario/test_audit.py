"""The audit log: one entry on every exit, a chain that shows every edit. Segments: header 256 bytes, then entries
(length 4, body, SHA-256 of the chain 32, zeros to a multiple of 8), as storage/AUDIT_FORMAT.md has it."""
import hashlib
import json
import re
import shutil
import struct

from registry import absent, contains, equal, expect, test
from wait import until
from web_client import HTML
from wire import request_bytes
from world import bearer, datasource, host, signed_in, standing, upstream, world


def about(gateway, mark):
    """The audit entries that mention `mark`, as JSON texts."""
    return [event for event in gateway.audit() if mark in json.dumps(event)]


def one_about(gateway, mark):
    return until(lambda: (found := about(gateway, mark)) and len(found) == 1 and found[0], f"one audit entry about {mark}")


@test
def every_exit_leaves_one_entry(t):
    gateway, echo, crm = standing(t)
    ann, vic = bearer(gateway.token("ann")), bearer(gateway.token("vic"))
    gateway.ask(crm, target="/mark-allowed", headers=ann)
    gateway.ask(crm, target="/mark-denied", headers=vic)
    gateway.ask(crm, target="/mark-nobody")
    gateway.ask(crm, target="/mark-page", headers=[("Accept", HTML)])
    gateway.ask(crm, target="/mark-token", headers=bearer("spt_" + "A" * 43))
    gateway.ask(host("nothing"), target="/mark-host", headers=ann)
    gateway.ask(crm, "POST", "/mark-origin", signed_in(gateway, "ann", crm).headers(crm), b"x")
    gateway.ask(crm, target="/reset/mark-reset", headers=ann)
    wanted = {"/mark-allowed": (200, "ann"), "/mark-denied": (403, "vic"), "/mark-nobody": (401, ""), "/mark-page": (302, ""),
              "/mark-token": (401, ""), "/mark-host": (404, ""), "/mark-origin": (403, "ann"), "/reset/mark-reset": (502, "ann")}
    for path, (status, user) in wanted.items():
        event = one_about(gateway, path)
        equal(event.get("status"), status, f"status in the entry of {path}")
        expect(not user or user in json.dumps(event), f"the user in the entry of {path}: {event}")
        contains(json.dumps(event), "127.0.0.1", f"the client's address in the entry of {path}")
    event = one_about(gateway, "/mark-allowed")
    contains(json.dumps(event), "crm", "the resource")
    contains(json.dumps(event), "GET", "the method")
    for key in ("latency", "bytes", "reason"):
        expect(any(key in name for name in event), f"an entry tells {key}: {sorted(event)}")


@test
def a_refused_head_is_recorded_too(t):
    gateway, _, crm = standing(t)
    before = len(gateway.audit())
    with gateway.wire(crm) as connection:
        connection.send(f"GET / HTTP/1.1\r\nHost: {crm}\r\nHost: {crm}\r\n\r\n")
        equal(connection.response().status, 400, "status")
    until(lambda: len(gateway.audit()) > before, "an audit entry of a refused head")


@test
def a_cancelled_request_is_recorded(t):
    gateway, echo, crm = standing(t)
    with gateway.wire(crm) as connection:
        connection.send(request_bytes("GET", "/silent/mark-cancel", f"{crm}:{gateway.port}", bearer(gateway.token("ann"))))
        echo.wait_for(1)
    event = one_about(gateway, "mark-cancel")
    contains(json.dumps(event), "cancel", "the outcome")


@test
def administration_and_sign_ins_are_recorded(t):
    gateway, echo, _ = standing(t)
    signed_in(gateway, "ann")
    gateway.ask("gate.localhost", "POST", "/.sallyport/login", [("Content-Type", "application/json"), ("X-Sallyport-Request", "1")],
                b'{"user": "mel", "password": "wrong-password-1"}')
    gateway.must("user", "suspend", "vic")
    gateway.apply(datasource("mark-new", echo))
    gateway.must("delete", "datasource", "mark-new")
    gateway.token("ann", name="mark-token")
    text = json.dumps(gateway.audit())
    for word in ("mark-new", "vic", "session", "sign", "mark-token"):
        contains(text, word, "the audit list")
    absent(text, "wrong-password-1", "the audit list")
    equal(gateway.must("audit", "verify").split()[0], "ok", "audit verify while running")


@test
def queries_bodies_and_headers_are_not_recorded(t):
    gateway, _, crm = standing(t)
    gateway.ask(crm, "POST", "/mark-x?query=mark-query", bearer(gateway.token("ann")) + [("X-A", "mark-header")], b"mark-body")
    text = json.dumps(one_about(gateway, "/mark-x"))
    for word in ("mark-query", "mark-header", "mark-body"):
        absent(text, word, "the entry")


@test
def verify_counts_and_grows(t):
    gateway, _, crm = standing(t)
    token = bearer(gateway.token("ann"))

    def counted():
        out = gateway.must("audit", "verify").strip()
        found = re.fullmatch(r"ok (\d+)", out)
        expect(found, f"audit verify prints {out!r}")
        return int(found.group(1))

    first = counted()
    for _ in range(10):
        gateway.ask(crm, headers=token)
    until(lambda: counted() >= first + 10, "ten more entries")
    gateway.stop()
    stopped = counted()
    gateway.start()
    gateway.ask(crm, headers=token)
    until(lambda: counted() > stopped, "the chain to go on after a restart")


@test
def paths_and_names_are_quoted_safely(t):
    gateway, _, crm = standing(t)
    gateway.ask(crm, target='/mark-"%0a%3cscript%3e', headers=bearer(gateway.token("ann"))[:0] + [("User-Agent", "x\"y")])
    table = gateway.must("audit", "list")
    absent(table, "\x1b", "the list")
    gateway.ask(crm, target="/mark-long/" + "a" * 5000, headers=bearer(gateway.token("ann")))
    equal(gateway.must("audit", "verify").split()[0], "ok", "audit verify")
    json.loads(json.dumps(gateway.audit()))


# --- tampering with a stopped log

HEADER = 256


def folder(gateway):
    places = [path for path in gateway.dir.iterdir() if path.is_dir() and path.name.startswith("audit")]
    equal(len(places), 1, "audit folders")
    return places[0]


def segments(place):
    found = sorted(path for path in place.iterdir() if path.is_file() and path.stat().st_size > HEADER and re.search(r"\d", path.name))
    expect(found, f"segments in {[p.name for p in place.iterdir()]}")
    return found


def entries(data):
    """[(offset, length, whole size)] of a segment."""
    found, at = [], HEADER
    while at + 4 <= len(data):
        (length,) = struct.unpack_from("<I", data, at)
        if not length:
            break
        size = (4 + length + 32 + 7) // 8 * 8
        found.append((at, length, size))
        at += size
    return found


def rechained(data):
    """The bytes with every chain hash computed anew: what an editor who knows the format would do."""
    data = bytearray(data)
    previous = None
    original = entries(bytes(data))
    for at, length, _ in original:
        if previous is not None:
            data[at + 4 + length:at + 36 + length] = hashlib.sha256(previous + bytes(data[at:at + 4 + length])).digest()
        previous = bytes(data[at + 4 + length:at + 36 + length])
    return bytes(data)


def logged(t, **config):
    """A stopped gateway with 40 entries /mark-00 ... /mark-39 and its first segment's path."""
    gateway, _, crm = standing(t, **config)
    token = bearer(gateway.token("ann"))
    with gateway.wire(crm) as connection:
        for number in range(40):
            connection.send(request_bytes("GET", f"/mark-{number:02}", f"{crm}:{gateway.port}", token))
            connection.response()
    gateway.stop()
    equal(gateway.must("audit", "verify").split()[0], "ok", "audit verify before")
    return gateway, segments(folder(gateway))[0]


def verdict(gateway):
    done = gateway.run("audit", "verify")
    return done.code, done.out.strip()


@test
def edits_of_segments_are_found(t):
    gateway, segment = logged(t)
    good = segment.read_bytes()
    rows = entries(good)
    spot = next(index for index, (at, length, _) in enumerate(rows) if b"/mark-20" in good[at:at + length])
    at, length, size = rows[spot]
    next_at, _, next_size = rows[spot + 1]
    end = rows[-1][0] + rows[-1][2]
    text = good.index(b"/mark-20")
    pad = good[end:]

    def replaced(start, stop, data):
        whole = good[:start] + data + good[stop:]
        return (whole + bytes(len(good)))[:len(good)]

    table = {
        "a byte of the path": replaced(text + 7, text + 8, b"9"),
        "a byte of the path, chain hashes computed anew": rechained(replaced(text + 7, text + 8, b"9")),
        "a byte of the length": replaced(at, at + 1, bytes([good[at] ^ 8])),
        "a byte of the chain hash": replaced(at + 4 + length, at + 5 + length, bytes([good[at + 4 + length] ^ 1])),
        "an entry deleted": good[:at] + good[at + size:end] + bytes(size) + pad,
        "an entry deleted, chain hashes computed anew": rechained(good[:at] + good[at + size:end] + bytes(size) + pad),
        "two entries swapped": good[:at] + good[next_at:next_at + next_size] + good[at:at + size] + good[next_at + next_size:],
        "an entry doubled": (good[:at + size] + good[at:end] + pad)[:len(good)],
        "an entry blanked": replaced(at, at + size, bytes(size)),
        "the first entry blanked": replaced(rows[0][0], rows[0][0] + rows[0][2], bytes(rows[0][2])),
        "the header": replaced(40, 41, bytes([good[40] ^ 1])),
        "the whole header": bytes(HEADER) + good[HEADER:],
        "the file emptied": b"",
        "the file cut to its header": good[:HEADER],
        "every byte zero": bytes(len(good)),
    }
    wrong = []
    for name, data in table.items():
        segment.write_bytes(data)
        code, out = verdict(gateway)
        found = re.fullmatch(r"broken (\d+): .+", out)
        if code != 1 or not found:
            wrong.append(f"{name}: exit {code}, {out!r}")
    segment.write_bytes(good)
    equal(verdict(gateway)[0], 0, "exit code with the true bytes back")
    equal(wrong, [], "what audit verify did not find")


@test
def a_byte_anywhere_in_the_entries_is_found(t):
    gateway, segment = logged(t)
    good = segment.read_bytes()
    rows = entries(good)
    wrong = []
    for at, length, _ in rows[::4]:
        for offset in (0, 4, 8, 4 + length // 2, 4 + length - 1, 4 + length, 35 + length):
            data = bytearray(good)
            data[at + offset] ^= 0x10
            segment.write_bytes(bytes(data))
            code, out = verdict(gateway)
            if code != 1 or not out.startswith("broken "):
                wrong.append(f"offset {offset} of the entry at {at}: {code} {out!r}")
    equal(wrong, [], "what audit verify did not find")


@test
def a_cut_end_is_found_by_the_anchor(t):
    gateway, segment = logged(t, audit={"dir": "audit", "anchor": "anchor.log"})
    expect((gateway.dir / "anchor.log").stat().st_size > 0, "checkpoints in the anchor file")
    good = segment.read_bytes()
    rows = entries(good)
    for keep in (len(rows) - 1, len(rows) // 2, 1):
        at = rows[keep][0]
        segment.write_bytes(good[:at] + bytes(len(good) - at))
        code, out = verdict(gateway)
        expect(code == 1 and out.startswith("broken "), f"cut after {keep} of {len(rows)} entries: {code} {out!r}")
    for path in segments(folder(gateway)):
        path.unlink()
    code, out = verdict(gateway)
    expect(code == 1 and out.startswith("broken "), f"every segment gone: {code} {out!r}")


@test
def a_middle_cut_is_found_without_an_anchor(t):
    gateway, segment = logged(t)
    good = segment.read_bytes()
    rows = entries(good)
    at = rows[len(rows) // 2][0]
    segment.write_bytes(good[:at] + bytes(len(good) - at))
    code, out = verdict(gateway)
    expect(code == 1 and out.startswith("broken "), f"cut in the middle: {code} {out!r}")


@test
def edits_of_administrative_events_are_found(t):
    gateway, _ = logged(t)
    base = gateway.dir / "sallyport.db"
    for path in gateway.dir.glob("sallyport.db-*"):
        path.unlink()  # stopped and checkpointed: nothing of value is in them
    good = t.dir / "good.db"
    shutil.copy(base, good)
    with gateway.store() as store:
        top = store.execute("SELECT max(seq) FROM admin_events").fetchone()[0]
        columns = [row[1] for row in store.execute("PRAGMA table_info(admin_events)")]
    expect(top >= 5, f"{top} administrative events")
    middle = top // 2
    edits = {f"column {name}": f"UPDATE admin_events SET {name} = {name} || 'x' WHERE seq = {middle}"
             for name in columns if name in ("action", "actor", "object", "client", "detail")}
    edits |= {
        "time": f"UPDATE admin_events SET at = at + 1 WHERE seq = {middle}",
        "hash": f"UPDATE admin_events SET hash = zeroblob(32) WHERE seq = {middle}",
        "deleted in the middle": f"DELETE FROM admin_events WHERE seq = {middle}",
        "deleted first": "DELETE FROM admin_events WHERE seq = (SELECT min(seq) FROM admin_events)",
        "deleted last": f"DELETE FROM admin_events WHERE seq = {top}",
        "all deleted": "DELETE FROM admin_events",
        "swapped": f"UPDATE admin_events SET seq = CASE seq WHEN {middle} THEN -1 ELSE {middle} END WHERE seq IN ({middle}, {middle + 1}) "
                   f"AND seq = {middle}",
    }
    wrong = []
    for name, statement in edits.items():
        shutil.copy(good, base)
        with gateway.store() as store:
            if name == "swapped":
                store.execute(f"UPDATE admin_events SET seq = -1 WHERE seq = {middle}")
                store.execute(f"UPDATE admin_events SET seq = {middle} WHERE seq = {middle + 1}")
                store.execute(f"UPDATE admin_events SET seq = {middle + 1} WHERE seq = -1")
            else:
                store.execute(statement)
        code, out = verdict(gateway)
        if code != 1 or not out.startswith("broken "):
            wrong.append(f"{name}: {code} {out!r}")
        for path in gateway.dir.glob("sallyport.db-*"):
            path.unlink()
    equal(wrong, [], "what audit verify did not find")
    shutil.copy(good, base)
    equal(verdict(gateway)[0], 0, "exit code with the true rows back")


@test
def a_durable_log_holds_begin_and_end(t):
    gateway, echo, crm = standing(t, audit={"dir": "audit", "mode": "durable"})
    token = bearer(gateway.token("ann"))
    with gateway.wire(crm) as connection:
        connection.send(request_bytes("GET", "/delay/mark-durable", f"{crm}:{gateway.port}", token))
        echo.wait_for(1)
        begun = about(gateway, "mark-durable")
        equal(len(begun), 1, "entries when the request has reached the upstream")
        gateway.kill()
    gateway.start()
    equal(len(about(gateway, "mark-durable")), 1, "entries after kill -9")
    gateway.ask(crm, target="/mark-second", headers=token)
    until(lambda: len(about(gateway, "mark-second")) == 2, "begin and end of a whole request")
    equal(gateway.must("audit", "verify").split()[0], "ok", "audit verify")


@test
def an_edited_log_is_not_silently_continued(t):
    gateway, segment = logged(t)
    data = bytearray(segment.read_bytes())
    data[data.index(b"/mark-20") + 7] ^= 1
    segment.write_bytes(bytes(data))
    gateway.start(wait=False)
    try:
        ready = gateway.event("ready", 20)
    finally:
        gateway.kill()
    code, out = verdict(gateway)
    expect(code == 1 and out.startswith("broken "), f"after a start ({'ready' if ready else 'refused'}): {code} {out!r}")


@test
def other_peoples_requests_go_on_beside_a_reader(t):
    echo = upstream(t, None)
    gateway = world(t, datasource("crm", echo))
    token = bearer(gateway.token("ann"))
    for _ in range(5):
        gateway.ask(host("crm"), headers=token)
        equal(gateway.must("audit", "verify").split()[0], "ok", "audit verify beside traffic")
