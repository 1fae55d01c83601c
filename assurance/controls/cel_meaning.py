"""From an expression to the condition tree, keeping where in the text each part stood.

The grammar says what is well formed; this page says what is a condition: a comparison has a field
in it, a lone field or value is none, and the three-part test for “is present” is one test.
"""

from __future__ import annotations

import re
from typing import NoReturn

from assurance.controls.cel_nodes import (
    Call,
    Chain,
    Expression,
    Group,
    Has,
    ListOf,
    Literal,
    Negation,
    Path,
    Relation,
)
from assurance.controls.cel_source import CelError
from assurance.controls.condition_tree import MAX_NODES, Tree

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_SELECTOR = re.compile(r"(?!(?:true|false|null|in)\Z)[A-Za-z_][A-Za-z0-9_]*")


def path_text(keys: tuple[str, ...]) -> str:
    """A path as CEL writes it: `output.amount`, `output["credit score"]`."""
    first, *rest = keys
    return first + "".join(f".{key}" if _SELECTOR.fullmatch(key) else f'["{key}"]' for key in rest)


def presence_terms(keys: tuple[str, ...]) -> list[str]:
    """What must all hold for a field to be present: each step is there, the last is not null."""
    steps = [
        f"has({path_text(keys[: n + 1])})"
        if _SELECTOR.fullmatch(keys[n])
        else f'"{keys[n]}" in {path_text(keys[:n])}'
        for n in range(1, len(keys))
    ]
    return [*steps, f"{path_text(keys)} != null"]


class Meaning:
    """Builds the tree of one text. `places` maps JSON pointers of the tree to offsets."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.places: dict[str, int] = {}
        self.nodes = 0

    def refuse(self, at: int, message: str, code: str = "type") -> NoReturn:
        raise CelError(self.text, at, code, message)

    def condition(self, expression: Expression, pointer: str = "") -> Tree:
        """The tree of an expression that must be true or false."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            message = (
                f"The condition has more than {MAX_NODES} parts from here on."
                " Split it into several controls, or use “in” with a list."
            )
            self.refuse(expression.at, message, "too_large")
        self.places.setdefault(pointer, expression.at)
        match expression:
            case Group(inner):
                self.nodes -= 1
                return self.condition(inner, pointer)
            case Chain("||", terms):
                return {
                    "any": [self.condition(t, f"{pointer}/any/{i}") for i, t in enumerate(terms)]
                }
            case Chain(_, terms):
                return self.conjunction(terms, pointer)
            case Negation(inner):
                return self.denial(inner, pointer)
            case Relation():
                return self.relation(expression, pointer)
            case Call():
                return self.call(expression, pointer)
            case Has(path):
                self.refuse(expression.at, _lone_presence("has(…)", path), "unsupported")
            case Path():
                example = f"{path_text(expression.keys)} == true"
                message = f"A field is no condition by itself. Compare it: {example}."
                self.refuse(expression.at, message)
            case _:
                self.refuse(
                    expression.at, "A value is no condition by itself. Compare a field with it."
                )

    def conjunction(self, terms: list[Expression], pointer: str) -> Tree:
        parts = self.folded(terms)
        if len(parts) == 1:
            return self.part(parts[0], pointer)
        return {"all": [self.part(p, f"{pointer}/all/{i}") for i, p in enumerate(parts)]}

    def part(self, part: Expression | _Present, pointer: str) -> Tree:
        if not isinstance(part, _Present):
            return self.condition(part, pointer)
        self.nodes += 1
        return self.presence(part.path, "present", pointer)

    def folded(self, terms: list[Expression]) -> list[Expression | _Present]:
        """The terms, with each run `has(a.b) && … && a.b != null` made one."""
        parts: list[Expression | _Present] = []
        for term in terms:
            path = _not_null(term)
            if path is None or len(path.keys) == 1:
                parts.append(term)
                continue
            steps = len(path.keys) - 1
            if len(parts) < steps or not all(
                _is_step(step, path.keys[: n + 2]) for n, step in enumerate(parts[-steps:])
            ):
                self.refuse(term.at, _lone_presence("!= null", path), "unsupported")
            del parts[-steps:]
            parts.append(_Present(path))
        return parts

    def denial(self, inner: Expression, pointer: str) -> Tree:
        """`!(a in b)` is `not_in` and `!(… != null)` is `missing`; a second pair of parentheses
        makes it a plain `not`, so that every tree has a text of its own."""
        if isinstance(inner, Path | Literal | ListOf):
            message = "“!” denies what stands in parentheses: !(output.amount > 2500)."
            self.refuse(inner.at, message)
        body = inner.inner if isinstance(inner, Group) else inner
        if isinstance(body, Relation) and body.op == "in" and isinstance(_bare(body.left), Path):
            return self.relation(body, pointer) | {"op": "not_in"}
        terms = body.terms if isinstance(body, Chain) and body.op == "&&" else [body]
        if _not_null(terms[-1]) is not None:
            parts = self.folded(terms)
            path = parts[0].path if isinstance(parts[0], _Present) else _not_null(terms[0])
            if len(parts) == 1 and path is not None:
                return self.presence(path, "missing", pointer)
        return {"not": self.condition(inner, f"{pointer}/not")}

    def presence(self, path: Path, op: str, pointer: str) -> Tree:
        self.places[pointer] = self.places[f"{pointer}/field"] = path.at
        return {"field": path.dotted, "op": op}

    def relation(self, relation: Relation, pointer: str) -> Tree:
        left, right, op = _bare(relation.left), _bare(relation.right), relation.op
        for side in (left, right):
            if not isinstance(side, Path | Literal | ListOf):
                message = "A comparison has a field on one side and a value or field on the other."
                self.refuse(side.at, f"{message} To deny a condition write !(…).")
        if Literal(None, right.at) == right or Literal(None, left.at) == left:
            return self.null(relation, left, right, pointer)
        self.places[f"{pointer}/op"] = relation.op_at
        if isinstance(left, Path):
            return self.test(left, op, right, pointer)
        if isinstance(right, Path) and isinstance(left, Literal):
            # `2500 < amount` is `amount > 2500`; `"x" in tags` is `tags contains "x"`.
            return self.test(right, _FLIPPED.get(op, "contains"), left, pointer)
        self.refuse(relation.at, "A comparison needs a field, such as output.amount.")

    def test(self, path: Path, op: str, operand: Expression, pointer: str) -> Tree:
        """One test; `operand` is a path, a literal or a list."""
        self.places[f"{pointer}/field"] = path.at
        tree: Tree = {"field": path.dotted, "op": op}
        key = "other" if isinstance(operand, Path) else "value"
        self.places[f"{pointer}/{key}"] = operand.at
        match operand:
            case Path():
                return tree | {"other": operand.dotted}
            case ListOf(items):
                for index, item in enumerate(items):
                    self.places[f"{pointer}/value/{index}"] = item.at
                return tree | {"value": [item.value for item in items]}
            case Literal(value):
                return tree | {"value": value}
            case _:
                self.refuse(operand.at, "A value or a field is expected here.")

    def null(self, relation: Relation, left: Expression, right: Expression, pointer: str) -> Tree:
        path = left if isinstance(left, Path) else right
        if not isinstance(path, Path) or relation.op not in ("==", "!="):
            self.refuse(relation.at, "null stands only beside a field, after != or ==.")
        if relation.op == "==":
            offered = " && ".join(presence_terms(path.keys))
            message = f"“== null” is not offered. For “is missing” write: !({offered})"
            self.refuse(relation.op_at, message, "unsupported")
        if len(path.keys) > 1:
            self.refuse(relation.op_at, _lone_presence("!= null", path), "unsupported")
        return self.presence(path, "present", pointer)

    def call(self, call: Call, pointer: str) -> Tree:
        target, argument = _bare(call.target), _bare(call.argument)
        if not isinstance(target, Path):
            self.refuse(target.at, "Only a field can be asked what it contains or starts with.")
        if not isinstance(argument, Path | Literal):
            self.refuse(argument.at, "One value or one field is expected here.")
        return self.test(target, call.op, argument, pointer)


class _Present:
    """A run of terms that together say that a field is present."""

    def __init__(self, path: Path) -> None:
        self.path = path


def _bare(expression: Expression) -> Expression:
    while isinstance(expression, Group):
        expression = expression.inner
    return expression


def _not_null(expression: Expression) -> Path | None:
    """The path of `path != null`, else None."""
    if isinstance(expression, Relation) and expression.op == "!=":
        sides = (_bare(expression.left), _bare(expression.right))
        for side, opposite in (sides, sides[::-1]):
            if isinstance(side, Path) and isinstance(opposite, Literal) and opposite.value is None:
                return side
    return None


def _is_step(expression: Expression | _Present, keys: tuple[str, ...]) -> bool:
    """Whether this is the test that the last of `keys` exists: `has(a.b)` or `"b" in a`."""
    match expression:
        case Has(path):
            return path.keys == keys
        case Relation("in", Literal(key), Path(prefix)):
            return (*prefix, key) == keys
    return False


def _lone_presence(what: str, path: Path) -> str:
    offered = " && ".join(presence_terms(path.keys))
    why = "also accepts a null" if what == "has(…)" else "fails where the field is not there"
    return f"“{what}” alone {why}. For “is present” write: {offered}"
