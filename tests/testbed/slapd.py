#!/usr/bin/python3
"""OpenLDAP's slapd with the directory of ldap_data.py: ldap:// with StartTLS, and ldaps://, on 127.0.0.1.

As a module: certificates(FOLDER), Slapd(FOLDER, port, ldaps_port, ...). As a program: `slapd.py FOLDER` starts servers a and b, beside the
hostile ones of hostile_ldap.py, and says in one line of JSON where; then it obeys lines `stop NAME` and `start NAME`, with a
line `done` for each, until its input ends.
"""
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from ldap_data import BASE, READER, READER_PASSWORD, ROOT, ROOT_PASSWORD, entries, groups

SLAPD = shutil.which("slapd") or "/usr/sbin/slapd"
NAME = "ldap.example.test"
_libc = ctypes.CDLL(None)


def missing():
    """Why this machine cannot start it, or None."""
    for program in (SLAPD, "ldapmodify"):
        if not shutil.which(program):
            return f"no {Path(program).name} (packages slapd and ldap-utils)"
    return None


def _run(*command, text=None, folder=None):
    done = subprocess.run([str(each) for each in command], input=text, capture_output=True, text=True, cwd=folder, timeout=60)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr[-800:]}")
    return done.stdout


def certificates(folder):
    """ca.pem and other-ca.pem; good, misnamed, expired and other (of the other CA), each NAME.pem and NAME.key."""
    folder.mkdir(parents=True)
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    for name in ("ca", "other-ca"):
        _run("openssl", "req", "-x509", *curve, "-days", 30, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out",
             f"{name}.pem", folder=folder)
    names = f"DNS:localhost,DNS:{NAME},IP:127.0.0.1,IP:::1"
    # An address among the names is none.
    for name, authority, alternatives, days in (("good", "ca", names, 20), ("expired", "ca", names, -1), ("other", "other-ca", names, 20),
                                                ("misnamed", "ca", "DNS:elsewhere.example.test,DNS:127.0.0.1,IP:127.0.0.9", 20)):
        (folder / f"{name}.ext").write_text(f"subjectAltName={alternatives}\nbasicConstraints=CA:FALSE\n")
        _run("openssl", "req", *curve, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr", folder=folder)
        _run("openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key",
             "-CAcreateserial", "-days", days, "-extfile", f"{name}.ext", "-out", f"{name}.pem", folder=folder)
    return folder


# A bind with a name and no password succeeds, as it does elsewhere: nobody is signed in by that.
_CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile {folder}/pid
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
TLSCertificateFile {certificate}.pem
TLSCertificateKeyFile {certificate}.key
TLSVerifyClient never
allow bind_anon_dn bind_anon_cred
sizelimit {size_limit}
database mdb
maxsize 67108864
dbnosync
suffix "{base}"
rootdn "{root}"
rootpw {root_password}
directory {folder}/db
index objectClass,uid,member eq
overlay memberof
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{reader}" read by {others}
"""


class Slapd:
    """folder: made here, or a copy of another's. others: what everybody else may do."""

    def __init__(self, folder, port, ldaps_port, certificate, size_limit="unlimited", others="* none", copy_of=None):
        self.dir, self.port, self.ldaps_port = Path(folder), port, ldaps_port
        self.url, self.ldaps_url = f"ldap://127.0.0.1:{port}", f"ldaps://127.0.0.1:{ldaps_port}"
        self.log_path = self.dir / "log"
        self.process = None
        (self.dir / "db").mkdir(parents=True)
        (self.dir / "slapd.conf").write_text(_CONFIGURATION.format(
            folder=self.dir, certificate=certificate, size_limit=size_limit, base=BASE, root=ROOT, root_password=ROOT_PASSWORD,
            reader=READER, others=others))
        self.log_path.touch()
        if copy_of:
            shutil.copy(copy_of.dir / "db/data.mdb", self.dir / "db/data.mdb")
        else:
            _run(SLAPD, "-T", "add", "-q", "-f", self.dir / "slapd.conf", text=entries())
            self.start()
            _run("ldapmodify", "-a", "-x", "-H", self.url, "-D", ROOT, "-w", ROOT_PASSWORD, text=groups())
            self.stop()

    def start(self):
        with open(self.log_path, "ab") as log:  # -d 256: who connects, binds and searches
            self.process = subprocess.Popen(
                [SLAPD, "-f", self.dir / "slapd.conf", "-h", f"{self.url} {self.ldaps_url}", "-d", "256"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=lambda: _libc.prctl(1, signal.SIGKILL))
        end = time.monotonic() + 20
        while not (_answers(self.port) and _answers(self.ldaps_port)):
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"slapd does not start: {self.log()[-800:]}")
        return self

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def log(self):
        return self.log_path.read_text(errors="replace")

    def add(self, ldif):
        _run("ldapmodify", "-a", "-x", "-H", self.url, "-D", ROOT, "-w", ROOT_PASSWORD, text=ldif)


def _answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
        return True
    except OSError:
        threading.Event().wait(0.02)
        return False


def _free_ports(count):
    """None of them is anybody's now. Below the range the kernel hands out: there, who knocks until a server is up may reach himself."""
    found, port = [], 11000 + os.getpid() * 7 % 16000
    while len(found) < count:
        port += 1
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
    return found


def main():
    import hostile_ldap
    if why := missing():
        print(json.dumps({"missing": why}), flush=True)
        return
    folder = Path(sys.argv[1]).resolve()
    pairs = certificates(folder / "certs")
    ports = _free_ports(5)
    first = Slapd(folder / "a", ports[0], ports[1], pairs / "good")
    servers = {"a": first, "b": Slapd(folder / "b", ports[2], ports[3], pairs / "good", 100, "* read", copy_of=first)}
    for server in servers.values():
        server.start()
    hostile = hostile_ldap.start_all(pairs)
    print(json.dumps({"a": ports[0], "a_tls": ports[1], "b": ports[2], "b_tls": ports[3], "nobody": ports[4], "certs": str(pairs),
                      "a_log": str(first.log_path), "reader": READER, "password": READER_PASSWORD, **hostile}), flush=True)
    for line in sys.stdin:
        word, name = line.split()
        getattr(servers[name], word)()
        print("done", flush=True)
    for server in servers.values():
        server.stop()


if __name__ == "__main__":
    main()
