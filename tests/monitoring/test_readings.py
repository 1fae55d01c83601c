"""What signals say of counts that are known: how loudly, and when nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction

from assurance.controls.models import Workflow
from assurance.errors import DomainError
from assurance.monitoring import baselines, readings
from assurance.monitoring.choices import Level, Measure
from assurance.monitoring.counting import gaps
from assurance.monitoring.models import Baseline, DailyCount
from assurance.monitoring.readings import Reading
from assurance.monitoring.series import Scope
from assurance.monitoring.signals import BY_CODE, SENTENCES, SIGNALS
from tests.controls_factories import make_workflow

pytestmark = pytest.mark.django_db

SLUG = "credit-decisions"
BEGIN = date(2031, 1, 6)
DAY = timedelta(days=1)


@pytest.fixture
def workflow(cast) -> Workflow:
    return make_workflow(SLUG, owner=cast.grace)


def count(measure: str, day: int, n: int, hits: int, **more) -> DailyCount:
    return DailyCount.objects.create(
        workflow=SLUG, measure=measure, day=BEGIN + day * DAY, n=n, hits=hits, **more
    )


def moment(day: int) -> datetime:
    return datetime(2031, 1, 6, 12, tzinfo=UTC) + day * DAY


def reading(code: str, first: int, last: int, **scope: str) -> Reading:
    found = readings.read([SLUG], BEGIN + first * DAY, BEGIN + last * DAY, moment(last))
    (one,) = (r for r in found if r.signal.code == code
              and all(getattr(r, name) == value for name, value in scope.items()))  # fmt: skip
    return one


def usual(measure: str = Measure.KNOWN, n: int = 200, hits: int = 4, days: int = 20, **more):
    for day in range(days):
        count(measure, day, n, hits, **more)
    assert baselines.freeze_due(moment(days)) >= 1


def test_without_any_count_every_signal_is_asked_and_cannot_say(workflow):
    found = readings.read([SLUG], BEGIN, BEGIN + DAY, moment(1))

    assert [one.signal.code for one in found] == [signal.code for signal in SIGNALS]
    assert {one.sentence for one in found} == {"cannot say (n=0)"}
    assert {one.state for one in found} == {Level.CANNOT_SAY}


def test_every_signal_has_its_question_and_the_sentence_of_its_method():
    assert len(BY_CODE) == len(SIGNALS)
    for signal in SIGNALS:
        assert signal.question.endswith("?")
        assert signal.explained == SENTENCES[signal.method]
        assert signal.measure in Measure.values
        assert signal.what
        assert signal.whole or signal.each


@pytest.mark.parametrize("n", [9, 10])
def test_a_rate_of_fewer_than_ten_is_hidden(workflow, n):
    count(Measure.KNOWN, 0, n, 3)
    one = reading("wrong", 0, 0)

    assert (one.rate is None, one.low is None, one.sentence == "cannot say (n=9)") == (
        (True, True, True) if n == 9 else (False, False, False)
    )


@pytest.mark.parametrize(
    ("hits", "level"),
    [
        ([4, 4, 4], Level.QUIET),
        ([4, 9, 4], Level.NOTICE),
        ([9, 4, 9], Level.WARNING),
        ([4, 4, 12], Level.ACTION),
        ([0, 0, 0], Level.QUIET),
    ],
)
def test_how_loud_it_is_follows_from_the_periods_beyond_the_band(workflow, hits, level):
    usual(Measure.DECIDED)
    for day, some in enumerate(hits, 20):
        count(Measure.DECIDED, day, 200, some)

    one = reading("overdue", 20, 22)
    assert one.state == level
    assert one.band == ((0, 11),) * 3
    assert "Usual: 2.0 % (version 1)" in one.sentence


def test_a_slow_doubling_is_seen_by_the_cusum_on_its_day_and_by_no_band(workflow):
    usual(n=100, hits=2)
    for day in range(20, 40):
        count(Measure.KNOWN, day, 100, 4, gaps=gaps(100, [10, 35, 60, 85]))

    one = reading("wrong", 20, 39)
    assert one.state == Level.ACTION
    assert one.alarms
    assert all(low <= p.hits <= high for p, (low, high) in zip(one.points, one.band, strict=True))
    before = reading("wrong", 20, (one.alarms[0] - BEGIN).days - 1)
    assert before.state != Level.ACTION


def test_what_must_never_be_is_for_action_in_a_high_tier_and_a_warning_elsewhere(workflow):
    count(Measure.FAIL_OPEN, 0, 5_000, 1)
    assert reading("fail_open", 0, 0).state == Level.ACTION
    Workflow.objects.update(tier="low")
    assert reading("fail_open", 0, 0).state == Level.WARNING


def test_a_broken_record_is_for_action_whatever_the_tier(workflow):
    Workflow.objects.update(tier="low")
    count(Measure.ALERTS, 0, 3, 0, buckets={"record_broken": 1, "case_overdue": 2})
    one = reading("record_broken", 0, 0)
    assert (one.state, one.hits) == (Level.ACTION, 1)


def test_controls_that_never_or_always_fire_are_told_when_enough_was_judged(workflow):
    count(Measure.FIRED, 0, 300, 0, control="DEAD")
    count(Measure.FIRED, 0, 300, 300, control="LOUD")
    count(Measure.FIRED, 0, 300, 1, control="FINE")
    count(Measure.FIRED, 0, 150, 0, control="NEW")

    states = {
        key: reading("dead_control", 0, 0, control=key).state
        for key in ("DEAD", "LOUD", "FINE", "NEW")
    }
    assert states == {
        "DEAD": Level.NOTICE, "LOUD": Level.NOTICE, "FINE": Level.QUIET, "NEW": Level.CANNOT_SAY,
    }  # fmt: skip


def test_agreement_comes_with_its_table_and_acts_from_fifty_pairs_on(workflow):
    buckets = {"right/right": 20, "right/wrong": 12, "wrong/wrong": 8}
    count(Measure.AGREED, 0, 40, 28, buckets=buckets)
    one = reading("agreement", 0, 0)
    assert (one.state, one.table.first_only) == (Level.CANNOT_SAY, 12)

    count(Measure.AGREED, 1, 40, 28, buckets=buckets)
    one = reading("agreement", 0, 1)
    assert (one.state, one.table.n) == (Level.WARNING, 80)
    assert "κ" in one.sentence


def test_times_of_review_are_shown_of_five_people_or_more_only(workflow):
    seconds = {"6": 30}
    for day, people in enumerate(([1, 2, 3], [2, 3, 4], [5])):
        buckets = {"seconds": seconds, "people": people}
        count(Measure.HANDLED, day, 30, 0, queue="q", total=1_500, buckets=buckets)

    hidden = reading("review_time", 0, 1, queue="q")
    assert (hidden.state, hidden.seconds) == (Level.CANNOT_SAY, None)
    shown = reading("review_time", 0, 2, queue="q")
    assert (shown.state, shown.seconds) == (Level.QUIET, 48.0)


def test_a_baseline_is_of_the_first_twenty_periods_and_never_moves_by_itself(workflow):
    for day in range(25):
        count(Measure.KNOWN, day, 100, 2 if day < 20 else 50)

    assert baselines.freeze_due(moment(19)) == 0  # the twentieth day is not over
    assert baselines.freeze_due(moment(20)) == 1
    assert baselines.freeze_due(moment(25)) == 0
    one = Baseline.objects.get()
    assert (one.n, one.hits, one.periods, one.period_days) == (2_000, 40, 20, 1)
    with pytest.raises(Exception, match="append-only"), transaction.atomic():
        Baseline.objects.update(hits=1)


def test_where_days_are_too_small_weeks_are_the_periods(workflow):
    for day in range(7 * 21):
        count(Measure.KNOWN, day, 3, 0)

    assert baselines.freeze_due(moment(7 * 21)) == 1
    one = Baseline.objects.get()
    assert (one.period_days, one.periods, one.n) == (7, 20, 20 * 21)
    assert baselines.usual(one) == pytest.approx(0.5 / 421)


def test_a_person_says_anew_what_is_usual_as_the_next_version_with_a_reason(workflow, cast):
    usual()
    for day in range(20, 45):
        count(Measure.KNOWN, day, 200, 40)
    first, last = BEGIN + 20 * DAY, BEGIN + 44 * DAY

    def freeze(reason="A new model.", last=last, code="wrong"):
        return baselines.freeze(
            code, Scope(SLUG), first, last, reason=reason, by=cast.grace, at=moment(46)
        )

    for wrong in ({"reason": " "}, {"last": BEGIN + 46 * DAY}, {"last": BEGIN + 30 * DAY},
                  {"code": "fail_open"}):  # fmt: skip
        with pytest.raises(DomainError):
            freeze(**wrong)
    made = freeze()
    assert (made.version, made.periods, made.hits) == (2, 25, 1_000)
    assert Baseline.objects.get(version=1).hits == 80


def test_the_model_and_the_whole_workflow_are_never_added(workflow):
    count(Measure.ASSESSED, 0, 30, 0)
    count(Measure.ASSESSED, 0, 20, 0, model_version="scorecard 1")
    count(Measure.ASSESSED, 0, 10, 0, model_version="scorecard 2")

    assert reading("ungoverned", 0, 0, model_version="").n == 30
    assert reading("ungoverned", 0, 0, model_version="scorecard 2").n == 10
