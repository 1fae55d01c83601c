"""How an entry is sealed: the two formulas by which anybody can check the record without us.

commitment = HMAC-SHA256(salt, payload bytes)
hash       = SHA-256(0x00 ‖ canonical{v, stream, seq, type, actor, at, commitment, prev})
"""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

from assurance.record.canonical import canonical

VERSION = 1
GENESIS = "0" * 64
SALT_BYTES = 32


def instant(at: datetime) -> str:
    """A time as it is hashed: UTC, always six decimals, so one instant has one text."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def commitment_of(salt: bytes, body: bytes) -> str:
    return hmac.new(salt, body, hashlib.sha256).hexdigest()


def header(
    *,
    stream_type: str,
    stream_id: str,
    workflow: str,
    seq: int,
    type: str,
    actor: dict[str, Any],
    at: datetime,
    commitment: str,
    prev: str,
) -> dict[str, Any]:
    """Everything of an entry that the chain covers."""
    return {
        "v": VERSION,
        "stream": {"type": stream_type, "id": stream_id, "workflow": workflow},
        "seq": seq,
        "type": type,
        "actor": actor,
        "at": instant(at),
        "commitment": commitment,
        "prev": prev,
    }


def hash_of(sealed: dict[str, Any]) -> str:
    """0x00 marks a leaf: none can be passed off as an inner node of a later Merkle tree."""
    return hashlib.sha256(b"\x00" + canonical(sealed)).hexdigest()
