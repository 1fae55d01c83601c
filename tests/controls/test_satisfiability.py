"""What a condition can never be: proved, or not said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from assurance.controls.condition_reader import read
from assurance.controls.conditions import evaluate
from assurance.controls.fields import Catalogue, catalogue_from_schemas
from assurance.controls.satisfiability import (
    MOST_STEPS,
    MOST_STEPS_OF_A_SET,
    Goal,
    Prover,
    always_matches,
    contradictions,
    never_matches,
    warnings,
)
from tests.controls import trees

CATALOGUE: Catalogue = catalogue_from_schemas(
    {
        "properties": {
            "amount": {"type": "number", "title": "Loan amount"},
            "limit": {"type": "number"},
            "channel": {"type": "string"},
            "flag": {"type": "boolean"},
            "tags": {"type": "array"},
            "day": {"type": "string", "format": "date"},
            "when": {"type": "string", "format": "date-time"},
        }
    },
    None,
)


def T(field: str, op: str, value: Any = None, other: str | None = None) -> dict[str, Any]:
    """A test of one field of the output."""
    tree: dict[str, Any] = {"field": f"output.{field}", "op": op}
    if other:
        return tree | {"other": f"output.{other}"}
    return tree if value is None else tree | {"value": value}


NEVER = [
    {"all": [T("amount", ">", 5), T("amount", "<", 3)]},
    {"all": [T("amount", ">", 5), T("amount", "<=", 5)]},
    {"all": [T("amount", ">", 5), T("amount", "<", 5)]},
    {"all": [T("amount", ">=", 5), T("amount", "<=", 5), T("amount", "!=", 5)]},
    {"all": [T("amount", "==", 5), T("amount", "==", 6)]},
    {"all": [T("amount", "in", [1, 2, 9]), T("amount", ">", 2), T("amount", "not_in", [9.0])]},
    {"all": [T("channel", "==", "web"), T("channel", "in", ["broker", "phone"])]},
    {"all": [T("channel", "starts_with", "a"), T("channel", "starts_with", "b")]},
    {"all": [T("channel", "starts_with", "abc"), {"not": T("channel", "contains", "bc")}]},
    {"all": [T("flag", "!=", True), T("flag", "!=", False)]},
    {"all": [T("tags", "contains", "vip"), {"not": T("tags", "contains", "vip")}]},
    {"all": [T("amount", "missing"), T("amount", ">", 5)]},
    {"all": [T("amount", "missing"), T("amount", "present")]},
    {"all": [T("amount", ">", other="limit"), T("limit", ">=", other="amount")]},
    T("amount", "<", other="amount"),
    {"all": [T("day", ">", "2026-11-22"), T("day", "<", "2026-11-23")]},
    {"all": [T("when", "<", "2026-11-22T00:00:00Z"), T("when", "==", "2026-11-22T01:00:00+01:00")]},
    {"not": {"any": [T("amount", ">", 5), T("amount", "<=", 5)]}},
    {"all": [T("amount", ">", 5), {"any": [T("amount", "<", 2), T("amount", "==", 3)]}]},
]
SOMETIMES = [
    {"all": [T("amount", ">", 5), T("amount", "<", 7)]},
    {"all": [T("amount", ">=", 5), T("amount", "<=", 5)]},
    {"any": [T("amount", ">", 5), T("amount", "<", 3)]},
    {"all": [T("amount", ">", 5), T("limit", "<", 3)]},
    {"all": [T("channel", "starts_with", "a"), T("channel", "starts_with", "ab")]},
    {"all": [T("channel", "contains", "a"), T("channel", "contains", "b")]},
    {"all": [T("tags", "contains", "vip"), T("tags", "contains", "new")]},
    {"all": [T("amount", ">=", other="limit"), T("limit", ">=", other="amount")]},
    {"all": [T("day", ">=", "2026-11-22"), T("day", "<", "2026-11-23")]},
    T("flag", "in", [True, False]),
]


@pytest.mark.parametrize("tree", NEVER, ids=str)
def test_tests_that_exclude_each_other_are_found(tree):
    assert never_matches(tree, CATALOGUE)


@pytest.mark.parametrize("tree", SOMETIMES, ids=str)
def test_a_condition_that_some_case_meets_is_left_alone(tree):
    assert not never_matches(tree, CATALOGUE)


@pytest.mark.parametrize("tree", NEVER, ids=str)
def test_the_opposite_of_what_never_holds_always_does(tree):
    assert always_matches({"not": tree}, CATALOGUE)


def test_fields_without_a_type_are_read_as_their_tests_say():
    number = {"field": "signals.x", "op": ">", "value": 1}
    text = {"field": "signals.x", "op": "==", "value": "a"}
    inner = {"field": "signals.x.y", "op": "present"}

    assert never_matches({"all": [number, text]}, CATALOGUE)
    assert never_matches({"all": [text, inner]}, CATALOGUE)
    assert not never_matches({"any": [number, text]}, CATALOGUE)


@settings(max_examples=200, deadline=None)
@given(tree=trees.trees, facts=st.lists(trees.facts, min_size=1, max_size=8))
def test_what_is_called_never_matching_never_matches(tree, facts):
    if never_matches(tree, trees.CATALOGUE):
        assert all(evaluate(tree, one, trees.CATALOGUE) is not True for one in facts)
    if always_matches(tree, trees.CATALOGUE):
        assert all(evaluate(tree, one, trees.CATALOGUE) is not False for one in facts)


NUMBERS = st.sampled_from([0, 1, 2, 3])
ONE_FIELD = st.builds(
    T, st.just("amount"), st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), NUMBERS
)
SMALL = st.recursive(
    ONE_FIELD,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda of: {"all": of}),
        st.lists(inner, min_size=1, max_size=3).map(lambda of: {"any": of}),
        inner.map(lambda of: {"not": of}),
    ),
    max_leaves=8,
)
# Between, on and beyond each number that a test can name: every case that could differ.
EVERY_CASE = [{"output": {"amount": n / 2}} for n in range(-1, 8)] + [{"output": {}}]


@settings(max_examples=200, deadline=None)
@given(tree=SMALL)
def test_over_one_number_it_is_found_exactly_when_no_case_meets_it(tree):
    met = [evaluate(tree, facts, CATALOGUE) for facts in EVERY_CASE]

    assert never_matches(tree, CATALOGUE) is (True not in met)
    assert always_matches(tree, CATALOGUE) is (False not in met)


@settings(max_examples=200, deadline=None)
@given(later=SMALL, earlier=st.lists(SMALL, min_size=1, max_size=3))
@example(later=T("amount", ">", 2), earlier=[T("amount", ">", 1)])
def test_over_one_number_a_rule_is_shadowed_exactly_when_earlier_ones_take_all(later, earlier):
    goals = [Goal(read(one), want=False, sure=False) for one in earlier]
    reached = any(
        evaluate(later, facts, CATALOGUE) is True
        and all(evaluate(one, facts, CATALOGUE) is not True for one in earlier)
        for facts in EVERY_CASE
    )
    assume(any(evaluate(later, facts, CATALOGUE) is True for facts in EVERY_CASE))

    assert Prover(CATALOGUE).never(Goal(read(later)), *goals) is not reached


def test_beyond_the_cap_nothing_is_said():
    either = [
        {"any": [T("tags", "contains", f"a{n}"), T("channel", "contains", f"b{n}")]}
        for n in range(16)
    ]
    never = [
        {"any": [T("amount", "==", n) for n in (1, 2, 3)]},
        {"any": [T("amount", "==", n) for n in (4, 5, 6)]},
    ]
    prover = Prover(CATALOGUE)

    assert prover.never(Goal(read({"all": never})))
    assert not prover.never(Goal(read({"all": [*either, *never]})))
    assert prover.left >= MOST_STEPS_OF_A_SET - 2 * MOST_STEPS


def content(**parts: Any) -> dict[str, Any]:
    return {"workflow": "credit-decisions", "controls": [], "rules": [], "waivers": [], **parts}


def rule(name: str, position: int, condition: Any, queue: str = "experts") -> dict[str, Any]:
    return {
        "name": name, "position": position, "condition": condition, "queue": queue,
        "catch_all": None,
    }  # fmt: skip


KINDS = {"experts": "specialist", "general": "general"}


def codes(found) -> list[tuple[str, str]]:
    return [(one.pointer, one.code) for one in found]


def test_a_contradiction_is_told_with_its_place_and_the_field_that_it_is_about():
    control = {"key": "A", "condition": NEVER[0]}
    found = contradictions(content(controls=[{"key": "B", "condition": None}, control]), CATALOGUE)

    assert codes(found) == [("/controls/1/condition", "contradiction")]
    assert "Loan amount" in found[0].message


def test_a_condition_with_another_problem_is_no_contradiction():
    unknown = {"all": [{"field": "output.nothing", "op": ">", "value": 1}, *NEVER[0]["all"]]}
    assert contradictions(content(controls=[{"key": "A", "condition": unknown}]), CATALOGUE) == []


def test_a_stage_that_there_is_not_is_a_warning_and_no_contradiction():
    tree = {"field": "workflow.stage", "op": "==", "value": "production"}
    whole = content(controls=[{"key": "A", "condition": tree}])

    assert contradictions(whole, CATALOGUE) == []
    assert codes(warnings(whole, CATALOGUE)) == [("/controls/0/condition", "never_matches")]
    assert "observe, pilot" in warnings(whole, CATALOGUE)[0].message


def test_a_condition_that_excludes_nothing_is_told():
    tree = {"any": [T("amount", ">", 5), T("amount", "<=", 5)]}
    whole = content(waivers=[{"key": "W", "condition": tree}])
    assert codes(warnings(whole, CATALOGUE)) == [("/waivers/0/condition", "always_matches")]


def test_a_dead_alternative_is_told_with_its_place():
    tree = {"any": [T("flag", "==", True), NEVER[0]]}
    whole = content(controls=[{"key": "A", "condition": tree}])
    assert codes(warnings(whole, CATALOGUE)) == [("/controls/0/condition/any/1", "never_matches")]


def test_a_rule_behind_a_wider_one_is_shadowed_by_name():
    rules = [rule("Large", 1, T("amount", ">", 1000)), rule("Huge", 2, T("amount", ">", 5000))]
    found = warnings(content(rules=rules), CATALOGUE, KINDS)

    assert codes(found) == [("/rules/1/condition", "shadowed")]
    assert "“Large”" in found[0].message


def test_position_counts_and_not_the_place_in_the_list():
    rules = [rule("Large", 2, T("amount", ">", 1000)), rule("Huge", 1, T("amount", ">", 5000))]
    assert warnings(content(rules=rules), CATALOGUE, KINDS) == []


def test_two_rules_may_shadow_a_third_together():
    rules = [
        rule("Small", 1, T("amount", "<", 1000)),
        rule("Large", 2, T("amount", ">=", 1000)),
        rule("Any", 3, T("amount", ">", 5)),
    ]
    found = warnings(content(rules=rules), CATALOGUE, KINDS)
    assert codes(found) == [("/rules/2/condition", "shadowed")]


def test_a_general_queue_does_not_shadow_what_needs_a_specialist():
    rules = [
        rule("Large", 1, T("amount", ">", 1000), queue="general"),
        rule("Huge", 2, T("amount", ">", 5000)),
    ]
    assert warnings(content(rules=rules), CATALOGUE, KINDS) == []


def test_a_rule_reached_by_cases_of_which_nothing_is_known_is_not_shadowed():
    rules = [
        rule("Large", 1, T("amount", ">", 1000)),
        rule("Rest", 2, {"any": [T("amount", "missing"), T("amount", ">", 5000)]}),
    ]
    assert warnings(content(rules=rules), CATALOGUE, KINDS) == []
