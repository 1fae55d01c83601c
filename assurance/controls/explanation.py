"""Why a condition said what it said, in operands and in sentences.

`explain` judges every test, also those that no longer matter to the verdict, because a person
wants to see them all. `sentence` tells one of them, `describe` tells the rule itself.

>>> from assurance.controls.fields import EVERYTHING
>>> rule = {"field": "output.amount", "op": ">", "value": 2500}
>>> sentence(explain(rule, {"output": {"amount": 4820}}).leaves[0], EVERYTHING)
'`output.amount` 4,820 is more than 2,500'
>>> sentence(explain(rule, {"output": {}}).leaves[0], EVERYTHING)
'`output.amount` is missing, so whether it is more than 2,500 is unknown'
>>> describe(rule)
'Holds when `output.amount` is more than 2,500.'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assurance.controls import wording
from assurance.controls.condition_reader import read
from assurance.controls.condition_tree import PRESENCE, All, AnyOf, Node, Not, Scalar, Test, Tree
from assurance.controls.condition_types import Plan, plan
from assurance.controls.condition_verdicts import conjunction, disjunction, opposite, weigh
from assurance.controls.fields import EVERYTHING, Catalogue
from assurance.controls.readings import MISSING, FieldType, Json, Verdict, look_up, read_as


@dataclass(frozen=True)
class Leaf:
    """One test with what it met.

    `value` is what the field held, None if nothing; `other` the literal, or what the field named
    `other_field` held. When the verdict is None, `reason` says what is wrong with `doubtful`, the
    field at fault: “missing”, “null”, “text, not a number”.
    """

    field: str
    op: str
    value: Json
    other: Json
    other_field: str | None
    verdict: Verdict
    reason: str = ""
    doubtful: str = ""

    def as_json(self) -> dict[str, Any]:
        """The operands as the record and the API show them."""
        shown: dict[str, Any] = {"field": self.field, "value": self.value, "op": self.op}
        if self.op not in PRESENCE:
            shown["other"] = self.other
        if self.other_field is not None:
            shown["other_field"] = self.other_field
        if self.verdict is None:
            shown["unknown"] = f"`{self.doubtful}` is {self.reason}"
        return shown


@dataclass(frozen=True)
class Explanation:
    """The verdict of a whole condition and of each of its tests, in the order written.

    `telling` are the tests that brought the verdict about: of an `any` that is true the true
    parts, of an `all` that is unknown the unknown ones. Below a `not` a false test tells of truth.
    """

    verdict: Verdict
    leaves: tuple[Leaf, ...]
    telling: tuple[Leaf, ...]


def explain(
    tree: Tree | Node | None, facts: Mapping[str, Any], catalogue: Catalogue = EVERYTHING
) -> Explanation:
    """The verdict with every test's operands. Raises ConditionError for an illegal shape."""
    return Explanation(True, (), ()) if tree is None else _explained(read(tree), facts, catalogue)


def sentence(leaf: Leaf, catalogue: Catalogue = EVERYTHING, *, reveal: bool = True) -> str:
    """One test as a sentence without a full stop; labels and units from the catalogue.

    With `reveal=False` values of sensitive fields are left out.
    """
    hidden = not reveal and any(
        known is not None and known.sensitive
        for known in map(catalogue.get, filter(None, (leaf.field, leaf.other_field)))
    )
    test = Test(leaf.field, leaf.op, None, leaf.other_field)
    name = wording.name(leaf.field, catalogue)
    holds = leaf.verdict is not False
    claim = wording.claim(test, holds, _operand(leaf, catalogue, hidden), catalogue)
    if leaf.verdict is None:
        doubtful = wording.name(leaf.doubtful, catalogue)
        subject = "it" if leaf.doubtful == leaf.field else name
        return f"{doubtful} is {leaf.reason}, so whether {subject} {claim} is unknown"
    if leaf.op in PRESENCE:
        return f"{name} {claim}"
    value = wording.HIDDEN if hidden else wording.value(leaf.value, leaf.field, catalogue)
    return f"{name} {value} {claim}"


def _operand(leaf: Leaf, catalogue: Catalogue, hidden: bool) -> str:
    """What stands on the right: a literal, or another field and what it held."""
    if leaf.other_field is None:
        return wording.HIDDEN if hidden else wording.value(leaf.other, leaf.field, catalogue)
    other = wording.name(leaf.other_field, catalogue)
    if leaf.other is None:
        return other
    held = wording.HIDDEN if hidden else wording.value(leaf.other, leaf.other_field, catalogue)
    return f"{other} {held}"


def describe(tree: Tree | Node | None, catalogue: Catalogue = EVERYTHING) -> str:
    """The whole rule as one English sentence."""
    if tree is None:
        return "Always holds."
    return f"Holds when {_described(read(tree), catalogue, outermost=True)}."


def claim_of(tree: Tree, operand: str, catalogue: Catalogue = EVERYTHING) -> str:
    """What a single test claims, with these words in the place of its value.

    >>> claim_of({"field": "output.amount", "op": ">", "value": 2500}, "…")
    '`output.amount` is more than …'
    """
    test = read(tree)
    assert isinstance(test, Test)
    return f"{wording.name(test.field, catalogue)} {wording.claim(test, True, operand, catalogue)}"


def _explained(node: Node, facts: Mapping[str, Any], catalogue: Catalogue) -> Explanation:
    match node:
        case All(parts) | AnyOf(parts):
            inner = [_explained(part, facts, catalogue) for part in parts]
            join = conjunction if isinstance(node, All) else disjunction
            verdict = join(part.verdict for part in inner)
            leaves = tuple(leaf for part in inner for leaf in part.leaves)
            told = (leaf for part in inner if part.verdict is verdict for leaf in part.telling)
            return Explanation(verdict, leaves, tuple(told))
        case Not(part):
            denied = _explained(part, facts, catalogue)
            return Explanation(opposite(denied.verdict), denied.leaves, denied.telling)
        case Test():
            leaf = _leaf(node, facts, catalogue)
            return Explanation(leaf.verdict, (leaf,), (leaf,))


def _leaf(test: Test, facts: Mapping[str, Any], catalogue: Catalogue) -> Leaf:
    how = plan(test, catalogue)
    verdict = weigh(test, how, facts)
    value, other = look_up(facts, test.field), _literal(test.value)
    if test.other is not None:
        other = look_up(facts, test.other)
    doubtful, reason = _doubt(test, how, value, other) if verdict is None else ("", "")
    return Leaf(
        test.field, test.op, _known(value), _known(other), test.other, verdict, reason, doubtful
    )


def _literal(value: Scalar | tuple[Scalar, ...] | None) -> Json:
    return list(value) if isinstance(value, tuple) else value


def _known(value: Json) -> Json:
    return None if value is MISSING else value


def _doubt(test: Test, how: Plan | None, value: Json, other: Json) -> tuple[str, str]:
    """Which field makes the test unknown, and what is wrong with it."""
    sides: list[tuple[str, Json, FieldType]] = [(test.field, value, how.left if how else "any")]
    if test.other is not None:
        sides.append((test.other, other, how.right if how and how.right else "any"))
    for path, held, type_ in sides:
        if held is MISSING:
            return path, "missing"
        if held is None:
            return path, "null"
        if read_as(held, type_) is None:
            return path, wording.wrong_type(held, type_)
    return test.field, wording.incomparable(value, test, other)


def _described(node: Node, catalogue: Catalogue, *, outermost: bool = False) -> str:
    match node:
        case All((only,)) | AnyOf((only,)):
            return _described(only, catalogue, outermost=outermost)
        case All(parts) | AnyOf(parts):
            word = " and " if isinstance(node, All) else " or "
            joined = word.join(_described(part, catalogue) for part in parts)
            return joined if outermost else f"({joined})"
        case Not(Test() as test):
            return _told(test, catalogue, claimed=False)
        case Not(part):
            inner = _described(part, catalogue, outermost=True)
            return f"it is not the case that ({inner})"
        case Test():
            return _told(node, catalogue, claimed=True)


def _told(test: Test, catalogue: Catalogue, *, claimed: bool) -> str:
    """A test as the rule states it, or its denial."""
    if test.other is not None:
        operand = wording.name(test.other, catalogue)
    else:
        operand = wording.value(_literal(test.value), test.field, catalogue)
    claim = wording.claim(test, claimed, operand, catalogue)
    return f"{wording.name(test.field, catalogue)} {claim}"
