from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from assurance.controls.checks.durations import Duration, duration, duration_problem
from assurance.controls.checks.reading import (
    Unreadable,
    decimal_of,
    find,
    moment_of,
    need,
    need_number,
    plain,
    shifted,
    span_words,
    spoken,
    texts,
)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, Decimal(1)),
        (0.1, Decimal("0.1")),
        (4820.0, Decimal("4820.0")),
        (-3, Decimal(-3)),
        (True, None),
        (False, None),
        ("1", None),
        (None, None),
        (float("nan"), None),
        (float("inf"), None),
        (1e300, None),
        (10**80, None),
        ([], None),
    ],
)
def test_numbers_are_read_exactly_and_nothing_else_is_a_number(value, number):
    assert decimal_of(value) == number


def test_a_dotted_path_goes_through_objects_only():
    facts = {"output": {"a": {"b": 1}, "list": [1]}}

    assert find(facts, "output.a.b") == 1
    assert find(facts, "output.list.0") is None
    assert find(facts, "output.a.b.c") is None


@pytest.mark.parametrize("output", [{}, {"amount": None}, None, 3])
def test_a_missing_or_empty_value_is_named(output):
    with pytest.raises(Unreadable, match=r"`output\.amount` is missing") as caught:
        need({"output": output}, "output.amount")
    assert caught.value.reason_code == "missing_field"


@pytest.mark.parametrize(
    ("value", "word"),
    [("5", "text"), (True, "true or false"), ([1], "a list"), ({}, "an object")],
)
def test_a_value_of_the_wrong_type_is_named_with_its_type(value, word):
    with pytest.raises(Unreadable, match=f"is {word}, not a number") as caught:
        need_number({"output": {"amount": value}}, "output.amount")
    assert caught.value.reason_code == "wrong_type"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22", date(2026, 11, 22)),
        ("2026-11-22T10:31:00Z", datetime(2026, 11, 22, 10, 31, tzinfo=UTC)),
        ("2026-11-22T11:31:00+01:00", datetime(2026, 11, 22, 10, 31, tzinfo=UTC)),
        ("2026-11-22T10:31:00.5z", datetime(2026, 11, 22, 10, 31, 0, 500000, tzinfo=UTC)),
        ("2026-11-22T10:31:00", None),  # without an offset it is no moment
        ("2026-02-30", None),
        ("22.11.2026", None),
        ("20261122", None),
        ("2026-W47-7", None),
        ("tomorrow", None),
        ("", None),
        (20261122, None),
        ("2026-11-22T25:00:00Z", None),
        ("9" * 1000, None),
        ("0001-01-01T00:00:00+23:00", None),
    ],
)
def test_only_iso_dates_and_moments_are_read(text, moment):
    assert moment_of(text) == moment


@pytest.mark.parametrize(
    ("start", "length", "sign", "end"),
    [
        ("2026-03-31", "P1M", -1, "2026-02-28"),
        ("2024-02-29", "P18Y", -1, "2006-02-28"),
        ("2026-11-22", "P18Y", -1, "2008-11-22"),
        ("2026-12-15", "P1M", 1, "2027-01-15"),
        ("2026-01-01", "P1D", -1, "2025-12-31"),
    ],
)
def test_months_and_years_move_by_the_calendar(start, length, sign, end):
    moment = datetime.fromisoformat(f"{start}T00:00:00+00:00")

    assert shifted(moment, duration(length), sign).date().isoformat() == end


def test_the_end_of_the_calendar_stops_a_move():
    start = datetime(2026, 1, 1, tzinfo=UTC)

    assert shifted(start, Duration(12 * 9000, timedelta(0))).year == 9999
    assert shifted(start, Duration(12 * 9000, timedelta(0)), -1).year == 1


@pytest.mark.parametrize(
    ("number", "shown"),
    [("4820", 4820), ("4820.00", 4820), ("0.15", 0.15), ("123456789.123456789123", "str")],
)
def test_a_decimal_becomes_json_without_losing_digits(number, shown):
    found = plain(Decimal(number))

    assert found == (number if shown == "str" else shown)


@pytest.mark.parametrize(
    ("number", "said"), [("4820", "4,820"), ("0.75", "0.75"), ("1E+3", "1,000")]
)
def test_numbers_are_said_with_groups(number, said):
    assert spoken(Decimal(number)) == said


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(days=3, hours=5), "3 days"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(minutes=20), "20 minutes"),
        (timedelta(seconds=3), "less than a minute"),
    ],
)
def test_lengths_of_time_are_said_in_their_largest_unit(span, said):
    assert span_words(span) == said


def test_an_object_stands_for_every_text_and_number_in_it_in_order():
    facts = {"output": {"a": "x", "n": 3, "yes": True, "no": None, "l": ["y", {"z": "w"}]}}
    found = [(one.path, one.text, one.number) for one in texts(facts, "output")]

    assert found == [
        ("output.a", "x", None),
        ("output.n", "3", Decimal(3)),
        ("output.l.0", "y", None),
        ("output.l.1.z", "w", None),
    ]


def test_a_very_deep_output_is_read_without_breaking():
    deep: object = "end"
    for _ in range(5000):
        deep = [deep]

    assert [one.text for one in texts({"output": deep}, "output")] == ["end"]


@pytest.mark.parametrize(
    ("text", "days"),
    [("P2D", 2), ("PT24H", 1), ("P1W", 7), ("P1Y", 365), ("P1M", 30), ("P1Y6M", 545), ("PT0S", 0)],
)
def test_durations_are_read(text, days):
    assert duration(text).as_span() == timedelta(days=days)


@pytest.mark.parametrize("text", ["", "P", "PT", "P1DT", "-P1D", "1D", "P1.5D", "p1d", None, 5])
def test_what_is_no_duration_is_none(text):
    assert duration(text) is None


@pytest.mark.parametrize(
    ("text", "word"), [("soon", "not a length"), ("P2Y", "too long"), ("PT0S", "no time")]
)
def test_a_wrong_duration_is_explained(text, word):
    assert word in duration_problem(text)
    assert duration_problem("P1Y") == ""
