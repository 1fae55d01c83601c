"""The schedule: three days in all, never in step with others, never longer than asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assurance.delivery.retries import JITTER, PAUSES, TRIES, pause_before, wish_of

AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@given(st.lists(st.floats(1 - JITTER, 1 + JITTER), min_size=TRIES - 1, max_size=TRIES - 1))
def test_all_pauses_together_are_about_three_days(spreads):
    pauses = [pause_before(n, spread=spread) for n, spread in enumerate(spreads, 1)]

    total = sum(pauses, timedelta(0))
    assert timedelta(days=2.6) < total < timedelta(days=3.3)
    assert pauses == sorted(pauses)


@given(st.integers(1, TRIES - 1))
def test_jitter_stays_within_a_tenth(tried):
    pause = pause_before(tried)

    assert 0.9 <= pause / PAUSES[tried - 1] <= 1.1


def test_what_failed_together_does_not_come_back_together():
    assert len({pause_before(3) for _ in range(50)}) > 40


@given(st.integers(TRIES, 10_000))
def test_after_the_last_try_there_is_none(tried):
    assert pause_before(tried) is None


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("120", timedelta(seconds=120)),
        (" 7 ", timedelta(seconds=7)),
        ("86401", timedelta(hours=24)),
        ("9" * 400, timedelta(hours=24)),
        ("0", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
        ("soon", None),
        ("٣", None),
        (format_datetime(AT + timedelta(minutes=9), usegmt=True), timedelta(minutes=9)),
        (format_datetime(AT + timedelta(days=9), usegmt=True), timedelta(hours=24)),
        (format_datetime(AT - timedelta(days=9), usegmt=True), None),
        ("Sun, 22 Nov 2026 10:09:00 -0000", None),
    ],
)
def test_retry_after_is_read_in_seconds_or_as_a_date_and_capped_at_a_day(text, wish):
    assert wish_of(text, at=AT) == wish


@given(st.text(max_size=60))
def test_no_retry_after_makes_us_stumble(text):
    wish = wish_of(text, at=AT)

    assert wish is None or timedelta(0) < wish <= timedelta(hours=24)
