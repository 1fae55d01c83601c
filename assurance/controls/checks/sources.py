"""How a piece of evidence becomes text, so that a check and the page mean the same place.

`source_text(item)` is the text of one evidence item; every `{"evidence": i, "start", "end"}` in
a finding or a mark counts Unicode code points in it. The page that highlights a place shows this
text, or uses `source_parts` to find the cell or value that a place lies in.

* `text`: the content as it was sent.
* `json`: one line per value, `key.key: value`; list items by number (`lines.0.amount: 4280`).
* `table`: the header cells on the first line, then one line per row, cells joined by ` | `.
* `link` and `file`: only the label; nothing is fetched or opened here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

CELL_BREAK = " | "


@dataclass(frozen=True)
class Part:
    """One value inside a source's text: where it stands and what it is.

    `name` is the dotted key of a json value or the column of a table cell; `row` and `column`
    count from 0, the header is row -1. `number` is the exact value where the source holds a JSON
    number, which needs no guess about decimal marks.
    """

    start: int
    end: int
    name: str = ""
    row: int | None = None
    column: int | None = None
    number: bool = False


def source_text(item: Mapping[str, Any]) -> str:
    """The text of one evidence item."""
    return _rendered(item)[0]


def source_parts(item: Mapping[str, Any]) -> tuple[Part, ...]:
    """The values in the text of one evidence item, in their order; a `text` is one part."""
    return _rendered(item)[1]


def rendered(item: Mapping[str, Any]) -> tuple[str, tuple[Part, ...]]:
    """Text and parts in one pass."""
    return _rendered(item)


def _rendered(item: Mapping[str, Any]) -> tuple[str, tuple[Part, ...]]:
    kind = item.get("kind")
    if kind == "text":
        text = item.get("content")
        text = text if isinstance(text, str) else ""
    elif kind == "json":
        return _json_text(item.get("content"))
    elif kind == "table":
        return _table_text(item)
    else:
        label = item.get("label")
        text = label if isinstance(label, str) else ""
    return text, (Part(0, len(text)),)


def _json_text(content: Any) -> tuple[str, tuple[Part, ...]]:
    pieces: list[str] = []
    parts: list[Part] = []
    at = 0
    waiting: list[tuple[str, Any]] = [("", content)]
    while waiting:
        name, value = waiting.pop()
        below = f"{name}." if name else ""
        if isinstance(value, Mapping):
            waiting.extend((f"{below}{key}", value[key]) for key in reversed(list(value)))
            continue
        if isinstance(value, list):
            waiting.extend((f"{below}{i}", value[i]) for i in range(len(value) - 1, -1, -1))
            continue
        head, shown = (f"{name}: " if name else ""), cell_text(value)
        start = at + len(head)
        parts.append(Part(start, start + len(shown), name, number=_is_number(value)))
        line = f"{head}{shown}\n"
        pieces.append(line)
        at += len(line)
    return "".join(pieces), tuple(parts)


def _table_text(item: Mapping[str, Any]) -> tuple[str, tuple[Part, ...]]:
    # A table may come as columns and rows beside the label, or inside `content`.
    inner = item.get("content")
    held = inner if isinstance(inner, Mapping) else item
    columns, rows = held.get("columns"), held.get("rows")
    columns = columns if isinstance(columns, list) else []
    rows = rows if isinstance(rows, list) else []
    names = [cell_text(column) for column in columns]
    pieces: list[str] = []
    parts: list[Part] = []
    at = 0
    for number, row in enumerate([columns, *rows], start=-1):
        if isinstance(row, Mapping):
            cells = [row.get(column) for column in columns]
        else:
            cells = row if isinstance(row, list) else [row]
        for column, cell in enumerate(cells):
            if column:
                pieces.append(CELL_BREAK)
                at += len(CELL_BREAK)
            shown = cell_text(cell)
            name = names[column] if column < len(names) else ""
            is_number = _is_number(cell)
            parts.append(Part(at, at + len(shown), name, number, column, is_number))
            pieces.append(shown)
            at += len(shown)
        pieces.append("\n")
        at += 1
    return "".join(pieces), tuple(parts)


def cell_text(value: Any) -> str:
    """One value as text: numbers without an exponent, true, false, and nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and abs(value) < 1e60:
        return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
    if isinstance(value, Mapping | list):
        return _json_text(value)[0].strip().replace("\n", "; ")
    return str(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
