"""An evidence pack: chains of the record with all that is needed to check them without us, in one
zip of HTML, CSV and JSON, with a script that checks it on a bare Python (`pack_verifier`).

records.jsonl   every entry with its salt and its exact bytes, in the order of each chain
proofs.jsonl    for each chain, the path from a head to the root of a signed checkpoint
records.csv     the same entries for a spreadsheet, no cell of which is a formula
index.html      cover, gaps first, then the entries in the order of time
verify.py       the script; take yours from elsewhere
manifest.json   the hash of every file and of every line, signed in manifest.sig
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.html import escape

from assurance.errors import DomainError
from assurance.record import checkpoint_keys, checkpoints, pack_verifier, sealing
from assurance.record.checkpoints import Leaf
from assurance.record.ledger import Stream
from assurance.record.models import CheckpointLeaf, Event

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
MOST = 20_000  # entries of one pack
Labelled = list[tuple[str, str]]  # (the entry that a line is about, the line)


def make(streams: Sequence[Stream], *, at: datetime) -> bytes:
    """The pack of these chains, as the bytes of a zip. 404 `nothing_recorded` where one is empty,
    422 `pack_too_large` beyond MOST entries, 503 where there is no key to sign with."""
    key = checkpoint_keys.signing_key()
    chains = {stream: _chain(stream) for stream in streams}
    count = sum(len(chain) for chain in chains.values())
    if count > MOST:
        raise DomainError(
            "pack_too_large",
            f"These chains hold {count} entries, a pack at most {MOST}. Ask for fewer cases.",
            status=422,
        )
    proofs = {stream: _proof(stream) for stream in streams}
    gaps = [gap for stream in streams for gap in _gaps(stream, chains[stream], proofs[stream])]
    entries = [event for chain in chains.values() for event in chain]
    files: dict[str, Labelled] = {
        "index.html": _html(entries, gaps, at),
        "records.csv": _csv(entries),
        "records.jsonl": [(str(one), _line(_entry(one))) for one in entries],
        "proofs.jsonl": [(str(s), _line(proof)) for s, proof in proofs.items() if proof],
    }
    contents = {name: "".join(f"{line}\n" for _, line in lines) for name, lines in files.items()}
    contents["verify.py"] = Path(pack_verifier.__file__).read_text()
    manifest = {
        "v": 1,
        "at": sealing.instant(at),
        "scope": [str(stream) for stream in streams],
        "entries": count,
        "gaps": gaps,
        "key": checkpoint_keys.public_hex(key),
        "keys": sorted(checkpoint_keys.trusted_keys()),
        "files": {
            name: {"sha256": _sha256(contents[name]), "lines": _hashes(files.get(name, []))}
            for name in contents
        },
    }
    signed = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
    signature = key.sign(b"\x03" + signed).hex() + "\n"
    return pack_verifier.zipped(
        [
            *((name, text.encode()) for name, text in contents.items()),
            ("manifest.json", signed),
            ("manifest.sig", signature.encode()),
        ]
    )


def _chain(stream: Stream) -> list[Event]:
    found = Event.objects.filter(stream_type=stream.type, stream_id=stream.id)
    chain = list(found.select_related("payload").order_by("seq")[: MOST + 1])
    if not chain:
        raise DomainError(
            "nothing_recorded", f"There is no {stream} on the record. Check the id.", status=404
        )
    return chain


def _entry(event: Event) -> dict[str, Any]:
    """An entry with its exact bytes, which `events.as_json` gives as an object."""
    sealed = event.sealed()
    return {
        **{name: sealed[name] for name in ("v", "seq", "type", "actor", "at", "commitment")},
        "stream": {"type": event.stream_type, "id": event.stream_id},
        "workflow": event.workflow or None,
        "prev": event.prev,
        "hash": event.hash,
        "salt": bytes(event.payload.salt).hex(),
        "body": bytes(event.payload.body).decode(),
    }


def _proof(stream: Stream) -> dict[str, Any] | None:
    """The newest checkpoint that covers this chain, and the way to its root."""
    row = (
        CheckpointLeaf.objects.filter(stream_type=stream.type, stream_id=stream.id)
        .select_related("checkpoint")
        .order_by("-seq")
        .first()
    )
    if row is None:
        return None
    leaf = Leaf(row.stream_type, row.stream_id, row.seq, row.hash)
    proof = checkpoints.proof_of(row.checkpoint, leaf)
    return {"leaf": json.loads(leaf.data()), **checkpoints.as_json(row.checkpoint), **(proof or {})}


def _gaps(stream: Stream, chain: Sequence[Event], proof: dict[str, Any] | None) -> list[str]:
    """What this pack cannot show of a chain."""
    signed = proof["leaf"]["seq"] if proof else 0
    if signed >= chain[-1].seq:
        return []
    return [f"{stream}: entries {signed + 1} to {chain[-1].seq} are under no checkpoint yet."]


def _csv(entries: Sequence[Event]) -> Labelled:
    """One line for an entry: what it says is JSON, which has no line break of its own."""
    names = ("stream", "seq", "type", "at", "actor", "workflow", "hash", "says")
    return [("", ",".join(names))] + [(str(one), _row(one)) for one in entries]


def _row(event: Event) -> str:
    out = io.StringIO()
    cells = [
        f"{event.stream_type}/{event.stream_id}",
        event.seq,
        event.type,
        sealing.instant(event.at),
        event.actor_ref,
        event.workflow,
        event.hash,
        bytes(event.payload.body).decode(),
    ]
    csv.writer(out, lineterminator="").writerow([_cell(cell) for cell in cells])
    return out.getvalue()


def _cell(value: Any) -> Any:
    """Text that no spreadsheet takes for a formula, in one line."""
    if not isinstance(value, str):
        return value
    text = " ".join(value.splitlines())
    starts = value.startswith(FORMULA) or value.strip().startswith(FORMULA)
    return f"'{text}" if starts else text


def _html(entries: Sequence[Event], gaps: Sequence[str], at: datetime) -> Labelled:
    cover = [
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Evidence</title>',
        "<style>body{font:16px sans-serif;margin:2em;max-width:70em}pre{white-space:pre-wrap;"
        "overflow-wrap:anywhere}article{border-top:1px solid;padding:.5em 0}</style>",
        f"<h1>Evidence of {escape(sealing.instant(at))}</h1>",
        f"<h2>Completeness</h2><p>{len(entries)} entries. Gaps: {len(gaps) or 'none'}.</p>",
        *(f"<p>{escape(gap)}</p>" for gap in gaps),
        "<h2>How to check it</h2><p>Run <code>python3 verify.py PACK.zip --key KEY</code> with the"
        " script and the key from somebody you trust.</p><h2>Entries, in the order of time</h2>",
    ]
    ordered = sorted(entries, key=lambda one: (one.at, one.pk))
    return [("", line) for line in cover] + [(str(one), _article(one)) for one in ordered]


def _article(event: Event) -> str:
    text = (
        f"<article><h3>{escape(event)}</h3><p>{escape(sealing.instant(event.at))}, by"
        f" {escape(event.actor_ref)}. <code>{event.hash}</code></p>"
        f"<pre>{escape(bytes(event.payload.body).decode())}</pre></article>"
    )
    return " ".join(text.splitlines())


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def _hashes(lines: Labelled) -> list[list[str]]:
    """For each line what it is about and the start of its hash; the file ends with an empty one."""
    ended = [*lines, ("", "")] if lines else []
    return [[label, _sha256(line)[:16]] for label, line in ended]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
