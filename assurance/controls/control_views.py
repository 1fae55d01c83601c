"""Every control that one may read, and what changed from one version of a control to another."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from assurance import clock
from assurance.accounts.principals import account_of
from assurance.accounts.roles import covers
from assurance.controls import visibility
from assurance.controls.control_history import Told, story_of
from assurance.controls.models import Workflow
from assurance.controls.presenting import change_list, control_diff, control_list


@login_required
@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The live controls of the workflows that this person may read about."""
    user, at = account_of(request), clock.now()
    seen = visibility.of_person(user, at)
    workflows = list(Workflow.objects.among(seen).order_by("name"))
    wanted = control_list.known_only(lambda name: request.GET.get(name, ""), workflows)
    context = control_list.present(workflows, wanted, at, action=reverse("controls"))
    context["mine"] = len(change_list.waiting_for(user, seen, at))
    return render(request, "controls/controls.html", context)


@login_required
@never_cache
@require_safe
def diff(request: HttpRequest, key: str, old: int, new: int) -> HttpResponse:
    """What changed between two versions. 404 for a version that never was, or of others."""
    at = clock.now()
    story = story_of(key)
    if not story:
        raise Http404
    workflow = story[0].version.workflow
    if not covers(visibility.of_person(request.user, at), workflow.slug):
        raise Http404
    was, now = _version(story, old), _version(story, new)
    context = control_diff.present(workflow, was, now, account_of(request), at)
    return render(request, "controls/diff.html", context)


def _version(story: list[Told], number: int) -> Told:
    found = next((one for one in story if one.version.version == number), None)
    if found is None:
        raise Http404
    return found
