"""An upstream that verifies what it is told: reads a JWT, and has the openssl command check it against a JWK set."""
import base64
import json
import subprocess
import tempfile
from pathlib import Path

from gateway import GATE
from registry import Failed, equal

# SubjectPublicKeyInfo of P-256 up to the point (RFC 5480 s2)
P256_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")


def decode(text):
    if "=" in text or not text:
        raise Failed(f"{text!r} is not base64url without padding")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def key_set(gateway):
    """{kid: JWK} as the gate publishes it to anybody."""
    response = gateway.ask(GATE, target="/.sallyport/jwks")
    equal(response.status, 200, "status of the key set")
    return {key["kid"]: key for key in response.json()["keys"]}


def _integer(raw):
    raw = raw.lstrip(b"\0") or b"\0"
    raw = (b"\0" if raw[0] & 0x80 else b"") + raw
    return bytes([2, len(raw)]) + raw


def fits(key, message, signature):
    """Does OpenSSL say that this raw signature of 64 bytes is the key's?"""
    if len(signature) != 64 or (key["kty"], key["crv"]) != ("EC", "P-256"):
        return False
    spki = P256_HEAD + b"\4" + decode(key["x"]) + decode(key["y"])
    inside = _integer(signature[:32]) + _integer(signature[32:])
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("key.der", "signature.der", "message")]
        for path, data in zip(paths, (spki, bytes([0x30, len(inside)]) + inside, message)):
            path.write_bytes(data)
        done = subprocess.run(["openssl", "dgst", "-sha256", "-keyform", "DER", "-verify", paths[0], "-signature",
                               paths[1], paths[2]], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
    return done.returncode == 0 and "Verified OK" in done.stdout


def header_of(token):
    return json.loads(decode(token.split(".")[0]))


def claims_of(token, keys):
    """The claims, if a key of the set says so; None otherwise."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    header = json.loads(decode(parts[0]))
    key = keys.get(header["kid"])
    if header["alg"] != "ES256" or key is None:
        return None
    if not fits(key, f"{parts[0]}.{parts[1]}".encode(), decode(parts[2])):
        return None
    return json.loads(decode(parts[1]))
