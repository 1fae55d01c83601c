"""p-charts with exact binomial limits: what chance alone makes of an unchanged rate.

The usual three sigmas are wrong for rare events: at 2 % of 200 they put the lower limit below
zero. Here a count is beyond a limit where chance alone would bring it there, or further, with
at most the probability of the tail, on that side.

>>> limits(200, 0.02)
(0, 11)
>>> beyond(12, 200, 0.02), beyond(11, 200, 0.02)
(1, 0)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

# "By chance, per side, fewer than 1 in 700 periods", as three sigmas have it.
TAIL = 0.00135
# As two sigmas have it.
NOTICE_TAIL = 0.02275


@lru_cache(maxsize=65_536)
def limits(n: int, rate: float, tail: float = TAIL) -> tuple[int, int]:
    """The smallest and the largest count among n that are within the band, both included."""
    # The exact binomial distribution and its complement; slow to load, so only here.
    from scipy.special import bdtr, bdtrc

    low = _first(n, lambda count: bdtr(count, n, rate) > tail)
    high = _first(n, lambda count: bdtrc(count, n, rate) <= tail)
    return low, high


def beyond(hits: int, n: int, rate: float, tail: float = TAIL) -> int:
    """1 above the band, -1 below it, 0 within."""
    low, high = limits(n, rate, tail)
    return (hits > high) - (hits < low)


def two_of_three(sides: Sequence[int], side: int) -> bool:
    """Whether two of some three points in a row lie on that side."""
    return any(list(sides[at : at + 3]).count(side) >= 2 for at in range(max(len(sides) - 1, 0)))


def _first(n: int, holds: Callable[[int], bool]) -> int:
    """The first count from 0 to n for which it holds; it holds for all after it."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low
