"""What people did in queues: how much came, how much was decided, how long it took and waited.

For whoever projects a load from it. Sums and times of a queue, never of a person.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection

from assurance.controls.review_load import QueueWork
from reviews.choices import FINAL

# Times are of the newest decisions: enough for a median, and quick however many there are.
NEWEST = 1_000

_MADE = """
       d.from_queue_id = q.id AND d.lease_number IS NOT NULL AND d.supersedes_id IS NULL
       AND d.released_at >= %(since)s AND d.released_at <= %(until)s
"""
_COUNTS = f"""
SELECT q.slug,
       (SELECT count(*) FROM (
          SELECT c.id FROM reviews_case c
           WHERE c.queue_id = q.id AND c.received_at >= %(since)s AND c.received_at <= %(until)s
           UNION
          SELECT c.id FROM reviews_decision d JOIN reviews_case c ON c.id = d.case_id
           WHERE {_MADE} AND c.received_at >= %(since)s) AS came),
       (SELECT count(*) FROM reviews_decision d WHERE {_MADE})
  FROM reviews_queue q WHERE q.slug = ANY (%(queues)s)
"""
# The claim and the arrival that a decision followed are the last before it. A case that moved on
# has the due time of another queue by now.
_TIMES = f"""
SELECT q.slug,
       extract(epoch FROM d.decided_at - e.claimed_at),
       extract(epoch FROM d.decided_at - e.routed_at),
       CASE WHEN c.queue_id = q.id AND d.outcome = ANY (%(final)s)
            THEN extract(epoch FROM c.due_at - e.routed_at) END
  FROM reviews_queue q
 CROSS JOIN LATERAL (
       SELECT * FROM reviews_decision d WHERE {_MADE}
        ORDER BY d.decided_at DESC, d.id DESC LIMIT %(newest)s) d
  JOIN reviews_case c ON c.id = d.case_id
 CROSS JOIN LATERAL (
       SELECT max(e.at) FILTER (WHERE e.type = 'case.claimed') AS claimed_at,
              max(e.at) FILTER (WHERE e.type = 'case.routed') AS routed_at
         FROM record_event e
        WHERE e.stream_type = 'case' AND e.stream_id = d.case_id::text
          AND e.at <= d.decided_at) e
 WHERE q.slug = ANY (%(queues)s)
 ORDER BY q.slug, d.decided_at DESC, d.id DESC
"""


def per_queue(queues: Collection[str], since: datetime, until: datetime) -> dict[str, QueueWork]:
    """What happened in each of these queues from `since` until `until`. Decisions count that
    were released, by people who had claimed the case."""
    asked: dict[str, Any] = {
        "queues": list(queues),
        "since": since,
        "until": until,
        "final": [str(outcome) for outcome in FINAL],
        "newest": NEWEST,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, asked)
        counts = cursor.fetchall()
        cursor.execute(_TIMES, asked)
        times = cursor.fetchall()
    minutes: dict[str, list[float]] = {}
    waits: dict[str, list[float]] = {}
    for slug, took, waited, had in times:
        if took is not None:
            minutes.setdefault(slug, []).append(float(took) / 60)
        if waited is not None and had is not None and had > 0:
            waits.setdefault(slug, []).append(float(waited) / float(had))
    return {
        slug: QueueWork(came, decided, minutes.get(slug, ()), waits.get(slug, ()))
        for slug, came, decided in counts
    }
