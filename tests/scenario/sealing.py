"""Writes a sealed field of a user into the store, with its epoch and the row's MAC, as storage/SEAL_FORMAT.md says it: for
tests of what a person has that no command makes. And raises a session as the page does that asks for a factor."""
import ctypes
import hashlib
import hmac
import json
import os
import struct
import time

import unsealing

_crypto = unsealing._crypto
FIELD = "factors"
TOTP_SECRET = bytes(range(20))


def _seal(key_id, key, plain, associated):
    iv = os.urandom(12)
    context = ctypes.c_void_p(_crypto.EVP_CIPHER_CTX_new())
    out, tag, length = ctypes.create_string_buffer(len(plain) + 16), ctypes.create_string_buffer(16), ctypes.c_int()
    _crypto.EVP_EncryptInit_ex(context, ctypes.c_void_p(_crypto.EVP_aes_256_gcm()), None, key, iv)
    _crypto.EVP_EncryptUpdate(context, None, ctypes.byref(length), associated, len(associated))
    _crypto.EVP_EncryptUpdate(context, out, ctypes.byref(length), plain, len(plain))
    _crypto.EVP_EncryptFinal_ex(context, ctypes.create_string_buffer(16), ctypes.byref(length))
    _crypto.EVP_CIPHER_CTX_ctrl(context, unsealing.GET_TAG_SIZE, 16, tag)
    _crypto.EVP_CIPHER_CTX_free(context)
    return b"\1" + struct.pack(">I", key_id) + iv + out.raw[:len(plain)] + tag.raw


def factors(name="phone"):
    """One authenticator app, as sso/factors.h writes it."""
    totp = {"created": int(time.time() * 1e6), "id": os.urandom(16).hex(), "name": name, "secret": TOTP_SECRET.hex()}
    return json.dumps({"handle": os.urandom(32).hex(), "passkeys": [], "recovery": [], "totp": [totp], "v": 1},
                      separators=(",", ":")).encode()


def give_factors(gateway, user, text=None):
    """The user has a second factor from now on; a running gateway sees it within a second."""
    text = factors() if text is None else text
    (mac_key,) = unsealing.named_keys(gateway, "row-mac")
    with gateway.store() as store:
        def mac(*fields):
            return hmac.new(mac_key, unsealing._list(*fields), hashlib.sha256).digest()

        def number(value):
            return struct.pack(">Q", value)
        installation, generation = store.execute("SELECT id, generation FROM installation").fetchone()
        record, spec, applied = store.execute(
            "SELECT id, spec, applied FROM resources WHERE kind = 'user' AND name = ?", (user,)).fetchone()
        epochs = dict(store.execute("SELECT field, epoch FROM epochs WHERE record = ?", (record,)))
        epochs[FIELD], epochs[""] = epochs.get(FIELD, 0) + 1, epochs[""] + 1
        key_id, key = max(unsealing.data_keys(gateway).items())
        sealed = _seal(key_id, key, text, unsealing._list(installation, b"user", record, FIELD.encode(), b"",
                                                          number(epochs[FIELD])))
        store.execute("INSERT OR REPLACE INTO secrets (resource, field, sealed) VALUES (?, ?, ?)", (record, FIELD, sealed))
        for field in (FIELD, ""):
            store.execute("INSERT INTO epochs (record, field, epoch, mac) VALUES (?, ?, ?, ?) ON CONFLICT (record, field)"
                          " DO UPDATE SET epoch = excluded.epoch, mac = excluded.mac",
                          (record, field, epochs[field], mac(b"epoch", installation, record, field.encode(),
                                                             number(epochs[field]))))
        row = [b"row", installation, record, b"user", user.encode(), spec.encode(), number(applied), number(epochs[""])]
        for field, value in store.execute("SELECT field, sealed FROM secrets WHERE resource = ? ORDER BY field", (record,)):
            row += [field.encode(), number(epochs[field]), value]
        store.execute("UPDATE resources SET mac = ?, version = ? WHERE id = ?", (mac(*row), generation + 1, record))
        store.execute("UPDATE installation SET generation = ?, definitions = ?", (generation + 1, generation + 1))


def factor_shown(gateway, ago=0, host="gate.localhost"):
    """Every session on the gate has shown a factor so many seconds ago. The gateway takes it in at its next start."""
    with gateway.store() as store:
        store.execute("UPDATE sessions SET strength = 2, factor_at = ? WHERE host = ?", (int((time.time() - ago) * 1e6), host))
