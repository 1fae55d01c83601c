"""Is the record as it was written? Walks the chains in slices, so that a million entries fit in
memory, and names each bad entry. Reads only.

Found: an edited payload, actor, time or type, a swap, a deletion in the middle or at the end, a
missing payload, a head that disagrees, a position given twice, left out or out of order, a row of
a room above that says something else than its chain. Not found here: a chain recomputed to its
end together with its head and rows. Against that stand the head hashes that callers hold, and
later the signed checkpoints.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

from django.db import connection, transaction
from django.db.models import F, Value

from assurance.api.rows import RowCompare
from assurance.record import checkpoint_checks, sealing
from assurance.record.models import Event, StreamHead
from assurance.record.problems import Problem

SLICE = 2_000  # streams walked between two looks at the heads


class Agreement(Protocol):
    """Whether the tables of a room above say what the record says of one stream, or of all."""

    def __call__(
        self, *, only: tuple[str, str] | None, workflow: str | None
    ) -> Iterator[Problem]: ...


_agreements: list[Agreement] = []


def register_agreement(agreement: Agreement) -> None:
    """Called from `AppConfig.ready()` of the room whose tables tell what the record tells too."""
    _agreements.append(agreement)


def problems(
    *,
    only: tuple[str, str] | None = None,
    workflow: str | None = None,
    anchor: Path | None = None,
    keys: Collection[str] = (),
) -> Iterator[Problem]:
    """Everything wrong with the whole record, one stream, or the streams of one workflow; with
    `anchor` also against a copy of the checkpoints from outside. `keys` are public ones to believe
    besides our own.

    One snapshot is read throughout, so an entry that is being appended is not mistaken for damage.
    """
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                cursor.execute("SET LOCAL statement_timeout = 0")
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        for lower, upper in _slices(only):
            yield from _chains(lower, upper, only, workflow)
        if only is None and workflow is None:
            yield from _positions()
            yield from checkpoint_checks.problems(keys)
        elif only is not None:
            yield from checkpoint_checks.heads(only)
        if anchor is not None:
            yield from checkpoint_checks.anchor_problems(anchor, keys)
        for agreement in _agreements:
            yield from agreement(only=only, workflow=workflow)


Key = tuple[str, str]


def _slices(only: Key | None) -> Iterator[tuple[Key | None, Key | None]]:
    """Ranges of streams that together cover everything, those without a head included."""
    if only is not None:
        yield None, None
        return
    lower: Key | None = None
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT stream_type, stream_id FROM record_streamhead"
                " WHERE %s OR (stream_type, stream_id) > (%s, %s)"
                " ORDER BY stream_type, stream_id OFFSET %s LIMIT 1",
                [lower is None, *(lower or ("", "")), SLICE - 1],
            )
            upper = cursor.fetchone()
        yield lower, upper
        if upper is None:
            return
        lower = upper


def _chains(
    lower: Key | None, upper: Key | None, only: Key | None, workflow: str | None
) -> Iterator[Problem]:
    """Each chain of one slice against its head."""
    heads = {
        (head.stream_type, head.stream_id): head
        for head in _within(StreamHead.objects.all(), lower, upper, only)
    }
    events = _within(Event.objects.select_related("payload"), lower, upper, only)
    if workflow is not None:
        events = events.filter(workflow=workflow)
    rows = events.order_by("stream_type", "stream_id", "seq", "pk").iterator(chunk_size=2_000)
    for key, chain in groupby(rows, key=lambda event: (event.stream_type, event.stream_id)):
        yield from _chain("/".join(key), chain, heads.pop(key, None))
    if workflow is None:
        for key, head in heads.items():
            if head.seq:
                yield Problem(
                    "/".join(key),
                    None,
                    "",
                    "chain_missing",
                    f"its head says {head.seq} entries, none is there.",
                )


def _within(queryset: Any, lower: Key | None, upper: Key | None, only: Key | None) -> Any:
    if only is not None:
        return queryset.filter(stream_type=only[0], stream_id=only[1])
    for sign, bound in ((">", lower), ("<=", upper)):
        if bound is not None:
            values = [Value(text) for text in bound]
            queryset = queryset.filter(
                RowCompare(F("stream_type"), F("stream_id"), *values, sign=sign)
            )
    return queryset


def _chain(stream: str, chain: Iterator[Event], head: StreamHead | None) -> Iterator[Problem]:
    seq, prev, last = 0, sealing.GENESIS, None
    for event in chain:
        for code, message in _entry(event, seq, prev):
            yield Problem(stream, event.seq, event.type, code, message)
        seq, prev, last = event.seq, event.hash, event
    if last is None:
        return
    if head is None:
        yield Problem(stream, seq, last.type, "head_missing", "the head of its chain is gone.")
    elif (head.seq, head.hash) != (seq, prev):
        yield Problem(
            stream,
            seq,
            last.type,
            "head_differs",
            f"the chain ends here, its head says entry {head.seq} with hash {head.hash[:12]}….",
        )


def _entry(event: Event, seq: int, prev: str) -> Iterator[tuple[str, str]]:
    if event.seq != seq + 1:
        yield "seq_gap", f"entry {seq + 1} is missing or out of place before it."
    if event.prev != prev:
        yield "prev_differs", "it does not follow the entry before it: one of the two was changed."
    try:
        expected = sealing.hash_of(event.sealed())
    except ValueError as error:
        expected = str(error)
    if expected != event.hash:
        yield "hash_differs", "its type, actor, time, place or commitment was changed."
    payload = getattr(event, "payload", None)
    if payload is None:
        yield "payload_missing", "what it said is gone."
    elif sealing.commitment_of(bytes(payload.salt), bytes(payload.body)) != event.commitment:
        yield "payload_changed", "what it says was changed."


_MISNUMBERED = """
SELECT e.stream_type, e.stream_id, e.seq, e.type, 'position_missing',
       'it is neither numbered nor waiting to be: readers of the feed will never see it.'
FROM record_event e
WHERE NOT EXISTS (SELECT FROM record_eventposition p WHERE p.event_id = e.id)
  AND NOT EXISTS (SELECT FROM record_eventpending q WHERE q.event_id = e.id)
UNION ALL
SELECT e.stream_type, e.stream_id, e.seq, e.type, 'position_twice',
       'it is numbered and still waiting: readers of the feed would see it twice.'
FROM record_event e JOIN record_eventpending q ON q.event_id = e.id
JOIN record_eventposition p ON p.event_id = e.id
UNION ALL
SELECT stream_type, stream_id, seq, type, 'position_order',
       'its position ' || position || ' comes before that of the entry before it.'
FROM (SELECT e.stream_type, e.stream_id, e.seq, e.type, p.position,
             lag(p.position) OVER (PARTITION BY e.stream_type, e.stream_id ORDER BY e.seq) AS before
      FROM record_event e JOIN record_eventposition p ON p.event_id = e.id) AS numbered
WHERE position < before
UNION ALL
SELECT e.stream_type, e.stream_id, e.seq, e.type, 'position_workflow',
       'its position is filed under the workflow "' || p.workflow || '".'
FROM record_event e JOIN record_eventposition p ON p.event_id = e.id
WHERE p.workflow <> e.workflow
UNION ALL
SELECT 'feed', 'positions', NULL, '', 'position_gap',
       'position ' || (before + 1) || ' is missing: the feed jumps to ' || position || '.'
FROM (SELECT position, coalesce(lag(position) OVER (ORDER BY position), 0) AS before
      FROM record_eventposition) AS gaps
WHERE position <> before + 1
"""


def _positions() -> Iterator[Problem]:
    """The feed's numbers: gapless, one for each entry, in the order of every chain."""
    with connection.cursor() as cursor:
        cursor.execute(_MISNUMBERED)
        for type, id, seq, event_type, code, message in cursor:
            yield Problem(f"{type}/{id}", seq, event_type, code, message)
