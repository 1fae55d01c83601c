"""One value, one sequence of bytes (RFC 8785): equal content has an equal hash everywhere."""

import hashlib
from typing import Any

import rfc8785


def canonical(value: Any) -> bytes:
    """The canonical JSON of a value made of dict, list, str, int, float, bool and None.

    Raises ValueError for anything else, for numbers that JSON cannot carry exactly
    (|int| ≥ 2^53, NaN, infinities) and for lone surrogates.
    """
    try:
        return rfc8785.dumps(value)
    except UnicodeEncodeError as error:
        raise ValueError("A key contains a lone surrogate, which no UTF-8 can carry.") from error


def sha256_of(value: Any) -> str:
    """Hex SHA-256 of the canonical JSON: what callers know as `output_sha256`."""
    return hashlib.sha256(canonical(value)).hexdigest()
