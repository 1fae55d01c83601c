"""What a preview says beside a form: counts as sentences, bars as geometry, cases by name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from assurance.accounts.models import User
from assurance.controls.choices import Disposition
from assurance.controls.editing.rows import Row
from assurance.controls.presenting import review_load
from assurance.controls.rooms_above import cases_named

WIDTH, HEIGHT = 300, 36  # of the bars, in units of their drawing
PEOPLE = (
    ("corrected_or_rejected", "corrected or rejected", "fail"),
    ("approved", "approved", "ok"),
    ("never_reviewed", "never reviewed", "none"),
)


def told(found: Mapping[str, Any], *, user: User, at: datetime) -> dict[str, Any]:
    """The preview as the template shows it. `at` is the moment that it is marked with."""
    judged, matched = found["judged"], found["matched"]
    return {
        "at": at,
        "until": datetime.fromisoformat(found["until"]),
        "days": found["days"],
        "judged": judged,
        "matched": matched,
        "one_in": round(judged / matched) if matched and judged > matched else 0,
        "live_matched": found["live_matched"],
        "as_if": found["as_if_enforced"],
        "sampled": found["one_in"] if found["sampled"] else 0,
        "total": found["total"],
        "unknown": found["matched_unknown"],
        "moves": _moves(found),
        "people": _people(found["people"], matched),
        "bars": _bars(found),
        "queues": _queues(found),
        "methods": review_load.methods(found["load"]),
        "samples": _samples(found["samples"], user, at),
        "left_out": sum(one["n"] for one in found["not_replayable"]),
        "warnings": [one["message"] for one in found["warnings"] if not one["pointer"]],
    }


def rates(found: Mapping[str, Any], places: Mapping[str, Row]) -> list[tuple[str, str]]:
    """How many of the cases judged each row matches, by the row's place in the page."""
    judged = found["judged"]
    said = []
    for one in found["rows"]:
        denied = one["pointer"].endswith("/not")
        row = places.get(one["pointer"]) or places.get(one["pointer"].removesuffix("/not"))
        if row is None or not judged:
            continue
        matched = judged - one["matched"] - one["unknown"] if denied else one["matched"]
        unknown = f", {one['unknown']:,} unknown" if one["unknown"] else ""
        said.append((row.slug, f"{matched:,} of {judged:,} cases{unknown}"))
    return said


def _moves(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    figures = (
        ("Newly held", "newly_held"),
        ("Newly let go", "newly_released"),
        ("Newly matched", "newly_matched"),
        ("No longer matched", "no_longer_matched"),
    )
    return [{"label": label, "value": f"{found[name]:,}"} for label, name in figures]


def _people(counts: Mapping[str, int], matched: int) -> list[dict[str, Any]]:
    """The split by what people decided later, each with its part of one bar."""
    start, found = 0.0, []
    for name, words, kind in PEOPLE:
        width = WIDTH * counts[name] / matched if matched else 0.0
        found.append(
            {
                "words": words,
                "n": counts[name],
                "kind": kind,
                "x": round(start, 1),
                "width": round(width, 1),
            }
        )
        start += width
    return found


def _bars(found: Mapping[str, Any]) -> dict[str, Any] | None:
    """A bar for each day of the window: cases matched now, and a line where the live one stands."""
    last = datetime.fromisoformat(found["until"]).date()
    by_day = {one["day"]: one for one in found["daily"]}
    days = [(last - timedelta(days=back)).isoformat() for back in range(found["days"], -1, -1)]
    most = max((max(one["matched"], one["live"]) for one in by_day.values()), default=0)
    if not most:
        return None
    step = WIDTH / len(days)
    bars = []
    for place, day in enumerate(days):
        one = by_day.get(day, {"matched": 0, "live": 0})
        height, live = (HEIGHT * one[name] / most for name in ("matched", "live"))
        bars.append(
            {
                "x": round(place * step, 1),
                "y": round(HEIGHT - height, 1),
                "height": round(height, 1),
                "live": round(HEIGHT - live, 1),
                "end": round(place * step + step - 2, 1),
                "title": f"{day}: {one['matched']:,} matched, live {one['live']:,}",
            }
        )
    return {"bars": bars, "width": round(step - 2, 1), "most": f"{most:,}"}


def _queues(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each queue that gets other cases: how many, when, and what that asks of its people."""
    lines = review_load.lines(found["load"])
    return [{"words": _queue(one), "lines": lines[one["queue"]]} for one in found["queues"]]


def _queue(one: Mapping[str, Any]) -> str:
    more = f"{one['extra']:+,} cases, {one['extra_per_day']:+,.1f} a day"
    peak = one["peak_hour"]
    hour = f", most at {peak['hour']:02d}:00 UTC" if peak else ""
    return f"{one['queue']}: {more}{hour}"


def _samples(samples: list[Any], user: User, at: datetime) -> list[dict[str, Any]]:
    ids = {UUID(one["case_id"]) for one in samples}
    names = {key: one for answer in cases_named for key, one in answer(ids, user, at).items()}
    found = []
    for one in samples:
        named = names.get(UUID(one["case_id"]))
        moved = one["was"] != one["now"]
        way = f"{Disposition(one['was']).label} → " if moved else ""
        found.append(
            {
                "text": named["title"] if named else "A case that you may not see",
                "url": named["url"] if named else "",
                "way": f"{way}{Disposition(one['now']).label}",
                "is_new": one["new"],
            }
        )
    return found
