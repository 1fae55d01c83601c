"""Identifiers that sort by time of birth (UUID version 7, RFC 9562)."""

import secrets
from datetime import datetime
from uuid import UUID


def uuid7(at: datetime) -> UUID:
    """48 bits of milliseconds, then 74 random bits; unique without asking anyone."""
    milliseconds = int(at.timestamp() * 1000) & (2**48 - 1)
    random = secrets.randbits(74)
    value = (
        milliseconds << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & (2**62 - 1)
    )
    return UUID(int=value)
