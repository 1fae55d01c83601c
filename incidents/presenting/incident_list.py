"""Incidents as rows: severity, state, contained or not, harmed cases, the next legal clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from assurance.controls.models import Workflow
from assurance.controls.presenting.change_list import choice
from assurance.controls.presenting.tables import table as rows_of
from incidents import clocks
from incidents.choices import IncidentState, Severity
from incidents.models import Incident

LABELS = ("Incident", "Severity", "State", "Contained", "Cases", "Next clock", "Opened")
KINDS = {
    Severity.CRITICAL: ("fail", "warn"),
    Severity.MAJOR: ("warn", "warn"),
    Severity.MINOR: ("", ""),
    Severity.SLIGHT: ("", ""),
}
STATE_KINDS = {
    IncidentState.DETECTED: ("warn", "ring"),
    IncidentState.REOPENED: ("warn", "ring"),
    IncidentState.CLOSED: ("ok", "done"),
    IncidentState.REJECTED: ("", "x"),
}


def table(incidents: Iterable[Incident], at: datetime) -> dict[str, Any]:
    """Rows for `includes/_data_table.html`."""
    rows = [_row(one, at) for one in incidents]
    return rows_of("Incidents, newest first", LABELS, rows)


def _row(incident: Incident, at: datetime) -> list[dict[str, Any]]:
    running = None if incident.is_over else next(iter(clocks.of(incident)), None)
    return [
        {
            "text": incident.title,
            "url": incident.get_absolute_url(),
            "small": f"{incident.reference}, {incident.workflow.name}",
        },
        {"tag": severity_tag(incident)},
        {"tag": state_tag(incident)},
        {"at": incident.contained_at, "show": "full"}
        if incident.contained_at
        else {"text": "Not yet" if not incident.is_over else "–"},
        {
            "text": str(incident.harmed),
            "small": f"{incident.unremedied} without a remedy" if incident.unremedied else "",
        },
        {"text": running.rule.article, "small": due_in(running, at)} if running else {"text": "–"},
        {"at": incident.detected_at},
    ]


def severity_tag(incident: Incident) -> dict[str, str]:
    kind, icon = KINDS[Severity(incident.severity)]
    return {
        "label": f"Severity {Severity(incident.severity).label}",
        "kind": kind,
        "icon": icon,
    }


def state_tag(incident: Incident) -> dict[str, str]:
    kind, icon = STATE_KINDS.get(IncidentState(incident.state), ("info", "eye"))
    return {"label": IncidentState(incident.state).label, "kind": kind, "icon": icon}


def due_in(clock: clocks.Clock, at: datetime) -> str:
    """What is left of a clock, in days and hours."""
    hours = int(abs(clock.left(at)).total_seconds() // 3600)
    days, rest = divmod(hours, 24)
    spoken = f"{days} d {rest} h" if days else f"{rest} h"
    return f"over since {spoken}" if clock.left(at).total_seconds() < 0 else f"{spoken} left"


def filters(
    asked: Callable[[str], str], workflows: Sequence[Workflow], *, action: str
) -> dict[str, Any]:
    """The filter bar: workflow, state, severity."""
    fields = [
        choice("workflow", "Workflow", [(one.slug, one.name) for one in workflows], asked),
        choice("state", "State", [("open", "Open"), *IncidentState.choices], asked),
        choice("severity", "Severity", [(str(v), t) for v, t in Severity.choices], asked),
    ]
    is_set = any(field["value"] for field in fields)
    return {"fields": fields, "action": action, "clear_url": action if is_set else ""}
