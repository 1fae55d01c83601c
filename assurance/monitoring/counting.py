"""What the parts of a day's count share: the row they make, and the day they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from django.db import connection


@dataclass(slots=True)
class Count:
    """One row of `DailyCount`, without its day and workflow."""

    measure: str
    n: int
    hits: int = 0
    control: str = ""
    control_version: int | None = None
    queue: str = ""
    model_version: str = ""
    total: float = 0
    buckets: dict[str, Any] = field(default_factory=dict)
    gaps: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Day:
    """One day in UTC of one workflow."""

    workflow: int
    slug: str
    day: date

    @property
    def asked(self) -> dict[str, Any]:
        """What every statement about this day is asked with."""
        begin = datetime.combine(self.day, time(), UTC)
        return {
            "workflow": self.workflow,
            "slug": self.slug,
            "since": begin,
            "until": begin + timedelta(days=1),
        }


def rows(statement: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        return cursor.fetchall()


def gaps(n: int, places: Iterable[int]) -> list[int]:
    """How many came between hits, of the places of the hits among `n`, counted from one.

    >>> gaps(10, [1, 2, 6])
    [0, 0, 3, 4]
    """
    ends = [0, *places, n + 1]
    return [after - before - 1 for before, after in pairwise(ends)]


def gaps_of(was_hit: Sequence[bool]) -> list[int]:
    """The same of a sequence."""
    return gaps(len(was_hit), (place for place, hit in enumerate(was_hit, 1) if hit))


def histogram(seconds: Iterable[float]) -> dict[str, int]:
    """How many lasted how long: by the power of two that they stay below, 1 s to 2^26 s.

    >>> histogram([0.2, 1, 3, 3.9])
    {'0': 1, '1': 1, '2': 2}
    """
    found: dict[str, int] = {}
    for one in seconds:
        key = str(min(int(max(one, 0)).bit_length(), 26))
        found[key] = found.get(key, 0) + 1
    return found


def merged(histograms: Iterable[dict[str, int]]) -> dict[str, int]:
    """Histograms of several days as one."""
    found: dict[str, int] = {}
    for one in histograms:
        for key, count in one.items():
            found[key] = found.get(key, 0) + count
    return found


def percentile(counts: dict[str, int], share: float) -> float | None:
    """The seconds below which this share lies, within the width of a bucket; None of nothing."""
    whole = sum(counts.values())
    if not whole:
        return None
    left = share * whole
    for power in sorted(map(int, counts)):
        low, high = (2.0 ** (power - 1) if power else 0.0), 2.0**power
        here = counts[str(power)]
        if left <= here:
            return low + (high - low) * left / here
        left -= here
    return 2.0 ** max(map(int, counts))
