"""The check `json_schema`, and the schema functions that the whole application uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assurance.controls.checks.outcomes import Outcome, failed, operand, passed
from assurance.controls.checks.reading import need
from assurance.controls.checks.registry import Check, register
from assurance.controls.checks.schemas import (
    could_not_judge,
    schema_findings,
    schema_problems,
)
from assurance.controls.conditions import Problem
from assurance.controls.fields import Catalogue

__all__ = ["FitsSchema", "schema_findings", "schema_problems"]


@register
class FitsSchema(Check):
    """The value in a field fits a JSON Schema."""

    name = "json_schema"
    title = "Fits a schema"
    description = "The output, or a part of it, has the form that a JSON Schema describes."
    params_schema = {
        "type": "object",
        "properties": {
            "schema": {
                "type": "object",
                "title": "JSON Schema",
                "description": "Draft 2020-12, without patterns and without outside references.",
            },
            "field": {
                "type": "string",
                "title": "Field",
                "description": "What must fit; `output` means the whole output.",
                "default": "output",
                "x-field": ["whole", "any"],
            },
        },
        "required": ["schema"],
        "additionalProperties": False,
    }

    def more_problems(self, params: dict[str, Any], catalogue: Catalogue) -> list[Problem]:
        return schema_problems(params["schema"], "/schema")

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        path = params["field"]
        findings = schema_findings(params["schema"], need(facts, path), path)
        if not findings:
            return passed(f"`{path}` fits the schema.")
        if could_not_judge(findings):
            return Outcome("error", findings[0].message, findings, "unjudgeable_schema")
        more = f" There are {len(findings) - 1} more faults." if len(findings) > 1 else ""
        operands = [operand(one.path, None, "fits", "schema") for one in findings]
        return failed(findings[0].message + more, "schema", findings, operands)
