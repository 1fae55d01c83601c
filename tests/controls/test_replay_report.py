"""What a replay says of a candidate, and of the cases that it can say nothing of."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from assurance.controls import replay
from assurance.controls.choices import Direction, ReplayStatus
from assurance.controls.control_sets import newest_set
from assurance.controls.models import Assessment
from assurance.controls.replay_report import report_sha256
from tests.controls.history import BEGIN, random_history, stored, with_edit, with_edits
from tests.controls.replaying import (
    LATER,
    LIMIT,
    SYSTEM,
    control_of,
    label,
    lowered,
    many_controls,
    replayed,
)
from tests.controls_factories import make_workflow, policy, publish_next


@pytest.fixture
def workflow(cast):
    return make_workflow(controls=[policy()])


@pytest.fixture
def history(workflow) -> list[Assessment]:
    """Ten cases, an hour apart: 500, 1,000, … 5,000."""
    return [
        stored(workflow, {"amount": 500 * n}, at=BEGIN + timedelta(hours=n)) for n in range(1, 11)
    ]


# -- what the report says ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edits", "direction"),
    [
        ([], Direction.SAME),
        ([policy(message="A large amount.")], Direction.SAME),
        ([lowered()], Direction.TIGHTENS),
        ([policy(effect="specialist")], Direction.TIGHTENS),
        ([lowered(value=4000)], Direction.LOOSENS),
        ([policy(mode="shadow")], Direction.LOOSENS),
        ([lowered(value=4000), lowered("LIM-02", 4600, effect="governance")], Direction.MIXED),
    ],
)
def test_direction_is_computed_from_what_happens_to_cases(workflow, history, edits, direction):
    edited = [{"item": "control", "key": one["key"], "content": one} for one in edits]
    quiet = {"item": "control", "key": "QUIET", "content": lowered("QUIET", 10**6)}

    base = with_edits(workflow, [quiet])
    publish_next(workflow, base, actor=SYSTEM, at=BEGIN + timedelta(hours=11))
    done = replayed(workflow, with_edits(workflow, edited))

    assert done.status == ReplayStatus.DONE, done.problem
    assert done.direction == done.report["direction"] == direction


def test_an_older_change_is_not_laid_at_the_candidates_door(workflow, history):
    """Half of the history was judged under a looser set; a candidate that changes nothing in the
    set of today changes nothing, and what became of the cases then is told beside."""
    stricter = with_edit(workflow, "control", "LIM-01", lowered())
    publish_next(workflow, stricter, actor=SYSTEM, at=BEGIN + timedelta(hours=11))

    report = replayed(workflow, stricter).report

    assert report["direction"] == "same"
    assert report["matrix"] == [
        {"was": "continue", "now": "continue", "n": 2},
        {"was": "review", "now": "review", "n": 8},
    ]
    assert {"was": "continue", "now": "review", "n": 3} in report["matrix_then"]


def test_the_report_counts_transitions_controls_and_what_is_held_a_day(workflow, history):
    report = replayed(workflow, with_edit(workflow, "control", "LIM-01", lowered())).report

    assert (report["tightened"], report["loosened"], report["unchanged"]) == (3, 0, 7)
    assert {"was": "continue", "now": "review", "n": 3} in report["matrix"]
    assert control_of(report, "LIM-01") == {
        "key": "LIM-01",
        "outcomes_then": {"fired": 5},
        "outcomes_now": {"fired": 8},
        "matched_base": 5,
        "matched_now": 8,
        "newly_matched": 3,
        "no_longer_matched": 0,
    }
    days = (LATER - history[0].at) / timedelta(days=1)
    assert report["holding"]["extra"] == 3
    assert report["holding"]["extra_per_day"] == pytest.approx(3 / days, abs=1e-6)
    assert report["segments"]["queue"] == [{"queue": "credit-review", "more": 3, "fewer": 0}]
    assert len(report["flips"]) == 3
    assert "people and the systems before and after are not simulated" in report["caveat"]


def test_known_bad_cases_that_the_candidate_lets_go_are_listed_one_by_one(workflow, history):
    label(workflow, history[6], "correct", "decision")  # 3,500
    label(workflow, history[5], "incorrect", "decision")  # 3,000
    label(workflow, history[7], "harmful", "outcome")  # 4,000
    label(workflow, history[1], "incorrect", "outcome")  # 1,000: neither holds it

    report = replayed(
        workflow, with_edit(workflow, "control", "LIM-01", lowered(value=4500))
    ).report

    assert [one["case_id"] for one in report["known_bad_newly_released"]] == [
        str(history[5].case_id),
        str(history[7].case_id),
    ]
    assert report["known_bad_newly_released"][1]["label"] == "harmful"
    assert report["known_bad_newly_released"][0]["held_by"] == ["LIM-01"]
    assert report["known_bad_newly_released_count"] == 2
    assert report["labelled"]["base"]["recall"]["k"] == 2
    assert report["labelled"]["base"]["recall"]["n"] == 3
    assert report["labelled"]["base"]["precision"]["n"] == 3
    assert report["labelled"]["now"]["recall"] == {
        "k": 0, "n": 3, "rate": 0.0, "low": 0.0, "high": pytest.approx(0.707598, abs=1e-6),
    }  # fmt: skip


def test_known_bad_cases_that_only_the_candidate_holds_are_listed_too(workflow, history):
    label(workflow, history[2], "incorrect", "outcome")  # 1,500

    report = replayed(workflow, with_edit(workflow, "control", "LIM-01", lowered())).report

    assert [one["case_id"] for one in report["known_bad_newly_caught"]] == [str(history[2].case_id)]
    assert report["known_bad_newly_released"] == []


def test_a_label_is_about_the_last_revision_and_counts_once(workflow):
    case = uuid.uuid4()
    stored(workflow, {"amount": 4000}, case_id=case)
    last = stored(
        workflow, {"amount": 3000}, case_id=case, revision=2, at=BEGIN + timedelta(hours=1)
    )
    label(workflow, last, "incorrect", "decision")

    report = replayed(
        workflow, with_edit(workflow, "control", "LIM-01", lowered(value=9000))
    ).report

    (released,) = report["known_bad_newly_released"]
    assert released["revision"] == 2
    assert report["labelled"]["now"]["n"] == 1


def test_a_label_from_after_the_window_does_not_count(workflow, history):
    label(workflow, history[9], "incorrect", "decision", at=LATER + timedelta(days=1))

    report = replayed(workflow, newest_set(workflow).content).report

    assert report["labelled"]["now"]["n"] == 0
    assert report["labelled"]["now"]["recall"]["rate"] is None


def test_overlap_names_what_a_control_adds_to_the_others(workflow, history):
    candidate = with_edit(workflow, "control", "LIM-02", lowered("LIM-02", 4000))

    overlap = replayed(workflow, candidate).report["overlap"]

    assert overlap["alone"] == [
        {"control": "LIM-01", "holds": 5, "alone": 3},
        {"control": "LIM-02", "holds": 2, "alone": 0},
    ]
    assert overlap["always_with"] == [{"control": "LIM-02", "with": "LIM-01", "n": 2}]


def test_a_rule_that_sends_cases_elsewhere_shows_in_the_queues_and_in_no_disposition(
    workflow, history
):
    rule = {
        "name": "Very large",
        "queue": "credit-specialists",
        "condition": {**LIMIT, "value": 4000},
    }

    report = replayed(workflow, with_edit(workflow, "rule", "Very large", rule)).report

    assert report["direction"] == "same"
    assert report["segments"]["queue"] == [
        {"queue": "credit-review", "more": 0, "fewer": 2},
        {"queue": "credit-specialists", "more": 2, "fewer": 0},
    ]


def test_the_same_replay_has_the_same_hash_whoever_ran_it_and_in_however_many_slices(
    cast, monkeypatch
):
    workflow = make_workflow(controls=many_controls())
    random_history(workflow, 300, seed=5)
    monkeypatch.setattr("assurance.controls.case_reader._FIRST", 25)
    monkeypatch.setattr("assurance.controls.case_reader._MOST", 25)
    candidate = with_edit(workflow, "control", "LIM-01", lowered(value=3000))
    at_once = replayed(workflow, candidate)

    asked, slices = replay.request(workflow, candidate, by=cast.grace, at=LATER), 1
    while replay.run_slice(asked.pk, at=LATER + timedelta(hours=slices), seconds=0):
        slices += 1
    asked.refresh_from_db()

    assert slices == 13
    assert asked.sha256 == at_once.sha256 == report_sha256(asked.report)
    assert asked.report == at_once.report


def test_only_the_cases_of_the_window_count(workflow, history):
    done = replayed(workflow, newest_set(workflow).content, window_from=history[4].at)

    assert done.total == done.report["n"] == 6


# -- what cannot be replayed ---------------------------------------------------------------------


def test_redacted_and_incomplete_facts_are_counted_by_reason(workflow):
    kept = stored(workflow, {"amount": 4000})
    for lost in ({"redacted": True}, {"output": {"amount": 1}}):
        Assessment.objects.create(
            **{
                field.attname: getattr(kept, field.attname)
                for field in Assessment._meta.concrete_fields
                if field.attname not in ("id", "facts")
            },
            facts=lost,
        )

    report = replayed(workflow, newest_set(workflow).content).report

    assert {row["reason"]: row["n"] for row in report["not_replayable"]} == {
        "incomplete_facts": 1,
        "redacted": 1,
    }
    assert report["replayable"] == 1
