"""The checks `duplicate` and `contradiction`: this case beside earlier ones of the same subject.

`gather` fetches the earlier cases and stores the fields that are compared with the facts, so
that a replay sees what the live judgement saw.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from assurance.controls.checks.durations import duration, duration_problem
from assurance.controls.checks.outcomes import Finding, Outcome, failed, operand, passed
from assurance.controls.checks.parameters import field_parameter, window_parameter
from assurance.controls.checks.reading import decimal_of, find, need, plain, wrong_type
from assurance.controls.checks.registry import Check, register
from assurance.controls.conditions import Problem
from assurance.controls.fields import Catalogue

_MOST_SHOWN = 20


class _Earlier(Check):
    """What both checks share: whose earlier cases, how far back, and the gathering."""

    stateful = True

    @abstractmethod
    def compared(self, params: Mapping[str, Any]) -> list[str]:
        """The fields that are compared with those of earlier cases."""

    def more_problems(self, params: dict[str, Any], catalogue: Catalogue) -> list[Problem]:
        said = duration_problem(params["window"])
        return [Problem("/window", "wrong_duration", said)] if said else []

    def lock_key(self, params: Mapping[str, Any], facts: Mapping[str, Any]) -> str | None:
        path = self.settled(params)["subject_field"]
        subject = find(facts, path)
        return f"{path}={subject}" if _is_name(subject) else None

    def gather(
        self, params: Mapping[str, Any], facts: Mapping[str, Any], history: Any
    ) -> dict[str, Any]:
        settled = self.settled(params)
        path = settled["subject_field"]
        subject, length = find(facts, path), duration(settled["window"])
        if not _is_name(subject) or length is None:
            return {}
        names = self.compared(settled)
        return {"earlier": list(history.earlier(path, subject, length.as_span(), names))}

    def earlier(
        self, params: Mapping[str, Any], facts: Mapping[str, Any], gathered: Any
    ) -> list[Mapping[str, Any]] | None:
        """The gathered cases, or None where nobody gathered; raises where there is no subject."""
        path = params["subject_field"]
        subject = need(facts, path)
        if not _is_name(subject):
            raise wrong_type(path, subject, "text or a number")
        held = gathered.get("earlier") if isinstance(gathered, Mapping) else None
        if not isinstance(held, list) or not all(isinstance(one, Mapping) for one in held):
            return None
        return held


def _is_name(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""


def _same(left: Any, right: Any) -> bool:
    """Equality as JSON means it: 1 equals 1.0, true equals no number."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    a, b = decimal_of(left), decimal_of(right)
    if a is not None and b is not None:
        return a == b
    return bool(left == right)


def _not_gathered() -> Outcome:
    message = "The earlier cases were not fetched, so nothing can be compared."
    return Outcome("not_run", message, reason_code="not_gathered")


def _called(case: Mapping[str, Any]) -> str:
    """How an earlier case is named in a sentence."""
    name = str(case.get("reference") or case.get("case") or "an earlier case")[:60]
    at = str(case.get("at") or "")[:10]
    return f"{name} of {at}" if at else name


def _shown(value: Any) -> Any:
    number = decimal_of(value)
    return plain(number) if number is not None else value


_SUBJECT = field_parameter(
    "Whose earlier cases are looked at.", "string", "number", default="subject"
) | {"title": "Subject"}


def _same_fields(title: str, description: str) -> dict[str, Any]:
    return {
        "type": "array",
        "title": title,
        "description": description,
        "items": {"type": "string", "minLength": 1, "maxLength": 200, "x-field": ["any"]},
        "maxItems": 20,
        "uniqueItems": True,
    }


@register
class Duplicate(_Earlier):
    """No earlier case of the subject is the same in all the named fields."""

    name = "duplicate"
    title = "Not a duplicate"
    description = "No earlier case of the same subject within a window is the same."
    params_schema = {
        "type": "object",
        "properties": {
            "same": _same_fields("Same in", "Two cases that agree in all of these are the same.")
            | {"minItems": 1},
            "window": window_parameter("P30D"),
            "subject_field": _SUBJECT,
        },
        "required": ["same"],
        "additionalProperties": False,
    }

    def compared(self, params: Mapping[str, Any]) -> list[str]:
        return list(params["same"])

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        values = {path: need(facts, path) for path in params["same"]}
        earlier = self.earlier(params, facts, gathered)
        if earlier is None:
            return _not_gathered()
        twins = [
            case
            for case in earlier
            if all(_same(case.get(path), value) for path, value in values.items())
        ]
        if not twins:
            return passed(f"None of {len(earlier)} earlier cases is the same.")
        count = f" and {len(twins) - 1} more" if len(twins) > 1 else ""
        message = f"It is the same as {_called(twins[0])}{count}. Check that it is not done twice."
        findings = [Finding(path, f"`{path}` is the same there.") for path in values]
        operands = [
            operand(path, _shown(value), "!=", _shown(twins[0].get(path)))
            for path, value in values.items()
        ]
        return failed(message, "duplicate", findings, operands, score=float(len(twins)))


@register
class Contradiction(_Earlier):
    """No earlier comparable case of the subject came to another value."""

    name = "contradiction"
    title = "No contradiction to an earlier case"
    description = "Earlier comparable cases of the same subject came to the same value."
    params_schema = {
        "type": "object",
        "properties": {
            "field": field_parameter("The value that must not change."),
            "same": _same_fields(
                "Comparable when same in", "Only cases that agree in these are compared."
            )
            | {"default": []},
            "tolerance": {
                "type": "number",
                "title": "Tolerance",
                "description": "How far two numbers may differ.",
                "minimum": 0,
                "default": 0,
            },
            "window": window_parameter("P90D"),
            "subject_field": _SUBJECT,
        },
        "required": ["field"],
        "additionalProperties": False,
    }

    def compared(self, params: Mapping[str, Any]) -> list[str]:
        return list(dict.fromkeys([params["field"], *params["same"]]))

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        path = params["field"]
        value = need(facts, path)
        values = {name: need(facts, name) for name in params["same"]}
        earlier = self.earlier(params, facts, gathered)
        if earlier is None:
            return _not_gathered()
        comparable = [
            case
            for case in earlier
            if case.get(path) is not None
            and all(_same(case.get(name), one) for name, one in values.items())
        ]
        against = [
            case for case in comparable if not self._agree(value, case[path], params["tolerance"])
        ]
        if not against:
            return passed(f"It agrees with {len(comparable)} earlier comparable cases.")
        other = against[0][path]
        message = (
            f"`{path}` is {str(value)[:80]}, but {_called(against[0])} came to {str(other)[:80]}. "
            "Find out which one is right."
        )
        findings = [Finding(path, f"{_called(case)} differs.") for case in against[:_MOST_SHOWN]]
        operands = [operand(path, _shown(value), "==", _shown(other))]
        return failed(message, "contradiction", findings, operands, score=float(len(against)))

    def _agree(self, left: Any, right: Any, tolerance: Any) -> bool:
        a, b, most = decimal_of(left), decimal_of(right), decimal_of(tolerance)
        if a is not None and b is not None and most is not None:
            return abs(a - b) <= most
        return _same(left, right)
