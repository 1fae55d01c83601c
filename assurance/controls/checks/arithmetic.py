"""The checks `recompute` and `cross_field`: exact arithmetic over the fields of a case.

The language is in `expressions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from assurance.controls.checks.expressions import (
    MAX_LENGTH,
    ExpressionError,
    close,
    parse,
)
from assurance.controls.checks.outcomes import Finding, Outcome, failed, operand, passed
from assurance.controls.checks.parameters import field_parameter
from assurance.controls.checks.reading import decimal_of, need_number, plain, spoken
from assurance.controls.checks.registry import Check, field_problem, register
from assurance.controls.conditions import Problem
from assurance.controls.fields import Catalogue

_EXPRESSION_HELP = "Fields, numbers, + - * / and parentheses; sum(output.lines.amount) for a list."


def _expression(title: str) -> dict[str, Any]:
    return {
        "type": "string",
        "title": title,
        "description": _EXPRESSION_HELP,
        "minLength": 1,
        "maxLength": MAX_LENGTH,
    }


_TOLERANCE = {
    "type": "number",
    "title": "Tolerance",
    "description": "How far the two may differ, in the unit of the field.",
    "minimum": 0,
    "default": 0,
}


def expression_problems(pointer: str, text: str, catalogue: Catalogue) -> list[Problem]:
    """What is wrong with an expression: its writing, or a field it names."""
    try:
        expression = parse(text)
    except ExpressionError as error:
        return [Problem(pointer, "unreadable_expression", f"{error.sentence} {_EXPRESSION_HELP}")]
    found = [field_problem(pointer, path, ["number"], catalogue) for path in expression.fields]
    found += [_sum_problem(pointer, path, catalogue) for path in expression.sums]
    return [problem for problem in found if problem is not None]


def _sum_problem(pointer: str, path: str, catalogue: Catalogue) -> Problem | None:
    # The catalogue ends at lists: what lies inside one is known only by its list.
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        known = catalogue.get(".".join(parts[:length]))
        if known is not None and known.type in ("list", "any"):
            return None
    return field_problem(pointer, path, ["list"], catalogue)


def _tolerance(params: Mapping[str, Any]) -> Decimal:
    return decimal_of(params["tolerance"]) or Decimal(0)


def _said(value: Decimal) -> str:
    """A result for a sentence, without the endless digits of a division."""
    try:
        return spoken(round(value, 6).normalize()) if value else "0"
    except InvalidOperation:
        return str(value)


@register
class Recompute(Check):
    """A number in the output is what a formula over other fields comes to."""

    name = "recompute"
    title = "Recomputed figure agrees"
    description = "A number is what a formula over other fields comes to."
    params_schema = {
        "type": "object",
        "properties": {
            "field": field_parameter("The number that is recomputed.", "number"),
            "expression": _expression("Formula"),
            "tolerance": _TOLERANCE,
            "round_to": {
                "type": "integer",
                "title": "Round to decimals",
                "description": "Round the result (half up) before comparing; 2 for money.",
                "minimum": 0,
                "maximum": 10,
            },
        },
        "required": ["field", "expression"],
        "additionalProperties": False,
    }

    def more_problems(self, params: dict[str, Any], catalogue: Catalogue) -> list[Problem]:
        return expression_problems("/expression", params["expression"], catalogue)

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        path, formula = params["field"], params["expression"]
        value = need_number(facts, path)
        result = parse(formula).value(facts)
        if "round_to" in params and abs(result) < Decimal(10) ** 15:
            result = result.quantize(Decimal(1).scaleb(-params["round_to"]), ROUND_HALF_UP)
        if close(value, result, _tolerance(params)):
            return passed(f"`{path}` {spoken(value)} agrees with {formula}.")
        message = f"`{path}` is {_said(value)}, but {formula} comes to {_said(result)}."
        operands = [operand(path, plain(value), "==", plain(result))]
        return failed(
            message,
            "does_not_agree",
            [Finding(path, message)],
            operands,
            suggested_value={path: plain(result)} if "round_to" in params else None,
        )


_COMPARE = {
    "==": "equal to",
    "!=": "different from",
    "<": "less than",
    "<=": "at most",
    ">": "more than",
    ">=": "at least",
}


@register
class CrossField(Check):
    """Two formulas over the fields stand in a relation, such as lines that add up to the total."""

    name = "cross_field"
    title = "Fields agree with each other"
    description = "One formula over the fields is equal to, below or above another."
    params_schema = {
        "type": "object",
        "properties": {
            "left": _expression("Left side"),
            "op": {
                "type": "string",
                "title": "Relation",
                "description": "How the left side must stand to the right.",
                "enum": list(_COMPARE),
                "default": "==",
            },
            "right": _expression("Right side"),
            "tolerance": _TOLERANCE,
        },
        "required": ["left", "right"],
        "additionalProperties": False,
    }

    def more_problems(self, params: dict[str, Any], catalogue: Catalogue) -> list[Problem]:
        return [
            problem
            for side in ("left", "right")
            for problem in expression_problems(f"/{side}", params[side], catalogue)
        ]

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        left, right = parse(params["left"]), parse(params["right"])
        a, b, op = left.value(facts), right.value(facts), params["op"]
        if _holds(a, op, b, _tolerance(params)):
            return passed(f"{params['left']} is {_COMPARE[op]} {params['right']}.")
        message = (
            f"{params['left']} is {_said(a)}, which is not {_COMPARE[op]} "
            f"{params['right']}, {_said(b)}."
        )
        named = [*left.fields, *left.sums, *right.fields, *right.sums]
        findings = [Finding(path, message) for path in dict.fromkeys(named)][:20]
        operands = [operand(params["left"], plain(a), op, plain(b))]
        return failed(message, "does_not_agree", findings, operands)


def _holds(left: Decimal, op: str, right: Decimal, tolerance: Decimal) -> bool:
    """The tolerance is in favour of the relation; for `!=` and strict ones it counts as equal."""
    same = close(left, right, tolerance)
    if op in ("==", "!="):
        return same is (op == "==")
    if op in ("<=", ">="):
        return same or (left < right if op == "<=" else left > right)
    return not same and (left < right if op == "<" else left > right)
