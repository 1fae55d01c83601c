"""What somebody with full write access to the database, and no signing key, can do to it."""

from __future__ import annotations

from collections.abc import Sequence

from assurance.record import sealing
from assurance.record.canonical import canonical
from assurance.record.ledger import Stream
from assurance.record.models import Event
from tests.database import tampering


def run(sql: str, *params: object) -> None:
    """One statement under which the triggers sleep. It must have changed something."""
    with tampering() as cursor:
        cursor.execute(sql, params)
        assert cursor.rowcount, "the test changed nothing"


def entry(stream: Stream, seq: int) -> Event:
    return Event.objects.get(stream_type=stream.type, stream_id=stream.id, seq=seq)


def delete(stream: Stream, *seqs: int) -> None:
    """Entries without a trace: payload and number too, and the feed's numbers closed up."""
    for seq in seqs:
        pk = entry(stream, seq).pk
        with tampering() as cursor:
            cursor.execute("DELETE FROM record_recordpayload WHERE event_id = %s", [pk])
            cursor.execute("DELETE FROM record_eventpending WHERE event_id = %s", [pk])
            cursor.execute(
                "DELETE FROM record_eventposition WHERE event_id = %s RETURNING position", [pk]
            )
            gone = cursor.fetchone()
            cursor.execute("DELETE FROM record_event WHERE id = %s", [pk])
            if gone:  # upwards through the negative, as the numbers are unique at every moment
                cursor.execute(
                    "UPDATE record_eventposition SET position = -position WHERE position > %s", gone
                )
                cursor.execute(
                    "UPDATE record_eventposition SET position = -position - 1 WHERE position < 0"
                )


def recompute(stream: Stream, edits: dict[int, bytes] | None = None) -> None:
    """Make the chain right again from its start: numbers, links, hashes and head; with other
    payloads where `edits` says so, by the seq of now."""
    prev = sealing.GENESIS
    chain = Event.objects.filter(stream_type=stream.type, stream_id=stream.id).order_by("seq")
    seq = 0
    for seq, event in enumerate(chain, 1):
        if edits and event.seq in edits:
            salt, body = b"\1" * 32, edits[event.seq]
            event.commitment = sealing.commitment_of(salt, body)
            run(
                "UPDATE record_recordpayload SET salt = %s, body = %s WHERE event_id = %s",
                salt, body, event.pk,
            )  # fmt: skip
        event.seq, event.prev = seq, prev
        prev = event.hash = sealing.hash_of(event.sealed())
        run(
            "UPDATE record_event SET seq = %s, prev = %s, hash = %s, commitment = %s WHERE id = %s",
            seq, event.prev, event.hash, event.commitment, event.pk,
        )  # fmt: skip
    set_head(stream, seq, prev)


def set_head(stream: Stream, seq: int, hash: str) -> None:
    run(
        "UPDATE record_streamhead SET seq = %s, hash = %s WHERE stream_id = %s",
        seq,
        hash,
        stream.id,
    )


def forget(stream: Stream) -> None:
    """A whole chain with its head."""
    seqs = Event.objects.filter(stream_id=stream.id).order_by("-seq").values_list("seq", flat=True)
    delete(stream, *seqs)
    run("DELETE FROM record_streamhead WHERE stream_id = %s", stream.id)


def drop_checkpoints(after: int = 0) -> None:
    run("DELETE FROM record_checkpointleaf WHERE checkpoint_id > %s", after)
    run("DELETE FROM record_checkpoint WHERE number > %s", after)


def words(**payload: object) -> bytes:
    return canonical(payload)


def roll_back(streams: Sequence[Stream], checkpoint: int) -> None:
    """As if a backup of then had been restored: these chains were not there yet."""
    drop_checkpoints(checkpoint)
    for stream in streams:
        forget(stream)
