"""What verifiers outside said of stored cases, found again for judging them anew.

An answer counts for exactly the question that was put, whatever control put it, in effect or in
shadow. Nobody is asked again: where nobody was asked then, there is no answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from assurance.controls.checks.external_verifier import IN_BACKGROUND
from assurance.controls.models import CheckRun
from assurance.record.canonical import sha256_of

Answer = Mapping[str, Any]
# The output that was asked about, and what was answered.
Background = Sequence[tuple[str, Answer]]

# Reason codes of what was never asked, or not before the case was judged.
UNASKED = frozenset(
    [IN_BACKGROUND, "awaited", "superseded", "dry_run", "not_asked", "no_time_to_wait"]
)
SUPERSEDED = "superseded"


def background_of(cases: Collection[UUID], *, until: datetime) -> dict[UUID, Background]:
    """What came by then, after these cases had been judged: of controls in shadow, mostly."""
    found: dict[UUID, list[tuple[str, Answer]]] = {}
    runs = CheckRun.objects.filter(
        case_id__in=list(cases),
        status=CheckRun.Status.CLOSED,
        answer__isnull=False,
        answered_at__lte=until,
    ).order_by("asked_at", "id")
    for case, output, answer in runs.values_list("case_id", "output_sha256", "answer"):
        if answer is not None and answer["reason_code"] not in UNASKED:
            found.setdefault(case, []).append((output, answer))
    return dict(found)


def recorded_for(facts: Mapping[str, Any], key: str, asked: str) -> Answer | None:
    """What lies in the facts under a control's key, if it was this very question."""
    answer = facts.get("external", {}).get(key)
    return answer if answer is not None and answer["check_sha256"] == asked else None


def answered(facts: Mapping[str, Any], asked: str, background: Background) -> Answer | None:
    """What a verifier said, or failed to say, when it was asked this about this output."""
    for answer in facts.get("external", {}).values():
        if answer["check_sha256"] == asked and answer["reason_code"] not in UNASKED:
            return answer
    if not any(answer["check_sha256"] == asked for _, answer in background):
        return None
    output = sha256_of(facts.get("output"))
    return next(
        (one for of, one in background if of == output and one["check_sha256"] == asked), None
    )


def unknown(asked: str) -> Answer:
    """Stands for the answer that a control without effect does not have."""
    return {
        "check_sha256": asked,
        "outcome": "not_run",
        "reason_code": IN_BACKGROUND,
        "message": "",
        "findings": [],
    }
