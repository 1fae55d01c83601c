"""What is said at save time: every fault, with its place and a way out."""

from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assurance.controls.condition_reader import read
from assurance.controls.condition_tree import MAX_DEPTH, MAX_LIST, MAX_NODES, OPERATORS, written
from assurance.controls.conditions import problems
from assurance.controls.fields import catalogue_from_schemas
from tests.controls.trees import trees

CATALOGUE = catalogue_from_schemas(
    {
        "properties": {
            "amount": {"type": "number"},
            "name": {"type": "string"},
            "flag": {"type": "boolean"},
            "tags": {"type": "array"},
            "when": {"type": "string", "format": "date-time"},
            "day": {"type": "string", "format": "date"},
            "applicant": {"type": "object", "properties": {"age": {"type": "number"}}},
        }
    },
    {"properties": {"channel": {"type": "string"}}},
)
AMOUNT = {"field": "output.amount", "op": ">", "value": 2500}


def told(tree, catalogue=CATALOGUE):
    return [(p.pointer, p.code, p.message) for p in problems(tree, catalogue)]


def only(tree, catalogue=CATALOGUE):
    found = told(tree, catalogue)
    assert len(found) == 1, found
    return found[0]


def test_a_sound_tree_has_no_problems():
    assert told({"all": [AMOUNT, {"not": {"field": "context.channel", "op": "missing"}}]}) == []
    assert told(None) == []


def test_bad_input_78_an_unknown_field_names_the_nearest_one():
    pointer, code, message = only({"all": [AMOUNT, AMOUNT | {"field": "output.amuont"}]})

    assert (pointer, code) == ("/all/1/field", "unknown_field")
    assert "output.amuont" in message
    assert "Did you mean “output.amount”?" in message


@pytest.mark.parametrize(
    ("written_as", "meant"),
    [
        ("ouput.amount", "output.amount"),
        ("context.amount", "output.amount"),
        ("output.channel", "context.channel"),
        ("proposed_acton", "proposed_action"),
    ],
)
def test_bad_input_78_the_right_name_in_the_wrong_place_is_recognised(written_as, meant):
    _, code, message = only({"field": written_as, "op": "present"})

    assert code == "unknown_field"
    assert f"Did you mean “{meant}”?" in message


def test_bad_input_78_the_other_field_is_held_against_the_catalogue_too():
    pointer, code, _ = only({"field": "output.amount", "op": ">", "other": "output.limit"})

    assert (pointer, code) == ("/other", "unknown_field")


def test_routing_fields_are_known_to_routing_rules_alone():
    fired = {"field": "assessment.fired", "op": "contains", "value": "PAY-07"}

    assert only(fired)[1] == "unknown_field"
    assert told(fired, CATALOGUE.for_routing()) == []


@pytest.mark.parametrize(
    ("tree", "pointer", "says"),
    [
        (AMOUNT | {"value": "2500"}, "/value", "is a number, the value is text"),
        (AMOUNT | {"value": True}, "/value", "is a number, the value is true or false"),
        (AMOUNT | {"op": "contains"}, "/op", "“contains” does not apply"),
        ({"field": "output.name", "op": ">", "value": 5}, "/op", "“>” does not apply"),
        ({"field": "output.name", "op": "==", "value": 5}, "/value", "is text, the value is a num"),
        ({"field": "output.name", "op": "in", "value": [5]}, "/value", "is text"),
        ({"field": "output.flag", "op": "==", "value": 1}, "/value", "true or false"),
        ({"field": "output.tags", "op": "==", "value": "x"}, "/op", "It takes: contains"),
        ({"field": "output.applicant", "op": "==", "value": 1}, "/op", "name a field in it"),
        ({"field": "output.when", "op": "<", "value": "2026"}, "/value", "2026-11-22T10:31:00Z"),
        ({"field": "output.day", "op": "<", "value": "22.11.2026"}, "/value", "“2026-11-22”"),
        ({"field": "output.day", "op": "in", "value": ["2026-11-22", "x"]}, "/value/1", "Write"),
        ({"field": "output.when", "op": ">", "value": 5}, "/value", "date-time"),
        ({"field": "output.when", "op": "starts_with", "value": "2026"}, "/op", "does not apply"),
        ({"field": "output.amount", "op": ">", "other": "output.name"}, "/other", "is text"),
        ({"field": "output.when", "op": ">", "other": "output.name"}, "/other", "is text"),
        ({"field": "output.name", "op": "in", "other": "output.name"}, "/other", "compare these"),
        ({"field": "output.when", "op": "in", "other": "output.tags"}, "/other", "a list"),
        ({"field": "signals.x", "op": "<", "value": "a"}, "/value", "has an order only in a field"),
        ({"field": "signals.x", "op": "starts_with", "value": 5}, "/value", "compares with text"),
    ],
)
def test_bad_input_79_types_that_never_compare_are_refused_when_saved(tree, pointer, says):
    at, code, message = only(tree)

    assert (at, code) == (pointer, "type")
    assert says in message


@pytest.mark.parametrize("tree", [5, "output.amount > 5", True, [AMOUNT], [], {}, {"op": "=="}])
def test_bad_input_80_what_is_no_condition_is_refused(tree):
    assert only(tree)[1] == "shape"


@pytest.mark.parametrize(
    "op", ["matches", "regex", "=~", "exists_one", "map", "filter", "size", "sum", "between"]
)
def test_bad_input_81_and_84_unknown_operators_name_those_offered(op):
    pointer, code, message = only(AMOUNT | {"op": op})

    assert (pointer, code) == ("/op", "unknown_operator")
    assert all(offered in message for offered in OPERATORS)


@pytest.mark.parametrize(
    ("op", "meant"),
    [("=", "=="), ("gte", ">="), ("<>", "!="), ("not in", "not_in"), ("startswith", "starts_with")],
)
def test_operators_of_other_languages_are_recognised(op, meant):
    assert f"Did you mean “{meant}”?" in only(AMOUNT | {"op": op})[2]


def test_bad_input_82_too_many_parts_are_too_large():
    assert told({"any": [AMOUNT] * (MAX_NODES - 1)}) == []
    assert only({"any": [AMOUNT] * 2_000})[1] == "too_large"


def test_bad_input_82_too_many_bytes_are_too_large():
    tree = {"any": [{"field": "subject", "op": "==", "value": "é" * 20_000}] * 2}

    assert only(tree)[1] == "too_large"


def test_bad_input_82_a_list_of_more_than_a_thousand_is_too_large():
    numbers = list(range(MAX_LIST + 1))

    assert told({"field": "output.amount", "op": "in", "value": numbers[:-1]}) == []
    assert only({"field": "output.amount", "op": "in", "value": numbers})[:2] == (
        "/value",
        "too_large",
    )


def test_bad_input_83_a_tree_of_depth_20_passes_and_21_is_too_deep():
    tree = AMOUNT
    for _ in range(MAX_DEPTH - 1):
        tree = {"not": tree}

    assert told(tree) == []
    assert only({"not": tree})[:2] == ("/not" * MAX_DEPTH, "too_deep")


def test_bad_input_83_a_tree_100000_deep_is_refused_at_once():
    tree: object = AMOUNT
    for _ in range(100_000):
        tree = {"all": [tree]}
    started = time.perf_counter()

    assert only(tree)[1] == "too_deep"
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    "field",
    [
        "output.__class__",
        "output.__init__.__globals__",
        "__builtins__.x",
        "os.system",
        "output",
        "output.",
        "output..amount",
        ".amount",
        "output. amount",
        "output.a'b",
        'output.a"b',
        "output.a\\b",
        "output.a\u200bb",
        "output.a\nb",
        "output.\ud800",
        "subject.name",
        "output." + "a" * 200,
        "output" + ".a" * 40,
        "",
        5,
        None,
        ["output.amount"],
    ],
)
def test_bad_input_86_what_is_no_path_is_refused(field):
    pointer, code, message = only({"field": field, "op": "present"})

    assert (pointer, code) == ("/field", "unknown_field")
    assert message.isprintable()


@pytest.mark.parametrize(
    ("tree", "pointer", "code"),
    [
        ({"all": []}, "/all", "empty_group"),
        ({"any": {}}, "/any", "empty_group"),
        ({"all": [AMOUNT], "any": [AMOUNT]}, "/any", "unknown_key"),
        (AMOUNT | {"vaule": 1}, "/vaule", "unknown_key"),
        (AMOUNT | {"a/b~c": 1}, "/a~1b~0c", "unknown_key"),
        (AMOUNT | {"other": "output.amount"}, "/other", "value"),
        ({"field": "output.amount", "op": ">"}, "", "value"),
        ({"field": "output.amount"}, "", "unknown_operator"),
        (AMOUNT | {"op": "present"}, "/value", "value"),
        (AMOUNT | {"value": None}, "/value", "value"),
        (AMOUNT | {"value": [1]}, "/value", "value"),
        (AMOUNT | {"op": "in", "value": 1}, "/value", "value"),
        (AMOUNT | {"op": "in", "value": []}, "/value", "value"),
        (AMOUNT | {"op": "in", "value": [1, "a"]}, "/value", "type"),
        (AMOUNT | {"op": "in", "value": [1, True]}, "/value", "type"),
        (AMOUNT | {"op": "in", "value": [1, [2]]}, "/value/1", "value"),
        (AMOUNT | {"op": ["in"]}, "/op", "unknown_operator"),
        (AMOUNT | {"value": float("inf")}, "/value", "value"),
        (AMOUNT | {"value": 2**53}, "/value", "value"),
        (AMOUNT | {"value": date(2026, 11, 22)}, "/value", "value"),
        (AMOUNT | {"value": "\x00"}, "/value", "value"),
        (AMOUNT | {"value": "\udfff"}, "/value", "value"),
    ],
)
def test_a_fault_of_shape_has_a_pointer_and_a_code(tree, pointer, code):
    assert only(tree)[:2] == (pointer, code)


def test_all_faults_are_told_at_once_up_to_fifty():
    tree = {"all": [{"field": "output.amount", "op": "?", "value": n} for n in range(150)]}

    found = problems(tree, CATALOGUE)

    assert [p.pointer for p in found] == [f"/all/{n}/op" for n in range(50)]


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["all", "any", "not", "field", "op", "value", "other", "x"]),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(json_values)
def test_any_json_whatever_gets_an_answer_in_sentences(tree):
    for problem in problems(tree, CATALOGUE):
        assert problem.message.endswith((".", "?", "…”."))
        assert problem.message.isprintable()


@settings(max_examples=200, deadline=None)
@given(trees)
def test_a_tree_that_is_read_is_written_back_as_it_was(tree):
    assert repr(written(read(tree))) == repr(tree)
