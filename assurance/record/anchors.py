"""The copy of the checkpoints outside the database: a file to which each is appended, one JSON
object a line, with the heads that it covers. Carried to another machine, it is what tells when
the whole database was rolled back or rewritten.

{"checkpoint": {...body}, "hash": "…", "signature": "…", "leaves": [[type, id, seq, hash], …]}

A copy without `leaves` (a mail, an answer of the API) serves too; then the checkpoint is named,
and not the chain.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

from assurance.record import checkpoints
from assurance.record.models import Checkpoint

FILE = "checkpoints.jsonl"
log = logging.getLogger(__name__)


def path() -> Path | None:
    """Where checkpoints are appended: COUNTERMARK_ANCHOR, or the data folder; None for nowhere."""
    if settings.COUNTERMARK_ANCHOR:
        return Path(settings.COUNTERMARK_ANCHOR)
    return Path(settings.COUNTERMARK_DATA) / FILE if settings.COUNTERMARK_DATA else None


def publish() -> int:
    """Append every checkpoint that the file does not have yet; returns how many. Two at once wait
    for each other, and one that was cut short by a crash is made up for by the next."""
    file = path()
    if file is None:
        return 0
    with open(os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b") as out:
        fcntl.flock(out, fcntl.LOCK_EX)
        last = _last_hash(out)
        missing = _missing(last)
        for checkpoint in missing:
            out.write(_line(checkpoint))
        out.flush()
        os.fsync(out.fileno())
    return len(missing)


def read(file: Path) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Number and content of every line that is not empty; None for one that is no checkpoint."""
    with open(file, "rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, _content(line)


def _content(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_one = isinstance(found, dict) and isinstance(found.get("checkpoint"), dict)
    return found if is_one else None


def _missing(last: str | None) -> list[Checkpoint]:
    """Those after the last one of the file, oldest first."""
    found = Checkpoint.objects.order_by("number")
    if last is None:
        return list(found)
    known = found.filter(hash=last).first()
    if known is not None:
        return list(found.filter(number__gt=known.number))
    # Not ours, or no longer: the database was rolled back, or the file is another house's. What
    # the file says is kept, the newest is added, and `verify_record --anchor` names the break.
    log.error("The last checkpoint of %s is not in the database: run verify_record.", path())
    return list(found.order_by("-number")[:1])


def _line(checkpoint: Checkpoint) -> bytes:
    leaves = [
        [leaf.stream_type, leaf.stream_id, leaf.seq, leaf.hash]
        for leaf in checkpoints.stored_leaves(checkpoint)
    ]
    content = {**checkpoints.as_json(checkpoint), "leaves": leaves}
    return json.dumps(content, separators=(",", ":")).encode() + b"\n"


def _last_hash(out: Any) -> str | None:
    """The hash on the last whole line; a line that a crash cut short is ended first, so that it
    spoils no other."""
    last, ended = None, True
    out.seek(0)
    for line in out:
        ended = line.endswith(b"\n")
        content = _content(line) if ended else None
        last = content.get("hash", last) if content else last
    if not ended:
        out.write(b"\n")
    return last
