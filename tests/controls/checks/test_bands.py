from __future__ import annotations

import pytest

from tests.controls.checks.sample_facts import codes, facts_of, run


def judge(score, **params):
    return run("confidence_band", params, facts_of(signals={"confidence": score}))


@pytest.mark.parametrize(
    ("score", "outcome"),
    [
        (1, "pass"),
        (0.8, "pass"),
        (0.79, "inconclusive"),
        (0.5, "inconclusive"),
        (0.49, "fail"),
        (0, "fail"),
        (None, "inconclusive"),
        ("0.9", "inconclusive"),
        (True, "inconclusive"),
    ],
)
def test_a_confidence_passes_above_fails_below_and_is_uncertain_between(score, outcome):
    assert judge(score).outcome == outcome


@pytest.mark.parametrize(
    ("score", "outcome"),
    [(0.1, "pass"), (0.2, "pass"), (0.3, "inconclusive"), (0.6, "inconclusive"), (0.61, "fail")],
)
def test_a_risk_is_judged_the_other_way_round(score, outcome):
    assert judge(score, good="low", pass_at=0.2, fail_at=0.6).outcome == outcome


def test_an_uncertain_score_says_between_what_it_lies():
    found = judge(0.71)

    assert found.message == "`signals.confidence` 0.71 is between 0.5 and 0.8."
    assert (found.reason_code, found.score) == ("in_band", 0.71)
    assert found.operands == (
        {"field": "signals.confidence", "value": 0.71, "op": ">=", "other": 0.8},
    )


def test_equal_bounds_leave_no_band():
    assert judge(0.7, fail_at=0.7, pass_at=0.7).outcome == "pass"
    assert judge(0.69, fail_at=0.7, pass_at=0.7).outcome == "fail"


def test_bounds_in_the_wrong_order_are_refused():
    assert codes("confidence_band", {"fail_at": 0.9}) == {"/pass_at": "empty_range"}
    low = {"good": "low", "fail_at": 0.2, "pass_at": 0.6}
    assert codes("confidence_band", low) == {"/pass_at": "empty_range"}
    assert codes("confidence_band", {}) == {}
