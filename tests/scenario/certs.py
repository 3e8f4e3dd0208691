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


def weak_pair(where, host):
    """The same with an RSA key of 1024 bits, signed by itself."""
    _openssl(where, "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-days", "300", "-subj", f"/CN={host}",
             "-addext", f"subjectAltName=DNS:{host}", "-keyout", "weak.key", "-out", "weak.pem")
    return where / "weak.pem", where / "weak.key"


def encrypted_keys(key):
    """The key in both forms that need a passphrase: PKCS #8, and the older one with headers."""
    new, old = key.with_suffix(".new"), key.with_suffix(".old")
    _openssl(key.parent, "pkcs8", "-topk8", "-in", key, "-v2", "aes-256-cbc", "-passout", "pass:secret", "-out", new)
    _openssl(key.parent, "ec", "-in", key, "-aes256", "-passout", "pass:secret", "-out", old)
    return new, old


def gate_pair(where, name, *hosts, dates=("-days", "30")):
    """A certificate of its own for a listener: returns (cert, key) paths in `where`, signed by WHERE/NAME-ca.pem."""
    _authority(where, f"{name}-ca")
    _leaf(where, name, f"{name}-ca", ",".join(f"DNS:{host}" for host in hosts), dates)
    return where / f"{name}.pem", where / f"{name}.key"
