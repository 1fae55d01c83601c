"""How checks read the facts: dotted fields, exact numbers, moments and texts.

Nothing here guesses. A value that is missing, null or of another type raises `Unreadable`, whose
sentence names the field; `registry.run_safely` turns it into the outcome `inconclusive`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from assurance.controls.checks.durations import Duration
from assurance.controls.readings import as_date, as_date_time

# A number beyond these is no business figure, and exact arithmetic on it would be slow.
MAX_EXPONENT = 60
MAX_DIGITS = 60

_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_MISSING: Any = object()


class Unreadable(Exception):
    """A fact that the check needs is not there or not of the right kind.

    `sentence` is shown to people, `reason_code` is `missing_field` or `wrong_type`.
    """

    def __init__(self, path: str, sentence: str, reason_code: str) -> None:
        super().__init__(sentence)
        self.path = path
        self.sentence = sentence
        self.reason_code = reason_code


def missing(path: str) -> Unreadable:
    """The complaint about a field that is not in the case."""
    return Unreadable(path, f"`{path}` is missing from the case.", "missing_field")


def wrong_type(path: str, value: Any, wanted: str) -> Unreadable:
    """The complaint about a field that holds something else than the check needs."""
    return Unreadable(path, f"`{path}` is {kind_of(value)}, not {wanted}.", "wrong_type")


def kind_of(value: Any) -> str:
    """What a JSON value is, in a word a person uses."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float | Decimal):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"


def find(facts: Mapping[str, Any], path: str) -> Any:
    """The value of a dotted field, or None where it is missing or null."""
    value: Any = facts
    for key in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(key, _MISSING)
        if value is _MISSING:
            return None
    return value


def need(facts: Mapping[str, Any], path: str) -> Any:
    """The value of a dotted field; raises Unreadable where it is missing or null."""
    value = find(facts, path)
    if value is None:
        raise missing(path)
    return value


def decimal_of(value: Any) -> Decimal | None:
    """A JSON number as an exact Decimal, or None for anything else (a boolean is no number)."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    if isinstance(value, int) and value.bit_length() > 200:
        return None
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not number.is_finite() or abs(number.adjusted()) > MAX_EXPONENT:
        return None
    return number if len(number.as_tuple().digits) <= MAX_DIGITS else None


def need_number(facts: Mapping[str, Any], path: str) -> Decimal:
    """The number in a field, exactly."""
    value = need(facts, path)
    number = decimal_of(value)
    if number is None:
        raise wrong_type(path, value, "a number of usable size")
    return number


def plain(number: Decimal) -> int | float | str:
    """A Decimal as JSON can hold it: int, float, or text where a float would lose digits."""
    if number == number.to_integral_value() and abs(number) < 2**53:
        return int(number)
    as_float = float(number)
    return as_float if Decimal(repr(as_float)) == number else format(number, "f")


def spoken(number: Decimal) -> str:
    """A number for a sentence, with thousands grouped: 4,820 or 0.75."""
    return format(number, ",f")


def moment_of(value: Any) -> datetime | date | None:
    """A date, or a moment in UTC, from the text that conditions read as one; else None."""
    if as_date(value) is not None:
        return date.fromisoformat(value)
    nanoseconds = as_date_time(value)
    if nanoseconds is None:
        return None
    try:
        return _FIRST + timedelta(microseconds=nanoseconds // 1000, days=-1)
    except OverflowError:  # an offset that leads out of the calendar
        return None


def need_moment(facts: Mapping[str, Any], path: str) -> datetime | date:
    """The date or moment in a field."""
    value = need(facts, path)
    moment = moment_of(value)
    if moment is None:
        raise wrong_type(path, value, "a date such as 2026-11-22 or 2026-11-22T10:31:00Z")
    return moment


def clock_of(facts: Mapping[str, Any]) -> datetime:
    """The frozen time of judging."""
    moment = moment_of(find(facts, "clock"))
    if moment is None:
        raise Unreadable("clock", "The time of judging is not in the facts.", "no_clock")
    return as_moment(moment)


def as_moment(value: datetime | date) -> datetime:
    """A date as its first instant in UTC; a moment unchanged."""
    if isinstance(value, datetime):
        return value
    return datetime.combine(value, time.min, UTC)


def shifted(value: datetime, by: Duration, sign: int = 1) -> datetime:
    """A moment moved by calendar months and exact time; the end of the calendar is the limit."""
    months = value.year * 12 + value.month - 1 + sign * by.months
    year, month = divmod(months, 12)
    if not 1 <= year <= 9999:
        edge = datetime.max if sign > 0 else datetime.min
        return edge.replace(tzinfo=UTC)
    for day in (value.day, 30, 29, 28):
        try:
            moved = value.replace(year=year, month=month + 1, day=min(day, value.day))
            return moved + sign * by.exact
        except OverflowError:
            edge = datetime.max if sign > 0 else datetime.min
            return edge.replace(tzinfo=UTC)
        except ValueError:
            continue  # the 31st in a short month: try an earlier day
    raise AssertionError("every month has a 28th day")


def span_words(span: timedelta) -> str:
    """A length of time for a sentence: `3 days`, `5 hours`, `20 minutes`."""
    seconds = abs(span.total_seconds())
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count:,} {word}{'' if count == 1 else 's'}"
    return "less than a minute"


@dataclass(frozen=True)
class Text:
    """One text in the output and where it stands; `number` when it was a JSON number."""

    path: str
    text: str
    number: Decimal | None = None


def texts(facts: Mapping[str, Any], path: str) -> list[Text]:
    """Every text and number in a field, with its own path; raises Unreadable where there is none.

    A field that holds an object or a list stands for everything in it, which is how `output`
    means the whole output. Booleans and nulls are no text.
    """
    value = need(facts, path)
    if isinstance(value, bool):
        raise wrong_type(path, value, "text")
    return list(_walk(path, value))


def _walk(path: str, value: Any) -> Iterator[Text]:
    # A stack of its own: intake bounds the depth, but a stored case from elsewhere may not be.
    waiting = [(path, value)]
    while waiting:
        here, one = waiting.pop()
        if isinstance(one, str):
            yield Text(here, one)
        elif isinstance(one, Mapping):
            waiting.extend((f"{here}.{key}", one[key]) for key in reversed(list(one)))
        elif isinstance(one, list):
            waiting.extend((f"{here}.{i}", one[i]) for i in range(len(one) - 1, -1, -1))
        elif one is not None and not isinstance(one, bool):
            yield Text(here, str(one), decimal_of(one))


def all_texts(facts: Mapping[str, Any], paths: list[str]) -> tuple[list[Text], list[Unreadable]]:
    """The texts of several fields and the complaints about those that could not be read."""
    found: list[Text] = []
    troubles: list[Unreadable] = []
    for path in paths:
        try:
            found.extend(texts(facts, path))
        except Unreadable as trouble:
            troubles.append(trouble)
    return found, troubles
