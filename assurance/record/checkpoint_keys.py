"""The key that signs checkpoints, and the keys that are believed. Neither is in the database:
whoever can rewrite all of that still cannot sign.

It is COUNTERMARK_SIGNING_KEY (64 hex digits) where that is set, else the file `checkpoint_key` in
the data folder, made on first use, 0600. Public keys that signed before a change of key stay
believed by COUNTERMARK_FORMER_KEYS.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from assurance.errors import DomainError

FILE = "checkpoint_key"
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)


def signing_key() -> Ed25519PrivateKey:
    """The key of this installation. 503 `no_signing_key` where there is no place for one."""
    if settings.COUNTERMARK_SIGNING_KEY:
        return _private(settings.COUNTERMARK_SIGNING_KEY, "COUNTERMARK_SIGNING_KEY")
    file = _file()
    if file is None:
        raise DomainError(
            "no_signing_key",
            "There is no key to sign checkpoints with. Set COUNTERMARK_SIGNING_KEY to 64 hex digits"
            " (openssl rand -hex 32), or COUNTERMARK_DATA to a folder that keeps one.",
            status=503,
        )
    if not file.exists():
        _make(file)
    if file.stat().st_mode & 0o077:
        raise DomainError(
            "signing_key_open",
            f"{file} can be read by others, so its signatures prove nothing."
            f" Take a new key, or, if nobody did, chmod 600 {file}.",
            status=503,
        )
    return _private(file.read_text().strip(), str(file))


def trusted_keys() -> set[str]:
    """The public keys, in hex, whose checkpoints are believed. Makes no key."""
    found = set(settings.COUNTERMARK_FORMER_KEYS)
    file = _file()
    if settings.COUNTERMARK_SIGNING_KEY or (file is not None and file.exists()):
        found.add(public_hex(signing_key()))
    return found


def public_hex(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


def is_signed(message: bytes, signature: bytes, key: str) -> bool:
    """Whether this key, a public one in hex, signed this message."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _file() -> Path | None:
    return Path(settings.COUNTERMARK_DATA) / FILE if settings.COUNTERMARK_DATA else None


def _private(text: str, where: str) -> Ed25519PrivateKey:
    if not _HEX.fullmatch(text):
        raise DomainError(
            "signing_key_malformed",
            f"{where} holds no key: it is 64 hex digits in small letters (openssl rand -hex 32).",
            status=503,
        )
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text))


def _make(file: Path) -> None:
    """Whole or not at all, and by the first of several processes only."""
    draft = file.with_name(f".{FILE}.{secrets.token_hex(8)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(Ed25519PrivateKey.generate().private_bytes_raw().hex() + "\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
