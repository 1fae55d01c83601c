"""The check `length`: a text is neither too short nor too long."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from assurance.controls.checks.outcomes import Finding, Outcome, failed, operand, passed
from assurance.controls.checks.parameters import field_parameter
from assurance.controls.checks.reading import need, wrong_type
from assurance.controls.checks.registry import Check, register
from assurance.controls.conditions import Problem
from assurance.controls.fields import Catalogue

_WORD = re.compile(r"[^\W_]+(?:['\u2019.,-][^\W_]+)*")
# A full stop inside a number or an address ends nothing; abbreviations with a space do.
# Runs are taken whole and from their first character, so that a million dots are read once.
_STOPS = r".!?\u2026\u3002\uff01\uff1f"
_SENTENCE_END = re.compile(
    rf"(?<![{_STOPS}])(?>[{_STOPS}]+[\"'\u201d\u2019)»\]]*)(?=\s|$)|\n[ \t]*\n"
)


def characters(text: str) -> int:
    """Unicode code points, without white space at the ends."""
    return len(text.strip())


def words(text: str) -> int:
    """Runs of letters and digits; `don't`, `4,820.00` and `well-known` are one word each."""
    return sum(1 for _ in _WORD.finditer(text))


def sentences(text: str) -> int:
    """Stretches with a word in them that end in . ! ? … or a blank line; an estimate."""
    return sum(1 for piece in _SENTENCE_END.split(text) if _WORD.search(piece))


_COUNT = {"characters": characters, "words": words, "sentences": sentences}


@register
class Length(Check):
    """A text has at least and at most so many characters, words or sentences."""

    name = "length"
    title = "Length of a text"
    description = "A text has at least and at most so many characters, words or sentences."
    params_schema = {
        "type": "object",
        "properties": {
            "field": field_parameter("The text that is measured.", "string"),
            "unit": {
                "type": "string",
                "title": "Counted in",
                "description": "What is counted.",
                "enum": list(_COUNT),
                "default": "words",
            },
            "minimum": {
                "type": "integer",
                "title": "At least",
                "description": "The least allowed length.",
                "minimum": 0,
            },
            "maximum": {
                "type": "integer",
                "title": "At most",
                "description": "The greatest allowed length.",
                "minimum": 0,
            },
        },
        "required": ["field"],
        "additionalProperties": False,
    }

    def more_problems(self, params: dict[str, Any], catalogue: Catalogue) -> list[Problem]:
        least, greatest = params.get("minimum"), params.get("maximum")
        if least is None and greatest is None:
            message = "Give a minimum, a maximum, or both."
            return [Problem("/maximum", "missing_parameter", message)]
        if least is not None and greatest is not None and least > greatest:
            message = f"The maximum {greatest} is below the minimum {least}: nothing would pass."
            return [Problem("/maximum", "empty_range", message)]
        return []

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        path, unit = params["field"], params["unit"]
        text = need(facts, path)
        if not isinstance(text, str):
            raise wrong_type(path, text, "text")
        count = _COUNT[unit](text)
        score = float(count)
        for name, op, too, code in (
            ("maximum", "<=", "at most", "too_long"),
            ("minimum", ">=", "at least", "too_short"),
        ):
            limit = params.get(name)
            beyond = limit is not None and (count > limit if op == "<=" else count < limit)
            if beyond:
                message = f"`{path}` has {count:,} {unit}; {too} {limit:,} are allowed."
                operands = [operand(path, count, op, limit)]
                return failed(message, code, [Finding(path, message)], operands, score=score)
        return passed(f"`{path}` has {count:,} {unit}.", score=score)
