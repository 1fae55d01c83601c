"""What the pause of a whole workflow means for its cases.

While it lasts, open cases keep their place and are worked; their due times stand still, which is
told by moving them when it ends. Then each held case is judged again under the live set, without
the voice that was lifted, and routed: what may continue is seen by a person once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q

from assurance.controls.choices import Disposition
from assurance.controls.locks import lock_workflow
from assurance.controls.models import Assessment, Workflow
from assurance.record.actors import Actor
from assurance.record.ledger import Stream, record_all
from reviews import intake, placing
from reviews.choices import State
from reviews.models import Case

# Judged again inside the act that resumes; more are a task's, slice by slice.
AT_ONCE = 25
SLICE = 100
RESUME = Actor.system("resume")


def follow_resume(workflow: Workflow, *, since: datetime, at: datetime) -> None:
    """Let the clocks go on and judge the first held cases again, in the transaction that resumes
    the workflow and under its lock; the sweep finds the rest."""
    move_due_times(workflow, since=since, at=at)
    held = list(Case.objects.held_by_pause(workflow).values_list("pk", flat=True)[:AT_ONCE])
    for pk in held:
        _judge_again(pk, at=at)


def move_due_times(workflow: Workflow, *, since: datetime, at: datetime) -> int:
    """Move what is due by the time that the clocks stood still. No case becomes open meanwhile:
    whatever is judged is held, and no decision moves a case on."""
    still = at - since
    return Case.objects.filter(workflow=workflow, state=State.OPEN).update(
        due_at=F("due_at") + still, rank_at=F("rank_at") + still
    )


def resume_held(at: datetime) -> int:
    """Judge again what a lifted pause still holds. Returns how many; any number of sweeps may run
    at once, and one that dies leaves the rest to the next."""
    waiting = Case.objects.held_by_lifted_pause().values_list("pk", "workflow_id")
    workflows = Workflow.objects.in_bulk({workflow for _, workflow in waiting[:SLICE]})
    done = 0
    for pk, workflow in list(waiting[:SLICE]):
        with transaction.atomic():
            lock_workflow(workflows[workflow], shared=True)
            if not Case.objects.held_by_lifted_pause().filter(pk=pk).exists():
                continue  # paused again, or done by another sweep
            done += _judge_again(pk, at=at)
    return done


def _judge_again(pk: Any, *, at: datetime) -> bool:
    """One case under the live set, routed. False where somebody else has it in hand."""
    if not Case.objects.lock(pk, skip_locked=True):
        return False
    case = Case.objects.for_list().get(pk=pk)
    if case.state != State.PAUSED:
        return False
    last = case.submissions.order_by("revision").last()
    assert last is not None  # written with the case
    judged = intake.judge(last.body, case.workflow, at=at, returns=case.returns, case_id=case.id)
    continues = judged.judgement.disposition == Disposition.CONTINUE
    placing.apply(
        case,
        judged,
        purpose=Assessment.Purpose.RESUME,
        at=at,
        disposition=Disposition.REVIEW if continues else None,
    )
    # It was held and is now a person's: no longer only observed.
    case.enforced = case.enforced or case.state == State.OPEN
    case.save()
    record_all(
        Stream.case(case.id),
        [
            ("case.resumed", {"reason": f"{case.workflow.name} was resumed."}),
            ("case.assessed", placing.assessed_entry(case)),
            *placing.placed_entries(case),
        ],
        actor=RESUME,
        at=at,
        workflow=case.workflow.slug,
    )
    placing.tell(case, at=at)
    return True


def counts(workflow: Workflow, at: datetime) -> Mapping[str, int]:
    """How many cases are in flight, by status."""
    cases = Case.objects.filter(workflow=workflow)
    leased = Q(pending=None, leased_until__gt=at)
    kept = Q(pending__isnull=False)
    found = cases.filter(state=State.OPEN).aggregate(
        waiting=Count("pk", filter=Q(pending=None) & ~leased),
        in_review=Count("pk", filter=leased | kept),
        decided=Count("pk", filter=kept),
    )
    return found | {
        "paused": cases.filter(state=State.PAUSED).count(),
        "returned": cases.filter(state=State.RETURNED).count(),
    }
