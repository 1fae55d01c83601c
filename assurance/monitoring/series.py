"""The counts of one signal over time: of what it is asked, and in which periods it is looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from assurance.monitoring.models import DailyCount
from assurance.monitoring.signals import SIGNALS, Signal

# Of fewer nothing is said: a share of them would be noise.
LEAST = 10


class Scope(NamedTuple):
    """What a signal is asked of."""

    workflow: str
    control: str = ""
    queue: str = ""
    model_version: str = ""

    @property
    def each(self) -> str:
        """Which of its parts it names; "" for the whole workflow."""
        return next((name for name in Scope._fields[1:] if getattr(self, name)), "")


class Point(NamedTuple):
    """A period by its first day."""

    day: date
    n: int
    hits: int


@dataclass(slots=True)
class Series:
    """Days in order, each with what it counted."""

    days: dict[date, list[int]] = field(default_factory=dict)
    gaps: dict[date, list[int]] = field(default_factory=dict)
    buckets: dict[date, dict[str, Any]] = field(default_factory=dict)

    def add(self, day: date, n: int, hits: int) -> None:
        here = self.days.setdefault(day, [0, 0])
        here[0] += n
        here[1] += hits

    def points(self, period_days: int = 1) -> list[Point]:
        """Of days, or of weeks that begin on Monday."""
        if period_days == 1:
            return [Point(day, *self.days[day]) for day in sorted(self.days)]
        weeks: dict[date, list[int]] = defaultdict(lambda: [0, 0])
        for day, (n, hits) in self.days.items():
            monday = day - timedelta(days=day.weekday())
            weeks[monday][0] += n
            weeks[monday][1] += hits
        return [Point(day, *weeks[day]) for day in sorted(weeks)]


def load(
    workflows: Collection[str],
    first: date,
    last: date,
    signals: Iterable[Signal] = SIGNALS,
) -> dict[tuple[str, Scope], Series]:
    """By code and scope, from both days included, in one query. What has no row is left out."""
    by_measure: dict[str, list[Signal]] = defaultdict(list)
    for signal in signals:
        by_measure[str(signal.measure)].append(signal)
    found: dict[tuple[str, Scope], Series] = defaultdict(Series)
    rows = (
        DailyCount.objects.of(workflows)
        .between(first, last)
        .measuring(*by_measure)
        .order_by("day", "id")
        .values_list(
            "measure", "workflow", "control", "queue", "model_version",
            "day", "n", "hits", "gaps", "buckets",
        )
    )  # fmt: skip
    for measure, workflow, control, queue, model, day, n, hits, gaps, buckets in rows.iterator():
        scope = Scope(workflow, control, queue, model)
        for signal in by_measure[measure]:
            if scope.each not in signal.each and (scope.each or not signal.whole):
                continue
            one = found[signal.code, scope]
            one.add(day, n, buckets.get(signal.bucket, 0) if signal.bucket else hits)
            if gaps:
                one.gaps[day] = gaps
            if buckets:
                one.buckets[day] = buckets
    return found
