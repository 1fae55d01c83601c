"""Decide: a person's judgement, kept in the transaction that frees their hands.

A decision waits in its undo window and is released by `release`, which alone moves the case and
tells the world. Until then callers see nothing. Later corrections are new decisions that
supersede; nothing is ever edited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from assurance.accounts.choices import Role
from assurance.accounts.roles import has_role, role_missing
from assurance.controls.check_runs import Asked
from assurance.controls.choices import ROUTED, Disposition
from assurance.controls.models import Assessment
from assurance.controls.voices import RETURN_LIMIT
from assurance.errors import DomainError, invalid
from assurance.patience import patient
from assurance.record.actors import Actor
from assurance.record.canonical import sha256_of
from assurance.record.ledger import Stream, record
from reviews import claims, releasing
from reviews.answers import moment
from reviews.choices import FINAL, Outcome, QueueKind
from reviews.corrections import judge_correction
from reviews.decision_rules import policy_for, require_complete
from reviews.eligibility import conflict_of, require_eligible, require_no_conflict
from reviews.models import Case, Decision, Draft, Queue

if TYPE_CHECKING:
    from assurance.accounts.models import User


@dataclass(frozen=True)
class Verdict:
    """What a person says of a case. `queue` is a slug, `output` the corrected one, `asked` what
    external verifiers said of it before."""

    outcome: str
    reasons: Sequence[str] = ()
    rationale: str = ""
    output: Any = None
    queue: str | None = None
    control_was_right: Mapping[str, str] = field(default_factory=dict)
    arithmetic: Sequence[Mapping[str, str]] = ()
    asked: Asked | None = None


@patient
@transaction.atomic
def decide(case: Case, verdict: Verdict, *, by: User, lease: int | None, at: datetime) -> Decision:
    """Keep what the holder of the lease decided. Released when the undo window is over."""
    case = claims.locked(case)
    claims.require_lease(case, by=by, lease=lease, at=at)
    require_eligible(case, by)
    require_sound(case, verdict)
    decision = _decision(case, verdict, by=by, at=at)
    decision.lease_number = lease
    decision.save()
    case.pending = decision
    case.leased_by = case.leased_until = None
    case.save(update_fields=["pending", "leased_by", "leased_until"])
    Draft.objects.filter(case=case, revision=case.revision, user=by).delete()
    _record(case, "case.decided", _decided_entry(decision), by=by, at=at)
    if decision.release_at <= at and not case.workflow.is_paused:
        releasing.release(decision, at=at)
    return decision


@patient
@transaction.atomic
def undo(decision: Decision, *, by: User, at: datetime) -> Case:
    """Take a decision back inside its window, and the lease with it."""
    case = claims.locked(decision.case)
    decision = Decision.objects.select_for_update().get(pk=decision.pk)
    if decision.decided_by_id != by.pk:
        raise DomainError("role_missing", "Only the person who decided can undo it.", status=403)
    if decision.withdrawn_at is not None:
        raise DomainError("already_undone", "This decision was undone already.")
    if decision.released_at is not None or decision.release_at <= at:
        raise DomainError(
            "undo_window_over",
            "The undo window is over and the decision has left. Correct it with a new decision "
            "that supersedes this one.",
        )
    decision.withdrawn_at, decision.is_current = at, False
    decision.save(update_fields=["withdrawn_at", "is_current"])
    if decision.supersedes_id is not None:
        Decision.objects.filter(pk=decision.supersedes_id).update(is_current=True)
    _record(case, "case.decision_undone", {"decision": decision.pk}, by=by, at=at)
    _restore_draft(case, decision, at=at)
    if case.pending_id == decision.pk:
        case.pending = None
        case.save(update_fields=["pending"])
        claims.take(case, by=by, at=at)
    return case


@patient
@transaction.atomic
def supersede(case: Case, verdict: Verdict, *, of: int, by: User, at: datetime) -> Decision:
    """Correct a released decision by a new one: by its decider or a lead, without a lease."""
    case = claims.locked(case)
    old = case.decisions.select_for_update().filter(pk=of).first()
    if old is None or not old.is_current or old.released_at is None:
        raise invalid(
            "/supersedes",
            "not_superseding",
            f"Decision {of} is not the released decision that stands on {case.reference}. "
            "Name that one.",
        )
    if not may_supersede(old, by, at):
        raise role_missing(Role.LEAD, case.workflow.slug)
    if verdict.outcome not in FINAL:
        raise invalid(
            "/outcome",
            "not_final",
            "A superseding decision ends the case again: approve, correct or reject.",
        )
    require_no_conflict(case, by)
    require_sound(case, verdict)
    old.is_current = False
    old.save(update_fields=["is_current"])
    decision = _decision(case, verdict, by=by, at=at)
    decision.supersedes = old
    decision.save()
    Draft.objects.filter(case=case, revision=case.revision, user=by).delete()
    _record(case, "case.decided", _decided_entry(decision), by=by, at=at)
    if decision.release_at <= at and not case.workflow.is_paused:
        releasing.release(decision, at=at)
    return decision


def may_supersede(old: Decision, by: User, at: datetime) -> bool:
    """Whether this person may correct that decision: they made it and still work where they did,
    or lead the workflow."""
    if has_role(by, Role.LEAD, old.case.workflow.slug, at):
        return True
    at_work = old.from_queue is None or old.from_queue.members.filter(pk=by.pk).exists()
    return old.decided_by_id == by.pk and at_work


def correctable(case: Case, by: User, at: datetime) -> Decision | None:
    """The released decision that stands, where this person may correct it by a new one."""
    old = case.decisions.filter(is_current=True, released_at__isnull=False).first()
    if old is None or not may_supersede(old, by, at) or conflict_of(case, by):
        return None
    return old


def require_sound(case: Case, verdict: Verdict) -> None:
    """422 unless the decision is offered, says all it must, and names what it needs."""
    require_complete(
        policy_for(case),
        outcome=verdict.outcome,
        priority=case.priority or case.workflow.tier,
        reasons=verdict.reasons,
        rationale=verdict.rationale,
        verification_keys=verification_keys(case),
        control_was_right=verdict.control_was_right,
    )
    if verdict.outcome == Outcome.CORRECT:
        _require_correction(case, verdict)
    elif verdict.output is not None:
        raise invalid(
            "/output", "not_a_correction", "An output goes with “correct” only; leave it out."
        )
    if verdict.outcome == Outcome.RETURN and case.returns >= RETURN_LIMIT:
        raise invalid(
            "/outcome",
            "return_limit",
            f"{case.reference} was returned {case.returns} times already, the most there is. "
            "Correct it, escalate or reject.",
        )


def _require_correction(case: Case, verdict: Verdict) -> None:
    if verdict.output is None:
        raise invalid("/output", "required", "Send the corrected output.")
    if sha256_of(verdict.output) == case.output_sha256:
        raise invalid(
            "/output", "unchanged", "Nothing was changed. Change the output, or approve it."
        )


def verification_keys(case: Case) -> list[str]:
    """The verification controls that spoke: the only ones that are asked about."""
    return [
        result["key"]
        for result in case.assessment.results
        if result["kind"] == "verification"
        and result["mode"] == "enforced"
        and result["effect"] not in (None, Disposition.CONTINUE)
    ]


def _decision(case: Case, verdict: Verdict, *, by: User, at: datetime) -> Decision:
    """The row, not saved: with the corrected output judged and the target queue found."""
    assessment: Assessment = case.assessment
    output_sha256 = case.output_sha256
    if verdict.outcome == Outcome.CORRECT:
        correction = judge_correction(
            case, verdict.output, arithmetic=verdict.arithmetic, at=at, asked=verdict.asked
        )
        assessment, output_sha256 = correction.assessment, sha256_of(verdict.output)
    return Decision(
        case=case,
        revision=case.revision,
        outcome=verdict.outcome,
        reasons=list(dict.fromkeys(verdict.reasons)),
        rationale=verdict.rationale.strip(),
        output=verdict.output,
        output_sha256=output_sha256,
        arithmetic=[dict(tie) for tie in verdict.arithmetic],
        to_queue=_target(case, verdict),
        from_queue=case.queue,
        control_was_right=dict(verdict.control_was_right),
        assessment=assessment,
        decided_by=by,
        decided_at=at,
        release_at=at + case.queue.undo_window if case.queue else at,
        is_current=verdict.outcome in FINAL,
    )


def _target(case: Case, verdict: Verdict) -> Queue | None:
    if verdict.outcome != Outcome.ESCALATE:
        if verdict.queue is not None:
            raise invalid(
                "/queue", "not_an_escalation", "A queue goes with “escalate” only; leave it out."
            )
        return None
    if not verdict.queue:
        raise invalid("/queue", "required", "Say to which queue you escalate.")
    queue = Queue.objects.filter(slug=verdict.queue).first()
    if queue is None:
        known = ", ".join(Queue.objects.values_list("slug", flat=True))
        raise invalid(
            "/queue", "unknown_queue", f"There is no queue “{verdict.queue}”. Use one of: {known}."
        )
    if case.queue_id == queue.pk:
        raise invalid("/queue", "same_queue", "The case is in this queue already. Choose another.")
    if not may_take(queue, case):
        raise invalid(
            "/queue",
            "lower_queue",
            f"{case.reference} needs more than {queue.name} can give: "
            f"{Disposition(case.disposition).label.lower()}. Choose one of that kind or higher.",
        )
    return queue


def may_take(queue: Queue, case: Case) -> bool:
    """As with routing: a queue takes no case that needs a higher kind of it, an audit none."""
    needed = ROUTED.index(Disposition(case.disposition)) if case.disposition in ROUTED else 0
    return queue.kind != QueueKind.AUDIT and QueueKind(queue.kind).rank >= needed


def _restore_draft(case: Case, decision: Decision, *, at: datetime) -> None:
    """What was sent is what was typed: undoing must not lose a word of it."""
    body = {
        "outcome": decision.outcome,
        "reasons": decision.reasons,
        "rationale": decision.rationale,
        "output": decision.output,
        "queue": decision.to_queue.slug if decision.to_queue else None,
        "control_was_right": decision.control_was_right,
        "arithmetic": decision.arithmetic,
    }
    Draft.objects.update_or_create(
        case=case,
        revision=case.revision,
        user=decision.decided_by,
        defaults={"body": body, "saved_at": at},
    )


def _decided_entry(decision: Decision) -> dict[str, Any]:
    return {
        "decision": decision.pk,
        "outcome": decision.outcome,
        "reasons": decision.reasons,
        "rationale": decision.rationale,
        "output_sha256": decision.output_sha256,
        "to_queue": decision.to_queue.slug if decision.to_queue else None,
        "control_was_right": decision.control_was_right,
        "assessment": decision.assessment_id,
        "lease": decision.lease_number,
        "supersedes": decision.supersedes_id,
        "release_at": moment(decision.release_at),
    }


def _record(case: Case, type: str, payload: dict[str, Any], *, by: User, at: datetime) -> None:
    record(
        Stream.case(case.id),
        type,
        payload,
        actor=Actor.person(by),
        at=at,
        workflow=case.workflow.slug,
    )
