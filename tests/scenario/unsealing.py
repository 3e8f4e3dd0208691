"""Opens what the store keeps sealed, as storage/SEAL_FORMAT.md says it, with the node's master key and salt: what a test
looks for where it must not be. AES-GCM comes from the system's libcrypto."""
import base64
import ctypes
import hashlib
import hmac
import struct

from registry import Failed

_crypto = ctypes.CDLL("libcrypto.so.3")
for _name in ("EVP_CIPHER_CTX_new", "EVP_aes_256_gcm"):
    getattr(_crypto, _name).restype = ctypes.c_void_p
GET_TAG_SIZE, SET_TAG = 16, 0x11


def _open(key, sealed, associated):
    iv, text, tag = sealed[5:17], sealed[17:-GET_TAG_SIZE], sealed[-GET_TAG_SIZE:]
    context = ctypes.c_void_p(_crypto.EVP_CIPHER_CTX_new())
    out, length = ctypes.create_string_buffer(len(text) + 16), ctypes.c_int()
    good = (_crypto.EVP_DecryptInit_ex(context, ctypes.c_void_p(_crypto.EVP_aes_256_gcm()), None, key, iv) == 1
            and _crypto.EVP_DecryptUpdate(context, None, ctypes.byref(length), associated, len(associated)) == 1
            and _crypto.EVP_DecryptUpdate(context, out, ctypes.byref(length), text, len(text)) == 1
            and _crypto.EVP_CIPHER_CTX_ctrl(context, SET_TAG, GET_TAG_SIZE, tag) == 1
            and _crypto.EVP_DecryptFinal_ex(context, ctypes.create_string_buffer(16), ctypes.byref(length)) == 1)
    _crypto.EVP_CIPHER_CTX_free(context)
    if not good:
        raise Failed("a sealed value does not open as the page says")
    return out.raw[:len(text)]


def _hkdf(master, salt, info):
    return hmac.new(hmac.new(salt, master, hashlib.sha256).digest(), info + b"\1", hashlib.sha256).digest()


def _list(*fields):
    return b"".join(struct.pack(">I", len(field)) + field for field in fields)


def data_keys(gateway):
    """The clear data keys by their ids."""
    master = base64.b64decode((gateway.dir / "master.key").read_text())
    wrap = _hkdf(master, base64.b64decode(gateway.salt()), b"sallyport/v1/wrap")
    with gateway.store() as store:
        (installation,) = store.execute("SELECT id FROM installation").fetchone()
        return {id: _open(wrap, wrapped, _list(installation, b"data-key", bytes(16), str(id).encode(), b"", bytes(8)))
                for id, wrapped in store.execute("SELECT id, wrapped FROM data_keys")}


def named_keys(gateway, purpose):
    """The clear texts of the named keys with that purpose."""
    keys = data_keys(gateway)
    with gateway.store() as store:
        (installation,) = store.execute("SELECT id FROM installation").fetchone()
        rows = store.execute("SELECT id, sealed FROM named_keys WHERE purpose = ? ORDER BY created_at, rowid", (purpose,))
        return [_open(keys[int.from_bytes(sealed[1:5], "big")], sealed,
                      _list(installation, b"named-key", id, purpose.encode(), b"", bytes(8))) for id, sealed in rows]
