"""Dates and times as people write them, found in a text.

Read: `2026-11-22`, `2026/11/22`, `22/11/2026`, `22.11.26`, `22 November 2026`, `22nd of Nov`,
`November 22, 2026`, `November 2026`, `10:31`, `2:05 pm`, `2026-11-22T10:31:00Z`; month names in
English, German, French and Spanish. `03/04/2026` is both 3 April and 4 March: it agrees with a
source that says either. A two-digit year is of this century.

Each found date wants *keys* (any one of them in a source is enough) and offers keys:
`d:2026-11-22` a day, `m:11-22` a day without its year, `y:2026-11` a month, `t:10:31` a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

_MONTH_WORDS = {
    1: "january jan januar jän jänner janvier janv enero ene",
    2: "february feb februar février févr febrero",
    3: "march mar märz mär mars marzo",
    4: "april apr avril avr abril abr",
    5: "may mai mayo",
    6: "june jun juni juin junio",
    7: "july jul juli juillet juil julio",
    8: "august aug août agosto ago",
    9: "september sep sept septembre septiembre",
    10: "october oct oktober okt octobre octubre",
    11: "november nov novembre noviembre",
    12: "december dec dezember dez décembre déc diciembre dic",
}
MONTHS = {word: number for number, words in _MONTH_WORDS.items() for word in words.split()}
# "mar", "may" and "ago" are words too: they count as months only with a capital letter.
_ALSO_WORDS = frozenset({"may", "mar", "ago", "march", "mars", "dic", "jan"})
# Any word here, looked up afterwards: seventy alternatives at every letter would be slow.
_WORD = r"(?P<word>[^\W\d_]{3,10})(?![^\W_])\.?"

_DAY = r"(?P<day>\d{1,2})"
_YEAR = r"(?P<year>\d{4})"
_WRITTEN = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<![\w.,/-]){_YEAR}(?P<sep>[-/.])(?P<month>\d{{1,2}})(?P=sep){_DAY}(?=T\d|(?![\w/-]|[.]\d))",
        rf"(?<![\w.,/-]){_DAY}(?:st|nd|rd|th|\.)?[ \u00a0-]{{1,2}}(?:of |de )?"
        rf"{_WORD}(?:(?:,| de)?[ \u00a0-]{{1,2}}{_YEAR}(?!\w))?",
        rf"(?<![^\W_]){_WORD}[ \u00a0]{_DAY}(?:st|nd|rd|th)?(?!\d|[.,]\d)"
        rf"(?:,?[ \u00a0]{{1,2}}{_YEAR}(?!\w))?",
        rf"(?<![^\W_]){_WORD}(?: de)?[ \u00a0]{_YEAR}(?!\w)",
    )
)
_NUMERIC = re.compile(
    r"(?<![\w.,/-])(?P<a>\d{1,2})(?P<sep>[/.-])(?P<b>\d{1,2})(?P=sep)(?P<year>\d{4}|\d{2})"
    r"(?![\w/-]|[.]\d)"
)
_TIME = re.compile(
    r"(?<![\w:.,])T?(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::\d{2}(?:\.\d{1,9})?)?"
    r"(?:[ \u00a0]?(?P<half>[ap])\.?m\b\.?|Z\b|[+-]\d{2}:?\d{2}(?!\d))?(?![\w:])",
    re.IGNORECASE,
)
_AFTER_DATE = re.compile(
    r"T(?P<hour>\d{2}):(?P<minute>\d{2})(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?"
)


@dataclass(frozen=True)
class WrittenDate:
    """One date or time with its place, what it asks of a source and what it gives as one."""

    start: int
    end: int
    wants: tuple[str, ...]
    offers: tuple[str, ...]


class TooManyFigures(Exception):
    """The text holds more figures than can be compared in a request."""


def written_dates(text: str, *, limit: int = 100_000) -> list[WrittenDate]:
    """All dates and times in a folded text, in order and without overlap.

    Raises TooManyFigures beyond `limit`.
    """
    found: dict[int, WrittenDate] = {}
    taken: list[tuple[int, int]] = []
    for one in _candidates(text):
        # Only later patterns can overlap earlier ones; each start is taken once.
        found.setdefault(one.start, one)
        if len(found) > limit:
            raise TooManyFigures
    for one in sorted(found.values(), key=lambda one: (one.start, -one.end)):
        if not taken or one.start >= taken[-1][1]:
            taken.append((one.start, one.end))
        else:
            del found[one.start]
    return sorted(found.values(), key=lambda one: one.start)


def _candidates(text: str) -> Iterator[WrittenDate]:
    for pattern in _WRITTEN:
        for match in pattern.finditer(text):
            held = match.groupdict()
            word = held.get("word")
            month = _month(word) if word else int(held["month"])
            if month is None:
                continue
            day = int(held["day"]) if held.get("day") else None
            year = int(held["year"]) if held.get("year") else None
            keys = _keys(year, month, day)
            if keys is not None:
                yield WrittenDate(match.start(), match.end(), *keys)
                after = _AFTER_DATE.match(text, match.end())
                if after:
                    yield _time(after)
    for match in _NUMERIC.finditer(text):
        one = _numeric(match)
        if one is not None:
            yield one
    for match in _TIME.finditer(text):
        if int(match["hour"]) < 24 and int(match["minute"]) < 60:
            yield _time(match)


def _month(word: str) -> int | None:
    lowered = word.lower()
    return None if lowered in _ALSO_WORDS and word[0].islower() else MONTHS.get(lowered)


def _keys(
    year: int | None, month: int, day: int | None
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    if day is None:
        key = f"y:{year}-{month:02d}"
        return (key,), (key, f"n:{year}")
    try:
        date(year or 2024, month, day)  # 2024: a leap year, so that 29 February may stand alone
    except ValueError:
        return None
    short = f"m:{month:02d}-{day:02d}"
    if year is None:
        return (short,), (short,)
    whole = f"d:{year}-{month:02d}-{day:02d}"
    return (whole,), (whole, short, f"y:{year}-{month:02d}", f"n:{year}")


def _numeric(match: re.Match[str]) -> WrittenDate | None:
    a, b, year = int(match["a"]), int(match["b"]), int(match["year"])
    if len(match["year"]) == 2:
        if match["sep"] == "-":
            return None  # 12-10-26 is as likely a sort code
        year += 2000
    readings = [(b, a)]
    if match["sep"] != ".":  # dots are always day.month.year
        readings.append((a, b))
    both = [keys for month, day in readings if (keys := _keys(year, month, day)) is not None]
    if not both:
        return None
    wants = tuple(dict.fromkeys(key for keys in both for key in keys[0]))
    offers = tuple(dict.fromkeys(key for keys in both for key in keys[1]))
    return WrittenDate(match.start(), match.end(), wants, offers)


def _time(match: re.Match[str]) -> WrittenDate:
    hour = int(match["hour"])
    half = (match.groupdict().get("half") or "").lower()
    if half and hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    key = f"t:{hour:02d}:{match['minute']}"
    return WrittenDate(match.start(), match.end(), (key,), (key,))
