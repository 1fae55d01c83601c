"""Gathering: what a check sees of the past, whom it serialises, and what a failure means."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError, connection, transaction

from assurance.controls import gather as gathering
from assurance.controls.assess import assess
from assurance.controls.checks.registry import CHECKS
from assurance.controls.control_sets import newest_set
from assurance.controls.facts import build
from assurance.controls.gather import History, TooManyEarlier, gather
from assurance.controls.live_set import live_set
from assurance.controls.models import Assessment
from tests.controls_factories import make_workflow, verification

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LIMIT = {
    "name": "cumulative_limit",
    "params": {"field": "output.amount", "maximum": 10_000, "window": "P30D"},
}


@pytest.fixture
def workflow(db):
    return make_workflow(controls=[verification("SUM-01", check=LIMIT)])


def earlier(workflow, amount=1000, *, ago=DAY, subject="customer-7", **fields) -> Assessment:
    """An assessment of an earlier case."""
    facts = {
        "output": {"amount": amount},
        "subject": subject,
        "context": fields.pop("context", {}),
        "evidence": [{"label": "long", "kind": "text", "content": "x" * 2000}],
    }
    disposition = fields.pop("disposition", "continue")
    return Assessment.objects.create(
        **{
            "case_id": uuid4(),
            "revision": 1,
            "purpose": Assessment.Purpose.INTAKE,
            "workflow": workflow,
            "control_set": newest_set(workflow),
            "subject": subject,
            "facts": facts,
            "results": [],
            "disposition": disposition,
            "would_be": disposition,
            "enforced": True,
            "ungoverned": False,
            "duration_us": 1,
            "at": NOW - ago,
            **fields,
        }
    )


def total(workflow, *, subject_field="subject", subject="customer-7", days=30, case_id=None):
    history = History(workflow, at=NOW, case_id=case_id)
    return history.sum("output.amount", subject_field, subject, timedelta(days=days))


def test_the_sum_counts_the_subject_s_cases_within_the_window(workflow):
    earlier(workflow, 1000.1)
    earlier(workflow, 2000.2, ago=29 * DAY)
    earlier(workflow, 50_000, ago=31 * DAY)
    earlier(workflow, 50_000, subject="somebody-else")

    assert total(workflow) == Decimal("3000.3")


def test_nothing_earlier_sums_to_zero(workflow):
    assert total(workflow) == 0


def test_another_workflow_s_cases_do_not_count(workflow):
    earlier(make_workflow("claims-letters"), 5000)

    assert total(workflow) == 0


@pytest.mark.parametrize(
    ("disposition", "counts"),
    [
        ("continue", True),
        ("review", True),
        ("specialist", True),
        ("governance", True),
        ("pause", True),
        ("return", False),
        ("reroute", False),
        ("block", False),
    ],
)
def test_what_may_still_go_ahead_counts_and_what_was_refused_does_not(
    workflow, disposition, counts
):
    earlier(workflow, 700, disposition=disposition)

    assert total(workflow) == (700 if counts else 0)


def test_only_the_latest_revision_of_a_case_counts(workflow):
    case_id = uuid4()
    earlier(workflow, 9000, case_id=case_id, disposition="return")
    earlier(workflow, 100, case_id=case_id, revision=2, ago=DAY / 2)

    assert total(workflow) == 100


def test_a_case_that_was_blocked_in_its_latest_revision_does_not_count_with_an_earlier_one(
    workflow,
):
    case_id = uuid4()
    earlier(workflow, 9000, case_id=case_id)
    earlier(workflow, 9000, case_id=case_id, revision=2, disposition="block")

    assert total(workflow) == 0


def test_a_case_s_own_earlier_revisions_are_left_out(workflow):
    mine = earlier(workflow, 9000)

    assert total(workflow, case_id=mine.case_id) == 0


def test_a_judgement_of_a_correction_is_no_case_of_its_own(workflow):
    earlier(workflow, 9000, purpose=Assessment.Purpose.CORRECTION)

    assert total(workflow) == 0


@pytest.mark.parametrize("amount", [None, "4,820", True, [1], {"a": 1}])
def test_what_is_no_number_adds_nothing(workflow, amount):
    earlier(workflow, amount)

    assert total(workflow) == 0


def test_a_subject_may_be_any_field_even_one_named_like_a_database_word(workflow):
    earlier(workflow, 10, context={"in": {"exact": "a"}})
    earlier(workflow, 20, context={"in": {"exact": "b"}})
    earlier(workflow, 40, context={"customer__id": 7})
    earlier(workflow, 80, context={"customer__id": 7.0})
    earlier(workflow, 160, context={"customer__id": "7"})

    assert total(workflow, subject_field="context.in.exact", subject="a") == 10
    assert total(workflow, subject_field="context.customer__id", subject=7) == 120


def test_of_two_requests_the_one_that_waited_sees_the_other_even_if_its_clock_is_earlier(workflow):
    earlier(workflow, 9000, ago=-timedelta(seconds=2))

    assert total(workflow) == 9000


def test_earlier_cases_come_newest_first_with_what_was_asked_and_nothing_else(workflow):
    old = earlier(workflow, 1, ago=3 * DAY)
    new = earlier(workflow, 2, ago=DAY, context={"note": "x"})
    history = History(workflow, at=NOW)

    found = history.earlier("subject", "customer-7", 30 * DAY, ["output.amount", "context.note"])

    assert found == [
        {
            "case": str(new.case_id),
            "at": new.at.isoformat(),
            "output.amount": 2,
            "context.note": "x",
        },
        {
            "case": str(old.case_id),
            "at": old.at.isoformat(),
            "output.amount": 1,
            "context.note": None,
        },
    ]


def test_more_earlier_cases_than_can_be_compared_is_no_answer(workflow, monkeypatch):
    monkeypatch.setattr(gathering, "MOST_EARLIER", 2)
    for _ in range(3):
        earlier(workflow)

    with pytest.raises(TooManyEarlier):
        History(workflow, at=NOW).earlier("subject", "customer-7", 30 * DAY, ["output.amount"])


def test_sources_are_not_read_out_of_the_database(workflow, django_assert_num_queries):
    earlier(workflow)

    with django_assert_num_queries(1) as seen:
        total(workflow)

    assert '"controls_assessment"."facts",' not in seen.captured_queries[0]["sql"]


# --- gather -----------------------------------------------------------------------------------


def gathered(workflow, **body):
    live = live_set(newest_set(workflow))
    facts = build({"output": {"amount": 4000}, **body}, workflow, at=NOW)
    with transaction.atomic():
        gather(facts, live, workflow, at=NOW)
    return facts, assess(facts, live)


def test_what_was_gathered_lies_in_the_facts_and_decides(workflow):
    earlier(workflow, 7000)

    facts, judgement = gathered(workflow, subject="customer-7")

    assert facts["gathered"] == {"SUM-01": {"sum": "7000"}}
    assert judgement.results[0].outcome == "fail"
    assert judgement.disposition == "review"


def test_a_case_without_a_subject_goes_to_a_person(workflow):
    facts, judgement = gathered(workflow)

    assert facts["gathered"] == {"SUM-01": {}}
    assert judgement.results[0].outcome == "inconclusive"
    assert judgement.disposition == "review"


@pytest.mark.parametrize("step", ["gather", "lock_key"])
def test_a_check_that_cannot_gather_does_not_pass_and_nothing_else_is_lost(
    workflow, monkeypatch, step
):
    def crash(*args, **kwargs):
        raise RuntimeError("customer-7 is in this text")

    monkeypatch.setattr(CHECKS["cumulative_limit"], step, crash, raising=False)

    facts, judgement = gathered(workflow, subject="customer-7")

    assert facts["gathered"] == {"SUM-01": None}
    assert judgement.results[0].outcome == "not_run"
    assert judgement.disposition == "review"


def test_a_fault_in_the_database_s_own_terms_does_not_spoil_the_transaction(workflow, monkeypatch):
    def nonsense(*args, **kwargs):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    monkeypatch.setattr(CHECKS["cumulative_limit"], "gather", nonsense, raising=False)

    with transaction.atomic():
        _, judgement = gathered(workflow, subject="customer-7")
        assert Assessment.objects.count() == 0

    assert judgement.disposition == "review"


def test_a_database_that_does_not_answer_is_no_answer_at_all(workflow, monkeypatch):
    def gone(*args, **kwargs):
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr(CHECKS["cumulative_limit"], "gather", gone, raising=False)

    with pytest.raises(OperationalError):
        gathered(workflow, subject="customer-7")


@pytest.mark.django_db(transaction=True)
def test_ten_requests_of_one_subject_at_once_never_exceed_its_limit_together():
    workflow = make_workflow(controls=[verification("SUM-01", check=LIMIT)])
    live = live_set(newest_set(workflow))
    barrier, passed, faults = threading.Barrier(10), [], []

    def one(number: int) -> None:
        try:
            body = {"output": {"amount": 4000}, "subject": "customer-7"}
            barrier.wait(10)
            with transaction.atomic():
                facts = build(body, workflow, at=NOW)
                gather(facts, live, workflow, at=NOW)
                judgement = assess(facts, live)
                earlier(
                    workflow,
                    4000,
                    ago=timedelta(0),
                    case_id=UUID(int=number + 1),
                    disposition="continue" if judgement.disposition == "continue" else "block",
                )
            if judgement.disposition == "continue":
                passed.append(number)
        except Exception as fault:  # told below: a thread's fault must not look like a refusal
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=[number]) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert faults == []
    assert len(passed) == 2
