"""The load that a change brings to queues, for pages: a table of the report, lines of a preview."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assurance.controls.presenting.tables import table

Json = Mapping[str, Any]
LABELS = ("Queue", "Cases a day", "Decided a day", "Review a day", "Overdue")


def as_table(load: Json) -> dict[str, Any]:
    """Each queue that gets other cases: as it was → as it would be."""
    return table("What it asks of people", LABELS, [_row(one) for one in load["queues"]], ends=4)


def more_minutes(load: Json) -> str:
    """More review minutes a day in all queues, or why nobody can say."""
    whole = load["extra_minutes_per_day"]
    if whole is not None:
        return minutes(whole)
    return cannot(min(one["n"] for one in load["cannot_say"])) if load["cannot_say"] else "–"


def lines(load: Json) -> dict[str, list[str]]:
    """By queue: review time and due times in words."""
    return {one["queue"]: [_review(one), _due(one)] for one in load["queues"]}


def methods(load: Json) -> list[str]:
    return [load["methods"]["minutes"], load["methods"]["overdue"]]


def minutes(value: float) -> str:
    """+12 min, −0.4 min, +3.5 h."""
    if abs(value) >= 120:
        return signed(value / 60, "h")
    return signed(value, "min")


def signed(value: float, unit: str) -> str:
    places = 0 if abs(value) >= 10 else 1
    return f"{value:+,.{places}f} {unit}" if round(value, places) else f"0 {unit}"


def cannot(n: int) -> str:
    return f"cannot say (n={n})"


def _row(one: Json) -> list[dict[str, Any]]:
    a_day, took = one["per_day"], one["minutes"]
    hours = one["hours_per_day"]
    said = took["median"] is not None
    late = one["overdue"]
    return [
        {"text": one["queue"]},
        {
            "text": f"{_plain(a_day['came'])} → {_plain(a_day['projected'])}",
            "small": f"{one['extra']:+,.0f} in the window",
            "end": True,
        },
        {"text": _plain(a_day["decided"]), "end": True},
        {
            "text": f"{_plain(hours['decided'])} → {_plain(hours['projected'])} h"
            if said
            else cannot(took["n"]),
            "small": f"{_plain(took['median'])} min a case (n={took['n']})" if said else "",
            "end": True,
        },
        {
            "text": cannot(late["n"])
            if late["now"] is None
            else f"{_percent(late['now'])} → {_percent(late['projected'])}",
            "small": "" if late["now"] is None else f"n={late['n']}",
            "end": True,
        },
    ]


def _review(one: Json) -> str:
    more = one["extra_minutes_per_day"]
    if more is None:
        return f"Review time: {cannot(one['minutes']['n'])}."
    return f"Review time: {minutes(more)} a day, at {_plain(one['minutes']['median'])} min a case."


def _due(one: Json) -> str:
    late = one["overdue"]
    if late["now"] is None:
        return f"Overdue: {cannot(late['n'])}."
    return f"Overdue: {_percent(late['now'])} → {_percent(late['projected'])}."


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"
