"""Adjectives for endpoints, deliveries and alerts. Time is an argument."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, Self

from django.db import models
from django.db.models import Q

from assurance.delivery.choices import DeliveryStatus, MailStatus

if TYPE_CHECKING:
    pass

Reach = Literal["all"] | Collection[str]


class EndpointQuerySet(models.QuerySet):
    """`Endpoint.objects.active().hearing("case.closed", "credit-decisions")`."""

    def active(self) -> Self:
        return self.filter(active=True, client__active=True)

    def hearing(self, event_type: str, workflow: str) -> Self:
        """Subscribed to the type, of a client bound to the workflow."""
        return self.filter(
            Q(event_types=[]) | Q(event_types__contains=[event_type]),
            client__workflows__contains=[workflow],
        )


class DeliveryQuerySet(models.QuerySet):
    """Deliveries by what became of them."""

    def pending(self) -> Self:
        return self.filter(status=DeliveryStatus.PENDING)

    def unclaimed(self, at: datetime) -> Self:
        """Under no worker's lease, or under one that has ended."""
        return self.filter(Q(claimed_until=None) | Q(claimed_until__lt=at))

    def hopeless(self, at: datetime, *, tries: int, patience: timedelta) -> Self:
        """All tries used up by workers that died, or waiting at an endpoint that has failed for
        longer than anybody waits."""
        long_ago = at - patience
        return self.unclaimed(at).filter(
            Q(round_attempts__gte=tries)
            | Q(round_started_at__lt=long_ago, endpoint__failing_since__lt=long_ago)
        )

    def undelivered(self) -> Self:
        """Given up or cancelled: what a resend is for."""
        return self.filter(status__in=[DeliveryStatus.DEAD, DeliveryStatus.CANCELLED])

    def in_trouble(self) -> Self:
        """Tried without success, given up or cancelled."""
        return self.exclude(last_error="")

    def of_workflows(self, workflows: Reach) -> Self:
        return self if workflows == "all" else self.filter(workflow__in=list(workflows))


class MailQuerySet(models.QuerySet):
    """Mail by what became of it."""

    def due(self, at: datetime) -> Self:
        return self.filter(
            Q(claimed_until=None) | Q(claimed_until__lt=at),
            status=MailStatus.PENDING,
            next_attempt_at__lte=at,
        )


class AlertQuerySet(models.QuerySet):
    """Alerts by whether somebody has dealt with them."""

    def open(self) -> Self:
        return self.filter(closed_at=None)

    def of_workflows(self, workflows: Reach) -> Self:
        return self if workflows == "all" else self.filter(workflow__in=list(workflows))
