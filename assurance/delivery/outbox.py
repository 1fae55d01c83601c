"""Promise a webhook: a row in the caller's transaction, kept or dropped with it.

The row is the message. The worker is rung after the commit; if the ring is lost, the sweep finds
the row seconds later.
"""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime
from typing import Any

from assurance.delivery import doorbell
from assurance.delivery.choices import EventType
from assurance.delivery.models import Delivery, Endpoint
from assurance.record.ledger import Stream


def promise(
    type: str,
    data: dict[str, Any],
    *,
    workflow: str,
    stream: Stream,
    at: datetime,
    skip: Endpoint | None = None,
) -> list[Delivery]:
    """Promise one message to every active endpoint that hears this type, of clients bound to the
    workflow. Call it after `record()` on the same stream: its lock keeps the order.

    `data` holds JSON types only. `skip` names an endpoint that must not hear of it, for news
    about that endpoint itself.
    """
    if type not in EventType.values:
        raise ValueError(f"{type!r} is no webhook. Use one of: {', '.join(EventType.values)}.")
    endpoints = Endpoint.objects.active().hearing(type, workflow)
    if skip is not None:
        endpoints = endpoints.exclude(pk=skip.pk)
    pks = sorted(endpoints.order_by().values_list("pk", flat=True))
    if not pks:
        return []
    body = body_of(type, data, at=at)
    deliveries = Delivery.objects.bulk_create(
        Delivery(
            endpoint_id=pk,
            webhook_id=f"msg_{secrets.token_hex(16)}",
            event_type=type,
            workflow=workflow,
            stream_type=stream.type,
            stream_id=stream.id,
            reference=_reference_of(data),
            body=body,
            round_started_at=at,
            next_attempt_at=at,
            created_at=at,
        )
        for pk in pks
    )
    doorbell.ring_after_commit()
    return deliveries


def _reference_of(data: dict[str, Any]) -> str:
    """What people call the thing: the reference of a case or incident, the slug of a workflow."""
    named = (data.get(name) for name in ("reference", "slug", "code"))
    return next((str(name) for name in named if name), "")[:100]


def body_of(type: str, data: dict[str, Any], *, at: datetime) -> bytes:
    """The exact bytes that are signed and sent, on every try."""
    timestamp = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    message = {"type": type, "timestamp": timestamp, "data": data}
    return json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
