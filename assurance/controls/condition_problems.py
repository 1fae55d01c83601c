"""What is wrong with a condition at save time, in sentences, each with its place.

Shape first (`condition_tree.read`); only a tree of legal shape is held against the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator

from assurance.controls.condition_reader import read
from assurance.controls.condition_tree import (
    MAX_PROBLEMS,
    MEMBERSHIP,
    ORDER,
    PRESENCE,
    All,
    AnyOf,
    ConditionError,
    Node,
    Not,
    Problem,
    Test,
    Tree,
    literal_type,
)
from assurance.controls.condition_types import plan
from assurance.controls.fields import EVERYTHING, Catalogue
from assurance.controls.readings import MOMENTS, FieldType, read_as
from assurance.controls.wording import type_name

_EXAMPLES = {"date": "2026-11-22", "date-time": "2026-11-22T10:31:00Z"}
_OFFERED: dict[FieldType, str] = {
    "string": "== != in not_in contains starts_with present missing",
    "number": "== != < <= > >= in not_in present missing",
    "boolean": "== != in not_in present missing",
    "list": "contains present missing",
    "object": "present missing; or name a field in it",
    "date": "== != < <= > >= in not_in present missing",
    "date-time": "== != < <= > >= in not_in present missing",
    "any": "all operators",
}


def problems(tree: Tree | Node | None, catalogue: Catalogue = EVERYTHING) -> list[Problem]:
    """Every problem of the tree, at most 50; none means that it may be saved. No tree has none."""
    if tree is None:
        return []
    try:
        node = read(tree)
    except ConditionError as error:
        return error.problems
    return list(_problems(node, "", catalogue))[:MAX_PROBLEMS]


def _problems(node: Node, at: str, catalogue: Catalogue) -> Iterator[Problem]:
    match node:
        case All(parts) | AnyOf(parts):
            key = "all" if isinstance(node, All) else "any"
            for index, part in enumerate(parts):
                yield from _problems(part, f"{at}/{key}/{index}", catalogue)
        case Not(part):
            yield from _problems(part, f"{at}/not", catalogue)
        case Test():
            unknown = list(_unknown_fields(node, at, catalogue))
            yield from unknown
            if not unknown and node.op not in PRESENCE and plan(node, catalogue) is None:
                yield _mismatch(node, at, catalogue)


def _unknown_fields(test: Test, at: str, catalogue: Catalogue) -> Iterator[Problem]:
    for key, path in (("field", test.field), ("other", test.other)):
        if path is not None and catalogue.get(path) is None:
            near = catalogue.nearest(path)
            hint = f" Did you mean “{near}”?" if near else ""
            message = f"This workflow has no field “{path}”.{hint}"
            yield Problem(f"{at}/{key}", "unknown_field", message)


def _mismatch(test: Test, at: str, catalogue: Catalogue) -> Problem:
    """Why the two sides of this test can never be compared, said as narrowly as possible."""
    type_ = catalogue.type_at(test.field)
    is_ = f"“{test.field}” is {type_name(type_)}"
    if test.op not in _OFFERED[type_].split() and type_ != "any":
        return Problem(
            f"{at}/op",
            "type",
            f"{is_}; “{test.op}” does not apply to it. It takes: {_OFFERED[type_]}.",
        )
    if test.other is not None:
        other = type_name(catalogue.type_at(test.other))
        message = f"{is_} and “{test.other}” is {other}; “{test.op}” does not compare these."
        return Problem(f"{at}/other", "type", message)
    return _wrong_literal(test, at, type_, is_)


def _wrong_literal(test: Test, at: str, type_: FieldType, is_: str) -> Problem:
    value = test.value if isinstance(test.value, tuple) else (test.value,)
    if type_ in MOMENTS:
        wrong = next(n for n, item in enumerate(value) if read_as(item, type_) is None)
        place = f"{at}/value/{wrong}" if test.op in MEMBERSHIP else f"{at}/value"
        message = f"{is_}. Write the value like “{_EXAMPLES[type_]}”."
        return Problem(place, "type", message)
    given = type_name(literal_type(test.value if test.value is not None else ""))
    if type_ == "any":
        wanted = "a number" if test.op in ORDER else "text"
        more = "; text has an order only in a field declared as a date" if test.op in ORDER else ""
        message = f"“{test.op}” compares with {wanted}, not with {given}{more}."
    else:
        message = f"{is_}, the value is {given}. Write {type_name(type_)}."
    if type_ == "list":
        message = f"{is_}; “{test.op}” looks for one text, number, true or false in it."
    return Problem(f"{at}/value", "type", message)
