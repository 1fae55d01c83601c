from __future__ import annotations

import copy
import json
import time
import urllib.request

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from assurance.controls.checks.json_schema import schema_findings, schema_problems
from assurance.controls.checks.schemas import MAX_SCHEMA_FINDINGS
from tests.controls.checks.sample_facts import codes, facts_of, run

LOAN = {
    "type": "object",
    "properties": {
        "decision": {"enum": ["approve", "decline"]},
        "amount": {"type": "number", "minimum": 0, "maximum": 10000},
        "paid_on": {"type": "string", "format": "date"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}, "uniqueItems": True},
    },
    "required": ["decision"],
    "additionalProperties": False,
    "$defs": {
        "line": {
            "type": "object",
            "properties": {"text": {"type": "string", "maxLength": 5}},
            "required": ["text"],
        }
    },
}


def said(schema, value):
    return [(one.path, one.message) for one in schema_findings(schema, value, "output")]


def pointers(schema, pointer=""):
    return {problem.pointer: problem.code for problem in schema_problems(schema, pointer)}


@pytest.mark.parametrize(
    "value",
    [
        {"decision": "approve"},
        {"decision": "approve", "amount": 4820, "lines": [{"text": "a"}, {"text": "b"}]},
        {"decision": "decline", "paid_on": "2026-11-22", "amount": 0},
    ],
)
def test_a_value_that_fits_gives_no_finding(value):
    assert said(LOAN, value) == []


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [
        ({}, "output.decision", "`output.decision` is missing."),
        (
            {"decision": "approve", "mood": 1},
            "output.mood",
            "`output.mood` is not in the schema.",
        ),
        (
            {"decision": "maybe"},
            "output.decision",
            "`output.decision` is ”maybe”, which is none of ”approve”, ”decline”.",
        ),
        (
            {"decision": "approve", "amount": "4820"},
            "output.amount",
            "`output.amount` is text, not a number.",
        ),
        (
            {"decision": "approve", "amount": True},
            "output.amount",
            "`output.amount` is true or false, not a number.",
        ),
        (
            {"decision": "approve", "amount": 20000},
            "output.amount",
            "`output.amount` is 20000, more than the most allowed, 10000.",
        ),
        (
            {"decision": "approve", "paid_on": "22.11.2026"},
            "output.paid_on",
            "`output.paid_on` is ”22.11.2026”, which is no ”date”.",
        ),
        (
            {"decision": "approve", "lines": [{"text": "a"}, {"text": "toolong"}]},
            "output.lines.1.text",
            "`output.lines.1.text` is longer than 5 characters.",
        ),
        (
            {"decision": "approve", "lines": [{"text": "a"}, {}]},
            "output.lines.1.text",
            "`output.lines.1.text` is missing.",
        ),
        ([], "output", "`output` is a list, not an object."),
    ],
)
def test_a_value_that_strays_is_found_at_its_place(value, path, message):
    assert said(LOAN, value) == [(path, message)]


def test_every_new_field_is_a_finding_of_its_own():
    found = said(LOAN, {"decision": "approve", "a": 1, "b": 2})

    assert [path for path, _ in found] == ["output.a", "output.b"]


@pytest.mark.parametrize(
    ("items", "fits"),
    [
        ([1, 2], True),
        ([1, 1.0], False),
        ([1, True], True),
        ([[1], [1.0]], False),
        ([{"a": 1, "b": 2}, {"b": 2, "a": 1}], False),
        (["1", 1], True),
        ([None, None], False),
        ([0, False], True),
    ],
)
def test_unique_items_are_told_apart_as_json_does(items, fits):
    schema = {"uniqueItems": True}

    assert (said(schema, items) == []) is fits
    assert Draft202012Validator(schema).is_valid(items) is fits


def test_findings_are_bounded():
    schema = {"items": {"type": "string"}}

    assert len(said(schema, list(range(10000)))) == MAX_SCHEMA_FINDINGS


@pytest.mark.parametrize(
    ("schema", "pointer", "code"),
    [
        ({"properties": {"a": {"pattern": "^a+$"}}}, "/properties/a/pattern", "refused_keyword"),
        ({"patternProperties": {"^a": {}}}, "/patternProperties", "refused_keyword"),
        ({"items": {"$ref": "https://example.org/x"}}, "/items/$ref", "refused_reference"),
        ({"$ref": "other.json"}, "/$ref", "refused_reference"),
        ({"$ref": "file:///etc/passwd"}, "/$ref", "refused_reference"),
        ({"$ref": "#name"}, "/$ref", "refused_reference"),
        ({"$ref": "#/$defs/absent"}, "/$ref", "refused_reference"),
        ({"$dynamicRef": "#x"}, "/$dynamicRef", "refused_keyword"),
        ({"anyOf": [{}, {"pattern": "a"}]}, "/anyOf/1/pattern", "refused_keyword"),
        ({"if": {"not": {"pattern": "a"}}}, "/if/not/pattern", "refused_keyword"),
        ({"$defs": {"a/b": {"pattern": "a"}}}, "/$defs/a~1b/pattern", "refused_keyword"),
        ({"$ref": "#/odd/place", "odd": {"place": {"pattern": "a"}}}, "/odd/place/pattern",
         "refused_keyword"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "/$schema", "wrong_dialect"),
        ({"type": "strng"}, "/type", "invalid_schema"),
        ({"properties": {"a": {"minimum": "1"}}}, "/properties/a/minimum", "invalid_schema"),
        ({"properties": {"a": {"$id": "x", "$ref": "#"}}}, "/properties/a/$id", "refused_keyword"),
        ({"$ref": "#"}, "", "endless_schema"),
        ({"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"$ref": "#"}}}, "/$defs/a",
         "endless_schema"),
        ({"description": "x" * 70000}, "", "too_large"),
        ([], "", "invalid_schema"),
        ("{}", "", "invalid_schema"),
        (None, "", "invalid_schema"),
    ],
)  # fmt: skip
def test_a_schema_that_must_not_be_saved_is_refused_at_its_place(schema, pointer, code):
    assert pointers(schema)[pointer] == code


@pytest.mark.parametrize(
    "schema",
    [
        {},
        LOAN,
        {"properties": {"pattern": {"type": "string"}, "patternProperties": {"type": "object"}}},
        {"properties": {"$ref": {"type": "string"}}},
        {"properties": {"child": {"$ref": "#"}}},
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"},
        {"$defs": {"a": {"type": "string"}}, "items": {"$ref": "#/$defs/a"}},
        {"enum": [{"pattern": "x"}], "const": {"$ref": "https://example.org"}},
        {"properties": {"a": {"x-label": "Amount", "unit": "GBP", "sensitive": True}}},
    ],
)
def test_a_schema_that_is_sound_may_be_saved(schema):
    assert pointers(schema) == {}


def test_the_pointer_of_a_problem_starts_where_the_schema_stands():
    assert pointers({"pattern": "a"}, "/workflow/output_schema") == {
        "/workflow/output_schema/pattern": "refused_keyword"
    }


def test_a_schema_nested_beyond_reason_is_refused():
    schema: dict = {}
    for _ in range(200):
        schema = {"items": schema}

    assert "too_large" in pointers(schema).values()


def test_a_schema_nested_beyond_the_stack_is_refused():
    schema: dict = {}
    for _ in range(100_000):
        schema = {"items": schema}

    assert pointers(schema) == {"": "invalid_schema"}


def doubling(levels):
    """Each level judges the next one twice: 2 ** levels steps for one value."""
    defs = {
        f"a{i}": {"allOf": [{"$ref": f"#/$defs/a{i + 1}"}, {"$ref": f"#/$defs/a{i + 1}"}]}
        for i in range(levels)
    }
    return {"$ref": "#/$defs/a0", "$defs": defs | {f"a{levels}": {"type": "string"}}}


def test_references_that_multiply_are_refused():
    assert "endless_schema" in pointers(doubling(14)).values()
    assert pointers(doubling(3)) == {}


def test_an_old_schema_that_multiplies_is_given_up_in_bounded_time():
    started = time.thread_time()
    ((_, message),) = said(doubling(40), "x")

    assert "could not be compared" in message
    assert time.thread_time() - started < 10


def test_an_old_schema_that_never_ends_is_given_up():
    ((_, message),) = said({"allOf": [{"$ref": "#"}]}, 1)

    assert "could not be compared" in message


def test_depth_that_multiplies_is_given_up_in_bounded_time():
    schema = {"properties": {"a": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}}
    value: dict = {}
    for _ in range(31):
        value = {"a": value}
    started = time.thread_time()
    found = said(schema, value)

    assert "could not be compared" in found[0][1]
    assert time.thread_time() - started < 10


def test_an_old_schema_with_a_pattern_runs_no_expression():
    evil = {"properties": {"a": {"pattern": "^(a+)+$"}}, "patternProperties": {}}
    started = time.thread_time()

    assert said(evil, {"a": "a" * 40 + "!"}) == []
    assert time.thread_time() - started < 1


def test_no_reference_is_ever_fetched(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a schema reached out")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    ((_, message),) = said({"$ref": "https://example.org/schema.json"}, {})

    assert "could not be compared" in message


def test_many_different_items_are_compared_in_one_pass():
    started = time.thread_time()

    assert said({"uniqueItems": True}, [{"a": i} for i in range(10000)]) == []
    assert time.thread_time() - started < 2


def test_judging_leaves_the_library_as_it_was():
    assert "pattern" in Draft202012Validator.VALIDATORS


def test_the_check_fails_with_a_finding_for_each_fault():
    found = run("json_schema", {"schema": LOAN}, facts_of({"amount": -1}))

    assert found.outcome == "fail"
    assert {one.path for one in found.findings} == {"output.decision", "output.amount"}
    assert found.reason_code == "schema"
    assert found.operands


def test_the_check_passes_what_fits_and_may_look_at_a_part():
    facts = facts_of({"decision": "approve", "part": {"n": 3}})

    assert run("json_schema", {"schema": {"type": "object"}}, facts).outcome == "pass"
    part = {"schema": {"properties": {"n": {"type": "integer"}}}, "field": "output.part"}
    assert run("json_schema", part, facts).outcome == "pass"


def test_the_check_is_an_error_when_its_schema_cannot_be_judged():
    found = run("json_schema", {"schema": {"$ref": "https://example.org"}}, facts_of({"a": 1}))

    assert (found.outcome, found.reason_code) == ("error", "unjudgeable_schema")


def test_a_refused_schema_is_found_when_the_control_is_saved():
    assert codes("json_schema", {"schema": {"properties": {"a": {"pattern": "x"}}}}) == {
        "/schema/properties/a/pattern": "refused_keyword"
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-2, 2) | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=1), inner),
    max_leaves=8,
)
SCHEMAS = st.recursive(
    st.sampled_from(
        [
            {},
            {"type": "string"},
            {"type": "integer"},
            {"type": ["number", "null"]},
            {"minimum": 0},
            {"maxLength": 2},
            {"enum": [1, "a", None]},
            {"uniqueItems": True},
            {"required": ["a"]},
            {"minItems": 1},
        ]
    ),
    lambda inner: st.one_of(
        st.builds(lambda s: {"items": s}, inner),
        st.builds(lambda s: {"properties": {"a": s}, "additionalProperties": False}, inner),
        st.builds(lambda s: {"not": s}, inner),
        st.builds(lambda s, t: {"anyOf": [s, t]}, inner, inner),
        st.builds(lambda s, t: {"allOf": [s, {"properties": {"b": t}}]}, inner, inner),
    ),
    max_leaves=5,
)


@given(SCHEMAS, JSON)
def test_there_are_findings_exactly_when_the_value_does_not_fit(schema, value):
    kept = copy.deepcopy(value)
    found = schema_findings(schema, value, "output")

    assert (not found) == Draft202012Validator(schema).is_valid(value)
    assert value == kept
    json.dumps([one.as_json() for one in found])
