"""Going live: a change becomes the next control set, in one transaction under the workflow's lock.

Who may say so is asked before: `approvals` for a second person, `alone` for one owner. What time
brings (a start, a lapse, a ratification that never came) is swept here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import DatabaseError, IntegrityError, transaction

from assurance.accounts.models import User
from assurance.controls import changes, pausing, replay
from assurance.controls.candidates import edits_between
from assurance.controls.choices import ChangeStatus, Stage, Way
from assurance.controls.control_sets import newest_set, publish_next
from assurance.controls.locks import lock_workflow
from assurance.controls.models import ControlChange, ControlSet, Workflow
from assurance.controls.querysets import ControlChangeQuerySet
from assurance.delivery.alerts import raise_alert
from assurance.errors import DomainError
from assurance.record.actors import Actor
from assurance.record.ledger import Stream, record

log = logging.getLogger(__name__)

WHY_NOT_STARTED = "By now its approval does not count: who gave it may not give it any more."


def go_live(change: ControlChange, *, by: User | None, at: datetime) -> ControlSet | None:
    """Make an approved change the live set. None where another set went live first: the change
    then waits for a new approval. 409 `stage_moved`: what it needed hung on the stage, and
    `replay_missing`: agreed in a pilot, it is past it by now, and no replay was asked for there."""
    lock_workflow(change.workflow, shared=False)
    stage = Workflow.objects.values_list("stage", flat=True).get(pk=change.workflow_id)
    if stage != change.workflow.stage:
        raise DomainError(
            "stage_moved",
            f"{change.workflow.name} moved to {Stage(stage).label} meanwhile, and what a change "
            "needs hangs on that. Read the change again.",
        )
    live = newest_set(change.workflow)
    if live.pk != change.base_set_id:
        overtaken(change, live, at=at)
        return None
    _refuse_unproved(change)
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
    return made


def _refuse_unproved(change: ControlChange) -> None:
    """An approval beyond the pilot rests on a replay, whose direction it holds."""
    past = change.workflow.stage not in changes.EARLY
    if past and change.way == Way.SECOND_PERSON and not change.direction:
        raise DomainError(
            "replay_missing",
            f"Change {change.number} was approved in a pilot, without a replay. "
            f"{change.workflow.name} is in {Stage(change.workflow.stage).label} by now: replay it "
            "over past cases and let a second person approve it again.",
        )


def overtaken(change: ControlChange, live: ControlSet, *, at: datetime) -> None:
    """Another set went live under an open change. What was approved is approved no more; without a
    common item it is rebased and replayed by itself, with one, or where it does not fit the set,
    its owner has to look at it. It never stops the publication."""
    if change.status == ChangeStatus.DRAFT:
        return
    common = sorted(common_items(change, live))
    _back_to_review(change, at)
    # Back from approved first: the database lets nothing that is approved be edited.
    misfit = "" if common else _carried_over(change, live)
    if common or misfit:
        change.status, change.submitted_at, change.lapses_at = ChangeStatus.DRAFT, None, None
    change.save()
    if not common and not misfit:
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
        {
            "by_set": live.number,
            "common": [f"{item} {key}".strip() for item, key in common],
            "misfit": misfit,
        },
        by=None,
        at=at,
    )


def _carried_over(change: ControlChange, live: ControlSet) -> str:
    """Put its edits on the live set. What is wrong with them there, if they cannot stand on it."""
    base = change.base_set
    try:
        changes.onto(change, live)
    except DomainError as refusal:
        change.base_set = base
        return refusal.sentence
    return ""


def _back_to_review(change: ControlChange, at: datetime) -> None:
    changes.void_approval(change)
    change.status, change.changed_at = ChangeStatus.IN_REVIEW, at
    change.lapses_at = at + changes.LAPSES_AFTER
    change.save()


def common_items(change: ControlChange, live: ControlSet) -> set[tuple[str, str]]:
    """The items that this change and the sets published since its base both edit."""
    since = {
        (one["item"], one["key"]) for one in edits_between(change.base_set.content, live.content)
    }
    return change.touched() & since


def end_all_review(workflow: Workflow, *, by: User | None, at: datetime) -> None:
    """Lift the all-review of unratified emergencies once a second person has spoken since: each
    was ratified, or two persons published a set after the last of them lapsed."""
    if not workflow.all_review:
        return
    waiting = workflow.changes.filter(
        way=Way.EMERGENCY, ratified_at=None, unratified_at__isnull=False
    ).order_by("unratified_at")
    last = waiting.last()
    later = workflow.changes.filter(way=Way.SECOND_PERSON)
    if last is None or later.filter(published_at__gt=last.unratified_at).exists():
        _set_all_review(workflow, False, by=by, at=at)


def _set_all_review(workflow: Workflow, on: bool, *, by: User | None, at: datetime) -> None:
    # A version of its history holds the whole row, so it is written from the row as it is now.
    fresh = pausing.locked(workflow)
    workflow.all_review = fresh.all_review = on
    fresh._history_date = at
    fresh.save(update_fields=["all_review"])
    record(
        Stream.workflow(workflow.slug),
        "workflow.all_review" if on else "workflow.all_review_ended",
        {},
        actor=Actor.person(by) if by else Actor.system("changes"),
        at=at,
        workflow=workflow.slug,
    )


def sweep(at: datetime) -> int:
    """Draw what time brings: lapses, starts, emergencies that nobody ratified. Returns how many.
    Any number of sweeps may run at once: what is due is asked again under its lock. What fails for
    one change fails for none of the others."""
    changes_ = ControlChange.objects
    steps: tuple[tuple[ControlChangeQuerySet, Callable[[ControlChange, datetime], None]], ...] = (
        (changes_.lapsing(at), _lapse),
        (changes_.starting(at), _start),
        (changes_.unratified(at), _unratified),
    )
    drawn = 0
    for due, act in steps:
        for change in due:
            try:
                drawn += _draw(change, due, act, at)
            except (DomainError, DatabaseError):
                log.exception("what time brings to change %s was not drawn", change.number)
    return drawn


@transaction.atomic
def _draw(
    change: ControlChange,
    due: ControlChangeQuerySet,
    act: Callable[[ControlChange, datetime], None],
    at: datetime,
) -> bool:
    change = changes.locked(change)
    is_due = due.filter(pk=change.pk).exists()
    if is_due:
        act(change, at)
    return is_due


def _lapse(change: ControlChange, at: datetime) -> None:
    changes.end(change, ChangeStatus.LAPSED, by=None, note="Nobody decided in seven days.", at=at)
    changes.tell(change, "lapsed", {}, by=None, at=at)


def _start(change: ControlChange, at: datetime) -> None:
    """Go live as agreed. Where that may not be any more (its approver counts as a builder by now,
    the pilot is over) it waits for a second person again, instead of being tried for ever."""
    try:
        with transaction.atomic():
            go_live(change, by=change.approver, at=at)
    except (DomainError, IntegrityError) as refusal:
        log.warning("change %s could not start: %s", change.number, refusal)
        change = changes.locked(change)
        _back_to_review(change, at)
        why = refusal.sentence if isinstance(refusal, DomainError) else WHY_NOT_STARTED
        changes.tell(change, "not_started", {"why": why}, by=None, at=at)


def _unratified(change: ControlChange, at: datetime) -> None:
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
