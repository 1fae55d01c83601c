"""A condition as rows and groups of a form, both ways. Pure.

A group has a joint (`all any none not_all`) and parts; a part is a row or another group, two
levels of groups below the outermost. A row has a field, an operator code and a value as text:

    >        compares with a value                 o:>   compares with another field
    !>       its denial, where no operator says so

Names of inputs are paths of places: `c.joint`, `c.0.field`, `c.1.0.value`. What a form cannot show
(a deeper tree, a value of several lines) is `None` here and stays as it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as made
from typing import Any

from assurance.controls.condition_reader import read
from assurance.controls.condition_tree import (
    MEMBERSHIP,
    OPERATORS,
    PRESENCE,
    All,
    AnyOf,
    ConditionError,
    Node,
    Not,
    Problem,
    Scalar,
    Test,
    literal_type,
    tidied,
)
from assurance.controls.fields import Catalogue

MOST_NESTED = 2
MOST_PARTS = 60  # of one group; more is not read by a person anyway
JOINTS = ("all", "any", "none", "not_all")
KINDS = ("string", "number", "boolean")  # what a value of an untyped field may be
NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}([, ]\d{3})+)(\.\d+)?([eE][+-]?\d{1,3})?", re.ASCII)


@dataclass
class Row:
    """One test. `kind` says what the value of a field without a type is."""

    field: str = ""
    code: str = "=="
    value: str = ""
    kind: str = "string"
    name: str = ""
    errors: dict[str, str] = made(default_factory=dict)
    shown: dict[str, Any] = made(default_factory=dict)

    @property
    def op(self) -> str:
        return self.code.removeprefix("!").removeprefix("o:")

    @property
    def slug(self) -> str:
        """Its name as an id of the page."""
        return self.name.replace(".", "-")

    @property
    def is_denied(self) -> bool:
        return self.code.startswith("!")

    @property
    def names_another(self) -> bool:
        return self.code.removeprefix("!").startswith("o:")

    @property
    def is_blank(self) -> bool:
        return not self.field and not self.value.strip()


@dataclass
class Group:
    """Rows and groups under one joint."""

    joint: str = "all"
    parts: list[Row | Group] = made(default_factory=list)
    name: str = "c"
    depth: int = 0

    @property
    def slug(self) -> str:
        """Its name as an id of the page."""
        return self.name.replace(".", "-")

    @property
    def may_nest(self) -> bool:
        return self.depth < MOST_NESTED

    @property
    def is_group(self) -> bool:
        return True

    def rows(self) -> list[Row]:
        """Every row below, in order."""
        return [
            row for one in self.parts for row in (one.rows() if isinstance(one, Group) else [one])
        ]


class _Unshown(Exception):
    """The form has no rows for this."""


def shown(tree: Any, catalogue: Catalogue) -> Group | None:
    """The rows of a condition; None where a form cannot show it. No condition has no rows."""
    if tree is None:
        return named(Group())
    try:
        node = read(tree)
        part = _part(node, catalogue, 0)
    except (ConditionError, _Unshown):
        return None
    return named(part if isinstance(part, Group) else Group(parts=[part]))


def _part(node: Node, catalogue: Catalogue, depth: int) -> Row | Group:
    match node:
        case Test():
            return _row(node, catalogue, "")
        case Not(Test() as test):
            return _row(test, catalogue, "!")
        case All(parts):
            joint = "all"
        case AnyOf(parts):
            joint = "any"
        case Not(All(parts)):
            joint = "not_all"
        case Not(AnyOf(parts)):
            joint = "none"
        case _:
            raise _Unshown
    if depth > MOST_NESTED or len(parts) > MOST_PARTS:
        raise _Unshown
    return Group(joint, [_part(part, catalogue, depth + 1) for part in parts], depth=depth)


def _row(test: Test, catalogue: Catalogue, sign: str) -> Row:
    if test.other is not None:
        return Row(test.field, f"{sign}o:{test.op}", test.other)
    if test.op in PRESENCE or test.value is None:
        return Row(test.field, f"{sign}{test.op}")
    kind = literal_type(test.value)
    values = test.value if isinstance(test.value, tuple) else (test.value,)
    texts = [_text(one) for one in values]
    if any(one != one.strip() or not one or "\n" in one or "\r" in one for one in texts):
        raise _Unshown
    return Row(test.field, f"{sign}{test.op}", "\n".join(texts), kind)


def _text(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def named(group: Group, name: str = "c", depth: int = 0) -> Group:
    """The same with every part named by its place."""
    group.name, group.depth = name, depth
    for number, one in enumerate(group.parts):
        if isinstance(one, Group):
            named(one, f"{name}.{number}", depth + 1)
        else:
            one.name = f"{name}.{number}"
    return group


def typed(data: Mapping[str, str], name: str = "c", depth: int = 0) -> Group:
    """What a form holds. Places may have gaps; they count in order."""
    joint = data.get(f"{name}.joint", "all")
    places: set[int] = set()
    for key in data:
        if key.startswith(f"{name}."):
            digits = key[len(name) + 1 :].partition(".")[0]
            if digits.isascii() and digits.isdigit() and len(digits) < 5:
                places.add(int(digits))
    group = Group(joint if joint in JOINTS else "all", name=name, depth=depth)
    for place in sorted(places)[:MOST_PARTS]:
        inner = f"{name}.{place}"
        if f"{inner}.joint" in data:
            if depth < MOST_NESTED:
                group.parts.append(typed(data, inner, depth + 1))
        else:
            group.parts.append(
                Row(
                    data.get(f"{inner}.field", ""),
                    data.get(f"{inner}.code", "=="),
                    data.get(f"{inner}.value", "").replace("\r\n", "\n"),
                    data.get(f"{inner}.kind", "string"),
                )
            )
    return named(group, name, depth)


def changed(group: Group, act: str) -> Group:
    """The group after a button: `row:c.1`, `group:c`, `remove:c.1.0`."""
    verb, _, name = act.partition(":")
    here = _found(group, name if verb != "remove" else name.rpartition(".")[0])
    if here is not None and verb == "row" and len(here.parts) < MOST_PARTS:
        here.parts.append(Row())
    elif here is not None and verb == "group" and here.may_nest:
        here.parts.append(Group("any" if here.joint == "all" else "all", [Row()]))
    elif here is not None and verb == "remove":
        here.parts = [one for one in here.parts if one.name != name]
    return named(group)


def _found(group: Group, name: str) -> Group | None:
    if group.name == name:
        return group
    inner = (_found(one, name) for one in group.parts if isinstance(one, Group))
    return next((one for one in inner if one is not None), None)


class Written:
    """The tree of a form's rows. `places` leads from a pointer inside it to the row."""

    def __init__(self, group: Group, catalogue: Catalogue, *, lenient: bool = False) -> None:
        """With `lenient` rows that are not filled yet are left out, as while somebody types."""
        self.catalogue, self.lenient = catalogue, lenient
        self.places: dict[str, Row] = {}
        self.is_sound = True
        self.tree = self._group(group, "", is_root=True)

    def _group(self, group: Group, at: str, *, is_root: bool = False) -> Any:
        kept = [one for one in group.parts if not self._is_left_out(one)]
        if not kept:
            return None
        if is_root and len(kept) == 1 and group.joint in ("all", "any"):
            return self._part(kept[0], at)
        joint = "any" if group.joint in ("any", "none") else "all"
        denied = group.joint in ("none", "not_all")
        inner = f"{at}/not/{joint}" if denied else f"{at}/{joint}"
        tree = {joint: [self._part(one, f"{inner}/{n}") for n, one in enumerate(kept)]}
        return {"not": tree} if denied else tree

    def _is_left_out(self, one: Row | Group) -> bool:
        if isinstance(one, Group):
            return all(self._is_left_out(part) for part in one.parts)
        return self.lenient and leaf(one, self.catalogue)[0] is None

    def _part(self, one: Row | Group, at: str) -> Any:
        if isinstance(one, Group):
            return self._group(one, at)
        tree, errors = leaf(one, self.catalogue)
        if not self.lenient:
            one.errors = errors
        self.is_sound = self.is_sound and not errors
        self.places[at] = one
        return tree

    def tell(self, problem: Problem) -> bool:
        """Put a problem of the tree beside its row; whether there is such a row."""
        place = problem.pointer
        while place not in self.places and place:
            place = place.rpartition("/")[0]
        row = self.places.get(place)
        if row is None:
            return False
        rest = problem.pointer[len(place) :].removeprefix("/not").lstrip("/").partition("/")[0]
        where = {"field": "field", "op": "code", "other": "value", "value": "value"}.get(rest)
        row.errors.setdefault(where or "field", problem.message)
        return True


def leaf(row: Row, catalogue: Catalogue) -> tuple[dict[str, Any] | None, dict[str, str]]:
    """One row as a test, or what is wrong with it by input."""
    if not row.field:
        return None, {"field": "Choose a field, or remove this row."}
    if row.op not in OPERATORS:
        return None, {"code": "Choose how the field is tested."}
    tree: dict[str, Any] = {"field": row.field, "op": row.op}
    if row.names_another:
        if not row.value:
            return None, {"value": "Choose the other field."}
        tree["other"] = row.value.strip()
    elif row.op not in PRESENCE:
        try:
            tree["value"] = _value(row, kind_of(row, catalogue))
        except ValueError as refusal:
            return None, {"value": str(refusal)}
    return ({"not": tree} if row.is_denied else tree), {}


def kind_of(row: Row, catalogue: Catalogue) -> str:
    """As what the value of a row is read: `string`, `number` or `boolean`."""
    type_ = catalogue.type_at(row.field)
    if type_ in KINDS:
        return type_
    if type_ in ("date", "date-time"):
        return "string"
    return row.kind if row.kind in KINDS else "string"


def _value(row: Row, kind: str) -> Scalar | list[Scalar]:
    if row.op in MEMBERSHIP:
        lines = [line.strip() for line in row.value.split("\n") if line.strip()]
        if not lines:
            raise ValueError("Write at least one value, each on its own line.")
        return [_scalar(line, kind) for line in lines]
    text = row.value.strip()
    if not text:
        raise ValueError("Write the value, or choose “is missing”.")
    return _scalar(text, kind)


def _scalar(text: str, kind: str) -> Scalar:
    if kind == "boolean":
        if text not in ("true", "false"):
            raise ValueError("Choose true or false.")
        return text == "true"
    return number(text) if kind == "number" else text


def number(text: str) -> int | float:
    """A number as people write it: 2500, 2,500, 0.8. Raises ValueError with a sentence."""
    if not NUMBER.fullmatch(text):
        raise ValueError(f"“{text[:40]}” is no number. Write it like 2500 or 0.8.")
    plain = text.replace(",", "").replace(" ", "")
    if re.fullmatch(r"[+-]?\d{1,15}", plain):
        return int(plain)
    found = float(plain)
    if not math.isfinite(found) or (found.is_integer() and "." not in plain and abs(found) > 1e15):
        raise ValueError(f"“{text[:40]}” is too large to be kept exactly.")
    return found


def same(one: Any, other: Any) -> bool:
    """Whether two trees are one condition but for groups of a single part."""
    if one is None or other is None:
        return one is other
    try:
        return tidied(read(one)) == tidied(read(other))
    except ConditionError:
        return False
