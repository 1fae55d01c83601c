"""Reading a condition from JSON that nobody has checked.

`read` accepts any JSON whatever, however deep or large, in bounded time, and answers with nodes
or with every problem of shape, each with its JSON pointer. It knows nothing of the types of
fields; see `condition_problems` for those.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable
from functools import lru_cache

from assurance.controls.condition_tree import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_INTEGER,
    MAX_KEYS,
    MAX_LIST,
    MAX_NODES,
    MAX_PATH,
    MAX_PROBLEMS,
    MEMBERSHIP,
    OPERATORS,
    PLAIN,
    PRESENCE,
    ROOTS,
    All,
    AnyOf,
    ConditionError,
    Node,
    Not,
    Problem,
    Scalar,
    Test,
    Tree,
    written,
)
from assurance.controls.readings import SCALARS, type_of

# What other languages call our operators; difflib alone would not find these.
_SYNONYMS = {
    "=": "==", "===": "==", "eq": "==", "equals": "==", "is": "==", "<>": "!=", "!==": "!=",
    "ne": "!=", "is not": "!=", "gt": ">", "gte": ">=", "ge": ">=", "=>": ">=", "lt": "<",
    "lte": "<=", "le": "<=", "=<": "<=", "not in": "not_in", "nin": "not_in", "one_of": "in",
    "includes": "contains", "has": "contains", "startswith": "starts_with",
    "startsWith": "starts_with", "prefix": "starts_with", "exists": "present",
    "not_null": "present", "is_null": "missing", "null": "missing", "absent": "missing",
}  # fmt: skip
_NOT_A_VALUE = "A value is text (a date too: put it in quotes), a finite number, true or false."
# Would make a sentence or an expression that quotes the key hard to read.
_QUOTES = frozenset("`\"'\\")


def read(tree: object) -> Node:
    """The tree as nodes. Raises ConditionError with every problem of its shape."""
    if isinstance(tree, Test | All | AnyOf | Not):
        return tree
    reader = _Reader()
    node = reader.node(tree, "", depth=1)
    if node is None or reader.problems:
        raise ConditionError(reader.problems)
    if len(json.dumps(written(node), ensure_ascii=False).encode()) > MAX_BYTES:
        raise ConditionError([_too_large("", f"is larger than {MAX_BYTES // 1024} KB")])
    return node


@lru_cache(maxsize=4096)  # the same few fields are named over and over
def path_problem(path: str) -> str | None:
    """Why this is no path of a field, as a sentence; None if it is one."""
    if len(path) > MAX_PATH or path.count(".") >= MAX_KEYS:
        return f"A field's path has at most {MAX_PATH} characters and {MAX_KEYS} keys."
    keys = path.split(".")
    if path not in PLAIN:
        known = (*PLAIN, *(f"{root}.…" for root in ROOTS))
        if keys[0] not in ROOTS:
            near = _nearest(keys[0], (*PLAIN, *ROOTS))
            hint = f" Did you mean “{_legible('.'.join([near, *keys[1:]]))}”?" if near else ""
            return f"“{_legible(path)}” is not a field.{hint} Fields are {', '.join(known)}."
        if len(keys) == 1:
            return f"“{path}” is a whole part of the case. Name one field in it: “{path}.…”."
    for key in keys:
        if not _is_key(key):
            return (
                f"“{_legible(path)}” is not a field: a key between dots is missing or unreadable."
            )
        if key.startswith("__"):
            return f"“{path}” is not a field: keys that start with two underscores are refused."
    return None


def _is_key(key: str) -> bool:
    """Printable (so nothing invisible), no quotes, no blank at either end."""
    return bool(key) and key.isprintable() and key == key.strip() and not _QUOTES & set(key)


class _Reader:
    """Walks untrusted JSON; stops descending at the limits, so it is quick on anything."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.nodes = 0

    def fault(self, pointer: str, code: str, message: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(pointer, code, message))

    def node(self, tree: object, at: str, depth: int) -> Node | None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            if self.nodes == MAX_NODES + 1:
                self.problems.append(_too_large(at, f"has more than {MAX_NODES} parts"))
            return None
        if depth > MAX_DEPTH:
            self.fault(
                at, "too_deep", f"The condition is nested more than {MAX_DEPTH} deep. Flatten it."
            )
            return None
        if not isinstance(tree, dict):
            self.fault(at, "shape", "A condition is an object with “all”, “any”, “not” or “field”.")
            return None
        for key, make in (("all", All), ("any", AnyOf)):
            if key in tree:
                return self.group(tree, key, make, at, depth)
        if "not" in tree:
            self.only(tree, ("not",), at)
            part = self.node(tree["not"], f"{at}/not", depth + 1)
            return Not(part) if part else None
        return self.test(tree, at)

    def group(
        self, tree: Tree, key: str, make: Callable[[tuple[Node, ...]], Node], at: str, depth: int
    ) -> Node | None:
        self.only(tree, (key,), at)
        parts = tree[key]
        if not isinstance(parts, list) or not parts:
            message = f"“{key}” needs a list of at least one condition."
            self.fault(f"{at}/{key}", "empty_group", message)
            return None
        read_parts: list[Node] = []
        for index, part in enumerate(parts):
            if self.nodes > MAX_NODES:
                return None
            node = self.node(part, f"{at}/{key}/{index}", depth + 1)
            if node:
                read_parts.append(node)
        return make(tuple(read_parts)) if len(read_parts) == len(parts) else None

    def test(self, tree: Tree, at: str) -> Node | None:
        if "field" not in tree:
            self.only(tree, ("field", "op", "value", "other"), at)
            self.fault(at, "shape", "Say which field is tested: “field”, or “all”, “any”, “not”.")
            return None
        before = len(self.problems)
        self.only(tree, ("field", "op", "value", "other"), at)
        field, op = tree["field"], tree.get("op")
        self.path(field, f"{at}/field")
        if not isinstance(op, str) or op not in OPERATORS:
            self.operator(op, at, "op" in tree)
            return None
        other = tree.get("other")
        value = tree.get("value")
        if op in PRESENCE:
            for key in ("value", "other"):
                if key in tree:
                    self.fault(f"{at}/{key}", "value", f"“{op}” takes no {key}. Remove it.")
        elif "value" in tree and "other" in tree:
            self.fault(f"{at}/other", "value", "Give a value or another field, not both.")
        elif "other" in tree:
            self.path(other, f"{at}/other")
        elif "value" not in tree:
            self.fault(at, "value", "Say what the field is compared with: “value” or “other”.")
        elif op in MEMBERSHIP:
            value = self.literals(value, op, f"{at}/value")
        else:
            self.literal(value, op, f"{at}/value")
        return Test(field, op, value, other) if len(self.problems) == before else None

    def only(self, tree: Tree, allowed: tuple[str, ...], at: str) -> None:
        for key in tree:
            if key not in allowed:
                shown = _legible(str(key)[:60])
                near = _nearest(str(key), allowed)
                hint = f" Did you mean “{near}”?" if near else ""
                self.fault(
                    f"{at}/{_pointer_key(key)}",
                    "unknown_key",
                    f"“{shown}” does not belong here.{hint} Known here: {', '.join(allowed)}.",
                )

    def path(self, path: object, at: str) -> None:
        message = "A field is named by text, such as “output.amount”."
        if isinstance(path, str):
            message = path_problem(path[: MAX_PATH + 1]) or ""
        if message:
            self.fault(at, "unknown_field", message)

    def operator(self, op: object, at: str, given: bool) -> None:
        listed = " ".join(OPERATORS)
        if not given:
            self.fault(
                at, "unknown_operator", f"Say how the field is tested: “op”, one of {listed}."
            )
            return
        near = _SYNONYMS.get(op) or _nearest(op, OPERATORS) if isinstance(op, str) else None
        hint = f" Did you mean “{near}”?" if near else ""
        message = f"{_shown(op)} is not an operator.{hint} Operators are {listed}."
        self.fault(f"{at}/op", "unknown_operator", message)

    def literal(self, value: object, op: str, at: str) -> None:
        if isinstance(value, list):
            self.fault(at, "value", f"“{op}” compares with one value. For a list use “in”.")
        else:
            self.scalar(value, at)

    def literals(self, values: object, op: str, at: str) -> tuple[Scalar, ...] | None:
        if not isinstance(values, list) or not values:
            self.fault(at, "value", f"“{op}” needs a list of at least one value.")
            return None
        if len(values) > MAX_LIST:
            message = f"A list has at most {MAX_LIST:,} values; use an allow or deny list check."
            self.fault(at, "too_large", message)
            return None
        before = len(self.problems)
        for index, value in enumerate(values):
            self.scalar(value, f"{at}/{index}")
        if len(self.problems) == before and len({type_of(value) for value in values}) > 1:
            message = "The list mixes text, numbers and true or false. Use one type of value."
            self.fault(at, "type", message)
        return tuple(values)

    def scalar(self, value: object, at: str) -> None:
        if value is None:
            self.fault(at, "value", "Nothing equals null. Use “present” or “missing”.")
        elif isinstance(value, str):
            if "\x00" in value or _has_surrogate(value):
                self.fault(at, "value", "The text has a character that no case can hold.")
        elif type_of(value) not in SCALARS:
            self.fault(at, "value", _NOT_A_VALUE)
        elif isinstance(value, int) and abs(value) > MAX_INTEGER:
            self.fault(at, "value", f"Whole numbers go up to {MAX_INTEGER:,}.")


def _too_large(at: str, how: str) -> Problem:
    message = f"The condition {how}. Split it into several controls or use a list check."
    return Problem(at, "too_large", message)


def _nearest(word: str, known: Iterable[str]) -> str | None:
    close = difflib.get_close_matches(word[:MAX_PATH], list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def _shown(value: object) -> str:
    return f"“{_legible(value[:40])}”" if isinstance(value, str) else "This"


def _legible(text: str) -> str:
    """Text that may stand in a message: what cannot be seen is escaped."""
    return text if text.isprintable() else ascii(text)[1:-1]


def _pointer_key(key: object) -> str:
    """A key as JSON pointers write it, cut if it is absurdly long."""
    return _legible(str(key)[:60]).replace("~", "~0").replace("/", "~1")


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
