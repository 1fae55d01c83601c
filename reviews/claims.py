"""Claims: one person's exclusive, time-limited hold of a case, with a fencing number.

A lease ends by itself when its time is over; no cleaner decides. The number grows with every
claim, so an old holder who wakes up late can never decide over a new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from assurance.errors import DomainError
from assurance.patience import patient
from assurance.record.actors import Actor
from assurance.record.ledger import Stream, record
from reviews.answers import moment, reviewer_name
from reviews.choices import SkipReason, State
from reviews.eligibility import require_eligible
from reviews.masking import covered_output, sensitive_paths
from reviews.models import Case, Queue, Skip

if TYPE_CHECKING:
    from assurance.accounts.models import User

MAX_HELD = 5
RENEWED_AFTER = timedelta(seconds=20)

_WAITS = """
       c.queue_id = %(queue)s AND c.state = 'open' AND c.pending_id IS NULL
       AND (c.leased_until IS NULL OR c.leased_until <= %(at)s)
"""
_IS_THEIRS = """
       (%(person)s = '' OR c.requested_by <> %(person)s)
       AND NOT EXISTS (SELECT 1 FROM reviews_skip s
                        WHERE s.case_id = c.id AND s.user_id = %(user)s AND s.until > %(at)s)
       AND NOT EXISTS (SELECT 1 FROM controls_workflow_builders b
                        WHERE b.workflow_id = c.workflow_id AND b.person_id = %(person_pk)s)
"""

# One statement finds and takes: rows that another is taking are skipped, so nobody waits for
# anybody and nobody leaves empty-handed while a case is free.
_CLAIM_NEXT = f"""
UPDATE reviews_case SET leased_by_id = %(user)s, leased_until = %(until)s,
       lease_number = lease_number + 1
 WHERE id = (
    SELECT c.id FROM reviews_case c
     WHERE {_WAITS} AND {_IS_THEIRS}
     ORDER BY c.rank_at, c.id
     LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id
"""

# Asked in one statement, so that all three answers are of one moment.
_OUTLOOK = f"""
SELECT EXISTS (SELECT 1 FROM reviews_case c WHERE {_WAITS} AND {_IS_THEIRS}),
       EXISTS (SELECT 1 FROM reviews_case c WHERE {_WAITS}),
       (SELECT min(c.leased_until) FROM reviews_case c
         WHERE c.queue_id = %(queue)s AND c.state = 'open' AND c.pending_id IS NULL
           AND c.leased_until > %(at)s)
"""


@dataclass(frozen=True)
class Outlook:
    """What a queue holds for one person at one moment."""

    any_of_theirs: bool  # waiting, and theirs to take unless another is taking it right now
    any_waiting: bool
    next_free_at: datetime | None


@patient
@transaction.atomic
def claim(case: Case, *, by: User, at: datetime) -> Case:
    """Give a waiting case to one person. Claiming what one holds already renews it."""
    case = locked(case)
    require_open(case, at)
    if case.is_leased(at) and case.leased_by_id != by.pk:
        raise held_by_other(case)
    require_eligible(case, by)
    if case.is_held_by(by, at):
        return renew(case, at=at)
    require_room(by, at)
    take(case, by=by, at=at)
    return case


@patient
@transaction.atomic
def claim_next(queue: Queue, *, by: User, at: datetime) -> Case:
    """Give the next case in work order. 409 `nothing_to_claim` says why there is none."""
    if not queue.members.filter(pk=by.pk).exists():
        raise DomainError(
            "role_missing",
            f"You are not a member of {queue.name}. A governance owner can add you to it.",
            status=403,
        )
    require_room(by, at)
    asked = {**_asked(queue, by, at), "until": at + queue.lease}
    row = _first_row(_CLAIM_NEXT, asked)
    # Somebody is taking what this person could have. They may let go of it, so once more.
    if row is None and outlook(queue, by, at).any_of_theirs:
        row = _first_row(_CLAIM_NEXT, asked)
    if row is None:
        raise nothing_to_claim(queue, by, at)
    case = Case.objects.for_list().get(pk=row[0])
    _record_claim(case, by=by, at=at)
    return case


@patient
@transaction.atomic
def heartbeat(case: Case, *, by: User, lease: int, at: datetime) -> Case:
    """Renew the lease of somebody who is working. Leaves no entry: it is not an act."""
    case = locked(case)
    require_lease(case, by=by, lease=lease, at=at)
    return renew(case, at=at)


@patient
@transaction.atomic
def release(case: Case, *, by: User, lease: int, at: datetime) -> Case:
    """Give a case back to its queue."""
    case = locked(case)
    require_lease(case, by=by, lease=lease, at=at)
    _let_go(case)
    _record(case, "case.released", {"lease": lease}, by=by, at=at)
    return case


@patient
@transaction.atomic
def skip(case: Case, *, by: User, lease: int, reason: str, at: datetime) -> Case:
    """Pass a case over, with a reason; its skipper does not get it again for a while."""
    case = locked(case)
    if reason not in SkipReason.values:
        raise DomainError(
            "invalid",
            f"Say why you skip it: one of {', '.join(SkipReason.values)}.",
            status=422,
            errors=[
                {"pointer": "/reason", "code": "required", "message": "Choose a reason to skip."}
            ],
        )
    require_lease(case, by=by, lease=lease, at=at)
    assert case.queue is not None  # an open case is in a queue
    until = at + case.queue.skip_for
    Skip.objects.create(case=case, user=by, reason=reason, at=at, until=until)
    _let_go(case)
    payload = {"lease": lease, "reason": reason, "until": moment(until)}
    _record(case, "case.skipped", payload, by=by, at=at)
    return case


def locked(case: Case) -> Case:
    """The case as it is now, under its row lock."""
    Case.objects.lock(case.pk)
    return Case.objects.for_list().get(pk=case.pk)


def take(case: Case, *, by: User, at: datetime) -> None:
    """Make a lease on a locked case, with the next fencing number."""
    assert case.queue is not None
    case.leased_by, case.leased_until = by, at + case.queue.lease
    case.lease_number += 1
    case.save(update_fields=["leased_by", "leased_until", "lease_number"])
    _record_claim(case, by=by, at=at)


def renew(case: Case, *, at: datetime) -> Case:
    """Move the end of the lease, from a locked case."""
    assert case.queue is not None
    case.leased_until = at + case.queue.lease
    case.save(update_fields=["leased_until"])
    return case


def is_ageing(case: Case, at: datetime) -> bool:
    """Whether a hold is old enough that opening the page should renew it: a case that was claimed
    a moment ago need not be locked and written once more."""
    assert case.queue is not None
    assert case.leased_until is not None
    return case.leased_until - at < case.queue.lease - RENEWED_AFTER


def require_open(case: Case, at: datetime) -> None:
    """409 with what happened unless the case can still be worked."""
    if case.pending is not None:
        raise already_decided(case)
    if case.state == State.CLOSED:
        decision = case.decisions.filter(is_current=True).first()
        raise already_decided(case) if decision else case_closed(case)
    if case.state != State.OPEN:
        raise DomainError(
            "case_closed",
            f"{case.reference} is {case.status(at).label.lower()}; there is nothing to decide.",
            end=None,
            case_status=str(case.status(at)),
        )


def require_lease(case: Case, *, by: User, lease: int | None, at: datetime) -> None:
    """409 unless this person holds this very lease now."""
    require_open(case, at)
    if case.is_held_by(by, at) and lease == case.lease_number:
        return
    mine_before = lease is not None and lease < case.lease_number
    lapsed = lease == case.lease_number and case.leased_by_id == by.pk
    if case.is_leased(at) and case.leased_by_id != by.pk and not mine_before:
        raise held_by_other(case)
    if mine_before or lapsed:
        raise lease_lost(case, at)
    raise DomainError(
        "not_claimed",
        f"You do not hold {case.reference}. Claim it first; what you typed is kept as your draft.",
    )


def require_room(user: User, at: datetime) -> None:
    """409 `too_many_held` at five held cases. Under a lock on the person's hands, so that two
    claims at once cannot both be the fifth."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"hands:{user.pk}"]
        )
    if Case.objects.held_by(user, at).count() >= MAX_HELD:
        raise DomainError(
            "too_many_held",
            f"You hold {MAX_HELD} cases, the most at once. Decide or release one first.",
        )


def held_by_other(case: Case) -> DomainError:
    assert case.leased_by is not None
    return DomainError(
        "held_by_other",
        f"{case.leased_by.full_name_or_username} holds {case.reference} until "
        f"{case.leased_until:%H:%M} UTC. Take another, or wait until then.",
        holder=case.leased_by.get_username(),
        until=moment(case.leased_until),
    )


def lease_lost(case: Case, at: datetime) -> DomainError:
    holder = case.leased_by if case.is_leased(at) else None
    now = (
        f"{holder.full_name_or_username} holds it now." if holder else "It is free: take it again."
    )
    return DomainError(
        "lease_lost",
        f"Your hold of {case.reference} has ended. {now} What you typed is kept as your draft.",
        holder=holder.get_username() if holder else None,
        until=moment(case.leased_until) if holder else None,
    )


def already_decided(case: Case) -> DomainError:
    """Who decided what, and why: the slower of two must see the winner's decision."""
    decision = case.pending or case.decisions.filter(is_current=True).latest("decided_at")
    who = decision.decided_by
    return DomainError(
        "already_decided",
        f"{who.full_name_or_username} decided {case.reference} at {decision.decided_at:%H:%M} UTC: "
        f"{decision.get_outcome_display()}. What you typed is kept as your draft.",
        decision=decided_by_other(decision),
    )


def decided_by_other(decision) -> dict[str, Any]:
    return {
        "id": decision.pk,
        "outcome": decision.outcome,
        "reasons": decision.reasons,
        "rationale": decision.rationale,
        "output": covered_output(decision.output, sensitive_paths(decision.case.workflow)),
        "decided_by": decision.decided_by.get_username(),
        "reviewer": reviewer_name(decision.decided_by),
        "decided_at": moment(decision.decided_at),
    }


def case_closed(case: Case) -> DomainError:
    return DomainError(
        "case_closed",
        f"{case.reference} is closed: {case.get_end_display().lower()}.",
        end=case.end,
    )


def outlook(queue: Queue, user: User, at: datetime) -> Outlook:
    """What waits in a queue, what of it this person may take, and when the next is free."""
    return Outlook(*_first_row(_OUTLOOK, _asked(queue, user, at)))


def nothing_to_claim(queue: Queue, user: User, at: datetime) -> DomainError:
    """Three different empties: none waits, all are held, none of them is yours to take.

    A case that another is taking at this very moment still looks as if it waited: it is held.
    """
    found = outlook(queue, user, at)
    until = found.next_free_at
    if found.any_of_theirs:
        why, sentence = (
            "all_held",
            f"Every case in {queue.name} is being taken by others at this moment. Try again.",
        )
    elif found.any_waiting:
        why, sentence = (
            "not_eligible",
            (
                f"Cases wait in {queue.name}, but none that you may take: you built, requested or "
                "skipped them."
            ),
        )
    elif until is not None:
        why, sentence = (
            "all_held",
            (
                f"Every case in {queue.name} is held by someone. The next may be free at "
                f"{until:%H:%M} UTC."
            ),
        )
    else:
        why, sentence = "none_waiting", f"No case waits in {queue.name}."
    return DomainError("nothing_to_claim", sentence, reason=why, next_free_at=moment(until))


def _asked(queue: Queue, user: User, at: datetime) -> dict[str, Any]:
    return {
        "queue": queue.pk,
        "user": user.pk,
        "person": user.person.ref if user.person else "",
        "person_pk": user.person_id or 0,
        "at": at,
    }


def _first_row(statement: str, asked: dict[str, Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        return cursor.fetchone()


def _let_go(case: Case) -> None:
    case.leased_by = case.leased_until = None
    case.save(update_fields=["leased_by", "leased_until"])


def _record_claim(case: Case, *, by: User, at: datetime) -> None:
    payload = {"lease": case.lease_number, "until": moment(case.leased_until)}
    _record(case, "case.claimed", payload, by=by, at=at)


def _record(case: Case, type: str, payload: dict[str, Any], *, by: User, at: datetime) -> None:
    record(
        Stream.case(case.id),
        type,
        payload,
        actor=Actor.person(by),
        at=at,
        workflow=case.workflow.slug,
    )
