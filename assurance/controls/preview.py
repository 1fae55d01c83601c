"""Preview: what an unsaved control or rule would have done with the cases of the last days.

The same judging as replay, for one item and in the time that somebody waits while typing: over
two seconds it looks at one case in ten (then in a hundred) and says so. Nothing is stored.
"""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta

from assurance.controls.candidates import apply, item_of
from assurance.controls.case_reader import SLOW_AT_ONCE, read
from assurance.controls.choices import Item, Mode
from assurance.controls.condition_tree import ConditionError
from assurance.controls.control_sets import newest_set
from assurance.controls.live_set import LiveSet
from assurance.controls.models import Assessment, ControlSet, Workflow
from assurance.controls.preview_counts import SAMPLES, Counts, Json
from assurance.controls.queues import queue_kinds
from assurance.controls.replay import candidate_set
from assurance.controls.review_load import load_of, work_of
from assurance.controls.stored_cases import REASONS, Rejudging
from assurance.errors import DomainError

DAYS = 30
BUDGET_SECONDS = 2.0
# One case in so many; the last is looked at to the end, however long it takes.
ONE_IN = (1, 10, 100)


def preview(
    workflow: Workflow,
    *,
    item: str,
    key: str,
    content: Json | None,
    at: datetime,
    days: int = DAYS,
    budget: float = BUDGET_SECONDS,
) -> Json:
    """What this content in the place of what is live would have done in the last days.

    `key` names what it replaces (a new one: its own name), None as content removes it. All figures
    are counts of the cases looked at: `n` of `total`; `sampled` says whether these differ, by
    `one_in`. A control that holds nothing yet (off, shadow, advise, and live no more) is judged as
    if it were enforced, and `as_if_enforced` says so. Pointers are into the condition.

    Raises 422 `invalid_condition` with every fault of the condition.
    """
    base_set = ControlSet.objects.get(pk=newest_set(workflow).pk)
    content, as_if = _as_if_enforced(base_set, item, key, content)
    edit = {"item": item, "key": key, "content": content}
    try:
        candidate = candidate_set(apply(base_set.content, [edit]))
    except ConditionError as error:
        raise DomainError(
            "invalid_condition",
            "The condition cannot be judged yet: mend what is named.",
            status=422,
            errors=[
                {"pointer": one.pointer, "code": one.code, "message": one.message}
                for one in error.problems
            ],
        ) from error
    since = at - timedelta(days=days)
    counts, one_in = _counted(
        workflow, base_set, candidate, edit, since=since, until=at, budget=budget
    )
    total = counts.totals["n"]
    if one_in > 1:
        total = Assessment.objects.filter(
            workflow=workflow, purpose=Assessment.Purpose.INTAKE, at__gte=since, at__lte=at
        ).count()
    return {
        "item": str(item),
        "key": key,
        "from": since.isoformat(),
        "until": at.isoformat(),
        "days": days,
        "base": base_set.number,
        "as_if_enforced": as_if,
        "sampled": one_in > 1,
        "one_in": one_in,
        "total": total,
        **_told(counts, days),
        "load": _load(counts, since=since, until=at, days=days, total=total),
    }


def _as_if_enforced(
    base_set: ControlSet, item: str, key: str, content: Json | None
) -> tuple[Json | None, bool]:
    """The content to judge, and whether its mode was put to enforced for that."""
    if item != Item.CONTROL or content is None:
        return content, False
    live = item_of(base_set.content, item, key)
    holds = live is not None and live["mode"] == Mode.ENFORCED
    if holds or content.get("mode") in (None, Mode.ENFORCED):
        return content, False
    return {**content, "mode": str(Mode.ENFORCED)}, True


def _counted(
    workflow: Workflow,
    base_set: ControlSet,
    candidate: LiveSet,
    edit: Json,
    *,
    since: datetime,
    until: datetime,
    budget: float,
) -> tuple[Counts, int]:
    """The counts, over all cases or, where that takes too long, over one in so many."""
    judging, content = Rejudging(base_set, candidate, until=until), edit["content"] or {}
    kinds = queue_kinds()
    # A rule may get another name while it is edited; a control keeps its key.
    renamed = content.get("name") or edit["key"] if edit["item"] == Item.RULE else edit["key"]
    for one_in in ONE_IN:
        counts = Counts(
            judging,
            edit["item"],
            old=edit["key"],
            new=renamed,
            condition=content.get("condition"),
            kinds=kinds,
            until=until,
        )
        ends = time.monotonic() + budget
        stored = read(
            workflow.pk,
            since=since,
            until=until,
            one_in=one_in,
            most=SLOW_AT_ONCE if judging.asks_the_past else None,
        )
        with closing(stored) as batches:
            for rows in batches:
                if one_in != ONE_IN[-1] and time.monotonic() > ends:
                    break
                counts.count(rows)
            else:
                return counts, one_in
    raise AssertionError("the last sample is counted to its end")


def _told(counts: Counts, days: int) -> Json:
    totals = counts.totals
    names = ("n", "judged", "matched", "live_matched", "newly_matched", "no_longer_matched")
    more = ("matched_unknown", "newly_held", "newly_released")
    people = ("approved", "corrected_or_rejected", "never_reviewed")
    rows = [
        {"pointer": pointer, "matched": matched, "unknown": unknown}
        for pointer, matched, unknown in zip(
            counts.pointers, counts.row_matched, counts.row_unknown, strict=True
        )
    ]
    newest_first = [*reversed(counts.new_samples), *reversed(counts.other_samples)]
    return {
        **{name: totals[name] for name in (*names, *more)},
        "not_replayable": [
            {"reason": reason, "n": n, "words": REASONS[reason]}
            for reason, n in sorted(counts.not_replayable.items())
        ],
        "people": {name: counts.people[name] for name in people},
        "daily": [
            {"day": day, "n": one["n"], "matched": one["matched"], "live": one["live"]}
            for day, one in sorted(counts.days.items())
        ],
        "queues": _queues(counts.queues, days),
        "rows": rows,
        "samples": newest_first[:SAMPLES],
        "warnings": _warnings(counts, rows),
    }


def _load(counts: Counts, *, since: datetime, until: datetime, days: int, total: int) -> Json:
    """What the cases that move mean for people; a sample stands for all cases."""
    extra: Counter[str] = Counter()
    for (queue, _), n in counts.queues.items():
        extra[queue] += n
    looked_at = counts.totals["n"]
    whole = {queue: n * total / looked_at for queue, n in extra.items()}
    return load_of(whole, days, work_of(whole, since, until))


def _queues(moved: Counter[tuple[str, int]], days: int) -> list[Json]:
    """Queues whose load changes: cases more in all and a day, and the hour (UTC) that gets most
    of them."""
    found = []
    for queue in sorted({queue for queue, _ in moved}):
        hours = {hour: n for (name, hour), n in moved.items() if name == queue}
        peak = max(hours, key=lambda hour: (hours[hour], -hour))
        extra = sum(hours.values())
        found.append(
            {
                "queue": queue,
                "extra": extra,
                "extra_per_day": round(extra / days, 3),
                "peak_hour": {"hour": peak, "per_day": round(hours[peak] / days, 3)}
                if hours[peak] > 0
                else None,
            }
        )
    return found


def _warnings(counts: Counts, rows: list[Json]) -> list[Json]:
    judged, matched = counts.totals["judged"], counts.totals["matched"]
    if not judged or counts.item not in (Item.CONTROL, Item.RULE):
        return []
    found = []
    if not matched:
        found.append(_warning("never_matches", f"It matches none of {judged:,} cases."))
    elif matched == judged:
        found.append(_warning("always_matches", f"It matches every one of {judged:,} cases."))
    for row in rows if len(rows) > 1 else ():
        if not row["matched"]:
            message = f"This row holds in none of {judged:,} cases."
            found.append(_warning("row_never_matches", message, row["pointer"]))
        elif row["matched"] == judged:
            message = f"This row holds in every one of {judged:,} cases."
            found.append(_warning("row_always_matches", message, row["pointer"]))
    return found


def _warning(code: str, message: str, pointer: str = "") -> Json:
    return {"code": code, "message": message, "pointer": pointer}
