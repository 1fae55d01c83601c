"""Due times. Until calendars exist an overdue case is recorded and told once; nothing expires."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from assurance.controls.choices import SafeOutcome
from assurance.delivery import outbox
from assurance.delivery.alerts import raise_alert
from assurance.record.actors import Actor
from assurance.record.ledger import Stream, record
from reviews.answers import case_answer, moment
from reviews.models import Case

BATCH = 500
SWEEP = Actor.system("deadlines")


def record_overdue(at: datetime) -> int:
    """Record every case whose due time has passed, once each. Returns how many."""
    due = Case.objects.overdue_unrecorded(at).order_by("due_at").values_list("pk", flat=True)
    return sum(_record_one(pk, at) for pk in list(due[:BATCH]))


@transaction.atomic
def _record_one(pk, at: datetime) -> bool:
    if not Case.objects.lock(pk, skip_locked=True):
        return False
    case = Case.objects.overdue_unrecorded(at).for_list().filter(pk=pk).first()
    if case is None:
        return False
    case.overdue_at = at
    case.save(update_fields=["overdue_at"])
    stream = Stream.case(case.id)
    record(
        stream,
        "case.overdue",
        {"due_at": moment(case.due_at), "queue": case.queue.slug if case.queue else None},
        actor=SWEEP,
        at=at,
        workflow=case.workflow.slug,
    )
    outbox.promise(
        "case.overdue", case_answer(case, at=at), workflow=case.workflow.slug, stream=stream, at=at
    )
    if case.workflow.safe_outcome == SafeOutcome.KEEP_WAITING:
        raise_alert(
            "case_overdue",
            f"Cases of {case.workflow.name} wait longer than they may, {case.reference} among "
            "them. They keep waiting until a person decides.",
            workflow=case.workflow.slug,
            at=at,
        )
    return True
