"""How a value in the facts is read: the one definition of type, moment and equality.

Conditions are judged in several places (the compiled function of the live path, the explanation,
the form). They agree because each of them reads through this page.

* The facts are JSON: text, finite numbers, true and false, lists, objects, null. A boolean is
  no number. Anything else (NaN, a Python date) has no type and is therefore *unknown*.
* A `date` is text like `2026-11-22` and stands for its midnight in UTC; a `date-time` is text
  like `2026-11-22T10:31:00Z` with an offset (RFC 3339). Both are read as nanoseconds since
  0001-01-01T00:00Z, so that they order as instants, whatever offset they were written with.
* Values of different types are not unequal, they are incomparable: None, the third truth value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

FieldType = Literal["string", "number", "boolean", "list", "object", "date", "date-time", "any"]
Json = Any
Verdict = bool | None

SCALARS = frozenset({"string", "number", "boolean"})
MOMENTS = frozenset({"date", "date-time"})


class _Missing:
    """There is no such key. (A key that holds null is None.)"""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()

_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_DATE_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))",
    re.ASCII,
)
_NANOSECONDS = 1_000_000_000
_NANOSECONDS_A_DAY = 86_400 * _NANOSECONDS


def look_up(facts: Mapping[str, Any], path: str) -> Json:
    """What the facts hold at a dotted path: a value, None for null, or MISSING."""
    first, *keys = path.split(".")
    here = facts.get(first, MISSING)
    for key in keys:
        here = here.get(key, MISSING) if isinstance(here, dict) else MISSING
    return here


def is_number(value: object) -> bool:
    """A finite int or float; a boolean is no number."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and (isinstance(value, int) or math.isfinite(value))
    )


def type_of(value: object) -> FieldType | None:
    """The JSON type of a value; None for null and for what JSON does not know."""
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "boolean"
    if is_number(value):
        return "number"
    if isinstance(value, list):
        return "list"
    return "object" if isinstance(value, dict) else None


def read_as(value: object, type_: FieldType) -> Json:
    """The value as that type, moments as nanoseconds; None if it is not of that type."""
    if type_ == "date":
        return as_date(value)
    if type_ == "date-time":
        return as_date_time(value)
    found = type_of(value)
    return value if found is not None and type_ in (found, "any") else None


def as_date(value: object) -> int | None:
    """`2026-11-22` as nanoseconds, None for anything else."""
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    return _midnight(*match.groups()) if match else None


def as_date_time(value: object) -> int | None:
    """An RFC 3339 date-time as nanoseconds; None without an offset, or for anything else."""
    match = _DATE_TIME.fullmatch(value) if isinstance(value, str) else None
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, sign, off_hours, off_minutes = match.groups()
    midnight = _midnight(year, month, day)
    hours, minutes, seconds = int(hour), int(minute), int(second)
    away = (int(off_hours or 0), int(off_minutes or 0))
    if midnight is None or max(hours, away[0]) > 23 or max(minutes, seconds, away[1]) > 59:
        return None
    offset = (away[0] * 60 + away[1]) * (-60 if sign == "-" else 60)
    since_midnight = (hours * 60 + minutes) * 60 + seconds - offset
    return midnight + since_midnight * _NANOSECONDS + int((fraction or "0").ljust(9, "0"))


def _midnight(year: str, month: str, day: str) -> int | None:
    try:
        return date(int(year), int(month), int(day)).toordinal() * _NANOSECONDS_A_DAY
    except ValueError:  # 30 February, month 13, year 0000
        return None


def equal(left: Json, right: Json) -> Verdict:
    """Whether two readings are the same; None if either is unknown or the types differ."""
    type_ = type_of(left)
    return left == right if type_ in SCALARS and type_ == type_of(right) else None


def holds(items: Json, wanted: Json) -> Verdict:
    """Whether a list has an item of that type and value; None if there is no list or value."""
    type_ = type_of(wanted)
    if type_ not in SCALARS or not isinstance(items, list | tuple):
        return None
    return any(item == wanted and type_of(item) == type_ for item in items)


def contains(whole: Json, part: Json) -> Verdict:
    """Whether text contains a text (case-sensitive) or a list an item; else None."""
    if isinstance(whole, str):
        return part in whole if isinstance(part, str) else None
    return holds(whole, part)
