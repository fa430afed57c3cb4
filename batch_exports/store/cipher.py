"""Encrypts what must not lie in the database in clear: the credentials of destinations."""

import base64
import binascii
import os
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_FORMAT = b"\x01"
_NONCE_BYTES = 12


class SecretsUnreadable(Exception):
    """Stored credentials do not open with the keys at hand."""


class Cipher:
    """AES-256-GCM under one key; `older` keys still open what they once sealed, so that keys can be changed."""

    __slots__ = ("_keys",)

    def __init__(self, key: bytes, *older: bytes) -> None:
        for each in (key, *older):
            if len(each) != KEY_BYTES:
                raise ValueError(f"An encryption key has {KEY_BYTES} bytes; this one has {len(each)}.")
        self._keys = tuple(AESGCM(each) for each in (key, *older))

    def seal(self, plain: bytes, *, owner: bytes) -> bytes:
        """Encrypt for one owner: moved to another owner's row, the result does not open."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + nonce + self._keys[0].encrypt(nonce, plain, owner)

    def open(self, sealed: bytes, *, owner: bytes) -> bytes:
        """Decrypt what `seal` made for this owner; raises SecretsUnreadable."""
        return self._open(sealed, owner)[1]

    def renew(self, sealed: bytes, *, owner: bytes) -> bytes | None:
        """The same under the newest key, or None if it is under that key; raises SecretsUnreadable."""
        age, plain = self._open(sealed, owner)
        return self.seal(plain, owner=owner) if age > 0 else None

    def _open(self, sealed: bytes, owner: bytes) -> tuple[int, bytes]:
        body = sealed.removeprefix(_FORMAT)
        for age, key in enumerate(self._keys):
            try:
                return age, key.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], owner)
            except (InvalidTag, ValueError):
                continue
        raise SecretsUnreadable(
            "Stored credentials cannot be decrypted: they were encrypted with another key, or the row was altered. "
            "Start the service with the encryption key that was in use when the export was saved, "
            "as BATCH_EXPORTS_SECRET_KEY or among BATCH_EXPORTS_OLD_SECRET_KEYS."
        )


def load_or_create_key(path: Path) -> bytes:
    """The key in a file, made at first use; only the file's owner may read it."""
    if not path.exists():
        _create_key_file(path)
    if stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
        raise PermissionError(f"The encryption key {path} is open to other users; run `chmod 600 {path}`.")
    try:
        key = base64.b64decode(path.read_bytes().strip(), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path} holds no encryption key ({KEY_BYTES} bytes in base64); restore it from a backup.")
    return key


def _create_key_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        # A link appears whole or not at all, and never replaces the key that another process made meanwhile.
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
