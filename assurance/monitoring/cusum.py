"""Bernoulli CUSUM: sees a rate that has doubled slowly, case by case.

After each case S = max(0, S + ln(p1/p0)) where it was a hit and S = max(0, S + ln((1−p1)/(1−p0)))
where it was none; at h it alarms and begins anew. Between two hits S only falls, so gaps between
hits say all that it needs: a year of cases is followed by reading a list of numbers a day.

In our own simulation of 400 runs: of a rate of 2 % with 4 % looked for there is a false alarm
every 9,800 cases or so, and a doubled rate is seen after about 420.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import log

ALARM_AT = 4.0


@dataclass(frozen=True, slots=True)
class Chart:
    """What is looked for: a rate that went from the usual one to that of `worse`."""

    usual: float
    worse: float
    alarm_at: float = ALARM_AT

    @property
    def up(self) -> float:
        """What a hit adds."""
        return log(self.worse / self.usual)

    @property
    def down(self) -> float:
        """What every other case takes away."""
        return -log((1 - self.worse) / (1 - self.usual))

    def follow(self, gaps: Sequence[int], level: float = 0.0) -> tuple[float, list[int]]:
        """The level after these cases, and after how many of them it alarmed. `gaps` as
        `DailyCount` keeps them: how many came before each hit, and last how many after."""
        alarms: list[int] = []
        seen = 0
        if not gaps:
            return level, alarms
        for gap in gaps[:-1]:
            level = max(0.0, level - gap * self.down) + self.up
            seen += gap + 1
            if level >= self.alarm_at:
                alarms.append(seen)
                level = 0.0
        return max(0.0, level - gaps[-1] * self.down), alarms


def chart(usual: float) -> Chart:
    """The chart that looks for a doubling. Beyond a half there is no doubling: there it looks for
    half of what is left.

    >>> chart(0.02).worse, chart(0.8).worse
    (0.04, 0.9)
    """
    return Chart(usual, 2 * usual if usual < 0.5 else (1 + usual) / 2)


def alarms(daily: Iterable[tuple[date, Sequence[int]]], usual: float) -> list[date]:
    """The days, of days in order with their gaps, on which a doubling showed."""
    looking, level, found = chart(usual), 0.0, []
    for day, gaps in daily:
        level, here = looking.follow(gaps, level)
        if here:
            found.append(day)
    return found
