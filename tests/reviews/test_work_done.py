"""What people did in a queue: what came, what was decided, how long it took and waited."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reviews import claims, decisions, releasing, work_done
from reviews.decisions import Verdict
from reviews.models import Case
from tests.reviews.conftest import MINUTE, NOON, WHY, approve, decided

HOUR = timedelta(hours=1)
SINCE, UNTIL = NOON - HOUR, NOON + 20 * HOUR


def worked(case: Case, user, *, took: timedelta, at=NOON, verdict: Verdict | None = None):
    """Claim, decide after so long, release."""
    held = claims.claim(case, by=user, at=at)
    done = decisions.decide(
        held, verdict or approve(), by=user, lease=held.lease_number, at=at + took
    )
    assert releasing.release_due(done.release_at) == 1
    case.refresh_from_db()
    return done


def found(slug: str = "credit-review", since=SINCE, until=UNTIL):
    return work_done.per_queue([slug], since, until)[slug]


def test_minutes_go_from_the_last_claim_to_the_decision(post, cast):
    case = post()
    held = claims.claim(case, by=cast.ben, at=NOON)
    claims.release(held, by=cast.ben, lease=held.lease_number, at=NOON + MINUTE)
    worked(case, cast.ada, took=7 * MINUTE, at=NOON + HOUR)

    assert found().minutes == [pytest.approx(7)]


def test_a_wait_is_a_share_of_the_time_that_the_case_had(post, cast):
    case = post()
    had = case.due_at - NOON
    worked(case, cast.ada, took=5 * MINUTE, at=NOON + HOUR)

    assert found().waits == [pytest.approx((HOUR + 5 * MINUTE) / had)]


def test_a_case_that_moved_on_came_to_both_queues_and_waited_in_the_last(post, cast):
    case = post()
    up = Verdict(
        "escalate", reasons=["beyond-authority"], rationale=WHY, queue="credit-specialists"
    )
    worked(case, cast.ada, took=MINUTE, verdict=up)
    worked(case, cast.cleo, took=2 * MINUTE, at=NOON + HOUR)

    general, special = found(), found("credit-specialists")
    assert (general.came, general.decided, special.came, special.decided) == (1, 1, 1, 1)
    assert (general.minutes, special.minutes) == ([pytest.approx(1)], [pytest.approx(2)])
    assert general.waits == ()
    assert len(special.waits) == 1


def test_what_waits_still_came_and_what_is_not_released_is_not_decided(post, cast):
    post()
    decided(post(), cast.ada)

    assert (found().came, found().decided, found().minutes) == (2, 0, ())


def test_only_the_window_counts(post, cast):
    worked(post(), cast.ada, took=MINUTE)
    worked(post(at=NOON + 3 * HOUR), cast.ada, took=2 * MINUTE, at=NOON + 3 * HOUR)

    later = found(since=NOON + 2 * HOUR)
    earlier = found(until=NOON + 2 * HOUR)
    assert (later.came, later.decided, later.minutes) == (1, 1, [pytest.approx(2)])
    assert (earlier.came, earlier.decided, earlier.minutes) == (1, 1, [pytest.approx(1)])


def test_times_are_of_the_newest_decisions_only(post, cast, monkeypatch):
    monkeypatch.setattr(work_done, "NEWEST", 2)
    for n in range(3):
        at = NOON + n * HOUR
        worked(post(at=at), cast.ada, took=(n + 1) * MINUTE, at=at)

    assert found().decided == 3
    assert found().minutes == [pytest.approx(3), pytest.approx(2)]


def test_an_unknown_queue_is_left_out(post):
    assert work_done.per_queue(["nowhere"], SINCE, UNTIL) == {}


def test_two_questions_however_many_cases(post, cast, django_assert_num_queries):
    for _ in range(2):
        worked(post(), cast.ada, took=MINUTE)

    with django_assert_num_queries(2):
        found()
