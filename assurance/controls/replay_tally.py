"""What a replay has counted so far: plain JSON between two slices, whoever takes the next one.

Cases are added by the combination of outlines that they came to, many at once: there are few
combinations, and cases that differ in nothing are counted, not visited.
"""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from itertools import combinations
from typing import Any

from assurance.controls.case_reader import Stored
from assurance.controls.known_truth import Known
from assurance.controls.outlines import RANK, Outline
from assurance.controls.stored_cases import Rejudged

Json = dict[str, Any]

# How many single cases are kept of each kind; all of them are counted.
MOST_LISTED = 1_000
MOST_DIFFERENCES = 50
FLIPS = 20
# Beyond so many names or pairs the rest is counted together.
MOST_ACTIONS = 50
_MOST_PAIRS = 5_000
_MOST_PAIRED = 12
OTHER_ACTIONS = "(others)"
NO_ACTION = "(none)"


class Tally:
    """Counts of one replay. `kept()` gives it as JSON, `Tally(kept)` goes on with it."""

    TABLES = (
        "not_replayable", "then", "matrix", "actions", "fired_then", "fired_now", "matched_then",
        "matched_now", "newly", "no_longer", "alone", "holding", "pairs", "truth", "queues",
    )  # fmt: skip
    LISTS = ("released", "caught", "differences", "flips")

    def __init__(self, kept: Json | None = None) -> None:
        kept = kept or {}
        self.counts: Counter[str] = Counter(kept.get("counts", {}))
        self.tables: dict[str, Counter[str]] = {
            name: Counter(kept.get("tables", {}).get(name, {})) for name in self.TABLES
        }
        self.lists: dict[str, list[Any]] = {
            name: list(kept.get("lists", {}).get(name, [])) for name in self.LISTS
        }
        self.first_at: str | None = kept.get("first_at")

    def kept(self) -> Json:
        return {
            "counts": dict(self.counts),
            "tables": {name: dict(table) for name, table in self.tables.items()},
            "lists": self.lists,
            "first_at": self.first_at,
        }

    # -- every case ----------------------------------------------------------------------------

    def saw(self, rows: list[Stored]) -> None:
        self.counts["n"] += len(rows)
        if self.first_at is None and rows:
            self.first_at = rows[0].at.isoformat()

    def not_replayable(self, reason: str) -> None:
        self.tables["not_replayable"][reason] += 1

    def differs(self, row: Stored, own: Outline) -> None:
        """A case that the very set which judged it judges otherwise."""
        self.counts["different"] += 1
        if len(self.lists["differences"]) < MOST_DIFFERENCES:
            self.lists["differences"].append(
                {
                    **_named(row),
                    "was": {"disposition": row.disposition, "would_be": row.would_be},
                    "now": {"disposition": own.disposition, "would_be": own.order},
                    "outcomes": dict(own.outcomes),
                }
            )

    def add(self, own: Outline, base: Outline, now: Outline, action: str | None, many: int) -> None:
        """So many cases that came to the same."""
        counts, tables = self.counts, self.tables
        counts["judged"] += many
        counts["self_test"] += many
        turn = RANK[now.order] - RANK[base.order]
        way = "tightened" if turn > 0 else "loosened" if turn < 0 else "unchanged"
        counts[way] += many
        tables["then"][f"{own.order}>{now.order}"] += many
        tables["matrix"][f"{base.order}>{now.order}"] += many
        tables["actions"][f"{way}:{self._action(action)}"] += many
        for outline, fired in ((own, "fired_then"), (now, "fired_now")):
            for key, outcome in outline.outcomes:
                tables[fired][f"{outcome}:{key}"] += many
        for name, keys in (
            ("matched_then", base.matched),
            ("matched_now", now.matched),
            ("newly", now.matched - base.matched),
            ("no_longer", base.matched - now.matched),
        ):
            for key in keys:
                tables[name][key] += many
        self._overlap(now, many)

    def _action(self, action: str | None) -> str:
        name = NO_ACTION if action is None else str(action)[:120]
        known = {key.partition(":")[2] for key in self.tables["actions"]}
        return name if name in known or len(known) < MOST_ACTIONS else OTHER_ACTIONS

    def _overlap(self, now: Outline, many: int) -> None:
        holding = now.holding
        if len(holding) == 1:
            self.tables["alone"][holding[0]] += many
        for key in holding:
            self.tables["holding"][key] += many
        pairs = self.tables["pairs"]
        if len(holding) > _MOST_PAIRED:
            self.counts["pairs_cut"] += many
            return
        for pair in combinations(sorted(holding), 2):
            text = "+".join(pair)
            if text in pairs or len(pairs) < _MOST_PAIRS:
                pairs[text] += many
            else:
                self.counts["pairs_cut"] += many

    # -- single cases --------------------------------------------------------------------------

    def turned(self, row: Stored, case: Rejudged) -> None:
        """A case whose outcome the candidate changes: perhaps one of the sample, which hangs on
        nothing but the case."""
        flips = self.lists["flips"]
        draw = sha256(f"{row.case_id}:{row.revision}".encode()).hexdigest()
        if len(flips) >= FLIPS and draw > flips[-1]["draw"]:
            return
        flips.append({"draw": draw, **_named(row), **_orders(case)})
        flips.sort(key=lambda one: one["draw"])
        del flips[FLIPS:]

    def moved(self, queue: str, by: int) -> None:
        """A case more, or fewer, for a queue."""
        self.tables["queues"][f"{'more' if by > 0 else 'fewer'}:{queue}"] += 1

    def labelled(self, row: Stored, case: Rejudged, known: Known) -> None:
        """A case of which the truth is known."""
        truth = "bad" if known.is_bad else "good"
        for which, outline in (("then", case.own), ("base", case.base), ("now", case.now)):
            held = "held" if outline.is_held else "let_go"
            self.tables["truth"][f"{which}:{truth}:{held}"] += 1
        if not known.is_bad:
            return
        was_held = case.own.is_held or case.base.is_held
        if was_held and not case.now.is_held:
            self._list("released", row, case, known)
        elif case.now.is_held and not (case.own.is_held and case.base.is_held):
            self._list("caught", row, case, known)

    def _list(self, name: str, row: Stored, case: Rejudged, known: Known) -> None:
        self.counts[name] += 1
        if len(self.lists[name]) < MOST_LISTED:
            self.lists[name].append(
                {
                    **_named(row),
                    **_orders(case),
                    "label": known.value,
                    "source": known.source,
                    "labelled_at": known.at.isoformat(),
                }
            )


def _named(row: Stored) -> Json:
    return {
        "assessment": row.pk,
        "case_id": str(row.case_id),
        "revision": row.revision,
        "at": row.at.isoformat(),
    }


def _orders(case: Rejudged) -> Json:
    return {
        "then": case.own.order,
        "base": case.base.order,
        "now": case.now.order,
        "held_by": sorted(set(case.base.holding) | set(case.own.holding)),
        "held_now_by": sorted(case.now.holding),
    }
