"""The signal matrix: for one case, which safeguards spoke, and what became of it.

Pure: what was judged, decided and measured goes in, six cells come out. "Signals present or
missing" is read off here and nowhere judged by hand. A safeguard's strongest word counts: one
that fired outweighs one that could not run, and that one a shadow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models

Result = Mapping[str, Any]
CALM = ("pass", "not_applicable")
COULD_NOT = ("error", "timeout", "not_run")
ORDERS_NOTHING = (None, "", "continue")


class Safeguard(models.TextChoices):
    POLICY = "policy", "Policy"
    VERIFICATION = "verification", "Verification"
    ROUTING = "routing", "Routing"
    REVIEWER = "reviewer", "Reviewer"
    SAMPLING = "sampling", "Sampling"
    MONITORING = "monitoring", "Monitoring"


class Answer(models.TextChoices):
    ACTED = "fired_acted", "Fired, acted"
    OVERRIDDEN = "fired_overridden", "Fired, overridden"
    FAILED = "not_run", "Errored or not run"
    SHADOW = "shadow_only", "Shadow only"
    SILENT = "silent", "Evaluated, silent"
    MISSING = "missing", "No such control"


@dataclass(frozen=True)
class Story:
    """One case as the safeguards met it.

    `controls` those of the set that judged it (key, kind, mode); `results` what the assessment
    kept; `enforced` False where nothing was held (observe); `went_ahead` True, False, or None
    while nobody has said; `routed` it was given to people; `outcomes` what people decided on it,
    in order; `audits` what blind audits found of it; `alerts` of its workflow between its arrival
    and the incident, True where somebody answered; `measured` monitoring looked at those days.
    """

    controls: Sequence[Mapping[str, Any]]
    results: Sequence[Result]
    enforced: bool
    went_ahead: bool | None
    routed: bool
    end: str = ""
    outcomes: Sequence[str] = ()
    audits: Sequence[str] = ()
    alerts: Sequence[bool] = ()
    measured: bool = False


@dataclass(frozen=True)
class Cell:
    """One safeguard's answer for one case, and the controls that it rests on."""

    answer: Answer
    keys: tuple[str, ...] = ()


def cells(story: Story) -> dict[Safeguard, Cell]:
    """The row of one case."""
    return {
        Safeguard.POLICY: _controls(story, "policy"),
        Safeguard.VERIFICATION: _controls(story, "verification"),
        Safeguard.ROUTING: Cell(_routing(story)),
        Safeguard.REVIEWER: Cell(_reviewer(story)),
        Safeguard.SAMPLING: Cell(_sampling(story)),
        Safeguard.MONITORING: Cell(_monitoring(story)),
    }


def totals(rows: Iterable[Mapping[Safeguard, Cell]]) -> dict[Safeguard, Counter[Answer]]:
    """How often each safeguard gave each answer."""
    counted: dict[Safeguard, Counter[Answer]] = {one: Counter() for one in Safeguard}
    for row in rows:
        for safeguard, cell in row.items():
            counted[safeguard][cell.answer] += 1
    return counted


def gaps(counted: Mapping[Safeguard, Counter[Answer]]) -> list[Safeguard]:
    """The safeguards that acted on no case at all: where the harm got through."""
    return [one for one in Safeguard if counted[one] and not counted[one][Answer.ACTED]]


def _controls(story: Story, kind: str) -> Cell:
    live = [one for one in story.controls if one["kind"] == kind and one["mode"] != "off"]
    if not live:
        return Cell(Answer.MISSING)
    spoke = [one for one in story.results if one["kind"] == kind]
    fired = [one for one in spoke if _fired(one)]
    held = [one for one in fired if one["mode"] != "shadow" and story.enforced]
    if held:
        # An advice holds nothing and a waiver takes the hold away: then only the end can tell.
        return Cell(Answer.OVERRIDDEN if story.went_ahead else Answer.ACTED, _keys(held))
    failed = [one for one in spoke if one["outcome"] in COULD_NOT]
    if failed:
        return Cell(Answer.FAILED, _keys(failed))
    if fired or all(one["mode"] == "shadow" for one in live):
        return Cell(Answer.SHADOW, _keys(fired))
    return Cell(Answer.SILENT)


def _fired(result: Result) -> bool:
    """It said something against going on. What could not run counts where it held the case."""
    if result["outcome"] in CALM:
        return False
    if result["outcome"] in COULD_NOT:
        return False
    return result["effect"] not in ORDERS_NOTHING or result["mode"] == "advise"


def _routing(story: Story) -> Answer:
    if story.end == "no_eligible_reviewer":
        return Answer.FAILED
    if not story.routed:
        return Answer.SILENT
    return Answer.OVERRIDDEN if story.went_ahead else Answer.ACTED


def _reviewer(story: Story) -> Answer:
    if not story.outcomes:
        # It was given to people and nobody said a word, or it never came before anybody.
        return Answer.FAILED if story.routed else Answer.MISSING
    against = [one for one in story.outcomes if one != "approve"]
    if not against:
        return Answer.SILENT
    return Answer.OVERRIDDEN if story.outcomes[-1] == "approve" else Answer.ACTED


def _sampling(story: Story) -> Answer:
    if not story.audits:
        return Answer.MISSING
    return Answer.ACTED if any(one != "correct" for one in story.audits) else Answer.SILENT


def _monitoring(story: Story) -> Answer:
    if story.alerts:
        return Answer.ACTED if any(story.alerts) else Answer.OVERRIDDEN
    return Answer.SILENT if story.measured else Answer.MISSING


def _keys(results: Iterable[Result]) -> tuple[str, ...]:
    return tuple(sorted({f"{one['key']} v{one['version']}" for one in results}))
