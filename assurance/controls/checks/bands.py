"""The check `confidence_band`: a score is too low, too uncertain, or high enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assurance.controls.checks.outcomes import Finding, Outcome, failed, operand, passed
from assurance.controls.checks.parameters import field_parameter
from assurance.controls.checks.reading import decimal_of, need_number, plain, spoken
from assurance.controls.checks.registry import Check, register
from assurance.controls.conditions import Problem
from assurance.controls.fields import Catalogue


@register
class ConfidenceBand(Check):
    """A score passes on the good side of one bound, fails beyond the other, else is inconclusive.

    With `good` = `high`: below `fail_at` fails, from `pass_at` on passes. With `good` = `low` (a
    risk score): above `fail_at` fails, up to `pass_at` passes.
    """

    name = "confidence_band"
    title = "Score in its band"
    description = "A score is good enough, too bad, or in the uncertain band between."
    params_schema = {
        "type": "object",
        "properties": {
            "field": field_parameter("The score.", "number", default="signals.confidence"),
            "fail_at": {
                "type": "number",
                "title": "Fails beyond",
                "description": "Below this (above, where low is good) the check fails.",
                "default": 0.5,
            },
            "pass_at": {
                "type": "number",
                "title": "Passes from",
                "description": "From this on (down to, where low is good) the check passes.",
                "default": 0.8,
            },
            "good": {
                "type": "string",
                "title": "What is good",
                "description": "`high` for a confidence, `low` for a risk.",
                "enum": ["high", "low"],
                "default": "high",
            },
        },
        "additionalProperties": False,
    }

    def more_problems(self, params: dict[str, Any], catalogue: Catalogue) -> list[Problem]:
        fail_at, pass_at, good = params["fail_at"], params["pass_at"], params["good"]
        if (fail_at > pass_at) if good == "high" else (fail_at < pass_at):
            side = "at or above" if good == "high" else "at or below"
            message = f"`pass_at` {pass_at} must be {side} `fail_at` {fail_at}."
            return [Problem("/pass_at", "empty_range", message)]
        return []

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        path = params["field"]
        value = need_number(facts, path)
        fail_at, pass_at = decimal_of(params["fail_at"]), decimal_of(params["pass_at"])
        if fail_at is None or pass_at is None:
            raise ValueError("a bound that is no number was saved")
        high = params["good"] == "high"
        score = float(value)
        if value >= pass_at if high else value <= pass_at:
            return passed(f"`{path}` {spoken(value)} is good enough.", score=score)
        if value < fail_at if high else value > fail_at:
            word, op = ("below", ">=") if high else ("above", "<=")
            message = f"`{path}` {spoken(value)} is {word} {spoken(fail_at)}."
            operands = [operand(path, plain(value), op, plain(fail_at))]
            return failed(message, "beyond_band", [Finding(path, message)], operands, score=score)
        message = f"`{path}` {spoken(value)} is between {spoken(fail_at)} and {spoken(pass_at)}."
        op = ">=" if high else "<="
        return Outcome(
            "inconclusive",
            message,
            (Finding(path, message),),
            "in_band",
            score,
            (operand(path, plain(value), op, plain(pass_at)),),
        )
