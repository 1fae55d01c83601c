"""What more or fewer cases mean for the people of a queue: minutes, hours and due times.

Measured, not modelled: how long people really took, how long cases really waited. Both are rough,
and the sentence beside each figure says how it was made; under ten of a kind nothing is said.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from assurance.controls.rooms_above import queue_work

Json = dict[str, Any]
LEAST = 10
METHODS = {
    "minutes": (
        "Minutes are the cases more a day times the median time from claim to decision, of the "
        "newest decisions in the window, at most 1,000 a queue."
    ),
    "overdue": (
        "Overdue: every recorded wait, from arrival to final decision, is made longer or shorter "
        "in the proportion in which more or fewer cases come, and held against the time that the "
        "case had; people are taken to decide as many a day as they did."
    ),
}


@dataclass(frozen=True, slots=True)
class QueueWork:
    """What happened in one queue in a window, whatever the workflow.

    `minutes` from claim to decision; `waits` from arrival to final decision, as a share of the
    time that the case had: more than 1 was overdue. Both of the newest decisions.
    """

    came: int = 0
    decided: int = 0
    minutes: Sequence[float] = ()
    waits: Sequence[float] = ()


def work_of(queues: Collection[str], since: datetime, until: datetime) -> dict[str, QueueWork]:
    """What happened in these queues, as far as the room of queues has registered to say."""
    found: dict[str, QueueWork] = {}
    for answer in queue_work if queues else ():
        found |= answer(queues, since, until)
    return found


def load_of(extra: Mapping[str, float], days: float, work: Mapping[str, QueueWork]) -> Json:
    """The load that so many cases more (or fewer) bring to each queue in so many days.

    `extra_minutes_per_day` of all queues is None where one of them cannot say. Shares are 0 to 1.
    """
    queues = [
        _queue(slug, extra[slug], days, work.get(slug, QueueWork())) for slug in sorted(extra)
    ]
    moved = [one["extra_minutes_per_day"] for one in queues if one["extra"]]
    whole = None if any(one is None for one in moved) else _rounded(sum(moved))
    return {
        "days": round(days, 3),
        "queues": queues,
        "extra_minutes_per_day": whole,
        "cannot_say": [
            {"queue": one["queue"], "n": one["minutes"]["n"]}
            for one in queues
            if one["extra"] and one["extra_minutes_per_day"] is None
        ],
        "least": LEAST,
        "methods": METHODS,
    }


def _queue(slug: str, extra: float, days: float, work: QueueWork) -> Json:
    typical = median(work.minutes) if len(work.minutes) >= LEAST else None
    comes = max(work.came + extra, 0)
    a_day = {
        "extra": _a_day(extra, days),
        "came": _a_day(work.came, days),
        "projected": _a_day(comes, days),
        "decided": _a_day(work.decided, days),
    }
    return {
        "queue": slug,
        "extra": _rounded(extra),
        "per_day": a_day,
        "minutes": {"n": len(work.minutes), "median": _rounded(typical)},
        "extra_minutes_per_day": _times(a_day["extra"], typical),
        "hours_per_day": {
            name: _times(a_day[name], typical and typical / 60)
            for name in ("extra", "decided", "projected")
        },
        "overdue": _overdue(work, comes),
    }


def _overdue(work: QueueWork, comes: float) -> Json:
    """How many of the recorded cases were overdue, and how many would have been."""
    n = min(len(work.waits), work.came)
    if n < LEAST:
        return {"n": n, "now": None, "projected": None, "stretch": None}
    stretch = comes / work.came
    whole = len(work.waits)
    return {
        "n": whole,
        "now": _rounded(sum(wait > 1 for wait in work.waits) / whole),
        "projected": _rounded(sum(wait * stretch > 1 for wait in work.waits) / whole),
        "stretch": _rounded(stretch),
    }


def _a_day(many: float, days: float) -> float | None:
    return _rounded(many / days) if days > 0 else None


def _times(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else _rounded(one * other)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
