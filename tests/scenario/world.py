"""The installation that most tests begin with: made once in a run, copied for each test.

Team plant: ann owner, mel member, vic viewer, dot dashboard; team lab: lea owner; nobody's: out; admin: admin.
All of them have web_client.PASSWORD.
"""
import fcntl
import json
import os
import shutil
from pathlib import Path

import certs
import ports
from echo_upstream import EchoUpstream
from gateway import APPS, Gateway, command
from registry import Failed
from web_client import PASSWORD, Browser

PEOPLE = ("ann", "mel", "vic", "dot", "lea", "out")
KEY = "sk-9f3Q7mW2xT8vL4pR6nB1zK5c"  # the credential that must stay on the server


def host(name):
    return f"{name}.{APPS}"


def people():
    users = [{"kind": "user", "name": name, "email": f"{name}@example.test", "password": PASSWORD} for name in PEOPLE]
    return users + [
        {"kind": "team", "name": "plant", "members": {"ann": "owner", "mel": "member", "vic": "viewer", "dot": "dashboard"}},
        {"kind": "team", "name": "lab", "members": {"lea": "owner"}}]


def _template():
    """The folder that init and one apply made. The first test that needs it makes it."""
    base = Path(os.environ["SCENARIO_BASE"])
    place, broken = base / "template", base / "template.broken"
    with open(base / "template.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if broken.exists():
            raise Failed(f"no installation to begin with: {broken.read_text()}")
        if not (base / "template.done").exists():
            shutil.rmtree(place, ignore_errors=True)
            done = command("init", "--dir", place, "--port", ports.take(offset=1000))
            if done.code == 0:
                documents = base / "people.yaml"
                documents.write_text("---\n".join(json.dumps(document) + "\n" for document in people()))
                done = command("apply", "-c", place / "sallyport.yaml", "-f", documents)
            if done.code != 0:
                broken.write_text(f"exit {done.code}: {done.err.strip()}")
                raise Failed(f"no installation to begin with: {done.err.strip()}")
            (base / "template.done").write_text("")
    return place


def world(case, *documents, start=True, name="state", folder=None, **config):
    """A gateway of this test's own, with the people above and `documents` applied; config: keys of the file to change."""
    place = Path(folder) if folder else case.dir / name
    shutil.copytree(_template(), place, dirs_exist_ok=bool(folder))
    gateway = Gateway(case, place, ports.take())
    gateway.configure(**config)
    if documents:
        gateway.apply(*documents)
    return gateway.start() if start else gateway


def upstream(case, certificate="good", **options):
    """An echo upstream of this test's own; certificate: a name of certs.py, or None for plain HTTP."""
    pair = (certs.folder() / f"{certificate}.pem", certs.folder() / f"{certificate}.key") if certificate else None
    echo = EchoUpstream(pair, **options)
    case.defer(echo.close)
    return echo


def upstream_entry(echo_or_url, **more):
    url = echo_or_url if isinstance(echo_or_url, str) else echo_or_url.url
    entry = {"url": url, "networks": ["127.0.0.0/8"]}
    if url.startswith("https:"):
        entry |= {"ca": str(certs.folder() / "ca.pem"), "server_name": certs.NAME}
    return entry | more


def datasource(name, echo_or_url, upstream=None, **more):
    """A datasource of team plant at NAME.apps.localhost. upstream: changes to the upstream entry."""
    return {"kind": "datasource", "name": name, "team": "plant", "type": "http", "at": host(name),
            "upstream": upstream_entry(echo_or_url, **(upstream or {}))} | more


def keyed(name, echo_or_url, **more):
    """A datasource whose upstream demands KEY as a bearer token."""
    return datasource(name, echo_or_url, **({"secrets": {"token": KEY}, "inject": {
        "headers": {"Authorization": "Bearer {{ secrets.token }}"}}} | more))


def instance(name, echo_or_url, upstream=None, **more):
    return {"kind": "instance", "name": name, "team": "plant", "type": "web", "at": host(name),
            "upstream": upstream_entry(echo_or_url, **(upstream or {}))} | more


def signed_in(gateway, user, *hosts):
    """A browser with a session at the gate and on each of `hosts`."""
    browser = Browser(gateway)
    browser.sign_in(user)
    for name in hosts:
        browser.enter(name)
    return browser


def standing(case, **config):
    """(gateway, upstream, host): the keyed datasource `crm` over verified TLS, running."""
    echo = upstream(case)
    return world(case, keyed("crm", echo), **config), echo, host("crm")


def bearer(token):
    return [("Authorization", f"Bearer {token}")]
