"""Persons and the accounts that act for them: made, linked, switched off and on, on the record."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from assurance.accounts import grants, roles, sign_ins
from assurance.accounts.choices import Role
from assurance.accounts.models import Person, User
from assurance.errors import DomainError
from assurance.record.ledger import INSTALLATION, record


@transaction.atomic
def make(ref: str, name: str, *, by: User | None, at: datetime) -> Person:
    """A person by their reference from outside. 409 `person_exists` names who has it."""
    _require_keeper(by, at)
    person = Person(ref=ref, name=name)
    person.clean_fields()
    existing = Person.objects.filter(ref=ref).first()
    if existing is not None:
        raise DomainError(
            "person_exists", f"{existing} exists. Point the account to that person instead."
        )
    person.save()
    _record("person.made", {"person": person.ref, "name": person.name}, by, at)
    return person


@transaction.atomic
def link(user: User, person: Person, *, by: User | None, at: datetime) -> User:
    """Say which human is behind an account: it holds that person's grants from then on.

    Never one's own account, and never to one's own person: that would change one's own grants.
    403 `own_grant`; 409 `account_linked` where a person is named already.
    """
    if by is not None and not by.is_superuser:
        raise DomainError(
            "superuser_needed",
            "Only a superuser says who is behind an account. Ask whoever runs the installation.",
            status=403,
        )
    user = User.objects.select_for_update(of=("self",)).get(pk=user.pk)
    if by is not None and (by.pk == user.pk or by.person_id == person.pk):
        raise DomainError(
            "own_grant",
            "Nobody says who they are themselves. Ask another superuser, or use the shell.",
            status=403,
        )
    if user.person_id is not None and user.person_id != person.pk:
        raise DomainError(
            "account_linked",
            f"{user.username} belongs to {user.person}. Close the account and make another one.",
        )
    user.person = person
    user.save(update_fields=["person"])
    grants.renew_accounts(person, at)
    _record("account.linked", {"account": user.username, "person": person.ref}, by, at)
    user.refresh_from_db()
    return user


@transaction.atomic
def switch_off(person: Person, *, by: User | None, at: datetime) -> Person:
    """Refuse every account of a person from the next request on. 409 `last_owner`."""
    person = _switched(person, by, at)
    grants.refuse_if_last_owner(person, at)
    person.active = False
    person.save()
    grants.renew_accounts(person, at)
    sign_ins.end_all(list(person.accounts.all()))
    _record("person.switched_off", {"person": person.ref}, by, at)
    return person


@transaction.atomic
def switch_on(person: Person, *, by: User | None, at: datetime) -> Person:
    """Let a person back in, with the grants that were not revoked meanwhile."""
    person = _switched(person, by, at)
    person.active = True
    person.save()
    grants.renew_accounts(person, at)
    _record("person.switched_on", {"person": person.ref}, by, at)
    return person


@transaction.atomic
def rename(person: Person, name: str, *, by: User | None, at: datetime) -> Person:
    """Write a person's name otherwise. The reference stays: it is who they are."""
    _require_keeper(by, at)
    person = Person.objects.select_for_update().get(pk=person.pk)
    former, person.name = person.name, name
    person.full_clean()
    person.save()
    _record("person.renamed", {"person": person.ref, "from": former, "to": name}, by, at)
    return person


@transaction.atomic
def account_made(user: User, *, by: User | None, at: datetime) -> None:
    """Record a new account. It holds nothing until it is linked to a person."""
    _record("account.made", {"account": user.username}, by, at)


@transaction.atomic
def account_switched(user: User, *, by: User | None, at: datetime) -> None:
    """Record that an account was closed or opened, and end its sessions when it was closed."""
    if not user.is_active:
        sign_ins.end_all([user])
    type = "account.switched_on" if user.is_active else "account.switched_off"
    _record(type, {"account": user.username}, by, at)


@transaction.atomic
def password_set(user: User, *, by: User, at: datetime) -> None:
    """Record that somebody set the password of an account: they could sign in with it."""
    _record("account.password_set", {"account": user.username}, by, at)


def _switched(person: Person, by: User | None, at: datetime) -> Person:
    _require_keeper(by, at)
    if by is not None and by.person_id == person.pk:
        raise DomainError(
            "own_grant", "Nobody switches themselves on or off. Ask somebody else.", status=403
        )
    person = Person.objects.select_for_update().get(pk=person.pk)
    person._history_date = at
    return person


def _require_keeper(by: User | None, at: datetime) -> None:
    """Persons are kept by governance owners of all workflows and by superusers."""
    if by is not None and not (by.is_superuser and by.is_active):
        roles.require_role(by, Role.GOVERNANCE, "", at)


def _record(type: str, payload: dict[str, str], by: User | None, at: datetime) -> None:
    record(INSTALLATION, type, dict(payload), actor=grants.actor_for(by), at=at)
