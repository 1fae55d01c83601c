"""Replay: history judged again, first by the sets that judged it, then by a candidate."""

from __future__ import annotations

import json
import random
import uuid
from datetime import timedelta
from typing import Any

import pytest

from assurance.celery import app
from assurance.controls import replay, tasks
from assurance.controls.assess import assess
from assurance.controls.choices import Direction, ReplayStatus
from assurance.controls.control_sets import newest_set
from assurance.controls.labels import record_label
from assurance.controls.models import Assessment, Replay
from assurance.controls.outlines import Outliner, outline_of, same
from assurance.controls.queue_of import first_rule
from assurance.controls.replay_report import report_sha256
from assurance.controls.stored_cases import Rejudging, read
from assurance.errors import DomainError
from assurance.record.actors import Actor
from reviews.routing import first_match
from tests.controls.history import (
    BEGIN,
    random_body,
    random_history,
    stored,
    with_edit,
    with_edits,
)
from tests.controls.judging import check_that, facts, live, orders
from tests.controls_factories import make_workflow, policy, publish_next, verification

SYSTEM = Actor.system("test")
LATER = BEGIN + timedelta(days=60)
LIMIT = {"field": "output.amount", "op": ">", "value": 2500}


def many_controls() -> list[dict[str, Any]]:
    """Controls of every kind, mode and effect."""
    return [
        policy("LIM-01"),
        policy("LIM-02", effect="specialist", condition={**LIMIT, "value": 5000}, priority=10),
        policy("LIM-03", mode="shadow", effect="block", condition={**LIMIT, "value": 5500}),
        policy(
            "SIG-01",
            effect="governance",
            on_unknown="quiet",
            condition={"field": "signals.confidence", "op": "<", "value": 0.2},
        ),
        policy(
            "CHA-01",
            mode="advise",
            condition={"field": "context.channel", "op": "in", "value": ["broker"]},
        ),
        policy(
            "RET-01",
            effect="return",
            instructions="Say the age.",
            condition={"field": "context.age", "op": "<", "value": 20},
        ),
        verification("VER-01", check={"name": "number_limit", "params": {
            "field": "output.amount", "maximum": 5800}}),
        verification(
            "VER-02",
            mode="shadow",
            check={
                "name": "banned_wording",
                "params": {"field": "output.text", "phrases": ["guaranteed"]},
            },
        ),
        verification("SUM-01", effects={"fail": "specialist"}, check={
            "name": "cumulative_limit",
            "params": {"field": "output.amount", "maximum": 9000, "window": "P7D"}}),
    ]  # fmt: skip


def finished(asked: Replay) -> Replay:
    """The replay, run to its end."""
    while replay.run_slice(asked.pk, at=LATER):
        pass
    asked.refresh_from_db()
    return asked


def replayed(workflow, candidate: dict[str, Any], **more: Any) -> Replay:
    return finished(replay.request(workflow, candidate, by=None, at=LATER, **more))


def control_of(report: dict[str, Any], key: str) -> dict[str, Any]:
    return next(row for row in report["controls"] if row["key"] == key)


def lowered(key: str = "LIM-01", value: int = 1000, **fields: Any) -> dict[str, Any]:
    return policy(key, condition={**LIMIT, "value": value}, **fields)


@pytest.fixture
def workflow(cast):
    return make_workflow(controls=[policy()])


@pytest.fixture
def history(workflow) -> list[Assessment]:
    """Ten cases, an hour apart: 500, 1,000, … 5,000."""
    return [
        stored(workflow, {"amount": 500 * n}, at=BEGIN + timedelta(hours=n)) for n in range(1, 11)
    ]


# -- the self-test -------------------------------------------------------------------------------


def test_a_thousand_recorded_cases_are_judged_again_without_a_difference(cast):
    """P17: the sets that judged them, and every stage and circumstance that they were judged in."""
    workflow = make_workflow(controls=many_controls())
    random_history(workflow, 400, seed=1)
    workflow.stage, workflow.all_review = "governed", True
    workflow.save()
    random_history(workflow, 200, seed=2, begin=BEGIN + timedelta(days=20))
    content = with_edits(
        workflow,
        [
            {"item": "control", "key": "LIM-01", "content": lowered()},
            {
                "item": "waiver",
                "key": "W-1",
                "content": {
                    "key": "W-1",
                    "control": "LIM-02",
                    "condition": {"field": "context.channel", "op": "==", "value": "phone"},
                    "reason": "Agreed with the phone team.",
                    "expires_at": (BEGIN + timedelta(days=28)).isoformat(),
                },
            },
        ],
    )
    publish_next(workflow, content, actor=SYSTEM, at=BEGIN + timedelta(days=24))
    workflow.stage, workflow.all_review = "observe", False
    workflow.save()
    random_history(workflow, 200, seed=3, begin=BEGIN + timedelta(days=26))
    workflow.stage, workflow.paused_at = "pilot", BEGIN
    workflow.save()
    random_history(workflow, 200, seed=4, begin=BEGIN + timedelta(days=32))

    done = replayed(workflow, newest_set(workflow).content)

    assert done.status == ReplayStatus.DONE, done.problem
    assert done.report["self_test"] == {"n": 1000, "different": 0, "differences": []}
    assert done.report["n"] == done.total == done.done == 1000
    orders_seen = {row["was"] for row in done.report["matrix_then"]}
    assert orders_seen >= {"continue", "review", "specialist", "governance", "pause"}


def test_a_case_that_its_own_set_judges_otherwise_fails_the_replay_with_a_sentence(workflow):
    good = stored(workflow, {"amount": 4000})
    Assessment.objects.create(
        **{
            field.attname: getattr(good, field.attname)
            for field in Assessment._meta.concrete_fields
            if field.attname not in ("id", "disposition")
        },
        disposition="block",
    )

    done = replayed(workflow, newest_set(workflow).content)

    assert done.status == ReplayStatus.FAILED
    assert "1 of 2 stored cases are judged otherwise" in done.problem
    (difference,) = done.report["self_test"]["differences"]
    assert difference["was"]["disposition"] == "block"
    assert difference["now"]["disposition"] == "review"


def test_outlines_and_whole_judgements_agree_on_random_cases(cast):
    workflow = make_workflow(controls=many_controls())
    random_history(workflow, 300, seed=11)
    judging = Rejudging(newest_set(workflow), replay.candidate_set(newest_set(workflow).content))

    compared = 0
    for rows in read(workflow.pk, until=LATER):
        for row in rows:
            case = judging.judge(row)
            whole = outline_of(assess(case.facts, judging.now.live))
            assert same(whole, case.now)
            compared += 1
    assert compared == 300


def test_an_outline_that_says_other_than_the_whole_judgement_stops_the_replay(
    workflow, history, monkeypatch
):
    monkeypatch.setattr("assurance.controls.stored_cases.PROVED_ONE_IN", 1)
    monkeypatch.setattr("assurance.controls.stored_cases.same", lambda one, other: False)

    done = replayed(workflow, newest_set(workflow).content)

    assert done.status == ReplayStatus.FAILED
    assert "quick and its whole judgement differ" in done.problem


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
    monkeypatch.setattr("assurance.controls.stored_cases._FIRST", 25)
    monkeypatch.setattr("assurance.controls.stored_cases._MOST", 25)
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


def test_a_check_that_asks_what_was_never_gathered_makes_cases_not_replayable(workflow, history):
    rule = {"name": "cumulative_limit", "params": {"field": "output.amount", "maximum": 9000}}
    candidate = with_edit(workflow, "control", "SUM-01", verification("SUM-01", check=rule))

    report = replayed(workflow, candidate).report

    assert report["not_replayable"] == [
        {
            "reason": "not_gathered",
            "n": 10,
            "words": "a check asks of earlier cases what was not asked then",
        }
    ]
    assert (report["n"], report["replayable"], report["replayable_share"]) == (10, 0, 0.0)


def test_another_limit_on_the_same_sum_is_judged_on_what_was_gathered(cast):
    check = {"name": "cumulative_limit", "params": {"field": "output.amount", "maximum": 9000}}
    workflow = make_workflow(controls=[verification("SUM-01", check=check)])
    for n in range(3):
        stored(workflow, {"amount": 2000}, subject="client-1", at=BEGIN + timedelta(hours=n))
    less = {**check, "params": {**check["params"], "maximum": 3000}}
    longer = {**check, "params": {**check["params"], "window": "P90D"}}

    lower = replayed(
        workflow, with_edit(workflow, "control", "SUM-01", verification("SUM-01", check=less))
    ).report
    other = replayed(
        workflow, with_edit(workflow, "control", "SUM-01", verification("SUM-01", check=longer))
    ).report

    assert (lower["replayable"], lower["tightened"]) == (3, 2)
    assert other["replayable"] == 0


def test_an_answer_from_outside_is_used_as_recorded_and_never_asked_for(cast):
    asked = []

    def outside(params, facts, gathered):
        from assurance.controls.checks.outcomes import failed

        asked.append(params)
        return failed("It fails.", "said_so")

    with check_that(outside, "outside") as name:
        from assurance.controls.checks.registry import CHECKS

        CHECKS[name].external = True  # type: ignore[attr-defined]
        workflow = make_workflow(
            controls=[verification("EXT-01", check={"name": name, "params": {}})]
        )
        stored(workflow, {"amount": 1})
        asked.clear()

        unchanged = replayed(workflow, newest_set(workflow).content).report
        changed = verification("EXT-01", check={"name": name, "params": {"url": "other"}})
        other = replayed(workflow, with_edit(workflow, "control", "EXT-01", changed)).report

    assert asked == []
    assert unchanged["self_test"] == {"n": 1, "different": 0, "differences": []}
    assert [row["reason"] for row in other["not_replayable"]] == ["external_check"]


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


# -- the job -------------------------------------------------------------------------------------


def test_another_worker_goes_on_where_a_killed_one_stopped(workflow, history, monkeypatch):
    """The first is killed between two commits: what it had kept counts, what it had not is
    judged again, and nothing twice."""
    monkeypatch.setattr("assurance.controls.stored_cases._FIRST", 3)
    monkeypatch.setattr("assurance.controls.stored_cases._MOST", 3)
    asked = replay.request(workflow, newest_set(workflow).content, by=None, at=LATER)
    assert replay.run_slice(asked.pk, at=LATER, seconds=0)
    monkeypatch.setattr(replay, "KEEP_EVERY_SECONDS", 1e9)
    monkeypatch.setattr(replay._Run, "_finish", killed)
    with pytest.raises(KeyboardInterrupt):
        replay.run_slice(asked.pk, at=LATER)
    monkeypatch.undo()

    asked.refresh_from_db()
    assert (asked.done, asked.status) == (3, ReplayStatus.RUNNING)
    assert not replay.run_slice(asked.pk, at=LATER + timedelta(seconds=30))
    asked.refresh_from_db()
    assert asked.done == 3, "the hold of the killed worker has not run out yet"

    assert replay.due(LATER + replay.TAKEN_FOR) == [asked.pk]
    replay.run_slice(asked.pk, at=LATER + replay.TAKEN_FOR)
    asked.refresh_from_db()
    assert asked.status == ReplayStatus.DONE
    assert asked.report["n"] == asked.report["replayable"] == 10


def killed(*_: Any) -> None:
    raise KeyboardInterrupt


def test_a_worker_that_was_too_slow_keeps_nothing_any_more(workflow, history, monkeypatch):
    asked = replay.request(workflow, newest_set(workflow).content, by=None, at=LATER)
    finish = replay._Run._finish

    def overtaken(run) -> None:
        Replay.objects.filter(pk=asked.pk).update(taken_until=LATER + timedelta(minutes=9))
        finish(run)

    monkeypatch.setattr(replay._Run, "_finish", overtaken)
    assert not replay.run_slice(asked.pk, at=LATER)

    asked.refresh_from_db()
    assert (asked.status, asked.report, asked.done) == (ReplayStatus.RUNNING, None, 0)


def test_only_one_worker_takes_a_slice(workflow, history):
    asked = replay.request(workflow, newest_set(workflow).content, by=None, at=LATER)
    Replay.objects.filter(pk=asked.pk).update(
        status=ReplayStatus.RUNNING, taken_until=LATER + timedelta(seconds=1)
    )

    assert not replay.run_slice(asked.pk, at=LATER)

    asked.refresh_from_db()
    assert asked.done == 0


def test_a_cancelled_replay_ends_at_once_and_its_worker_keeps_nothing(
    cast, workflow, history, monkeypatch
):
    asked = replay.request(workflow, newest_set(workflow).content, by=cast.grace, at=LATER)
    finish = replay._Run._finish

    def meanwhile(run) -> None:
        replay.cancel(asked, by=cast.grace, at=LATER)
        finish(run)

    monkeypatch.setattr(replay._Run, "_finish", meanwhile)
    replay.run_slice(asked.pk, at=LATER)

    asked.refresh_from_db()
    assert (asked.status, asked.report) == (ReplayStatus.CANCELLED, None)
    assert asked.problem == "Cancelled by Grace Holm."
    assert replay.due(LATER + timedelta(days=1)) == []
    with pytest.raises(DomainError, match="is cancelled already"):
        replay.cancel(asked, by=cast.grace, at=LATER)


def test_an_unforeseen_failure_ends_the_replay_with_a_sentence(workflow, history, monkeypatch):
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(replay._Counting, "count", broken)

    done = replayed(workflow, newest_set(workflow).content)

    assert done.status == ReplayStatus.FAILED
    assert "ZeroDivisionError" in done.problem


def test_a_workflow_without_cases_has_a_report_that_says_so(workflow):
    report = replayed(workflow, newest_set(workflow).content).report

    assert (report["n"], report["direction"], report["replayable_share"]) == (0, "same", None)


def test_a_request_rings_a_worker_once_it_is_kept(
    workflow, history, monkeypatch, django_capture_on_commit_callbacks
):
    rung = []
    monkeypatch.setattr(app, "send_task", lambda name, args, **more: rung.append((name, args)))
    monkeypatch.setattr("assurance.clock.now", lambda: LATER)
    with django_capture_on_commit_callbacks(execute=True):
        asked = replay.request(workflow, newest_set(workflow).content, by=None, at=LATER)

    tasks.sweep_replays()
    tasks.replay_slice(asked.pk)

    assert rung == [(tasks.replay_slice.name, [asked.pk])] * 2
    assert tasks.replay_slice.name == replay.TASK
    asked.refresh_from_db()
    assert asked.status == ReplayStatus.DONE
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert tasks.sweep_replays.name in scheduled


# -- kept beside the live path -------------------------------------------------------------------


def test_replay_and_routing_choose_the_same_queue():
    rng = random.Random(3)
    kinds = {"a": "general", "b": "specialist", "c": "governance", "d": "audit"}
    rest = {"priority": None, "due_in": None}
    for _ in range(500):
        order = rng.choice(("review", "specialist", "governance"))
        rules = [
            {
                "name": str(n),
                "queue": rng.choice("abcde"),
                "catch_all": rng.choice((None, None, "review", "specialist")),
                **rest,
            }
            for n in range(5)
        ]
        verdicts = [rng.choice((True, False, None)) for _ in rules]

        live_path = first_match(rules, verdicts, disposition=order, kinds=kinds)
        here = first_rule(rules, verdicts, order, kinds)

        assert (live_path and live_path.rule) == (here and here["name"])


def test_an_outline_is_the_same_object_for_the_same_outcomes():
    outliner = Outliner(live([orders("review", "A", condition=LIMIT)]))

    one = outliner.outline(facts(output={"amount": 2600}), lambda _: "pass")
    two = outliner.outline(facts(output={"amount": 9000}), lambda _: "pass")
    three = outliner.outline(facts(output={"amount": 9000}, stage="pilot"), lambda _: "pass")

    assert one is two
    assert three is not one


def test_random_bodies_survive_the_database_as_json():
    rng = random.Random(1)
    bodies = [random_body(rng) for _ in range(50)]

    assert json.loads(json.dumps(bodies)) == bodies
    assert len({json.dumps(body, sort_keys=True) for body in bodies}) == 50


def label(workflow, assessment: Assessment, value: str, source: str, *, at=None) -> None:
    record_label(
        case_id=assessment.case_id,
        workflow=workflow,
        value=value,
        source=source,
        at=at or assessment.at + timedelta(days=1),
    )
