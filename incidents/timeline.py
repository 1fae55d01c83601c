"""The timeline of an incident, assembled from the record: its own chain, what happened to the
workflow meanwhile, the cases that set it off, and what people added. Nothing here is typed twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.urls import reverse

from assurance.record.models import Event
from incidents.choices import CaseKind, ContainmentKind, IncidentState, Remedy
from incidents.models import Incident, IncidentNote
from reviews.models import Case

# What happened to the workflow shortly before belongs to the story.
BEFORE = timedelta(days=1)
MOST_CASES, MOST_ROWS = 20, 500
OF_WORKFLOW = (
    *("workflow.paused", "workflow.resumed", "workflow.stage_changed", "workflow.all_review"),
    *("control_set.published", "control_change.published", "alert.raised", "alert.closed"),
)
OF_CASES = ("case.received", "case.assessed", "case.decided", "case.closed", "case.reopened")


@dataclass(frozen=True)
class Entry:
    """One line. `source`: incident, workflow, case or note; `event` is the entry of the record,
    `note` the id of a note, `corrected` that a later note replaced this one."""

    at: datetime
    source: str
    text: str
    who: str
    quote: str = ""
    url: str = ""
    event: int | None = None
    note: int | None = None
    corrected: bool = False


def of(incident: Incident) -> list[Entry]:
    """Every line, oldest first; at most 500 of the record."""
    triggers = {
        str(one.case_id): one.case
        for one in incident.cases.filter(kind=CaseKind.TRIGGER).in_order()[:MOST_CASES]
    }
    since = min([incident.began_at, *(case.received_at for case in triggers.values())]) - BEFORE
    wanted = (
        Q(stream_type="incident", stream_id=str(incident.number))
        | Q(
            stream_type="workflow",
            stream_id=incident.workflow.slug,
            type__in=OF_WORKFLOW,
            at__gte=since,
        )
        | Q(stream_type="case", stream_id__in=list(triggers), type__in=OF_CASES)
    )
    found = Event.objects.filter(wanted)
    if incident.closed_at is not None:
        found = found.exclude(stream_type="workflow", at__gt=incident.closed_at)
    events = found.select_related("payload", "actor_user").order_by("at", "id")[:MOST_ROWS]
    lines = [line for event in events if (line := _entry(event, triggers))]
    return sorted([*lines, *_notes(incident)], key=lambda line: line.at)


def _entry(event: Event, cases: Mapping[str, Case]) -> Entry | None:
    said = json.loads(bytes(event.payload.body))
    text, quote, url = _words(event, said, cases)
    if not text:
        return None
    user = event.actor_user
    return Entry(
        at=event.at,
        source=event.stream_type,
        text=text,
        who=user.full_name_or_username if user else _system(event),
        quote=quote,
        url=url,
        event=event.pk,
    )


def _system(event: Event) -> str:
    return event.actor_ref if event.actor_kind == "client" else "Countermark"


def _words(event: Event, said: Mapping[str, Any], cases: Mapping[str, Case]) -> tuple[str, ...]:
    """(what happened, in whose words, where it is read)"""
    if event.stream_type == "incident":
        return _of_incident(event.type.partition(".")[2], said)
    if event.stream_type == "workflow":
        return _of_workflow(event.type, said)
    return _of_case(event.type, said, cases[event.stream_id])


def _of_incident(what: str, said: Mapping[str, Any]) -> tuple[str, ...]:
    if what in IncidentState.values:
        return f"{IncidentState(what).label}, until then {said['from']}", said["reason"], ""
    match what:
        case "opened":
            return f"Opened the incident, severity {said['severity']}", said["title"], ""
        case "described":
            changed = ", ".join(name.replace("_", " ") for name in said["changed"])
            return f"Wrote anew: {changed}", "", ""
        case "cases_added":
            count = said["count"]
            kind = CaseKind(said["kind"]).label.lower()
            return f"Put {count} {'case' if count == 1 else 'cases'} on the list, {kind}", "", ""
        case "case_classified":
            kind = CaseKind(said["kind"]).label.lower()
            return f"Said of one case that it is {kind}", "", ""
        case "remedy_set":
            count, remedy = len(said["cases"]), Remedy(said["remedy"]).label.lower()
            cases = "case" if count == 1 else "cases"
            return f"Remedy of {count} {cases}: {remedy}", said["reason"], ""
        case "containment_begun":
            kind, number = ContainmentKind(said["kind"]).label, said["change"]
            url = reverse("change", args=[number]) if number else ""
            return f"{kind}{f' by change {number}' if number else ''}", said["reason"], url
        case "noted" | "note_corrected":
            return "", "", ""  # the notes themselves are shown
    return what.replace("_", " ").capitalize(), "", ""


def _of_workflow(type: str, said: Mapping[str, Any]) -> tuple[str, ...]:
    number = said.get("number")
    match type:
        case "workflow.paused":
            return "Paused the workflow", said.get("reason") or "", ""
        case "workflow.resumed":
            return "Resumed the workflow", said.get("reason") or "", ""
        case "workflow.stage_changed":
            return f"Moved the workflow to {said.get('to', 'another stage')}", "", ""
        case "workflow.all_review":
            return "Sent every case to review", said.get("reason") or "", ""
        case "control_set.published":
            return f"Control set {number} went live", "", ""
        case "control_change.published":
            return f"Published change {number}", "", reverse("change", args=[number])
        case "alert.raised":
            return "An alert was raised", said.get("sentence") or "", ""
    return "Closed an alert", "", ""


def _of_case(type: str, said: Mapping[str, Any], case: Case) -> tuple[str, ...]:
    name, url = case.reference, case.get_absolute_url()
    match type:
        case "case.received":
            return f"{name} arrived", case.title, url
        case "case.assessed":
            spoke = [key for key, one in said["outcomes"].items() if one not in ("pass",)]
            by = f"; spoke: {', '.join(spoke)}" if spoke else "; no control spoke"
            return f"{name} was judged {said['disposition']}{by}", "", url
        case "case.decided":
            return f"{name} was decided: {said['outcome']}", "", url
        case "case.reopened":
            return f"{name} was reopened", "", url
    return f"{name} ended: {said['end'].replace('_', ' ')}", "", url


def _notes(incident: Incident) -> Iterator[Entry]:
    notes: list[IncidentNote] = list(incident.notes.select_related("by"))
    replaced = {one.corrects_id for one in notes}
    for one in notes:
        yield Entry(
            at=one.about_at,
            source="note",
            text="Noted" if one.corrects_id is None else "Noted, in place of an earlier note",
            who=one.by.full_name_or_username if one.by else "Countermark",
            quote=one.text,
            note=one.pk,
            corrected=one.pk in replaced,
        )
