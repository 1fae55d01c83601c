"""Each method does by simulation what its page says: how often chance alone alarms, and how soon
what it looks for is seen."""

from __future__ import annotations

import math
from random import Random
from statistics import fmean, stdev

import pytest

from assurance.controls.intervals import interval
from assurance.monitoring import bands, cusum
from assurance.monitoring.agreement import Table, krippendorff, table_of, wilson
from assurance.monitoring.counting import gaps_of, histogram, merged, percentile


def gap(rng: Random, rate: float) -> int:
    """How many cases pass before the next hit of this rate."""
    return int(math.log(1 - rng.random()) / math.log(1 - rate))


def run_length(rng: Random, looking: cusum.Chart, rate: float) -> int:
    """Cases until the first alarm."""
    level, seen = 0.0, 0
    while True:
        before = gap(rng, rate)
        level, alarms = looking.follow([before, 0], level)
        seen += before + 1
        if alarms:
            return seen


@pytest.mark.parametrize(
    ("usual", "worse", "false_alarm", "detection"),
    [(0.02, 0.04, 9_800, 420), (0.05, 0.10, 3_900, 160), (0.01, 0.03, 7_600, 250)],
)
def test_a_cusum_alarms_by_chance_and_sees_a_doubling_as_the_page_says(
    usual, worse, false_alarm, detection
):
    rng, looking = Random(20_261_123), cusum.Chart(usual, worse)
    for rate, said in ((usual, false_alarm), (worse, detection)):
        runs = [run_length(rng, looking, rate) for _ in range(1_500)]
        # The page's figure is a mean of 400 such runs, ours of 1,500: five sigmas of both.
        give = 5 * stdev(runs) * math.sqrt(1 / 400 + 1 / 1_500)
        assert abs(fmean(runs) - said) < give, (rate, fmean(runs), give)


def test_gaps_say_exactly_what_case_by_case_says():
    rng, looking = Random(5), cusum.chart(0.1)
    for _ in range(200):
        days = [[rng.random() < 0.2 for _ in range(rng.randrange(60))] for _ in range(9)]
        level, alarms, kept, found = 0.0, 0, 0.0, 0
        for day in days:
            for hit in day:
                level = max(0.0, level + (looking.up if hit else -looking.down))
                if level >= looking.alarm_at:
                    level, alarms = 0.0, alarms + 1
            kept, here = looking.follow(gaps_of(day), kept)
            found += len(here)
        assert found == alarms
        assert kept == pytest.approx(level, abs=1e-9)


@pytest.mark.parametrize(("n", "rate"), [(200, 0.02), (50, 0.3), (1_000, 0.001), (30, 0.95)])
def test_the_limits_are_the_exact_binomial_ones(n, rate):
    def chance(counts) -> float:
        return math.fsum(math.comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in counts)

    for tail in (bands.TAIL, bands.NOTICE_TAIL):
        low, high = bands.limits(n, rate, tail)
        assert chance(range(high + 1, n + 1)) <= tail < chance(range(high, n + 1))
        assert chance(range(low)) <= tail < chance(range(low + 1))


def test_an_unchanged_rate_leaves_the_band_in_fewer_than_one_period_of_700_on_each_side():
    rng, periods = Random(11), 4_000
    above = below = 0
    for _ in range(periods):
        hits = sum(rng.random() < 0.2 for _ in range(100))
        side = bands.beyond(hits, 100, 0.2)
        above, below = above + (side > 0), below + (side < 0)
    for seen in (above, below):
        assert interval(seen, periods, 0.9999)[0] <= bands.TAIL


def test_a_tripled_rate_leaves_the_band_as_often_as_its_distribution_says():
    rng, n, limit = Random(12), 500, bands.limits(500, 0.02)[1]
    within = math.fsum(math.comb(n, k) * 0.06**k * 0.94 ** (n - k) for k in range(limit + 1))
    seen = sum(
        bands.beyond(sum(rng.random() < 0.06 for _ in range(n)), n, 0.02) > 0 for _ in range(400)
    )
    low, high = interval(seen, 400, 0.999)
    assert low < 1 - within < high
    assert low > 0.9


def test_three_sigmas_would_be_wrong_where_the_exact_limits_are_right():
    """2 % of 200: the usual upper limit is 5.0 %, which chance passes too often."""
    three_sigmas = 200 * (0.02 + 3 * math.sqrt(0.02 * 0.98 / 200))
    assert math.floor(three_sigmas) < bands.limits(200, 0.02)[1]


@pytest.mark.parametrize(
    ("sides", "loud"),
    [([1], False), ([1, 0, 1], True), ([1, 0, 0, 1], False), ([1, -1, 0], False), ([1, 1], True)],
)
def test_a_warning_takes_two_of_three_on_one_side(sides, loud):
    assert bands.two_of_three(sides, 1) is loud


def test_agreement_of_the_paradox_is_what_the_page_says():
    found = Table(95, 2, 2, 1)

    assert (found.n, found.raw) == (100, 0.96)
    assert found.kappa == pytest.approx(0.31, abs=0.005)
    assert found.ac1 == pytest.approx(0.96, abs=0.005)
    assert found.interval() == pytest.approx((0.9016, 0.9843), abs=5e-4)


def test_agreement_of_nothing_says_nothing_and_of_strangers_is_about_nought():
    assert (Table(0, 0, 0, 0).raw, Table(0, 0, 0, 0).kappa, Table(0, 0, 0, 0).ac1) == (None,) * 3
    assert Table(9, 0, 0, 0).kappa is None  # both always say right: chance agrees as well
    assert table_of([{"right/right": 2}, {"right/wrong": 1, "right/right": 1}]) == Table(3, 1, 0, 0)
    rng = Random(3)
    said = [(rng.random() < 0.5, rng.random() < 0.5) for _ in range(20_000)]
    table = Table(*(said.count(p) for p in [(1, 1), (1, 0), (0, 1), (0, 0)]))
    assert abs(table.kappa) < 0.03
    assert abs(table.ac1) < 0.03
    assert abs(krippendorff([("a" if x else "b", "a" if y else "b") for x, y in said])) < 0.03


def test_alpha_is_that_of_the_published_example():
    """Krippendorff 2011, example B: two observers, ten objects, α = 0.095."""
    first, second = "0100000000", "1110010010"
    assert krippendorff(zip(first, second, strict=True)) == pytest.approx(0.095, abs=5e-4)
    assert krippendorff([("a",), ("b",)]) is None


def test_wilsons_interval_holds_the_true_rate_about_as_often_as_it_says():
    rng, runs = Random(4), 2_000
    held = 0
    for _ in range(runs):
        low, high = wilson(sum(rng.random() < 0.1 for _ in range(80)), 80)
        held += low <= 0.1 <= high
    low, high = interval(held, runs, 0.999)
    assert low < 0.955
    assert high > 0.935


def test_percentiles_of_histograms_lie_within_their_bucket():
    times = [Random(8).expovariate(1 / 300) for _ in range(1)] + [
        Random(seed).expovariate(1 / 300) for seed in range(999)
    ]
    parts = [histogram(times[:400]), histogram(times[400:])]
    for share in (0.5, 0.9):
        exact = sorted(times)[int(share * len(times))]
        found = percentile(merged(parts), share)
        assert exact / 2 <= found <= exact * 2
    assert percentile({}, 0.5) is None
