"""Exact intervals against closed forms, published figures and the sum of the binomial tail."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest

from assurance.controls.intervals import at_least, interval


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ],
)
def test_the_interval_has_the_published_bounds(successes, trials, low, high):
    """The four examples of Newcombe (1998), method 5."""
    assert interval(successes, trials) == (
        pytest.approx(low, abs=5.1e-5),
        pytest.approx(high, abs=5.1e-5),
    )


@pytest.mark.parametrize("trials", [1, 7, 59, 1_000, 250_000])
def test_nothing_and_everything_have_the_bounds_of_their_closed_forms(trials):
    bound = 0.025 ** (1 / trials)

    assert interval(0, trials) == (0.0, pytest.approx(1 - bound, rel=1e-9))
    assert interval(trials, trials) == (pytest.approx(bound, rel=1e-9), 1.0)


def test_the_tail_is_the_sum_of_its_terms():
    for trials in (1, 2, 9, 40):
        for successes in range(trials + 2):
            for rate in (Fraction(1, 100), Fraction(1, 3), Fraction(1, 2), Fraction(97, 100)):
                exact = sum(
                    comb(trials, k) * rate**k * (1 - rate) ** (trials - k)
                    for k in range(successes, trials + 1)
                )
                assert at_least(successes, trials, float(rate)) == pytest.approx(
                    float(exact), rel=1e-9, abs=1e-15
                )


def test_at_its_bounds_the_count_is_as_unlikely_as_the_confidence_says():
    for successes, trials in ((3, 17), (40, 1_000), (123_456, 1_000_000)):
        low, high = interval(successes, trials)

        assert low < successes / trials < high
        assert at_least(successes, trials, low) == pytest.approx(0.025, rel=1e-6)
        assert 1 - at_least(successes + 1, trials, high) == pytest.approx(0.025, rel=1e-6)


def test_without_trials_anything_is_possible():
    assert interval(0, 0) == (0.0, 1.0)
