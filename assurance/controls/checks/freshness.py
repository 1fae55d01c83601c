"""The check `freshness`: dated inputs are not too old, and not from the future."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from assurance.controls.checks.durations import duration, duration_problem
from assurance.controls.checks.outcomes import Finding, Outcome, failed, operand, passed
from assurance.controls.checks.reading import as_moment, clock_of, need_moment, span_words
from assurance.controls.checks.registry import Check, register
from assurance.controls.conditions import Problem
from assurance.controls.fields import Catalogue

LONGEST_DAYS = 36_525  # a hundred years: some inputs are certificates of birth


@register
class Freshness(Check):
    """Every named date lies at most so long before the moment of judging.

    A date without a time of day counts from its end, so that one of today is never too old; the
    end of today is not the future either.
    """

    name = "freshness"
    title = "Inputs are fresh"
    description = "Dated inputs are at most so old at the moment of judging."
    params_schema = {
        "type": "object",
        "properties": {
            "fields": {
                "type": "array",
                "title": "Dates",
                "description": "The fields that say of when the inputs are.",
                "items": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 200,
                    "x-field": ["date", "date-time", "string"],
                },
                "minItems": 1,
                "maxItems": 20,
                "uniqueItems": True,
            },
            "max_age": {
                "type": "string",
                "title": "At most so old",
                "description": "Such as PT24H, P30D or P1Y.",
                "maxLength": 20,
            },
            "future_tolerance": {
                "type": "string",
                "title": "Clocks may differ by",
                "description": "How far ahead a moment may lie before it counts as wrong.",
                "default": "PT5M",
                "maxLength": 20,
            },
        },
        "required": ["fields", "max_age"],
        "additionalProperties": False,
    }

    def more_problems(self, params: dict[str, Any], catalogue: Catalogue) -> list[Problem]:
        said = {
            name: duration_problem(params[name], longest_days=LONGEST_DAYS)
            for name in ("max_age", "future_tolerance")
        }
        return [Problem(f"/{name}", "wrong_duration", text) for name, text in said.items() if text]

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        clock = clock_of(facts)
        longest, ahead = _span(params["max_age"]), _span(params["future_tolerance"])
        findings: list[Finding] = []
        operands: list[dict[str, Any]] = []
        oldest = timedelta(0)
        codes: list[str] = []
        for path in params["fields"]:
            value = need_moment(facts, path)
            start = as_moment(value)
            end = start if isinstance(value, datetime) else _end_of_day(start)
            age = max(clock - end, timedelta(0))
            oldest = max(oldest, age)
            message = ""
            if start - clock > ahead:
                message = f"`{path}` {value.isoformat()} lies in the future."
                operands.append(operand(path, value.isoformat(), "<=", clock.isoformat()))
                codes.append("in_future")
            elif age > longest:
                message = f"`{path}` {value.isoformat()} is {span_words(age)} old, more than "
                message += f"{span_words(longest)}. Fetch it again."
                oldest_allowed = (clock - longest).isoformat()
                operands.append(operand(path, value.isoformat(), ">=", oldest_allowed))
                codes.append("too_old")
            if message:
                findings.append(Finding(path, message))
        days = round(oldest / timedelta(days=1), 4)
        if findings:
            return failed(findings[0].message, codes[0], findings, operands, score=days)
        return passed(f"Nothing is older than {span_words(longest)}.", score=days)


def _span(text: str) -> timedelta:
    length = duration(text)
    if length is None:
        raise ValueError("a length of time that cannot be read was saved")
    return length.as_span()


def _end_of_day(start: datetime) -> datetime:
    try:
        return start + timedelta(days=1)
    except OverflowError:
        return start
