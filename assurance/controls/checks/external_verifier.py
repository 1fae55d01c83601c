"""The check `external_verifier`: a system outside judges the output.

It is asked before judging, and its answer lies in the facts under `external` and the control's
key; so judging stays pure and replay never calls anybody. What no answer is there for did not run.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from assurance.controls.checks.outcomes import MAX_FINDINGS, Finding, Outcome
from assurance.controls.checks.parameters import switch_parameter
from assurance.controls.checks.registry import Check, register
from assurance.controls.conditions import Problem
from assurance.controls.durations import DurationError, parse_duration
from assurance.controls.fields import Catalogue
from assurance.record.canonical import sha256_of

EXTERNAL = "external_verifier"
# The reason code of a control without effect, whose verifier is asked after the answer.
IN_BACKGROUND = "in_background"
LONGEST_WAIT = timedelta(days=7)


@register
class ExternalVerifier(Check):
    """Asks a verifier that somebody else runs, by a signed request over the network."""

    name = EXTERNAL
    title = "An external verifier"
    description = "A system outside Countermark judges the output; it is asked by signed request."
    params_schema = {
        "type": "object",
        "properties": {
            "verifier": {
                "type": "string",
                "title": "Verifier",
                "description": "Short name of the verifier, as it stands in the admin.",
                "minLength": 1,
                "maxLength": 60,
            },
            "timeout": {
                "type": "number",
                "title": "Timeout",
                "description": "Seconds that a submission waits; without it, as the verifier says.",
                "minimum": 0.1,
                "maximum": 10,
            },
            "answer_within": {
                "type": "string",
                "title": "Answer within",
                "description": "It may answer later, such as PT15M; the case waits as verifying. "
                "Without it a later answer is no answer.",
                "maxLength": 20,
            },
            "context": {
                "type": "array",
                "title": "Fields it may see",
                "description": "Sent beside the output. Nothing else of the case is.",
                "items": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 200,
                    "x-field": ["whole", "any"],
                },
                "maxItems": 50,
                "uniqueItems": True,
                "default": [],
            },
            "evidence": switch_parameter(
                "Send the evidence", "Whether it sees the sources of the case.", default=False
            ),
        },
        "required": ["verifier"],
        "additionalProperties": False,
    }

    def more_problems(self, params: dict[str, Any], catalogue: Catalogue) -> list[Problem]:
        within = params.get("answer_within")
        if within is None:
            return []
        try:
            length = parse_duration(within)
        except DurationError as error:
            return [Problem("/answer_within", "wrong_parameter", str(error))]
        if length > LONGEST_WAIT:
            message = "A case waits for a verifier for 7 days at most. Write P7D or less."
            return [Problem("/answer_within", "wrong_parameter", message)]
        return []

    def run(self, params: dict[str, Any], facts: Mapping[str, Any], gathered: Any) -> Outcome:
        if not isinstance(gathered, Mapping):
            return Outcome("not_run", "The verifier was not asked.", reason_code="not_asked")
        return Outcome(
            gathered["outcome"],
            gathered["message"],
            tuple(_finding(one) for one in gathered["findings"][:MAX_FINDINGS]),
            gathered["reason_code"],
            gathered.get("score"),
            suggested_value=gathered.get("suggested_value"),
        )


def _finding(one: Mapping[str, Any]) -> Finding:
    return Finding(
        one["path"],
        one["message"],
        one.get("start"),
        one.get("end"),
        suggested_value=one.get("suggested_value"),
    )


def is_external(control: Mapping[str, Any]) -> bool:
    """Whether this control asks an external verifier."""
    return bool(control["check"]) and control["check"]["name"] == EXTERNAL


def check_sha256(control: Mapping[str, Any]) -> str:
    """What was asked: verifier, what it may see, how long it has. An answer counts for exactly
    this, whatever else of the control changed meanwhile."""
    return sha256_of(control["check"])


def answer_in(facts: Mapping[str, Any], control: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The answer that lies in the facts for this control, None where another thing was asked."""
    answer = facts.get("external", {}).get(control["key"])
    if answer is None or answer["check_sha256"] != check_sha256(control):
        return None
    return answer
