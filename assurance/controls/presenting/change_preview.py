"""What each edited control or rule of a change alone would have done with the last thirty days,
split by what people decided on those cases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from assurance.controls.choices import Item
from assurance.controls.models import ControlChange
from assurance.controls.presenting.review_load import more_minutes
from assurance.controls.preview import preview
from assurance.errors import DomainError

# Each may take two seconds; a change of more items is told by its replay.
MOST = 5
LABELS = (
    "Item", "Matches", "Live now", "Newly held", "Newly let go", "Found wrong", "Approved",
    "Review a day",
)  # fmt: skip


def previewed(change: ControlChange) -> list[Mapping[str, Any]]:
    """The edits that have a preview: controls and rules, as far as there are few."""
    found = [one for one in change.edits if one["item"] in (Item.CONTROL, Item.RULE)]
    return found if len(found) <= MOST else []


def table(change: ControlChange, at: datetime) -> dict[str, Any]:
    """A row for each such edit, for `includes/_data_table.html`."""
    return {
        "caption": "What each would have done alone, 30 days",
        "columns": [{"label": label, "end": index > 0} for index, label in enumerate(LABELS)],
        "rows": [{"cells": _cells(change, one, at)} for one in previewed(change)],
    }


def _cells(change: ControlChange, one: Mapping[str, Any], at: datetime) -> list[dict[str, Any]]:
    title = f"{Item(one['item']).label} {one['key']}"
    try:
        found = preview(
            change.workflow, item=one["item"], key=one["key"], content=one["content"], at=at
        )
    except DomainError as refusal:
        return [{"text": title, "small": refusal.sentence}]
    people = found["people"]
    cells = [
        {"text": title, "small": _how(found)},
        {"text": _number(found["matched"]), "small": _share(found)},
        {"text": _number(found["live_matched"])},
        {"text": _number(found["newly_held"])},
        {"text": _number(found["newly_released"])},
        {"text": _number(people["corrected_or_rejected"])},
        {
            "text": _number(people["approved"]),
            "small": f"{_number(people['never_reviewed'])} never reviewed",
        },
        {"text": more_minutes(found["load"])},
    ]
    return [cells[0]] + [
        cell | {"label": label, "end": True}
        for cell, label in zip(cells[1:], LABELS[1:], strict=True)
    ]


def _how(found: Mapping[str, Any]) -> str:
    """What the figures are of."""
    said = [f"of {_number(found['judged'])} cases"]
    if found["sampled"]:
        said = [f"one case in {found['one_in']}: {_number(found['judged'])} looked at"]
    if found["as_if_enforced"]:
        said.append("as if enforced")
    if found["matched_unknown"]:
        said.append(f"{_number(found['matched_unknown'])} only for want of a field")
    return ", ".join(said)


def _share(found: Mapping[str, Any]) -> str:
    judged, matched = found["judged"], found["matched"]
    return f"1 in {round(judged / matched)}" if matched and judged > matched else ""


def _number(value: int) -> str:
    return f"{value:,}"
