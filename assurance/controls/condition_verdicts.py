"""Judging one condition node by node: short, slow and plain, the meaning that others must match.

The compiled function of the live path is tested against this one, and the explanation is built
from the same `weigh`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from assurance.controls.condition_reader import read
from assurance.controls.condition_tree import All, AnyOf, Node, Not, Test, Tree
from assurance.controls.condition_types import Plan, plan
from assurance.controls.fields import EVERYTHING, Catalogue
from assurance.controls.readings import MISSING, Json, Verdict, contains, equal, holds, look_up
from assurance.controls.readings import read_as as reading


def evaluate(
    tree: Tree | Node | None, facts: Mapping[str, Any], catalogue: Catalogue = EVERYTHING
) -> Verdict:
    """True, False, or None for unknown. No tree is always true.

    Raises ConditionError if the tree has no legal shape; whatever the facts hold, it never does.
    """
    return True if tree is None else _judge(read(tree), facts, catalogue)


def _judge(node: Node, facts: Mapping[str, Any], catalogue: Catalogue) -> Verdict:
    match node:
        case All(parts):
            return conjunction(_judge(part, facts, catalogue) for part in parts)
        case AnyOf(parts):
            return disjunction(_judge(part, facts, catalogue) for part in parts)
        case Not(part):
            return opposite(_judge(part, facts, catalogue))
        case Test():
            return weigh(node, plan(node, catalogue), facts)


def weigh(test: Test, plan: Plan | None, facts: Mapping[str, Any]) -> Verdict:
    """The verdict of one test, its sides read as planned."""
    found = look_up(facts, test.field)
    if test.op in ("present", "missing"):
        return (found is not MISSING and found is not None) == (test.op == "present")
    if plan is None:
        return None
    left = reading(found, plan.left)
    right: Json = plan.literal
    if test.other is not None and plan.right is not None:
        right = reading(look_up(facts, test.other), plan.right)
    return None if left is None or right is None else _COMPARE[test.op](left, right)


def conjunction(verdicts: Iterable[Verdict]) -> Verdict:
    """Kleene's and: one false decides, else one unknown leaves it open."""
    result: Verdict = True
    for verdict in verdicts:
        if verdict is False:
            return False
        result = result and verdict
    return result


def disjunction(verdicts: Iterable[Verdict]) -> Verdict:
    """Kleene's or: one true decides, else one unknown leaves it open."""
    return opposite(conjunction(opposite(verdict) for verdict in verdicts))


def opposite(verdict: Verdict) -> Verdict:
    """Kleene's not: the opposite of unknown is unknown."""
    return None if verdict is None else not verdict


_COMPARE: dict[str, Callable[[Json, Json], Verdict]] = {
    "==": equal,
    "!=": lambda left, right: opposite(equal(left, right)),
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda left, right: holds(right, left),
    "not_in": lambda left, right: opposite(holds(right, left)),
    "contains": contains,
    "starts_with": str.startswith,
}
