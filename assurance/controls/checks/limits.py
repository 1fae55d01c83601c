"""The checks `number_limit` and `date_limit`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from assurance.controls.checks.durations import Duration, duration
from assurance.controls.checks.outcomes import Finding, Outcome, failed, operand, passed
from assurance.controls.checks.parameters import field_parameter, switch_parameter
from assurance.controls.checks.reading import (
    as_moment,
    clock_of,
    decimal_of,
    moment_of,
    need_moment,
    need_number,
    plain,
    shifted,
    spoken,
)
from assurance.controls.checks.registry import ALWAYS_THERE, Check, nearest, register
from assurance.controls.conditions import Problem
from assurance.controls.fields import Catalogue

Bound = tuple[Decimal, str]


@register
class NumberLimit(Check):
    """A number lies within its limits, which are numbers or other fields."""

    name = "number_limit"
    title = "Number within limits"
    description = "A number is not below a minimum and not above a maximum."
    params_schema = {
        "type": "object",
        "properties": {
            "field": field_parameter("The number that is limited.", "number"),
            "minimum": {
                "type": "number",
                "title": "At least",
                "description": "The least allowed number.",
            },
            "maximum": {
                "type": "number",
                "title": "At most",
                "description": "The greatest allowed number.",
            },
            "minimum_field": field_parameter("A field that holds the least.", "number")
            | {"title": "At least the field"},
            "maximum_field": field_parameter("A field that holds the greatest.", "number")
            | {"title": "At most the field"},
            "exclusive": switch_parameter(
                "Without the limits", "Whether the limits themselves are refused.", default=False
            ),
        },
        "required": ["field"],
        "additionalProperties": False,
    }

    def more_problems(self, params: dict[str, Any], catalogue: Catalogue) -> list[Problem]:
        limits = ("minimum", "maximum", "minimum_field", "maximum_field")
        if not any(name in params for name in limits):
            message = "Give a minimum, a maximum, or a field that holds one."
            return [Problem("/maximum", "missing_parameter", message)]
        least, greatest = params.get("minimum"), params.get("maximum")
        if least is not None and greatest is not None and least > greatest:
            message = f"The maximum {greatest} is below the minimum {least}: nothing would pass."
            return [Problem("/maximum", "empty_range", message)]
        return []

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        path, strict = params["field"], params["exclusive"]
        value = need_number(facts, path)
        for limit, shown in self._bounds(params, facts, "maximum"):
            if value > limit or (strict and value == limit):
                word = "not less than" if strict else "more than"
                op = "<" if strict else "<="
                return _beyond(path, value, op, limit, f"{word} {shown}", "above_maximum")
        for limit, shown in self._bounds(params, facts, "minimum"):
            if value < limit or (strict and value == limit):
                word = "not more than" if strict else "less than"
                op = ">" if strict else ">="
                return _beyond(path, value, op, limit, f"{word} {shown}", "below_minimum")
        return passed(f"`{path}` {spoken(value)} is within its limits.", score=float(value))

    def _bounds(
        self, params: Mapping[str, Any], facts: Mapping[str, Any], which: str
    ) -> list[Bound]:
        bounds: list[Bound] = []
        fixed = decimal_of(params.get(which))
        if fixed is not None:
            bounds.append((fixed, spoken(fixed)))
        named = params.get(f"{which}_field")
        if named is not None:
            limit = need_number(facts, named)
            bounds.append((limit, f"`{named}` {spoken(limit)}"))
        return bounds


def _beyond(
    path: str, value: Decimal, op: str, limit: Decimal, words: str, reason_code: str
) -> Outcome:
    message = f"`{path}` {spoken(value)} is {words}."
    operands = [operand(path, plain(value), op, plain(limit))]
    finding = Finding(path, message)
    return failed(message, reason_code, [finding], operands, score=float(value))


_BOUND = re.compile(
    r"\s*(?P<anchor>[A-Za-z_][\w.-]*?|\d{4}-\d{2}-\d{2}(?:T[\d:.+Z-]+)?)"
    r"\s*(?:(?P<sign>[+-])\s*(?P<length>P\w+))?\s*"
)
_HOW = "Write a date (2026-01-01), `clock`, or a field, and a distance: `clock - P18Y`."


@register
class DateLimit(Check):
    """A date lies within its limits, which are dates, the clock or fields, moved by a distance.

    A value without a time of day is compared by day: the limit's day (UTC) counts.
    """

    name = "date_limit"
    title = "Date within limits"
    description = "A date is not before an earliest and not after a latest moment."
    params_schema = {
        "type": "object",
        "properties": {
            "field": field_parameter("The date that is limited.", "date", "date-time", "string"),
            "earliest": {
                "type": "string",
                "title": "Not before",
                "description": _HOW,
                "minLength": 1,
                "maxLength": 200,
            },
            "latest": {
                "type": "string",
                "title": "Not after",
                "description": _HOW,
                "minLength": 1,
                "maxLength": 200,
            },
        },
        "required": ["field"],
        "additionalProperties": False,
    }

    def more_problems(self, params: dict[str, Any], catalogue: Catalogue) -> list[Problem]:
        if "earliest" not in params and "latest" not in params:
            message = "Say what the date must not be before or not be after."
            return [Problem("/latest", "missing_parameter", message)]
        found = []
        for name in ("earliest", "latest"):
            if name in params and (problem := _bound_problem(params[name], catalogue)):
                found.append(Problem(f"/{name}", *problem))
        return found

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        path = params["field"]
        value = need_moment(facts, path)
        for name, op, words in (("earliest", ">=", "before"), ("latest", "<=", "after")):
            if name not in params:
                continue
            limit = _bound_moment(params[name], facts)
            here: datetime | date = value
            there: datetime | date = limit
            if not isinstance(value, datetime):
                there = limit.date()
            is_beyond = here < there if name == "earliest" else here > there
            if is_beyond:
                said = f"`{path}` {value.isoformat()} is {words} {there.isoformat()}"
                message = f"{said} ({params[name].strip()})."
                operands = [operand(path, value.isoformat(), op, there.isoformat())]
                code = "too_early" if name == "earliest" else "too_late"
                return failed(message, code, [Finding(path, message)], operands)
        return passed(f"`{path}` {value.isoformat()} is within its limits.")


def _bound_problem(text: str, catalogue: Catalogue) -> tuple[str, str] | None:
    match = _BOUND.fullmatch(text)
    if match is None:
        return "unreadable_limit", f"“{text}” is not understood. {_HOW}"
    if match["length"] and duration(match["length"]) is None:
        return "unreadable_limit", f"“{match['length']}” is no distance. Write P18Y, P30D or PT4H."
    anchor = match["anchor"]
    if anchor == "clock":
        return None
    if anchor[0].isdigit():
        said = f"“{anchor}” is no date in the calendar. {_HOW}"
        return ("unreadable_limit", said) if moment_of(anchor) is None else None
    field = catalogue.get(anchor)
    kind = field.type if field else ALWAYS_THERE.get(anchor)
    if kind is None:
        hint = catalogue.nearest(anchor) or nearest(anchor, ["clock"])
        more = f"Did you mean `{hint}`?" if hint else _HOW
        return "unknown_field", f"There is no field `{anchor}`. {more}"
    if kind not in ("date", "date-time", "string", "any"):
        return "wrong_field_type", f"`{anchor}` is of type {kind}, not a date."
    return None


def _bound_moment(text: str, facts: Mapping[str, Any]) -> datetime:
    match = _BOUND.fullmatch(text)
    if match is None:
        raise ValueError("a limit that cannot be read was saved")
    anchor = match["anchor"]
    if anchor == "clock":
        base = clock_of(facts)
    else:
        fixed = moment_of(anchor) if anchor[0].isdigit() else need_moment(facts, anchor)
        if fixed is None:
            raise ValueError("a limit that cannot be read was saved")
        base = as_moment(fixed)
    if match["length"]:
        length = duration(match["length"]) or Duration(0, datetime.min - datetime.min)
        base = shifted(base, length, 1 if match["sign"] == "+" else -1)
    return base.astimezone(UTC)
