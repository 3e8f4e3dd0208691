"""An edited store: the record that was touched refuses, the attempt is audited, every other record works."""
import json
import shutil

from registry import absent, contains, equal, expect, test
from web_client import PASSWORD, Browser
from wait import until
from world import KEY, bearer, datasource, host, instance, keyed, upstream, world

OTHER = "sk-other-5Jd81kPq"


class Bench:
    """A stopped world with `crm` (two secrets) and `erp`, and its store, which can be put back."""

    def __init__(self, t, *more):
        self.t, self.echo = t, upstream(t)
        self.thief = upstream(t)
        document = keyed("crm", self.echo, secrets={"token": KEY, "second": OTHER}, inject={
            "headers": {"Authorization": "Bearer {{ secrets.token }}", "X-Second": "{{ secrets.second }}"}})
        self.gateway = world(t, document, keyed("erp", self.echo, secrets={"token": "sk-erp-" + KEY}), *more, start=False)
        self.token = self.gateway.token("ann")
        self.base, self.good = self.gateway.dir / "sallyport.db", t.dir / "good.db"
        self.checkpoint()
        shutil.copy(self.base, self.good)

    def checkpoint(self):
        with self.gateway.store() as store:
            store.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def restore(self):
        self.gateway.kill()
        for path in self.gateway.dir.glob("sallyport.db*"):
            path.unlink()
        shutil.copy(self.good, self.base)

    def edit(self, statements):
        with self.gateway.store() as store:
            store.execute("PRAGMA foreign_keys = OFF")
            for statement in statements:
                if callable(statement):
                    statement(store)
                else:
                    store.execute(statement)

    def status(self, name):
        return self.gateway.ask(host(name), target=f"/mark-{name}", headers=bearer(self.token)).status

    def seen(self):
        return b"".join(request.head for request in self.echo.requests + self.thief.requests)


ID = "(SELECT id FROM resources WHERE kind = 'datasource' AND name = '{}')"
CRM, ERP = ID.format("crm"), ID.format("erp")
FREE = ["DROP TRIGGER IF EXISTS epochs_rise", "DROP TRIGGER IF EXISTS epochs_stay"]


def flip(table, column, where, position):
    """Flips one bit of a blob; position: byte index, negative from the end."""
    def change(store):
        rows = store.execute(f"SELECT rowid, {column} FROM {table} WHERE {where}" if table not in ("secrets", "epochs") else
                             f"SELECT resource, field, {column} FROM secrets WHERE {where}" if table == "secrets" else
                             f"SELECT record, field, {column} FROM epochs WHERE {where}").fetchall()
        expect(rows, f"nothing to flip in {table} where {where}")
        for row in rows:
            data = bytearray(row[-1])
            data[position] ^= 1
            if table == "secrets":
                store.execute(f"UPDATE secrets SET {column} = ? WHERE resource = ? AND field = ?", (bytes(data), row[0], row[1]))
            elif table == "epochs":
                store.execute(f"UPDATE epochs SET {column} = ? WHERE record = ? AND field = ?", (bytes(data), row[0], row[1]))
            else:
                store.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (bytes(data), row[0]))
    return change


def respec(name, old, new):
    """Replaces text in the JSON of a resource."""
    def change(store):
        (spec,) = store.execute("SELECT spec FROM resources WHERE name = ?", (name,)).fetchone()
        expect(old in spec, f"{old!r} is not in the stored {spec}")
        store.execute("UPDATE resources SET spec = ? WHERE name = ?", (spec.replace(old, new), name))
    return change


PLACELESS = ("JSON cut", "JSON emptied", "spec and MAC of another")  # nobody can know any more which host the row was for


def edits(bench):
    echo_port, thief_port = str(bench.echo.port), str(bench.thief.port)
    token = f"resource = {CRM} AND field LIKE '%token'"
    return {
        "version byte": [flip("secrets", "sealed", token, 0)],
        "key id": [flip("secrets", "sealed", token, 4)],
        "IV": [flip("secrets", "sealed", token, 10)],
        "ciphertext": [flip("secrets", "sealed", token, 20)],
        "tag": [flip("secrets", "sealed", token, -1)],
        "cut by one byte": [f"UPDATE secrets SET sealed = substr(sealed, 1, length(sealed) - 1) WHERE {token}"],
        "cut to its head": [f"UPDATE secrets SET sealed = substr(sealed, 1, 17) WHERE {token}"],
        "one byte more": [f"UPDATE secrets SET sealed = CAST(sealed || x'00' AS BLOB) WHERE {token}"],
        "emptied": [f"UPDATE secrets SET sealed = x'' WHERE {token}"],
        "deleted": [f"DELETE FROM secrets WHERE {token}"],
        "value of another resource": [f"UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE resource = {ERP} AND field LIKE '%token') WHERE {token}"],
        "value of another field": [f"UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE resource = {CRM} AND field LIKE '%second') WHERE {token}"],
        "an unknown field more": [f"INSERT INTO secrets SELECT resource, 'secrets.third', sealed FROM secrets WHERE {token}"],
        "url": [respec("crm", echo_port, thief_port)],
        "name in the URL": [respec("crm", "127.0.0.1", "127.0.0.2")],
        "injected header": [respec("crm", "X-Second", "X-Other")],
        "team": [respec("crm", '"plant"', '"lab"')],
        "server name": [respec("crm", "api.example.test", "evil.example.test")],
        "outbound list": [respec("crm", "127.0.0.0/8", "0.0.0.0/0")],
        "a space in the JSON": [respec("crm", "{", "{ ")],
        "JSON cut": [f"UPDATE resources SET spec = substr(spec, 1, 40) WHERE id = {CRM}"],
        "JSON emptied": [f"UPDATE resources SET spec = '' WHERE id = {CRM}"],
        "row MAC": [flip("resources", "mac", f"id = {CRM}", 3)],
        "row MAC emptied": [f"UPDATE resources SET mac = x'' WHERE id = {CRM}"],
        "row MAC of another": [f"UPDATE resources SET mac = (SELECT mac FROM resources WHERE id = {ERP}) WHERE id = {CRM}"],
        "spec and MAC of another": [f"UPDATE resources SET spec = (SELECT spec FROM resources WHERE id = {ERP}), "
                                    f"mac = (SELECT mac FROM resources WHERE id = {ERP}) WHERE id = {CRM}"],
        "epoch raised": [f"UPDATE epochs SET epoch = epoch + 1 WHERE record = {CRM}"],
        "epoch lowered": FREE + [f"UPDATE epochs SET epoch = 0 + 1, record = record WHERE record = {CRM} AND epoch > 1",
                                 flip("epochs", "mac", f"record = {CRM}", 0)],
        "epoch MAC": FREE + [flip("epochs", "mac", f"record = {CRM}", 5)],
        "epoch deleted": FREE + [f"DELETE FROM epochs WHERE record = {CRM}"],
        "epoch of another": FREE + [f"UPDATE epochs SET mac = (SELECT mac FROM epochs e WHERE e.record = {ERP} AND e.field = epochs.field) "
                                    f"WHERE record = {CRM} AND field IN (SELECT field FROM epochs WHERE record = {ERP})"],
    }


@test(limit=240)
def every_edit_of_a_sealed_row_stops_that_resource_alone(t):
    bench = Bench(t)
    bench.gateway.start()
    equal((bench.status("crm"), bench.status("erp")), (200, 200), "untouched")
    equal(bench.echo.requests[0].all("authorization"), [f"Bearer {KEY}"], "the key when untouched")
    wrong = []
    for name, statements in edits(bench).items():
        bench.restore()
        bench.edit(statements)
        bench.echo.requests.clear()
        bench.thief.requests.clear()
        bench.gateway.start(wait=False)
        if not bench.gateway.event("ready", 30):
            wrong.append(f"{name}: the gateway does not start at all")
            continue
        crm, erp = bench.status("crm"), bench.status("erp")
        if crm not in ((404, 502, 503) if name in PLACELESS else (502, 503)):
            wrong.append(f"{name}: crm answers {crm}")
        if erp != 200:
            wrong.append(f"{name}: erp answers {erp}")
        for secret in (KEY.encode() + b"\r", OTHER.encode() + b"\r"):
            if b" " + secret in bench.seen():
                wrong.append(f"{name}: a secret of crm went out")
        text = json.dumps(bench.gateway.audit()).lower()
        mentions = [e for e in bench.gateway.audit() if "crm" in json.dumps(e) and any(
            word in json.dumps(e).lower() for word in ("damage", "tamper", "seal", "integrity", "mac ", "unseal"))]
        if not mentions:
            wrong.append(f"{name}: nothing about it in the audit list ({text[-200:]})")
    bench.restore()
    bench.gateway.start()
    equal((bench.status("crm"), bench.status("erp")), (200, 200), "with the true store back")
    equal(wrong, [], "what was not refused as promised")


@test
def an_older_row_put_back_is_refused(t):
    bench = Bench(t)
    with bench.gateway.store() as store:
        old = store.execute(f"SELECT * FROM resources WHERE id = {CRM}").fetchone()
        sealed = store.execute(f"SELECT resource, field, sealed FROM secrets WHERE resource = {CRM}").fetchall()
    bench.gateway.apply(keyed("crm", bench.echo, secrets={"token": "sk-newer-" + KEY}))
    bench.checkpoint()

    def roll_back(store):
        store.execute(f"DELETE FROM secrets WHERE resource = {CRM}")
        store.execute(f"DELETE FROM resources WHERE id = {CRM}")
        store.execute(f"INSERT INTO resources VALUES ({','.join('?' * len(old))})", old)
        store.executemany("INSERT INTO secrets VALUES (?, ?, ?)", sealed)

    bench.edit([roll_back])
    bench.gateway.start()
    expect(bench.status("crm") in (502, 503), "the older row")
    equal(bench.status("erp"), 200, "the other")
    absent(bench.seen(), f"Bearer {KEY}\r".encode(), "what went out")


@test
def an_older_secret_put_back_is_refused(t):
    bench = Bench(t)
    with bench.gateway.store() as store:
        sealed = store.execute(f"SELECT sealed, resource, field FROM secrets WHERE resource = {CRM} AND field LIKE '%token'").fetchall()
    document = keyed("crm", bench.echo, secrets={"token": "sk-newer-" + KEY, "second": OTHER}, inject={
        "headers": {"Authorization": "Bearer {{ secrets.token }}", "X-Second": "{{ secrets.second }}"}})
    bench.gateway.apply(document)
    bench.checkpoint()
    bench.edit([lambda store: store.executemany("UPDATE secrets SET sealed = ? WHERE resource = ? AND field = ?", sealed)])
    bench.gateway.start()
    expect(bench.status("crm") in (502, 503), "the older secret")
    equal(bench.status("erp"), 200, "the other")


@test
def a_deleted_resource_put_back_is_refused(t):
    bench = Bench(t)
    with bench.gateway.store() as store:
        old = store.execute(f"SELECT * FROM resources WHERE id = {CRM}").fetchone()
        sealed = store.execute(f"SELECT resource, field, sealed FROM secrets WHERE resource = {CRM}").fetchall()
    bench.gateway.must("delete", "datasource", "crm")
    bench.checkpoint()

    def bring_back(store):
        store.execute(f"INSERT INTO resources VALUES ({','.join('?' * len(old))})", old)
        store.executemany("INSERT INTO secrets VALUES (?, ?, ?)", sealed)

    bench.edit([bring_back])
    bench.gateway.start()
    expect(bench.status("crm") in (404, 502, 503), "a deleted resource")
    equal(bench.status("erp"), 200, "the other")


@test
def a_cloned_row_is_refused(t):
    bench = Bench(t)

    def clone(store):
        columns = [row[1] for row in store.execute("PRAGMA table_info(resources)")]
        row = dict(zip(columns, store.execute(f"SELECT * FROM resources WHERE id = {CRM}").fetchone()))
        identity = row["id"]
        row["id"], row["name"] = bytes(16 - 1) + b"\7", "clone"
        row["spec"] = row["spec"].replace("crm.apps", "clone.apps").replace(str(bench.echo.port), str(bench.thief.port))
        store.execute(f"INSERT INTO resources ({','.join(row)}) VALUES ({','.join('?' * len(row))})", list(row.values()))
        for field, sealed in store.execute("SELECT field, sealed FROM secrets WHERE resource = ?", (identity,)).fetchall():
            store.execute("INSERT INTO secrets VALUES (?, ?, ?)", (row["id"], field, sealed))
        for field, epoch, mac in store.execute("SELECT field, epoch, mac FROM epochs WHERE record = ?", (identity,)).fetchall():
            store.execute("INSERT INTO epochs VALUES (?, ?, ?, ?)", (row["id"], field, epoch, mac))

    bench.edit([clone])
    bench.gateway.start()
    expect(bench.status("clone") in (404, 502, 503), "the clone")
    equal((bench.status("crm"), bench.status("erp")), (200, 200), "the others")
    equal(bench.thief.requests, [], "what reached the thief")


@test
def people_and_teams_are_protected_too(t):
    bench = Bench(t)
    gateway = bench.gateway
    bench.edit([respec("plant", '"viewer"', '"owner"')])
    gateway.start()
    vic = gateway.run("token", "create", "--user", "vic", "--name", "x", "--expires", "1d")
    status = gateway.ask(host("crm"), headers=bearer(vic.out.strip())).status if vic.code == 0 else 403
    expect(status != 200, "a viewer who made herself owner in the store")
    bench.restore()
    bench.edit(["UPDATE resources SET spec = replace(spec, '\"admin\":false', '\"admin\":true') WHERE kind = 'user' AND name = 'vic'",
                "UPDATE resources SET spec = replace(spec, 'vic@', 'vic2@') WHERE kind = 'user' AND name = 'vic'"])
    gateway.start()
    try:
        Browser(gateway).sign_in("vic")
    except AssertionError:
        pass
    else:
        expect(False, "a user whose row was edited signed in")
    Browser(gateway).sign_in("ann", PASSWORD)
    contains(json.dumps(gateway.audit()), "vic", "the audit list")


@test
def a_password_hash_of_another_user_does_not_open(t):
    bench = Bench(t)
    bench.edit(["UPDATE secrets SET sealed = (SELECT sealed FROM secrets s JOIN resources r ON s.resource = r.id WHERE r.kind = 'user' AND "
                "r.name = 'vic') WHERE resource = (SELECT id FROM resources WHERE kind = 'user' AND name = 'admin')"])
    bench.gateway.start()
    body = json.dumps({"user": "admin", "password": PASSWORD}).encode()
    response = bench.gateway.ask("gate.localhost", "POST", "/.sallyport/login", [("Content-Type", "application/json"), (
        "X-Sallyport-Request", "1")], body)
    expect(response.status != 200, "admin signed in with another's password")
    equal(bench.status("crm"), 200, "the rest")


@test
def edited_data_keys_and_named_keys_stop_the_start_or_their_records(t):
    bench = Bench(t)
    for name, statements in {"data key": [flip("data_keys", "wrapped", "1", 20)], "named key": [flip("named_keys", "sealed", "1", 25)],
                             "installation id": ["UPDATE installation SET id = zeroblob(16)"]}.items():
        bench.restore()
        bench.edit(statements)
        bench.gateway.start(wait=False)
        if bench.gateway.event("ready", 30):
            expect(bench.status("crm") != 200, f"{name}: crm still works")
        else:
            equal(bench.gateway.wait(), 1, f"{name}: exit code")
        absent(bench.seen(), f"Bearer {KEY}\r".encode(), "what went out")
    bench.restore()
    bench.gateway.start()
    equal(bench.status("crm"), 200, "with the true store back")


@test
def tampering_while_running_never_sends_a_secret_elsewhere(t):
    bench = Bench(t, instance("line1", "http://127.0.0.1:1"))
    bench.gateway.start()
    equal(bench.status("crm"), 200, "before")
    bench.edit([respec("crm", str(bench.echo.port), str(bench.thief.port)), f"UPDATE resources SET version = version + 100 WHERE id = {CRM}"])
    bench.gateway.apply(datasource("fresh", bench.echo))  # makes the gateway follow the store
    until(lambda: bench.status("fresh") == 200, "the new resource")
    bench.status("crm")
    equal(bench.thief.requests, [], "what reached the thief")
    equal(bench.status("erp"), 200, "the other")


@test
def sealed_values_differ_though_the_secret_is_the_same(t):
    echo = upstream(t)
    gateway = world(t, *[keyed(f"same{n}", echo) for n in range(5)], start=False)
    with gateway.store() as store:
        sealed = [row[0] for row in store.execute("SELECT sealed FROM secrets WHERE field LIKE '%token'").fetchall()]
    equal((len(sealed), len(set(sealed)), len({row[5:17] for row in sealed})), (5, 5, 5), "values, and IVs, all different")
    equal({row[0] for row in sealed}, {1}, "version bytes")
    equal({len(row) for row in sealed}, {len(KEY) + 33}, "lengths: version, key id, IV, ciphertext, tag")
