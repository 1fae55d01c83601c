"""One meaning everywhere: live path, plain judging, explanation, and CEL itself.

The oracle is an independent CEL implementation in Rust. It does not know our rule that values of
different types are unknown rather than unequal, nor dates. So the rule is stated here once more,
from the values at hand instead of the catalogue's plan: each test gets its operands under names
of its own, and none at all where the rule says unknown, which CEL reports as an error.
"""

from __future__ import annotations

from datetime import date, datetime
from itertools import count
from typing import Any

import cel
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from assurance.controls.cel import from_cel, to_cel
from assurance.controls.condition_reader import read
from assurance.controls.condition_tree import tidied, written
from assurance.controls.conditions import (
    compile_conditions,
    describe,
    evaluate,
    explain,
    problems,
    sentence,
)
from assurance.controls.fields import EVERYTHING, Catalogue, Field
from tests.controls.trees import CATALOGUE, facts, trees

thorough = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])

SCALAR = ("string", "number", "boolean")
MOMENT = ("date", "date-time")


@thorough
@given(st.lists(trees, min_size=1, max_size=4), facts, st.sampled_from([CATALOGUE, EVERYTHING]))
def test_compiled_plain_explained_and_cel_give_the_same_verdicts(conditions, case, catalogue):
    verdicts = compile_conditions(conditions, catalogue)(case)

    assert [evaluate(tree, case, catalogue) for tree in conditions] == verdicts
    assert [explain(tree, case, catalogue).verdict for tree in conditions] == verdicts
    assert [Oracle(case, catalogue).verdict(tree) for tree in conditions] == verdicts
    for verdict in verdicts:
        event(f"verdict {verdict}")


@thorough
@given(trees, st.sampled_from([CATALOGUE, EVERYTHING]))
def test_every_tree_survives_being_printed_and_parsed(tree, catalogue):
    text = to_cel(tree, catalogue)

    back = from_cel(text)

    # repr, since 1 and 1.0 and true are equal in Python
    assert repr(back) == repr(written(tidied(read(tree))))
    assert to_cel(back, catalogue) == text


@thorough
@given(trees, facts)
def test_what_the_text_says_is_what_the_tree_says(tree, case):
    back = from_cel(to_cel(tree, CATALOGUE))

    assert evaluate(back, case, CATALOGUE) == evaluate(tree, case, CATALOGUE)


@thorough
@given(trees, facts)
def test_every_rule_and_every_leaf_can_be_told_in_words(tree, case):
    explanation = explain(tree, case, CATALOGUE)

    told = [describe(tree, CATALOGUE), *(sentence(leaf, CATALOGUE) for leaf in explanation.leaves)]

    assert all(words and "None" not in words and "{}" not in words for words in told)
    assert [leaf.verdict is None for leaf in explanation.leaves] == [
        bool(leaf.reason) for leaf in explanation.leaves
    ]


@thorough
@given(trees, facts)
def test_a_test_refused_for_its_types_would_never_have_had_a_verdict(tree, case):
    leaves = explain(tree, case, CATALOGUE).leaves
    refused = {problem.pointer.rsplit("/value")[0] for problem in problems(tree, CATALOGUE)}

    if len(leaves) == 1 and refused:
        assert leaves[0].verdict is None


class Oracle:
    """The same condition asked of CEL, over operands named one by one."""

    def __init__(self, case: dict[str, Any], catalogue: Catalogue) -> None:
        self.case, self.catalogue = case, catalogue
        self.numbers = count()
        self.operands: dict[str, Any] = {}
        self.types: dict[str, Field] = {}

    def verdict(self, tree: dict[str, Any]) -> bool | None:
        asked = self.renamed(tree)
        text = to_cel(asked, Catalogue(self.types))
        context = {"output": self.operands, "occurred_at": None, "proposed_action": None}
        try:
            answer = cel.evaluate(text, context)
        except KeyError:  # an operand that we left out
            return None
        assert isinstance(answer, bool), (text, answer)
        return answer

    def renamed(self, tree: dict[str, Any]) -> dict[str, Any]:
        for key in ("all", "any"):
            if key in tree:
                return {key: [self.renamed(part) for part in tree[key]]}
        return {"not": self.renamed(tree["not"])} if "not" in tree else self.test(tree)

    def test(self, tree: dict[str, Any]) -> dict[str, Any]:
        field, op = self.held(tree["field"]), tree["op"]
        name = f"output.x{next(self.numbers)}"
        if op in ("present", "missing"):
            if field[1] is not None:
                self.operands[name.removeprefix("output.")] = "anything"
            return {"field": name, "op": op}
        against = self.held(tree["other"]) if "other" in tree else ("literal", tree["value"])
        sides = comparable(op, field, against)
        left, right = sides or (None, None)
        if op == "contains" and isinstance(left, list):
            self.types[name] = Field(name, "list")
        if sides:
            self.operands[name.removeprefix("output.")] = left
        if "other" not in tree:
            return {"field": name, "op": op, "value": tree["value"] if right is None else right}
        if sides:
            self.operands[f"{name}_other".removeprefix("output.")] = right
        if op == "contains" and isinstance(left, list):  # CEL asks a list with `in`
            return {"field": f"{name}_other", "op": "in", "other": name}
        return {"field": name, "op": op, "other": f"{name}_other"}

    def held(self, path: str) -> tuple[str, Any]:
        """The declared type of a path, and what the case holds there (None if nothing)."""
        value: Any = self.case
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        known = self.catalogue.fields.get(path)
        return known.type if known else "any", value


def comparable(op: str, field: tuple[str, Any], against: tuple[str, Any]) -> tuple[Any, Any] | None:
    """Both sides as CEL shall see them; None where our rules say unknown."""
    (declared, left), (opposite, right) = field, against
    moment = next((t for t in (declared, opposite) if t in MOMENT), None)
    plain = op in ("==", "!=", "<", "<=", ">", ">=") or (
        op in ("in", "not_in") and opposite == "literal"
    )
    if moment and plain:
        first = seconds(left, moment if declared == "any" else declared)
        other = moment if opposite in ("any", "literal") else opposite
        items = right if isinstance(right, list) and opposite == "literal" else [right]
        rest = [seconds(item, other) for item in items]
        if first is None or None in rest:
            return None
        return first, rest if op in ("in", "not_in") else rest[0]
    kind, other_kind = kind_of(left, declared), kind_of(right, opposite)
    if op in ("==", "!="):
        fits = kind == other_kind and kind in SCALAR
    elif op in ("<", "<=", ">", ">="):
        fits = kind == other_kind == "number"
    elif op in ("in", "not_in") and opposite == "literal":
        fits = kind == kind_of(right[0], "any")
    elif op in ("in", "not_in"):
        fits = kind in SCALAR and other_kind == "list"
    elif op == "contains" and kind == "list":
        fits = other_kind in SCALAR
    else:
        fits = kind == other_kind == "string"
    return (floats(left), floats(right)) if fits else None


def kind_of(value: Any, declared: str) -> str | None:
    """The JSON kind, unless the declaration wants another."""
    kinds = {str: "string", bool: "boolean", int: "number", float: "number", list: "list"}
    kind = kinds.get(type(value))
    if isinstance(value, float) and value - value != 0:
        kind = None
    return kind if declared in (kind, "any", "literal") else None


def seconds(value: Any, declared: str) -> int | None:
    """A date or date-time as whole seconds, read with the standard library."""
    if (
        declared not in MOMENT
        or not isinstance(value, str)
        or (len(value) == 10) != (declared == "date")
    ):
        return None
    try:
        if declared == "date":
            return date.fromisoformat(value).toordinal() * 86_400
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    offset = moment.utcoffset()
    if offset is None:
        return None
    of_day = moment.hour * 3600 + moment.minute * 60 + moment.second
    return moment.toordinal() * 86_400 + of_day - int(offset.total_seconds())


def floats(value: Any) -> Any:
    """CEL keeps integers and doubles apart; JSON does not."""
    if isinstance(value, list):
        return [floats(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
