"""Questions to external verifiers as rows: made, queued, closed with an answer, and read again.

What was answered before is what a case is judged by later: when it is resumed, judged anew, or
replayed. Asking itself is `verifier_asking`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from assurance.controls import breaker
from assurance.controls.checks.external_verifier import IN_BACKGROUND, check_sha256
from assurance.controls.checks.registry import CHECKS
from assurance.controls.durations import parse_duration
from assurance.controls.models import CheckRun, Workflow
from assurance.controls.verifier_replies import SENTENCES, Bound, unanswered
from assurance.identifiers import uuid7
from assurance.record.canonical import sha256_of

# How long a question from the background may take in all, where its control does not say.
BACKGROUND_WITHIN = timedelta(minutes=5)
Control = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """What verifiers said of one output before it is judged, by the control's key.

    `why` is the reason code of whatever has no answer; `awaited` are the open runs.
    """

    case_id: UUID | None = None
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    awaited: dict[str, CheckRun] = field(default_factory=dict)
    why: str = "awaited"


@dataclass(frozen=True)
class Subject:
    """The output that is asked about."""

    case_id: UUID
    revision: int
    workflow: Workflow
    facts: Mapping[str, Any]

    @property
    def output_sha256(self) -> str:
        return sha256_of(self.facts.get("output"))


DRY = Asked(why="dry_run")


def new_run(
    control: Control,
    version: int,
    subject: Subject,
    *,
    status: str,
    at: datetime,
    within: timedelta | None,
) -> CheckRun:
    """A question, not saved yet. `within` is how long its answer counts."""
    return CheckRun(
        id=uuid7(at),
        case_id=subject.case_id,
        revision=subject.revision,
        workflow=subject.workflow,
        control_key=control["key"],
        control_version=version,
        check_sha256=check_sha256(control),
        mode=control["mode"],
        output_sha256=subject.output_sha256,
        status=status,
        asked_at=at,
        deadline=at + (within or timedelta(seconds=10)),
    )


def queue(
    controls: Iterable[tuple[Control, int]], subject: Subject, *, at: datetime
) -> dict[str, CheckRun]:
    """Keep questions for a worker to ask soon, in the caller's transaction."""
    runs = {
        control["key"]: new_run(
            control, version, subject, status=CheckRun.Status.QUEUED, at=at,
            within=within(control) or BACKGROUND_WITHIN,
        )
        for control, version in controls
    }  # fmt: skip
    CheckRun.objects.bulk_create(runs.values())
    return runs


def close(run: CheckRun, answer: dict[str, Any], *, at: datetime) -> dict[str, Any]:
    """End a question with this answer, and let the breaker hear how its verifier did."""
    run.status, run.taken_until = CheckRun.Status.CLOSED, None
    run.outcome, run.reason_code = answer["outcome"], answer["reason_code"]
    run.answer, run.answered_at = answer, at
    run.verifier_name = answer["verifier"]["name"]
    run.verifier_version = answer["verifier"]["version"]
    run.save()
    if run.verifier is not None:
        if is_answer(answer):
            breaker.note_success(run.verifier, at=at)
        elif answer["outcome"] != "not_run":
            said = f"it {SENTENCES[answer['reason_code']]}."
            breaker.note_failure(
                run.verifier,
                error=f"{said[0].upper()}{said[1:]} {run.error}".strip(),
                workflow=run.workflow.slug,
                at=at,
            )
    return answer


def close_over(run: CheckRun, *, at: datetime) -> dict[str, Any]:
    """End a question whose time is over: the announced answer did not come, or nobody asked."""
    if run.status == CheckRun.Status.AWAITING:
        return close(run, unanswered(bound_of(run), "timeout", "no_answer"), at=at)
    return close(run, unanswered(bound_of(run), "not_run", "not_asked"), at=at)


def keep_late(run: CheckRun, answer: dict[str, Any] | None, *, at: datetime) -> None:
    """Keep what came after the deadline, the first of it. It changes nothing."""
    if answer is not None and run.late_at is None:
        run.late_answer, run.late_at = answer, at
        run.save(update_fields=["late_answer", "late_at"])


def is_answer(answer: Mapping[str, Any]) -> bool:
    """Whether a verifier said this, in words that count."""
    return bool(answer["verifier"]["name"])


def runs_of(case_id: UUID, output_sha256: str) -> QuerySet[CheckRun]:
    """The questions about this output of a case, the newest last."""
    runs = CheckRun.objects.filter(case_id=case_id, output_sha256=output_sha256)
    return runs.select_related("verifier", "workflow").order_by("asked_at", "id")


def recorded(case_id: UUID, output_sha256: str) -> Asked:
    """What verifiers said of this output so far, and what is still open."""
    asked = Asked(case_id, why="not_asked")
    for run in runs_of(case_id, output_sha256):
        if run.is_open:
            asked.awaited[run.control_key] = run
        elif run.answer is not None:
            asked.answers[run.control_key] = run.answer
    return asked


def with_background(
    results: Iterable[dict[str, Any]], case_id: UUID, output_sha256: str
) -> list[dict[str, Any]]:
    """Stored results with what verifiers of controls without effect have answered since."""
    shown = list(results)
    if not any(one.get("reason_code") == IN_BACKGROUND for one in shown):
        return shown
    closed = runs_of(case_id, output_sha256).filter(
        status=CheckRun.Status.CLOSED, answer__isnull=False
    )
    answers: dict[str, Any] = {run.control_key: run.answer for run in closed}
    return [
        {
            **one,
            **{name: answers[one["key"]][name] for name in
               ("outcome", "message", "findings", "reason_code", "score")},
        }
        if one.get("reason_code") == IN_BACKGROUND and one["key"] in answers
        else one
        for one in shown
    ]  # fmt: skip


def bound_of(run: CheckRun, control: Control | None = None) -> Bound:
    """What a reply to this question must name."""
    known = run.verifier.name if run.verifier else ""
    name = known or (named(control) if control else run.control_key)
    return Bound(str(run.id), run.output_sha256, run.check_sha256, name)


def params_of(control: Control) -> dict[str, Any]:
    return CHECKS[control["check"]["name"]].settled(control["check"]["params"])


def asked_of(control: Control) -> str:
    """The short name of the verifier that a control asks, empty where it names none."""
    slug = control["check"]["params"].get("verifier")
    return slug if isinstance(slug, str) else ""


def named(control: Control) -> str:
    return asked_of(control) or "(none)"


def within(control: Control) -> timedelta | None:
    said = params_of(control).get("answer_within")
    return parse_duration(said) if said else None


def token_sha256(token: str) -> str:
    return sha256(token.encode()).hexdigest()
