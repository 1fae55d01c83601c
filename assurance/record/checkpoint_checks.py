"""Do the checkpoints hold, and does the record say what they signed? Reads only.

Found here, beyond what `verification` finds by itself: a chain recomputed to its end, a tail cut
off, a whole case deleted, entries slipped in, checkpoints changed or left out. With a copy from
outside also: all checkpoints dropped, and the database rolled back.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from django.db import connection

from assurance.record import anchors, checkpoint_keys, checkpoints, merkle, sealing
from assurance.record.canonical import canonical
from assurance.record.checkpoints import Leaf
from assurance.record.models import Checkpoint
from assurance.record.problems import Problem

SLICE = 2_000  # heads compared by one statement


def problems(keys: Collection[str]) -> Iterator[Problem]:
    """Everything wrong with the checkpoints of the database, and with what they signed. `keys` are
    public ones, in hex, to believe besides our own."""
    if not Checkpoint.objects.exists():
        return
    keys = checkpoint_keys.trusted_keys() | set(keys)
    previous, start, number = sealing.GENESIS, 1, 0
    for checkpoint in Checkpoint.objects.order_by("number").iterator(chunk_size=500):
        if checkpoint.number != number + 1:
            yield _about(number + 1, "checkpoint_missing", "it is gone.")
        body = _body(checkpoint)
        yield from _signed(checkpoint, body, keys)
        if checkpoint.number == number + 1 and (
            body.get("previous") != previous or body.get("positions", {}).get("from") != start
        ):
            yield _about(
                checkpoint.number, "checkpoint_order", "it does not follow the one before."
            )
        yield from _leaves(checkpoint, body)
        previous, start, number = checkpoint.hash, checkpoint.last_position + 1, checkpoint.number
    yield from heads()
    yield from _slipped_in(start - 1)


def anchor_problems(file: Path, keys: Collection[str]) -> Iterator[Problem]:
    """The same against a copy from outside: every checkpoint in it must be in the database, and
    where one is not, the chains that it signed are compared with the copy itself."""
    keys = checkpoint_keys.trusted_keys() | set(keys)
    held = dict(Checkpoint.objects.values_list("number", "hash"))
    any_line = False
    for line, content in anchors.read(file):
        any_line = True
        if content is None or not _is_genuine(content, keys):
            message = f"line {line} of {file} is no checkpoint signed by a key that is believed."
            yield Problem("anchor", None, "", "anchor_line", message)
            continue
        body = content["checkpoint"]
        number: int = body["number"]
        if held.get(number) == content["hash"]:
            continue
        gone = number not in held
        until = body["positions"]["to"]
        yield _about(
            number,
            "checkpoint_dropped" if gone else "checkpoint_replaced",
            f"the copy outside, of {body['at']}, covers entries up to {until}; the database has"
            + (" no such checkpoint" if gone else " another in its place")
            + ": it was dropped, or the whole was rolled back to an older state.",
        )
        leaves = [Leaf(*leaf) for leaf in content.get("leaves", [])]
        for n in range(0, len(leaves), SLICE):
            yield from _differing(leaves[n : n + SLICE], f"the copy of checkpoint {number}")
    if not any_line:
        yield Problem("anchor", None, "", "anchor_line", f"{file} holds no checkpoint.")


def _body(checkpoint: Checkpoint) -> dict[str, Any]:
    try:
        found = json.loads(bytes(checkpoint.body))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _signed(
    checkpoint: Checkpoint, body: Mapping[str, Any], keys: Collection[str]
) -> Iterator[Problem]:
    """The row against its body, the body against its hash and signature."""
    raw = bytes(checkpoint.body)
    told = (
        body.get("number"),
        body.get("at"),
        body.get("positions", {}).get("to"),
        checkpoints.hash_of(raw),
    )
    row = (
        checkpoint.number,
        sealing.instant(checkpoint.at),
        checkpoint.last_position,
        checkpoint.hash,
    )
    if told != row:
        yield _about(checkpoint.number, "checkpoint_changed", "what it says was changed.")
    elif body.get("key") not in keys:
        yield _about(
            checkpoint.number,
            "checkpoint_key",
            f"it is signed with {str(body.get('key'))[:16]}…, a key that is not believed here. If"
            " it was yours, name it in COUNTERMARK_FORMER_KEYS.",
        )
    elif not checkpoint_keys.is_signed(
        checkpoints.signed_bytes(raw), bytes(checkpoint.signature), body["key"]
    ):
        yield _about(checkpoint.number, "checkpoint_signature", "its signature is not that key's.")


def _leaves(checkpoint: Checkpoint, body: Mapping[str, Any]) -> Iterator[Problem]:
    leaves = checkpoints.stored_leaves(checkpoint)
    top = merkle.root([leaf.data() for leaf in leaves]).hex()
    if (len(leaves), top) != (body.get("leaves"), body.get("root")):
        message = "the heads kept with it are not those that were signed."
        yield _about(checkpoint.number, "checkpoint_leaves", message)


def _is_genuine(content: Mapping[str, Any], keys: Collection[str]) -> bool:
    """A line of the copy: its body, hash and signature agree, and its heads make its root."""
    body, leaves = content["checkpoint"], content.get("leaves")
    try:
        raw = canonical(body)
        signature = bytes.fromhex(str(content.get("signature")))
        tops = None if leaves is None else [Leaf(*leaf).data() for leaf in leaves]
    except (TypeError, ValueError):
        return False
    key = str(body.get("key"))
    if content.get("hash") != checkpoints.hash_of(raw) or key not in keys:
        return False
    if tops is not None and merkle.root(tops).hex() != body.get("root"):
        return False
    return checkpoint_keys.is_signed(checkpoints.signed_bytes(raw), signature, key)


_DIFFERING = """
SELECT l.stream_type, l.stream_id, l.seq, coalesce(e.type, ''), e.hash, l.source
FROM (SELECT * FROM unnest(%s::text[], %s::text[], %s::int[], %s::text[], %s::text[])
      AS given(stream_type, stream_id, seq, hash, source)) AS l
LEFT JOIN record_event e ON e.stream_type = l.stream_type AND e.stream_id = l.stream_id
     AND e.seq = l.seq
WHERE e.hash IS DISTINCT FROM l.hash
ORDER BY l.stream_type, l.stream_id, l.seq
"""
_ALL_DIFFERING = """
SELECT l.stream_type, l.stream_id, l.seq, coalesce(e.type, ''), e.hash,
       'checkpoint ' || l.checkpoint_id
FROM record_checkpointleaf l
LEFT JOIN record_event e ON e.stream_type = l.stream_type AND e.stream_id = l.stream_id
     AND e.seq = l.seq
WHERE e.hash IS DISTINCT FROM l.hash AND (%s OR (l.stream_type, l.stream_id) = (%s, %s))
ORDER BY l.stream_type, l.stream_id, l.seq
"""


def heads(only: tuple[str, str] | None = None) -> Iterator[Problem]:
    """Every signed head, or those of one stream, against the entry that it pins."""
    with connection.cursor() as cursor:
        cursor.execute(_ALL_DIFFERING, [only is None, *(only or ("", ""))])
        yield from _named(cursor)


def _differing(leaves: Collection[Leaf], source: str) -> Iterator[Problem]:
    columns = [[getattr(leaf, name) for leaf in leaves] for name in Leaf.__slots__]
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERING, [*columns, [source] * len(leaves)])
        yield from _named(cursor)


def _named(rows: Iterable[tuple[str, str, int, str, str | None, str]]) -> Iterator[Problem]:
    for type, id, seq, event_type, hash, source in rows:
        if hash is None:
            code, message = "signed_missing", f"{source} signed this entry, and it is gone."
        else:
            code = "signed_differs"
            message = f"it, or an entry before it, was rewritten after {source} signed it."
        yield Problem(f"{type}/{id}", seq, event_type, code, message)


_BEYOND = """
SELECT e.stream_type, e.stream_id, max(e.seq) FROM record_eventposition p
JOIN record_event e ON e.id = p.event_id WHERE p.position <= %s
GROUP BY e.stream_type, e.stream_id
HAVING max(e.seq) > coalesce((SELECT max(l.seq) FROM record_checkpointleaf l
  WHERE l.stream_type = e.stream_type AND l.stream_id = e.stream_id), 0)
ORDER BY 1, 2
"""


def _slipped_in(until: int) -> Iterator[Problem]:
    """Entries numbered among those that are signed, which no checkpoint signed."""
    with connection.cursor() as cursor:
        cursor.execute(_BEYOND, [until])
        for type, id, seq in cursor:
            message = "it is numbered among signed entries, and no checkpoint signed it."
            yield Problem(f"{type}/{id}", seq, "", "slipped_in", message)
    if checkpoints.newest_position() < until:
        message = f"entries up to {until} are signed, and their numbers end before that."
        yield Problem("feed/positions", None, "", "position_cut", message)


def _about(number: int, code: str, message: str) -> Problem:
    return Problem(f"checkpoint/{number}", None, "", code, message)
