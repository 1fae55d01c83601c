"""Cases that wait for an external verifier: its late answer or its deadline judges them, and they
are placed like every other case.

A worker asks what was queued, outside of any transaction. Whoever closes the last open question
of a case judges it; the sweep finds what nobody did, so a killed worker costs seconds only.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from assurance.controls import facts as facts_of
from assurance.controls import verifier_asking
from assurance.controls.check_runs import (
    Subject,
    bound_of,
    close,
    close_over,
    keep_late,
    recorded,
    token_sha256,
)
from assurance.controls.choices import Mode
from assurance.controls.locks import lock_workflow
from assurance.controls.models import Assessment, CheckRun, ControlVersion
from assurance.controls.verifier_asking import Call
from assurance.controls.verifier_calls import AT_ONCE
from assurance.controls.verifier_replies import Refused, read, unanswered
from assurance.delivery import outbox
from assurance.errors import DomainError
from assurance.patience import patient
from assurance.record.actors import Actor
from assurance.record.ledger import Stream, record_all
from reviews import intake, placing
from reviews.answers import case_answer
from reviews.choices import State
from reviews.models import Case

VERIFIERS = Actor.system("verifiers")
LEASE = timedelta(seconds=45)  # longer than any call with its tries
BUDGET = 40.0  # seconds of taking
BATCH = 200
OVER = ("no_answer", "not_asked")  # why a question was closed that nobody answered


@dataclass(frozen=True)
class Taken:
    """What became of a late answer: the run, and the refusal its sender gets, if any."""

    run: CheckRun
    refusal: DomainError | None = None


def take_answer(run_id: UUID, token: str, data: bytes, *, at: datetime) -> CheckRun:
    """Take the announced answer of a verifier; its token is good for one.

    Raises `not_authenticated` where run and token do not belong together, 409
    `verification_closed` after the deadline (the answer is kept all the same), 409
    `verification_answered`, 409 `verification_not_announced`, and 422 `verification_refused` for
    what is no answer: that too is final, and a person decides.
    """
    known = CheckRun.objects.filter(pk=run_id).first()
    if known is None or not is_token_of(known, token):
        raise unknown_token()
    taken = _take(known, data, at=at)
    if taken.refusal is not None:
        raise taken.refusal
    return taken.run


def is_token_of(run: CheckRun, token: str) -> bool:
    return bool(run.token_sha256) and hmac.compare_digest(run.token_sha256, token_sha256(token))


def unknown_token() -> DomainError:
    """401 with one text for every reason, so that nobody learns which runs exist."""
    return DomainError(
        "not_authenticated",
        "Send the token of the question as `Authorization: Bearer …`.",
        status=401,
        headers={"WWW-Authenticate": "Bearer"},
    )


@patient
@transaction.atomic
def _take(known: CheckRun, data: bytes, *, at: datetime) -> Taken:
    _lock_case(known)
    run = CheckRun.objects.select_for_update(of=("self",)).select_related("verifier", "workflow")
    found = run.get(pk=known.pk)
    bound = bound_of(found)
    answer, refusal = None, None
    try:
        answer = read(data, bound)
    except Refused as error:
        refusal = error
    if found.status in (CheckRun.Status.QUEUED, CheckRun.Status.ASKING):
        return Taken(found, _not_announced())
    if not found.is_open and found.reason_code not in OVER:
        return Taken(found, _answered())
    if not found.is_open or found.is_late(at):
        code = refusal.code if refusal else "malformed"
        keep_late(found, answer or unanswered(bound, "error", code), at=at)
        return Taken(found, _closed(found))
    if answer is None:
        code = refusal.code if refusal else "malformed"
        close(found, unanswered(bound, "error", code), at=at)
    else:
        waited = round((at - found.asked_at).total_seconds() * 1000)
        close(found, answer | {"ms": max(waited, 0), "attempts": found.attempts}, at=at)
    _judge(found.case_id, at=at)
    return Taken(found, _unusable(refusal) if refusal else None)


def _lock_case(run: CheckRun) -> None:
    """The workflow, then the case, then the run: always in this order."""
    lock_workflow(run.workflow, shared=True)
    Case.objects.lock(run.case_id)


def _not_announced() -> DomainError:
    return DomainError(
        "verification_not_announced",
        "Answer the question with 202 first; then send the answer here.",
        headers={"Retry-After": "1"},
    )


def _answered() -> DomainError:
    return DomainError(
        "verification_answered",
        "This question has been answered. Its token was good for one answer.",
    )


def _closed(run: CheckRun) -> DomainError:
    return DomainError(
        "verification_closed",
        f"The time for this answer ended at {run.deadline.isoformat()}. It is kept and changes"
        " nothing any more.",
        deadline=run.deadline.isoformat().replace("+00:00", "Z"),
    )


def _unusable(refusal: Refused) -> DomainError:
    return DomainError(
        "verification_refused",
        f"This is no answer, and counts as a check that could not run: {refusal.why}",
        status=422,
        errors=[{"pointer": "", "code": refusal.code, "message": refusal.why}],
    )


@patient
@transaction.atomic
def judge_if_answered(case_id: UUID, *, at: datetime) -> bool:
    """Judge and place a verifying case, unless an answer may still come. Whether it was."""
    workflow_id = Case.objects.filter(pk=case_id).select_related("workflow").first()
    if workflow_id is None:
        return False
    lock_workflow(workflow_id.workflow, shared=True)
    Case.objects.lock(case_id)
    return _judge(case_id, at=at)


def _judge(case_id: UUID, *, at: datetime) -> bool:
    """The same with the case locked. What has not come by its deadline counts as no answer."""
    case = Case.objects.for_list().filter(pk=case_id, state=State.VERIFYING).first()
    if case is None:
        return False
    awaited = recorded(case.id, case.output_sha256).awaited.values()
    open_runs = [run for run in awaited if run.mode == Mode.ENFORCED]
    if any(not run.is_late(at) for run in open_runs):
        return False
    for run in open_runs:
        close_over(run, at=at)
    last = case.submissions.order_by("revision").last()
    assert last is not None  # written with the case
    asked = recorded(case.id, case.output_sha256)
    judged = intake.judge(
        last.body, case.workflow, at=at, returns=case.returns, case_id=case.id, asked=asked
    )
    placing.apply(case, judged, purpose=Assessment.Purpose.INTAKE, at=at)
    case.save()
    record_all(
        Stream.case(case.id),
        [
            (
                "case.verified",
                {"outcomes": {key: one["outcome"] for key, one in asked.answers.items()}},
            ),
            ("case.assessed", placing.assessed_entry(case)),
            *placing.placed_entries(case),
        ],
        actor=VERIFIERS,
        at=at,
        workflow=case.workflow.slug,
    )
    placing.tell(case, at=at)
    if case.state == State.CONTINUED:
        # The 201 could not say it: whoever waits hears it like every other end.
        outbox.promise(
            "case.closed",
            case_answer(case, at=at),
            workflow=case.workflow.slug,
            stream=Stream.case(case.id),
            at=at,
        )
    return True


def sweep(at: datetime) -> int:
    """Judge every verifying case whose answers are all there, or whose time is over."""
    still_open = CheckRun.objects.filter(
        case_id=OuterRef("pk"), output_sha256=OuterRef("output_sha256"), mode=Mode.ENFORCED
    ).exclude(status=CheckRun.Status.CLOSED)
    ready = Case.objects.filter(state=State.VERIFYING).filter(
        Q(verify_by__lte=at) | ~Exists(still_open)
    )
    found = list(ready.order_by("verify_by").values_list("pk", flat=True)[:BATCH])
    _forget(at)
    return sum(judge_if_answered(pk, at=at) for pk in found)


def _forget(at: datetime) -> None:
    """End the open questions that no case waits for, once their time is over."""
    waiting = Case.objects.filter(pk=OuterRef("case_id"), state=State.VERIFYING)
    over = CheckRun.objects.exclude(status=CheckRun.Status.CLOSED).filter(deadline__lt=at)
    over = over.filter(Q(taken_until=None) | Q(taken_until__lt=at))
    idle = over.exclude(Exists(waiting), mode=Mode.ENFORCED)
    for pk in list(idle.order_by("deadline").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            locked = CheckRun.objects.select_for_update(skip_locked=True, of=("self",))
            for run in locked.select_related("verifier", "workflow").filter(pk=pk):
                if run.is_open:
                    close_over(run, at=at)


def ask_queued(now: Callable[[], datetime], *, budget: float = BUDGET) -> int:
    """Ask what was left to a worker: cases of a batch, controls without effect, what a new set
    made necessary. Returns how many questions were put."""
    ends = time.monotonic() + budget
    asked = 0
    while time.monotonic() < ends:
        at = now()
        runs = _taken(at)
        if not runs:
            break
        asked += len(runs)
        calls = {run.pk: call for run in runs if (call := _call_of(run)) is not None}
        verifier_asking.ask(calls, at=at)
        for case_id in {run.case_id for run in runs if run.mode == Mode.ENFORCED}:
            judge_if_answered(case_id, at=now())
    return asked


@transaction.atomic
def _taken(at: datetime) -> list[CheckRun]:
    """A handful of queued questions, leased to this worker."""
    free = Q(taken_until=None) | Q(taken_until__lte=at)
    rows = CheckRun.objects.filter(free, status=CheckRun.Status.QUEUED, deadline__gt=at)
    rows = rows.select_related("workflow").select_for_update(skip_locked=True, of=("self",))
    runs = list(rows.order_by("asked_at", "id")[:AT_ONCE])
    CheckRun.objects.filter(pk__in=[run.pk for run in runs]).update(taken_until=at + LEASE)
    return runs


def _call_of(run: CheckRun) -> Call | None:
    """The question of a run, from what was submitted. None where it is not needed any more."""
    case = Case.objects.select_related("workflow").filter(pk=run.case_id).first()
    draft = case.submissions.filter(revision=run.revision).first() if case else None
    version = ControlVersion.objects.filter(
        workflow=run.workflow_id, key=run.control_key, version=run.control_version
    ).first()
    needed = run.mode != Mode.ENFORCED or (case and case.state == State.VERIFYING)
    if case is None or draft is None or version is None or not needed:
        bound = bound_of(run)
        close(run, unanswered(bound, "not_run", "not_asked"), at=run.asked_at)
        return None
    control: dict[str, Any] = {**version.content, "mode": run.mode}
    facts = facts_of.build(draft.body, case.workflow, at=run.asked_at, returns=case.returns)
    return Call(run, control, Subject(case.id, run.revision, case.workflow, facts))
