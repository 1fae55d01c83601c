"""Replay as a job: history judged again by the sets that judged it, in slices that survive their
workers."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

import pytest

from assurance.celery import app
from assurance.controls import replay, tasks
from assurance.controls.assess import assess
from assurance.controls.case_reader import read
from assurance.controls.choices import ReplayStatus
from assurance.controls.control_sets import newest_set
from assurance.controls.models import Assessment, Replay
from assurance.controls.outlines import Outliner, outline_of, same
from assurance.controls.queue_of import first_rule
from assurance.controls.stored_cases import Rejudging
from assurance.errors import DomainError
from assurance.record.canonical import sha256_of
from assurance.record.ledger import verify
from assurance.record.models import Event
from reviews.routing import first_match
from tests.controls.history import BEGIN, random_body, random_history, stored, with_edit, with_edits
from tests.controls.judging import facts, live, orders
from tests.controls.replaying import (
    LATER,
    LIMIT,
    SYSTEM,
    finished,
    lowered,
    many_controls,
    replayed,
)
from tests.controls_factories import approved_change, make_workflow, policy, publish_next
from tests.database import past_the_guards


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
    past_the_guards(workflow.save)
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
    past_the_guards(workflow.save)
    random_history(workflow, 200, seed=3, begin=BEGIN + timedelta(days=26))
    workflow.stage, workflow.paused_at = "pilot", BEGIN
    past_the_guards(workflow.save)
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
    live = newest_set(workflow)
    judging = Rejudging(live, replay.candidate_set(live.content), until=LATER)

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


# -- the job -------------------------------------------------------------------------------------


def test_another_worker_goes_on_where_a_killed_one_stopped(workflow, history, monkeypatch):
    """The first is killed between two commits: what it had kept counts, what it had not is
    judged again, and nothing twice."""
    monkeypatch.setattr("assurance.controls.case_reader._FIRST", 3)
    monkeypatch.setattr("assurance.controls.case_reader._MOST", 3)
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


def test_the_replay_of_a_change_is_on_the_workflows_record(workflow, history):
    candidate = with_edit(workflow, "control", "LIM-01", lowered())
    change = approved_change(workflow, candidate, at=LATER)

    done = finished(replay.request(workflow, candidate, by=None, at=LATER, change=change))

    event = Event.objects.get(type="control_change.replayed")
    assert (event.stream_type, event.stream_id) == ("workflow", workflow.slug)
    kept = json.loads(bytes(event.payload.body))
    assert kept == {
        "change": change.number,
        "replay": done.pk,
        "sha256": done.sha256,
        "candidate_sha256": sha256_of(candidate),
        "direction": "tightens",
        "n": 10,
    }
    assert verify() == []


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
