from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.controls.checks.sample_facts import codes, facts_of, run


def recompute(output, expression, **params):
    params = {"field": "output.total", "expression": expression, **params}
    return run("recompute", params, facts_of(output))


def cross(output, left, op, right, **params):
    params = {"left": left, "op": op, "right": right, **params}
    return run("cross_field", params, facts_of(output))


@pytest.mark.parametrize(
    ("total", "params"),
    [
        (119, {}),
        (119.0, {}),
        (119.01, {"tolerance": 0.01}),
        (118.99, {"tolerance": 0.01}),
    ],
)
def test_a_figure_that_agrees_with_its_formula_passes(total, params):
    output = {"total": total, "net": 100, "tax": 19}

    assert recompute(output, "output.net + output.tax", **params).outcome == "pass"


@pytest.mark.parametrize(("total", "params"), [(119.01, {}), (120, {"tolerance": 0.5}), (-119, {})])
def test_a_figure_that_does_not_agree_fails_and_says_what_it_should_be(total, params):
    output = {"total": total, "net": 100, "tax": 19}
    found = recompute(output, "output.net + output.tax", **params)

    assert (found.outcome, found.reason_code) == ("fail", "does_not_agree")
    assert "comes to 119" in found.message
    assert found.operands[0]["other"] == 119


def test_a_result_is_rounded_half_up_where_the_owner_says_so():
    output = {"total": 0.13, "net": 0.125}

    assert recompute(output, "output.net").outcome == "fail"
    assert recompute(output, "output.net", round_to=2).outcome == "pass"
    found = recompute({"total": 0.12, "net": 0.125}, "output.net", round_to=2)
    assert found.suggested_value == {"output.total": 0.13}


def test_endless_digits_are_no_difference():
    output = {"total": 10, "net": 10}

    assert recompute(output, "output.net / 3 * 3").outcome == "pass"


@pytest.mark.parametrize(
    ("output", "code"),
    [
        ({"net": 1}, "missing_field"),
        ({"total": 1}, "missing_field"),
        ({"total": 1, "net": "1"}, "wrong_type"),
        ({"total": 1, "net": 0}, "division_by_zero"),
    ],
)
def test_what_cannot_be_computed_is_inconclusive(output, code):
    found = recompute(output, "1 / output.net")

    assert (found.outcome, found.reason_code) == ("inconclusive", code)


@pytest.mark.parametrize(
    ("left", "op", "right", "tolerance", "outcome"),
    [
        ("sum(output.lines.amount)", "==", "output.total", 0, "pass"),
        ("sum(output.lines.amount)", "==", "output.total + 1", 0, "fail"),
        ("sum(output.lines.amount)", "==", "output.total + 1", 1, "pass"),
        ("output.total", "!=", "1", 0, "pass"),
        ("output.total", "!=", "30", 0, "fail"),
        ("output.total", "<", "31", 0, "pass"),
        ("output.total", "<", "30", 0, "fail"),
        ("output.total", "<=", "30", 0, "pass"),
        ("output.total", "<=", "29.99", 0, "fail"),
        ("output.total", "<=", "29.99", 0.01, "pass"),
        ("output.total", ">", "29", 0, "pass"),
        ("output.total", ">", "30", 0, "fail"),
        ("output.total", ">=", "30", 0, "pass"),
        ("output.total", ">=", "30.5", 0, "fail"),
    ],
)
def test_two_sides_are_compared(left, op, right, tolerance, outcome):
    output = {"total": 30, "lines": [{"amount": 10}, {"amount": 20}]}

    assert cross(output, left, op, right, tolerance=tolerance).outcome == outcome


def test_a_failed_relation_names_every_field_of_both_sides():
    found = cross({"total": 31, "lines": [{"amount": 30}]}, "sum(output.lines.amount)", "==",
                  "output.total")  # fmt: skip

    assert [one.path for one in found.findings] == ["output.lines.amount", "output.total"]
    assert found.message == (
        "sum(output.lines.amount) is 30, which is not equal to output.total, 31."
    )


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("output.net +", "unreadable_expression"),
        ("output.nett", "unknown_field"),
        ("output.text + 1", "wrong_field_type"),
        ("sum(output.lines.amount)", None),
        ("sum(output.net)", "wrong_field_type"),
        ("sum(output.absent)", "unknown_field"),
        ("output.net * signals.rate", None),
    ],
)
def test_expressions_are_checked_when_saved(expression, code):
    params = {"field": "output.amount", "expression": expression}
    expected = {} if code is None else {"/expression": code}

    assert codes("recompute", params) == expected
    sides = {"left": "output.net", "right": expression}
    assert codes("cross_field", sides) == ({} if code is None else {"/right": code})


def test_other_parameters_are_checked_when_saved():
    params = {"field": "output.amount", "expression": "1"}

    assert codes("recompute", {**params, "tolerance": -1}) == {"/tolerance": "wrong_parameter"}
    assert codes("recompute", {**params, "round_to": 99}) == {"/round_to": "wrong_parameter"}
    assert codes("cross_field", {"left": "1", "right": "1", "op": "="}) == {
        "/op": "wrong_parameter"
    }


@given(st.lists(st.decimals(-(10**6), 10**6, places=2).map(float), max_size=30))
def test_lines_add_up_to_the_cent_although_they_come_as_floats(amounts):
    cents = sum(round(amount * 100) for amount in amounts)
    output = {"total": cents / 100, "lines": [{"amount": amount} for amount in amounts]}

    assert cross(output, "sum(output.lines.amount)", "==", "output.total").outcome == "pass"
