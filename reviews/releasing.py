"""Release: what happens when the undo window of a decision is over. Here, and only here, a
decision moves its case and the world is told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from assurance.controls.choices import LabelSource, LabelValue
from assurance.controls.labels import record_label
from assurance.controls.locks import lock_workflow
from assurance.record.actors import Actor
from assurance.record.ledger import Stream, record
from reviews import in_flight, placing
from reviews.choices import FINAL, Outcome, State
from reviews.models import Case, Decision

BATCH = 100
SWEEP = Actor.system("release")


def release_due(at: datetime) -> int:
    """Release every decision whose window is over. Returns how many. Any number of sweeps may
    run at once: each takes rows that no other is taking."""
    released = 0
    due = Decision.objects.releasable(at).order_by("release_at").select_related("case__workflow")
    for pk, case_id, workflow in [(d.pk, d.case_id, d.case.workflow) for d in due[:BATCH]]:
        with transaction.atomic():
            # A pause waits for what is leaving, and nothing leaves once it is there.
            lock_workflow(workflow, shared=True)
            if not Case.objects.lock(case_id, skip_locked=True):
                continue
            decision = Decision.objects.releasable(at).filter(pk=pk).first()
            if decision is None:
                continue
            decision.case = Case.objects.for_list().get(pk=case_id)
            release(decision, at=at)
            released += decision.released_at is not None
    return released


def release(decision: Decision, *, at: datetime) -> Case:
    """Let one decision leave, unless the set that is live now blocks it. The case must be locked by
    the caller's transaction."""
    case = decision.case
    if in_flight.held_at_release(decision, at=at):
        return case
    decision.released_at = at
    decision.save(update_fields=["released_at"])
    case.pending = None
    if decision.outcome in FINAL:
        _close(case, decision, at=at)
    elif decision.outcome == Outcome.ESCALATE:
        _escalate(case, decision, at=at)
    else:
        _return(case, decision, at=at)
    case.save()
    placing.tell(case, at=at)
    return case


def _close(case: Case, decision: Decision, *, at: datetime) -> None:
    placing.close(case, FINAL[Outcome(decision.outcome)], at=at)
    _record(
        case,
        "case.closed",
        {
            "end": case.end,
            "decision": decision.pk,
            "output_sha256": decision.output_sha256,
            "supersedes": decision.supersedes_id,
        },
        at=at,
    )
    approved = decision.outcome == Outcome.APPROVE
    record_label(
        case_id=case.id,
        workflow=case.workflow,
        value=LabelValue.CORRECT if approved else LabelValue.INCORRECT,
        source=LabelSource.DECISION,
        at=at,
    )


def _escalate(case: Case, decision: Decision, *, at: datetime) -> None:
    assert decision.to_queue is not None  # an escalation names its queue
    origin = case.queue.slug if case.queue else None
    placing.enqueue(case, decision.to_queue, priority=case.priority, at=at)
    _record(
        case,
        "case.routed",
        placing.routed_entry(case) | {"from": origin, "decision": decision.pk},
        at=at,
    )


def _return(case: Case, decision: Decision, *, at: datetime) -> None:
    case.state, case.returns = State.RETURNED, case.returns + 1
    case.instructions = decision.rationale
    case.queue = case.due_at = case.rank_at = None
    _record(
        case,
        "case.returned",
        {"instructions": case.instructions, "by": "person", "decision": decision.pk},
        at=at,
    )


def _record(case: Case, type: str, payload: dict[str, Any], *, at: datetime) -> None:
    record(Stream.case(case.id), type, payload, actor=SWEEP, at=at, workflow=case.workflow.slug)
