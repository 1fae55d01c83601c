"""The generated function: one reading per field, nothing of the data but checked literals."""

from __future__ import annotations

import re

import pytest

from assurance.controls.compiled import compile_conditions
from assurance.controls.condition_tree import MAX_DEPTH, MAX_NODES, Test
from assurance.controls.conditions import evaluate
from assurance.controls.fields import catalogue_from_schemas


def over(field, value=1):
    return {"field": field, "op": ">", "value": value}


def test_each_field_is_read_once_however_many_conditions_ask():
    judge = compile_conditions([over("output.amount", n) for n in range(100)])

    assert judge.source.count(".get('amount')") == 1
    assert judge({"output": {"amount": 50}}) == [n < 50 for n in range(100)]


def test_paths_that_look_alike_do_not_share_a_slot():
    trees = [over("output.a.b_c"), over("output.a_b.c"), over("output.a_b_c")]

    assert compile_conditions(trees)({"output": {"a": {"b_c": 2}, "a_b": {"c": 0}}}) == [
        True,
        False,
        None,
    ]


def test_one_field_read_as_several_types_has_a_slot_for_each():
    trees = [
        {"field": "context.x", "op": "==", "value": 1},
        {"field": "context.x", "op": "==", "value": True},
        {"field": "context.x", "op": "==", "value": "1"},
        {"field": "context.x", "op": "present"},
    ]
    judge = compile_conditions(trees)

    assert judge({"context": {"x": 1}}) == [True, None, None, True]
    assert judge({"context": {"x": True}}) == [None, True, None, True]
    assert judge({"context": {"x": "1"}}) == [None, None, True, True]


def test_hostile_text_stays_text():
    hostile = "'] + [__import__('os').system('true')] + ['\n\\"
    tree = {"field": "output.name", "op": "==", "value": hostile}
    key = "x]) or print(1"
    judge = compile_conditions([tree, {"field": f"context.{key}", "op": "present"}])

    assert judge({"output": {"name": hostile}, "context": {key: 1}}) == [True, True]
    assert "__import__" in re.sub(r"\\'", "", judge.source)
    assert repr(hostile) in judge.source


def test_the_function_has_no_builtins():
    judge = compile_conditions([over("output.amount")])

    assert judge.__globals__["__builtins__"] == {}


def test_a_literal_of_another_type_never_reaches_the_source():
    class Sly(str):
        def __repr__(self) -> str:
            return "print('reached')"

    with pytest.raises(TypeError, match="no literal"):
        compile_conditions([Test("output.name", "==", Sly("x"))])


def test_long_lists_are_constants_and_shared():
    items = [f"id-{n}" for n in range(1_000)]
    tree = {"field": "subject", "op": "in", "value": items}
    judge = compile_conditions([tree, {"not": tree}])

    assert "id-7" not in judge.source
    assert judge({"subject": "id-7"}) == [True, False]
    assert isinstance(judge.__globals__["k0"], frozenset)
    assert "k1" not in judge.__globals__


def test_the_deepest_and_the_widest_legal_trees_compile():
    deep = over("output.amount")
    for _ in range(MAX_DEPTH - 1):
        deep = {"not": deep}
    towers = over("output.amount")
    for level in range(MAX_DEPTH - 1):
        towers = {"all" if level % 2 else "any": [towers, over("context.x", level)]}
    wide = {"any": [over("output.amount", n) for n in range(MAX_NODES - 1)]}
    far = {"field": "output." + ".".join("k" * 31), "op": "present"}
    facts = {"output": {"amount": 1.5}}

    judge = compile_conditions([deep, towers, wide, far])

    assert judge(facts) == [evaluate(tree, facts) for tree in (deep, towers, wide, far)]


def test_no_conditions_give_no_verdicts():
    assert compile_conditions([])({}) == []


def test_text_of_a_subclass_is_text():
    class Tier(str):
        pass

    judge = compile_conditions([{"field": "workflow.tier", "op": "==", "value": "high"}])

    assert judge({"workflow": {"tier": Tier("high")}}) == [True]


def test_a_catalogue_changes_what_a_wrong_type_is():
    tree = {"field": "output.when", "op": "<", "value": "2026-11-22T10:00:00Z"}
    schema = {"properties": {"when": {"type": "string", "format": "date-time"}}}
    facts = {"output": {"when": "2026-11-22T11:00:00+02:00"}}

    assert compile_conditions([tree])(facts) == [None]
    assert compile_conditions([tree], catalogue_from_schemas(schema, None))(facts) == [True]
