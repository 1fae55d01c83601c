"""One value, one sequence of bytes (RFC 8785): equal content has an equal hash everywhere.

Every submission is made canonical several times within its request, so the common path is our own
(several times faster than the library) and the library stays for the numbers that are hard to
write, and in the tests as the judge of both.
"""

import hashlib
from decimal import Decimal
from json.encoder import encode_basestring as quoted
from typing import Any

import rfc8785


def canonical(value: Any) -> bytes:
    """The canonical JSON of a value made of dict, list, tuple, str, int, float, bool and None.

    Raises ValueError for anything else: numbers that JSON cannot carry exactly (whole ones that no
    double is, NaN, infinities), lone surrogates, what is nested without end.
    """
    parts: list[str] = []
    try:
        _write(value, parts.append)
        return "".join(parts).encode()
    except UnicodeEncodeError as error:
        raise ValueError("Half a surrogate pair is no character.") from error
    except RecursionError as error:
        raise ValueError("The value is nested too deeply to be written.") from error


def sha256_of(value: Any) -> str:
    """Hex SHA-256 of the canonical JSON: what callers know as `output_sha256`."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _write(value: Any, write: Any) -> None:
    if isinstance(value, str):
        write(quoted(value))
    elif value is None:
        write("null")
    elif isinstance(value, bool):
        write("true" if value else "false")
    elif isinstance(value, int):
        write(int.__repr__(value) if -(2**53) < value < 2**53 else _large(value))
    elif isinstance(value, float):
        write(_number(value))
    elif isinstance(value, dict):
        lead = "{"
        for key in _sorted(value):
            write(f"{lead}{quoted(key)}:")
            _write(value[key], write)
            lead = ","
        write("}" if value else "{}")
    elif isinstance(value, list | tuple):
        lead = "["
        for one in value:
            write(lead)
            _write(one, write)
            lead = ","
        write("]" if value else "[]")
    else:
        raise ValueError(f"{type(value).__name__} is no JSON type. Turn it into text or a number.")


def _large(value: int) -> str:
    """A double that came back from storage as a whole number, such as 1e20. Others are refused."""
    try:
        near = float(value)
    except OverflowError:
        near = 0.0
    if Decimal(float.__repr__(near)) != value:
        raise ValueError("Whole numbers beyond 2^53 are not exact in JSON. Write it as text.")
    return _number(near)


def _number(value: float) -> str:
    """As ECMAScript writes it. Only where Python itself uses an exponent do the two differ."""
    text = float.__repr__(value)
    if "e" in text or "n" in text:  # 1e+16, inf, nan
        return rfc8785.dumps(value).decode()
    return (text[:-2] if text.endswith(".0") else text) if value else "0"


def _sorted(value: dict[Any, Any]) -> list[str]:
    """Keys in the order of their UTF-16 units; among characters below U+D800 every order is one."""
    for key in value:
        if not isinstance(key, str):
            raise ValueError("The keys of an object are text.")
        if not key.isascii():
            return sorted(value, key=lambda text: text.encode("utf-16-be"))
    return sorted(value)
