"""The nouns of the grammar: what a piece of CEL text can be. `at` is its offset in the text."""

from __future__ import annotations

from dataclasses import dataclass

from assurance.controls.condition_tree import Scalar


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, text, true, false, or None for `null`."""

    value: Scalar | None
    at: int


@dataclass(frozen=True, slots=True)
class ListOf:
    items: tuple[Literal, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Path:
    keys: tuple[str, ...]
    at: int

    @property
    def dotted(self) -> str:
        return ".".join(self.keys)


@dataclass(frozen=True, slots=True)
class Has:
    path: Path
    at: int


@dataclass(frozen=True, slots=True)
class Relation:
    op: str
    left: Expression
    right: Expression
    at: int
    op_at: int


@dataclass(frozen=True, slots=True)
class Call:
    """`path.contains(argument)` or `path.startsWith(argument)`; `op` is our operator."""

    op: str
    target: Expression
    argument: Expression
    at: int


@dataclass(frozen=True, slots=True)
class Chain:
    """Two or more terms joined by one of `&&` and `||`."""

    op: str
    terms: list[Expression]
    at: int


@dataclass(frozen=True, slots=True)
class Negation:
    inner: Expression
    at: int


@dataclass(frozen=True, slots=True)
class Group:
    """What stood in one pair of parentheses."""

    inner: Expression
    at: int


Expression = Literal | ListOf | Path | Has | Relation | Call | Chain | Negation | Group
