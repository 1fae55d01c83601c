"""The page of any moment of the past."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from assurance import clock
from assurance.accounts.roles import covers, role_missing, workflows_of
from assurance.api import problems
from assurance.controls import visibility
from assurance.controls.models import Workflow
from assurance.controls.presenting import moments

LONGEST = 40


@login_required
@never_cache
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """What was in force at `at` (now, if none) for `workflow` (the first one may see, if none).

    403 for who audits, leads and governs nothing; 404 for a workflow that is not theirs.
    """
    now = clock.now()
    theirs = workflows_of(request.user, visibility.HISTORIANS, now)
    offered = list(Workflow.objects.among(theirs))
    if not offered:
        return problems.answer(request, role_missing(visibility.HISTORIANS, ""))
    slug = request.GET.get("workflow") or offered[0].slug
    workflow = visibility.find_workflow(slug, visibility.of_person(request.user, now))
    if not covers(theirs, workflow.slug):
        return problems.answer(request, role_missing(visibility.HISTORIANS, workflow.slug))
    at, refusal = _moment(request.GET.get("at", ""), now)
    context: dict[str, Any] = moments.present(workflow, at, now=now, offered=offered)
    context |= {"refusal": refusal, "case": request.GET.get("case", "")[:20]}
    return render(request, "controls/as_of.html", context, status=400 if refusal else 200)


def _moment(said: str, now: datetime) -> tuple[datetime, str]:
    """The moment asked for, and what is wrong with it; then it is now."""
    if not said:
        return now, ""
    try:
        # A `+` of an offset arrives as a space.
        at = parse_datetime(said.replace(" ", "+")) if len(said) <= LONGEST else None
        at = at and (at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        at = None
    if at is None or at.year < 1970:
        return now, "That is no moment. Write day and time, such as 2026-11-22T14:03. Shown is now."
    if at > now:
        return now, "Nobody knows yet what will be in force then. Shown is now."
    return at, ""
