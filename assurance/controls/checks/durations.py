"""Lengths of time as checks write them: ISO 8601, `PT20M`, `P2D`, `P1Y6M`.

Months and years are kept apart from exact time, because "18 years ago" is a calendar date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

_SHAPE = re.compile(
    r"P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?"
    r"(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,8})S)?)?"
)

DAYS_PER_MONTH = 30
DAYS_PER_YEAR = 365


@dataclass(frozen=True)
class Duration:
    """Calendar months and exact time."""

    months: int
    exact: timedelta

    def as_span(self) -> timedelta:
        """The duration as exact time, a month counted as 30 days and a year as 365."""
        years, months = divmod(self.months, 12)
        return self.exact + timedelta(days=years * DAYS_PER_YEAR + months * DAYS_PER_MONTH)


def duration(text: object) -> Duration | None:
    """An ISO 8601 duration, or None where the text is not one (also where it is empty: `P`)."""
    if not isinstance(text, str):
        return None
    match = _SHAPE.fullmatch(text)
    if match is None or text.endswith(("P", "T")):
        return None
    years, months, weeks, days, hours, minutes, seconds = (int(n or 0) for n in match.groups())
    exact = timedelta(days=weeks * 7 + days, hours=hours, minutes=minutes, seconds=seconds)
    return Duration(years * 12 + months, exact)


def duration_problem(text: object, *, longest_days: int = 366) -> str:
    """What is wrong with a duration, as a sentence; empty when nothing is."""
    length = duration(text)
    if length is None:
        return f"“{text}” is not a length of time. Write it like PT20M, PT2H, P2D or P1Y."
    if length.as_span() > timedelta(days=longest_days):
        return f"“{text}” is too long. The longest is {longest_days:,} days."
    if not length.as_span():
        return f"“{text}” is no time at all. Write at least one second."
    return ""
