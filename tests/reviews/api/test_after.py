"""What a system says after its first post: a new draft, no need, what it did, what came of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assurance import clock
from assurance.controls.models import ExecutedReport, Label
from assurance.record.ledger import Stream, types
from reviews.models import Case, ExecutionReport
from tests.reviews.api.conftest import (
    NOBODY,
    assert_case,
    assert_problem,
    decided,
    release_all,
)

pytestmark = pytest.mark.django_db
RETURN = {"outcome": "return", "reasons": ["tone"], "rationale": "Say it in plainer words, please."}


@pytest.fixture
def returned(submit, people):
    """A case that ada sent back."""
    case = submit(subject="customer-1", context={"age": 34})
    decided(people.ada, case, **RETURN)
    assert release_all() == 1
    return case


def test_a_new_draft_is_judged_anew_and_brings_only_what_changed(scorecard, returned):
    told = scorecard.get(f"cases/{returned['id']}/").json()
    answer = scorecard.post(f"cases/{returned['id']}/revisions/", {"output": {"amount": 900}})
    read = scorecard.get(f"cases/{returned['id']}/").json()

    assert (told["status"], told["proceed"], told["instructions"]) == (
        "returned", False, RETURN["rationale"],
    )  # fmt: skip
    assert told["decision"] is None
    assert answer.status_code == 201
    assert_case(answer.json())
    assert (answer.json()["revision"], answer.json()["status"]) == (2, "continued")
    assert answer.json()["instructions"] is None
    assert read["submission"]["output"] == {"amount": 900}
    assert read["submission"]["context"] == {"age": 34}


def test_a_new_draft_may_change_context_evidence_signals_and_model(scorecard, returned):
    draft = {
        "output": {"amount": 4000},
        "context": {"age": 35},
        "evidence": [{"label": "Form", "kind": "text", "content": "35"}],
        "signals": {"confidence": 0.5},
        "model": {"version": "2"},
    }
    scorecard.post(f"cases/{returned['id']}/revisions/", draft)
    read = scorecard.get(f"cases/{returned['id']}/").json()["submission"]

    assert {name: read[name] for name in draft} == draft


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({}, "required", "/output"),
        ({"output": 1, "subject": "x"}, "unknown_field", "/subject"),
        ({"output": 1, "external_id": "x"}, "unknown_field", "/external_id"),
        ({"output": 1, "evidence": [{"label": "F", "kind": "text"}]}, "required",
         "/evidence/0/content"),
    ],
)  # fmt: skip
def test_a_draft_that_is_none_is_refused(scorecard, returned, body, code, pointer):
    answer = scorecard.post(f"cases/{returned['id']}/revisions/", body)

    assert_problem(answer, 400, code, pointer)
    assert Case.objects.get().revision == 1


def test_a_new_draft_of_a_case_that_was_not_returned_is_refused(scorecard, submit):
    case = submit()

    refused = assert_problem(
        scorecard.post(f"cases/{case['id']}/revisions/", {"output": 1}), 409, "not_returned"
    )
    assert refused["case_status"] == "waiting"


def test_withdrawing_ends_the_case_once(scorecard, submit):
    case = submit()
    answer = scorecard.post(f"cases/{case['id']}/withdraw/")
    again = scorecard.post(f"cases/{case['id']}/withdraw/", {})

    assert answer.status_code == 200
    assert_case(answer.json())
    assert (answer.json()["end"], answer.json()["proceed"]) == ("withdrawn", False)
    assert answer.json()["closed_at"]
    refused = assert_problem(again, 409, "case_closed")
    assert refused["end"] == "withdrawn"


def test_an_act_that_needs_no_words_takes_none(scorecard, submit, people):
    case = submit()
    for caller, act in ((scorecard, "withdraw"), (people.ada, "claim")):
        answer = caller.post(f"cases/{case['id']}/{act}/", {"reason": "x"})
        assert_problem(answer, 400, "unknown_field", "/reason")
    answer = people.ada.post("queues/credit-review/next/", {"skip": True})

    assert_problem(answer, 400, "unknown_field", "/skip")
    assert Case.objects.get().leased_by is None


def test_what_was_done_as_allowed_is_kept(scorecard, submit):
    case = submit(100)
    answer = scorecard.post(
        f"cases/{case['id']}/execution/",
        {"executed": True, "output_sha256": case["output_sha256"], "at": "2026-11-22T10:31:00Z"},
    )

    assert answer.status_code == 201
    assert answer.json() == {"id": ExecutionReport.objects.get().pk, "valid": True, "problem": None}


def test_a_corrected_case_is_done_with_the_corrected_output(scorecard, submit, people):
    case = submit()
    decided(people.ada, case, outcome="correct", reasons=["figure-wrong"], output={"amount": 4800})
    release_all()
    read = scorecard.get(f"cases/{case['id']}/").json()
    sent = {"executed": True, "output_sha256": read["decision"]["output_sha256"]}

    assert (read["end"], read["proceed"]) == ("corrected", True)
    assert read["decision"]["output"] == {"amount": 4800}
    assert scorecard.post(f"cases/{case['id']}/execution/", sent).json()["valid"] is True
    wrong = sent | {"output_sha256": case["output_sha256"]}
    assert scorecard.post(f"cases/{case['id']}/execution/", wrong).json()["problem"] == (
        "other_output"
    )


def test_what_was_done_without_a_go_ahead_is_kept_as_invalid_and_alarms(scorecard, submit):
    case = submit()
    answer = scorecard.post(
        f"cases/{case['id']}/execution/",
        {"executed": True, "output_sha256": case["output_sha256"]},
    )

    assert (answer.status_code, answer.json()["valid"]) == (201, False)
    assert answer.json()["problem"] == "not_allowed"
    assert "alert.raised" in types(Stream.workflow("credit-decisions"))


def test_not_having_done_it_needs_no_hash(scorecard, submit):
    case = submit()
    answer = scorecard.post(f"cases/{case['id']}/execution/", {"executed": False})

    assert (answer.status_code, answer.json()["valid"]) == (201, True)


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({}, "required", "/executed"),
        ({"executed": "yes"}, "wrong_type", "/executed"),
        ({"executed": 1}, "wrong_type", "/executed"),
        ({"executed": True, "output_sha256": "abc"}, "too_short", "/output_sha256"),
        ({"executed": True, "output_sha256": "Z" * 64}, "pattern", "/output_sha256"),
        ({"executed": False, "at": "2026-11-22"}, "not_a_time", "/at"),
        ({"executed": False, "at": "2026-11-22T10:31:00"}, "timezone_required", "/at"),
        ({"executed": False, "at": "0001-01-01T00:00:00+14:00"}, "out_of_range", "/at"),
        ({"executed": False, "at": "9999-12-31T23:59:59-14:00"}, "out_of_range", "/at"),
    ],
)
def test_a_report_that_is_none_is_refused(scorecard, submit, body, code, pointer):
    case = submit(100)

    assert_problem(scorecard.post(f"cases/{case['id']}/execution/", body), 400, code, pointer)
    assert not ExecutionReport.objects.exists()


def test_a_report_of_what_was_done_names_the_output(scorecard, submit):
    case = submit(100)
    answer = scorecard.post(f"cases/{case['id']}/execution/", {"executed": True})

    assert_problem(answer, 422, "required", "/output_sha256")


def test_something_done_in_the_future_is_refused(scorecard, submit):
    case = submit(100)
    at = (clock.now() + timedelta(days=2)).isoformat()
    body = {"executed": True, "output_sha256": case["output_sha256"], "at": at}

    assert_problem(
        scorecard.post(f"cases/{case['id']}/execution/", body), 422, "in_the_future", "/at"
    )


def test_what_came_of_a_case_becomes_a_label(scorecard, submit):
    case = submit(100)
    answer = scorecard.post(
        f"cases/{case['id']}/outcomes/", {"label": "harmful", "note": "Default after 3 months"}
    )
    label = Label.objects.get()

    assert answer.status_code == 201
    assert set(answer.json()) == {"id", "label", "at"}
    assert (label.value, label.source, label.note) == (
        "harmful", "outcome", "Default after 3 months",
    )  # fmt: skip
    assert "case.outcome" in types(Stream.case(case["id"]))


def test_an_outcome_that_is_none_names_the_choices(scorecard, submit):
    case = submit(100)
    answer = scorecard.post(f"cases/{case['id']}/outcomes/", {"label": "bad"})

    refused = assert_problem(answer, 400, "not_a_choice", "/label")
    assert "harmful" in refused["detail"]
    assert not Label.objects.exists()


def test_all_that_was_done_in_a_period_is_kept(scorecard, credit):
    body = {
        "from": "2026-11-21T00:00:00Z",
        "to": "2026-11-21T12:00:00+01:00",
        "count": 2,
        "external_ids": ["a-1", "a-2"],
    }
    answer = scorecard.post("workflows/credit-decisions/executed/", body)
    report = ExecutedReport.objects.get()

    assert answer.status_code == 201
    assert answer.json() == {"id": report.pk, "workflow": "credit-decisions", "count": 2}
    assert (report.end - report.start, report.external_ids) == (
        timedelta(hours=11), ["a-1", "a-2"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "status", "code", "pointer"),
    [
        ({"to": "2026-11-20T00:00:00Z"}, 422, "empty_period", "/to"),
        ({"to": "2199-01-01T00:00:00Z"}, 422, "in_the_future", "/to"),
        ({"external_ids": ["a"]}, 422, "count_differs", "/count"),
        ({"count": -1}, 400, "out_of_range", "/count"),
        ({"count": True}, 400, "wrong_type", "/count"),
        ({"count": "2"}, 400, "wrong_type", "/count"),
        ({"count": 2.0}, 400, "wrong_type", "/count"),
        ({"from": None}, 400, "wrong_type", "/from"),
        ({"from": "0001-01-01T00:00:00+14:00"}, 400, "out_of_range", "/from"),
        ({"start": "2026-11-21T00:00:00Z"}, 400, "unknown_field", "/start"),
    ],
    ids=str,
)
def test_a_period_that_is_none_is_refused(scorecard, change, status, code, pointer):
    body = {"from": "2026-11-21T00:00:00Z", "to": "2026-11-21T12:00:00Z", "count": 2}
    answer = scorecard.post("workflows/credit-decisions/executed/", body | change)

    assert_problem(answer, status, code, pointer)
    assert not ExecutedReport.objects.exists()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"cases/{NOBODY}/appeals/"),
        ("POST", f"cases/{NOBODY}/comments/"),
        ("POST", f"cases/{NOBODY}/park/"),
        ("POST", "files/"),
        ("GET", "evidence/"),
    ],
)
def test_what_comes_later_is_not_there_and_says_so(scorecard, method, path):
    refused = assert_problem(scorecard.send(method, path, {}), 404, "not_found")

    assert "endpoint" in refused["detail"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "cases/"),
        ("GET", "cases/{id}/"),
        ("POST", "cases/"),
        ("POST", "cases/{id}/withdraw/"),
    ],
)
def test_waiting_for_a_decision_comes_later_and_is_refused(scorecard, submit, method, path):
    case = submit()
    answer = scorecard.send(method, path.format(id=case["id"]) + "?wait=30")

    assert_problem(answer, 400, "unknown_parameter", "?wait")
    assert Case.objects.get().state == "open"
