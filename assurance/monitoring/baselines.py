"""What is usual for a signal, frozen: the first twenty periods with enough cases, then only by
somebody who says why. A drift so never becomes what it is measured by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max

from assurance.controls.models import Workflow
from assurance.errors import DomainError
from assurance.monitoring.models import Baseline
from assurance.monitoring.series import LEAST, Point, Scope, Series, load
from assurance.monitoring.signals import BY_CODE, SIGNALS

if TYPE_CHECKING:
    from assurance.accounts.models import User

PERIODS = 20
WEEK = 7
BANDED = tuple(signal for signal in SIGNALS if signal.method in ("band", "band and cusum"))
FIRST = "The first 20 periods with 10 or more."


def usual(baseline: Baseline) -> float:
    """The rate that a band lies around. Of none, or of all, half a case is added to what was
    seen: nothing is quite impossible.

    >>> usual(Baseline(n=1000, hits=20)), usual(Baseline(n=999, hits=0))
    (0.02, 0.0005)
    """
    if 0 < baseline.hits < baseline.n:
        return baseline.hits / baseline.n
    return (baseline.hits + 0.5) / (baseline.n + 1)


def freeze_due(at: datetime) -> int:
    """Freeze what has twenty periods by now and no baseline yet. Returns how many."""
    made = 0
    for slug in Workflow.objects.values_list("slug", flat=True):
        there = set(
            Baseline.objects.filter(workflow=slug).values_list(
                "signal", "workflow", "control", "queue", "model_version"
            )
        )
        yesterday = at.date() - timedelta(days=1)
        for (code, scope), series in load([slug], date.min, yesterday, BANDED).items():
            if (code, *scope) in there:
                continue
            found = periods_of(series, yesterday)
            if found is not None:
                days, points = found
                _freeze(code, scope, days, points[:PERIODS], reason=FIRST, by=None, at=at)
                made += 1
    return made


def periods_of(series: Series, last: date) -> tuple[int, list[Point]] | None:
    """How long a period is, and the complete ones with enough cases: days where there are twenty,
    else weeks; None where there are not twenty of either."""
    for days in (1, WEEK):
        points = [
            point
            for point in series.points(days)
            if point.n >= LEAST and point.day + timedelta(days=days - 1) <= last
        ]
        if len(points) >= PERIODS:
            return days, points
    return None


@transaction.atomic
def freeze(
    code: str, scope: Scope, first: date, last: date, *, reason: str, by: User, at: datetime
) -> Baseline:
    """Say anew what is usual, from these days on, as the next version."""
    if code not in {signal.code for signal in BANDED}:
        raise DomainError(
            "not_banded",
            f"{BY_CODE[code].title if code in BY_CODE else code} has no band to freeze.",
            status=422,
        )
    if not reason.strip():
        raise DomainError("reason_required", "Say why what is usual changes.", status=422)
    if last >= at.date():
        raise DomainError(
            "not_over", "The last day is not over yet. Take one before today.", status=422
        )
    series = load([scope.workflow], first, last, [BY_CODE[code]]).get((code, scope), Series())
    found = periods_of(series, last)
    if found is None:
        raise DomainError(
            "too_few_periods",
            f"There are fewer than {PERIODS} days, and fewer than {PERIODS} weeks, with {LEAST} "
            "or more between these days. Take a longer time.",
            status=422,
        )
    return _freeze(code, scope, *found, reason=reason, by=by, at=at)


def _freeze(
    code: str,
    scope: Scope,
    days: int,
    points: Sequence[Point],
    *,
    reason: str,
    by: User | None,
    at: datetime,
) -> Baseline:
    known = Baseline.objects.filter(signal=code, **scope._asdict())
    return Baseline.objects.create(
        signal=code,
        **scope._asdict(),
        version=(known.aggregate(last=Max("version"))["last"] or 0) + 1,
        period_days=days,
        first_day=points[0].day,
        last_day=points[-1].day + timedelta(days=days - 1),
        periods=len(points),
        n=sum(point.n for point in points),
        hits=sum(point.hits for point in points),
        reason=reason,
        frozen_by=by,
        frozen_at=at,
    )
