"""The queue beside a case: what comes next, and who holds what."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from reviews.context import capped
from reviews.models import Case, Queue
from reviews.presenting import marking, timing, why

if TYPE_CHECKING:
    from assurance.accounts.models import User

ROWS = 12


def present(case: Case, *, user: User, at: datetime, play: bool) -> dict[str, Any]:
    """What `_queue_rail.html` needs, and the neighbours of the case."""
    empty: dict[str, Any] = {"rows": [], "previous_url": None, "next_url": None, "position": ""}
    queue = case.queue
    if queue is None or not queue.members.filter(pk=user.pk).exists():
        return empty | {"name": ""}
    cases = list(in_rail(queue, at))
    rows = [row(one, user=user, at=at, current=one.pk == case.pk) for one in cases]
    here = next((n for n, one in enumerate(cases) if one.pk == case.pk), None)
    waiting = Case.objects.filter(queue=queue).waiting(at)
    soon = capped(waiting.filter(due_at__lte=at + timing.SOON))
    return {
        "name": queue.name,
        "url": queue.get_absolute_url(),
        "summary": f"{capped(waiting)} waiting, {soon} due within 15 min",
        "rows": rows,
        "play": {"on": play, "url": reverse("reviews:play")},
        "previous_url": rows[here - 1]["url"] if here else None,
        "next_url": rows[here + 1]["url"] if here is not None and here + 1 < len(rows) else None,
        "position": f"{here + 1} of {len(rows)}" if here is not None else "",
    }


def in_rail(queue: Queue, at: datetime):
    """The first open cases in work order, held ones among them, decided ones not."""
    return Case.objects.filter(queue=queue, pending=None).open().in_work_order().for_rail()[:ROWS]


def row(case: Case, *, user: User, at: datetime, current: bool = False) -> dict[str, Any]:
    held = case.is_leased(at) and case.leased_by_id != user.pk
    return {
        "url": case.get_absolute_url(),
        "title": marking.visible(case.title),
        "level": case.priority,
        "left": timing.left(case, at),
        "why": why.sentence(case),
        "current": current,
        "holder": case.leased_by.full_name_or_username if held and case.leased_by else "",
        "until": case.leased_until if held else None,
    }
