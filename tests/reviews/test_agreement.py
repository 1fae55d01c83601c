"""A row that says something else than its chain is found, and the entry is named."""

from __future__ import annotations

import json

import pytest

from assurance.record import ledger, verification
from reviews import decisions
from reviews.choices import State
from reviews.decisions import Verdict
from reviews.models import Case, Decision
from tests.database import tampering
from tests.reviews.conftest import MINUTE, NOON, SYSTEM, WHY, closed, decided

pytestmark = pytest.mark.django_db


def found() -> list[tuple[int | None, str]]:
    return [(one.seq, one.code) for one in verification.problems()]


def _verdict(outcome: str, **more: object) -> Verdict:
    return Verdict(outcome, reasons=["other"], rationale=WHY, **more)


def tamper(sql: str, *params: object) -> None:
    with tampering() as cursor:
        cursor.execute(sql, params)
        assert cursor.rowcount, "the test changed nothing"


@pytest.fixture
def ended(waiting, cast) -> Case:
    """Approved by ada: received, assessed, routed, claimed, decided, closed."""
    case = closed(waiting, cast.ada)
    assert ledger.types(ledger.Stream.case(case.id))[-1] == "case.closed"
    assert found() == []
    return case


def test_every_way_a_case_can_go_agrees_with_its_record(post, cast):
    from reviews import aftermath, intake, releasing

    closed(post(), cast.ada)
    closed(post(), cast.ada, _verdict("reject"))
    closed(post(), cast.ada, _verdict("escalate", queue="credit-specialists"))
    returned = closed(post(), cast.ada, _verdict("return"))
    intake.revise(returned, {"output": {"amount": 1, "text": "Less."}}, actor=SYSTEM, at=NOON)
    taken_back = decided(post(), cast.ada)
    decisions.undo(taken_back, by=cast.ada, at=NOON)
    pending = decided(post(), cast.ada)
    aftermath.withdraw(pending.case, actor=SYSTEM, at=NOON)
    superseded = closed(post(), cast.ada)
    again = decisions.supersede(
        superseded,
        _verdict("reject"),
        of=superseded.decisions.get().pk,
        by=cast.ada,
        at=NOON + MINUTE,
    )
    releasing.release_due(again.release_at)
    decided(post(), cast.ada, at=NOON + MINUTE)
    post(10)

    assert found() == []


@pytest.mark.parametrize(
    ("column", "value", "entry"),
    [
        ('"end"', "rejected", 6),
        ("output_sha256", "0" * 64, 1),
        ("disposition", "continue", 2),
        ("decided_by", json.dumps(["caller"]), 2),
        ("revision", 2, 1),
    ],
)
def test_a_changed_case_is_found(ended, column, value, entry):
    tamper(f"UPDATE reviews_case SET {column} = %s", value)

    assert found() == [(entry, "case_differs")]


def test_a_case_taken_out_of_its_queue_is_found(waiting):
    tamper("UPDATE reviews_case SET state = %s", State.CONTINUED)

    assert {code for _, code in found()} == {"case_differs"}


def test_a_decision_made_another_is_found(ended):
    tamper("UPDATE reviews_decision SET outcome = 'reject'")

    assert found() == [(5, "decision_differs")]


def test_a_decision_that_nobody_made_is_found(ended, cast):
    row = Decision.objects.values().get() | {"is_current": False}
    row.pop("id")
    Decision.objects.create(**row)

    assert found() == [(None, "decision_unrecorded")]


def test_a_decision_released_by_hand_is_found(waiting, cast):
    decision = decided(waiting, cast.ada)
    tamper("UPDATE reviews_decision SET released_at = now() WHERE id = %s", decision.pk)

    assert found() == [(5, "decision_differs")]


def test_a_decision_withdrawn_by_hand_is_found(waiting, cast):
    decision = decided(waiting, cast.ada)
    tamper("UPDATE reviews_decision SET withdrawn_at = now() WHERE id = %s", decision.pk)

    assert found() == [(5, "decision_differs")]


def test_a_corrected_output_changed_afterwards_is_found(waiting, cast):
    closed(waiting, cast.ada, _verdict("correct", output={"amount": 2000, "text": "We lend it."}))
    assert found() == []

    tamper("UPDATE reviews_decision SET output = %s", json.dumps({"amount": 9000}))

    assert found() == [(5, "decision_differs")]


def test_a_changed_submission_is_found(ended):
    tamper("UPDATE reviews_submission SET body = jsonb_set(body, '{output,amount}', '1')")

    assert found() == [(1, "submission_differs")]


def test_a_deleted_submission_is_found(ended):
    tamper("DELETE FROM reviews_submission")

    assert found() == [(1, "submission_differs")]


def test_a_deleted_case_is_found(waiting):
    tamper("DELETE FROM reviews_submission")
    tamper("DELETE FROM reviews_case")

    assert found() == [(None, "case_missing")]


def test_a_case_that_nothing_received_is_found(ended):
    tamper("DELETE FROM record_recordpayload")
    tamper("DELETE FROM record_event")
    tamper("DELETE FROM record_eventpending")
    tamper("DELETE FROM record_streamhead")

    assert found() == [(None, "case_unrecorded")]


def test_only_what_was_asked_for_is_compared(waiting, ended, post, credit):
    other = post()
    tamper("UPDATE reviews_case SET title = title, disposition = 'block' WHERE id = %s", other.id)

    of_other = verification.problems(only=("case", str(other.id)))
    assert [one.code for one in of_other] == ["case_differs"]
    assert list(verification.problems(only=("case", str(ended.id)))) == []
    assert list(verification.problems(workflow="claims-letters")) == []
    assert [one.code for one in verification.problems(workflow=credit.slug)] == ["case_differs"]


def test_the_words_say_what_differs_and_from_what(ended):
    tamper("UPDATE reviews_case SET \"end\" = 'rejected'")

    (problem,) = verification.problems()

    assert str(problem) == (
        f"case/{ended.id} #6 case.closed: the table of cases has another end: "
        '"rejected" instead of "approved".'
    )
