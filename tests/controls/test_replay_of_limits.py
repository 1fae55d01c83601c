"""Replay of checks that look at earlier cases: in the order in which cases were judged, each with
the cases kept before it, however far back its window reaches."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from assurance.controls.choices import ReplayStatus
from assurance.controls.control_sets import newest_set
from assurance.controls.gather import gathered_then
from assurance.controls.models import Assessment, Workflow
from assurance.controls.preview import preview
from tests.controls.history import BEGIN, random_body, random_history, stored, with_edit, with_edits
from tests.controls.replaying import control_of, many_controls, replayed
from tests.controls_factories import make_workflow, policy, verification


@pytest.fixture(autouse=True)
def every_case_is_also_judged_whole(monkeypatch):
    monkeypatch.setattr("assurance.controls.stored_cases.PROVED_ONE_IN", 1)


def sums(key: str = "SUM-01", **params: Any) -> dict[str, Any]:
    settled = {"field": "output.amount", "maximum": 5000, "window": "P7D", **params}
    return verification(key, check={"name": "cumulative_limit", "params": settled})


def looks(key: str, name: str, **params: Any) -> dict[str, Any]:
    return verification(key, check={"name": name, "params": params})


def a_client(workflow: Workflow, *amounts: int, days: int = 1) -> list[Assessment]:
    """Cases of one client, some days apart."""
    return [
        stored(workflow, {"amount": amount}, subject="c", at=BEGIN + n * timedelta(days=days))
        for n, amount in enumerate(amounts)
    ]


def test_what_would_have_been_gathered_is_what_the_live_path_gathered(cast):
    """Of every kind of check, subject and window, on cases with holes and several revisions."""
    controls = [
        *many_controls(),
        sums("SUM-02", window="PT12H"),
        sums("SUM-03", subject_field="context.channel"),
        sums("SUM-04", subject_field="context.age", window="P90D"),
        looks("DUP-01", "duplicate", same=["output.amount", "context.channel"]),
        looks("CON-01", "contradiction", field="proposed_action", same=["output.text"]),
    ]
    workflow = make_workflow(controls=controls)
    rows = random_history(workflow, 80, seed=21)
    asked = [
        one
        for one in newest_set(workflow).content["controls"]
        if one["key"][:3] in ("SUM", "DUP", "CON")
    ]

    compared = set()
    for row in rows:
        row.refresh_from_db()
        for control in asked:
            then = gathered_then(control, row.facts, workflow, case_id=row.case_id, before=row.pk)
            assert then == row.facts["gathered"][control["key"]]
            if then and then.get("sum") != "0" and then.get("earlier") != []:
                compared.add(control["key"])
    assert compared == {one["key"] for one in asked}


def test_another_window_is_judged_as_if_it_had_been_live(cast):
    """The same cases under the candidate from the first, in a workflow of their own."""
    candidates = [
        sums(window="PT20H", maximum=4000),
        looks("DUP-01", "duplicate", same=["context.channel"], window="P2D"),
        looks("CON-01", "contradiction", field="context.channel", window="P3D"),
    ]
    before = make_workflow(controls=[policy(), sums()])
    twins = [one | {"key": f"L-{one['key']}"} for one in candidates]
    after = make_workflow("claims-letters", controls=[policy("LIM-02"), *twins])
    rng = random.Random(5)
    for n in range(120):
        body = random_body(rng) | {"subject": f"client-{n % 7}"}
        for workflow in (before, after):
            stored(workflow, at=BEGIN + n * timedelta(hours=1), **body)
    edits = [{"item": "control", "key": one["key"], "content": one} for one in candidates]
    candidate = with_edits(before, edits)

    done = replayed(before, candidate)

    assert done.status == ReplayStatus.DONE, done.problem
    assert done.report["replayable"] == done.report["asked_anew"] == 120
    for one in candidates:
        lived: dict[str, int] = {}
        for row in Assessment.objects.filter(workflow=after):
            outcome = next(r["outcome"] for r in row.results if r["key"] == f"L-{one['key']}")
            lived[outcome] = lived.get(outcome, 0) + 1
        assert control_of(done.report, one["key"])["outcomes_now"] == lived
        assert len(lived) > 1


def test_the_window_of_a_check_reaches_back_before_that_of_the_replay(cast):
    workflow = make_workflow(controls=[policy("QUIET", condition=never()), sums(maximum=10**6)])
    rows = a_client(workflow, 2000, 2000, 2000)
    longer = with_edit(workflow, "control", "SUM-01", sums(window="P30D"))

    report = replayed(workflow, longer, window_from=rows[2].at).report

    assert report["n"] == 1
    assert report["matrix"] == [{"was": "continue", "now": "review", "n": 1}]


def test_earlier_cases_count_as_they_were_really_ordered(cast):
    """What was blocked then does not count, whatever the candidate would have ordered."""
    block = policy(effect="block")  # above 2,500
    workflow = make_workflow(controls=[block, sums(maximum=10**6)])
    a_client(workflow, 4000, 2000, 2000)

    report = replayed(workflow, with_edit(workflow, "control", "SUM-01", sums(window="P8D"))).report

    assert control_of(report, "SUM-01")["outcomes_now"] == {"pass": 3}


def test_another_limit_on_the_same_sum_is_judged_on_what_was_gathered(cast):
    workflow = make_workflow(controls=[sums()])
    a_client(workflow, 2000, 2000, 2000)

    less = sums(maximum=3000)
    report = replayed(workflow, with_edit(workflow, "control", "SUM-01", less)).report

    assert (report["replayable"], report["tightened"], report["asked_anew"]) == (3, 1, 0)


def test_a_check_by_another_field_than_the_subject_makes_cases_not_replayable(cast):
    workflow = make_workflow(controls=[policy()])
    for row in range(3):
        stored(workflow, {"amount": 9}, at=BEGIN + timedelta(hours=row), context={"client": "c"})
    stored(workflow, {"amount": 9}, at=BEGIN + timedelta(days=1))  # no client: nothing is asked

    by_client = sums(subject_field="context.client")
    report = replayed(workflow, with_edit(workflow, "control", "SUM-01", by_client)).report

    assert report["not_replayable"] == [
        {
            "reason": "not_gathered",
            "n": 3,
            "words": "a check asks of earlier cases what was not asked then, by another field "
            "than the subject",
        }
    ]
    assert (report["n"], report["replayable"]) == (4, 1)


def test_a_preview_of_another_window_counts_like_the_replay(cast, monkeypatch):
    monkeypatch.setattr("assurance.controls.preview.SLOW_AT_ONCE", 2)
    workflow = make_workflow(controls=[sums(maximum=4000, window="P1D")])
    rows = a_client(workflow, *[1000] * 8)

    shown = preview(
        workflow,
        item="control",
        key="SUM-01",
        content=sums(maximum=4000, window="P20D"),
        at=rows[-1].at,
    )

    assert (shown["judged"], shown["matched"], shown["newly_held"]) == (8, 4, 4)


def never() -> dict[str, Any]:
    return {"field": "output.amount", "op": ">", "value": 10**9}
