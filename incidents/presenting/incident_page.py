"""One incident as a page: where it stands, its clocks, what contained it, its cases, its timeline
and the signal matrix."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from assurance.controls.presenting.tables import table
from incidents import clocks, lifecycle, signal_matrix, stories, timeline
from incidents.choices import HARMED, CaseKind, Criterion, Remedy
from incidents.models import AffectedCase, Incident
from incidents.presenting.forms import Offering, Refused
from incidents.presenting.incident_list import due_in, severity_tag, state_tag
from incidents.signal_matrix import Answer, Cell, Safeguard
from reviews.choices import End

if TYPE_CHECKING:
    from assurance.accounts.models import User

MOST_CASES = 200
KINDS = {
    Answer.ACTED: ("ok", "ok"),
    Answer.OVERRIDDEN: ("warn", "warn"),
    Answer.FAILED: ("fail", "x"),
    Answer.SHADOW: ("dashed", "eye"),
    Answer.SILENT: ("", "dash"),
    Answer.MISSING: ("fail", "ring"),
}
TIMES = (
    ("Occurred", "occurred_at"),
    ("First signal", "first_signal_at"),
    ("Detected", "detected_at"),
    ("Aware", "aware_at"),
    ("Contained", "contained_at"),
    ("Corrected", "corrected_at"),
    ("Ended", "closed_at"),
)


def present(
    incident: Incident, user: User, at: datetime, refused: Refused | None = None
) -> dict[str, Any]:
    """What `incidents/incident.html` needs."""
    cases = list(incident.cases.in_order()[: MOST_CASES + 1])
    return {
        "incident": incident,
        "workflow": incident.workflow,
        "tags": [severity_tag(incident), state_tag(incident)],
        "times": [
            {"label": label, "at": told}
            for label, name in TIMES
            if (told := getattr(incident, name))
        ],
        "opened_by": _name(incident.opened_by)
        or (incident.client.name if incident.client else "Countermark"),
        "lead": _name(incident.lead) or "Nobody yet",
        "criteria": [
            {"name": one.value, "label": one.label, "holds": getattr(incident, one.value)}
            for one in Criterion
        ],
        "clocks": clock_table(incident, at),
        "obstacles": [] if incident.is_over else lifecycle.obstacles(incident, at),
        "containments": _containments(incident),
        "cases": case_table(cases[:MOST_CASES]),
        "more_cases": incident.cases.count() if len(cases) > MOST_CASES else 0,
        "harmed": incident.cases.harmed().count(),
        "unremedied": incident.cases.unremedied().count(),
        "entries": entries(incident),
        "matrix": matrix(incident),
        "acts": Offering(incident, user, at, refused).acts(),
        "may_describe": Offering(incident, user, at).leads and not incident.is_over,
        "refusal": refused.error if refused else None,
    }


def clock_table(incident: Incident, at: datetime) -> dict[str, Any]:
    """The clocks that run, each with the words that it is taken from."""
    rows: list[list[dict[str, Any]]] = [
        [
            {"text": f"{one.rule.regime}, {one.rule.article}", "small": one.rule.title},
            {"at": one.due_at, "show": "full"},
            {
                "tag": {
                    "label": due_in(one, at) if one.applies else "A shorter one applies",
                    "kind": _pressing(one, at) if one.applies else "",
                    "icon": "clock" if one.applies else "dash",
                }
            },
            {
                "text": f"“{one.rule.quote}”",
                "small": f"{one.rule.source}, checked {one.rule.verified_on:%-d %B %Y}",
            },
        ]
        for one in clocks.of(incident)
    ]
    return table("Legal clocks", ("Clock", "Until", "Left", "As the law says"), rows)


def _pressing(clock: clocks.Clock, at: datetime) -> str:
    return "fail" if clock.left(at) < (clock.due_at - clock.started_at) / 4 else "warn"


def case_table(cases: Sequence[AffectedCase]) -> dict[str, Any]:
    rows: list[list[dict[str, Any]]] = []
    for one in cases:
        case = one.case
        needs = one.kind in HARMED and not one.remedy
        became = End(case.end).label if case.end else case.get_state_display()
        done: dict[str, Any] = (
            {"tag": {"label": "Missing", "kind": "warn", "icon": "ring"}}
            if needs
            else {
                "text": Remedy(one.remedy).label if one.remedy else "–",
                "small": one.remedy_reason,
            }
        )
        rows.append(
            [
                {"text": case.title, "url": case.get_absolute_url(), "small": case.reference},
                {"text": CaseKind(one.kind).label},
                {"text": became},
                {"at": case.received_at, "show": "full"},
                done,
            ]
        )
    return table("Cases", ("Case", "It is", "Became", "Received", "Remedy"), rows)


def entries(incident: Incident) -> list[dict[str, Any]]:
    """The timeline as `includes/_thread.html` needs it."""
    found = []
    for one in timeline.of(incident):
        tag = None
        if one.note is not None:
            label = f"Note {one.note}" + (", put right below" if one.corrected else "")
            tag = {"label": label, "kind": "", "icon": ""}
        found.append(
            {
                "who": one.who,
                "at": one.at,
                "text": one.text,
                "quote": one.quote,
                "event": one.source in ("workflow", "case"),
                "link": {"url": one.url, "label": "Open"} if one.url else None,
                "tag": tag,
                "show": "full",
            }
        )
    return found


def matrix(incident: Incident) -> dict[str, Any]:
    """The signal matrix: what each safeguard did over all harmed cases, then case by case."""
    told = [(one, signal_matrix.cells(story)) for one, story in stories.of(incident)]
    counted = signal_matrix.totals([row for _, row in told])
    summary = [
        [
            {"text": safeguard.label},
            *({"text": str(counted[safeguard][answer] or "–")} for answer in Answer),
        ]
        for safeguard in Safeguard
    ]
    labels = tuple(answer.label for answer in Answer)
    each = [
        [
            {"text": one.case.reference, "url": one.case.get_absolute_url()},
            *(_cell(row[safeguard]) for safeguard in Safeguard),
        ]
        for one, row in told[:MOST_CASES]
    ]
    gaps = [one.label.lower() for one in signal_matrix.gaps(counted)]
    return {
        "n": len(told),
        "most": stories.MOST,
        "gaps": gaps,
        "summary": table(
            "What each safeguard did, by number of cases", ("Safeguard", *labels), summary, ends=6
        ),
        "each": table("Case by case", ("Case", *(one.label for one in Safeguard)), each),
    }


def _cell(cell: Cell) -> dict[str, Any]:
    kind, icon = KINDS[cell.answer]
    return {
        "tag": {"label": cell.answer.label, "kind": kind, "icon": icon},
        "small": ", ".join(cell.keys),
    }


def _containments(incident: Incident) -> list[dict[str, Any]]:
    return [
        {
            "kind": one.get_kind_display(),
            "reason": one.reason,
            "who": _name(one.by),
            "at": one.at,
            "change": one.change,
        }
        for one in incident.containments.select_related("by", "change")
    ]


def _name(user: Any) -> str:
    return user.full_name_or_username if user else ""
