"""Lengths of time: what is read, what is refused, and that writing and reading agree."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assurance.controls.durations import (
    LONGEST,
    DurationError,
    duration_problem,
    parse_duration,
    write_duration,
)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("PT20M", timedelta(minutes=20)),
        ("PT2H", timedelta(hours=2)),
        ("P2D", timedelta(days=2)),
        ("P1W", timedelta(days=7)),
        ("P1DT2H30M5S", timedelta(days=1, hours=2, minutes=30, seconds=5)),
        ("P1Y", timedelta(days=365)),
        ("PT31536000S", timedelta(days=365)),
    ],
)
def test_a_length_of_time_is_read_exactly(text, length):
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-PT2H", "negative"),
        ("PT0S", "no time at all"),
        ("P0D", "no time at all"),
        ("P1000Y", "too long"),
        ("P366D", "too long"),
        ("P1YT1S", "too long"),
        ("P1M", "months"),
        ("P1Y2M", "months"),
        ("P", "not a length of time"),
        ("PT", "not a length of time"),
        ("P1DT", "not a length of time"),
        ("2 hours", "not a length of time"),
        ("pt2h", "not a length of time"),
        ("PT1.5H", "not a length of time"),
        ("PT2H ", "not a length of time"),
        ("PT2H\n", "not a length of time"),
        ("PT٢H", "not a length of time"),
        ("P" + "9" * 400 + "D", "not a length of time"),
        ("", "not a length of time"),
        (None, "is text"),
        (7200, "is text"),
    ],
)
def test_what_is_no_usable_length_is_refused_with_a_sentence(text, said):
    with pytest.raises(DurationError, match=said) as refusal:
        parse_duration(text)

    assert len(str(refusal.value)) < 160
    assert duration_problem(text) == str(refusal.value)


def test_a_usable_length_has_no_problem():
    assert duration_problem("PT2H") == ""


@given(st.integers(1, int(LONGEST.total_seconds())))
def test_writing_and_reading_agree_on_every_length_in_seconds(seconds):
    length = timedelta(seconds=seconds)

    assert parse_duration(write_duration(length)) == length


@pytest.mark.parametrize(
    "length",
    [timedelta(0), timedelta(seconds=-1), timedelta(days=366), timedelta(microseconds=5)],
)
def test_what_cannot_be_read_back_is_not_written(length):
    with pytest.raises(DurationError):
        write_duration(length)
