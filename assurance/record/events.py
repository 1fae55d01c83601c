"""The feed: every event exactly once, in one gapless order given after commit.

Ids and times are given before commit, so a reader that pages by them skips whatever commits late.
A sequencer, one at a time under an advisory lock, numbers what has been committed; readers page
by that number.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, Literal

from django.db import connection, transaction
from django.db.models import QuerySet

from assurance.record.models import Event, EventPending, EventPosition

SEQUENCER_LOCK = 0x636D_7365_7100  # any constant, the same in every process
BATCH = 5_000

_SEQUENCE = """
WITH taken AS (
  DELETE FROM record_eventpending WHERE event_id IN (
    SELECT event_id FROM record_eventpending ORDER BY event_id LIMIT %s)
  RETURNING event_id
)
INSERT INTO record_eventposition (position, event_id, workflow)
SELECT (SELECT coalesce(max(position), 0) FROM record_eventposition)
       + row_number() OVER (ORDER BY e.id), e.id, e.workflow
FROM taken JOIN record_event e ON e.id = taken.event_id
"""


def sequence_pending(limit: int = BATCH) -> int:
    """Number at most `limit` events that have been committed since; returns how many.

    The lock is taken in a statement of its own: the next one then sees everything that the
    sequencer before it committed.
    """
    if not EventPending.objects.exists():
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SEQUENCER_LOCK])
        cursor.execute(_SEQUENCE, [limit])
        return cursor.rowcount


def after(
    position: int = 0, *, workflows: Literal["all"] | Collection[str] = "all"
) -> QuerySet[EventPosition]:
    """Numbered events beyond a position, in order, with their payloads. Events of no workflow
    (the installation's) are only for those who see all."""
    found = EventPosition.objects.filter(position__gt=position)
    if workflows != "all":
        found = found.filter(workflow__in=[slug for slug in workflows if slug])
    return found.select_related("event__payload").order_by("position")


def as_json(event: Event, position: int | None = None) -> dict[str, Any]:
    """One event as the API answers it: the payload, and all that is needed to check its hash."""
    payload = event.payload
    sealed = event.sealed()
    return {
        "position": position,
        "stream": {"type": event.stream_type, "id": event.stream_id},
        "workflow": event.workflow or None,
        "seq": event.seq,
        "type": event.type,
        "at": sealed["at"],
        "actor": sealed["actor"],
        "payload": json.loads(bytes(payload.body)),
        "v": sealed["v"],
        "salt": bytes(payload.salt).hex(),
        "commitment": event.commitment,
        "prev": event.prev,
        "hash": event.hash,
    }


def position_of(event: Event) -> int | None:
    """The public number of an event, None while it waits for one."""
    try:
        return event.position.position
    except EventPosition.DoesNotExist:
        return None
