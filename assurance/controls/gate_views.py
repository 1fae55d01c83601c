"""The gate page of a workflow: what each criterion says, signing, moving back, drills."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from assurance import clock
from assurance.accounts.principals import account_of
from assurance.controls import drills, stages, visibility
from assurance.controls.models import Drill, Workflow
from assurance.controls.presenting import gates
from assurance.errors import DomainError, invalid


@login_required
@never_cache
@require_safe
def show(request: HttpRequest, slug: str) -> HttpResponse:
    """What the gate says now. 404 for a workflow that is not there or nothing to this person."""
    return _page(request, _find(request, slug))


def _page(
    request: HttpRequest, workflow: Workflow, refusal: DomainError | None = None
) -> HttpResponse:
    context = gates.present(workflow, account_of(request), clock.now())
    context |= {"refusal": refusal, "typed": request.POST}
    status = refusal.status if refusal else 200
    return render(request, "controls/gate.html", context, status=status)


@login_required
@require_POST
def stage(request: HttpRequest, slug: str) -> HttpResponse:
    """Sign, or move back: `to` says which."""

    def act(workflow: Workflow, by: Any, at: datetime) -> str:
        to, reason = request.POST.get("to", ""), request.POST.get("reason", "")
        done = stages.move(workflow, to, reason=reason, by=by, at=at)
        if not done.moved:
            return "Signed. Another governance owner who did not build it signs next."
        return f"{workflow.name} is in {done.workflow.get_stage_display()} now."

    return _act(request, slug, act)


@login_required
@require_POST
def drill(request: HttpRequest, slug: str) -> HttpResponse:
    """Enter a drill that was held."""

    def act(workflow: Workflow, by: Any, at: datetime) -> str:
        said = {name: request.POST.get(name, "") for name in ("kind", "result", "evidence", "note")}
        drills.enter(workflow, **said, held_at=_moment(request), by=by, at=at)
        return "Entered. It counts once another governance owner confirms it."

    return _act(request, slug, act)


@login_required
@require_POST
def confirm_drill(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Be the second person of a drill."""

    def act(workflow: Workflow, by: Any, at: datetime) -> str:
        found = Drill.objects.filter(workflow=workflow, pk=pk).select_related("workflow").first()
        if found is None:
            raise Http404
        drills.confirm(found, by=by, at=at)
        return "The drill is confirmed."

    return _act(request, slug, act)


def _act(
    request: HttpRequest, slug: str, verb: Callable[[Workflow, Any, datetime], str]
) -> HttpResponse:
    workflow = _find(request, slug)
    try:
        done = verb(workflow, account_of(request), clock.now())
    except DomainError as refusal:
        return _page(request, _find(request, slug), refusal)
    messages.success(request, done)
    return redirect("gate", workflow.slug)


def _find(request: HttpRequest, slug: str) -> Workflow:
    return visibility.find_workflow(slug, visibility.of_person(request.user, clock.now()))


def _moment(request: HttpRequest) -> datetime:
    """When it was held, as the form says it: in UTC."""
    try:
        said = parse_datetime(request.POST.get("held_at", ""))
    except ValueError:
        said = None
    if said is None or not 1970 < said.year < 2200:
        raise invalid("/held_at", "required", "Say when the drill was held: day and time, in UTC.")
    return said if said.tzinfo else said.replace(tzinfo=UTC)
