"""The gate between stages: fourteen criteria, each computed from records that can be opened.

A criterion is answered in parts, by whichever room has the records; each part holds, does not
hold, or cannot be said for want of data, and then it does not hold. What no room measures yet
cannot be said either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from assurance.controls.choices import Stage, Tier

if TYPE_CHECKING:
    from assurance.controls.models import Workflow

State = Literal["holds", "fails", "unknown"]

# The number and the question of each; `governance` has the semantics.
CRITERIA = {
    1: "Every case is covered by a control",
    2: "Each action is verified, and the checks run",
    3: "Each disposition reaches enough qualified people in time",
    4: "Enough time and enough decisions",
    5: "What continues unseen is right often enough",
    6: "Reviewers agree, and find planted errors",
    7: "Four monitoring reviews in a row, on time",
    8: "No serious incident is open",
    9: "Every change was approved, and the live set reproduces its history",
    10: "It does not hang on those who built it",
    11: "Drills were held",
    12: "Any decision can be reconstructed, and the record verifies",
    13: "It carries twice the peak",
    14: "Nothing that was meant for the pilot alone is left",
}
BY_TIER: Mapping[str, frozenset[int]] = {
    Tier.LOW: frozenset({1, 2, 3, 8, 9}),
    Tier.MEDIUM: frozenset({1, 2, 3, 5, 7, 8, 9, 14}),
    Tier.HIGH: frozenset(CRITERIA),
}
# What a workflow can only show once it runs without a person on every case.
AFTER_PILOT = frozenset({4, 5, 6, 7, 10, 13})
SHOWN_IN_OBSERVE = frozenset({3, 9})
ATTEST_EVERY = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Reading:
    """One part of an answer. `n` is how many records it rests on."""

    state: State
    sentence: str
    n: int = 0
    value: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One criterion with its parts; `binding`: the next stage waits for it."""

    number: int
    title: str
    state: State
    binding: bool
    parts: tuple[Reading, ...]

    @property
    def sentence(self) -> str:
        return " ".join(part.sentence for part in self.parts)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"parts": [asdict(part) for part in self.parts]}


Measure = Callable[["Workflow", datetime], Iterable[Reading]]
_measures: dict[int, list[Measure]] = {}


def register(number: int, measure: Measure) -> None:
    """Called once a measure, from the `AppConfig.ready()` of the room that has the records."""
    if number not in CRITERIA:
        raise ValueError(f"The gate has no criterion {number}.")
    _measures.setdefault(number, []).append(measure)


def holds(sentence: str, n: int, value: str = "") -> Reading:
    return Reading("holds", sentence, n, value)


def fails(sentence: str, n: int, value: str = "") -> Reading:
    return Reading("fails", sentence, n, value)


def unknown(what: str, n: int = 0, least: int | None = None) -> Reading:
    """`what` is a sentence; it is followed by how little there is."""
    needs = f", {least:,} needed" if least else ""
    return Reading("unknown", f"{what} Cannot say (n={n:,}{needs}).", n)


def judged(ok: bool, sentence: str, n: int, value: str = "") -> Reading:
    return Reading("holds" if ok else "fails", sentence, n, value)


def next_stage(stage: str) -> Stage | None:
    """Where the gate of a stage leads; None from the top and from suspension."""
    following = {
        Stage.OBSERVE: Stage.PILOT,
        Stage.PILOT: Stage.LIMITED,
        Stage.LIMITED: Stage.GOVERNED,
    }
    return following.get(Stage(stage))


def binding(tier: str, to: str) -> frozenset[int]:
    """The criteria that a stage asks of a tier."""
    if to == Stage.GOVERNED:
        return BY_TIER[tier]
    return BY_TIER[tier] - AFTER_PILOT if to == Stage.LIMITED else frozenset()


def read(workflow: Workflow, at: datetime, *, to: str | None = None) -> list[Answer]:
    """Every criterion of the tier, and which of them the stage `to` waits for."""
    asked = binding(workflow.tier, to) if to else frozenset()
    shown = BY_TIER[workflow.tier] | (SHOWN_IN_OBSERVE if to == Stage.PILOT else frozenset())
    return [_answer(workflow, number, at, number in asked) for number in sorted(shown)]


def _answer(workflow: Workflow, number: int, at: datetime, is_binding: bool) -> Answer:
    parts = tuple(
        part for measure in _measures.get(number, ()) for part in measure(workflow, at)
    ) or (unknown("No record of this is kept yet."),)
    states = {part.state for part in parts}
    state: State = "fails" if "fails" in states else "unknown" if "unknown" in states else "holds"
    return Answer(number, CRITERIA[number], state, is_binding, parts)
