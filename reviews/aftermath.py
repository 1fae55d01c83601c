"""What the caller tells us after the answer: what it did, what came of it, that it no longer
needs one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from assurance.controls.choices import LabelSource
from assurance.controls.labels import record_label
from assurance.controls.models import ExecutedReport, Label, Workflow
from assurance.delivery.alerts import raise_alert
from assurance.errors import DomainError, invalid
from assurance.patience import patient
from assurance.record.actors import Actor
from assurance.record.ledger import Stream, record
from reviews import claims, placing
from reviews.answers import moment, released_decision
from reviews.choices import End, State
from reviews.models import Case, ExecutionReport

if TYPE_CHECKING:
    from collections.abc import Sequence

PROBLEMS = {
    "not_allowed": "did {case} although it had no go-ahead",
    "other_output": "did {case} with an output that nobody allowed",
    "too_late": "did {case} after its go-ahead had run out",
}


@patient
@transaction.atomic
def withdraw(case: Case, *, actor: Actor, at: datetime) -> Case:
    """No answer is needed any more. A decision still in its undo window is withdrawn with it."""
    case = claims.locked(case)
    if case.state in (State.CLOSED, State.CONTINUED):
        raise DomainError(
            "case_closed",
            f"{case.reference} is final ({case.status(at).label.lower()}); "
            "there is nothing to withdraw.",
            end=case.end or None,
        )
    if case.pending is not None:
        pending, case.pending = case.pending, None
        pending.withdrawn_at, pending.is_current = at, False
        pending.save(update_fields=["withdrawn_at", "is_current"])
    placing.close(case, End.WITHDRAWN, at=at)
    case.save()
    _record(case, "case.closed", {"end": case.end}, actor=actor, at=at)
    placing.tell(case, at=at)
    return case


@patient
@transaction.atomic
def report_execution(
    case: Case,
    *,
    executed: bool,
    output_sha256: str,
    done_at: datetime,
    actor: Actor,
    at: datetime,
) -> ExecutionReport:
    """Keep what the caller did. What it was not allowed to do is kept as such, and alarms."""
    case = claims.locked(case)
    problem = _problem(case, output_sha256, done_at) if executed else ""
    report = ExecutionReport.objects.create(
        case=case,
        executed=executed,
        output_sha256=output_sha256,
        at=done_at,
        reported_at=at,
        problem=problem,
    )
    _record(
        case,
        "case.executed" if executed else "case.not_executed",
        {"output_sha256": output_sha256, "at": moment(done_at), "problem": problem or None},
        actor=actor,
        at=at,
    )
    if problem:
        what = PROBLEMS[problem].format(case=case.reference)
        raise_alert(
            f"execution_{problem}",
            f"The system behind {case.workflow.name} {what}.",
            workflow=case.workflow.slug,
            at=at,
            stream=Stream.case(case.id),
            data={"case": str(case.id), "output_sha256": output_sha256},
        )
    return report


def _problem(case: Case, output_sha256: str, done_at: datetime) -> str:
    if case.proceed is not True:
        return "not_allowed"
    decision = released_decision(case)
    allowed = decision.output_sha256 if decision else case.output_sha256
    if output_sha256 != allowed:
        return "other_output"
    if case.proceed_until is not None and done_at > case.proceed_until:
        return "too_late"
    return ""


@transaction.atomic
def report_outcome(case: Case, *, label: str, note: str, actor: Actor, at: datetime) -> Label:
    """Keep what came of a case in the world."""
    kept = record_label(
        case_id=case.id,
        workflow=case.workflow,
        value=label,
        source=LabelSource.OUTCOME,
        note=note,
        at=at,
    )
    _record(case, "case.outcome", {"label": label, "note": note}, actor=actor, at=at)
    return kept


@transaction.atomic
def report_executed(
    workflow: Workflow,
    *,
    start: datetime,
    end: datetime,
    count: int,
    external_ids: Sequence[str] | None,
    actor: Actor,
    at: datetime,
) -> ExecutedReport:
    """Keep all that a caller did in a period: the other side of coverage."""
    if end <= start:
        raise invalid("/to", "empty_period", "“to” must be later than “from”.")
    if end > at:
        raise invalid("/to", "in_the_future", "“to” lies ahead. Report what has been done.")
    if external_ids is not None and len(external_ids) != count:
        raise invalid(
            "/count",
            "count_differs",
            f"count is {count} but external_ids names {len(external_ids)}. Send both alike, or "
            "leave external_ids out.",
        )
    report = ExecutedReport.objects.create(
        workflow=workflow,
        start=start,
        end=end,
        count=count,
        external_ids=list(external_ids) if external_ids is not None else None,
        reported_by=actor.ref,
        at=at,
    )
    record(
        Stream.workflow(workflow.slug),
        "workflow.executed",
        {"from": moment(start), "to": moment(end), "count": count, "report": report.pk},
        actor=actor,
        at=at,
        workflow=workflow.slug,
    )
    return report


def _record(case: Case, type: str, payload: dict, *, actor: Actor, at: datetime) -> None:
    record(Stream.case(case.id), type, payload, actor=actor, at=at, workflow=case.workflow.slug)
