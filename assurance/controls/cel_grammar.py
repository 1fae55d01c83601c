"""The grammar of the subset: a Pratt parser from tokens to expressions.

Strongest first: `.key  ["key"]  .call(…)`, then `!` and the sign of a number, then the
comparisons, `&&`, `||`. What CEL has beyond that is refused by name, with what to write instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
from assurance.controls.cel_source import NO_PATTERNS, CelError, Token, tokens
from assurance.controls.condition_tree import MAX_DEPTH, MAX_KEYS, MAX_LIST

# Our own printing needs at most two brackets a level of the tree; the rest is room for people.
MAX_NESTING = 3 * MAX_DEPTH

RELATIONS = ("==", "!=", "<", "<=", ">", ">=", "in")
METHODS = {"contains": "contains", "startsWith": "starts_with"}
OFFERED = (
    'Offered are && || ! == != < <= > >= in, .contains("…"), .startsWith("…")'
    " and, for “is present”, has(…)."
)
_STRENGTH = {"||": 1, "&&": 2} | dict.fromkeys(RELATIONS, 3) | dict.fromkeys("+-*/%", 4)
_STRENGTH["?"] = 1
_COMPREHENSIONS = ("all", "exists", "exists_one", "existsOne", "map", "filter", "reduce")
_WORDS = {"and": "&&", "or": "||", "not": "!", "is": "==", "AND": "&&", "OR": "||", "NOT": "!"}
_INSTEAD = {
    "matches": NO_PATTERNS,
    "endsWith": 'Only .startsWith("…") and .contains("…") are offered.',
    "size": "Lengths are judged by the length check, not by a condition.",
    "timestamp": "Write the date as text: fields declared as dates compare as instants.",
    "duration": "Ages and deadlines are judged by the freshness and date limit checks.",
}


def parse(text: str) -> Expression:
    """The whole text as one expression. Raises CelError."""
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.next = next(self.tokens)
        self.nesting = 0

    # -- tokens --------------------------------------------------------------------------------

    def refuse(self, at: int, message: str, code: str = "syntax") -> NoReturn:
        raise CelError(self.text, at, code, message)

    def take(self) -> Token:
        token = self.next
        if token.kind != "end":
            self.next = next(self.tokens)
        return token

    def sees(self, symbol: str) -> bool:
        return self.next.kind == "symbol" and self.next.text == symbol

    def expect(self, symbol: str, opened_at: int) -> None:
        if not self.sees(symbol):
            found = f"“{self.next.text}”" if self.next.kind != "end" else "the end"
            place = CelError(self.text, opened_at, "", "")
            self.refuse(
                self.next.at,
                f"A “{symbol}” is expected here, not {found};"
                f" it closes line {place.line}, column {place.column}.",
            )
        self.take()

    @contextmanager
    def nested(self, at: int) -> Iterator[None]:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            message = f"Brackets are nested more than {MAX_NESTING} deep. Flatten the condition."
            self.refuse(at, message, "too_deep")
        yield
        self.nesting -= 1

    # -- expressions ---------------------------------------------------------------------------

    def whole(self) -> Expression:
        if self.next.kind == "end":
            self.refuse(0, "Write a condition, such as output.amount > 2500.")
        expression = self.expression(0)
        if self.next.kind != "end":
            self.stray(self.next)
        return expression

    def expression(self, weakest: int) -> Expression:
        """Everything from here that binds more strongly than `weakest`."""
        left = self.unary()
        while self.next.kind in ("symbol", "name"):
            operator = self.next
            strength = _STRENGTH.get(operator.text, 0)
            if strength <= weakest:
                break
            self.refuse_operator(operator, left)
            self.take()
            right = self.expression(strength)
            left = _joined(operator, left, right)
        return left

    def refuse_operator(self, operator: Token, left: Expression) -> None:
        """What CEL would accept between two operands and we do not."""
        if operator.text in "+-*/%":
            message = "Arithmetic is not offered; use a recompute or cross-field check."
            self.refuse(operator.at, message, "unsupported")
        if operator.text == "?":
            message = "“? :” is not offered. Join conditions with && and ||."
            self.refuse(operator.at, message, "unsupported")
        if operator.text in RELATIONS and isinstance(left, Relation):
            message = "Comparisons cannot be chained. Join two of them with &&."
            self.refuse(operator.at, message, "type")

    def unary(self) -> Expression:
        token = self.next
        if self.sees("!"):
            self.take()
            with self.nested(token.at):
                return Negation(self.unary(), token.at)
        if self.sees("-"):
            self.take()
            number = self.next.value
            if self.next.kind != "number" or isinstance(number, str) or number is None:
                self.refuse(token.at, "A minus sign stands only before a number.", "unsupported")
            self.take()
            return Literal(-number, token.at)
        return self.followed(self.primary())

    def primary(self) -> Expression:
        token = self.take()
        if token.kind in ("number", "string"):
            return Literal(token.value, token.at)
        if token.kind == "name":
            return self.named(token)
        if token.text == "(":
            with self.nested(token.at):
                inner = self.expression(0)
                self.expect(")", token.at)
            return Group(inner, token.at)
        if token.text == "[":
            return self.list_of(token)
        if token.text == "{":
            self.refuse(token.at, "Maps are not offered. Lists are written [1, 2].", "unsupported")
        self.stray(token)

    def named(self, token: Token) -> Expression:
        if token.text in ("true", "false", "null"):
            return Literal({"true": True, "false": False}.get(token.text), token.at)
        if token.text in _WORDS or token.text == "in":
            self.stray(token)
        if not self.sees("("):
            return Path((token.text,), token.at)
        if token.text != "has":
            self.refuse_call(token)
        opened = self.take()
        root = self.take()
        if root.kind != "name":
            self.refuse(root.at, "A field is expected here, such as output.amount.")
        path = self.followed(Path((root.text,), root.at))
        if not isinstance(path, Path) or len(path.keys) < 2:
            self.refuse(token.at, "has(…) takes a field below a root: has(output.amount).", "type")
        self.expect(")", opened.at)
        return Has(path, token.at)

    def list_of(self, opened: Token) -> ListOf:
        items: list[Literal] = []
        while not self.sees("]"):
            if items:
                self.expect(",", opened.at)
                if self.sees("]"):  # CEL allows a comma after the last item
                    break
            with self.nested(opened.at):
                item = self.expression(0)
            if not isinstance(item, Literal):
                message = "A list holds numbers, text, true or false only."
                self.refuse(item.at, message, "unsupported")
            items.append(item)
            if len(items) > MAX_LIST:
                message = (
                    f"A list has at most {MAX_LIST:,} values; use an allow or deny list check."
                )
                self.refuse(item.at, message, "too_large")
        self.take()
        return ListOf(tuple(items), opened.at)

    # -- what follows an operand ---------------------------------------------------------------

    def followed(self, operand: Expression) -> Expression:
        while True:
            if self.sees("."):
                self.take()
                operand = self.selected(operand)
            elif self.sees("["):
                operand = self.indexed(operand)
            else:
                return operand

    def selected(self, operand: Expression) -> Expression:
        token = self.take()
        if token.kind != "name":
            self.refuse(token.at, "A key is expected after the dot.")
        if self.sees("("):
            return self.call(operand, token)
        if not isinstance(operand, Path):
            self.refuse(token.at, "Only a field has keys.", "type")
        return self.below(operand, token.text, token)

    def indexed(self, operand: Expression) -> Expression:
        opened = self.take()
        key = self.take()
        if key.kind != "string" or not isinstance(operand, Path):
            message = (
                "Positions in lists are not offered. Use “value in field”; in brackets only a key"
                ' in quotes may stand: output["credit score"].'
            )
            self.refuse(opened.at, message, "unsupported")
        self.expect("]", opened.at)
        name = str(key.value)
        if "." in name:
            self.refuse(key.at, "Keys that hold a dot cannot be named in a condition.", "type")
        return self.below(operand, name, key)

    def below(self, path: Path, key: str, token: Token) -> Path:
        if len(path.keys) >= MAX_KEYS:  # here, since copying the keys takes time by their square
            self.refuse(token.at, f"A field has at most {MAX_KEYS} keys.", "too_deep")
        return Path((*path.keys, key), path.at)

    def call(self, target: Expression, method: Token) -> Expression:
        if method.text not in METHODS:
            self.refuse_call(method)
        opened = self.take()
        if self.sees(")"):
            self.refuse(self.next.at, f".{method.text}(…) takes one value.")
        with self.nested(opened.at):
            argument = self.expression(0)
        if self.sees(","):
            self.refuse(self.next.at, f".{method.text}(…) takes one value only.")
        self.expect(")", opened.at)
        return Call(METHODS[method.text], target, argument, target.at)

    # -- refusals ------------------------------------------------------------------------------

    def refuse_call(self, token: Token) -> NoReturn:
        name = token.text
        if name in METHODS:
            message = f'Write it after the field: output.text.{name}("…").'
            self.refuse(token.at, message)
        if name in _COMPREHENSIONS:
            message = f"“{name}” is a comprehension; lists are not walked. {OFFERED}"
        else:
            message = f"The function “{name}” is not offered. {_INSTEAD.get(name, OFFERED)}"
        self.refuse(token.at, message, "unsupported")

    def stray(self, token: Token) -> NoReturn:
        if token.kind == "end":
            self.refuse(token.at, "The condition ends too early: something is missing here.")
        if token.text in _WORDS:
            self.refuse(token.at, f"Write {_WORDS[token.text]} for “{token.text}”.")
        self.refuse(token.at, f"“{token.text}” is not expected here.")


def _joined(operator: Token, left: Expression, right: Expression) -> Expression:
    if operator.text in RELATIONS:
        return Relation(operator.text, left, right, left.at, operator.at)
    if isinstance(left, Chain) and left.op == operator.text:
        left.terms.append(right)
        return left
    return Chain(operator.text, [left, right], left.at)
