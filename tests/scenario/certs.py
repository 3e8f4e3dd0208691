"""The certificates of the run's upstreams, made once with openssl and shared by all tests.

good: api.example.test and 127.0.0.1 by the CA that resources trust; other: the same names by a CA nobody trusts;
misnamed: good CA, another name; expired: good CA, over since 2021.
"""
import fcntl
import os
import subprocess
from pathlib import Path

NAME = "api.example.test"


def _openssl(folder, *arguments, text=None):
    done = subprocess.run(["openssl", *arguments], cwd=folder, input=text, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"openssl {' '.join(arguments)}: {done.stderr}")


def _authority(folder, name):
    _openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
             "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")


def _leaf(folder, name, authority, alternatives, dates=("-days", "30"), more="", subject=""):
    """more: further lines of extensions."""
    listed = f"subjectAltName={alternatives}\n" if alternatives else ""
    (folder / f"{name}.cnf").write_text(
        f"[x]\n{listed}{more}[ca]\ndefault_ca=d\n[d]\ndatabase={name}.idx\nnew_certs_dir=.\nserial={name}.srl\n"
        "default_md=sha256\npolicy=p\nx509_extensions=x\n[p]\norganizationName=optional\ncommonName=supplied\n")
    (folder / f"{name}.idx").write_text("")
    (folder / f"{name}.srl").write_text(f"{abs(hash(name)) % 10**8 + 10**8:x}".rjust(10, "0") + "\n")
    _openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-utf8", "-subj",
             subject or f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
    _openssl(folder, "ca", "-batch", "-notext", "-config", f"{name}.cnf", "-cert", f"{authority}.pem", "-keyfile",
             f"{authority}.key", "-in", f"{name}.csr", "-out", f"{name}.pem", *dates)


def folder():
    """The folder with ca.pem, other-ca.pem and NAME.pem/NAME.key of each leaf named above."""
    base = Path(os.environ["SCENARIO_BASE"])
    place = base / "certs"
    with open(base / "certs.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "done").exists():
            place.mkdir(exist_ok=True)
            _authority(place, "ca")
            _authority(place, "other-ca")
            names = f"DNS:{NAME},IP:127.0.0.1"
            _leaf(place, "good", "ca", names)
            _leaf(place, "other", "other-ca", names)
            _leaf(place, "misnamed", "ca", "DNS:elsewhere.example.test,IP:127.0.0.9")
            _leaf(place, "expired", "ca", names, ("-startdate", "20200101000000Z", "-enddate", "20210101000000Z"))
            (place / "done").write_text("")
    return place


def gate_pair(where, name, *hosts):
    """A certificate of its own for a listener: returns (cert, key) paths in `where`, signed by WHERE/NAME-ca.pem."""
    _authority(where, f"{name}-ca")
    _leaf(where, name, f"{name}-ca", ",".join(f"DNS:{host}" for host in hosts))
    return where / f"{name}.pem", where / f"{name}.key"
