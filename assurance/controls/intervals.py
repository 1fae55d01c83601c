"""Exact intervals for a rate: what a count of so many among so many allows us to say.

>>> interval(0, 59)[1] < 0.0606
True
>>> interval(5, 0)
(0.0, 1.0)
"""

from __future__ import annotations

from math import exp, lgamma, log

# 2.5 in 100 on either side.
CONFIDENCE = 0.95
_HALVINGS = 60  # of [0, 1]: finer than a double can tell
_TINY = 1e-300
_STEPS = 500_000


def interval(successes: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The two-sided Clopper–Pearson interval, found by halving on the exact binomial tail.

    Nothing tried: (0, 1), anything is possible.
    """
    if trials <= 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low = 0.0 if successes == 0 else _solve(successes, trials, tail)
    high = 1.0 if successes == trials else _solve(successes + 1, trials, 1 - tail)
    return low, high


def at_least(successes: int, trials: int, rate: float) -> float:
    """The chance of at least so many successes: the binomial tail."""
    if successes <= 0:
        return 1.0
    if successes > trials:
        return 0.0
    return _incomplete_beta(successes, trials - successes + 1, rate)


def _solve(successes: int, trials: int, chance: float) -> float:
    """The rate at which at least so many successes have this chance; the chance grows with it."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if at_least(successes, trials, middle) < chance:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _incomplete_beta(a: int, b: int, x: float) -> float:
    """The regularised incomplete beta function, which is the binomial tail. By its continued
    fraction (Lentz), on the side where that converges."""
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _incomplete_beta(b, a, 1.0 - x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1.0 - x))
    return front * _fraction(a, b, x) / a


def _fraction(a: int, b: int, x: float) -> float:
    c, d = 1.0, 1.0 / _off_zero(1.0 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _STEPS):
        for part in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / _off_zero(1.0 + part * d)
            c = _off_zero(1.0 + part / c)
            value *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return value


def _off_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
