"""The checks `allow_list` and `deny_list`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assurance.controls.checks.outcomes import Finding, Outcome, failed, operand, passed
from assurance.controls.checks.parameters import (
    field_parameter,
    switch_parameter,
    values_parameter,
)
from assurance.controls.checks.reading import need, wrong_type
from assurance.controls.checks.registry import Check, nearest, register

_SHOWN = 5


def _schema(title: str, description: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "field": field_parameter(
                "The value that is looked up; of a list, every item.",
                *("string", "number", "boolean", "date", "date-time", "list"),
            ),
            "values": values_parameter(title, description),
            "ignore_case": switch_parameter(
                "Ignore case", "Whether capital and small letters count as the same.", default=False
            ),
        },
        "required": ["field", "values"],
        "additionalProperties": False,
    }


def _identity(value: Any, *, ignore_case: bool) -> tuple[str, Any]:
    """Equal for equal values: 1 and 1.0 are the same, 1 and true are not."""
    if isinstance(value, bool):
        return "boolean", value
    if isinstance(value, str):
        return "text", value.casefold() if ignore_case else value
    return "number", value


def _items(facts: Mapping[str, Any], path: str) -> list[tuple[str, Any]]:
    value = need(facts, path)
    held = [(f"{path}.{i}", one) for i, one in enumerate(value)] if isinstance(value, list) else []
    items = held if isinstance(value, list) else [(path, value)]
    for here, one in items:
        if one is None or isinstance(one, dict | list):
            raise wrong_type(here, one, "a single value")
    return items


@register
class AllowList(Check):
    """The value, or each item of a list, is one of the allowed values."""

    name = "allow_list"
    title = "On the list of allowed values"
    description = "A value, or every item of a list, is one of the allowed values."
    params_schema = _schema("Allowed values", "Everything else fails.")

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        case = params["ignore_case"]
        allowed = {_identity(one, ignore_case=case) for one in params["values"]}
        path = params["field"]
        strange = [
            (here, one)
            for here, one in _items(facts, path)
            if _identity(one, ignore_case=case) not in allowed
        ]
        if not strange:
            return passed(f"`{path}` is on the list.")
        shown = params["values"][:_SHOWN]
        hint = nearest(str(strange[0][1]), [str(one) for one in params["values"]])
        more = f" The nearest is “{hint}”." if hint else ""
        findings = [
            Finding(here, f"`{here}` “{str(one)[:80]}” is not on the list of allowed values.")
            for here, one in strange
        ]
        operands = [operand(here, one, "in", shown) for here, one in strange]
        return failed(findings[0].message + more, "not_allowed", findings, operands)


@register
class DenyList(Check):
    """The value, and no item of a list, is one of the refused values."""

    name = "deny_list"
    title = "Not on the list of refused values"
    description = "A value, and every item of a list, is none of the refused values."
    params_schema = _schema("Refused values", "Everything else passes.")

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        case = params["ignore_case"]
        denied = {_identity(one, ignore_case=case) for one in params["values"]}
        path = params["field"]
        hits = [
            (here, one)
            for here, one in _items(facts, path)
            if _identity(one, ignore_case=case) in denied
        ]
        if not hits:
            return passed(f"`{path}` is not on the list of refused values.")
        findings = [
            Finding(here, f"`{here}` “{str(one)[:80]}” is on the list of refused values.")
            for here, one in hits
        ]
        operands = [operand(here, one, "not_in", [one]) for here, one in hits]
        return failed(findings[0].message, "denied", findings, operands)
