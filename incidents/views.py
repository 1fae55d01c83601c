"""The pages of incidents. Each view finds, calls one verb or one presenter, and answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from assurance import clock
from assurance.accounts.principals import account_of
from assurance.accounts.roles import workflows_of
from assurance.api.paging import KeysetPage
from assurance.controls.models import Workflow
from assurance.errors import DomainError, invalid
from incidents import affected, containment, lifecycle, notes, visibility
from incidents.affected import CaseQuery
from incidents.choices import Criterion, Severity
from incidents.models import Incident
from incidents.presenting import incident_list, incident_page
from incidents.presenting.forms import MOMENT, Refused
from reviews.models import Case

REFERENCE = re.compile(r"(?:CM-)?([0-9]{1,15})", re.ASCII | re.IGNORECASE)


@login_required
@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every incident that this person may read, newest first."""
    return _index(request)


@login_required
@require_POST
def open_one(request: HttpRequest) -> HttpResponse:
    """Open one; a refusal shows the form again with every word that was typed."""
    user, at = account_of(request), clock.now()
    form = request.POST
    mine = Workflow.objects.among(workflows_of(user, lifecycle.OPENERS, at))
    try:
        workflow = mine.filter(slug=form.get("workflow", "")).first()
        if workflow is None:
            raise invalid("/workflow", "unknown_workflow", "Choose a workflow of the list.")
        made = lifecycle.open_incident(
            workflow,
            title=text_of(form, "title"),
            severity=_number(form, "severity") or 0,
            summary=text_of(form, "summary"),
            occurred_at=_moment(form, "occurred_at"),
            by=user,
            at=at,
        )
    except DomainError as error:
        return _index(request, error)
    messages.success(request, f"{made.reference} is open. Say next which cases it is about.")
    return redirect(made)


@login_required
@never_cache
@require_safe
def show(request: HttpRequest, number: int) -> HttpResponse:
    """One incident. 404 alike for one that is not there and for one of others."""
    return _page(request, visibility.find(account_of(request), number, clock.now()))


@login_required
@require_POST
def act(request: HttpRequest, number: int, act: str) -> HttpResponse:
    """Do one act; a refusal shows the page as it is now, with every word that was typed."""
    if act not in ACTS:
        raise Http404
    user, at = account_of(request), clock.now()
    incident = visibility.find(user, number, at)
    try:
        done = ACTS[act](incident, request.POST, by=user, at=at)
    except DomainError as error:
        typed = {name: str(request.POST[name]) for name in request.POST}
        return _page(request, visibility.find(user, number, at), Refused(act, typed, error))
    messages.success(request, done)
    return redirect(incident)


def _index(request: HttpRequest, error: DomainError | None = None) -> HttpResponse:
    user, at = account_of(request), clock.now()
    seen = visibility.of_person(user, at)
    workflows = list(Workflow.objects.among(seen).order_by("name"))
    bar = incident_list.filters(
        lambda name: request.GET.get(name, ""), workflows, action=reverse("incidents:index")
    )
    found = Incident.objects.among(seen)
    for field in bar["fields"]:
        found = _filtered(found, field["name"], field["value"])
    try:
        listed: KeysetPage[Incident] = KeysetPage(
            found.for_page().with_counts(), keys=["number"], request=request, descending=True
        )
    except DomainError:  # a cursor of another list: it is a link, not a promise
        return redirect("incidents:index")
    ends = listed.envelope(())
    mine = Workflow.objects.among(workflows_of(user, lifecycle.OPENERS, at)).order_by("name")
    context = {
        "table": incident_list.table(listed.rows, at),
        "pager": {"next": ends["next"], "previous": ends["previous"]},
        "filters": bar,
        "filtered": bool(bar["clear_url"]),
        "openable": list(mine),
        "severities": Severity.choices,
        "refusal": error,
        "typed": request.POST,
    }
    return render(request, "incidents/index.html", context, status=error.status if error else 200)


def _page(request: HttpRequest, incident: Incident, refused: Refused | None = None) -> HttpResponse:
    context = incident_page.present(incident, account_of(request), clock.now(), refused)
    status = refused.error.status if refused else 200
    return render(request, "incidents/incident.html", context, status=status)


def _filtered(found: Any, name: str, value: str) -> Any:
    if not value:
        return found
    if name == "state" and value == "open":
        return found.open()
    return found.filter(**{"workflow__slug" if name == "workflow" else name: value})


def _transition(incident: Incident, form: QueryDict, **who: Any) -> str:
    moved = lifecycle.transition(
        incident, form.get("to", ""), reason=text_of(form, "reason"), **who
    )
    return f"{moved.reference} is {moved.get_state_display().lower()}."


def _describe(incident: Incident, form: QueryDict, **who: Any) -> str:
    fields: dict[str, Any] = {name: text_of(form, name) for name in lifecycle.TEXTS if name in form}
    if "severity" in form:
        fields["severity"] = _number(form, "severity")
    for name in ("occurred_at", "aware_at"):
        if name in form:
            fields[name] = _moment(form, name)
    lifecycle.describe(incident, **fields, **who)
    return f"{incident.reference} is saved."


def _criteria(incident: Incident, form: QueryDict, **who: Any) -> str:
    held: dict[str, Any] = {one.value: one.value in form for one in Criterion}
    lifecycle.describe(incident, **held, **who)
    return "The criteria are saved. The clocks follow them."


def _pause(incident: Incident, form: QueryDict, **who: Any) -> str:
    containment.pause(incident, reason=text_of(form, "reason"), **who)
    return f"{incident.workflow.name} is paused."


def _draft(incident: Incident, form: QueryDict, **who: Any) -> str:
    kind = form.get("kind", "")
    made = containment.draft_change(incident, kind=kind, reason=text_of(form, "reason"), **who)
    assert made.change is not None
    return f"Change {made.change.number} is drafted. Edit its controls, then submit it."


def _link(incident: Incident, form: QueryDict, **who: Any) -> str:
    number = _number(form, "change") or 0
    reason = text_of(form, "reason")
    containment.link_change(incident, number, kind=form.get("kind", ""), reason=reason, **who)
    return f"{incident.reference} is tied to change {number}."


def _cases(incident: Incident, form: QueryDict, **who: Any) -> str:
    ids = _ids(incident, text_of(form, "cases"))
    made = affected.add_cases(incident, kind=form.get("kind", ""), ids=ids, **who)
    return _added(len(made))


def _query(incident: Incident, form: QueryDict, **who: Any) -> str:
    query = CaseQuery(
        control=text_of(form, "control").strip(),
        version=_number(form, "version"),
        model_version=text_of(form, "model_version").strip(),
        disposition=form.get("disposition", ""),
        received_from=_moment(form, "received_from"),
        received_until=_moment(form, "received_until"),
    )
    made = affected.add_cases(incident, kind=form.get("kind", ""), query=query, **who)
    return _added(len(made))


def _remedy(incident: Incident, form: QueryDict, **who: Any) -> str:
    named = text_of(form, "cases").strip()
    ids = (
        _ids(incident, named)
        if named
        else list(incident.cases.unremedied().values_list("case_id", flat=True))
    )
    done = affected.set_remedy(
        incident, ids, remedy=form.get("remedy", ""), reason=text_of(form, "reason"), **who
    )
    return f"The remedy of {len(done)} {'case' if len(done) == 1 else 'cases'} is set."


def _note(incident: Incident, form: QueryDict, **who: Any) -> str:
    notes.note(
        incident,
        text=text_of(form, "text"),
        about_at=_moment(form, "about_at"),
        corrects=_number(form, "corrects"),
        **who,
    )
    return "The note stands in the timeline."


ACTS: dict[str, Callable[..., str]] = {
    "transition": _transition,
    "describe": _describe,
    "criteria": _criteria,
    "pause": _pause,
    "draft": _draft,
    "link": _link,
    "cases": _cases,
    "query": _query,
    "remedy": _remedy,
    "note": _note,
}


def text_of(form: QueryDict, name: str) -> str:
    """What was typed, with plain line ends."""
    return form.get(name, "").replace("\r\n", "\n")


def _added(count: int) -> str:
    if not count:
        return "No case was added: all of them are on the list already, or none fits."
    return f"{count} {'case is' if count == 1 else 'cases are'} on the list now."


def _ids(incident: Incident, text: str) -> list[UUID]:
    """The cases of these references; 422 with the first that is none of the workflow."""
    words = text.replace(",", " ").split()
    numbers = {}
    for word in words:
        found = REFERENCE.fullmatch(word)
        if found is None:
            raise invalid("/cases", "unknown_case", f"“{word[:40]}” is no reference: CM-48213.")
        numbers[int(found[1])] = word
    known = dict(
        Case.objects.filter(workflow=incident.workflow, number__in=numbers).values_list(
            "number", "pk"
        )
    )
    missing = [word for number, word in numbers.items() if number not in known]
    if missing:
        raise invalid(
            "/cases", "unknown_case", f"{incident.workflow.name} has no case {missing[0]}."
        )
    return list(known.values())


def _number(form: QueryDict, name: str) -> int | None:
    text = form.get(name, "").strip()
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII):
        raise invalid(f"/{name}", "invalid", "Write a whole number.")
    return int(text)


def _moment(form: QueryDict, name: str) -> datetime | None:
    text = form.get(name, "").strip()
    if not text:
        return None
    try:
        return datetime.strptime(text[:16], MOMENT).replace(tzinfo=UTC)
    except ValueError:
        raise invalid(
            f"/{name}", "invalid", "Write day and time in UTC, as 2031-01-06T12:00."
        ) from None
