"""What the pause of a workflow means for its cases: new ones are held, open ones are worked,
nothing leaves, and clocks stand still."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from assurance.controls import pausing
from assurance.controls.models import Workflow
from assurance.delivery.models import Delivery
from assurance.record import ledger
from reviews import claims, deadlines, intake, releasing, resuming, workflow_pauses
from reviews.models import Case
from tests.accounts_factories import ClientFactory
from tests.controls_factories import make_workflow, policy
from tests.delivery_factories import EndpointFactory
from tests.racing import race
from tests.reviews.conftest import MINUTE, NOON, SECOND, SYSTEM, decided

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def fresh(case: Case) -> Case:
    return Case.objects.for_list().get(pk=case.pk)


def types(case: Case) -> list[str]:
    return ledger.types(ledger.Stream.case(case.id))


def paused(workflow, cast, at=NOON):
    return pausing.pause(workflow, reason="Wrong sums.", by=cast.dev, at=at)


def resumed(workflow, cast, at):
    return pausing.resume(workflow, reason="Fine.", by=cast.grace, at=at)


def test_the_next_case_is_held_and_says_that_the_pause_did_it(credit, cast, post):
    paused(credit, cast)

    small, large = post(10, at=NOON + SECOND), post(4820, at=NOON + SECOND)

    for case in (small, large):
        assert (case.disposition, case.state, case.decided_by) == ("pause", "paused", ["paused"])
        assert case.proceed is None


def test_an_open_case_keeps_its_status_and_is_worked_but_its_decision_does_not_leave(
    credit, cast, waiting
):
    paused(credit, cast)
    assert fresh(waiting).status(NOON) == "waiting"

    decision = decided(waiting, cast.ada, at=NOON + SECOND)

    assert fresh(waiting).status(NOON + SECOND) == "in_review"
    assert releasing.release_due(NOON + HOUR) == 0
    assert fresh(waiting).status(NOON + HOUR) == "paused"
    assert fresh(waiting).end == ""

    resumed(credit, cast, NOON + HOUR)

    assert releasing.release_due(NOON + HOUR) == 1
    assert fresh(waiting).end == "approved"
    decision.refresh_from_db()
    assert decision.released_at == NOON + HOUR


def test_due_times_move_by_the_length_of_the_pause_and_nothing_becomes_late_by_it(
    credit, cast, waiting
):
    due, rank = waiting.due_at, waiting.rank_at
    paused(credit, cast, NOON + HOUR)
    assert deadlines.record_overdue(due + HOUR) == 0

    resumed(credit, cast, NOON + 3 * HOUR)

    moved = fresh(waiting)
    assert (moved.due_at, moved.rank_at) == (due + 2 * HOUR, rank + 2 * HOUR)
    assert deadlines.record_overdue(due + 2 * HOUR - SECOND) == 0
    assert deadlines.record_overdue(due + 2 * HOUR) == 1


def test_due_times_of_other_workflows_stay(credit, cast, waiting):
    make_workflow("claims-letters", controls=[policy("LET-01")], owner=cast.gus)
    letters = Workflow.objects.get(slug="claims-letters")
    body = {"workflow": letters.slug, "external_id": "l-1", "output": {"amount": 9000}}
    other = intake.submit(body, workflow=letters, client=None, actor=SYSTEM, at=NOON).case

    paused(credit, cast)
    resumed(credit, cast, NOON + HOUR)

    assert fresh(other).due_at == other.due_at


def test_resuming_judges_each_held_case_again_and_continue_becomes_review(credit, cast, post):
    EndpointFactory(client=ClientFactory(workflows=[credit.slug]))
    paused(credit, cast)
    small, large = post(10, at=NOON + SECOND), post(4820, at=NOON + SECOND)

    resumed(credit, cast, NOON + HOUR)

    for case, decided_by in ((fresh(small), []), (fresh(large), ["LIM-01"])):
        assert (case.state, case.disposition, case.decided_by) == ("open", "review", decided_by)
        assert case.queue.slug == "credit-review"
        assert case.due_at == NOON + 5 * HOUR
        assert types(case)[-3:] == ["case.resumed", "case.assessed", "case.routed"]
        assert case.assessment.purpose == "resume"
    routed = Delivery.objects.filter(event_type="case.routed", reference=large.reference)
    assert routed.count() == 1
    assert ledger.verify() == []


def test_a_case_that_a_control_holds_too_stays_held_for_its_own_resume(cast, post, credit):
    other = make_workflow(
        "claims-letters", controls=[policy("LET-08", effect="pause")], owner=cast.gus
    )
    body = {"workflow": other.slug, "external_id": "l-1", "output": {"amount": 9000}}
    paused(other, cast)
    case = intake.submit(body, workflow=other, client=None, actor=SYSTEM, at=NOON + SECOND).case
    assert set(case.decided_by) == {"LET-08", "paused"}

    resumed(other, cast, NOON + HOUR)

    assert (fresh(case).state, fresh(case).decided_by) == ("paused", ["LET-08"])
    resuming.resume(fresh(case), reason="Looked.", by=cast.grace, at=NOON + HOUR)
    assert fresh(case).state == "open"


def test_in_observe_a_held_case_is_seen_by_a_person_once_it_may_go_on(cast):
    watched = make_workflow("claims-letters", controls=[], owner=cast.gus, stage="observe")
    body = {"workflow": watched.slug, "external_id": "l-1", "output": {"amount": 9}}
    paused(watched, cast)
    case = intake.submit(body, workflow=watched, client=None, actor=SYSTEM, at=NOON + SECOND).case
    assert case.state == "paused"

    resumed(watched, cast, NOON + HOUR)

    assert (fresh(case).state, fresh(case).disposition) == ("open", "review")
    assert fresh(case).enforced
    assert ledger.verify() == []


def test_more_held_cases_than_one_act_takes_are_the_sweeps(credit, cast, post, monkeypatch):
    monkeypatch.setattr(workflow_pauses, "AT_ONCE", 2)
    paused(credit, cast)
    for _ in range(5):
        post(at=NOON + SECOND)

    resumed(credit, cast, NOON + HOUR)
    left = Case.objects.filter(state="paused").count()
    swept = [workflow_pauses.resume_held(NOON + HOUR) for _ in range(2)]

    assert left == 3
    assert swept == [3, 0]
    assert not Case.objects.filter(state="paused").exists()


def test_the_sweep_leaves_what_is_paused_again(credit, cast, post, monkeypatch):
    monkeypatch.setattr(workflow_pauses, "AT_ONCE", 0)
    paused(credit, cast)
    post(at=NOON + SECOND)
    resumed(credit, cast, NOON + MINUTE)
    paused(credit, cast, NOON + 2 * MINUTE)

    assert workflow_pauses.resume_held(NOON + 3 * MINUTE) == 0
    assert Case.objects.get().state == "paused"


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_judge_each_held_case_once(credit, cast, post, monkeypatch):
    monkeypatch.setattr(workflow_pauses, "AT_ONCE", 0)
    paused(credit, cast)
    for _ in range(6):
        post(at=NOON + SECOND)
    resumed(credit, cast, NOON + HOUR)

    done = race([lambda: workflow_pauses.resume_held(NOON + HOUR)] * 3)
    workflow_pauses.resume_held(NOON + HOUR)

    assert sum(done) <= 6
    for case in Case.objects.all():
        assert types(case).count("case.resumed") == 1


@pytest.mark.django_db(transaction=True)
def test_a_pause_waits_for_the_post_that_is_under_way_and_holds_the_next(credit, cast):
    """Intake shares the workflow's lock: nothing is judged as running after the pause is kept."""
    under_way, go_on = threading.Event(), threading.Event()
    order: list[str] = []

    def slow_post() -> Case:
        with transaction.atomic():
            case = submit("slow")
            under_way.set()
            go_on.wait(10)
            order.append("posted")
        return case

    def pause() -> None:
        under_way.wait(10)
        threading.Timer(0.3, go_on.set).start()
        paused(credit, cast)
        order.append("paused")

    def submit(name: str) -> Case:
        body = {"workflow": credit.slug, "external_id": name, "output": {"amount": 1}}
        return intake.submit(body, workflow=credit, client=None, actor=SYSTEM, at=NOON).case

    results = race([slow_post, pause])
    connection.close()

    assert order == ["posted", "paused"]
    assert results[0].state == "continued"
    assert submit("next").state == "paused"


def test_a_held_case_is_not_claimed_and_an_undo_works_while_it_is_paused(
    credit, cast, waiting, post
):
    paused(credit, cast)
    decision = decided(waiting, cast.ada, at=NOON + SECOND)
    from reviews import decisions

    decisions.undo(decision, by=cast.ada, at=NOON + 2 * SECOND)
    held = post(at=NOON + SECOND)

    assert fresh(waiting).is_held_by(cast.ada, NOON + 2 * SECOND)
    with pytest.raises(Exception, match="paused"):
        claims.claim(held, by=cast.ben, at=NOON + SECOND)
