"""The report of a replay for a page: what was known to be bad and would be let go comes first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from assurance.controls.choices import (
    Direction,
    Disposition,
    LabelSource,
    LabelValue,
    ReplayStatus,
)
from assurance.controls.models import Replay
from assurance.controls.presenting import review_load
from assurance.controls.presenting.tables import table
from assurance.controls.replay import UNFINISHED
from assurance.controls.rooms_above import cases_named

if TYPE_CHECKING:
    from assurance.accounts.models import User

Json = Mapping[str, Any]
Names = Mapping[UUID, Mapping[str, str]]
FIRST = 25
DIRECTIONS = {
    Direction.TIGHTENS: ("ok", "Tightens"),
    Direction.LOOSENS: ("warn", "Loosens"),
    Direction.MIXED: ("warn", "Tightens some, loosens some"),
    Direction.SAME: ("", "Changes no outcome"),
}
MOST_PAIRS = 20
SETS = {"then": "The sets of that time", "base": "The set that it replaces", "now": "This change"}


def present(replay: Replay, user: User, at: datetime, *, every: bool = False) -> dict[str, Any]:
    """What `controls/_replay.html` needs. `every`: all known-bad cases let go, not the first."""
    shown: dict[str, Any] = {
        "replay": replay,
        "status": ReplayStatus(replay.status).label,
        "running": replay.status in UNFINISHED,
        "percent": 100 * replay.done // replay.total if replay.total else 0,
        "failed": replay.status in (ReplayStatus.FAILED, ReplayStatus.CANCELLED),
        "stale": replay.status == ReplayStatus.DONE and not replay.is_fresh(at),
        "report": None,
    }
    if replay.report is not None:
        shown["report"] = _report(replay.report, user, at, every)
    return shown


def _report(report: Json, user: User, at: datetime, every: bool) -> dict[str, Any]:
    released = report["known_bad_newly_released"]
    released = released if every else released[:FIRST]
    caught = report["known_bad_newly_caught"][:FIRST]
    flips = report["flips"]
    ids = {UUID(one["case_id"]) for one in (*released, *caught, *flips)}
    names = {key: value for answer in cases_named for key, value in answer(ids, user, at).items()}
    kind, label = DIRECTIONS[Direction(report["direction"])]
    return {
        "direction": {"kind": kind, "label": label},
        "n": report["n"],
        "from": _moment(report["window"]["from"] or report["window"]["first"]),
        "until": _moment(report["window"]["until"]),
        "released": _bad(released, names, "Known bad, and newly let go"),
        "released_count": report["known_bad_newly_released_count"],
        "released_more": len(report["known_bad_newly_released"]) - len(released),
        "caught": _bad(caught, names, "Known bad, and newly held"),
        "caught_count": report["known_bad_newly_caught_count"],
        "figures": _figures(report),
        "self_test": report["self_test"],
        "matrix": _matrix(report["matrix"]),
        "matrix_then": _then(report),
        "asked_anew": report.get("asked_anew", 0),
        "load": _load(report),
        "quality": _quality(report["labelled"]),
        "labelled": report["labelled"]["now"]["n"],
        "not_replayable": report["not_replayable"],
        "replayable_share": _percent(report["replayable_share"]),
        "controls": _controls(report["controls"]),
        "actions": _actions(report["segments"]["proposed_action"]),
        "queues": _queues(report["segments"]["queue"]),
        "flips": _flips(flips, names),
        "overlap": _overlap(report["overlap"]),
        "beside": _beside(report["overlap"]),
        "caveat": report["caveat"],
    }


def _figures(report: Json) -> list[dict[str, Any]]:
    extra = report["holding"]["extra_per_day"]
    figures = [
        {"label": "Tightened", "value": _number(report["tightened"])},
        {"label": "Loosened", "value": _number(report["loosened"])},
        {"label": "Unchanged", "value": _number(report["unchanged"])},
        {"label": "Newly held", "value": _number(report["holding"]["newly_held"])},
        {"label": "Newly let go", "value": _number(report["holding"]["newly_released"])},
    ]
    if extra is not None:
        figures.append({"label": "More held a day", "value": f"{extra:+,.1f}" if extra else "0"})
    if "load" in report:
        value = review_load.more_minutes(report["load"])
        figures.append({"label": "More review a day", "value": value})
    return figures


def _load(report: Json) -> dict[str, Any] | None:
    """What it asks of people; None where no queue gets other cases, or the report is older than
    this figure."""
    load = report.get("load")
    if not load or not load["queues"]:
        return None
    return {"table": review_load.as_table(load), "methods": review_load.methods(load)}


def _then(report: Json) -> dict[str, Any] | None:
    """What became of the cases under the sets of their time, where that is not what the live set
    would order."""
    if report["matrix_then"] == report["matrix"]:
        return None
    return _matrix(report["matrix_then"])


def _overlap(overlap: Json) -> dict[str, Any]:
    """What each control, or voice, adds to the others."""
    return table(
        "What each stops that nothing else stops",
        ("Control", "Stops", "Alone", "Others stop too"),
        [
            [
                {"text": one["control"]},
                *(
                    {"text": _number(n), "end": True}
                    for n in (one["holds"], one["alone"], one["holds"] - one["alone"])
                ),
            ]
            for one in overlap["alone"]
        ],
        ends=3,
    )


def _beside(overlap: Json) -> list[str]:
    """Controls that never stop a case without the same other one."""
    rows = [
        f"{one['control']} stops nothing that {one['with']} does not stop too ({one['n']:,})."
        for one in overlap["always_with"][:MOST_PAIRS]
    ]
    more = len(overlap["always_with"]) - len(rows)
    return [*rows, f"And {more} more such pairs."] if more > 0 else rows


def _bad(rows: list[Json], names: Names, caption: str) -> dict[str, Any]:
    """Cases of which the truth is known, one by one."""
    labels = ("Case", "Known to be", "Held by", "Then", "Would now")
    return table(
        caption,
        labels,
        [
            [
                case_cell(one, names),
                {
                    "text": LabelValue(one["label"]).label,
                    "small": f"{LabelSource(one['source']).label}, {one['labelled_at'][:10]}",
                },
                {"text": ", ".join(one["held_by"]) or "–"},
                {"text": _order(one["then"])},
                {"text": f"{_order(one['base'])} → {_order(one['now'])}"},
            ]
            for one in rows
        ],
    )


def case_cell(one: Json, names: Names) -> dict[str, Any]:
    """The case by name with its link; without both where this person may not see it."""
    named = names.get(UUID(one["case_id"]))
    if named is None:
        return {"text": "A case that you may not see", "small": f"judged {one['at'][:10]}"}
    return {
        "text": named["title"],
        "url": named["url"],
        "small": f"{named['reference']}, judged {one['at'][:10]}",
    }


def _matrix(rows: list[Json]) -> dict[str, Any]:
    """From what to what, each disposition that occurs; what stays as it is lies on the diagonal."""
    order = [str(one) for one in Disposition]
    seen = sorted({row[name] for row in rows for name in ("was", "now")}, key=order.index)
    counts = {(row["was"], row["now"]): row["n"] for row in rows}
    return {
        "columns": [Disposition(one).label for one in seen],
        "rows": [
            {
                "label": Disposition(was).label,
                "cells": [
                    {
                        "label": Disposition(now).label,
                        "n": counts.get((was, now), 0),
                        "same": was == now,
                        "way": _way(order.index(was), order.index(now)),
                    }
                    for now in seen
                ],
            }
            for was in seen
            if any(counts.get((was, now)) for now in seen)
        ],
    }


def _way(was: int, now: int) -> str:
    return "same" if was == now else "tighter" if now > was else "looser"


def _quality(labelled: Json) -> dict[str, Any]:
    """Precision and recall on the labelled cases, under three sets."""
    return table(
        "How well holding agrees with what is known",
        ("Judged by", "Of what it holds, bad", "Of what is bad, held"),
        [
            [{"text": words}, _rate(labelled[name]["precision"]), _rate(labelled[name]["recall"])]
            for name, words in SETS.items()
        ],
    )


def _rate(rate: Json) -> dict[str, str]:
    if not rate["n"]:
        return {"text": "cannot say (n=0)"}
    low, high = _percent(rate["low"]), _percent(rate["high"])
    return {
        "text": f"{_percent(rate['rate'])} ({rate['k']:,} of {rate['n']:,})",
        "small": f"95 % interval {low} to {high}",
    }


def _controls(rows: list[Json]) -> dict[str, Any]:
    return table(
        "What each control matches",
        ("Control", "Before", "Now", "Newly", "No longer"),
        [
            [
                {"text": one["key"]},
                *(
                    {"text": _number(one[name]), "end": True}
                    for name in (
                        "matched_base",
                        "matched_now",
                        "newly_matched",
                        "no_longer_matched",
                    )
                ),
            ]
            for one in rows
        ],
        ends=4,
    )


def _actions(rows: list[Json]) -> dict[str, Any]:
    return table(
        "By proposed action",
        ("Proposed action", "Cases", "Tightened", "Loosened"),
        [
            [
                {"text": one["name"]},
                *(
                    {"text": _number(one[name]), "end": True}
                    for name in ("n", "tightened", "loosened")
                ),
            ]
            for one in rows
        ],
        ends=3,
    )


def _queues(rows: list[Json]) -> dict[str, Any]:
    return table(
        "Queues that get other cases",
        ("Queue", "More", "Fewer"),
        [
            [
                {"text": one["queue"]},
                *({"text": _number(one[n]), "end": True} for n in ("more", "fewer")),
            ]
            for one in rows
        ],
        ends=2,
    )


def _flips(rows: list[Json], names: Names) -> dict[str, Any]:
    return table(
        "Cases whose outcome changes, drawn by lot",
        ("Case", "Before", "Now", "Held now by"),
        [
            [
                case_cell(one, names),
                {"text": _order(one["base"])},
                {"text": _order(one["now"])},
                {"text": ", ".join(one["held_now_by"]) or "–"},
            ]
            for one in rows
        ],
    )


def _order(value: str) -> str:
    return str(Disposition(value).label)


def _number(value: int) -> str:
    return f"{value:,}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.1f} %"


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
