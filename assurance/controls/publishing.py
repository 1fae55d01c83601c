"""Going live: a change becomes the next control set, in one transaction under the workflow's lock.

Who may say so is asked before: `approvals` for a second person, `alone` for one owner. What time
brings (a start, a lapse, a ratification that never came) is swept here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from assurance.accounts.models import User
from assurance.controls import changes, replay
from assurance.controls.candidates import edits_between
from assurance.controls.choices import ChangeStatus, Way
from assurance.controls.control_sets import newest_set, publish_next
from assurance.controls.locks import lock_workflow
from assurance.controls.models import ControlChange, ControlSet, Workflow
from assurance.delivery.alerts import raise_alert
from assurance.record.actors import Actor
from assurance.record.ledger import Stream, record

_after: list[Callable[[ControlChange, ControlSet, datetime], None]] = []


def register_after(act: Callable[[ControlChange, ControlSet, datetime], None]) -> None:
    """Called from `AppConfig.ready()` of the room that holds open cases: `act(change, set, at)`
    runs in the transaction in which a set goes live."""
    _after.append(act)


def go_live(change: ControlChange, *, by: User | None, at: datetime) -> ControlSet | None:
    """Make an approved change the live set. None where another set went live first: the change
    then waits for a new approval."""
    lock_workflow(change.workflow, shared=False)
    live = newest_set(change.workflow)
    if live.pk != change.base_set_id:
        overtaken(change, live, at=at)
        return None
    made = publish_next(
        change.workflow,
        changes.candidate_of(change),
        change=change,
        by=by,
        actor=Actor.person(by) if by else Actor.system("changes"),
        at=at,
    )
    change.status, change.published_at = ChangeStatus.PUBLISHED, made.effective_from
    change.ended_by, change.ended_at = by, at
    change.save()
    changes.tell(
        change,
        "published",
        {
            "set": made.number,
            "sha256": made.sha256,
            "way": change.way,
            "content_sha256": change.content_sha256,
        },
        by=by,
        at=at,
    )
    if change.way == Way.SECOND_PERSON:
        end_all_review(change.workflow, by=by, at=at)
    others = ControlChange.objects.open().filter(workflow=change.workflow_id).exclude(pk=change.pk)
    for other in others.order_by("number"):
        overtaken(changes.locked(other), made, at=at)
    for act in _after:
        act(change, made, at)
    return made


def overtaken(change: ControlChange, live: ControlSet, *, at: datetime) -> None:
    """Another set went live under an open change. What was approved is approved no more; without a
    common item it is rebased and replayed by itself, with one its owner has to compare."""
    if change.status == ChangeStatus.DRAFT:
        return
    common = sorted(common_items(change, live))
    changes.void_approval(change)
    change.changed_at = at
    if common:
        change.status, change.submitted_at, change.lapses_at = ChangeStatus.DRAFT, None, None
        change.save()
    else:
        change.status, change.lapses_at = (
            ChangeStatus.IN_REVIEW,
            at + changes.LAPSES_AFTER,
        )
        # Back from approved first: the database lets nothing that is approved be edited.
        change.save()
        changes.onto(change, live)
        change.save()
        replay.request(
            change.workflow,
            changes.candidate_of(change),
            base_set=live,
            by=change.submitted_by,
            at=at,
            change=change,
        )
    changes.tell(
        change,
        "overtaken",
        {"by_set": live.number, "common": [f"{item} {key}".strip() for item, key in common]},
        by=None,
        at=at,
    )


def common_items(change: ControlChange, live: ControlSet) -> set[tuple[str, str]]:
    """The items that this change and the sets published since its base both edit."""
    since = {
        (one["item"], one["key"]) for one in edits_between(change.base_set.content, live.content)
    }
    return change.touched() & since


def end_all_review(workflow: Workflow, *, by: User | None, at: datetime) -> None:
    """Lift the all-review of an unratified emergency: a second person has spoken since."""
    if not workflow.all_review:
        return
    waiting = ControlChange.objects.filter(
        workflow=workflow, way=Way.EMERGENCY, ratified_at=None, unratified_at__isnull=False
    )
    spoken = (
        waiting.exists()
        and not workflow.changes.filter(
            way=Way.SECOND_PERSON,
            published_at__gt=waiting.latest("unratified_at").unratified_at,
        ).exists()
    )
    if spoken:
        return
    _set_all_review(workflow, False, by=by, at=at)


def _set_all_review(workflow: Workflow, on: bool, *, by: User | None, at: datetime) -> None:
    workflow.all_review = on
    workflow.save(update_fields=["all_review"])
    record(
        Stream.workflow(workflow.slug),
        "workflow.all_review" if on else "workflow.all_review_ended",
        {},
        actor=Actor.person(by) if by else Actor.system("changes"),
        at=at,
        workflow=workflow.slug,
    )


def sweep(at: datetime) -> int:
    """Draw what time brings: lapses, starts, emergencies that nobody ratified. Returns how many."""
    drawn = 0
    for change in ControlChange.objects.lapsing(at):
        drawn += _each(change, _lapse, at)
    for change in ControlChange.objects.starting(at):
        drawn += _each(change, _start, at)
    for change in ControlChange.objects.unratified(at):
        drawn += _each(change, _unratified, at)
    return drawn


def _each(
    change: ControlChange, act: Callable[[ControlChange, datetime], bool], at: datetime
) -> int:
    with transaction.atomic():
        return int(act(changes.locked(change), at))


def _lapse(change: ControlChange, at: datetime) -> bool:
    if change.status != ChangeStatus.IN_REVIEW or change.lapses_at is None:
        return False
    if change.lapses_at > at:
        return False
    changes.end(change, ChangeStatus.LAPSED, by=None, note="Nobody decided in seven days.", at=at)
    changes.tell(change, "lapsed", {}, by=None, at=at)
    return True


def _start(change: ControlChange, at: datetime) -> bool:
    if change.status != ChangeStatus.APPROVED or (change.start_at and change.start_at > at):
        return False
    go_live(change, by=change.approver, at=at)
    return True


def _unratified(change: ControlChange, at: datetime) -> bool:
    if change.ratified_at is not None or change.unratified_at is not None:
        return False
    lock_workflow(change.workflow, shared=False)
    change.unratified_at = at
    change.save()
    changes.tell(change, "unratified", {}, by=None, at=at)
    if not change.workflow.all_review:
        _set_all_review(change.workflow, True, by=None, at=at)
    raise_alert(
        "emergency_unratified",
        f"Nobody ratified the emergency change {change.number} of {change.workflow.name} within "
        "24 hours. A person reviews every case until somebody does.",
        workflow=change.workflow.slug,
        at=at,
        data={"change": change.number},
    )
    return True
