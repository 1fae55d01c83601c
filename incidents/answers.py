"""The incident as callers, receivers and the record read it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings

from assurance.controls.models import Workflow
from incidents import clocks
from incidents.choices import Criterion
from incidents.models import AffectedCase, Containment, Incident, IncidentNote

TIMES = (
    *("occurred_at", "first_signal_at", "detected_at", "aware_at"),
    *("contained_at", "corrected_at", "closed_at"),
)


def incident_noun(incident: Incident) -> dict[str, Any]:
    """The incident itself, as webhooks carry it."""
    workflow: Workflow = incident.workflow
    return {
        "number": incident.number,
        "reference": incident.reference,
        "workflow": workflow.slug,
        "title": incident.title,
        "summary": incident.summary,
        "finding": incident.finding,
        "severity": incident.severity,
        "state": str(incident.state),
        "criteria": {str(one): getattr(incident, one.value) for one in Criterion},
        **{name: moment(getattr(incident, name)) for name in TIMES},
        "opened_by": _account(incident.opened_by) or _client(incident),
        "lead": _account(incident.lead),
        "alert": incident.alert_id,
        "web_url": settings.COUNTERMARK_URL + incident.get_absolute_url(),
    }


def incident_answer(incident: Incident, *, at: datetime) -> dict[str, Any]:
    """The same with its cases counted, its clocks and what contained it: what REST gives."""
    return incident_noun(incident) | {
        "cases": case_counts(incident),
        "clocks": [one.as_json(at) for one in clocks.of(incident)],
        "containments": [containment_answer(one) for one in incident.containments.all()],
    }


def case_counts(incident: Incident) -> dict[str, int]:
    """How many are on the list, harmed, and without a remedy; from a list's own row if it has."""
    if not hasattr(incident, "listed"):
        incident = Incident.objects.with_counts().get(pk=incident.pk)
    return {
        "total": incident.listed,
        "harmed": incident.harmed,
        "without_remedy": incident.unremedied,
    }


def containment_answer(one: Containment) -> dict[str, Any]:
    return {
        "kind": str(one.kind),
        "change": one.change.number if one.change else None,
        "reason": one.reason,
        "by": _account(one.by),
        "at": moment(one.at),
    }


def note_answer(note: IncidentNote) -> dict[str, Any]:
    return {
        "id": note.pk,
        "text": note.text,
        "about_at": moment(note.about_at),
        "corrects": note.corrects_id,
        "by": _account(note.by),
        "at": moment(note.at),
    }


def affected_answer(one: AffectedCase) -> dict[str, Any]:
    return {
        "id": str(one.case_id),
        "reference": one.case.reference,
        "title": one.case.title,
        "kind": str(one.kind),
        "remedy": one.remedy or None,
        "remedy_reason": one.remedy_reason,
        "remedied_by": _account(one.remedied_by),
        "remedied_at": moment(one.remedied_at),
        "added_at": moment(one.added_at),
    }


def moment(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None


def _account(user: Any) -> str | None:
    return user.username if user else None


def _client(incident: Incident) -> str | None:
    return incident.client.name if incident.client else None
