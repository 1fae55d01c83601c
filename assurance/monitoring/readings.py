"""What each signal says now: its rate with an exact interval, and how loudly it speaks.

A notice is one period beyond what comes by chance once in forty; a warning two of three in a row;
action is a period beyond the limits, a CUSUM that alarmed, or one of what must never be in a high
tier. Of fewer than ten nothing is said, and nothing is judged before twenty periods are frozen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from assurance.controls.choices import Tier
from assurance.controls.intervals import interval
from assurance.controls.models import Workflow
from assurance.monitoring import agreement, bands, cusum
from assurance.monitoring.baselines import WEEK, usual
from assurance.monitoring.choices import Good, Level
from assurance.monitoring.counting import merged, percentile
from assurance.monitoring.models import Baseline
from assurance.monitoring.series import LEAST, Point, Scope, Series, load
from assurance.monitoring.signals import ALWAYS_ACTION, SIGNALS, Signal

LEAST_PEOPLE = 5
LEAST_AGREEMENT = 0.9
LEAST_EXTREME = 200
LOUDNESS = [Level.QUIET, Level.CANNOT_SAY, Level.NOTICE, Level.WARNING, Level.ACTION]


@dataclass(frozen=True, slots=True)
class Reading:
    """One signal of one scope in a period. `rate`, `low` and `high` are None where n < 10.

    `series` are its days `(day, n, hits)`; `points` the periods that its baseline judges; `band`
    the smallest and the largest count within the limits for each of them.
    """

    signal: Signal
    workflow: str
    control: str
    queue: str
    model_version: str
    since: date
    until: date
    n: int
    hits: int
    rate: float | None
    low: float | None
    high: float | None
    state: str
    sentence: str
    series: tuple[Point, ...] = ()
    points: tuple[Point, ...] = ()
    band: tuple[tuple[int, int], ...] = ()
    baseline: Baseline | None = None
    alarms: tuple[date, ...] = ()
    seconds: float | None = None
    table: agreement.Table | None = None
    url: str = ""

    @property
    def key(self) -> str:
        """The same for the same signal of the same scope, for whoever raises an alert of it."""
        scope = (self.workflow, self.control, self.queue, self.model_version)
        return "/".join((self.signal.code, *scope))

    @property
    def loudness(self) -> int:
        return LOUDNESS.index(Level(self.state))


def read(
    workflows: Collection[str], since: date | datetime, until: date | datetime, at: datetime
) -> list[Reading]:
    """Every signal of these workflows from `since` until `until`, both days included; the loudest
    first. A signal without a count reads "cannot say (n=0)" of its whole workflow."""
    first, last = _day(since), min(_day(until), at.date())
    tiers = dict(Workflow.objects.filter(slug__in=list(workflows)).values_list("slug", "tier"))
    frozen = _baselines(tiers)
    # A CUSUM goes on from the baseline, however long ago that was frozen.
    begin = min([first, *(one.last_day for one in frozen.values())])
    found = load(list(tiers), begin - timedelta(days=WEEK), last)
    readings = []
    for signal in SIGNALS:
        for slug, tier in tiers.items():
            scopes = [scope for code, scope in found if (code, scope[0]) == (signal.code, slug)]
            for scope in scopes or [Scope(slug)]:
                series = found.get((signal.code, scope), Series())
                baseline = frozen.get((signal.code, scope))
                one = _Asked(signal, scope, tier, series, baseline, first, last).reading()
                if one.n or scope == Scope(slug):
                    readings.append(one)
    return sorted(readings, key=lambda one: (-one.loudness, one.workflow))


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _baselines(workflows: Collection[str]) -> dict[tuple[str, Scope], Baseline]:
    """The newest version of each."""
    rows = Baseline.objects.filter(workflow__in=list(workflows)).order_by("version")
    return {
        (one.signal, Scope(one.workflow, one.control, one.queue, one.model_version)): one
        for one in rows
    }


@dataclass(frozen=True, slots=True)
class _Asked:
    """One signal asked of one scope."""

    signal: Signal
    scope: Scope
    tier: str
    series: Series
    baseline: Baseline | None
    first: date
    last: date

    def reading(self) -> Reading:
        here = tuple(p for p in self.series.points() if self.first <= p.day <= self.last)
        n, hits = sum(p.n for p in here), sum(p.hits for p in here)
        told = n >= LEAST
        low, high = interval(hits, n) if told else (None, None)
        plain = Reading(
            signal=self.signal,
            **self.scope._asdict(),
            since=self.first,
            until=self.last,
            n=n,
            hits=hits,
            rate=hits / n if told else None,
            low=low,
            high=high,
            state=Level.CANNOT_SAY,
            sentence=f"cannot say (n={n:,})",
            series=here,
            url=self.records(),
        )
        if self.signal.method == "any" and hits:
            always = self.signal.code in ALWAYS_ACTION or self.tier == Tier.HIGH
            said = f"{hits:,} of {n:,} {self.signal.what}."
            return replace(plain, state=Level.ACTION if always else Level.WARNING, sentence=said)
        if not told:
            return plain
        judge = {
            "band": self.by_band,
            "band and cusum": self.by_band,
            "any": self.by_none,
            "extremes": self.by_extremes,
            "agreement": self.by_agreement,
            "time": self.by_time,
        }[self.signal.method]
        return judge(replace(plain, sentence=self.share(plain)))

    def share(self, plain: Reading) -> str:
        assert plain.low is not None
        assert plain.high is not None
        return (
            f"{_share(plain.hits / plain.n)} ({plain.hits:,} of {plain.n:,} {self.signal.what}; "
            f"95 % interval {_share(plain.low)} to {_share(plain.high)})."
        )

    def by_none(self, plain: Reading) -> Reading:
        return replace(plain, state=Level.QUIET)

    def by_band(self, plain: Reading) -> Reading:
        if self.baseline is None:
            said = f"{plain.sentence} What is usual is frozen after 20 periods with 10 or more."
            return replace(plain, sentence=said)
        rate, days = usual(self.baseline), self.baseline.period_days
        points = tuple(
            point
            for point in self.series.points(days)
            if point.n >= LEAST and self.first <= point.day + timedelta(days=days - 1)
            and not self.baseline.covers(point.day)
        )  # fmt: skip
        alarms = tuple(self.doublings(rate))
        state = _by_points(points, rate, self.signal.good)
        why = ""
        if alarms:
            state, why = Level.ACTION, f" A doubling showed on {alarms[-1]:%d %B %Y}."
        said = f"{plain.sentence} Usual: {_share(rate)} (version {self.baseline.version}).{why}"
        return replace(
            plain,
            state=state,
            sentence=said,
            points=points,
            band=tuple(bands.limits(point.n, rate) for point in points),
            baseline=self.baseline,
            alarms=alarms,
        )

    def doublings(self, rate: float) -> Iterator[date]:
        """The days of the period on which the CUSUM alarmed; it goes on from the baseline."""
        if self.signal.method != "band and cusum" or self.baseline is None:
            return
        after = [
            (day, self.series.gaps[day])
            for day in sorted(self.series.gaps)
            if day > self.baseline.last_day
        ]
        for day in cusum.alarms(after, rate):
            if self.first <= day <= self.last:
                yield day

    def by_extremes(self, plain: Reading) -> Reading:
        if plain.n < LEAST_EXTREME:
            said = f"cannot say (n={plain.n:,}); {LEAST_EXTREME} are needed."
            return replace(plain, sentence=said)
        if 0 < plain.hits < plain.n:
            return replace(plain, state=Level.QUIET)
        word = "never fired" if plain.hits == 0 else "always fired"
        said = f"It {word} in {plain.n:,} {self.signal.what}."
        return replace(plain, state=Level.NOTICE, sentence=said)

    def by_agreement(self, plain: Reading) -> Reading:
        kept = self.series.buckets
        table = agreement.table_of(kept[day] for day in kept if self.first <= day <= self.last)
        low, high = table.interval()
        words = [f"{_share(plain.hits / plain.n)} agree ({table.agreed:,} of {table.n:,} pairs"]
        words.append(f"95 % interval {_share(low)} to {_share(high)})")
        if table.kappa is not None and table.ac1 is not None:
            words.append(f"κ {table.kappa:.2f}, AC1 {table.ac1:.2f}.")
        said = "; ".join(words)
        found = replace(plain, table=table, low=low, high=high, sentence=said)
        if table.n < agreement.LEAST_PAIRS:
            return replace(found, sentence=f"{said} Nobody acts on fewer than 50 pairs.")
        is_low = high < LEAST_AGREEMENT
        return replace(found, state=Level.WARNING if is_low else Level.QUIET)

    def by_time(self, plain: Reading) -> Reading:
        """A median, never of a person: hidden where fewer than five people decided. How long a
        case waited is about the queue and is always shown."""
        days = [self.series.buckets.get(point.day, {}) for point in plain.series]
        bare = replace(plain, rate=None, low=None, high=None)
        counts = days
        if self.signal.code == "review_time":
            people = {person for day in days for person in day.get("people", ())}
            if len(people) < LEAST_PEOPLE:
                said = f"cannot say: {len(people)} people decided here; shown from five on."
                return replace(bare, sentence=said)
            counts = [day.get("seconds", {}) for day in days]
        seconds = percentile(merged(counts), 0.5)
        late = percentile(merged(counts), 0.9)
        said = f"Half within {_words(seconds)}, nine of ten within {_words(late)} (n={plain.n:,})."
        return replace(bare, state=Level.QUIET, seconds=seconds, sentence=said)

    def records(self) -> str:
        """The cases of the period, as the list of cases finds them."""
        asked = {
            "workflow": self.scope.workflow,
            "control": self.scope.control,
            "queue": self.scope.queue,
            "received_after": f"{self.first}T00:00:00Z",
            "received_before": f"{self.last + timedelta(days=1)}T00:00:00Z",
        }
        return "/cases/?" + urlencode({name: value for name, value in asked.items() if value})


def _by_points(points: tuple[Point, ...], rate: float, good: str) -> Level:
    """How loud the periods are on the sides that matter."""
    watched = {Good.LOW: (1,), Good.HIGH: (-1,), Good.BAND: (1, -1)}[Good(good)]
    near = [bands.beyond(point.hits, point.n, rate, bands.NOTICE_TAIL) for point in points]
    if any(bands.beyond(point.hits, point.n, rate) in watched for point in points):
        return Level.ACTION
    if any(bands.two_of_three(near, side) for side in watched):
        return Level.WARNING
    return Level.NOTICE if any(side in watched for side in near) else Level.QUIET


def _share(rate: float) -> str:
    return f"{rate * 100:.1f} %"


def _words(seconds: float | None) -> str:
    if seconds is None:
        return "no time"
    for size, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= size * 2:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} seconds"
