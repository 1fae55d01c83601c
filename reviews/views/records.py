"""All cases, and the record of one."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.views.decorators.http import require_GET

from assurance import clock
from assurance.accounts.principals import account_of
from assurance.controls.live_set import live_set
from assurance.controls.models import Workflow
from assurance.record.ledger import Stream, head_hash, verify
from reviews.choices import Outcome, Status
from reviews.decision_rules import reason_labels
from reviews.models import Case
from reviews.presenting import activity, changes, lists, timing, workspace
from reviews.views.finding import REFERENCE, find_case
from reviews.views.paging import Page

MAX_SEARCH = 200


@login_required
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """Search cases by reference, external id, subject or title."""
    at = clock.now()
    words = request.GET.get("q", "")
    if "\x00" in words or len(words) > MAX_SEARCH:
        return HttpResponseBadRequest(
            f"A search has at most {MAX_SEARCH} characters and no control characters. Shorten it."
        )
    cases = Case.objects.visible_to(account_of(request), at)
    workflows = Workflow.objects.filter(
        pk__in=cases.order_by().values("workflow").distinct()
    ).order_by("name")
    status, workflow = request.GET.get("status", ""), request.GET.get("workflow", "")
    found = matching(cases, words.strip())
    if status in Status.values:
        found = found.with_status(status, at)
    if workflow:
        found = found.filter(workflow__slug=workflow)
    page = Page(request, found.for_list(), keys=("received_at", "id"), descending=True)
    filtered = bool(words or status or workflow)
    return render(
        request,
        "reviews/cases.html",
        {
            "table": lists.case_table(page.rows, at),
            "pager": page.pager(),
            "filters": _filters(words, status, workflow, workflows, filtered),
            "filtered": filtered,
        },
    )


def matching(cases, words: str):
    """Literal and case-insensitive: `%`, `_` and a backslash stand for themselves."""
    if not words:
        return cases
    if reference := REFERENCE.fullmatch(words.upper()):
        return cases.filter(number=int(reference.group(1)))
    return cases.filter(
        Q(external_id__iexact=words) | Q(subject__iexact=words) | Q(title__icontains=words)
    )


def _filters(words, status, workflow, workflows, filtered):
    return {
        "action": "/cases/",
        "clear_url": "/cases/" if filtered else None,
        "fields": [
            {"name": "q", "label": "Search", "value": words, "type": "search", "wide": True},
            {
                "name": "status",
                "label": "Status",
                "value": status,
                "options": [{"value": "", "label": "Any"}]
                + [{"value": value, "label": label} for value, label in Status.choices],
            },
            {
                "name": "workflow",
                "label": "Workflow",
                "value": workflow,
                "options": [{"value": "", "label": "Any"}]
                + [{"value": one.slug, "label": one.name} for one in workflows],
            },
        ],
    }


@login_required
@require_GET
def show(request: HttpRequest, reference: str) -> HttpResponse:
    """The record of a case: every entry with its hash, and whether the chain holds."""
    at = clock.now()
    case = find_case(request, reference, at)
    stream = Stream.case(case.id)
    problems = verify(stream)
    context = workspace.present(case, user=account_of(request), at=at, play=False)
    return render(
        request,
        "reviews/record.html",
        {
            "case": case,
            "head": context["head"] | {"lease": None, "previous_url": None, "next_url": None},
            "why": context["why"],
            "output": context["output"] | {"editable": False},
            "sources": context["sources"],
            "entries": list(reversed(activity.present(case, with_hash=True))),
            "decisions": decisions_of(case),
            "integrity": integrity(problems, head_hash(stream)),
            "left": timing.left(case, at),
            "as_of_url": context["as_of_url"],
        },
    )


def decisions_of(case: Case) -> list[dict[str, Any]]:
    """Every decision as it was made, with links to the one before and the one after."""
    made = list(case.decisions.select_related("decided_by", "to_queue"))
    later = {one.supersedes_id: one.pk for one in made if one.supersedes_id}
    drafted = {one.revision: one.body["output"] for one in case.submissions.all()}
    catalogue = live_set(case.control_set).catalogue
    return [
        {
            "decision": one,
            "reasons": reason_labels(case, one.reasons),
            "changes": changes.present(drafted[one.revision], one.output, catalogue)
            if one.outcome == Outcome.CORRECT
            else None,
            "superseded_by": later.get(one.pk),
        }
        for one in made
    ]


def integrity(problems, head: str) -> dict[str, str]:
    if problems:
        return {
            "state": "broken",
            "text": f"The record of this case was changed after it was written: {problems[0]}",
            "hash": head,
        }
    return {
        "state": "verified",
        "text": "Every entry is as it was written. The hash below seals them all.",
        "hash": head,
    }
