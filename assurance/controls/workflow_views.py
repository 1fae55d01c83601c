"""The page of one workflow: where it stands, pause and resume, its cases in flight."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from assurance import clock
from assurance.accounts.principals import account_of
from assurance.controls import pausing, visibility
from assurance.controls.models import Workflow
from assurance.controls.presenting import workflows
from assurance.errors import DomainError


@login_required
@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The workflows that one may read about."""
    at = clock.now()
    seen = Workflow.objects.among(visibility.of_person(request.user, at)).select_related("owner")
    return render(request, "controls/workflows.html", {"table": workflows.table(seen)})


@login_required
@never_cache
@require_safe
def show(request: HttpRequest, slug: str) -> HttpResponse:
    """One workflow. 404 for one that is not there or nothing to this person."""
    return _page(request, find(request, slug, clock.now()))


def _page(
    request: HttpRequest, workflow: Workflow, refusal: DomainError | None = None
) -> HttpResponse:
    context: dict[str, Any] = workflows.present(workflow, account_of(request), clock.now())
    context |= {"refusal": refusal, "typed": request.POST.get("reason", "")}
    status = refusal.status if refusal else 200
    return render(request, "controls/workflow.html", context, status=status)


@login_required
@require_POST
def pause(request: HttpRequest, slug: str) -> HttpResponse:
    """Hold everything, from the workflow's page or from a case."""
    return act(request, slug, pausing.pause, "{} is paused. New cases are held from now on.")


@login_required
@require_POST
def resume(request: HttpRequest, slug: str) -> HttpResponse:
    """Let it go on."""
    return act(request, slug, pausing.resume, "{} goes on. Held cases are judged again.")


def act(request: HttpRequest, slug: str, verb: Callable[..., Workflow], done: str) -> HttpResponse:
    at = clock.now()
    workflow = find(request, slug, at)
    reason = request.POST.get("reason", "")
    try:
        verb(workflow, reason=reason, by=account_of(request), at=at)
    except DomainError as refusal:
        return _page(request, find(request, slug, at), refusal)
    messages.success(request, done.format(workflow.name))
    return redirect(_back(request, workflow))


def find(request: HttpRequest, slug: str, at: datetime) -> Workflow:
    return visibility.find_workflow(slug, visibility.of_person(request.user, at))


def _back(request: HttpRequest, workflow: Workflow) -> str:
    """Where the form was: a page of ours, or the workflow's."""
    back = request.POST.get("back", "")
    if back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return back
    return reverse("workflow", args=[workflow.slug])
