"""Lengths of time as people configure them: ISO 8601, `PT20M`, `PT2H`, `P2D`, `P1Y`.

A due time, a lease or a validity is exact, so a year counts as 365 days here and months are
refused: nobody can tell how many hours "P1M" is. Nothing is zero, negative or beyond P1Y.

>>> parse_duration("PT2H30M")
datetime.timedelta(seconds=9000)
>>> write_duration(parse_duration("P1DT2H"))
'P1DT2H'
"""

from __future__ import annotations

import re
from datetime import timedelta

LONGEST = timedelta(days=365)

# At most seven digits each: enough for a year of seconds written out, too few to overflow.
_SHAPE = re.compile(
    r"P(?:(?P<years>\d{1,7})Y)?(?:(?P<months>\d{1,7})M)?(?:(?P<weeks>\d{1,7})W)?"
    r"(?:(?P<days>\d{1,7})D)?"
    r"(?:T(?:(?P<hours>\d{1,7})H)?(?:(?P<minutes>\d{1,7})M)?(?:(?P<seconds>\d{1,8})S)?)?",
    re.ASCII,
)


class DurationError(ValueError):
    """The text is no length of time that can be used; its text says why and what to write."""


def parse_duration(text: object) -> timedelta:
    """The length of time that `text` writes. Raises DurationError with a plain sentence."""
    if not isinstance(text, str):
        raise DurationError("A length of time is text such as PT20M, PT2H or P2D.")
    shown = text if len(text) <= 40 else text[:39] + "…"
    if text.startswith("-"):
        raise DurationError(f"“{shown}” is negative. Write a length of time such as PT2H.")
    match = _SHAPE.fullmatch(text)
    if match is None or text.endswith(("P", "T")):
        raise DurationError(
            f"“{shown}” is not a length of time. Write it like PT20M, PT2H, P2D or P1Y."
        )
    said = {name: int(number) for name, number in match.groupdict(default="0").items()}
    if said["months"]:
        raise DurationError(
            f"“{shown}” counts months, which differ in length. Write days: P30D instead of P1M."
        )
    length = timedelta(
        days=said["years"] * 365 + said["weeks"] * 7 + said["days"],
        hours=said["hours"],
        minutes=said["minutes"],
        seconds=said["seconds"],
    )
    if not length:
        raise DurationError(f"“{shown}” is no time at all. Write at least PT1S.")
    if length > LONGEST:
        raise DurationError(f"“{shown}” is too long. The longest is P1Y.")
    return length


def duration_problem(text: object) -> str:
    """What is wrong with a length of time, as a sentence; empty when nothing is."""
    try:
        parse_duration(text)
    except DurationError as refusal:
        return str(refusal)
    return ""


def write_duration(length: timedelta) -> str:
    """The shortest ISO 8601 text of a length of time in whole seconds: `P2D`, `PT1H30M`.

    Raises DurationError for what `parse_duration` would refuse.
    """
    if length <= timedelta(0) or length.microseconds:
        raise DurationError(f"{length} is not a length of time in whole seconds above zero.")
    if length > LONGEST:
        raise DurationError(f"{length} is too long. The longest is P1Y.")
    hours, rest = divmod(length.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    days = f"{length.days}D" if length.days else ""
    clock = "".join(
        f"{number}{unit}"
        for number, unit in ((hours, "H"), (minutes, "M"), (seconds, "S"))
        if number
    )
    return f"P{days}{'T' + clock if clock else ''}"
