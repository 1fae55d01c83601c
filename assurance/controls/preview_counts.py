"""What a preview has counted: the cases that an item matches, then and now, and where they go."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from assurance.controls.case_reader import Stored
from assurance.controls.choices import Item
from assurance.controls.conditions import compile_conditions
from assurance.controls.known_truth import BY_PEOPLE, known_truth, last_revisions
from assurance.controls.live_set import LiveSet
from assurance.controls.outlines import Outline
from assurance.controls.queue_of import seen, taken_by
from assurance.controls.stored_cases import NotReplayable, Rejudged, Rejudging

Json = dict[str, Any]
SAMPLES = 10


class Counts:
    """Counts of one item over a window. `item` is `control` or `rule`, or another kind of item,
    of which only the effect on cases is counted."""

    def __init__(
        self,
        judging: Rejudging,
        item: str,
        *,
        old: str,
        new: str,
        condition: Mapping[str, Any] | None,
        kinds: Mapping[str, str],
        until: datetime,
    ) -> None:
        self.judging = judging
        self.item = item
        self.old, self.new = old, new
        self.kinds = kinds
        self.until = until
        self.totals: Counter[str] = Counter()
        self.not_replayable: Counter[str] = Counter()
        self.people: Counter[str] = Counter()
        self.days: dict[str, Counter[str]] = {}
        self.queues: Counter[tuple[str, int]] = Counter()  # queue, hour of the day: cases more
        self.new_samples: deque[Json] = deque(maxlen=SAMPLES)
        self.other_samples: deque[Json] = deque(maxlen=SAMPLES)
        self.pointers, trees = _leaves(condition)
        self.row_matched, self.row_unknown = [0] * len(trees), [0] * len(trees)
        self._rows = compile_conditions(trees, _catalogue(judging.now.live, item))

    def count(self, rows: list[Stored]) -> None:
        self.judging.look_up(rows)
        to_ask: list[Stored] = []
        for row in rows:
            self.totals["n"] += 1
            try:
                case = self.judging.judge(row)
            except NotReplayable as refusal:
                self.not_replayable[refusal.reason] += 1
                continue
            self.totals["judged"] += 1
            if self._one(row, case):
                to_ask.append(row)
        self._ask_people(to_ask)

    def _one(self, row: Stored, case: Rejudged) -> bool:
        """Count one case. Whether the item matches it."""
        totals, base, now = self.totals, case.base, case.now
        day = self.days.setdefault(row.at_text[:10], Counter())
        day["n"] += 1
        totals["newly_held"] += now.is_held and not base.is_held
        totals["newly_released"] += base.is_held and not now.is_held
        before, after = self._rules(case)
        was, matched, unknown = self._match(case, before, after)
        if matched or was:
            totals["matched"] += matched
            totals["live_matched"] += was
            totals["newly_matched"] += matched and not was
            totals["no_longer_matched"] += was and not matched
            day["matched"] += matched
            day["live"] += was
        totals["matched_unknown"] += unknown
        if matched:
            samples = self.other_samples if was else self.new_samples
            samples.append(_sample(row, base, now, new=not was))
        self._move(row, before, after)
        self._count_rows(case)
        return matched

    def _match(
        self, case: Rejudged, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
    ) -> tuple[bool, bool, bool]:
        """Whether the item as it is live matches, whether the new one does, and whether that is
        only because something could not be known."""
        if self.item == Item.CONTROL:
            now = case.now
            return self.old in case.base.matched, self.new in now.matched, self.new in now.unsure
        if self.item == Item.RULE:
            was = before is not None and before["name"] == self.old
            return was, after is not None and after["name"] == self.new, False
        changed = case.base.order != case.now.order
        return False, changed, False

    def _rules(self, case: Rejudged) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
        """The rules that take the case, then and now; where nothing can have moved, neither."""
        if self.item != Item.RULE and case.base.order == case.now.order:
            return None, None
        base, now = self.judging.base.live, self.judging.now.live
        return (
            taken_by(case.facts, case.base, base, self.kinds),
            taken_by(case.facts, case.now, now, self.kinds),
        )

    def _move(
        self, row: Stored, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
    ) -> None:
        was, now = before and before["queue"], after and after["queue"]
        if was != now:
            hour = int(row.at_text[11:13])
            if now:
                self.queues[now, hour] += 1
            if was:
                self.queues[was, hour] -= 1

    def _count_rows(self, case: Rejudged) -> None:
        if not self.pointers:
            return
        facts = seen(case.facts, case.now) if self.item == Item.RULE else case.facts
        for place, verdict in enumerate(self._rows(facts)):
            if verdict is True:
                self.row_matched[place] += 1
            elif verdict is None:
                self.row_unknown[place] += 1

    def _ask_people(self, rows: list[Stored]) -> None:
        """What people decided later of the cases that match."""
        cases: set[UUID] = {row.case_id for row in rows if row.has_label}
        known = known_truth(cases, until=self.until, sources=BY_PEOPLE) if cases else {}
        last = last_revisions(known, until=self.until) if known else {}
        for row in rows:
            truth = known.get(row.case_id) if last.get(row.case_id) == row.revision else None
            if truth is None:
                self.people["never_reviewed"] += 1
            else:
                self.people["corrected_or_rejected" if truth.is_bad else "approved"] += 1


def _sample(row: Stored, base: Outline, now: Outline, *, new: bool) -> Json:
    return {
        "case_id": str(row.case_id),
        "revision": row.revision,
        "at": row.at.isoformat(),
        "new": new,
        "was": base.order,
        "now": now.order,
    }


def _leaves(condition: Mapping[str, Any] | None) -> tuple[list[str], list[Json]]:
    """Every test of a condition with its JSON pointer, in the order in which they are written."""
    found = list(_walk(condition, "")) if condition is not None else []
    return [pointer for pointer, _ in found], [leaf for _, leaf in found]


def _walk(tree: Mapping[str, Any], pointer: str) -> Iterator[tuple[str, Json]]:
    for group in ("all", "any"):
        if group in tree:
            for place, part in enumerate(tree[group]):
                yield from _walk(part, f"{pointer}/{group}/{place}")
            return
    if "not" in tree:
        yield from _walk(tree["not"], f"{pointer}/not")
        return
    yield pointer, dict(tree)


def _catalogue(live: LiveSet, item: str) -> Any:
    return live.catalogue.for_routing() if item == Item.RULE else live.catalogue
