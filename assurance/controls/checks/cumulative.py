"""The check `cumulative_limit`: what one subject gets in a window of time stays within a limit.

What went before is summed by `gather`, under a lock per subject (`lock_key`), so that two cases
of one subject that arrive together cannot both fit under the limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from assurance.controls.checks.durations import duration, duration_problem
from assurance.controls.checks.outcomes import Finding, Outcome, failed, operand, passed
from assurance.controls.checks.parameters import field_parameter, window_parameter
from assurance.controls.checks.reading import (
    decimal_of,
    find,
    need,
    need_number,
    plain,
    spoken,
    wrong_type,
)
from assurance.controls.checks.registry import Check, register
from assurance.controls.conditions import Problem
from assurance.controls.fields import Catalogue


@register
class CumulativeLimit(Check):
    """The sum over the earlier cases of a subject and this one is at most the limit."""

    name = "cumulative_limit"
    title = "Sum per subject within a limit"
    description = "What one subject gets within a window of time, this case included, has a limit."
    stateful = True
    params_schema = {
        "type": "object",
        "properties": {
            "field": field_parameter("The number that is summed.", "number"),
            "maximum": {
                "type": "number",
                "title": "At most",
                "description": "The greatest allowed sum.",
                "minimum": 0,
            },
            "window": window_parameter("P30D"),
            "subject_field": field_parameter(
                "Whose cases are summed.", "string", "number", default="subject"
            )
            | {"title": "Subject"},
        },
        "required": ["field", "maximum"],
        "additionalProperties": False,
    }

    def more_problems(self, params: dict[str, Any], catalogue: Catalogue) -> list[Problem]:
        said = duration_problem(params["window"])
        return [Problem("/window", "wrong_duration", said)] if said else []

    def lock_key(self, params: Mapping[str, Any], facts: Mapping[str, Any]) -> str | None:
        path = self.settled(params)["subject_field"]
        subject = _subject(find(facts, path))
        return None if subject is None else f"{path}={subject}"

    def gather(
        self, params: Mapping[str, Any], facts: Mapping[str, Any], history: Any
    ) -> dict[str, Any]:
        settled = self.settled(params)
        subject = find(facts, settled["subject_field"])
        length = duration(settled["window"])
        if _subject(subject) is None or length is None:
            return {}
        total = history.sum(settled["field"], settled["subject_field"], subject, length.as_span())
        return {"sum": format(Decimal(total), "f")}  # text: exact in every JSON

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        path, subject_path = params["field"], params["subject_field"]
        subject = need(facts, subject_path)
        if _subject(subject) is None:
            raise wrong_type(subject_path, subject, "text or a number")
        value = need_number(facts, path)
        before = _gathered_sum(gathered)
        if before is None:
            message = "The earlier cases were not summed, so the limit cannot be judged."
            return Outcome("not_run", message, reason_code="not_gathered")
        limit = decimal_of(params["maximum"])
        if limit is None:
            raise ValueError("a limit that is no number was saved")
        total = before + value
        said = f"`{path}` {spoken(value)} and {spoken(before)} before make {spoken(total)}"
        if total <= limit:
            message = f"{said}, within the limit of {spoken(limit)} in {params['window']}."
            return passed(message, score=float(total))
        message = f"{said}, more than {spoken(limit)} in {params['window']} for one subject."
        operands = [
            operand(path, plain(value), "+", plain(before)),
            operand(f"sum of {path}", plain(total), "<=", plain(limit)),
        ]
        findings = [Finding(path, message)]
        return failed(message, "above_maximum", findings, operands, score=float(total))


def _subject(value: Any) -> str | None:
    """A subject as the text that is locked, or None where the value names nobody."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value) or None


def _gathered_sum(gathered: Any) -> Decimal | None:
    held = gathered.get("sum") if isinstance(gathered, Mapping) else None
    try:
        total = Decimal(held) if isinstance(held, str) and len(held) <= 100 else decimal_of(held)
    except InvalidOperation:
        return None
    return total if total is not None and total.is_finite() else None
