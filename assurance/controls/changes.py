"""A control change while it is written: made, edited, rebased, taken back. Nothing here is live.

Submitting and approving are in `approvals`, going live in `publishing` and, without a second
person, `alone`. Every verb locks the change, asks whether this person may, writes, and records on
the workflow's chain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from assurance.accounts.choices import Role
from assurance.accounts.models import User
from assurance.accounts.roles import require_role
from assurance.controls import candidates
from assurance.controls.change_problems import edit_problems, expiry_problems, refuse
from assurance.controls.choices import ChangeKind, ChangeStatus, Item, Stage
from assurance.controls.control_sets import newest_set
from assurance.controls.models import ControlChange, ControlSet, Replay, Workflow
from assurance.errors import DomainError, invalid
from assurance.patience import patient
from assurance.record.actors import Actor
from assurance.record.ledger import Stream, record

Edit = Mapping[str, Any]

LAPSES_AFTER = timedelta(days=7)
# In these stages one owner may publish alone, and no replay is asked for.
EARLY = (Stage.OBSERVE, Stage.PILOT)


@patient
@transaction.atomic
def create(
    workflow: Workflow,
    *,
    reason: str,
    by: User,
    at: datetime,
    kind: str = ChangeKind.ROUTINE,
    links: Sequence[str] = (),
    edits: Sequence[Edit] = (),
    rollback_to: ControlSet | None = None,
    start_at: datetime | None = None,
    shadow_explanation: str = "",
) -> ControlChange:
    """A new draft on the set in force. 403 `role_missing`; 422 with every problem of the edits."""
    require_role(by, Role.GOVERNANCE, workflow.slug, at)
    base = newest_set(workflow)
    change = ControlChange(
        number=_next_number(),
        workflow=workflow,
        kind=ChangeKind(kind),
        reason=reason.strip(),
        links=list(links),
        base_set=base,
        rollback_to=rollback_to,
        start_at=start_at,
        shadow_explanation=shadow_explanation.strip(),
        author=by,
        author_person=by.person,
        created_at=at,
        changed_at=at,
    )
    settle(change, edits)
    refuse(expiry_problems(change.edits, at))
    change.save()
    _edited_by(change, by)
    tell(change, "created", {"kind": change.kind, "reason": change.reason}, by=by, at=at)
    return change


@patient
@transaction.atomic
def edit(
    change: ControlChange,
    *,
    by: User,
    at: datetime,
    edits: Sequence[Edit] | None = None,
    **fields: Any,
) -> ControlChange:
    """Other edits, or another `reason links start_at shadow_explanation kind in_flight`. An edit of
    a change in review or approved takes it back to draft: what was approved is not this any more.

    403 `role_missing`; 409 `change_over`; 422 with every problem.
    """
    change = locked(change)
    require_open(change)
    require_role(by, Role.GOVERNANCE, change.workflow.slug, at)
    for name, value in fields.items():
        setattr(change, name, value.strip() if isinstance(value, str) else value)
    if edits is not None:
        change.rollback_to = None
        settle(change, edits)
        refuse(expiry_problems(change.edits, at))
    _back_to_draft(change)
    change.changed_at = at
    change.save()
    _edited_by(change, by)
    tell(change, "edited", {"content_sha256": change.content_sha256}, by=by, at=at)
    return change


def put(
    workflow: Workflow, item: str, key: str, content: Edit | None, *, by: User, at: datetime
) -> ControlChange:
    """One edit into this person's open draft of the workflow, or into a new one: what saving a form
    of the admin does. Nothing that is live changes."""
    one = {"item": item, "key": key, "content": content}
    draft = draft_of(workflow, by)
    if draft is None:
        return create(workflow, reason="", edits=[one], by=by, at=at)
    others = [e for e in draft.edits if (e["item"], e["key"]) != (item, key)]
    return edit(draft, edits=[*others, one], by=by, at=at)


def draft_of(workflow: Workflow, by: User) -> ControlChange | None:
    """The newest draft of this workflow that this account began."""
    drafts = ControlChange.objects.filter(workflow=workflow, status=ChangeStatus.DRAFT, author=by)
    return drafts.order_by("-number").first()


@patient
@transaction.atomic
def withdraw(change: ControlChange, *, by: User, at: datetime, note: str = "") -> ControlChange:
    """Take a change back before it is live. 403 `role_missing`, 409 `change_over`."""
    change = locked(change)
    require_open(change)
    require_role(by, Role.GOVERNANCE, change.workflow.slug, at)
    end(change, ChangeStatus.WITHDRAWN, by=by, note=note, at=at)
    tell(change, "withdrawn", {"note": change.ended_note}, by=by, at=at)
    return change


@patient
@transaction.atomic
def rollback(change: ControlChange, *, reason: str, by: User, at: datetime) -> ControlChange:
    """Draft the return to the set that a published change replaced; approved like any other.

    403 `role_missing`; 409 `not_published`; 422 `required` without a reason.
    """
    require_role(by, Role.GOVERNANCE, change.workflow.slug, at)
    if change.status != ChangeStatus.PUBLISHED:
        raise DomainError(
            "not_published",
            f"Change {change.number} is {change.get_status_display().lower()}: nothing of it is "
            "live, so there is nothing to roll back. Withdraw it instead.",
        )
    if not reason.strip():
        raise invalid("/reason", "required", "Say why the older set returns.")
    target = ControlSet.objects.get(
        workflow=change.workflow_id, number=change.published_set.number - 1
    )
    return create(
        change.workflow,
        reason=reason,
        links=[f"change:{change.number}"],
        rollback_to=target,
        by=by,
        at=at,
    )


@patient
@transaction.atomic
def rebase(change: ControlChange, *, by: User, at: datetime) -> ControlChange:
    """Put the edits on the set that is live now, after somebody compared the two.

    409 `not_behind` where no other set went live since; 422 where the edits no longer fit.
    """
    change = locked(change)
    require_open(change)
    require_role(by, Role.GOVERNANCE, change.workflow.slug, at)
    old, new = change.base_set, newest_set(change.workflow)
    if old.pk == new.pk:
        raise DomainError(
            "not_behind",
            f"Change {change.number} stands on set {new.number}, which is live. Nothing to rebase.",
        )
    onto(change, new)
    _back_to_draft(change)
    change.changed_at = at
    change.save()
    _edited_by(change, by)
    tell(change, "rebased", {"from": old.number, "to": new.number}, by=by, at=at)
    return change


def onto(change: ControlChange, base: ControlSet) -> None:
    """Give the change another base, its edits judged anew. Not saved here."""
    change.base_set = base
    settle(change, change.edits)


def settle(change: ControlChange, edits: Sequence[Edit]) -> None:
    """Give the change these edits (a rollback: those that lead to its set) and their hashes.
    Refuses with 422 and every problem; not saved here."""
    base = change.base_set.content
    if change.rollback_to is not None:
        candidate = change.rollback_to.content
        change.edits = candidates.edits_between(base, candidate)
    else:
        refuse(edit_problems(change.workflow, base, edits))
        change.edits = [_whole(base, one) for one in edits]
        candidate = candidates.apply(base, change.edits)
    change.content_sha256 = candidates.content_hash(base, change.edits)
    change.candidate_sha256 = candidates.candidate_hash(candidate)


def candidate_of(change: ControlChange) -> dict[str, Any]:
    """The whole set as the change would make it, on its base."""
    if change.rollback_to is not None:
        return change.rollback_to.content
    return candidates.apply(change.base_set.content, change.edits)


def _whole(base: Mapping[str, Any], one: Edit) -> dict[str, Any]:
    """The edit with every default written out, as the set will hold it."""
    if one["content"] is None:
        return {"item": str(Item(one["item"])), "key": one["key"], "content": None}
    made = candidates.item_of(candidates.apply(base, [one]), one["item"], one["key"])
    return {"item": str(Item(one["item"])), "key": one["key"], "content": made}


def latest_replay(change: ControlChange) -> Replay | None:
    """The newest replay of exactly what the change would make live."""
    found = Replay.objects.filter(
        change=change, candidate_sha256=change.candidate_sha256, base_set=change.base_set_id
    )
    return found.order_by("-pk").first()


def locked(change: ControlChange) -> ControlChange:
    """The change as it is now, held until the transaction ends."""
    ControlChange.objects.select_for_update().only("pk").get(pk=change.pk)
    return ControlChange.objects.select_related(
        "workflow", "base_set", "rollback_to", "author", "author_person", "approver"
    ).get(pk=change.pk)


def require_open(change: ControlChange) -> None:
    """409 `change_over` where a change is live or ended otherwise."""
    if not change.is_open:
        raise DomainError(
            "change_over",
            f"Change {change.number} is {change.get_status_display().lower()}; it is over. Make a "
            "new change.",
            change_status=change.status,
        )


def end(change: ControlChange, status: str, *, by: User | None, note: str, at: datetime) -> None:
    """Let a change end without going live."""
    change.status = ChangeStatus(status)
    change.ended_by, change.ended_at, change.ended_note = by, at, note.strip()
    change.save()


def tell(
    change: ControlChange, what: str, payload: dict[str, Any], *, by: User | None, at: datetime
) -> None:
    """Record an act on a change on the workflow's chain."""
    record(
        Stream.workflow(change.workflow.slug),
        f"control_change.{what}",
        {"number": change.number, **payload},
        actor=Actor.person(by) if by else Actor.system("changes"),
        at=at,
        workflow=change.workflow.slug,
    )


def _back_to_draft(change: ControlChange) -> None:
    void_approval(change)
    change.status, change.submitted_at, change.submitted_by, change.lapses_at = (
        ChangeStatus.DRAFT,
        None,
        None,
        None,
    )


def void_approval(change: ControlChange) -> None:
    """What was approved is not this any more. Not saved here."""
    change.way = ""
    change.approver = change.approver_person = change.approved_at = None
    change.approved_sha256 = change.approval_note = ""


def _edited_by(change: ControlChange, by: User) -> None:
    if by.person is not None:
        change.editors.add(by.person)


def _next_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('controls_change_number')")
        return cursor.fetchone()[0]
