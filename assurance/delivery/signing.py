"""Secrets of endpoints, and the signature of Standard Webhooks.

A secret is needed in clear to sign, so it cannot be hashed; it is sealed with SECRET_KEY, and a
copy of the database alone signs nothing. A new SECRET_KEY reads old secrets as long as the old
key is among SECRET_KEY_FALLBACKS.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from standardwebhooks import Webhook

from assurance.errors import invalid

PREFIX = "whsec_"
SHORTEST, USUAL, LONGEST = 24, 32, 64  # bytes


class SecretUnreadable(Exception):
    """Sealed with another SECRET_KEY."""


def new_secret() -> str:
    """A fresh secret in the form that the libraries of Standard Webhooks expect."""
    return PREFIX + base64.b64encode(secrets.token_bytes(USUAL)).decode()


def check_secret(secret: str, *, pointer: str = "/secret") -> str:
    """A secret that somebody brought along, refused unless it holds 24 to 64 bytes."""
    try:
        if not secret.startswith(PREFIX):
            raise ValueError
        size = len(base64.b64decode(secret.removeprefix(PREFIX), validate=True))
    except (ValueError, binascii.Error):
        raise invalid(
            pointer, "secret_invalid", f"Write {PREFIX} and the secret in base64."
        ) from None
    if not SHORTEST <= size <= LONGEST:
        raise invalid(
            pointer,
            "secret_length",
            f"The secret has {size} bytes. Use {SHORTEST} to {LONGEST}, at best {USUAL} random"
            " ones.",
        )
    return secret


def seal(secret: str) -> str:
    return _box(_keys()).encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """The secret in clear; SecretUnreadable when it was sealed with another key."""
    try:
        return _box(_keys()).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SecretUnreadable(
            "The secret was sealed with another SECRET_KEY. Put the old key into"
            " SECRET_KEY_FALLBACKS, or rotate the secret."
        ) from None


def signed_headers(
    webhook_id: str, body: bytes, *, secrets: Iterable[str], at: datetime
) -> dict[str, str]:
    """Id, time of this try, and one signature for each secret in force."""
    moment = at.astimezone(UTC)  # the library ignores any other offset, silently
    text = body.decode()
    signatures = [Webhook(secret).sign(webhook_id, moment, text) for secret in secrets]
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _keys() -> tuple[str, ...]:
    return tuple(map(str, [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]))


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    hkdf = HKDF(SHA256(), length=32, salt=None, info=b"countermark webhook secrets")
    return base64.urlsafe_b64encode(hkdf.derive(key.encode()))
