"""Giving and taking roles. Every act is one transaction and one entry of the installation's record.

Nobody changes their own grants, and persons are compared, not accounts. Governance of all
workflows, or of one beyond pilot, takes a second person; until two persons have held it a
superuser may grant it alone, on the record. Asking who holds what is for `roles`.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from assurance.accounts import roles
from assurance.accounts.choices import Confirmation, Role
from assurance.accounts.models import Grant, Person, User
from assurance.errors import DomainError, invalid
from assurance.record.actors import Actor
from assurance.record.ledger import INSTALLATION, record

log = logging.getLogger(__name__)

# A workflow in one of these stages holds nothing that a second person would have to guard.
EARLY_STAGES = frozenset({"observe", "pilot"})


@transaction.atomic
def grant(
    person: Person,
    role: str,
    workflow: str = "",
    *,
    by: User | None,
    at: datetime,
    expires_at: datetime | None = None,
) -> Grant:
    """Give a role to a person, for one workflow or, with "", for all of them.

    `by` is the account that acts; None is the operator at the shell, who counts as a superuser.
    Where a second person is needed the grant comes back `waiting` and holds from `confirm` on.
    403 `own_grant`, `role_missing`; 409 `already_granted`, `person_inactive`; 422 for a bad role
    or expiry.
    """
    if role not in Role.values:
        raise invalid("/role", "role_unknown", f"Not a role. Use one of: {', '.join(Role.values)}.")
    if expires_at is not None and expires_at <= at:
        raise invalid("/expires_at", "expiry_past", "The expiry is past. Choose a later moment.")
    _one_at_a_time()
    person = Person.objects.select_for_update().get(pk=person.pk)
    if not person.active:
        raise DomainError(
            "person_inactive", f"{person.name} is switched off. Switch the person on again first."
        )
    _refuse_own(person, by)
    _require_granter(workflow, by, at)
    _clear_expired(person, role, workflow, at)
    made = Grant.objects.create(
        person=person,
        role=role,
        workflow=workflow,
        expires_at=expires_at,
        granted_by=by,
        granted_by_person=by.person if by else None,
        confirmation=_confirmation_for(person, role, workflow, by, at),
        created_at=at,
    )
    renew_accounts(person, at)
    _record("grant.made", made, by, at)
    return made


@transaction.atomic
def confirm(grant: Grant, *, by: User, at: datetime) -> Grant:
    """Be the second person of a waiting grant.

    403 `second_person_needed` for who granted it, who receives it, or an account without a
    person; 403 `role_missing` without governance there; 409 `not_waiting`.
    """
    _one_at_a_time()
    grant = Grant.objects.select_for_update(of=("self",)).select_related("person").get(pk=grant.pk)
    if grant.confirmation != Confirmation.WAITING or grant.revoked_at is not None:
        raise DomainError(
            "not_waiting", "This grant does not wait for anybody. Reload the page to see it."
        )
    if grant.expires_at is not None and grant.expires_at <= at:
        raise DomainError("not_waiting", "This grant expired while it waited. Grant it again.")
    involved = {grant.person_id, grant.granted_by_person_id}
    if by.person_id is None or by.person_id in involved or by.pk == grant.granted_by_id:
        log.warning("confirming grant %s refused: account %s is no second person", grant.pk, by.pk)
        raise DomainError(
            "second_person_needed",
            "A second person confirms a grant: a governance owner who neither granted it nor"
            " receives it.",
            status=403,
        )
    roles.require_role(by, Role.GOVERNANCE, grant.workflow, at)
    grant.confirmation = Confirmation.CONFIRMED
    grant.confirmed_by, grant.confirmed_by_person, grant.confirmed_at = by, by.person, at
    grant.save()
    renew_accounts(grant.person, at)
    _record("grant.confirmed", grant, by, at)
    return grant


@transaction.atomic
def revoke(grant: Grant, *, by: User | None, at: datetime) -> Grant:
    """Take a role away; it is gone on the person's next request.

    403 `own_grant`, `role_missing`; 409 `already_revoked`, and `last_owner` for the last
    governance owner of all workflows.
    """
    _one_at_a_time()
    grant = Grant.objects.select_for_update(of=("self",)).select_related("person").get(pk=grant.pk)
    if grant.revoked_at is not None:
        raise DomainError("already_revoked", "This grant was revoked before. Nothing changed.")
    _refuse_own(grant.person, by)
    _require_granter(grant.workflow, by, at)
    if grant.confirmation != Confirmation.WAITING:
        refuse_if_last_owner(grant.person, at, only=grant)
    grant.revoked_at = at
    grant.save()
    renew_accounts(grant.person, at)
    _record("grant.revoked", grant, by, at)
    return grant


def refuse_if_last_owner(person: Person, at: datetime, *, only: Grant | None = None) -> None:
    """409 `last_owner` when without this person (or this one grant) nobody could govern."""
    if only is not None and (only.role != Role.GOVERNANCE or only.workflow):
        return
    owners = Grant.objects.effective(at).of_role(Role.GOVERNANCE).filter(workflow="")
    if owners.filter(person=person).exists() and not owners.exclude(person=person).exists():
        raise DomainError(
            "last_owner",
            f"{person.name} is the last governance owner of all workflows. Grant it to somebody"
            " else first.",
        )


def _confirmation_for(
    person: Person, role: str, workflow: str, by: User | None, at: datetime
) -> Confirmation:
    if role != Role.GOVERNANCE or (workflow and roles.stage_of(workflow) in EARLY_STAGES):
        return Confirmation.NOT_NEEDED
    owners = Grant.objects.of_role(Role.GOVERNANCE).covering(workflow).order_by()
    ever = owners.that_took_effect().values("person").distinct().count()
    # A second person who cannot exist would lock the house for ever.
    able = owners.effective(at).exclude(person=person)
    if by is not None and by.person_id is not None:
        able = able.exclude(person_id=by.person_id)
    alone = by is None or by.is_superuser
    if alone and (ever < 2 or not able.exists()):
        return Confirmation.ALONE
    return Confirmation.WAITING


def _refuse_own(person: Person, by: User | None) -> None:
    if by is not None and by.person_id == person.pk:
        log.warning("own grant refused: account %s, person %s", by.pk, person.pk)
        raise DomainError(
            "own_grant",
            "Nobody changes their own grants, from whichever account. Ask another owner.",
            status=403,
        )


def _require_granter(workflow: str, by: User | None, at: datetime) -> None:
    if by is None or (by.is_superuser and by.is_active):
        return
    roles.require_role(by, Role.GOVERNANCE, workflow, at)


def _clear_expired(person: Person, role: str, workflow: str, at: datetime) -> None:
    former = Grant.objects.filter(
        person=person, role=role, workflow=workflow, revoked_at=None
    ).first()
    if former is None:
        return
    if former.expires_at is None or former.expires_at > at:
        waits = former.confirmation == Confirmation.WAITING
        raise DomainError(
            "already_granted",
            f"{person.name} was granted this role for {former.reach} before"
            + (", and it waits for a second person." if waits else ". Revoke that grant first."),
        )
    former.revoked_at = former.expires_at
    former.save()


def renew_accounts(person: Person, at: datetime) -> None:
    """Keep `is_staff` in step, and have every session of the person take a new key."""
    held = Grant.objects.filter(person=person).effective(at).of_role(*roles.STAFF)
    accounts = User.objects.filter(person=person)
    accounts.update(rights_changed_at=at)
    accounts.filter(is_superuser=False).update(is_staff=held.exists())


def _one_at_a_time() -> None:
    """Grants are rare and count each other: one transaction after the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('accounts.grants'))")


def _record(type: str, grant: Grant, by: User | None, at: datetime) -> None:
    payload: dict[str, Any] = {
        "grant": grant.pk,
        "person": grant.person.ref,
        "role": grant.role,
        "workflow": grant.workflow or None,
        "confirmation": grant.confirmation,
        "expires_at": grant.expires_at.isoformat() if grant.expires_at else None,
    }
    record(INSTALLATION, type, payload, actor=actor_for(by), at=at)


def actor_for(by: User | None) -> Actor:
    """The account that acts, or the operator at the shell."""
    return Actor.person(by) if by else Actor.system("shell")
