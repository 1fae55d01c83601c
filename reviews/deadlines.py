"""Due times. Until calendars exist an overdue case is recorded and told once; nothing expires.
Where cases keep waiting their owner is alarmed again each day until somebody decides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Min

from assurance.controls.choices import SafeOutcome
from assurance.delivery import outbox
from assurance.delivery.alerts import is_due_again, raise_alert
from assurance.record.actors import Actor
from assurance.record.ledger import Stream, record
from reviews.answers import case_answer, moment
from reviews.models import Case

BATCH = 500
SWEEP = Actor.system("deadlines")
ALERT = "case_overdue"


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
            ALERT,
            f"Cases of {case.workflow.name} wait longer than they may, {case.reference} among "
            "them. They keep waiting until a person decides.",
            workflow=case.workflow.slug,
            at=at,
        )
    return True


def alarm_again(at: datetime) -> int:
    """Alarm the owners of workflows whose overdue cases still wait, a day after they were last
    told, whether or not they closed the alert. Returns how many workflows."""
    kept = Case.objects.overdue().filter(workflow__safe_outcome=SafeOutcome.KEEP_WAITING)
    found = kept.order_by().values("workflow__slug", "workflow__name")
    late = found.annotate(cases=Count("pk"), since=Min("due_at"))
    return sum(_alarm_again(one, at) for one in late)


def _alarm_again(late: Mapping[str, Any], at: datetime) -> bool:
    slug, name, cases = late["workflow__slug"], late["workflow__name"], late["cases"]
    if not is_due_again(ALERT, workflow=slug, at=at):
        return False
    wait = f"{cases} cases of {name} wait" if cases > 1 else f"A case of {name} waits"
    raise_alert(
        ALERT,
        f"{wait} longer than allowed, since {late['since']:%-d %B %H:%M} UTC. "
        "Nothing happens until a person decides.",
        workflow=slug,
        at=at,
        data={"cases": cases, "since": moment(late["since"])},
    )
    return True
