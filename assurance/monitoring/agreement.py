"""How far two people agree, and how far that is more than chance. Always with the table: raw
agreement flatters where nearly all is right, and κ falls there for no fault of anybody's.

>>> found = Table(95, 2, 2, 1)
>>> round(found.raw, 2), round(found.kappa, 2), round(found.ac1, 2)
(0.96, 0.31, 0.96)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import sqrt

# Nobody acts on fewer pairs.
LEAST_PAIRS = 50


@dataclass(frozen=True, slots=True)
class Table:
    """How often both said right, only the first, only the second, neither."""

    both: int
    first_only: int
    second_only: int
    neither: int

    @property
    def n(self) -> int:
        return self.both + self.first_only + self.second_only + self.neither

    @property
    def agreed(self) -> int:
        return self.both + self.neither

    @property
    def raw(self) -> float | None:
        return self.agreed / self.n if self.n else None

    @property
    def kappa(self) -> float | None:
        """Cohen's: chance as each of the two says right. None where chance alone agrees always."""
        if not self.n:
            return None
        first = (self.both + self.first_only) / self.n
        second = (self.both + self.second_only) / self.n
        return _above(self.agreed / self.n, first * second + (1 - first) * (1 - second))

    @property
    def ac1(self) -> float | None:
        """Gwet's: chance as the two together say right."""
        if not self.n:
            return None
        together = (2 * self.both + self.first_only + self.second_only) / (2 * self.n)
        return _above(self.agreed / self.n, 2 * together * (1 - together))

    def interval(self) -> tuple[float, float]:
        return wilson(self.agreed, self.n)


def table_of(buckets: Iterable[dict[str, int]]) -> Table:
    """The table of the pairs that `DailyCount` keeps a day: `{"right/wrong": 2}`."""
    pairs: Counter[str] = Counter()
    for one in buckets:
        pairs.update(one)
    return Table(
        pairs["right/right"], pairs["right/wrong"], pairs["wrong/right"], pairs["wrong/wrong"]
    )


def wilson(hits: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's interval for a rate; (0, 1) of nothing."""
    from scipy.special import ndtri

    if n <= 0:
        return 0.0, 1.0
    z = float(ndtri(1 - (1 - confidence) / 2))
    rate, width = hits / n, z * z / n
    middle = rate + width / 2
    half = z * sqrt(rate * (1 - rate) / n + width / (4 * n))
    low, high = (middle - half) / (1 + width), (middle + half) / (1 + width)
    return (0.0 if hits == 0 else low), (1.0 if hits == n else high)


def krippendorff(units: Iterable[Sequence[str]]) -> float | None:
    """Krippendorff's α for names: what any number of people said of each unit, some missing.
    None where nothing can be compared, or nobody ever said but one thing."""
    pairs: Counter[tuple[str, str]] = Counter()
    weight: dict[tuple[str, str], float] = {}
    for said in units:
        if len(said) < 2:
            continue
        for one, other in permutations(said, 2):
            pairs[one, other] += 1
            weight[one, other] = weight.get((one, other), 0.0) + 1 / (len(said) - 1)
    names = {name for pair in pairs for name in pair}
    margin = {
        name: sum(share for (one, _), share in weight.items() if one == name) for name in names
    }
    n = sum(margin.values())
    differing = sum(share for (one, other), share in weight.items() if one != other)
    by_chance = sum(margin[one] * margin[other] for one in names for other in names if one != other)
    return 1 - (n - 1) * differing / by_chance if by_chance else None


def _above(observed: float, by_chance: float) -> float | None:
    return (observed - by_chance) / (1 - by_chance) if by_chance < 1 else None
