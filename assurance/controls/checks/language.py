"""The check `language`: a text is written in one of the allowed languages.

Recognised by script and small words (`tongues`), so it is right about letters of a few sentences
and says so where it is not sure: a short text, a list of names, or two close relatives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assurance.controls.checks.outcomes import (
    Finding,
    Outcome,
    failed,
    inconclusive,
    operand,
    passed,
)
from assurance.controls.checks.parameters import field_parameter
from assurance.controls.checks.reading import need, wrong_type
from assurance.controls.checks.registry import Check, register
from assurance.controls.checks.tongues import MIN_WORDS, NAMES, ONE_SCRIPT, SCRIPTS, Guess, guess


@register
class Language(Check):
    """A text is in one of the allowed languages, as far as script and small words tell."""

    name = "language"
    title = "Language of a text"
    description = "A text of a few sentences is written in one of the allowed languages."
    params_schema = {
        "type": "object",
        "properties": {
            "field": field_parameter("The text that is looked at.", "string"),
            "allowed": {
                "type": "array",
                "title": "Allowed languages",
                "description": f"Codes of languages: {', '.join(NAMES)}.",
                "items": {"type": "string", "enum": list(NAMES)},
                "minItems": 1,
                "maxItems": len(NAMES),
                "uniqueItems": True,
            },
        },
        "required": ["field", "allowed"],
        "additionalProperties": False,
    }

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        path, allowed = params["field"], params["allowed"]
        text = need(facts, path)
        if not isinstance(text, str):
            raise wrong_type(path, text, "text")
        found = guess(text)
        if _is_foreign_script(found, allowed):
            message = (
                f"`{path}` is written in {found.script.capitalize()} script, in which none of the"
                f" allowed languages is: {_names(allowed)}."
            )
            return _failed(path, message, "other_script", found.script.lower(), allowed)
        if found.words < MIN_WORDS:
            message = (
                f"`{path}` has {found.words} words; {MIN_WORDS} are needed to tell a language."
            )
            return inconclusive(message, "too_short")
        if found.scripts[found.script] < ONE_SCRIPT:
            return inconclusive(f"`{path}` mixes several scripts.", "mixed_scripts")
        if not found.plausible:
            return inconclusive(f"The language of `{path}` was not recognised.", "unrecognised")
        inside = [code for code in found.plausible if code in allowed]
        if len(inside) == len(found.plausible):
            return passed(f"`{path}` is in {NAMES[found.plausible[0]]}.")
        if inside:
            message = f"`{path}` may be in {_names(found.plausible)}; it is too close to tell."
            return inconclusive(message, "too_close")
        message = f"`{path}` seems to be in {_names(found.plausible)}; allowed: {_names(allowed)}."
        return _failed(path, message, "other_language", found.plausible[0], allowed)


def _is_foreign_script(found: Guess, allowed: list[str]) -> bool:
    """Whether nearly all of it is in scripts that no allowed language uses."""
    scripts = {SCRIPTS.get(code, "LATIN") for code in allowed}
    foreign = sum(share for script, share in found.scripts.items() if script not in scripts)
    return foreign >= ONE_SCRIPT


def _failed(path: str, message: str, code: str, was: str, allowed: list[str]) -> Outcome:
    return failed(message, code, [Finding(path, message)], [operand(path, was, "in", allowed)])


def _names(codes: Any) -> str:
    return " or ".join(NAMES[code] for code in codes)
