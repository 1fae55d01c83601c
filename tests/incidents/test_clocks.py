"""Legal clocks: each period as its quote says, start plus so many hours, the shortest applies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from incidents import clocks
from incidents.choices import Criterion
from incidents.models import Incident

AWARE = datetime(2031, 3, 29, 23, 30, tzinfo=UTC)  # the night before summer time begins
# What the quoted words say, read by a person: web pages swap the two and the ten days.
SAID = {
    "ai-act-73-2": ("not later than 15 days", timedelta(days=15)),
    "ai-act-73-3": ("not later than two days", timedelta(days=2)),
    "ai-act-73-4": ("not later than 10 days", timedelta(days=10)),
    "gdpr-33-1": ("not later than 72 hours", timedelta(hours=72)),
}


def running(*criteria: str, severity: int = 4) -> list[clocks.Clock]:
    held = dict.fromkeys(criteria, True)
    return clocks.of(Incident(number=1, severity=severity, aware_at=AWARE, **held))


@pytest.mark.parametrize("rule", clocks.rules(), ids=lambda rule: rule.key)
def test_each_period_is_that_of_its_quote(rule):
    words, period = SAID[rule.key]

    assert words in rule.quote
    assert timedelta(hours=rule.hours) == period
    assert rule.source
    assert rule.verified_on.year >= 2026
    assert set(rule.any_of) <= set(Criterion.values)


def test_the_table_holds_exactly_what_was_read():
    assert {rule.key for rule in clocks.rules()} == set(SAID)


def test_a_clock_runs_so_many_hours_from_awareness_whatever_the_calendar_says():
    (clock,) = running("health")

    assert clock.due_at == AWARE + timedelta(hours=360)
    assert clock.left(AWARE) == timedelta(days=15)
    assert clock.as_json(AWARE + timedelta(days=15, seconds=1))["is_over"] is True


@pytest.mark.parametrize(
    ("criteria", "applying"),
    [
        (["rights"], ["ai-act-73-2"]),
        (["death"], ["ai-act-73-4"]),
        (["infrastructure"], ["ai-act-73-3"]),
        (["death", "widespread"], ["ai-act-73-3"]),
        (["death", "personal_data"], ["gdpr-33-1", "ai-act-73-4"]),
    ],
)
def test_of_one_regime_the_shortest_applies(criteria, applying):
    found = running(*criteria)

    assert [one.rule.key for one in found if one.applies] == applying
    assert len(found) > len(applying) or criteria == ["rights"]


@pytest.mark.parametrize("severity", [1, 2, 3, 4])
def test_severity_neither_starts_nor_stops_a_clock(severity):
    assert running(severity=severity) == []
    assert [one.rule.key for one in running("death", severity=severity) if one.applies] == [
        "ai-act-73-4"
    ]


def test_before_anybody_was_aware_none_runs():
    assert clocks.of(Incident(number=1, severity=1, death=True)) == []
