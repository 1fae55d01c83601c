"""What a condition means: operators, the third truth value, dates, the catalogue's say."""

from __future__ import annotations

import doctest
import importlib

import pytest

from assurance.controls.conditions import ConditionError, compile_conditions, evaluate, explain
from assurance.controls.fields import EVERYTHING, catalogue_from_schemas

CATALOGUE = catalogue_from_schemas(
    {
        "properties": {
            "amount": {"type": "number"},
            "name": {"type": "string"},
            "flag": {"type": "boolean"},
            "tags": {"type": "array"},
            "when": {"type": "string", "format": "date-time"},
            "day": {"type": "string", "format": "date"},
        }
    },
    None,
)


def verdict(tree, facts, catalogue=CATALOGUE):
    """The verdict, after making sure that all three ways to it agree."""
    plain = evaluate(tree, facts, catalogue)
    assert compile_conditions([tree], catalogue)(facts) == [plain]
    assert explain(tree, facts, catalogue).verdict is plain
    return plain


def of(op, value, held, field="output.amount", catalogue=CATALOGUE):
    root, key = field.split(".")
    return verdict({"field": field, "op": op, "value": value}, {root: {key: held}}, catalogue)


@pytest.mark.parametrize(
    ("op", "below", "same", "above"),
    [
        ("==", False, True, False),
        ("!=", True, False, True),
        ("<", True, False, False),
        ("<=", True, True, False),
        (">", False, False, True),
        (">=", False, True, True),
    ],
)
def test_numbers_compare_by_value_whether_whole_or_not(op, below, same, above):
    assert of(op, 2500, 2499.99) is below
    assert of(op, 2500, 2500.0) is same
    assert of(op, 2500.0, 2501) is above


def test_a_boolean_is_no_number_and_a_number_no_boolean():
    assert of("==", 1, True) is None
    assert of(">=", 0, True) is None
    assert of("==", True, 1, "output.flag") is None
    assert of("==", True, True, "output.flag") is True
    assert of("in", [0, 1], True, "context.any") is None
    assert of("contains", 1, [True], "context.any") is False


def test_text_compares_case_sensitively_and_has_no_order():
    assert of("==", "Broker", "broker", "output.name") is False
    assert of("starts_with", "Bro", "Broker", "output.name") is True
    assert of("starts_with", "bro", "Broker", "output.name") is False
    assert of("contains", "rok", "Broker", "output.name") is True
    assert of("contains", "", "Broker", "output.name") is True
    assert of("<", "b", "a", "output.name") is None


def test_membership_in_a_list_of_literals():
    assert of("in", ["a", "b"], "b", "output.name") is True
    assert of("in", ["a", "b"], "c", "output.name") is False
    assert of("not_in", ["a", "b"], "c", "output.name") is True
    assert of("in", [1, 2.0], 2) is True
    assert of("not_in", [1, 2], "2", "context.any") is None


def test_a_thousand_literals_are_looked_up_like_three():
    many = [f"customer-{number}" for number in range(1_000)]

    assert of("in", many, "customer-999", "output.name") is True
    assert of("not_in", many, "customer-1000", "output.name") is True
    assert of("in", many, 5, "output.name") is None


def test_a_list_contains_items_of_the_same_type():
    assert of("contains", "x", ["x", 1], "output.tags") is True
    assert of("contains", 1, ["x", 1.0], "output.tags") is True
    assert of("contains", 1, [True, "1", None], "output.tags") is False
    assert of("contains", "x", "axb", "output.tags") is None


@pytest.mark.parametrize(
    "held", [None, "2500", True, [2500], {"is": 2500}, float("nan"), float("inf")]
)
def test_bad_input_85_null_or_a_wrong_type_makes_every_comparison_unknown(held):
    for op in ("==", "!=", "<", "<=", ">", ">="):
        assert of(op, 2500, held) is None
    for op in ("in", "not_in"):
        assert of(op, [2500], held) is None


def test_bad_input_85_a_missing_value_makes_every_comparison_unknown():
    for op in ("==", "!=", "<", "<=", ">", ">="):
        tree = {"field": "output.amount", "op": op, "value": 2500}
        for facts in ({}, {"output": {}}, {"output": None}, {"output": "text"}, {"output": [1]}):
            assert verdict(tree, facts) is None


def test_present_and_missing_are_never_unknown():
    present, missing = ({"field": "output.a.b", "op": op} for op in ("present", "missing"))
    for held in (0, "", False, [], {}, float("nan")):
        assert verdict(present, {"output": {"a": {"b": held}}}) is True
        assert verdict(missing, {"output": {"a": {"b": held}}}) is False
    for facts in ({}, {"output": None}, {"output": {"a": 5}}, {"output": {"a": {"b": None}}}):
        assert verdict(present, facts) is False
        assert verdict(missing, facts) is True


TRUE, FALSE, UNKNOWN = (
    {"field": "output.amount", "op": "==", "value": 1},
    {"field": "output.amount", "op": "==", "value": 2},
    {"field": "output.nowhere", "op": "==", "value": 1},
)
AS_TREE = {True: TRUE, False: FALSE, None: UNKNOWN}


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    [
        (True, True, True, True),
        (True, False, False, True),
        (True, None, None, True),
        (False, True, False, True),
        (False, False, False, False),
        (False, None, False, None),
        (None, True, None, True),
        (None, False, False, None),
        (None, None, None, None),
    ],
)
def test_all_and_any_are_kleenes(left, right, both, either):
    parts = [AS_TREE[left], AS_TREE[right]]
    facts = {"output": {"amount": 1}}

    assert verdict({"all": parts}, facts, EVERYTHING) is both
    assert verdict({"any": parts}, facts, EVERYTHING) is either


def test_not_turns_true_and_false_and_leaves_unknown():
    facts = {"output": {"amount": 1}}

    assert [verdict({"not": AS_TREE[v]}, facts, EVERYTHING) for v in (True, False, None)] == [
        False,
        True,
        None,
    ]


def test_two_fields_compare_with_each_other():
    tree = {"field": "output.amount", "op": ">", "other": "context.limit"}

    assert verdict(tree, {"output": {"amount": 10}, "context": {"limit": 9.5}}) is True
    assert verdict(tree, {"output": {"amount": 10}, "context": {"limit": "9"}}) is None
    assert verdict(tree, {"output": {"amount": 10}, "context": {}}) is None


def test_a_field_may_be_looked_for_in_another():
    tree = {"field": "output.name", "op": "in", "other": "context.names"}

    assert verdict(tree, {"output": {"name": "a"}, "context": {"names": ["a", 1, None]}}) is True
    assert verdict(tree, {"output": {"name": "b"}, "context": {"names": ["a"]}}) is False
    assert verdict(tree, {"output": {"name": "a"}, "context": {"names": "abc"}}) is None
    assert verdict(tree | {"op": "not_in"}, {"output": {"name": "b"}, "context": {}}) is None


def test_declared_date_times_compare_as_instants():
    assert of("==", "2026-11-22T10:00:00Z", "2026-11-22T12:00:00+02:00", "output.when") is True
    assert of("<", "2026-11-22T10:00:00Z", "2026-11-22T11:30:00+02:00", "output.when") is True
    assert of("in", ["2026-11-22T10:00:00Z"], "2026-11-22T10:00:00.0Z", "output.when") is True
    assert of("<", "2026-11-22T10:00:00Z", "yesterday", "output.when") is None
    assert of("<", "yesterday", "2026-11-22T10:00:00Z", "output.when") is None


def test_declared_dates_order_and_text_in_an_open_field_does_not():
    assert of("<=", "2026-11-22", "2026-11-22", "output.day") is True
    assert of(">", "2026-11-22", "2026-12-01", "output.day") is True
    assert of(">", "2026-11-22", "2026-12-01", "context.day") is None
    assert of("==", "2026-11-22", "2026-11-22", "context.day") is True


def test_an_open_field_beside_a_declared_date_is_read_as_one():
    tree = {"field": "context.priced_at", "op": "<", "other": "occurred_at"}
    facts = {
        "context": {"priced_at": "2026-11-22T11:00:00+02:00"},
        "occurred_at": "2026-11-22T10:00:00Z",
    }

    assert verdict(tree, facts) is True
    assert verdict(tree, facts | {"context": {"priced_at": "2026-11-22"}}) is None


def test_a_date_and_a_date_time_compare_from_midnight_utc():
    tree = {"field": "output.day", "op": "<=", "other": "output.when"}

    assert verdict(tree, {"output": {"day": "2026-11-22", "when": "2026-11-22T00:00:00Z"}}) is True
    assert (
        verdict(tree, {"output": {"day": "2026-11-22", "when": "2026-11-22T00:00:00+01:00"}})
        is False
    )


def test_open_fields_decide_by_their_values():
    tree = {"field": "context.a", "op": "==", "other": "context.b"}

    assert verdict(tree, {"context": {"a": 1, "b": 1.0}}) is True
    assert verdict(tree, {"context": {"a": "x", "b": "y"}}) is False
    assert verdict(tree | {"op": "!="}, {"context": {"a": "x", "b": "y"}}) is True
    assert verdict(tree | {"op": "!="}, {"context": {"a": 1, "b": True}}) is None
    assert verdict(tree | {"op": "contains"}, {"context": {"a": ["x"], "b": "x"}}) is True
    assert verdict(tree | {"op": "contains"}, {"context": {"a": "xyz", "b": "y"}}) is True
    assert verdict(tree | {"op": "contains"}, {"context": {"a": "xyz", "b": 1}}) is None


def test_a_test_that_a_changed_schema_forbids_is_unknown_and_never_raises():
    was_text = {"field": "output.amount", "op": "starts_with", "value": "EUR"}
    is_gone = {"field": "output.gone", "op": "==", "value": 1}

    assert verdict(was_text, {"output": {"amount": "EUR 5"}}) is None
    assert verdict(is_gone, {"output": {"gone": 1}}) is True


def test_no_condition_is_always_true():
    assert verdict(None, {}) is True


def test_a_tree_of_no_legal_shape_is_refused_everywhere():
    for judge in (evaluate, explain):
        with pytest.raises(ConditionError, match="Did you mean “>”"):
            judge({"field": "output.amount", "op": "gt", "value": 1}, {})
    with pytest.raises(ConditionError) as caught:
        compile_conditions([{"all": []}])
    assert caught.value.problems[0].pointer == "/all"


@pytest.mark.parametrize(
    "module", ["conditions", "cel", "explanation", "fields", "readings", "compiled"]
)
def test_the_examples_in_the_docstrings_run(module):
    results = doctest.testmod(importlib.import_module(f"assurance.controls.{module}"))

    assert results.failed == 0
