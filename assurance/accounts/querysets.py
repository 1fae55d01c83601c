"""Adjectives for grants, keys and clients. Time is an argument."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from assurance.accounts.choices import Confirmation

if TYPE_CHECKING:
    from assurance.accounts.models import Person, User

_IN_FORCE = [Confirmation.NOT_NEEDED, Confirmation.CONFIRMED, Confirmation.ALONE]


class GrantQuerySet(models.QuerySet):
    """`Grant.objects.effective(at).covering("credit-decisions")`."""

    def effective(self, at: datetime) -> Self:
        """In force at this moment: made, confirmed where needed, not expired, not revoked, and
        its person still with us."""
        return self.unrevoked(at).filter(
            Q(expires_at=None) | Q(expires_at__gt=at),
            created_at__lte=at,
            confirmation__in=_IN_FORCE,
            person__active=True,
        )

    def held_at(self, at: datetime) -> Self:
        """In force at a moment of the past, as things were known then: whoever was confirmed or
        switched off only later was not, or was, in force."""
        from assurance.accounts.models import Person

        newest = (
            Person.history.filter(history_date__lte=at)
            .order_by("id", "-history_date", "-history_id")
            .distinct("id")
        )
        off = Person.history.filter(history_id__in=newest.values("history_id"), active=False)
        alone = Q(confirmation__in=[Confirmation.NOT_NEEDED, Confirmation.ALONE])
        return (
            self.unrevoked(at)
            .filter(Q(expires_at=None) | Q(expires_at__gt=at), created_at__lte=at)
            .filter(alone | Q(confirmed_at__lte=at))
            .exclude(person__in=off.values("id"))
        )

    def unrevoked(self, at: datetime) -> Self:
        return self.filter(Q(revoked_at=None) | Q(revoked_at__gt=at))

    def that_took_effect(self) -> Self:
        """In force at some time, whatever became of them."""
        return self.filter(confirmation__in=_IN_FORCE)

    def waiting(self) -> Self:
        """Made, and not in force until a second person confirms."""
        return self.filter(confirmation=Confirmation.WAITING, revoked_at=None)

    def of_role(self, *roles: str) -> Self:
        return self.filter(role__in=roles)

    def covering(self, workflow: str) -> Self:
        """Grants that reach this workflow; "" asks for those that reach all of them."""
        return self.filter(workflow__in={"", workflow})

    def held_by(self, user: User) -> Self:
        """The grants of the person behind an account; none where no person is named."""
        if user.person_id is None or not user.is_active:
            return self.none()
        return self.filter(person_id=user.person_id)


class ApiKeyQuerySet(models.QuerySet):
    """Keys by what they are good for."""

    def live(self, at: datetime) -> Self:
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=at), revoked_at=None)


class ClientQuerySet(models.QuerySet):
    """Clients by what they are bound to."""

    def active(self) -> Self:
        return self.filter(active=True)

    def bound_to(self, workflow: str) -> Self:
        return self.filter(workflows__contains=[workflow])


class SignInQuerySet(models.QuerySet):
    """Where an account is signed in."""

    def of_user(self, user: User) -> Self:
        return self.filter(user=user)

    def of_person(self, person: Person) -> Self:
        return self.filter(user__person=person)
