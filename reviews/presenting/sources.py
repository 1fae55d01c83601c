"""The evidence as a reader sees it, with the marks that lead into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from assurance.controls.checks.sources import source_parts, source_text
from assurance.record.canonical import sha256_of
from reviews.presenting.marking import segments, source_marks, visible


def present(
    evidence: Sequence[Mapping[str, Any]],
    marks: Sequence[Mapping[str, Any]],
    *,
    received: datetime,
    opened: Mapping[str, str],
) -> list[dict[str, Any]]:
    """What `_source.html` needs, in the order in which the sources were sent."""
    return [
        _one(item, position, source_marks(marks, position), received, opened)
        for position, item in enumerate(evidence)
    ]


def _one(item, position, marks, received, opened) -> dict[str, Any]:
    opened_at = parse_datetime(opened.get(str(position + 1), "") or "")
    shown: dict[str, Any] = {
        "n": position + 1,
        "label": visible(item["label"]),
        "kind": item["kind"],
        "received": received,
        "sha256": sha256_of(dict(item)),
        "sensitive": bool(item.get("sensitive")),
        "opened_at": opened_at,
        "todo": "" if opened_at else "not opened",
        # What a failed claim points at is what a reader needs first.
        "open": bool(marks) or position == 0,
    }
    if item["kind"] == "table":
        shown["table"] = _table(item, marks)
    elif item["kind"] == "link":
        shown["url"] = visible(item["url"])
    else:
        shown["segments"] = segments(source_text(item), marks)
    return shown


def _table(item: Mapping[str, Any], marks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    parts = [part for part in source_parts(item) if part.row is not None and part.row >= 0]
    by_cell = {
        (part.row, part.column): mark
        for mark in marks
        for part in parts
        if part.start <= mark["start"] < max(part.end, part.start + 1)
    }
    return {
        "columns": [visible(str(column)) for column in item["columns"]],
        "rows": [
            [
                {
                    "text": visible("" if cell is None else str(cell)),
                    "end": isinstance(cell, (int, float)),
                    "mark": by_cell.get((row_number, column)),
                }
                for column, cell in enumerate(row)
            ]
            for row_number, row in enumerate(item["rows"])
        ],
    }
