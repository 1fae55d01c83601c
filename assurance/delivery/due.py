"""What is due, and the lease under which the worker sends it.

Within one stream and endpoint only the oldest pending delivery is due: the next waits until it is
delivered or given up. No endpoint gets more than a few tries at a time, one that keeps failing
only one, and one that rests none, so that it holds up nobody else.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from assurance.delivery.models import Delivery

LEASE = timedelta(seconds=40)  # a try takes 15 s at most, and a moment to be noted
AT_ONCE = 4  # tries to one endpoint
FAILING = 3  # failures in a row after which an endpoint is only probed

_DUE = """
SELECT d.id
FROM delivery_endpoint AS e
JOIN accounts_client AS c ON c.id = e.client_id AND c.active
CROSS JOIN LATERAL (
  SELECT p.id, p.next_attempt_at
  FROM delivery_delivery AS p
  WHERE p.endpoint_id = e.id AND p.status = 'pending' AND p.next_attempt_at <= %(at)s
    AND (p.claimed_until IS NULL OR p.claimed_until < %(at)s)
    AND NOT EXISTS (
      SELECT FROM delivery_delivery AS earlier
      WHERE earlier.endpoint_id = p.endpoint_id AND earlier.status = 'pending'
        AND earlier.stream_type = p.stream_type AND earlier.stream_id = p.stream_id
        AND earlier.id < p.id)
  ORDER BY p.next_attempt_at, p.id
  LIMIT greatest(0, CASE WHEN e.failures >= %(failing)s THEN 1 ELSE %(at_once)s END - (
    SELECT count(*) FROM delivery_delivery AS flying
    WHERE flying.endpoint_id = e.id AND flying.claimed_until IS NOT NULL
      AND flying.claimed_until >= %(at)s))
) AS d
WHERE e.active AND (e.resting_until IS NULL OR e.resting_until <= %(at)s)
  AND (e.failures = 0 OR %(risky)s)
ORDER BY d.next_attempt_at, d.id
LIMIT %(room)s
"""


def due(at: datetime, *, room: int, risky: bool = True) -> list[int]:
    """Ids of what may be tried now, at most `room`; not `risky`: at healthy endpoints only."""
    values: dict[str, Any] = {
        "at": at,
        "room": room,
        "risky": risky,
        "failing": FAILING,
        "at_once": AT_ONCE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DUE, values)
        return [pk for (pk,) in cursor.fetchall()]


@transaction.atomic
def take(at: datetime, *, room: int, risky: bool = True) -> Sequence[Delivery]:
    """Lease what is due. The try is counted here, so that a delivery which kills its worker is
    given up in the end like any other."""
    pks = due(at, room=room, risky=risky)
    if not pks:
        return []
    claim = secrets.randbits(62)
    free = Delivery.objects.pending().filter(pk__in=pks).unclaimed(at)
    mine = list(
        free.select_for_update(skip_locked=True).order_by("pk").values_list("pk", flat=True)
    )
    Delivery.objects.filter(pk__in=mine).update(
        claimed_until=at + LEASE,
        claim=claim,
        attempts=F("attempts") + 1,
        round_attempts=F("round_attempts") + 1,
    )
    taken = Delivery.objects.filter(pk__in=mine).select_related("endpoint", "endpoint__client")
    return sorted(taken, key=lambda delivery: pks.index(delivery.pk))
