"""Publishing without a second person, where one owner may: in a pilot, an operational change, an
emergency that only tightens. Which it is, is computed."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from assurance.accounts.choices import Role
from assurance.accounts.models import User
from assurance.accounts.roles import require_role
from assurance.controls import approvals, changes, publishing
from assurance.controls.choices import ChangeKind, ChangeStatus, Direction, Way
from assurance.controls.control_sets import newest_set
from assurance.controls.models import ControlChange
from assurance.controls.queues import queue_kinds
from assurance.controls.ways import why_not_operational, why_not_tightening
from assurance.errors import DomainError
from assurance.patience import patient

RATIFIED_WITHIN = timedelta(hours=24)
# An operational change is one that replay shows to be one, on at least so many cases.
OPERATIONAL_CASES = 200


@patient
@transaction.atomic
def publish(change: ControlChange, *, by: User, at: datetime) -> ControlChange:
    """Publish without an approver, where one owner may: in a pilot, an operational change, or an
    emergency that tightens, which waits for no start. 403 `second_person_needed` says why not;
    409 `change_over`."""
    change = changes.locked(change)
    changes.require_open(change)
    require_role(by, Role.GOVERNANCE, change.workflow.slug, at)
    if change.status == ChangeStatus.DRAFT:
        change = approvals.submit(change, by=by, at=at)
    way = way_alone(change, by, at)
    change.status, change.way = ChangeStatus.APPROVED, way
    if way == Way.EMERGENCY:
        change.ratify_by = at + RATIFIED_WITHIN
    change.save()
    changes.tell(change, "published_alone", {"way": way}, by=by, at=at)
    if way == Way.EMERGENCY or change.start_at is None or change.start_at <= at:
        publishing.go_live(change, by=by, at=at)
    return change


@patient
@transaction.atomic
def undo(change: ControlChange, *, by: User, at: datetime) -> ControlChange:
    """Take an operational change back at once, while its set is the live one: what was proved not
    to change an outcome changes none when it goes. 409 `not_operational`, `not_live`."""
    require_role(by, Role.GOVERNANCE, change.workflow.slug, at)
    _refuse_builders(change, by)
    if change.way != Way.OPERATIONAL or change.status != ChangeStatus.PUBLISHED:
        raise DomainError(
            "not_operational",
            f"Change {change.number} is no published operational change. Roll it back instead: "
            "that takes a second person.",
        )
    if newest_set(change.workflow).pk != change.published_set.pk:
        raise DomainError(
            "not_live",
            f"Another set went live since change {change.number}. Roll it back instead.",
        )
    back = changes.rollback(change, reason=f"Undo of change {change.number}.", by=by, at=at)
    back = changes.locked(back)
    back.status, back.way = ChangeStatus.APPROVED, Way.OPERATIONAL
    back.submitted_at, back.submitted_by = at, by
    back.save()
    changes.tell(back, "published_alone", {"way": back.way, "undoes": change.number}, by=by, at=at)
    publishing.go_live(back, by=by, at=at)
    return back


def way_alone(change: ControlChange, by: User, at: datetime) -> Way:
    """The right by which this person may publish alone. 403 `second_person_needed` without one."""
    _refuse_builders(change, by)
    if (
        change.author_person_id is not None
        and change.workflow.builders.filter(pk=change.author_person_id).exists()
    ):
        raise _needs_second(change, "its author built this workflow")
    if change.workflow.stage in changes.EARLY:
        return Way.PILOT
    base = change.base_set.content
    if change.kind == ChangeKind.EMERGENCY:
        if said := why_not_tightening(base, change.edits):
            raise _needs_second(change, f"an emergency may only tighten. {said}")
        return Way.EMERGENCY
    if said := why_not_operational(base, change.edits, queue_kinds()):
        raise _needs_second(change, f"it is more than operational. {said}")
    report = changes.latest_replay(change)
    if report is None or not report.is_fresh(at):
        raise _needs_second(change, "no fresh replay shows that it changes no outcome")
    # Cases that could not be judged again show nothing.
    judged = report.report["replayable"] if report.report else 0
    if report.direction != Direction.SAME or judged < OPERATIONAL_CASES:
        raise _needs_second(
            change,
            f"its replay of {judged} cases must show the same outcome in at least "
            f"{OPERATIONAL_CASES}",
        )
    return Way.OPERATIONAL


def _refuse_builders(change: ControlChange, by: User) -> None:
    """Nobody without a person, and no builder, publishes or undoes anything alone."""
    if by.person_id is None:
        raise _needs_second(change, "your account names no person")
    if change.workflow.builders.filter(pk=by.person_id).exists():
        raise _needs_second(change, "you built this workflow")


def _needs_second(change: ControlChange, why: str) -> DomainError:
    why = why if why.endswith(".") else f"{why}."
    return DomainError(
        "second_person_needed",
        f"Change {change.number} needs the approval of a second governance owner: {why}",
        status=403,
    )
