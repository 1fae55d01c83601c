"""Drills: what a governance owner says was exercised, and a second person confirms."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction

from assurance.accounts.choices import Role
from assurance.accounts.roles import require_role
from assurance.controls.models import Drill, Workflow
from assurance.controls.stage_choices import DrillKind, DrillResult
from assurance.errors import DomainError, invalid
from assurance.record.actors import Actor
from assurance.record.ledger import Stream, record

if TYPE_CHECKING:
    from assurance.accounts.models import User

_is_url = URLValidator(schemes=["https", "http"])
LONGEST_NOTE, LONGEST_LINK = 2000, 500


@transaction.atomic
def enter(
    workflow: Workflow,
    *,
    kind: str,
    held_at: datetime,
    result: str,
    evidence: str,
    note: str = "",
    by: User,
    at: datetime,
) -> Drill:
    """Keep what was exercised, when, with which result. It counts once it is confirmed.

    403 `role_missing`, `second_person_needed` for an account without a person; 422 for a kind,
    result, moment or link that is none.
    """
    require_role(by, Role.GOVERNANCE, workflow.slug, at)
    if by.person is None:
        raise _needs_a_person()
    for field, value, offered in (
        ("kind", kind, DrillKind.values),
        ("result", result, DrillResult.values),
    ):
        if value not in offered:
            raise invalid(f"/{field}", "not_a_choice", f"Use one of: {', '.join(offered)}.")
    if held_at > at:
        raise invalid("/held_at", "in_the_future", "Enter a drill once it was held.")
    for field, text, most in (("evidence", evidence, LONGEST_LINK), ("note", note, LONGEST_NOTE)):
        if len(text) > most:
            raise invalid(f"/{field}", "too_long", f"Keep the {field} to {most} characters.")
    try:
        _is_url(evidence)
    except ValidationError:
        message = "Where is the evidence? Give a link that begins with https://."
        raise invalid("/evidence", "not_a_link", message) from None
    drill = Drill.objects.create(
        workflow=workflow,
        kind=kind,
        held_at=held_at,
        result=result,
        evidence=evidence,
        note=note.strip(),
        entered_by=by,
        entered_person=by.person,
        entered_at=at,
    )
    _record(drill, "drill.entered", by=by, at=at)
    return drill


@transaction.atomic
def confirm(drill: Drill, *, by: User, at: datetime) -> Drill:
    """Be the second person. 403 `second_person_needed` for who entered it, `role_missing` without
    governance; 409 `already_confirmed`."""
    require_role(by, Role.GOVERNANCE, drill.workflow.slug, at)
    drill = (
        Drill.objects.select_for_update(of=("self",)).select_related("workflow").get(pk=drill.pk)
    )
    if by.person is None:
        raise _needs_a_person()
    if drill.entered_person_id == by.person_id:
        raise DomainError(
            "second_person_needed",
            "You entered this drill. Another governance owner confirms it.",
            status=403,
        )
    if drill.confirmed_at is not None:
        raise DomainError("already_confirmed", "This drill is confirmed already.")
    drill.confirmed_by, drill.confirmed_person, drill.confirmed_at = by, by.person, at
    drill.save(update_fields=["confirmed_by", "confirmed_person", "confirmed_at"])
    _record(drill, "drill.confirmed", by=by, at=at)
    return drill


def _needs_a_person() -> DomainError:
    return DomainError(
        "second_person_needed",
        "Your account names no person, and two persons stand for a drill. Ask an administrator "
        "to name yours.",
        status=403,
    )


def _record(drill: Drill, type: str, *, by: User, at: datetime) -> None:
    slug = drill.workflow.slug
    payload = {
        "drill": drill.pk,
        "kind": str(drill.kind),
        "held_at": drill.held_at.isoformat(),
        "result": str(drill.result),
        "evidence": drill.evidence,
    }
    record(Stream.workflow(slug), type, payload, actor=Actor.person(by), at=at, workflow=slug)
