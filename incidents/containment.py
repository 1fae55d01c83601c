"""Keep the harm from growing: pause the workflow at once, or tie the incident to the control
change that tightens or reroutes. Changes are drafted, approved and published as any other."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from assurance.accounts.choices import Role
from assurance.accounts.roles import require_role
from assurance.controls import changes, pausing
from assurance.controls.choices import ChangeKind
from assurance.controls.models import ControlChange
from assurance.controls.pausing import said
from assurance.errors import invalid
from assurance.patience import patient
from assurance.record.actors import Actor
from incidents.choices import STEPS, ContainmentKind, IncidentState
from incidents.lifecycle import LEADERS, locked, move, require_open, tell
from incidents.models import Containment, Incident

if TYPE_CHECKING:
    from assurance.accounts.models import User

# Whoever leads the incident may stop the harm, as those who lead and govern the workflow may.
STOPPERS = (Role.INCIDENT_LEAD, *pausing.PAUSERS)


@patient
@transaction.atomic
def pause(incident: Incident, *, reason: str, by: User, at: datetime) -> Containment:
    """Hold everything of the workflow at once. Where it is paused already, the incident is tied to
    that pause. The incident becomes contained where that is a step from here.

    403 `role_missing`; 409 `incident_over`; 422 without a reason.
    """
    require_role(by, STOPPERS, incident.workflow.slug, at)
    reason = said(reason, "Say why the workflow is paused. Reviewers and its system read it.")
    workflow = pausing.locked(incident.workflow)  # before the incident: as every pause does
    incident = locked(incident)
    require_open(incident)
    actor = Actor.person(by)
    if not workflow.is_paused:
        told = f"{incident.reference}: {reason}"[: pausing.LONGEST_REASON]
        pausing.hold(workflow, reason=told, actor=actor, at=at)
    made = _keep(incident, ContainmentKind.PAUSE, reason=reason, by=by, at=at)
    if IncidentState.CONTAINED in STEPS[IncidentState(incident.state)]:
        move(incident, IncidentState.CONTAINED, reason=reason, actor=actor, by=by, at=at)
    return made


@patient
@transaction.atomic
def draft_change(
    incident: Incident, *, kind: str, reason: str, by: User, at: datetime
) -> Containment:
    """Begin the control change that tightens or reroutes, and tie the incident to it. Only who
    governs the workflow drafts changes. It contains nothing until it is live.

    403 `role_missing`; 409 `incident_over`; 422 without a reason.
    """
    incident = locked(incident)
    require_open(incident)
    kind = _by_change(kind)
    reason = said(reason, "Say what the change shall stop.")
    change = changes.create(
        incident.workflow,
        reason=f"{incident.reference}, {incident.title}: {reason}",
        kind=ChangeKind.INCIDENT,
        links=[f"incident:{incident.number}"],
        by=by,
        at=at,
    )
    return _keep(incident, kind, reason=reason, change=change, by=by, at=at)


@patient
@transaction.atomic
def link_change(
    incident: Incident, number: int, *, kind: str, reason: str, by: User, at: datetime
) -> Containment:
    """Tie the incident to a control change that is there.

    403 `role_missing`; 409 `incident_over`; 422 `unknown_change` for one of another workflow.
    """
    incident = locked(incident)
    require_role(by, LEADERS, incident.workflow.slug, at)
    require_open(incident)
    kind = _by_change(kind)
    reason = said(reason, "Say what the change stops.")
    change = ControlChange.objects.filter(workflow=incident.workflow, number=number).first()
    if change is None:
        raise invalid(
            "/change",
            "unknown_change",
            f"{incident.workflow.name} has no control change {number}. Check the number.",
        )
    return _keep(incident, kind, reason=reason, change=change, by=by, at=at)


def _keep(
    incident: Incident,
    kind: str,
    *,
    reason: str,
    by: User,
    at: datetime,
    change: ControlChange | None = None,
) -> Containment:
    made = Containment.objects.create(
        incident=incident, kind=kind, reason=reason, change=change, by=by, at=at
    )
    spoken = {"kind": str(kind), "reason": reason, "change": change.number if change else None}
    tell(incident, "containment_begun", spoken, actor=Actor.person(by), at=at)
    return made


def _by_change(kind: str) -> str:
    if kind not in (ContainmentKind.TIGHTEN, ContainmentKind.REROUTE):
        raise invalid("/kind", "not_a_choice", "A change tightens or reroutes: say which.")
    return str(ContainmentKind(kind))
