"""What people add to the timeline. A note is never edited: another one corrects it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from assurance.accounts.roles import require_role
from assurance.errors import DomainError, invalid
from assurance.patience import patient
from assurance.record.actors import Actor
from incidents.lifecycle import LONGEST_TEXT, OPENERS, locked, tell
from incidents.models import Incident, IncidentNote

if TYPE_CHECKING:
    from assurance.accounts.models import User


@patient
@transaction.atomic
def note(
    incident: Incident,
    *,
    text: str,
    by: User,
    at: datetime,
    about_at: datetime | None = None,
    corrects: int | None = None,
) -> IncidentNote:
    """Add one, about now or about a moment before; or put right an earlier one, by its id. Also
    after the end: what is learned late belongs here too.

    403 `role_missing`; 409 `corrected_already`; 422 without text, for a time ahead, and for a note
    of another incident.
    """
    incident = locked(incident)
    require_role(by, OPENERS, incident.workflow.slug, at)
    text = text.strip()
    if not text:
        raise invalid("/text", "required", "Write what happened.")
    if len(text) > LONGEST_TEXT or "\x00" in text:
        raise invalid("/text", "too_long", f"Keep it to {LONGEST_TEXT:,} plain characters.")
    if about_at is not None and about_at > at:
        raise invalid("/about_at", "in_the_future", "A note tells what was. Choose a time before.")
    old = _corrected(incident, corrects)
    made = IncidentNote.objects.create(
        incident=incident,
        text=text,
        about_at=about_at or (old.about_at if old else at),
        corrects=old,
        by=by,
        at=at,
    )
    payload = {"note": made.pk, "text": text, "about_at": made.about_at.isoformat()}
    if old is None:
        tell(incident, "noted", payload, actor=Actor.person(by), at=at)
    else:
        payload |= {"corrects": old.pk}
        tell(incident, "note_corrected", payload, actor=Actor.person(by), at=at)
    return made


def _corrected(incident: Incident, pk: int | None) -> IncidentNote | None:
    if pk is None:
        return None
    old = incident.notes.filter(pk=pk).first()
    if old is None:
        raise invalid(
            "/corrects", "unknown_note", f"{incident.reference} has no note {pk}. Check its id."
        )
    newer = IncidentNote.objects.filter(corrects=old).first()
    if newer is not None:
        raise DomainError(
            "corrected_already",
            f"Note {pk} was put right by note {newer.pk}. Correct that one.",
            note=newer.pk,
        )
    return old
