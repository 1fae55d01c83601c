"""An incident from its detection to its end.

Every verb locks the incident, asks whether this person may, writes, and records on the incident's
own chain. What must be true before it closes is asked of every room that registered an obstacle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from assurance.accounts.choices import Role
from assurance.accounts.models import Client
from assurance.accounts.roles import has_role, require_role
from assurance.controls.models import Workflow
from assurance.controls.pausing import said
from assurance.delivery.models import Alert
from assurance.delivery.outbox import promise
from assurance.errors import DomainError, invalid
from assurance.patience import patient
from assurance.record.actors import Actor
from assurance.record.ledger import Stream, record
from incidents.answers import incident_noun
from incidents.choices import OVER, STEPS, Criterion, IncidentState, Severity
from incidents.models import Incident

if TYPE_CHECKING:
    from assurance.accounts.models import User

OPENERS = (Role.INCIDENT_LEAD, Role.GOVERNANCE, Role.LEAD)
LEADERS = (Role.INCIDENT_LEAD, Role.GOVERNANCE)
LONGEST_TITLE, LONGEST_TEXT = 200, 10_000
TEXTS = ("title", "summary", "finding")
SAID_TIMES = ("occurred_at", "first_signal_at", "aware_at")

Obstacle = Mapping[str, str]


@patient
@transaction.atomic
def open_incident(
    workflow: Workflow,
    *,
    title: str,
    severity: int,
    at: datetime,
    by: User | None = None,
    client: Client | None = None,
    summary: str = "",
    occurred_at: datetime | None = None,
    aware_at: datetime | None = None,
    alert: Alert | None = None,
    criteria: Iterable[str] = (),
) -> Incident:
    """Open one: a person who leads, governs or leads incidents there, a client bound to the
    workflow, or Countermark itself (neither). We are aware of it from now unless it is said.

    403 `role_missing`; 422 with every fault of the fields.
    """
    if by is not None:
        require_role(by, OPENERS, workflow.slug, at)
    incident = Incident(
        number=_next_number(),
        workflow=workflow,
        severity=_severity(severity),
        detected_at=at,
        first_signal_at=alert.opened_at if alert else None,
        aware_at=aware_at or at,
        occurred_at=occurred_at,
        opened_by=by,
        client=client,
        lead=by if by and has_role(by, Role.INCIDENT_LEAD, workflow.slug, at) else None,
        alert=alert,
        title=_title(title),
        summary=_text("summary", summary),
        **{Criterion(one).value: True for one in criteria},
    )
    _refuse_future(incident, at)
    _refuse_foreign(alert, workflow)
    incident._history_date = at
    incident.save()
    actor = Actor.client(client) if client else _actor(by)
    tell(incident, "opened", _content(incident), actor=actor, at=at)
    _announce("incident.opened", incident, at=at)
    return incident


@patient
@transaction.atomic
def describe(incident: Incident, *, by: User, at: datetime, **fields: Any) -> Incident:
    """Other words, severity, criteria, lead, or times that were learned: any of `title summary
    finding severity lead occurred_at first_signal_at aware_at` and the criteria by name.

    403 `role_missing`; 409 `incident_over`; 422 with the place.
    """
    incident = locked(incident)
    require_role(by, LEADERS, incident.workflow.slug, at)
    require_open(incident)
    was = _content(incident)
    for name, value in fields.items():
        setattr(incident, name, _checked(name, value))
    if incident.lead is not None and "lead" in fields:
        _refuse_no_lead(incident, at)
    _refuse_future(incident, at)
    now = _content(incident)
    changed = {name: value for name, value in now.items() if value != was[name]}
    if changed:
        save(incident, at)
        tell(incident, "described", {"changed": changed}, actor=Actor.person(by), at=at)
    return incident


@patient
@transaction.atomic
def transition(incident: Incident, to: str, *, reason: str, by: User, at: datetime) -> Incident:
    """The next step. To close it, what failed is said and every harmed case has its remedy.

    403 `role_missing`; 409 `not_a_step` with the steps there are; 422 without a reason, and
    `not_closable` with everything that stands against closing.
    """
    if to not in IncidentState.values:
        known = ", ".join(IncidentState.values)
        raise invalid("/to", "not_a_choice", f"There is no state “{to}”. Use one of: {known}.")
    incident = locked(incident)
    require_role(by, LEADERS, incident.workflow.slug, at)
    reason = said(reason, "Say why. It stands in the timeline of the incident.")
    return move(incident, to, reason=reason, actor=Actor.person(by), by=by, at=at)


def move(
    incident: Incident,
    to: str,
    *,
    reason: str,
    actor: Actor,
    by: User | None = None,
    at: datetime,
) -> Incident:
    """The step itself, by whoever has the right. The incident must be `locked`."""
    here, there = IncidentState(incident.state), IncidentState(to)
    if there not in STEPS[here]:
        offered = [str(one) for one in STEPS[here]]
        raise DomainError(
            "not_a_step",
            f"{incident.reference} is {here.label.lower()}; from there it does not become "
            f"{there.label.lower()}. It may become: {', '.join(offered)}.",
            steps=offered,
            state=str(here),
        )
    if there == IncidentState.CLOSED:
        _refuse_obstacles(incident, at)
    incident.state = there
    if there == IncidentState.CONTAINED and incident.contained_at is None:
        incident.contained_at = at
    if there == IncidentState.TRIAGED and incident.lead is None:
        incident.lead = by
    over = there in OVER
    incident.closed_at, incident.ended_reason = (at, reason) if over else (None, "")
    save(incident, at)
    tell(incident, str(there), {"from": str(here), "reason": reason}, actor=actor, at=at)
    if over:
        _announce("incident.closed", incident, at=at)
    return incident


def _finding_said(incident: Incident, at: datetime) -> Iterable[Obstacle]:
    if not incident.finding.strip():
        yield {
            "pointer": "/finding",
            "code": "finding_missing",
            "message": "Say what failed in the runtime path first: write the finding.",
        }


def _harmed_remedied(incident: Incident, at: datetime) -> Iterable[Obstacle]:
    left = list(incident.cases.unremedied().in_order()[:6])
    if left:
        count = incident.cases.unremedied().count()
        named = ", ".join(one.case.reference for one in left[:5])
        more = f" and {count - 5} more" if count > 5 else ""
        yield {
            "pointer": "/cases",
            "code": "remedy_missing",
            "message": f"Without a remedy: {named}{more}. Give each one, or say why none is "
            "needed.",
        }


# Asked before an incident closes: each gives what stands against it, or nothing.
closing_obstacles: list[Callable[[Incident, datetime], Iterable[Obstacle]]] = [
    _finding_said,
    _harmed_remedied,
]


def obstacles(incident: Incident, at: datetime) -> list[Obstacle]:
    """Everything that stands against closing it now."""
    return [one for ask in closing_obstacles for one in ask(incident, at)]


def _refuse_obstacles(incident: Incident, at: datetime) -> None:
    found = obstacles(incident, at)
    if found:
        raise DomainError(
            "not_closable",
            f"{incident.reference} cannot be closed yet. "
            + " ".join(one["message"] for one in found),
            status=422,
            errors=found,
        )


def locked(incident: Incident) -> Incident:
    """The incident as it is now, held until the transaction ends."""
    Incident.objects.select_for_update().only("pk").get(pk=incident.pk)
    return Incident.objects.for_page().get(pk=incident.pk)


def require_open(incident: Incident) -> None:
    """409 `incident_over` where it is closed or rejected."""
    if incident.is_over:
        raise DomainError(
            "incident_over",
            f"{incident.reference} is {incident.get_state_display().lower()}. Reopen it first, "
            "with the reason.",
            state=str(incident.state),
        )


def save(incident: Incident, at: datetime) -> None:
    """Keep the incident, and its version of this moment."""
    incident._history_date = at
    incident.save()


def tell(
    incident: Incident, what: str, payload: dict[str, Any], *, actor: Actor, at: datetime
) -> None:
    """Record an act on the incident's chain."""
    slug = incident.workflow.slug
    record(
        stream_of(incident),
        f"incident.{what}",
        {"number": incident.number, **payload},
        actor=actor,
        at=at,
        workflow=slug,
    )


def stream_of(incident: Incident) -> Stream:
    return Stream.incident(str(incident.number))


def _announce(type: str, incident: Incident, *, at: datetime) -> None:
    promise(
        type,
        incident_noun(incident),
        workflow=incident.workflow.slug,
        stream=stream_of(incident),
        at=at,
    )


def _actor(by: User | None) -> Actor:
    return Actor.person(by) if by else Actor.system("incidents")


def _content(incident: Incident) -> dict[str, Any]:
    """What of it can be described anew, for the record."""
    noun = incident_noun(incident)
    names = (*TEXTS, "severity", "criteria", "lead", *SAID_TIMES, "alert")
    return {name: noun[name] for name in names}


def _checked(name: str, value: Any) -> Any:
    if name == "title":
        return _title(value)
    if name in TEXTS:
        return _text(name, value)
    if name == "severity":
        return _severity(value)
    if name in Criterion.values:
        return bool(value)
    if name in SAID_TIMES or name == "lead":
        return value
    raise TypeError(f"{name} of an incident is not described, it is done by a verb of its own.")


def _title(text: str) -> str:
    text = " ".join(_text("title", text).split())
    if not text:
        raise invalid("/title", "required", "Give the incident a title: what went wrong.")
    if len(text) > LONGEST_TITLE:
        raise invalid("/title", "too_long", f"Keep the title to {LONGEST_TITLE} characters.")
    return text


def _text(name: str, text: str) -> str:
    if "\x00" in text:
        raise invalid(f"/{name}", "nul", "The text holds the character U+0000. Leave it out.")
    if len(text) > LONGEST_TEXT:
        raise invalid(f"/{name}", "too_long", f"Keep it to {LONGEST_TEXT:,} characters.")
    return text.strip()


def _severity(value: Any) -> int:
    if value not in Severity.values:
        raise invalid("/severity", "not_a_choice", "Severity is 1 (critical), 2, 3 or 4 (slight).")
    return int(value)


def _refuse_future(incident: Incident, at: datetime) -> None:
    for name in SAID_TIMES:
        told = getattr(incident, name)
        if told is not None and told > at:
            raise invalid(
                f"/{name}", "in_the_future", "This lies ahead. Say when it was, or leave it out."
            )


def _refuse_foreign(alert: Alert | None, workflow: Workflow) -> None:
    if alert is not None and alert.workflow != workflow.slug:
        raise invalid(
            "/alert", "unknown_alert", f"{workflow.name} has no alert {alert.pk}. Check its id."
        )


def _refuse_no_lead(incident: Incident, at: datetime) -> None:
    if not has_role(incident.lead, LEADERS, incident.workflow.slug, at):
        raise invalid(
            "/lead",
            "role_missing",
            "Who leads an incident leads incidents or governs the workflow. Choose such a person.",
        )


def _next_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('incidents_incident_number')")
        return cursor.fetchone()[0]
