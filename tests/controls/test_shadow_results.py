"""What a control in shadow shows: the two by two, its fire rate, and when it is ready."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assurance.controls import replay
from assurance.controls.shadow_results import is_ready, two_by_two
from assurance.errors import DomainError
from tests.controls.history import BEGIN, stored, with_edit
from tests.controls.replaying import LIMIT, SYSTEM, finished, label, lowered
from tests.controls_factories import make_workflow, policy, publish_next

DAY = timedelta(days=1)
SHADOWED = BEGIN + 10 * DAY


@pytest.fixture
def workflow(cast):
    return make_workflow(controls=[policy()])


def in_shadow(workflow, at=SHADOWED, **fields: Any) -> dict[str, Any]:
    """LIM-02 put beside the live LIM-01: fires above 3,000, never enforced."""
    control = policy("LIM-02", mode="shadow", condition={**LIMIT, "value": 3000}, **fields)
    content = with_edit(workflow, "control", "LIM-02", control)
    publish_next(workflow, content, actor=SYSTEM, at=at)
    return next(one for one in content["controls"] if one["key"] == "LIM-02")


def cases(workflow, amounts: list[int], begin=SHADOWED + timedelta(hours=1), every=DAY):
    return [
        stored(workflow, {"amount": amount}, at=begin + n * every)
        for n, amount in enumerate(amounts)
    ]


def test_each_cell_counts_its_cases_with_what_became_known_of_them(workflow):
    in_shadow(workflow)
    low, middle, high, higher = cases(workflow, [1000, 2800, 4000, 5000])
    label(workflow, low, "harmful", "outcome")
    label(workflow, middle, "correct", "decision")
    label(workflow, high, "incorrect", "decision")

    found = two_by_two(workflow, "LIM-02", higher.at + DAY)

    empty = {"correct": 0, "incorrect": 0, "harmful": 0, "unlabelled": 0}
    assert found["cells"] == {
        "both": {**empty, "n": 2, "incorrect": 1, "unlabelled": 1},
        "live_only": {**empty, "n": 1, "correct": 1},
        "candidate_only": {**empty, "n": 0},
        "neither": {**empty, "n": 1, "harmful": 1},
    }
    assert found["fire_rate"]["k"] == 2
    assert found["n"] == found["fire_rate"]["n"] == 4


def test_a_case_that_only_the_candidate_would_hold_is_in_its_own_cell(workflow):
    control = policy("LIM-02", mode="advise", condition={**LIMIT, "value": 500})
    content = with_edit(workflow, "control", "LIM-02", control)
    publish_next(workflow, content, actor=SYSTEM, at=SHADOWED)
    cases(workflow, [800])

    found = two_by_two(workflow, "LIM-02", SHADOWED + 2 * DAY)

    assert found["mode"] == "advise"
    assert found["cells"]["candidate_only"]["n"] == 1


def test_a_live_control_that_was_waived_did_not_fire(workflow):
    in_shadow(workflow)
    waiver = {
        "control": "LIM-01",
        "condition": {**LIMIT, "value": 3500},
        "reason": "Agreed.",
        "expires_at": (SHADOWED + 90 * DAY).isoformat(),
    }
    publish_next(
        workflow, with_edit(workflow, "waiver", "W-1", waiver), actor=SYSTEM, at=SHADOWED + DAY
    )
    cases(workflow, [3200, 4000], begin=SHADOWED + 2 * DAY)

    cells = two_by_two(workflow, "LIM-02", SHADOWED + 9 * DAY)["cells"]

    assert (cells["both"]["n"], cells["candidate_only"]["n"]) == (1, 1)


def test_the_time_in_shadow_runs_on_through_sets_that_leave_it_alone_and_begins_anew_with_another(
    workflow,
):
    in_shadow(workflow)
    publish_next(
        workflow,
        with_edit(workflow, "control", "LIM-01", lowered(value=2400)),
        actor=SYSTEM,
        at=SHADOWED + 2 * DAY,
    )
    through = two_by_two(workflow, "LIM-02", SHADOWED + 5 * DAY)
    in_shadow(workflow, at=SHADOWED + 6 * DAY, effect="specialist")
    anew = two_by_two(workflow, "LIM-02", SHADOWED + 7 * DAY)

    assert (through["days"], anew["days"]) == (5, 1)


def test_ready_takes_seven_days_two_hundred_assessments_and_the_predicted_fire_rate(workflow):
    cases(workflow, [1000, 4000] * 60, begin=BEGIN, every=timedelta(hours=1))
    control = policy("LIM-02", mode="shadow", condition={**LIMIT, "value": 3000})
    candidate = with_edit(workflow, "control", "LIM-02", control)
    predicted = finished(replay.request(workflow, candidate, by=None, at=SHADOWED - DAY))
    content = in_shadow(workflow)
    cases(workflow, [1000, 4000] * 100, every=timedelta(minutes=30))

    soon = two_by_two(workflow, "LIM-02", SHADOWED + 3 * DAY)
    then = two_by_two(workflow, "LIM-02", SHADOWED + 8 * DAY)

    foretold = then["predicted"]
    assert (foretold["k"], foretold["n"], foretold["replay"]) == (60, 120, predicted.pk)
    assert (foretold["low"], foretold["high"]) == (0.407369, 0.592631)
    assert (soon["minimum"]["met"], soon["ready"]) == (False, False)
    assert (then["minimum"]["met"], then["as_predicted"], then["ready"]) == (True, True, True)
    later = finished(replay.request(workflow, candidate, by=None, at=SHADOWED + 8 * DAY))
    assert is_ready(workflow, {**content, "mode": "enforced"}, report=later)
    assert not is_ready(workflow, {**content, "effect": "block"}, report=later)


def test_a_fire_rate_that_the_replay_did_not_predict_is_not_ready(workflow):
    cases(workflow, [1000, 4000] * 60, begin=BEGIN, every=timedelta(hours=1))
    candidate = with_edit(
        workflow, "control", "LIM-02", policy("LIM-02", condition={**LIMIT, "value": 3000})
    )
    finished(replay.request(workflow, candidate, by=None, at=SHADOWED - DAY))
    in_shadow(workflow)
    cases(workflow, [4000] * 200, every=timedelta(minutes=30))

    found = two_by_two(workflow, "LIM-02", SHADOWED + 8 * DAY)

    assert (found["minimum"]["met"], found["as_predicted"], found["ready"]) == (True, False, False)


def test_without_a_replay_nothing_was_predicted_and_nothing_is_ready(workflow):
    in_shadow(workflow)
    cases(workflow, [1000, 4000] * 100, every=timedelta(minutes=30))

    found = two_by_two(workflow, "LIM-02", SHADOWED + 8 * DAY)

    assert (found["predicted"], found["as_predicted"], found["ready"]) == (None, None, False)


@pytest.mark.parametrize("key", ["LIM-01", "LIM-99"])
def test_a_control_that_is_not_in_shadow_is_refused(workflow, key):
    with pytest.raises(DomainError, match="is not in shadow or advise") as refusal:
        two_by_two(workflow, key, SHADOWED)

    assert refusal.value.status == 404
