"""Send again what was given up, cancelled or even delivered: the same message under the same id,
so that a receiver which has it already recognises it.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from assurance.accounts.clients import require_keeper
from assurance.accounts.grants import actor_for
from assurance.accounts.models import User
from assurance.delivery import doorbell
from assurance.delivery.choices import DeliveryStatus
from assurance.delivery.models import Delivery, Endpoint
from assurance.errors import DomainError
from assurance.record.ledger import INSTALLATION, record

MOST_AT_ONCE = 1000


@transaction.atomic
def resend(delivery: Delivery, *, by: User | None, at: datetime) -> Delivery:
    """Put one delivery on its way again, with all tries before it. One that is on its way is
    tried at once."""
    require_keeper([delivery.workflow], by, at)
    _refuse_where_nothing_is_sent(delivery.endpoint)
    delivery = Delivery.objects.select_for_update(no_key=True).get(pk=delivery.pk)
    _start_again([delivery], at=at)
    payload = {"endpoint": delivery.endpoint_id, "webhook_id": delivery.webhook_id}
    record(
        INSTALLATION,
        "webhook.resent",
        payload,
        actor=actor_for(by),
        at=at,
        workflow=delivery.workflow,
    )
    return delivery


@transaction.atomic
def resend_undelivered(endpoint: Endpoint, *, by: User | None, at: datetime) -> int:
    """Put everything of one endpoint that was given up or cancelled on its way again, the oldest
    thousand first; returns how many."""
    require_keeper(endpoint.client.workflows, by, at)
    _refuse_where_nothing_is_sent(endpoint)
    undelivered = Delivery.objects.undelivered().filter(endpoint=endpoint)
    rows = undelivered.select_for_update(no_key=True).order_by("pk")
    deliveries = list(rows[:MOST_AT_ONCE])
    if deliveries:
        _start_again(deliveries, at=at)
        payload = {
            "endpoint": endpoint.pk,
            "webhook_ids": [delivery.webhook_id for delivery in deliveries],
        }
        record(INSTALLATION, "webhook.resent", payload, actor=actor_for(by), at=at)
    return len(deliveries)


def _start_again(deliveries: list[Delivery], *, at: datetime) -> None:
    for delivery in deliveries:
        delivery.status = DeliveryStatus.PENDING
        delivery.round_attempts = 0
        delivery.round_started_at = delivery.next_attempt_at = at
        delivery.delivered_at = None
    Delivery.objects.bulk_update(
        deliveries,
        ["status", "round_attempts", "round_started_at", "next_attempt_at", "delivered_at"],
    )
    # A person who resends wants to see it tried now, not when the endpoint has rested.
    Endpoint.objects.filter(pk__in={delivery.endpoint_id for delivery in deliveries}).update(
        resting_until=None
    )
    doorbell.ring_after_commit()


def _refuse_where_nothing_is_sent(endpoint: Endpoint) -> None:
    """Locks the endpoint, before any delivery, as the worker does."""
    endpoint = Endpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)
    if not endpoint.active:
        raise DomainError(
            "endpoint_off",
            f"The endpoint is switched off ({endpoint.disabled_reason or 'no reason given'})."
            " Switch it on first, then resend.",
        )
    if not endpoint.client.active:
        raise DomainError(
            "client_off", "The client is switched off. Switch it on first, then resend."
        )
