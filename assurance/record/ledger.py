"""Append to the record and read its heads. Every entry joins the chain of its stream under the
lock of that stream's head, in the transaction of the act that it records: both are kept or
neither is. Checking the whole is for `verification`, reading it as a feed for `events`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from assurance.record import sealing, verification
from assurance.record.actors import Actor
from assurance.record.canonical import canonical
from assurance.record.models import Event, StreamHead


@dataclass(frozen=True, slots=True, order=True)
class Stream:
    """One chain: of a case, a workflow, an incident, or the one of the installation."""

    type: str
    id: str

    @classmethod
    def case(cls, id: UUID | str) -> Stream:
        return cls("case", str(id))

    @classmethod
    def workflow(cls, slug: str) -> Stream:
        return cls("workflow", slug)

    @classmethod
    def incident(cls, id: UUID | str) -> Stream:
        return cls("incident", str(id))

    def __str__(self) -> str:
        return f"{self.type}/{self.id}"


INSTALLATION = Stream("installation", "installation")


@dataclass(frozen=True, slots=True)
class Chapter:
    """What one act adds to one stream: for `record_many`, which appends to several at once."""

    stream: Stream
    entries: Sequence[tuple[str, dict[str, Any]]]
    workflow: str = ""
    actor: Actor | None = None


def record(
    stream: Stream,
    type: str,
    payload: dict[str, Any],
    *,
    actor: Actor,
    at: datetime,
    workflow: str = "",
) -> Event:
    """Append one entry and return it. Must run inside the transaction of what it records."""
    return record_all(stream, [(type, payload)], actor=actor, at=at, workflow=workflow)[0]


def record_all(
    stream: Stream,
    entries: Sequence[tuple[str, dict[str, Any]]],
    *,
    actor: Actor,
    at: datetime,
    workflow: str = "",
) -> list[Event]:
    """Append several entries to one stream, in order, at the price of one."""
    return record_many([Chapter(stream, entries, workflow)], actor=actor, at=at)


def record_many(chapters: Iterable[Chapter], *, actor: Actor, at: datetime) -> list[Event]:
    """Append to several streams at once: two statements, whatever the number of entries.

    Heads are locked in the order of their streams, so two batches never wait for each other in a
    circle. Returns the events in the order given; the newest of a stream carries its head hash.
    """
    chapters = [chapter for chapter in chapters if chapter.entries]
    if not chapters:
        return []
    if not connection.in_atomic_block:
        raise RuntimeError("An event is recorded in the transaction of its act: open one first.")
    heads = _lock_heads({chapter.stream for chapter in chapters})
    batch = _Batch()
    for chapter in chapters:
        seq, prev = heads[chapter.stream]
        for type, payload in chapter.entries:
            seq += 1
            prev = batch.add(
                chapter.stream,
                seq,
                prev,
                type,
                payload,
                chapter.actor or actor,
                at,
                chapter.workflow,
            )
        heads[chapter.stream] = (seq, prev)
    batch.insert(heads)
    return batch.events


def head_hash(stream: Stream) -> str:
    """The hash of the newest entry: a caller's witness. Zeros for an empty stream."""
    head = StreamHead.objects.filter(stream_type=stream.type, stream_id=stream.id).first()
    return head.hash if head else sealing.GENESIS


def head_hashes(streams: Sequence[Stream]) -> dict[Stream, str]:
    """The same for several streams, by one query."""
    found = dict.fromkeys(streams, sealing.GENESIS)
    heads = StreamHead.objects.filter(
        stream_type__in={stream.type for stream in streams},
        stream_id__in={stream.id for stream in streams},
    )
    return found | {Stream(head.stream_type, head.stream_id): head.hash for head in heads}


def types(stream: Stream) -> list[str]:
    """What happened on a stream, in order, by type: `["case.received", "case.assessed"]`."""
    return list(
        Event.objects.filter(stream_type=stream.type, stream_id=stream.id)
        .order_by("seq")
        .values_list("type", flat=True)
    )


def verify(stream: Stream | None = None) -> list[verification.Problem]:
    """Everything wrong with one stream, or with the whole record. Empty means it is as written."""
    if stream is None:
        return list(verification.problems())
    return list(verification.problems(only=(stream.type, stream.id)))


_LOCK = """
INSERT INTO record_streamhead (stream_type, stream_id, seq, hash)
SELECT t, i, 0, %s FROM unnest(%s::text[], %s::text[]) AS s(t, i) ORDER BY t, i
ON CONFLICT (stream_type, stream_id) DO UPDATE SET seq = record_streamhead.seq
RETURNING stream_type, stream_id, seq, hash
"""


def _lock_heads(streams: set[Stream]) -> dict[Stream, tuple[int, str]]:
    """Lock each head, making those of new streams, and read them: one statement, so that what is
    read is what is locked."""
    ordered = sorted(streams)
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [sealing.GENESIS, [s.type for s in ordered], [s.id for s in ordered]])
        return {Stream(type, id): (seq, hash) for type, id, seq, hash in cursor.fetchall()}


_APPEND = """
WITH entry AS (
  INSERT INTO record_event (stream_type, stream_id, seq, type, actor_kind, actor_ref,
                            actor_user_id, at, workflow, commitment, prev, hash)
  SELECT e.stream_type, e.stream_id, e.seq, e.type, e.actor_kind, e.actor_ref,
         e.actor_user_id, %(at)s, e.workflow, e.commitment, e.prev, e.hash
  FROM unnest(%(stream_type)s::text[], %(stream_id)s::text[], %(seq)s::int[], %(type)s::text[],
              %(actor_kind)s::text[], %(actor_ref)s::text[], %(actor_user_id)s::bigint[],
              %(workflow)s::text[], %(commitment)s::text[], %(prev)s::text[], %(hash)s::text[])
       WITH ORDINALITY AS e(stream_type, stream_id, seq, type, actor_kind, actor_ref,
                            actor_user_id, workflow, commitment, prev, hash, n)
  ORDER BY e.n
  RETURNING id, hash
), payload AS (
  INSERT INTO record_recordpayload (event_id, salt, body)
  SELECT entry.id, p.salt, p.body
  FROM unnest(%(hash)s::text[], %(salt)s::bytea[], %(body)s::bytea[]) AS p(hash, salt, body)
  JOIN entry ON entry.hash = p.hash
), pending AS (
  INSERT INTO record_eventpending (event_id) SELECT id FROM entry
), head AS (
  UPDATE record_streamhead AS h SET seq = n.seq, hash = n.hash
  FROM unnest(%(head_type)s::text[], %(head_id)s::text[], %(head_seq)s::int[],
              %(head_hash)s::text[]) AS n(stream_type, stream_id, seq, hash)
  WHERE h.stream_type = n.stream_type AND h.stream_id = n.stream_id
)
SELECT id, hash FROM entry
"""

_HASHED = [
    "stream_type",
    "stream_id",
    "seq",
    "type",
    "actor_kind",
    "actor_ref",
    "actor_user_id",
    "workflow",
    "commitment",
    "prev",
    "hash",
]


@dataclass
class _Batch:
    """Entries on their way into the record, and the columns of one INSERT."""

    events: list[Event] = field(default_factory=list)
    salts: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def add(
        self,
        stream: Stream,
        seq: int,
        prev: str,
        type: str,
        payload: dict[str, Any],
        actor: Actor,
        at: datetime,
        workflow: str,
    ) -> str:
        salt, body = os.urandom(sealing.SALT_BYTES), canonical(payload)
        event = Event(
            stream_type=stream.type,
            stream_id=stream.id,
            seq=seq,
            type=type,
            actor_kind=actor.kind,
            actor_ref=actor.ref,
            actor_user_id=actor.user_id,
            at=at,
            workflow=workflow,
            commitment=sealing.commitment_of(salt, body),
            prev=prev,
        )
        event.hash = sealing.hash_of(event.sealed())
        self.events.append(event)
        self.salts.append(salt)
        self.bodies.append(body)
        return event.hash

    def insert(self, heads: dict[Stream, tuple[int, str]]) -> None:
        columns: dict[str, Any] = {
            name: [getattr(event, name) for event in self.events] for name in _HASHED
        }
        columns |= {
            "at": self.events[0].at,
            "salt": self.salts,
            "body": self.bodies,
            "head_type": [stream.type for stream in heads],
            "head_id": [stream.id for stream in heads],
            "head_seq": [seq for seq, _ in heads.values()],
            "head_hash": [hash for _, hash in heads.values()],
        }
        with connection.cursor() as cursor:
            cursor.execute(_APPEND, columns)
            ids = {hash: id for id, hash in cursor.fetchall()}
        for event in self.events:
            event.pk = ids[event.hash]
            event._state.adding, event._state.db = False, "default"
