"""The shape of a condition: four kinds of node, and every limit.

    {"all": [...]}   {"any": [...]}   {"not": {...}}
    {"field": "output.amount", "op": ">", "value": 2500}      a literal, or for `in` a list
    {"field": "output.amount", "op": ">", "other": "context.limit"}      another field
    {"field": "context.income", "op": "missing"}

`condition_reader.read` makes nodes of JSON; `written` makes JSON of nodes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from assurance.controls.readings import FieldType, type_of

# A condition is judged on every case, inside the request: its cost is linear in its size, so its
# size is bounded. The largest hand-written rule seen in practice has about 40 tests.
MAX_BYTES = 64 * 1024  # as compact JSON in UTF-8
MAX_DEPTH = 20  # a single test has depth 1; also keeps the generated function's nesting legal
MAX_NODES = 200  # all, any, not and tests together
MAX_LIST = 1_000  # values of one `in`; longer lists belong to the allow and deny list checks
MAX_PATH = 200  # characters of a field's path
MAX_KEYS = 32  # keys of a path: the depth that intake accepts
MAX_INTEGER = 2**53 - 1  # beyond it a float64 cannot tell neighbours apart
MAX_PROBLEMS = 50  # a person mends these first; more would be noise

EQUALITY = ("==", "!=")
ORDER = ("<", "<=", ">", ">=")
MEMBERSHIP = ("in", "not_in")
TEXT = ("contains", "starts_with")
PRESENCE = ("present", "missing")
OPERATORS = (*EQUALITY, *ORDER, *MEMBERSHIP, *TEXT, *PRESENCE)

ROOTS = ("output", "context", "signals", "model", "workflow", "assessment")
PLAIN = ("proposed_action", "subject", "occurred_at")

Scalar = str | int | float | bool
Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison: a leaf. Exactly one of `value` and `other`, or neither for presence."""

    __test__ = False  # pytest: this is no test case

    field: str
    op: str
    value: Scalar | tuple[Scalar, ...] | None = None
    other: str | None = None


@dataclass(frozen=True, slots=True)
class All:
    """True when every part is; false as soon as one is; else unknown."""

    of: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True as soon as one part is; false when every part is; else unknown."""

    of: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; unknown stays unknown."""

    of: Node


Node = Test | All | AnyOf | Not


@dataclass(frozen=True)
class Problem:
    """One fault of a tree: where (a JSON pointer inside it), a code, a sentence with a way out."""

    pointer: str
    code: str
    message: str


class ConditionError(Exception):
    """A tree that cannot be judged. `problems` names every fault, at least one."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__(" ".join(p.message for p in self.problems))


def written(node: Node) -> Tree:
    """The JSON of a node; `read` gives the node back."""
    match node:
        case All(parts):
            return {"all": [written(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [written(part) for part in parts]}
        case Not(part):
            return {"not": written(part)}
        case Test(field, op, value, other):
            tree: Tree = {"field": field, "op": op}
            if other is not None:
                tree["other"] = other
            elif value is not None:
                tree["value"] = list(value) if isinstance(value, tuple) else value
            return tree


def tidied(node: Node) -> Node:
    """The same condition without groups of a single part."""
    match node:
        case All((only,)) | AnyOf((only,)):
            return tidied(only)
        case All(parts):
            return All(tuple(tidied(part) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(tidied(part) for part in parts))
        case Not(part):
            return Not(tidied(part))
        case Test():
            return node


def literal_type(value: Scalar | tuple[Scalar, ...]) -> FieldType:
    """The type of a literal; of a list, that of its items (`read` lets no list mix types)."""
    type_ = type_of(value[0] if isinstance(value, tuple) else value)
    return type_ or "any"
