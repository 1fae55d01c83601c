"""Replay of controls that ask a verifier outside: what was answered then is what counts, and
nobody is asked again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assurance.controls import verifier_calls
from assurance.controls.check_runs import Asked
from assurance.controls.checks.external_verifier import check_sha256
from assurance.controls.choices import ReplayStatus
from assurance.controls.control_sets import newest_set
from assurance.controls.models import Assessment, CheckRun, Workflow
from assurance.controls.preview import preview
from assurance.controls.verifier_replies import Bound, unanswered
from assurance.identifiers import uuid7
from assurance.record.canonical import sha256_of
from tests.controls.history import BEGIN, stored, with_edit
from tests.controls.replaying import LATER, LIMIT, control_of, lowered, replayed
from tests.controls_factories import make_workflow, policy, verification

CHECK = {"name": "external_verifier", "params": {"verifier": "kyc"}}
OTHER = {"name": "external_verifier", "params": {"verifier": "kyc", "evidence": True}}


@pytest.fixture(autouse=True)
def nobody_is_called(monkeypatch):
    def called(*_: Any, **__: Any) -> None:
        raise AssertionError("somebody outside was asked")

    monkeypatch.setattr(verifier_calls, "call_all", called)
    monkeypatch.setattr("assurance.controls.verifier_asking.call_all", called)
    # Every case is also judged whole.
    monkeypatch.setattr("assurance.controls.stored_cases.PROVED_ONE_IN", 1)


def asks(key: str = "EXT-01", check: dict[str, Any] = CHECK, **fields: Any) -> dict[str, Any]:
    return verification(key, check=check, **fields)


def answer(outcome: str, code: str = "", check: dict[str, Any] = CHECK) -> dict[str, Any]:
    digest = check_sha256({"check": check})
    if code:
        return unanswered(Bound("", "", digest, "kyc"), outcome, code)
    said = unanswered(Bound("", "", digest, "kyc"), outcome, "not_asked")
    return said | {"reason_code": "said_so", "message": "So.", "verifier": {"name": "kyc",
                   "version": "1"}}  # fmt: skip


def asked(outcome: str, code: str = "") -> Asked:
    return Asked(answers={"EXT-01": answer(outcome, code)}, why="not_asked")


def a_history(workflow: Workflow) -> list[Assessment]:
    """One case of each kind of answer, an hour apart."""
    kinds = (
        ("pass", ""), ("fail", ""), ("inconclusive", ""), ("timeout", "timeout"),
        ("error", "wrong_binding"), ("error", "server_error"), ("not_run", "breaker_open"),
    )  # fmt: skip
    return [
        stored(workflow, {"amount": 100 * n}, at=BEGIN + timedelta(hours=n), asked=asked(*kind))
        for n, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize("failure", ["closed_hold", "closed_block", "open_flagged"])
@pytest.mark.parametrize("mode", ["enforced", "shadow"])
def test_a_set_with_a_verifier_reproduces_its_own_history(cast, failure, mode):
    """Also of what may never go on, whatever the failure policy, and of what was never asked."""
    tier = "low" if failure == "open_flagged" else "high"
    workflow = make_workflow(tier=tier, controls=[asks(failure_policy=failure, mode=mode)])
    a_history(workflow)
    stored(workflow, {"amount": 9}, at=BEGIN + timedelta(days=1))

    done = replayed(workflow, newest_set(workflow).content)

    assert done.status == ReplayStatus.DONE, done.problem
    assert done.report["self_test"] == {"n": 8, "different": 0, "differences": []}
    assert (done.report["direction"], done.report["replayable"]) == ("same", 8)


def test_a_recorded_answer_counts_for_the_same_question_of_another_control(cast):
    workflow = make_workflow(controls=[asks()])
    a_history(workflow)
    twin = asks("EXT-02", effects={"fail": "governance"})

    report = replayed(workflow, with_edit(workflow, "control", "EXT-02", twin)).report

    assert report["replayable"] == 7
    assert {"was": "review", "now": "governance", "n": 1} in report["matrix"]
    assert control_of(report, "EXT-02")["outcomes_now"]["pass"] == 1


@pytest.mark.parametrize("failure", ["closed_hold", "open_flagged"])
def test_a_verifier_that_was_never_asked_makes_cases_not_replayable(cast, failure):
    """Neither passed nor held: nothing can be said, whatever its failure policy."""
    workflow = make_workflow(tier="low", controls=[policy(), asks()])
    a_history(workflow)
    new = asks("EXT-02", check=OTHER, failure_policy=failure)

    report = replayed(workflow, with_edit(workflow, "control", "EXT-02", new)).report

    assert report["not_replayable"] == [
        {
            "reason": "external_check",
            "n": 7,
            "words": "a check asks a verifier outside what it was not asked then",
        }
    ]
    assert (report["replayable"], report["matrix"]) == (0, [])


def test_other_parameters_of_a_verifier_are_another_question(cast):
    workflow = make_workflow(controls=[policy(), asks()])
    a_history(workflow)

    report = replayed(workflow, with_edit(workflow, "control", "EXT-01", asks(check=OTHER))).report

    assert [(one["reason"], one["n"]) for one in report["not_replayable"]] == [
        ("external_check", 7)
    ]


def test_only_cases_that_would_have_been_asked_are_not_replayable(cast):
    """A condition that does not hold asks nobody."""
    workflow = make_workflow(controls=[policy()])
    a_history(workflow)  # amounts 0 to 600
    new = asks("EXT-02", condition={**LIMIT, "value": 450})

    report = replayed(workflow, with_edit(workflow, "control", "EXT-02", new)).report

    assert (report["replayable"], report["not_replayable"][0]["n"]) == (5, 2)


def test_a_new_verifier_in_shadow_changes_no_outcome_and_says_nothing(cast):
    workflow = make_workflow(controls=[policy()])
    a_history(workflow)

    shadow = asks("EXT-02", mode="shadow")
    report = replayed(workflow, with_edit(workflow, "control", "EXT-02", shadow)).report

    assert (report["replayable"], report["direction"]) == (7, "same")
    assert control_of(report, "EXT-02")["matched_now"] == 0
    assert control_of(report, "EXT-02")["outcomes_now"] == {"not_run": 7}


def test_what_a_verifier_answered_in_shadow_is_what_its_enforcement_is_judged_by(cast):
    """What it did not answer, or answered of another output, cannot be judged by."""
    workflow = make_workflow(controls=[policy(), asks(mode="shadow")])
    kept = [stored(workflow, {"amount": n}, at=BEGIN + timedelta(hours=n)) for n in range(4)]
    answered_later(workflow, kept[0], answer("pass"), 0)
    answered_later(workflow, kept[1], answer("fail"), 1)
    answered_later(workflow, kept[2], answer("not_run", "not_asked"), 2)
    answered_later(workflow, kept[3], answer("fail"), 3, output={"amount": 77})  # a correction

    candidate = with_edit(workflow, "control", "EXT-01", asks())
    report = replayed(workflow, candidate).report

    assert (report["replayable"], report["not_replayable"][0]["n"]) == (2, 2)
    assert report["matrix"] == [
        {"was": "continue", "now": "continue", "n": 1},
        {"was": "continue", "now": "review", "n": 1},
    ]


def test_a_verifier_that_was_spared_by_a_block_says_nothing_once_the_block_is_lifted(cast):
    block = policy(effect="block")
    workflow = make_workflow(controls=[block, asks()])
    stored(workflow, {"amount": 4000}, at=BEGIN)  # superseded
    stored(workflow, {"amount": 4}, at=BEGIN + timedelta(hours=1), asked=asked("pass"))

    kept = replayed(workflow, with_edit(workflow, "control", "LIM-02", lowered("LIM-02"))).report
    lifted = replayed(workflow, with_edit(workflow, "control", "LIM-01", policy())).report

    assert kept["replayable"] == 2
    assert (lifted["replayable"], lifted["not_replayable"][0]["reason"]) == (1, "external_check")


def test_a_preview_of_a_new_verifier_says_that_nothing_can_be_said(cast):
    workflow = make_workflow(controls=[policy()])
    a_history(workflow)

    shown = preview(
        workflow,
        item="control",
        key="EXT-02",
        content=asks("EXT-02", mode="shadow"),
        at=BEGIN + timedelta(days=2),
    )

    assert (shown["as_if_enforced"], shown["judged"], shown["matched"]) == (True, 0, 0)
    assert [(one["reason"], one["n"]) for one in shown["not_replayable"]] == [("external_check", 7)]


def answered_later(
    workflow: Workflow,
    kept: Assessment,
    said: dict[str, Any],
    n: int,
    *,
    output: dict[str, Any] | None = None,
) -> None:
    """The closed question of a control in shadow, as a worker leaves it."""
    at = kept.at + timedelta(minutes=1)
    CheckRun.objects.create(
        id=uuid7(at),
        case_id=kept.case_id,
        revision=kept.revision,
        workflow=workflow,
        control_key="EXT-01",
        control_version=1,
        check_sha256=said["check_sha256"],
        mode="shadow",
        output_sha256=sha256_of(output or kept.facts["output"]),
        status=CheckRun.Status.CLOSED,
        asked_at=kept.at,
        deadline=at,
        outcome=said["outcome"],
        reason_code=said["reason_code"],
        answer=said,
        answered_at=at,
    )
    assert at < LATER
