"""What the page shell shows on every page: where one may go, and how much waits."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from assurance import clock
from assurance.accounts.choices import Role
from assurance.accounts.roles import holds_anywhere
from reviews.models import Case, Queue

# Beyond this the number says nothing more and costs a long count.
CAP = 1000


def shell(request: HttpRequest) -> dict[str, Any]:
    """`shell`: {nav, waiting, now}. Nothing for strangers and for programs."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or request.path.startswith("/api/"):
        return {"shell": {"nav": [], "waiting": 0}}
    at = clock.now()
    waiting = capped(Case.objects.waiting(at).filter(queue__in=Queue.objects.of(user)))
    nav: list[dict[str, Any]] = [
        {"label": "Work", "url": "/queues/", "count": waiting or ""},
        {"label": "Cases", "url": "/cases/", "count": ""},
    ]
    if user.is_superuser or holds_anywhere(user, (Role.INTEGRATOR, Role.GOVERNANCE), at):
        nav.append({"label": "Integrate", "url": "/integrate/", "count": ""})
    if user.is_staff:
        nav.append({"label": "Admin", "url": "/admin/", "count": ""})
    for item in nav:
        item["current"] = request.path.startswith(item["url"])
    return {"shell": {"nav": nav, "waiting": waiting, "now": at}}


def capped(cases, cap: int = CAP) -> int | str:
    """How many, or "1000+"."""
    count = cases.order_by()[: cap + 1].count()
    return f"{cap}+" if count > cap else count
