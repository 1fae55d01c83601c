"""A tiny arithmetic language over the fields of a case.

`output.net + output.tax`, `sum(output.lines.amount) * (1 - context.discount)`: numbers, dotted
fields, `+ - * /`, parentheses, a leading minus, and `sum()` over a list of numbers or over one key
of a list of objects. A field with other characters than letters, digits and `_` stands in
backticks. Exact decimal arithmetic with 50 digits; no loops, no names but fields, no code.

Bounds: 2,000 characters, 300 parts, 40 levels, lists of 10,000.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException, DivisionByZero, Inexact, localcontext
from typing import Any, NoReturn

from assurance.controls.checks.reading import (
    Unreadable,
    decimal_of,
    missing,
    need_number,
    wrong_type,
)

MAX_LENGTH = 2000
MAX_NODES = 300
MAX_LEVELS = 40
MAX_ITEMS = 10_000
# Division leaves endless digits; what lies behind this place is no difference.
LAST_PLACE = Decimal("1e-20")

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d{1,30}(?:\.\d{1,30})?(?![\w.]))"
    r"|(?P<field>[A-Za-z_]\w*(?:\.\w+)*)|`(?P<quoted>[^`]{1,200})`|(?P<sign>[-+*/()]))",
    re.ASCII,
)


class ExpressionError(Exception):
    """The expression cannot be read; `.sentence` says why and at which character."""

    def __init__(self, sentence: str, at: int) -> None:
        super().__init__(sentence)
        self.sentence = f"{sentence} (at character {at + 1})"
        self.at = at


@dataclass(frozen=True)
class _Number:
    value: Decimal


@dataclass(frozen=True)
class _Field:
    path: str


@dataclass(frozen=True)
class _Sum:
    path: str


@dataclass(frozen=True)
class _Minus:
    inner: _Node


@dataclass(frozen=True)
class _Pair:
    sign: str
    left: _Node
    right: _Node


_Node = _Number | _Field | _Sum | _Minus | _Pair


@dataclass(frozen=True)
class Expression:
    """A readable expression. `fields` and `sums` are the paths it names."""

    text: str
    root: _Node
    fields: tuple[str, ...]
    sums: tuple[str, ...]

    def value(self, facts: Mapping[str, Any]) -> Decimal:
        """What it comes to; raises Unreadable where a field is missing or it cannot be computed."""
        context = Context(prec=50, Emax=400, Emin=-400)
        context.traps[Inexact] = False
        with localcontext(context):
            try:
                return _compute(self.root, facts)
            except DivisionByZero:
                sentence = f"“{self.text}” divides by zero."
                raise Unreadable(self.text, sentence, "division_by_zero") from None
            except DecimalException:
                sentence = f"“{self.text}” has no usable result."
                raise Unreadable(self.text, sentence, "not_computable") from None

    def cancels(self, facts: Mapping[str, Any]) -> bool:
        """Whether it divides a field by itself into a whole number, as a / a or (a + a) / a do:
        then the number comes from no field. To be asked of an expression that has a value."""
        pending: list[_Node] = [self.root]
        while pending:
            node = pending.pop()
            if isinstance(node, _Minus):
                pending.append(node.inner)
            elif isinstance(node, _Pair):
                pending += [node.left, node.right]
                if node.sign == "/" and _values(node.left, facts) & _values(node.right, facts):
                    quotient = Expression(self.text, node, (), ()).value(facts)
                    whole = quotient.to_integral_value()
                    if whole and close(quotient, whole, Decimal(0)):
                        return True
        return False


def _values(node: _Node, facts: Mapping[str, Any]) -> set[Decimal]:
    """The values of all fields below a node."""
    found: set[Decimal] = set()
    pending = [node]
    while pending:
        one = pending.pop()
        if isinstance(one, _Field):
            found.add(need_number(facts, one.path))
        elif isinstance(one, _Minus):
            pending.append(one.inner)
        elif isinstance(one, _Pair):
            pending += [one.left, one.right]
    return found


def parse(text: str) -> Expression:
    """Read an expression; raises ExpressionError."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"The expression is longer than {MAX_LENGTH:,} characters.", 0)
    return _Parser(text).expression()


def close(left: Decimal, right: Decimal, tolerance: Decimal) -> bool:
    """Whether two results agree within a tolerance; dust from division does not count."""
    with localcontext(Context(prec=100)):
        return abs(left - right) <= tolerance + LAST_PLACE


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str, int]] = []
        self._fields: dict[str, None] = {}
        self._sums: dict[str, None] = {}
        self._next = 0
        at, end = 0, len(text.rstrip())
        while at < end:
            match = _TOKEN.match(text, at)
            if match is None:
                start = at + len(text[at:]) - len(text[at:].lstrip())
                raise ExpressionError(f"“{text[start]}” is not understood here.", start)
            kind = str(match.lastgroup)
            self._tokens.append((kind, match[kind], match.start(kind)))
            if len(self._tokens) > MAX_NODES:
                raise ExpressionError(f"The expression has more than {MAX_NODES} parts.", at)
            at = match.end()

    def expression(self) -> Expression:
        root = self._sum_of_terms(0)
        if self._next < len(self._tokens):
            self._refuse("An operator such as + is missing here.")
        return Expression(self._text, root, tuple(self._fields), tuple(self._sums))

    def _peek(self) -> str:
        """The sign that comes next, or nothing."""
        if self._kind() != "sign":
            return ""
        return self._tokens[self._next][1]

    def _kind(self) -> str:
        return self._tokens[self._next][0] if self._next < len(self._tokens) else ""

    def _refuse(self, sentence: str) -> NoReturn:
        at_end = self._next >= len(self._tokens)
        raise ExpressionError(sentence, len(self._text) if at_end else self._tokens[self._next][2])

    def _sum_of_terms(self, level: int) -> _Node:
        if level > MAX_LEVELS:
            self._refuse(f"Parentheses are nested deeper than {MAX_LEVELS}.")
        left = self._product(level)
        while self._peek() in ("+", "-"):
            sign = self._take()
            left = _Pair(sign, left, self._product(level))
        return left

    def _product(self, level: int) -> _Node:
        left = self._factor(level)
        while self._peek() in ("*", "/"):
            sign = self._take()
            left = _Pair(sign, left, self._factor(level))
        return left

    def _factor(self, level: int) -> _Node:
        if level > MAX_LEVELS:
            self._refuse(f"The expression is nested deeper than {MAX_LEVELS}.")
        sign = self._peek()
        if sign == "-":
            self._take()
            return _Minus(self._factor(level + 1))
        if sign == "(":
            self._take()
            inner = self._sum_of_terms(level + 1)
            self._close()
            return inner
        if sign or self._next >= len(self._tokens):
            self._refuse("A number or a field is missing here.")
        kind, text, _ = self._tokens[self._next]
        self._next += 1
        if kind == "number":
            return _Number(Decimal(text))
        if kind == "field" and self._peek() == "(":
            return self._call(text)
        self._fields[text] = None
        return _Field(text)

    def _call(self, name: str) -> _Node:
        if name != "sum":
            self._refuse(f"There is no function “{name}”, only sum().")
        self._take()
        if self._kind() not in ("field", "quoted"):
            self._refuse("sum() needs the name of a field.")
        path = self._tokens[self._next][1]
        self._next += 1
        self._close()
        self._sums[path] = None
        return _Sum(path)

    def _take(self) -> str:
        self._next += 1
        return self._tokens[self._next - 1][1]

    def _close(self) -> None:
        if self._peek() != ")":
            self._refuse("A closing parenthesis is missing here.")
        self._next += 1


def _compute(node: _Node, facts: Mapping[str, Any]) -> Decimal:
    # A chain of operators leans to the left: walk it, so that 300 parts need no deep stack.
    pending: list[tuple[str, _Node]] = []
    while isinstance(node, _Pair):
        pending.append((node.sign, node.right))
        node = node.left
    if isinstance(node, _Number):
        result = node.value
    elif isinstance(node, _Field):
        result = need_number(facts, node.path)
    elif isinstance(node, _Sum):
        result = _total(facts, node.path)
    else:
        result = -_compute(node.inner, facts)
    for sign, right in reversed(pending):
        value = _compute(right, facts)
        if sign == "+":
            result += value
        elif sign == "-":
            result -= value
        elif sign == "*":
            result *= value
        else:
            result = _divided(result, value)
    return result


def _divided(left: Decimal, right: Decimal) -> Decimal:
    if not right:
        raise DivisionByZero  # 0/0 too, which Decimal reports as another error
    return left / right


def _total(facts: Mapping[str, Any], path: str) -> Decimal:
    """The sum of a list of numbers, or of one key of a list of objects."""
    value: Any = facts
    keys = path.split(".")
    for depth, key in enumerate(keys):
        if isinstance(value, list):
            return _total_of_key(value, ".".join(keys[:depth]), keys[depth:])
        if not isinstance(value, Mapping) or value.get(key) is None:
            raise missing(path)
        value = value[key]
    if not isinstance(value, list):
        raise wrong_type(path, value, "a list")
    return _total_of_key(value, path, [])


def _total_of_key(items: list[Any], path: str, keys: list[str]) -> Decimal:
    if len(items) > MAX_ITEMS:
        sentence = f"`{path}` has more than {MAX_ITEMS:,} items to sum."
        raise Unreadable(path, sentence, "too_large")
    total = Decimal(0)
    for index, item in enumerate(items):
        here = ".".join([path, str(index), *keys])
        value = item
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is None:
            raise missing(here)
        number = decimal_of(value)
        if number is None:
            raise wrong_type(here, value, "a number of usable size")
        total += number
    return total
