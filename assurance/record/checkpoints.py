"""Checkpoints: one signed hash over the heads of all chains that grew since the last one.

A chain alone can be rewritten to its end by whoever may write the database. A checkpoint pins each
head under a key that is not there, names its predecessor, and is published outside (`anchors`).

body      = canonical{v, number, at, previous, positions{from, to}, leaves, root, key}
leaf      = canonical{stream{type, id}, seq, hash}, in the order of type and id
hash      = SHA-256(0x02 ‖ body)
signature = Ed25519(0x02 ‖ body)

Positions have no gaps, so `to` is also the number of all entries that checkpoints cover.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from assurance.record import checkpoint_keys, events, merkle, sealing
from assurance.record.canonical import canonical
from assurance.record.models import Checkpoint, CheckpointLeaf, EventPosition

VERSION = 1
LOCK = 0x636D_6368_6B00  # any constant, the same in every process
BATCH = 50_000  # positions that one checkpoint covers at most

log = logging.getLogger(__name__)

Witness = Callable[[Checkpoint], None]
_witnesses: list[Witness] = []


@dataclass(frozen=True, slots=True, order=True)
class Leaf:
    """The head of one chain as a checkpoint saw it."""

    stream_type: str
    stream_id: str
    seq: int
    hash: str

    def data(self) -> bytes:
        """The bytes that go into the tree."""
        stream = {"type": self.stream_type, "id": self.stream_id}
        return canonical({"stream": stream, "seq": self.seq, "hash": self.hash})


def register_witness(witness: Witness) -> None:
    """Called from `AppConfig.ready()` of a room that can carry a checkpoint out of the house. It is
    told within the transaction that makes the checkpoint."""
    _witnesses.append(witness)


def make_all(at: datetime) -> list[Checkpoint]:
    """Sign until everything that is numbered is covered. None where nothing is new."""
    while events.sequence_pending():
        pass
    made = []
    while (checkpoint := make(at)) is not None:
        made.append(checkpoint)
    return made


@transaction.atomic
def make(at: datetime) -> Checkpoint | None:
    """Sign one checkpoint over the next entries, at most BATCH. None where nothing is new."""
    key = checkpoint_keys.signing_key()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    last = latest()
    start = (last.last_position if last else 0) + 1
    end = newest_position(start + BATCH - 1)
    if end < start:
        return None
    leaves = leaves_of(start, end)
    body = canonical(
        {
            "v": VERSION,
            "number": last.number + 1 if last else 1,
            "at": sealing.instant(at),
            "previous": last.hash if last else sealing.GENESIS,
            "positions": {"from": start, "to": end},
            "leaves": len(leaves),
            "root": merkle.root([leaf.data() for leaf in leaves]).hex(),
            "key": checkpoint_keys.public_hex(key),
        }
    )
    checkpoint = Checkpoint.objects.create(
        number=last.number + 1 if last else 1,
        at=at,
        last_position=end,
        body=body,
        hash=hash_of(body),
        signature=key.sign(signed_bytes(body)),
    )
    CheckpointLeaf.objects.bulk_create(
        (
            CheckpointLeaf(
                checkpoint=checkpoint,
                place=place,
                stream_type=leaf.stream_type,
                stream_id=leaf.stream_id,
                seq=leaf.seq,
                hash=leaf.hash,
            )
            for place, leaf in enumerate(leaves)
        ),
        batch_size=5_000,
    )
    for witness in _witnesses:
        witness(checkpoint)
    log.info("checkpoint %s %s", checkpoint.number, checkpoint.hash)
    return checkpoint


def latest() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-number").first()


def newest_position(limit: int | None = None) -> int:
    """The last number given to an entry, at most `limit`."""
    found = EventPosition.objects.order_by("-position")
    if limit is not None:
        found = found.filter(position__lte=limit)
    return found.values_list("position", flat=True).first() or 0


_HEADS = """
SELECT DISTINCT ON (e.stream_type, e.stream_id) e.stream_type, e.stream_id, e.seq, e.hash
FROM record_eventposition p JOIN record_event e ON e.id = p.event_id
WHERE p.position BETWEEN %s AND %s
ORDER BY e.stream_type, e.stream_id, e.seq DESC
"""


def leaves_of(start: int, end: int) -> list[Leaf]:
    """The newest entry of each chain within these positions, in the order of the tree."""
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, [start, end])
        return sorted(Leaf(*row) for row in cursor.fetchall())


def stored_leaves(checkpoint: Checkpoint) -> list[Leaf]:
    rows = CheckpointLeaf.objects.filter(checkpoint=checkpoint).order_by("place")
    return [Leaf(*row) for row in rows.values_list("stream_type", "stream_id", "seq", "hash")]


def signed_bytes(body: bytes) -> bytes:
    """0x02 marks a checkpoint: no leaf and no node can be passed off as one."""
    return b"\x02" + body


def hash_of(body: bytes) -> str:
    return hashlib.sha256(signed_bytes(body)).hexdigest()


def as_json(checkpoint: Checkpoint) -> dict[str, Any]:
    """A checkpoint as the API, mails and the outside copy carry it: enough to check it alone."""
    return {
        "checkpoint": json.loads(bytes(checkpoint.body)),
        "hash": checkpoint.hash,
        "signature": bytes(checkpoint.signature).hex(),
    }


def proof_of(checkpoint: Checkpoint, leaf: Leaf) -> dict[str, Any] | None:
    """That the checkpoint covers this head: `{"place", "size", "path"}`, None where it does not."""
    leaves: Sequence[Leaf] = stored_leaves(checkpoint)
    if leaf not in leaves:
        return None
    place = leaves.index(leaf)
    path = merkle.proof([one.data() for one in leaves], place)
    return {"place": place, "size": len(leaves), "path": [one.hex() for one in path]}
