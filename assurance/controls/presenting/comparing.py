"""What differs between two contents of a set, as a page tells it: words, then rows was and now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse

from assurance.controls.candidates import item_of
from assurance.controls.choices import Item
from assurance.controls.differences import Difference, differences
from assurance.controls.presenting.pieces import pieces

SIGNS = {
    "added": {"label": "New", "kind": "ok"},
    "removed": {"label": "Removed", "kind": "fail"},
    "changed": {"label": "Changed", "kind": ""},
}
NOTHING = "nothing"


def compared(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    only: Iterable[tuple[str, str]] | None = None,
    of: str = "",
) -> list[dict[str, Any]]:
    """Each item that differs: title, kind, sign, words (in pieces), rows. `only` names the items
    that are wanted, as (item, key); `of` tells this comparison from another on the same page."""
    wanted = None if only is None else set(only)
    return [
        shown(one, item_of(new, one.item, one.key) or item_of(old, one.item, one.key) or {}, of)
        for one in differences(old, new)
        if wanted is None or (one.item, one.key) in wanted
    ]


def shown(one: Difference, content: Mapping[str, Any], of: str) -> dict[str, Any]:
    """One item that differs, for `controls/_difference.html`. A control says its name too, and
    leads to its page where there ever was one."""
    control = one.item == Item.CONTROL
    return {
        "title": one.title,
        "name": content.get("name", "") if control else "",
        "url": reverse("control", args=[one.key]) if control and one.kind != "added" else "",
        "item": Item(one.item).label,
        "key": one.key,
        "kind": one.kind,
        "sign": SIGNS[one.kind],
        "words": [pieces(text) for text in one.words],
        "rows": [
            {
                "label": row["what"].replace("`", ""),
                "was": _value(row, "was"),
                "now": _value(row, "now"),
                "op": _op(row),
            }
            for row in one.rows
        ],
        "caption": f"{one.title}, was and now{of and f', {of}'}",
    }


def _value(row: Mapping[str, str], side: str) -> str:
    """A rule in words without the backticks around its fields; every other value as it is."""
    return row[side].replace("`", "") if row["what"] == "condition" else row[side]


def _op(row: Mapping[str, str]) -> str:
    if row["was"] == NOTHING:
        return "added"
    return "removed" if row["now"] == NOTHING else "changed"
