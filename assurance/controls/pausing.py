"""Pause and resume a workflow.

A pause holds from the moment it is committed: intake shares the workflow's lock and a pause takes
it alone, so the next case that is judged is held. Cases in flight keep their place, their due
times stand still and nothing leaves. Whoever leads may pause; only a governance owner resumes.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from assurance.accounts.choices import Role
from assurance.accounts.roles import has_role, require_role
from assurance.controls.choices import Stage
from assurance.controls.locks import lock_workflow
from assurance.controls.models import Workflow
from assurance.controls.rooms_above import on_resume
from assurance.controls.workflow_answers import workflow_noun
from assurance.delivery.outbox import promise
from assurance.errors import DomainError, invalid
from assurance.patience import patient
from assurance.record.actors import Actor
from assurance.record.ledger import Stream, record

if TYPE_CHECKING:
    from assurance.accounts.models import User

PAUSERS = (Role.LEAD, Role.GOVERNANCE)
LONGEST_REASON = 2000


@patient
@transaction.atomic
def pause(workflow: Workflow, *, reason: str, by: User, at: datetime) -> Workflow:
    """Hold everything of one workflow, at once.

    403 `role_missing` for who neither leads nor governs it, 422 without a reason, 409
    `already_paused` with the reason that stands.
    """
    require_role(by, PAUSERS, workflow.slug, at)
    reason = said(reason, "Say why the workflow is paused. Reviewers and its system read it.")
    workflow = locked(workflow)
    if workflow.is_paused:
        raise _already_paused(workflow)
    return hold(workflow, reason=reason, actor=Actor.person(by), at=at)


def hold(workflow: Workflow, *, reason: str, actor: Actor, at: datetime) -> Workflow:
    """The pause itself, by whoever has the right. The workflow must be `locked`."""
    workflow.paused_at, workflow.pause_reason = at, reason
    workflow._history_date = at
    workflow.save(update_fields=["paused_at", "pause_reason"])
    _tell("workflow.paused", workflow, {"reason": reason}, actor=actor, at=at)
    return workflow


@patient
@transaction.atomic
def resume(workflow: Workflow, *, reason: str, by: User, at: datetime) -> Workflow:
    """Let a paused workflow go on. Clocks move on from where they stood, and each held case is
    judged again under the live set.

    403 `role_missing` for who does not govern it, 422 without a reason, 409 `not_paused`, and
    409 `suspended` while it is suspended.
    """
    require_role(by, Role.GOVERNANCE, workflow.slug, at)
    reason = said(reason, "Say why the workflow may go on.")
    workflow = locked(workflow)
    if workflow.stage == Stage.SUSPENDED:
        raise DomainError(
            "suspended",
            f"{workflow.name} is suspended. Move it to pilot on its gate page first; it stays "
            "paused until you resume it.",
        )
    if workflow.paused_at is None:
        raise DomainError("not_paused", f"{workflow.name} is not paused. Nothing changed.")
    since, workflow.paused_at, workflow.pause_reason = workflow.paused_at, None, ""
    workflow._history_date = at
    workflow.save(update_fields=["paused_at", "pause_reason"])
    # Before the record: whoever holds a case may be about to write on the workflow's chain.
    for follow in on_resume:
        follow(workflow, since=since, at=at)
    spoken = {"reason": reason, "paused_at": since.isoformat()}
    _tell("workflow.resumed", workflow, spoken, actor=Actor.person(by), at=at)
    return workflow


def locked(workflow: Workflow) -> Workflow:
    """The workflow as it is now, alone until the transaction ends."""
    lock_workflow(workflow, shared=False)
    return Workflow.objects.select_related("owner", "deputy").get(pk=workflow.pk)


def may_pause(workflow: Workflow, user: Any, at: datetime) -> bool:
    return not workflow.is_paused and has_role(user, PAUSERS, workflow.slug, at)


def may_resume(workflow: Workflow, user: Any, at: datetime) -> bool:
    return workflow.is_paused and has_role(user, Role.GOVERNANCE, workflow.slug, at)


def said(reason: str, otherwise: str) -> str:
    """The reason without the space around it. 422 for none and for a whole book."""
    reason = reason.strip()
    if not reason:
        raise invalid("/reason", "required", otherwise)
    if len(reason) > LONGEST_REASON:
        raise invalid(
            "/reason",
            "too_long",
            f"The reason has {len(reason)} characters. Keep it to {LONGEST_REASON}.",
        )
    if "\x00" in reason:
        raise invalid("/reason", "nul", "The reason holds the character U+0000. Leave it out.")
    return reason


def _already_paused(workflow: Workflow) -> DomainError:
    since = f" since {workflow.paused_at:%d %B %H:%M} UTC" if workflow.paused_at else ""
    why = f": {workflow.pause_reason}" if workflow.pause_reason else ""
    return DomainError(
        "already_paused",
        f"{workflow.name} is paused already{since}{why}",
        reason=workflow.pause_reason or None,
        since=workflow.paused_at.isoformat() if workflow.paused_at else None,
    )


def _tell(
    type: str, workflow: Workflow, payload: dict[str, Any], *, actor: Actor, at: datetime
) -> None:
    stream = Stream.workflow(workflow.slug)
    record(stream, type, payload, actor=actor, at=at, workflow=workflow.slug)
    noun = workflow_noun(workflow)
    promise(type, noun | payload, workflow=workflow.slug, stream=stream, at=at)
