"""Whether single tests can hold together: the small theory under `satisfiability`.

A demand is a test and what is asked of its verdict. `conflict` says whether demands exclude each
other whatever a case holds. It only ever says so where that is certain; about what it does not
understand (text inside text, chains of fields) it is silent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assurance.controls.condition_tree import EQUALITY, ORDER, PRESENCE, Test
from assurance.controls.condition_types import Plan
from assurance.controls.readings import MOMENTS

# Each operator is one of these or the opposite of one: the opposite of unknown is unknown.
_OPPOSITE = {"!=": "==", ">=": "<", "<=": ">", "not_in": "in", "missing": "present"}
_RELATIONS = {"==": frozenset("="), "<": frozenset("<"), ">": frozenset(">")}
_EVERY_RELATION = frozenset("<=>")
_MIRRORED = {"<": ">", ">": "<", "=": "="}
_NANOSECONDS_A_DAY = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of a test: with `sure` that its verdict is `want`, else only that it is not
    the opposite, so that unknown will do."""

    test: Test
    plan: Plan | None
    want: bool
    sure: bool = True

    @property
    def key(self) -> tuple[Any, ...]:
        """The same for a test and its opposite."""
        test = self.test
        operand = [repr(v) for v in test.value] if isinstance(test.value, tuple) else test.value
        return test.field, self.op, repr(operand), test.other

    @property
    def op(self) -> str:
        return _OPPOSITE.get(self.test.op, self.test.op)

    @property
    def holds(self) -> bool:
        """What is asked of the operator `op`."""
        return self.want != (self.test.op in _OPPOSITE)

    @property
    def is_presence(self) -> bool:
        return self.test.op in PRESENCE

    @property
    def cost(self) -> int:
        return 1 + (len(self.test.value) // 8 if isinstance(self.test.value, tuple) else 0)


def conflict(demands: Sequence[Demand]) -> tuple[str, ...]:
    """The fields of which these demands ask what cannot be, empty where nothing is certain."""
    sure = [one for one in demands if one.sure]
    incomparable = next((d for d in sure if d.plan is None and not d.is_presence), None)
    if incomparable is not None:
        return (incomparable.test.field,)
    readings = _readings(sure)
    pairs = {_pair(one) for one in sure if one.test.other is not None}
    weak = [one for one in demands if not one.sure]
    sure += [replace(one, sure=True) for one in weak if _is_decided(one, readings, pairs)]
    for found in (
        _opposites(sure, weak),
        _shapes(sure, readings),
        _relations(sure),
        _values(sure),
    ):
        if found:
            return found
    return ()


def _readings(sure: Iterable[Demand]) -> dict[str, set[str]]:
    """As what each field must be readable, by path."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in sure:
        if one.is_presence or one.plan is None:
            continue
        found[one.test.field].add(one.plan.left)
        if one.test.other is not None and one.plan.right:
            found[one.test.other].add(one.plan.right)
    return found


def _pair(one: Demand) -> tuple[Any, ...]:
    return one.test.field, one.test.other, one.plan


def _is_decided(one: Demand, readings: dict[str, set[str]], pairs: set[tuple[Any, ...]]) -> bool:
    """Whether unknown is out of the question, because the field is known to be readable."""
    if one.is_presence:
        return True
    if one.plan is None:
        return False
    if one.test.other is not None:
        return _pair(one) in pairs and not one.plan.is_dynamic
    known = readings.get(one.test.field, set())
    return one.plan.left in known - {"any"} or (
        one.plan.left == "string" and bool(known & (MOMENTS | {"string"}))
    )


def _opposites(sure: Iterable[Demand], weak: Iterable[Demand]) -> tuple[str, ...]:
    """The same test asked both to hold and not to."""
    asked: dict[tuple[Any, ...], bool] = {}
    for one in sure:
        if asked.setdefault(one.key, one.holds) != one.holds:
            return (one.test.field,)
    for one in weak:
        if asked.get(one.key, one.holds) != one.holds:
            return (one.test.field,)
    return ()


def _shapes(sure: Iterable[Demand], readings: dict[str, set[str]]) -> tuple[str, ...]:
    """A field of two JSON types at once, or missing although it, or one inside it, is known."""
    for path, types in readings.items():
        if len({"string" if one in MOMENTS else one for one in types - {"any"}}) > 1:
            return (path,)
    known = set(readings)
    absent: set[str] = set()
    for one in sure:
        if one.is_presence:
            (known if one.holds else absent).add(one.test.field)
    for path in known:
        if path in absent:
            return (path,)
        for parent in _parents(path):
            if parent in absent or readings.get(parent, set()) - {"any", "object"}:
                return parent, path
    return ()


def _parents(path: str) -> Iterator[str]:
    while "." in path:
        path = path.rpartition(".")[0]
        yield path


def _relations(sure: Iterable[Demand]) -> tuple[str, ...]:
    """Two fields asked to be, say, both less and more than each other."""
    left: dict[tuple[str, str], frozenset[str]] = {}
    for one in sure:
        other = one.test.other
        if other is None or one.test.op not in (*EQUALITY, *ORDER):
            continue
        allowed = _RELATIONS[one.op]
        allowed = allowed if one.holds else _EVERY_RELATION - allowed
        pair = (one.test.field, other)
        if pair[0] > pair[1]:
            pair, allowed = (pair[1], pair[0]), frozenset(_MIRRORED[it] for it in allowed)
        start = frozenset("=") if pair[0] == pair[1] else _EVERY_RELATION
        left[pair] = left.get(pair, start) & allowed
        if not left[pair]:
            return tuple(dict.fromkeys(pair))
    return ()


def _values(sure: Iterable[Demand]) -> tuple[str, ...]:
    """A field for which no value is left."""
    of: dict[tuple[str, str], list[Demand]] = defaultdict(list)
    for one in sure:
        if one.plan is not None and one.plan.literal is not None and not one.is_presence:
            of[one.test.field, one.plan.left].append(one)
    for (path, type_), asked in of.items():
        if type_ != "any" and _is_empty(type_, asked):
            return (path,)
    return ()


def _is_empty(type_: str, asked: list[Demand]) -> bool:
    listed = [one for one in asked if one.holds and one.op in ("==", "in")]
    if listed:
        first = min(listed, key=lambda one: one.cost)
        literal = first.plan.literal if first.plan else None
        values: Iterable[Any] = literal if isinstance(literal, tuple) else (literal,)
    elif type_ == "boolean":
        values = (True, False)
    else:
        return _no_text_left(asked) if type_ == "string" else _no_room_left(type_, asked)
    return not any(all(_meets(one, value) == one.holds for one in asked) for value in values)


def _meets(one: Demand, value: Any) -> bool:
    """Whether a value that is read already meets the operator of a demand."""
    literal: Any = one.plan.literal if one.plan else None
    match one.op:
        case "==":
            return bool(value == literal)
        case "in":
            return value in literal
        case "<":
            return bool(value < literal)
        case ">":
            return bool(value > literal)
        case "contains":
            return literal in value
        case _:
            return bool(value.startswith(literal))


def _no_text_left(asked: list[Demand]) -> bool:
    """Beginnings that exclude each other, or that bring along what must not be there."""
    begins = [_text(one) for one in asked if one.op == "starts_with" and one.holds]
    longest = max(begins, key=len, default="")
    if not all(longest.startswith(begin) for begin in begins):
        return True
    inside = [longest, *(_text(one) for one in asked if one.op == "contains" and one.holds)]
    return any(
        (one.op == "starts_with" and longest.startswith(_text(one)))
        or (one.op == "contains" and any(_text(one) in text for text in inside))
        for one in asked
        if not one.holds
    )


def _text(one: Demand) -> str:
    return str(one.plan.literal) if one.plan else ""


def _no_room_left(type_: str, asked: list[Demand]) -> bool:
    """Numbers and moments: nothing between the lowest and the highest, or only what is excluded."""
    low: tuple[Any, bool] | None = None  # the bound and whether it is itself left out
    high: tuple[Any, bool] | None = None
    for one in asked:
        bound: Any = one.plan.literal if one.plan else None
        if (one.op, one.holds) in ((">", True), ("<", False)):
            low = max(low or (bound, False), (bound, one.holds))
        elif (one.op, one.holds) in (("<", True), (">", False)):
            tighter = high is None or bound < high[0] or (bound == high[0] and one.holds)
            high = (bound, one.holds) if tighter else high
    if low is None or high is None:
        return False
    if type_ == "date":
        first = -(-low[0] // _NANOSECONDS_A_DAY) + (low[1] and low[0] % _NANOSECONDS_A_DAY == 0)
        last = high[0] // _NANOSECONDS_A_DAY - (high[1] and high[0] % _NANOSECONDS_A_DAY == 0)
        return bool(first > last)
    if low[0] != high[0]:
        return bool(low[0] > high[0])
    return low[1] or high[1] or any(_meets(d, low[0]) != d.holds for d in asked)
