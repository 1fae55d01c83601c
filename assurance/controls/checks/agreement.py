"""The check `agreement`: two outputs for one case say the same, a second model's or a rule's beside
the one that is to go out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from assurance.controls.checks.outcomes import (
    Finding,
    Outcome,
    failed,
    more_places,
    operand,
    passed,
)
from assurance.controls.checks.parameters import field_parameter, switch_parameter
from assurance.controls.checks.reading import (
    Unreadable,
    decimal_of,
    find,
    kind_of,
    missing,
    need,
    plain,
    spoken,
    wrong_type,
)
from assurance.controls.checks.registry import Check, field_problem, register
from assurance.controls.conditions import Problem
from assurance.controls.fields import Catalogue

_SHOWN = 80


def _tolerance(title: str, description: str) -> dict[str, Any]:
    return {
        "type": "number",
        "title": title,
        "description": description,
        "minimum": 0,
        "maximum": 1e15,
        "default": 0,
    }


@register
class Agreement(Check):
    """A field, with everything in it, equals another one; numbers within a tolerance."""

    name = "agreement"
    title = "Two outputs agree"
    description = "A field says the same as a second output for the same case."
    params_schema = {
        "type": "object",
        "properties": {
            "field": field_parameter("What is to go out.", "whole", "any", default="output"),
            "other": {
                "type": "string",
                "title": "The other output",
                "description": "A field such as context.second; with a source, a place inside it.",
                "maxLength": 200,
                "default": "",
            },
            "source": {
                "type": "string",
                "title": "In the source",
                "description": "Label of a JSON source that holds the other output.",
                "minLength": 1,
                "maxLength": 200,
            },
            "tolerance": _tolerance("Tolerance", "Numbers may differ by this much."),
            "percent": _tolerance("Tolerance in percent", "Or by this share of the other number."),
            "ignore_case": switch_parameter(
                "Ignore case and spaces",
                "Whether texts that differ only in capitals and white space agree.",
                default=False,
            ),
        },
        "additionalProperties": False,
    }

    def more_problems(self, params: dict[str, Any], catalogue: Catalogue) -> list[Problem]:
        if "source" in params:
            return []
        if not params["other"]:
            message = "Name the field of the other output, or the source that holds it."
            return [Problem("/other", "missing_parameter", message)]
        if params["other"] == params["field"]:
            message = "A field always agrees with itself. Name the field of the other output."
            return [Problem("/other", "same_field", message)]
        problem = field_problem("/other", params["other"], ["whole", "any"], catalogue)
        return [problem] if problem else []

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        path = params["field"]
        value = need(facts, path)
        place, other = _other(params, facts)
        allowed = Decimal(str(params["tolerance"])), Decimal(str(params["percent"])) / 100
        findings, operands = [], []
        for at, mine, its in _differences(value, other, path, allowed, params):
            here = path + at
            findings.append(Finding(here, f"`{here}` is {_said(mine)}; {_told(place, at, its)}."))
            one = operand(here, _short(mine), "==", _short(its))
            operands.append(one | {"other_field": place + at} if "source" not in params else one)
        if not findings:
            return passed(f"`{path}` agrees with {_named(place, '')}.")
        message = f"{findings[0].message}{more_places(len(findings))}"
        return failed(message, "disagrees", findings, operands)


def _other(params: Mapping[str, Any], facts: Mapping[str, Any]) -> tuple[str, Any]:
    """Where the other output stands, its field or the label of its source, and what it is."""
    label, path = params.get("source"), params["other"]
    if label is None:
        return path, need(facts, path)
    sources = [one for one in facts["evidence"] if one.get("label") == label]
    if not sources:
        raise Unreadable("evidence", f"The source “{label}” is missing.", "missing_field")
    if len(sources) > 1:
        raise Unreadable("evidence", f"There are several sources “{label}”.", "ambiguous")
    if sources[0].get("kind") != "json":
        raise Unreadable("evidence", f"The source “{label}” is no JSON.", "wrong_type")
    found = find({"it": sources[0].get("content")}, f"it.{path}" if path else "it")
    if found is None:
        raise missing(f"{label}: {path}" if path else label)
    return f"the source “{label}”", found


def _differences(
    value: Any, other: Any, path: str, allowed: tuple[Decimal, Decimal], params: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    """Every place where the two differ, from where they begin: `.amount`, `.lines.0`; and what
    stands there in each. Lists of different lengths differ as such."""
    # A stack of its own: intake bounds the depth, but a stored case from elsewhere may not be.
    waiting = [("", value, other)]
    while waiting:
        at, mine, its = waiting.pop()
        if isinstance(mine, Mapping) and isinstance(its, Mapping):
            keys = [*mine, *(key for key in its if key not in mine)]
            waiting += [(f"{at}.{key}", mine.get(key), its.get(key)) for key in reversed(keys)]
        elif isinstance(mine, list) and isinstance(its, list) and len(mine) == len(its):
            pairs = list(enumerate(zip(mine, its, strict=True)))
            waiting += [(f"{at}.{index}", *pair) for index, pair in reversed(pairs)]
        elif not _same(path + at, mine, its, allowed, ignore_case=params["ignore_case"]):
            yield at, mine, its


def _same(
    here: str, mine: Any, its: Any, allowed: tuple[Decimal, Decimal], *, ignore_case: bool
) -> bool:
    if kind_of(mine) != kind_of(its) or isinstance(mine, Mapping | list):
        return False
    if isinstance(mine, str):
        return _plain(mine) == _plain(its) if ignore_case else mine == its
    if isinstance(mine, bool) or mine is None:
        return mine == its
    left, right = decimal_of(mine), decimal_of(its)
    if left is None or right is None:
        raise wrong_type(here, mine if left is None else its, "a number of usable size")
    absolute, share = allowed
    return abs(left - right) <= max(absolute, share * abs(right))


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _said(value: Any) -> str:
    """A value of the output in a sentence."""
    number = decimal_of(value)
    if number is not None:
        return spoken(number)
    if isinstance(value, str):
        return f"“{value if len(value) <= _SHOWN else value[: _SHOWN - 1] + '…'}”"
    if isinstance(value, list):
        return f"a list of {len(value):,}"
    return str(value).lower() if isinstance(value, bool) else kind_of(value)


def _told(place: str, at: str, its: Any) -> str:
    """What the other says there. Its value stands in the operands only, where it can be covered."""
    return f"{_named(place, at)} {'has none' if its is None else 'says otherwise'}"


def _named(place: str, at: str) -> str:
    return place if place.startswith("the source") else f"`{place}{at}`"


def _short(value: Any) -> Any:
    """A value as an operand may hold it."""
    number = decimal_of(value)
    if number is not None:
        return plain(number)
    if isinstance(value, str):
        return value[:_SHOWN]
    return value if isinstance(value, bool) or value is None else kind_of(value)
