"""A corrected output is judged again whole, by the same function as every other output.

It is refused when a check stands against it, or when the result needs more than this queue can
give. Voices that only say "let a person see it" are satisfied: a person has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assurance.controls.check_runs import Asked
from assurance.controls.checks.schemas import schema_findings
from assurance.controls.choices import ROUTED, Disposition
from assurance.controls.judgement import ControlResult, Judgement
from assurance.controls.models import Assessment
from assurance.errors import DomainError
from reviews import intake
from reviews.choices import QueueKind
from reviews.models import Case
from reviews.placing import assessment_of

# Satisfied by the very act of a person deciding (a pause still holds the release).
SATISFIED_VOICES = ("paused", "stage", "caller", "ungoverned")


@dataclass(frozen=True)
class Correction:
    """A corrected output that passed, with the judgement that let it."""

    output: Any
    assessment: Assessment


def judge_correction(
    case: Case,
    output: Any,
    *,
    arithmetic: Sequence[Mapping[str, str]],
    at: datetime,
    asked: Asked | None = None,
) -> Correction:
    """Judge the corrected output of a locked case. Raises 422 with findings where it may not go.

    `asked` is what external verifiers said of it; one that was not asked could not run.
    """
    last = case.submissions.order_by("revision").last()
    assert last is not None  # written with the case
    require_schema(case, output)
    judged = intake.judge(
        last.body | {"output": output},
        case.workflow,
        at=at,
        returns=case.returns,
        arithmetic=arithmetic,
        case_id=case.id,
        asked=asked or Asked(why="not_asked"),
    )
    if objections := list(objections_to(judged.judgement, case)):
        raise DomainError(
            "correction_refused",
            f"The corrected output does not pass: {objections[0]['message']} Mend it, tie the "
            "figure to its sources, escalate or reject.",
            status=422,
            errors=objections,
        )
    assessment = assessment_of(case, judged, purpose=Assessment.Purpose.CORRECTION, at=at)
    assessment.save()
    return Correction(output, assessment)


def require_schema(case: Case, output: Any) -> None:
    schema = case.workflow.output_schema
    if schema is None:
        return
    strays = schema_findings(schema, output, "output")
    if strays:
        errors = [
            {
                "pointer": "/" + finding.path.replace(".", "/"),
                "code": "schema",
                "message": finding.message,
            }
            for finding in strays
        ]
        raise DomainError(
            "schema",
            f"The corrected output leaves the workflow's schema: {errors[0]['message']}",
            status=422,
            errors=errors,
        )


def objections_to(judgement: Judgement, case: Case):
    """Everything that stands against sending a corrected output from this queue."""
    here = _rank_here(case)
    for result in judgement.results:
        if not result.is_enforced or result.effect in (None, Disposition.CONTINUE):
            continue
        if result.is_verification:
            yield from _verification_objection(result)
        elif Disposition(result.effect).rank > here or result.effect not in ROUTED:
            yield _objection(result.key, result.message, result.operands)
    for voice in judgement.voices:
        if voice.key in SATISFIED_VOICES:
            continue
        if Disposition(voice.disposition).rank > here:
            yield _objection(voice.key, voice.message)


def _verification_objection(result: ControlResult):
    if not result.findings:
        yield _objection(result.key, result.message, result.operands)
    for finding in result.findings:
        yield {
            "pointer": "/" + str(finding["path"]).replace(".", "/"),
            "code": result.reason_code or result.outcome,
            "message": finding["message"],
            "control": result.key,
            "finding": finding,
        }


def _objection(key: str, message: str, operands: Sequence[Any] = ()) -> dict[str, Any]:
    return {
        "pointer": "/output",
        "code": "control",
        "message": message,
        "control": key,
        "operands": list(operands),
    }


def _rank_here(case: Case) -> int:
    """The highest disposition that this kind of queue settles."""
    if case.queue is None:
        return Disposition.REVIEW.rank
    kind = QueueKind(case.queue.kind)
    return ROUTED[min(kind.rank, len(ROUTED) - 1)].rank
