"""Rows of the lists: queues, a queue's cases, all cases. No sensitive value ever stands in one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from assurance.errors import DomainError
from reviews.choices import Status
from reviews.claims import nothing_to_claim
from reviews.models import Case, Queue
from reviews.presenting import timing, why
from reviews.presenting.marking import visible

if TYPE_CHECKING:
    from assurance.accounts.models import User

CAP = 1000
STATUS_TAGS = {
    Status.VERIFYING: ("", "ring"),
    Status.WAITING: ("", "ring"),
    Status.IN_REVIEW: ("info", "lock"),
    Status.PAUSED: ("warn", "pause"),
    Status.RETURNED: ("", "back"),
    Status.CONTINUED: ("", "arrow"),
    Status.CLOSED: ("", "done"),
}
END_TAGS = {
    "approved": ("ok", "done"),
    "corrected": ("ok", "done"),
    "rejected": ("fail", "stop"),
    "blocked": ("fail", "stop"),
}


def queues(found: Iterable[Queue], at: datetime) -> list[dict[str, Any]]:
    """Queues with their load: waiting, oldest, next due."""
    return [
        {
            "queue": queue,
            "waiting": f"{CAP}+" if queue.waiting > CAP else queue.waiting,
            "oldest": timing.words(at - queue.oldest_at) if queue.oldest_at else "",
            "due": {
                "due": queue.next_due_at,
                "state": "late"
                if queue.next_due_at <= at
                else "soon"
                if queue.next_due_at <= at + timing.SOON
                else "ok",
                "text": timing.words(queue.next_due_at - at)
                + (" late" if queue.next_due_at <= at else ""),
            }
            if queue.next_due_at
            else None,
        }
        for queue in found
    ]


def held(cases: Iterable[Case], at: datetime) -> list[dict[str, Any]]:
    """The cases that a person holds now."""
    return [
        {
            "case": case,
            "title": visible(case.title),
            "level": case.priority,
            "why": why.sentence(case),
            "until": case.leased_until,
            "left": timing.left(case, at),
        }
        for case in cases
    ]


def queue_table(cases: Iterable[Case], queue: Queue, *, user: User, at: datetime) -> dict[str, Any]:
    """One queue in work order: priority, case, why, time left, holder."""
    return {
        "caption": f"Cases in {queue.name}, in work order",
        "rows": [queue_row(case, user=user, at=at) for case in cases],
    }


def queue_row(case: Case, *, user: User, at: datetime) -> dict[str, Any]:
    leased = case.is_leased(at)
    return {
        "url": case.get_absolute_url(),
        "reference": case.reference,
        "title": visible(case.title),
        "level": case.priority,
        "why": why.sentence(case),
        "left": timing.left(case, at),
        "mine": leased and case.leased_by_id == user.pk,
        "holder": case.leased_by.full_name_or_username if leased and case.leased_by else "",
        "until": case.leased_until if leased else None,
    }


def case_table(cases: Iterable[Case], at: datetime) -> dict[str, Any]:
    """Cases of every state, newest first."""
    labels = ("Case", "Workflow", "Status", "Why", "Received")
    return {
        "caption": "Cases, newest first",
        "columns": [{"label": label} for label in labels],
        "rows": [_case_row(case, at, labels) for case in cases],
    }


def _case_row(case: Case, at: datetime, labels: tuple[str, ...]) -> dict[str, Any]:
    status = case.status(at)
    kind, icon = END_TAGS.get(case.end) or STATUS_TAGS[status]
    label = case.get_end_display() if case.end else status.label
    cells: list[dict[str, Any]] = [
        {"text": visible(case.title), "url": case.get_absolute_url(), "small": case.reference},
        {"text": case.workflow.name},
        {"tag": {"label": label, "kind": kind, "icon": icon}},
        {"text": why.sentence(case)},
        {"at": case.received_at},
    ]
    return {"cells": [cell | {"label": name} for cell, name in zip(cells, labels, strict=True)]}


def empty_queue(queue: Queue, user: User, at: datetime, *, member: bool) -> dict[str, str]:
    """Why there is nothing to take: none waits, all are held, or none is theirs. Who only
    watches takes nothing, and learns nothing of workflows that are not theirs."""
    if not member:
        return {"title": "None waiting", "text": f"No case of your workflows is in {queue.name}."}
    refusal: DomainError = nothing_to_claim(queue, user, at)
    titles = {
        "none_waiting": "None waiting",
        "all_held": "All are held by others",
        "not_eligible": "None that you may take",
    }
    return {"title": titles[refusal.extra["reason"]], "text": refusal.sentence}
