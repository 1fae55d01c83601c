"""Whose clients, endpoints, deliveries and alerts a person sees, and which of them are theirs to
change. Keeping one workflow of a client is enough to see it; to act on it takes all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from assurance.accounts import roles
from assurance.accounts.choices import Role
from assurance.accounts.clients import KEEPERS
from assurance.accounts.models import Client, User
from assurance.delivery.models import Alert, Delivery, Endpoint
from assurance.delivery.querysets import AlertQuerySet, DeliveryQuerySet


@dataclass(frozen=True, slots=True)
class Reach:
    """The workflows whose integration a person reads and those they keep."""

    reads: roles.Workflows
    keeps: roles.Workflows

    def may_keep(self, workflows: Iterable[str]) -> bool:
        """Whether all of these are kept; a client of no workflow takes the keeper of all."""
        return all(roles.covers(self.keeps, slug) for slug in list(workflows) or [""])

    def clients(self) -> QuerySet[Client]:
        clients = Client.objects.all()
        return (
            clients
            if self.reads == roles.ALL
            else clients.filter(workflows__overlap=sorted(self.reads))
        )

    def endpoints(self) -> QuerySet[Endpoint]:
        return Endpoint.objects.filter(client__in=self.clients())

    def deliveries(self) -> DeliveryQuerySet:
        return Delivery.objects.of_workflows(self.reads)

    def alerts(self) -> AlertQuerySet:
        return Alert.objects.of_workflows(self.reads)


def reach_of(user: User, at: datetime) -> Reach:
    """Integrators and governance owners read and keep; auditors and superusers read."""
    held = roles.roles_of(user, at)
    reads = roles.ALL if user.is_superuser else _where(held, (*KEEPERS, Role.AUDITOR))
    return Reach(reads, _where(held, KEEPERS))


def _where(held: dict[str, roles.Workflows], names: Iterable[str]) -> roles.Workflows:
    found = [held[name] for name in names if name in held]
    if roles.ALL in found:
        return roles.ALL
    return frozenset(slug for slugs in found for slug in slugs)
