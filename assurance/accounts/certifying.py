"""Each quarter somebody who governs says of every grant of others that it is still right, or ends
it. Nobody speaks for their own, from whichever account; each word is on the record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max

from assurance.accounts import roles
from assurance.accounts.choices import Role
from assurance.accounts.models import Grant, GrantCertification
from assurance.accounts.querysets import GrantQuerySet
from assurance.errors import DomainError
from assurance.record.actors import Actor
from assurance.record.ledger import INSTALLATION, record

if TYPE_CHECKING:
    from assurance.accounts.models import User

EVERY = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Due:
    """A grant in force, when it was last confirmed, and by when it is to be."""

    grant: Grant
    last_at: datetime
    due_at: datetime
    is_own: bool

    def is_late(self, at: datetime) -> bool:
        return self.due_at <= at


@transaction.atomic
def certify(grant: Grant, *, by: User, at: datetime) -> GrantCertification:
    """Say that a grant is still right. 403 `own_grant`, `role_missing`; 409 `not_in_force`."""
    grant = Grant.objects.select_for_update(of=("self",)).select_related("person").get(pk=grant.pk)
    if by.person_id is None or by.person_id == grant.person_id:
        raise DomainError(
            "own_grant",
            "Nobody confirms their own grants, from whichever account. Another owner does.",
            status=403,
        )
    roles.require_role(by, Role.GOVERNANCE, grant.workflow, at)
    if not Grant.objects.effective(at).filter(pk=grant.pk).exists():
        raise DomainError("not_in_force", "This grant is not in force any more. Reload the page.")
    assert by.person is not None  # it has an id
    made = GrantCertification.objects.create(
        grant=grant, person=grant.person, by=by, by_person=by.person, at=at
    )
    payload = {
        "grant": grant.pk,
        "person": grant.person.ref,
        "role": grant.role,
        "workflow": grant.workflow or None,
    }
    record(INSTALLATION, "grant.certified", payload, actor=Actor.person(by), at=at)
    return made


def due(user: User, at: datetime) -> list[Due]:
    """The grants in force that this person's governance reaches, those longest due first."""
    where = roles.workflows_of(user, Role.GOVERNANCE, at)
    held = Grant.objects.effective(at)
    if where != roles.ALL:
        held = held.filter(workflow__in=where)
    return _dated(held, user.person_id)


def overdue(at: datetime) -> list[Due]:
    """Every grant in force that nobody confirmed in time, those longest due first."""
    return [one for one in _dated(Grant.objects.effective(at), None) if one.is_late(at)]


def _dated(held: GrantQuerySet, person_id: int | None) -> list[Due]:
    found = []
    for grant in held.select_related("person").annotate(certified_at=Max("certifications__at")):
        begun = grant.confirmed_at or grant.created_at
        last = getattr(grant, "certified_at", None) or begun
        found.append(Due(grant, last, last + EVERY, grant.person_id == person_id))
    return sorted(found, key=lambda one: (one.due_at, one.grant.pk))
