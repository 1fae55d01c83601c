"""The page of a workflow's intent, and what guards each part of it."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from assurance import clock
from assurance.controls import visibility
from assurance.controls.presenting import specifications


@login_required
@never_cache
@require_safe
def show(request: HttpRequest, slug: str) -> HttpResponse:
    """The specification in force. 404 for a workflow that is nothing to this person."""
    workflow = visibility.find_workflow(slug, visibility.of_person(request.user, clock.now()))
    return render(request, "controls/specification.html", specifications.present(workflow))
