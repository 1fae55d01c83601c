"""Move a workflow between stages.

Up, one step at a time, through the gate: what it says is frozen and hashed, and two persons who
govern and did not build the workflow sign it; out of observe one is enough. Back, by one of them
with a reason, or at once by Countermark when the record does not verify. Nothing goes back to
observe, where nothing is held. Suspended is as paused, and is left to pilot.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from assurance.accounts.choices import Role
from assurance.accounts.roles import require_role
from assurance.controls import gate, pausing
from assurance.controls.choices import Stage
from assurance.controls.models import ControlSet, GateSnapshot, StageMove, Workflow
from assurance.controls.pausing import said
from assurance.controls.stage_choices import LADDER, SnapshotStatus, StageWay
from assurance.errors import DomainError, invalid
from assurance.patience import patient
from assurance.record.actors import Actor
from assurance.record.canonical import sha256_of
from assurance.record.ledger import Stream, record

if TYPE_CHECKING:
    from assurance.accounts.models import User

LAPSES_AFTER = timedelta(days=7)


@dataclass(frozen=True)
class Moved:
    """Where the workflow stands now, and the snapshot that was signed, if one was. `moved` is
    False while a second person is waited for."""

    workflow: Workflow
    snapshot: GateSnapshot | None
    moved: bool


def move(workflow: Workflow, to: str, *, reason: str, by: User, at: datetime) -> Moved:
    """Up, anew, or back, whichever `to` is from here. 422 for a stage that there is not, 409
    `already_there`, and what `sign` and `demote` refuse."""
    if to not in Stage.values:
        raise invalid("/to", "not_a_choice", f"Not a stage. Use one of: {', '.join(Stage.values)}.")
    here = Stage(workflow.stage)
    upward = to in LADDER and here in LADDER and LADDER.index(Stage(to)) > LADDER.index(here)
    if upward or to == here == Stage.GOVERNED:
        return sign(workflow, to, reason=reason, by=by, at=at)
    return Moved(demote(workflow, to, reason=reason, by=by, at=at), None, moved=True)


@patient
@transaction.atomic
def sign(workflow: Workflow, to: str, *, reason: str, by: User, at: datetime) -> Moved:
    """Sign what the gate says. The second person's signature moves the workflow.

    403 `role_missing`, `builder`, `second_person_needed`; 409 `stage_skipped`, and `gate_closed`
    with every criterion that does not hold.
    """
    require_role(by, Role.GOVERNANCE, workflow.slug, at)
    reason = said(reason, "Say why the workflow is ready for the stage.")
    workflow = pausing.locked(workflow)
    _refuse_builder(workflow, by)
    _refuse_leap(workflow, to)
    answers = gate.read(workflow, at, to=to)
    _refuse_closed(workflow, answers, to)
    waiting = _waiting(workflow, to, at)
    if waiting is not None and waiting.first_person_id == by.person_id:
        raise DomainError(
            "second_person_needed",
            f"You signed this at {waiting.first_at:%d %B %H:%M} UTC. Another person who governs "
            f"{workflow.name} and did not build it signs next.",
            status=403,
            sha256=waiting.sha256,
        )
    if waiting is not None:
        waiting.second_by, waiting.second_person, waiting.second_at = by, by.person, at
        return _take(workflow, waiting, by=by, at=at)
    snapshot = _freeze(workflow, to, answers, reason=reason, by=by, at=at)
    if workflow.stage == Stage.OBSERVE:
        return _take(workflow, snapshot, by=by, at=at)
    _record(
        workflow,
        "workflow.stage_signed",
        {"to": to, "reason": reason, "snapshot_sha256": snapshot.sha256},
        actor=Actor.person(by),
        at=at,
    )
    return Moved(workflow, snapshot, moved=False)


@patient
@transaction.atomic
def demote(
    workflow: Workflow,
    to: str,
    *,
    reason: str,
    by: User | None = None,
    actor: Actor | None = None,
    at: datetime,
) -> Workflow:
    """Move it back: one governance owner with a reason, or, without `by`, Countermark itself
    (`actor`). 409 `already_there`, `not_back` for a stage that this one does not go back to."""
    if by is not None:
        require_role(by, Role.GOVERNANCE, workflow.slug, at)
    reason = said(reason, "Say why the workflow is moved back.")
    workflow = pausing.locked(workflow)
    _refuse_forth(workflow, to)
    spoken = actor or (Actor.person(by) if by else Actor.system("stages"))
    way = StageWay.DEMOTION if by else StageWay.SYSTEM
    _move(workflow, to, way=way, reason=reason, by=by, actor=spoken, at=at)
    if to == Stage.SUSPENDED and workflow.paused_at is None:
        pausing.hold(workflow, reason=reason, actor=spoken, at=at)
    return workflow


@transaction.atomic
def set_by_demo(workflow: Workflow, to: str, *, at: datetime) -> Workflow:
    """Put a workflow of the demo where its story needs it, past the gate, and say so on the
    record. Only for one that has no case of anybody yet."""
    workflow = pausing.locked(workflow)
    if workflow.assessments.exists():
        raise DomainError("not_the_demo", "Past the gate goes only a workflow without cases.")
    reason = "The demo starts here. No gate was passed."
    _move(
        workflow, to, way=StageWay.DEMO, reason=reason, by=None, actor=Actor.system("demo"), at=at
    )
    return workflow


def stage_since(workflow: Workflow) -> datetime:
    """Since when it is in its stage."""
    moves = StageMove.objects.filter(workflow=workflow).exclude(way=StageWay.ATTESTATION)
    return moves.values_list("at", flat=True).first() or workflow.created_at


def attest_by(workflow: Workflow) -> datetime | None:
    """When a governed workflow is to be attested anew; None in other stages."""
    if workflow.stage != Stage.GOVERNED:
        return None
    last = StageMove.objects.filter(workflow=workflow).values_list("at", flat=True).first()
    return (last or workflow.created_at) + gate.ATTEST_EVERY


def open_snapshot(workflow: Workflow, at: datetime) -> GateSnapshot | None:
    """What waits for a second signature."""
    return (
        GateSnapshot.objects.filter(workflow=workflow, status=SnapshotStatus.OPEN, lapses_at__gt=at)
        .select_related("first_by", "first_person")
        .first()
    )


def back_from(stage: str) -> list[Stage]:
    """The stages to which one owner may move it from here."""
    if stage == Stage.SUSPENDED:
        return [Stage.PILOT]
    lower = LADDER[1 : LADDER.index(Stage(stage))] if stage != Stage.OBSERVE else ()
    return [*reversed(lower), Stage.SUSPENDED]


def _refuse_builder(workflow: Workflow, by: User) -> None:
    if by.person_id is None:
        raise DomainError(
            "second_person_needed",
            "Your account names no person, and a stage is signed by persons. Ask an "
            "administrator to name yours.",
            status=403,
        )
    if workflow.builders.filter(pk=by.person_id).exists():
        raise DomainError(
            "builder",
            f"You built {workflow.name}. Who built a workflow signs no stage of it; ask another "
            "governance owner.",
            status=403,
        )


def _refuse_leap(workflow: Workflow, to: str) -> None:
    here = Stage(workflow.stage)
    following = gate.next_stage(here)
    if to == following or to == here == Stage.GOVERNED:
        return
    if to == here:
        raise DomainError("already_there", f"{workflow.name} is in {here.label} already.")
    onward = f"The next stage is {following.label}." if following else "There is no further stage."
    raise DomainError(
        "stage_skipped",
        f"{workflow.name} is in {here.label}, and stages are taken one by one. {onward}",
        next=following,
    )


def _refuse_closed(workflow: Workflow, answers: list[gate.Answer], to: str) -> None:
    closed = [one for one in answers if one.binding and one.state != "holds"]
    if not closed:
        return
    count = "one criterion" if len(closed) == 1 else f"{len(closed)} criteria"
    raise DomainError(
        "gate_closed",
        f"{workflow.name} cannot go to {Stage(to).label} yet: {count} of its gate not met. "
        "The gate page shows what each of them rests on.".replace(
            "gate not", "gate is not" if len(closed) == 1 else "gate are not"
        ),
        errors=[
            {
                "pointer": "/to",
                "code": f"criterion_{one.number}",
                "message": f"{one.number}. {one.title}: {one.sentence}",
            }
            for one in closed
        ],
    )


def _refuse_forth(workflow: Workflow, to: str) -> None:
    here = Stage(workflow.stage)
    if to == here:
        raise DomainError("already_there", f"{workflow.name} is in {here.label} already.")
    allowed = back_from(here)
    if to in allowed:
        return
    offered = " or ".join(one.label for one in allowed)
    why = " In observe nothing is held, so nothing goes back there." if to == Stage.OBSERVE else ""
    raise DomainError("not_back", f"From {here.label} {workflow.name} goes back to {offered}.{why}")


def _waiting(workflow: Workflow, to: str, at: datetime) -> GateSnapshot | None:
    """The snapshot that this signature would be the second on. One that lapsed, leads elsewhere
    or was made under another set is replaced."""
    found = GateSnapshot.objects.filter(workflow=workflow, status=SnapshotStatus.OPEN).first()
    if found is None:
        return None
    same = found.to_stage == to and found.from_stage == workflow.stage
    if same and found.lapses_at > at and found.content["control_set"] == _set_of(workflow):
        return found
    found.status = SnapshotStatus.REPLACED
    found.save(update_fields=["status"])
    return None


def _freeze(
    workflow: Workflow,
    to: str,
    answers: list[gate.Answer],
    *,
    reason: str,
    by: User,
    at: datetime,
) -> GateSnapshot:
    assert by.person is not None  # refused before
    content = {
        "workflow": workflow.slug,
        "tier": str(workflow.tier),
        "from": str(workflow.stage),
        "to": str(to),
        "at": at.isoformat(),
        "control_set": _set_of(workflow),
        "criteria": [one.as_json() for one in answers],
    }
    return GateSnapshot.objects.create(
        workflow=workflow,
        from_stage=workflow.stage,
        to_stage=to,
        reason=reason,
        content=content,
        sha256=sha256_of(content),
        first_by=by,
        first_person=by.person,
        first_at=at,
        lapses_at=at + LAPSES_AFTER,
    )


def _take(workflow: Workflow, snapshot: GateSnapshot, *, by: User, at: datetime) -> Moved:
    """The step itself, once all have signed."""
    snapshot.status = SnapshotStatus.SIGNED
    snapshot.save(update_fields=["status", "second_by", "second_person", "second_at"])
    again = snapshot.to_stage == workflow.stage
    _move(
        workflow,
        snapshot.to_stage,
        way=StageWay.ATTESTATION if again else StageWay.PROMOTION,
        reason=snapshot.reason,
        by=by,
        actor=Actor.person(by),
        snapshot=snapshot,
        at=at,
    )
    return Moved(workflow, snapshot, moved=True)


def _move(
    workflow: Workflow,
    to: str,
    *,
    way: StageWay,
    reason: str,
    by: User | None,
    actor: Actor,
    at: datetime,
    snapshot: GateSnapshot | None = None,
) -> None:
    before, workflow.stage = workflow.stage, Stage(to)
    workflow._history_date = at
    workflow.save(update_fields=["stage"])
    # What waited for a second signature was about another stage.
    GateSnapshot.objects.filter(workflow=workflow, status=SnapshotStatus.OPEN).update(
        status=SnapshotStatus.REPLACED
    )
    StageMove.objects.create(
        workflow=workflow,
        from_stage=before,
        to_stage=to,
        way=way,
        reason=reason,
        by=by,
        snapshot=snapshot,
        at=at,
    )
    payload: dict[str, Any] = {
        "from": str(before),
        "to": str(to),
        "way": str(way),
        "reason": reason,
        "demo": way == StageWay.DEMO,
    }
    if snapshot is not None:
        signers = [snapshot.first_person, snapshot.second_person]
        payload |= {
            "snapshot_sha256": snapshot.sha256,
            "signed_by": [person.ref for person in signers if person],
        }
    _record(workflow, "workflow.stage_changed", payload, actor=actor, at=at)


def _record(
    workflow: Workflow, type: str, payload: dict[str, Any], *, actor: Actor, at: datetime
) -> None:
    stream = Stream.workflow(workflow.slug)
    record(stream, type, payload, actor=actor, at=at, workflow=workflow.slug)


def _set_of(workflow: Workflow) -> dict[str, Any] | None:
    newest = ControlSet.objects.filter(workflow=workflow).newest().defer("canonical").first()
    return {"number": newest.number, "sha256": newest.sha256} if newest else None
