"""The report of a replay, made from its tally: known-bad cases let go first and one by one, then
totals. The same cases and the same candidate give the same report and hash, whoever counted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from assurance.controls.choices import Direction, Disposition
from assurance.controls.intervals import interval
from assurance.controls.replay_tally import OTHER_ACTIONS, Json, Tally
from assurance.controls.review_load import QueueWork, load_of
from assurance.controls.stored_cases import REASONS
from assurance.record.canonical import sha256_of

CAVEAT = (
    "Labels exist only for cases that were reviewed or heard of again; people and the systems "
    "before and after are not simulated."
)
WAYS = ("tightened", "loosened", "unchanged")
ORDERS = [str(one) for one in Disposition]


def report_of(
    tally: Tally,
    *,
    base: Mapping[str, Any],
    candidate_sha256: str,
    since: datetime | None,
    until: datetime,
    work: Mapping[str, QueueWork],
) -> Json:
    """The whole answer as JSON, nothing in it that hangs on when or by whom it was counted.

    `base` is {number, sha256}; `work` is what people did in the queues of `queues_moved`. Rates
    are 0 to 1, rounded to six places.
    """
    counts, tables = tally.counts, tally.tables
    days = (until - begin_of(tally, since, until)) / timedelta(days=1)
    return {
        "known_bad_newly_released": tally.lists["released"],
        "known_bad_newly_released_count": counts["released"],
        "known_bad_newly_caught": tally.lists["caught"],
        "known_bad_newly_caught_count": counts["caught"],
        "direction": str(direction_of(tally)),
        "window": {"from": _text(since), "first": tally.first_at, "until": _text(until)},
        "base": dict(base),
        "candidate_sha256": candidate_sha256,
        "n": counts["n"],
        "replayable": counts["judged"],
        "replayable_share": _share(counts["judged"], counts["n"]),
        "not_replayable": [
            {"reason": reason, "n": n, "words": REASONS[reason]}
            for reason, n in sorted(tables["not_replayable"].items())
        ],
        "asked_anew": counts["asked_anew"],
        "self_test": {
            "n": counts["self_test"],
            "different": counts["different"],
            "differences": tally.lists["differences"],
        },
        **{way: counts[way] for way in WAYS},
        "matrix": _matrix(tables["matrix"]),
        "matrix_then": _matrix(tables["then"]),
        "holding": _holding(tables["matrix"], days),
        "load": load_of(queues_moved(tally), days, work),
        "labelled": {which: _quality(tables["truth"], which) for which in ("then", "base", "now")},
        "segments": {"proposed_action": _segments(tables["actions"]), "queue": _queues(tally)},
        "controls": _controls(tables),
        "overlap": _overlap(tally),
        "flips": [{k: v for k, v in one.items() if k != "draw"} for one in tally.lists["flips"]],
        "caveat": CAVEAT,
    }


def begin_of(tally: Tally, since: datetime | None, until: datetime) -> datetime:
    """Where the window begins: at its first case, unless somebody said."""
    return since or (datetime.fromisoformat(tally.first_at) if tally.first_at else until)


def queues_moved(tally: Tally) -> dict[str, int]:
    """The queues that get other cases than under the base, and how many more in all."""
    return {one["queue"]: one["more"] - one["fewer"] for one in _queues(tally)}


def report_sha256(report: Mapping[str, Any]) -> str:
    return sha256_of(dict(report))


def direction_of(tally: Tally) -> Direction:
    """What the candidate does to cases beside the set that it would replace."""
    tightens, loosens = tally.counts["tightened"] > 0, tally.counts["loosened"] > 0
    if tightens and loosens:
        return Direction.MIXED
    if tightens:
        return Direction.TIGHTENS
    return Direction.LOOSENS if loosens else Direction.SAME


def _matrix(table: Mapping[str, int]) -> list[Json]:
    """Every transition that occurred, mildest first."""
    rows = []
    for key, n in table.items():
        was, _, now = key.partition(">")
        rows.append({"was": was, "now": now, "n": n})
    return sorted(rows, key=lambda row: (ORDERS.index(row["was"]), ORDERS.index(row["now"])))


def _holding(matrix: Mapping[str, int], days: float) -> Json:
    """How many more cases are held, in all and a day."""
    newly = sum(n for key, n in matrix.items() if _is(key, "continue", held=True))
    freed = sum(n for key, n in matrix.items() if _is(key, "continue", held=False))
    extra = newly - freed
    return {
        "newly_held": newly,
        "newly_released": freed,
        "extra": extra,
        "days": round(days, 3),
        "extra_per_day": round(extra / days, 6) if days > 0 else None,
    }


def _is(key: str, calm: str, *, held: bool) -> bool:
    was, _, now = key.partition(">")
    return (was == calm and now != calm) if held else (was != calm and now == calm)


def _quality(truth: Mapping[str, int], which: str) -> Json:
    """How well holding agrees with what is known: of the held, how many were bad (precision); of
    the bad, how many were held (recall)."""
    n = {
        (label, held): truth.get(f"{which}:{label}:{held}", 0)
        for label in ("bad", "good")
        for held in ("held", "let_go")
    }
    hit = n["bad", "held"]
    return {
        "n": sum(n.values()),
        "bad_held": hit,
        "bad_let_go": n["bad", "let_go"],
        "good_held": n["good", "held"],
        "good_let_go": n["good", "let_go"],
        "precision": rate(hit, hit + n["good", "held"]),
        "recall": rate(hit, hit + n["bad", "let_go"]),
    }


def rate(successes: int, trials: int) -> Json:
    """A rate with its exact 95 % interval; without trials there is none."""
    low, high = interval(successes, trials)
    return {
        "k": successes,
        "n": trials,
        "rate": _share(successes, trials),
        "low": round(low, 6),
        "high": round(high, 6),
    }


def _segments(actions: Mapping[str, int]) -> list[Json]:
    rows: dict[str, Json] = {}
    for key, n in actions.items():
        way, _, name = key.partition(":")
        row = rows.setdefault(name, {"name": name, "n": 0, **dict.fromkeys(WAYS, 0)})
        row["n"] += n
        row[way] += n
    return sorted(rows.values(), key=lambda row: (row["name"] == OTHER_ACTIONS, row["name"]))


def _queues(tally: Tally) -> list[Json]:
    """Queues that get other cases than under the base."""
    rows: dict[str, Json] = {}
    for key, n in tally.tables["queues"].items():
        way, _, queue = key.partition(":")
        rows.setdefault(queue, {"queue": queue, "more": 0, "fewer": 0})[way] += n
    return [rows[queue] for queue in sorted(rows)]


def _controls(tables: Mapping[str, Mapping[str, int]]) -> list[Json]:
    """Each control that said something: its outcomes as recorded and now, and on how many cases
    it orders something under the base and under the candidate."""
    rows: dict[str, Json] = {}
    for name, table in (("then", tables["fired_then"]), ("now", tables["fired_now"])):
        for key, n in sorted(table.items()):
            outcome, _, control = key.partition(":")
            _row(rows, control)[f"outcomes_{name}"][outcome] = n
    for name, table in (
        ("matched_base", tables["matched_then"]),
        ("matched_now", tables["matched_now"]),
        ("newly_matched", tables["newly"]),
        ("no_longer_matched", tables["no_longer"]),
    ):
        for control, n in table.items():
            _row(rows, control)[name] = n
    return [rows[key] for key in sorted(rows)]


def _row(rows: dict[str, Json], control: str) -> Json:
    counted = ("matched_base", "matched_now", "newly_matched", "no_longer_matched")
    return rows.setdefault(
        control,
        {"key": control, "outcomes_then": {}, "outcomes_now": {}, **dict.fromkeys(counted, 0)},
    )


def _overlap(tally: Tally) -> Json:
    """What each voice adds to the others: the cases that it alone holds, and those beside whom it
    never stands alone."""
    holding, alone = tally.tables["holding"], tally.tables["alone"]
    always = []
    for pair, n in tally.tables["pairs"].items():
        one, _, other = pair.partition("+")
        always += [
            {"control": key, "with": beside, "n": n}
            for key, beside in ((one, other), (other, one))
            if holding[key] == n
        ]
    return {
        "alone": [
            {"control": key, "holds": n, "alone": alone.get(key, 0)}
            for key, n in sorted(holding.items())
        ],
        "always_with": sorted(always, key=lambda one: (one["control"], one["with"])),
        "pairs_left_out": tally.counts["pairs_cut"],
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
