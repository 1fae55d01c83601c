"""The checks `required_wording` and `banned_wording`.

Wordings are compared without regard to line breaks, kinds of quotes and dashes, full-width
letters and invisible characters; by default without regard to case, and as whole words. Letters
of other scripts that look alike are not seen through.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assurance.controls.checks.outcomes import (
    MAX_FINDINGS,
    Finding,
    Mark,
    Outcome,
    failed,
    inconclusive,
    more_places,
    operand,
    passed,
)
from assurance.controls.checks.parameters import (
    fields_parameter,
    phrases_parameter,
    switch_parameter,
)
from assurance.controls.checks.reading import Text, Unreadable, all_texts
from assurance.controls.checks.registry import Check, register
from assurance.controls.checks.writing import Plain, plain
from assurance.controls.conditions import Problem
from assurance.controls.fields import Catalogue

_SWITCHES = {
    "ignore_case": switch_parameter(
        "Ignore case", "Whether capital and small letters count as the same.", default=True
    ),
    "whole_words": switch_parameter(
        "Whole words", "Whether “sure” inside “insured” does not count.", default=True
    ),
}


class _Wording(Check):
    """What both checks share: reading the texts and finding a phrase in them."""

    def more_problems(self, params: dict[str, Any], catalogue: Catalogue) -> list[Problem]:
        return [
            Problem(f"/phrases/{i}", "empty_phrase", "This wording has no visible character.")
            for i, phrase in enumerate(params["phrases"])
            if not plain(phrase)
        ]

    def read(
        self, params: Mapping[str, Any], facts: Mapping[str, Any]
    ) -> tuple[list[tuple[Text, Plain]], list[Unreadable]]:
        texts, troubles = all_texts(facts, params["fields"])
        case = params["ignore_case"]
        return [(text, Plain(text.text, ignore_case=case)) for text in texts], troubles


def _found(
    texts: list[tuple[Text, Plain]], phrase: str, params: Mapping[str, Any], most: int
) -> list[tuple[Text, int, int]]:
    wanted = plain(phrase, ignore_case=params["ignore_case"])
    found: list[tuple[Text, int, int]] = []
    for text, held in texts:
        left = most - len(found)
        if left <= 0:
            break
        places = held.find_all(wanted, whole_words=params["whole_words"], most=left)
        found += [(text, start, end) for start, end in places]
    return found


@register
class RequiredWording(_Wording):
    """The text says what it must say."""

    name = "required_wording"
    title = "Required wording"
    description = "Each of the named wordings (or at least one of them) is in the text."
    params_schema = {
        "type": "object",
        "properties": {
            "phrases": phrases_parameter("Wordings", "What the text must say."),
            "fields": fields_parameter("Where the wording is looked for."),
            "match": {
                "type": "string",
                "title": "How many",
                "description": "`all`: each wording must be there; `any`: one is enough.",
                "enum": ["all", "any"],
                "default": "all",
            },
            **_SWITCHES,
        },
        "required": ["phrases"],
        "additionalProperties": False,
    }

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        texts, troubles = self.read(params, facts)
        if troubles:  # what is missing may be in the field that is missing
            return inconclusive(troubles[0].sentence, troubles[0].reason_code)
        marks: list[Mark] = []
        absent: list[str] = []
        for phrase in params["phrases"]:
            found = _found(texts, phrase, params, most=1)
            if not found:
                absent.append(phrase)
            for text, start, end in found:
                marks.append(Mark(text.path, start, end, "pass", None, "Required wording."))
        enough = not absent if params["match"] == "all" else len(absent) < len(params["phrases"])
        if enough:
            return passed("The required wording is there.", marks=tuple(marks))
        where = params["fields"][0]
        findings = [Finding(where, f"“{phrase}” is not in `{where}`.") for phrase in absent]
        if params["match"] == "any":
            message = f"None of {len(absent)} possible wordings is there. Add one of them."
        else:
            more = f", and {len(absent) - 1} more" if len(absent) > 1 else ""
            message = f"The required wording “{absent[0]}”{more} is missing. Add it."
        operands = [operand(where, None, "contains", phrase) for phrase in absent]
        return failed(message, "wording_missing", findings, operands, marks=tuple(marks))


@register
class BannedWording(_Wording):
    """The text says nothing that it must not say."""

    name = "banned_wording"
    title = "Banned wording"
    description = "None of the named wordings is in the text."
    params_schema = {
        "type": "object",
        "properties": {
            "phrases": phrases_parameter("Wordings", "What the text must not say."),
            "fields": fields_parameter("Where the wording is looked for."),
            **_SWITCHES,
        },
        "required": ["phrases"],
        "additionalProperties": False,
    }

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        texts, troubles = self.read(params, facts)
        findings: list[Finding] = []
        operands: list[dict[str, Any]] = []
        for phrase in params["phrases"]:
            found = _found(texts, phrase, params, most=MAX_FINDINGS - len(findings))
            for text, start, end in found:
                message = f"“{phrase}” must not be said here."
                findings.append(Finding(text.path, message, start, end))
            if found:
                operands.append(operand(found[0][0].path, found[0][0].text[found[0][1]:found[0][2]],
                                        "contains", phrase))  # fmt: skip
        if findings:
            findings.sort(key=lambda one: (one.path, one.start or 0))
            marks = tuple(Mark(f.path, f.start, f.end, "fail", None, f.message) for f in findings)
            first = operands[0]["other"]
            more = more_places(len(findings))
            message = f"The text says “{first}”, which is banned. Take it out.{more}"
            return failed(message, "wording_banned", findings, operands, marks=marks)
        if troubles:
            return inconclusive(troubles[0].sentence, troubles[0].reason_code)
        return passed("No banned wording was found.")
