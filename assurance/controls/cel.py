"""Conditions as text: a strict subset of CEL, the Common Expression Language.

What this subset accepts is CEL, and means here what it means there, with one difference that no
text can show: text in a field declared as a date is compared as an instant. There are no
functions of its own, no macros, comprehensions, arithmetic or regular expressions.

    output.amount > 2500 && (context.channel in ["broker", "phone"] || !(signals.score >= 0.8))

`not_in` is `!(a in b)`; `present` of `output.a` is `has(output.a) && output.a != null`; `missing`
denies that. Since `!(…)` around those two is taken, a `not` around them has a second pair of
parentheses. Thereby every tree has one text and every such text gives back the same tree; only
groups of one part vanish.

>>> to_cel({"field": "context.channel", "op": "not_in", "value": ["broker", "phone"]})
'!(context.channel in ["broker", "phone"])'
>>> from_cel("2500 < output.amount")
{'field': 'output.amount', 'op': '>', 'value': 2500}
"""

from __future__ import annotations

from assurance.controls.cel_grammar import METHODS, parse
from assurance.controls.cel_meaning import Meaning, path_text, presence_terms
from assurance.controls.cel_nodes import Literal
from assurance.controls.cel_source import CelError
from assurance.controls.condition_problems import problems
from assurance.controls.condition_reader import read
from assurance.controls.condition_tree import (
    All,
    AnyOf,
    ConditionError,
    Node,
    Not,
    Problem,
    Scalar,
    Test,
    Tree,
    tidied,
)
from assurance.controls.fields import EVERYTHING, Catalogue

__all__ = ["CelError", "from_cel", "to_cel"]

_METHOD_OF = {op: method for method, op in METHODS.items()}


def to_cel(tree: Tree | Node | None, catalogue: Catalogue = EVERYTHING) -> str:
    """The text of a tree; `true` for no tree.

    With a catalogue, a declared list is asked with CEL's own `"x" in field`, since `contains` is
    a text function in most CEL engines. Raises ConditionError for a tree of no legal shape.
    """
    return "true" if tree is None else _text(tidied(read(tree)), catalogue, outermost=True)


def from_cel(text: str, catalogue: Catalogue | None = None) -> Tree | None:
    """The tree of a text; None for `true`. With a catalogue its fields and types are checked too.

    Raises CelError for the first fault, with its line, its column and what to write instead.
    """
    expression = parse(text)
    if isinstance(expression, Literal) and expression.value is True:
        return None
    meaning = Meaning(text)
    tree = meaning.condition(expression)
    for problem in _faults(tree, catalogue):
        raise CelError(text, _place(problem, meaning.places), problem.code, problem.message)
    return tree


def _faults(tree: Tree, catalogue: Catalogue | None) -> list[Problem]:
    if catalogue is not None:
        return problems(tree, catalogue)
    try:
        read(tree)
    except ConditionError as error:
        return error.problems
    return []


def _place(problem: Problem, places: dict[str, int]) -> int:
    """Where the smallest part that holds the problem's pointer stands in the text."""
    pointer = problem.pointer
    while pointer not in places and pointer:
        pointer = pointer.rpartition("/")[0]
    return places.get(pointer, 0)


def _text(node: Node, catalogue: Catalogue, *, outermost: bool = False) -> str:
    match node:
        case All(parts):
            text = " && ".join(_text(part, catalogue) for part in parts)
        case AnyOf(parts):
            text = " || ".join(_text(part, catalogue) for part in parts)
        case Not(part):
            inner = _text(part, catalogue, outermost=True)
            return f"!(({inner}))" if _is_denied_by_itself(part) else f"!({inner})"
        case Test(field, "present"):
            text = " && ".join(presence_terms(tuple(field.split("."))))
        case Test():
            return _test(node, catalogue)
    return text if outermost else f"({text})"


def _is_denied_by_itself(node: Node) -> bool:
    """Whether `!(…)` around this one is an operator of its own: `not_in` or `missing`."""
    return isinstance(node, Test) and node.op in ("in", "present")


def _test(test: Test, catalogue: Catalogue) -> str:
    field = path_text(tuple(test.field.split(".")))
    if test.op == "missing":
        return f"!({' && '.join(presence_terms(tuple(test.field.split('.'))))})"
    if test.other is not None:
        operand = path_text(tuple(test.other.split(".")))
    elif isinstance(test.value, tuple):
        operand = f"[{', '.join(_literal(item) for item in test.value)}]"
    else:
        operand = _literal(test.value)
    if test.op == "not_in":
        return f"!({field} in {operand})"
    if test.op == "contains" and test.other is None and catalogue.type_at(test.field) == "list":
        return f"{operand} in {field}"
    if test.op in _METHOD_OF:
        return f"{field}.{_METHOD_OF[test.op]}({operand})"
    return f"{field} {test.op} {operand}"


def _literal(value: Scalar | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return repr(value)
    return f'"{"".join(_character(character) for character in value)}"'


_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _character(character: str) -> str:
    if character in _SHORT or character.isprintable():
        return _SHORT.get(character, character)
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
