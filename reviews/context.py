"""What the page shell shows on every page: where one may go, and how much waits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from assurance import clock
from assurance.accounts.choices import Role
from assurance.accounts.roles import covers, roles_of
from assurance.controls import visibility
from assurance.controls.models import Workflow
from reviews.models import Case, Queue

# Beyond this the number says nothing more and costs a long count.
CAP = 1000


def shell(request: HttpRequest) -> dict[str, Any]:
    """`shell`: {nav, waiting, now, paused}. Nothing for strangers and for programs."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or request.path.startswith("/api/"):
        return {"shell": {"nav": [], "waiting": 0}}
    at = clock.now()
    waiting = capped(Case.objects.waiting(at).filter(queue__in=Queue.objects.of(user)))
    nav: list[dict[str, Any]] = [
        {"label": "Work", "url": "/queues/", "count": waiting or ""},
        {"label": "Cases", "url": "/cases/", "count": ""},
    ]
    held = roles_of(user, at).keys()
    if held & set(visibility.HISTORIANS):
        nav.append({"label": "Incidents", "url": "/incidents/", "count": ""})
    if waiting or held & set(visibility.READERS) or Queue.objects.of(user).exists():
        nav.append({"label": "Controls", "url": "/controls/", "count": "", "also": "/changes/"})
    if user.is_superuser or held & {Role.INTEGRATOR, Role.GOVERNANCE}:
        nav.append({"label": "Integrate", "url": "/integrate/", "count": ""})
    if user.is_staff:
        nav.append({"label": "Admin", "url": "/admin/", "count": ""})
    for item in nav:
        item["current"] = request.path.startswith((item["url"], item.get("also", item["url"])))
    paused = paused_workflows(user, at)
    return {"shell": {"nav": nav, "waiting": waiting, "now": at, "paused": paused}}


def paused_workflows(user: Any, at: datetime) -> list[dict[str, Any]]:
    """The paused workflows that this person may read about. Mostly there is none, and then it
    takes one query."""
    paused = list(Workflow.objects.paused())
    if not paused:
        return []
    seen = visibility.of_person(user, at)
    return [
        {
            "name": one.name,
            "at": one.paused_at,
            "reason": one.pause_reason,
            "url": reverse("workflow", args=[one.slug]),
        }
        for one in paused
        if covers(seen, one.slug)
    ]


def capped(cases, cap: int = CAP) -> int | str:
    """How many, or "1000+"."""
    count = cases.order_by()[: cap + 1].count()
    return f"{cap}+" if count > cap else count
