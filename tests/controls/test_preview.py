"""Preview: an unsaved item over the cases of the last thirty days."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assurance.controls import replay
from assurance.controls.control_sets import newest_set
from assurance.controls.models import Assessment, ControlChange, ControlSet, Replay
from assurance.controls.preview import preview
from assurance.errors import DomainError
from tests.controls.history import BEGIN, random_history, stored, with_edit
from tests.controls.replaying import LIMIT, control_of, finished, label, lowered, many_controls
from tests.controls_factories import make_workflow, policy

NOW = BEGIN + timedelta(days=20)
ROWS = {
    "all": [
        {"field": "output.amount", "op": ">", "value": 1000},
        {
            "any": [
                {"field": "context.channel", "op": "==", "value": "fax"},
                {"not": {"field": "context.age", "op": "<", "value": 30}},
            ]
        },
        {"field": "output.amount", "op": "present"},
    ]
}


@pytest.fixture
def workflow(cast):
    return make_workflow(controls=[policy()])


@pytest.fixture
def history(workflow) -> list[Assessment]:
    """Ten cases, an hour apart: 500, 1,000, … 5,000."""
    return [
        stored(workflow, {"amount": 500 * n}, at=BEGIN + timedelta(hours=n)) for n in range(1, 11)
    ]


def previewed(workflow, content, key="LIM-01", **more):
    return preview(
        workflow, **{"item": "control", "key": key, "content": content, "at": NOW} | more
    )


@pytest.mark.parametrize(
    ("item", "key", "content"),
    [
        ("control", "LIM-01", lowered(value=1500)),
        ("control", "LIM-02", lowered("LIM-02", 5600, effect="governance")),
        ("control", "NEW-01", policy("NEW-01", condition=ROWS, effect="specialist")),
        ("control", "VER-01", None),
    ],
)
def test_the_counts_are_those_of_a_full_replay_of_the_same_window(cast, item, key, content):
    workflow = make_workflow(controls=many_controls())
    random_history(workflow, 250, seed=9, apart=timedelta(hours=4))
    at = BEGIN + timedelta(days=40)

    shown = preview(workflow, item=item, key=key, content=content, at=at)
    asked = replay.request(
        workflow,
        with_edit(workflow, item, key, content),
        by=None,
        at=at,
        window_from=at - timedelta(days=30),
    )
    report = finished(asked).report

    assert not shown["sampled"]
    assert shown["n"] == shown["total"] == report["n"] > 150
    assert shown["judged"] == report["replayable"]
    row = control_of(report, key)
    assert shown["matched"] == row["matched_now"]
    assert shown["live_matched"] == row["matched_base"]
    assert shown["newly_matched"] == row["newly_matched"]
    assert shown["no_longer_matched"] == row["no_longer_matched"]
    assert shown["newly_held"] == report["holding"]["newly_held"]
    assert shown["newly_released"] == report["holding"]["newly_released"]
    assert shown["not_replayable"] == report["not_replayable"]
    assert {one["queue"]: one["extra"] for one in shown["queues"]} == {
        one["queue"]: one["more"] - one["fewer"] for one in report["segments"]["queue"]
    }
    assert sum(day["matched"] for day in shown["daily"]) == shown["matched"]
    assert sum(shown["people"].values()) == shown["matched"]


def test_a_preview_stores_nothing_and_touches_nothing_that_is_live(workflow, history):
    before = newest_set(workflow).sha256

    previewed(workflow, lowered())

    assert newest_set(workflow).sha256 == before
    assert not Replay.objects.exists()
    assert not ControlChange.objects.exists()
    assert (ControlSet.objects.count(), Assessment.objects.count()) == (1, 10)


def test_what_it_matches_is_split_by_what_people_decided_later(workflow, history):
    label(workflow, history[3], "correct", "decision")  # 2,000
    label(workflow, history[8], "incorrect", "decision")  # 4,500
    label(workflow, history[9], "harmful", "outcome")  # 5,000: nobody decided
    label(workflow, history[0], "incorrect", "decision")  # 500: no match

    shown = previewed(workflow, lowered())

    assert shown["people"] == {"approved": 1, "corrected_or_rejected": 1, "never_reviewed": 6}


def test_it_says_how_many_match_only_because_a_field_was_missing(workflow, history):
    stored(workflow, {"text": "no amount"}, at=BEGIN + timedelta(days=2))
    stored(workflow, {"amount": "much"}, at=BEGIN + timedelta(days=3))

    shown = previewed(workflow, lowered())
    quiet = previewed(workflow, lowered(on_unknown="quiet"))

    assert (shown["matched"], shown["matched_unknown"]) == (10, 2)
    assert (quiet["matched"], quiet["matched_unknown"]) == (8, 0)
    assert shown["rows"] == [{"pointer": "", "matched": 8, "unknown": 2}]


def test_each_row_has_its_own_rate_at_its_own_place(workflow):
    for n, age in enumerate((20, 40, None)):
        stored(
            workflow,
            {"amount": 900 + 200 * n},
            context={"age": age} if age else {},
            at=BEGIN + timedelta(hours=n),
        )

    shown = previewed(workflow, policy(condition=ROWS))

    assert shown["rows"] == [
        {"pointer": "/all/0", "matched": 2, "unknown": 0},
        {"pointer": "/all/1/any/0", "matched": 0, "unknown": 3},
        {"pointer": "/all/1/any/1/not", "matched": 1, "unknown": 1},
        {"pointer": "/all/2", "matched": 3, "unknown": 0},
    ]
    assert [(one["code"], one["pointer"]) for one in shown["warnings"]] == [
        ("row_never_matches", "/all/1/any/0"),
        ("row_always_matches", "/all/2"),
    ]


@pytest.mark.parametrize(("limit", "code"), [(10**6, "never_matches"), (0, "always_matches")])
def test_it_warns_of_what_never_or_always_matches(workflow, history, limit, code):
    (warning,) = previewed(workflow, lowered(value=limit))["warnings"]

    assert warning["code"] == code
    assert "10 cases" in warning["message"]


def test_new_matches_are_sampled_first_and_the_newest_of_them_first(workflow, history):
    samples = previewed(workflow, lowered())["samples"]

    assert [one["new"] for one in samples] == [True] * 3 + [False] * 5
    assert [one["case_id"] for one in samples[:3]] == [str(history[n].case_id) for n in (4, 3, 2)]
    assert (samples[0]["was"], samples[0]["now"]) == ("continue", "review")


def test_days_and_queues_show_the_load_that_comes(workflow, history):
    stored(workflow, {"amount": 2000}, at=BEGIN + timedelta(days=1, hours=3))

    shown = previewed(workflow, lowered())

    assert shown["daily"] == [
        {"day": "2026-03-01", "n": 10, "matched": 8, "live": 5},
        {"day": "2026-03-02", "n": 1, "matched": 1, "live": 0},
    ]
    # 1,500 at noon, 2,000 at one o'clock, 2,500 at two; one more at noon the day after.
    assert shown["queues"] == [
        {
            "queue": "credit-review",
            "extra": 4,
            "extra_per_day": 0.133,
            "peak_hour": {"hour": 12, "per_day": 0.067},
        }
    ]


def test_a_rule_takes_cases_from_one_queue_to_another(workflow, history):
    rule = {
        "name": "Very large",
        "queue": "credit-specialists",
        "condition": {**LIMIT, "value": 4000},
    }

    shown = previewed(workflow, rule, key="Very large", item="rule")

    assert (shown["matched"], shown["live_matched"], shown["newly_held"]) == (2, 0, 0)
    assert shown["rows"] == [{"pointer": "", "matched": 2, "unknown": 0}]
    assert {one["queue"]: one["extra"] for one in shown["queues"]} == {
        "credit-review": -2,
        "credit-specialists": 2,
    }


def test_a_control_that_is_only_to_be_in_shadow_is_shown_as_if_it_were_enforced(workflow, history):
    shown = previewed(workflow, lowered("LIM-02", mode="shadow"), key="LIM-02")

    assert (shown["as_if_enforced"], shown["newly_held"]) == (True, 3)


def test_a_live_control_that_is_put_into_shadow_shows_what_is_let_go(cast):
    workflow = make_workflow(controls=[policy(), lowered("QUIET", 10**6)])
    stored(workflow, {"amount": 4000}, at=BEGIN)

    shown = previewed(workflow, policy(mode="shadow"))

    assert (shown["as_if_enforced"], shown["newly_held"], shown["newly_released"]) == (False, 0, 1)
    assert (shown["matched"], shown["live_matched"]) == (1, 1)


def test_over_its_time_it_looks_at_one_case_in_ten_and_says_so(workflow, monkeypatch):
    for n in range(60):
        stored(workflow, {"amount": 4000}, at=BEGIN + timedelta(hours=n))
    monkeypatch.setattr("assurance.controls.preview.ONE_IN", (1, 10))

    shown = previewed(workflow, lowered(), budget=-1)

    assert (shown["sampled"], shown["one_in"], shown["total"]) == (True, 10, 60)
    assert shown["n"] == shown["matched"] == 6


def test_cases_from_before_the_window_do_not_count(workflow, history):
    stored(workflow, {"amount": 9000}, at=NOW - timedelta(days=31))

    assert previewed(workflow, lowered())["n"] == 10
    assert previewed(workflow, lowered(), days=60)["n"] == 11


def test_a_condition_that_cannot_be_judged_is_refused_with_its_faults(workflow, history):
    with pytest.raises(DomainError, match="cannot be judged") as refusal:
        previewed(workflow, policy(condition={"all": [{"field": "output.amount", "op": "gt"}]}))

    assert refusal.value.status == 422
    assert refusal.value.errors[0]["pointer"].startswith("/all/0")


def test_a_workflow_without_cases_has_an_empty_preview_without_warnings(workflow):
    shown = previewed(workflow, lowered())

    assert (shown["n"], shown["matched"], shown["warnings"]) == (0, 0, [])
