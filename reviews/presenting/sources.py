"""The evidence as a reader sees it, with the marks that lead into it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from assurance.controls.checks.figures import TooManyFigures, figure_of
from assurance.controls.checks.reading import decimal_of
from assurance.controls.checks.source_index import SourceIndex, TooMuchToRead
from assurance.controls.checks.sources import source_parts, source_text
from assurance.record.canonical import sha256_of
from reviews.presenting.marking import segments, source_marks, visible

# A figure as people write it in a cell, so that columns of them stand under each other.
FIGURE = re.compile(r"[-−]?[£$€¥]? ?[0-9][0-9 ,.]*(?: ?(?:%|[A-Z]{2,3}))?")
# Shorter ones stand in nearly every text by chance and would say nothing.
LEAST = 4


def finder(evidence: Sequence[Mapping[str, Any]]) -> Callable[[Any], dict[str, Any] | None]:
    """A function that says in which source a value of the output stands, or None. Only for
    numbers of two digits and more and for texts with a figure in them: a word proves nothing."""
    texts = [source_text(item) for item in evidence]
    try:
        index = SourceIndex({"evidence": list(evidence)}, [])
    except (TooManyFigures, TooMuchToRead):
        return lambda value: None

    def find(value: Any) -> dict[str, Any] | None:
        if isinstance(value, bool) or value is None:
            return None
        if isinstance(value, (int, float)):
            number = decimal_of(value)
            if number is None or abs(number) < 10:
                return None
            place = index.place_of(figure_of(number, str(value)))
            found = place.evidence if place is not None else None
        elif isinstance(value, str) and len(value) >= LEAST and any(c.isdigit() for c in value):
            found = next((n for n, text in enumerate(texts) if value in text), None)
        else:
            return None
        if found is None:
            return None
        return {"n": found + 1, "label": visible(evidence[found]["label"])}

    return find


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
    numeric = [
        bool(item["rows"]) and all(_is_figure(cell) for cell in column if cell is not None)
        for column in zip(*item["rows"], strict=False)
    ]
    return {
        "columns": [
            {"text": visible(str(column)), "end": position < len(numeric) and numeric[position]}
            for position, column in enumerate(item["columns"])
        ],
        "rows": [
            [
                {
                    "text": visible("" if cell is None else str(cell)),
                    "end": column < len(numeric) and numeric[column],
                    "mark": by_cell.get((row_number, column)),
                }
                for column, cell in enumerate(row)
            ]
            for row_number, row in enumerate(item["rows"])
        ],
    }


def _is_figure(cell: Any) -> bool:
    if isinstance(cell, str):
        return FIGURE.fullmatch(cell.strip()) is not None
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)
