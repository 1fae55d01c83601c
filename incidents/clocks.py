"""Legal clocks: which run for an incident, from when and until when.

The periods are dated data with their source (`clocks.yaml`); nothing here knows one. Of one
regime the shortest applies. Severity starts or stops none of them, only the criteria do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from incidents.models import Incident

TABLE = Path(__file__).with_name("clocks.yaml")


@dataclass(frozen=True)
class Rule:
    """One period of one regime, with the words that it is taken from."""

    key: str
    regime: str
    article: str
    title: str
    hours: int
    start: str
    any_of: tuple[str, ...]
    quote: str
    source: str
    verified_on: date


@dataclass(frozen=True)
class Clock:
    """A rule that runs for an incident. `applies` is False where a shorter one of its regime
    does."""

    rule: Rule
    started_at: datetime
    due_at: datetime
    applies: bool

    def left(self, at: datetime) -> timedelta:
        """What is left of it; negative when it is over."""
        return self.due_at - at

    def as_json(self, at: datetime) -> dict[str, Any]:
        return {
            "key": self.rule.key,
            "regime": self.rule.regime,
            "article": self.rule.article,
            "title": self.rule.title,
            "started_at": self.started_at.isoformat().replace("+00:00", "Z"),
            "due_at": self.due_at.isoformat().replace("+00:00", "Z"),
            "applies": self.applies,
            "is_over": self.left(at) < timedelta(0),
            "quote": self.rule.quote,
            "source": self.rule.source,
            "verified_on": self.rule.verified_on.isoformat(),
        }


@cache
def rules(table: Path = TABLE) -> tuple[Rule, ...]:
    """The table as it lies beside this module, or another one of that shape."""
    return tuple(
        Rule(**{**one, "any_of": tuple(one["any_of"]), "quote": one["quote"].strip()})
        for one in yaml.safe_load(table.read_text())
    )


def of(incident: Incident) -> list[Clock]:
    """The clocks that run for it, the next to end first."""
    met = {str(one) for one in incident.criteria}
    running = [
        (rule, started, started + timedelta(hours=rule.hours))
        for rule in rules()
        if met & set(rule.any_of) and (started := getattr(incident, rule.start))
    ]
    shortest: dict[str, datetime] = {}
    for rule, _, due in running:
        shortest[rule.regime] = min(due, shortest.get(rule.regime, due))
    clocks = [
        Clock(rule, started, due, applies=due == shortest[rule.regime])
        for rule, started, due in running
    ]
    return sorted(clocks, key=lambda clock: (clock.due_at, clock.rule.key))
