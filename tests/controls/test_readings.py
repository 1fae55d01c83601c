"""How a value is read: types, moments, equality."""

from __future__ import annotations

import pytest

from assurance.controls.readings import (
    MISSING,
    as_date,
    as_date_time,
    contains,
    equal,
    holds,
    look_up,
    read_as,
    type_of,
)


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        ("", "string"),
        (0, "number"),
        (-1.5, "number"),
        (True, "boolean"),
        ([], "list"),
        ({}, "object"),
        (None, None),
        (float("nan"), None),
        (float("-inf"), None),
        ((1, 2), None),
        (b"bytes", None),
        (MISSING, None),
    ],
)
def test_a_value_has_its_json_type_or_none(value, type_):
    assert type_of(value) == type_


def test_a_value_is_read_only_as_what_it_is():
    assert read_as(1, "number") == 1
    assert read_as(True, "number") is None
    assert read_as("1", "number") is None
    assert read_as("1", "any") == "1"
    assert read_as(float("nan"), "any") is None


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("2026-11-22T10:31:00Z", "2026-11-22T10:31:00.000000001Z"),
        ("2026-11-22T12:00:00+02:00", "2026-11-22T10:00:01Z"),
        ("2026-11-22T23:59:59Z", "2026-11-22T23:00:00-01:00"),
        ("2024-02-29t00:00:00z", "2024-03-01T00:00:00Z"),
        ("0001-01-01T00:00:00+23:59", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59"),
    ],
)
def test_date_times_order_as_instants_whatever_their_offset(earlier, later):
    first, second = as_date_time(earlier), as_date_time(later)

    assert first is not None
    assert second is not None
    assert first < second


def test_the_same_instant_in_two_offsets_is_equal():
    assert as_date_time("2026-11-22T12:00:00+02:00") == as_date_time("2026-11-22T10:00:00Z")


def test_a_date_is_its_midnight_in_utc():
    assert as_date("2026-11-22") == as_date_time("2026-11-22T00:00:00Z")


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22",
        "2026-11-22T10:31:00",
        "2026-11-22 10:31:00Z",
        "2026-11-22T10:31Z",
        "2026-02-30T10:31:00Z",
        "0000-01-01T00:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T10:60:00Z",
        "2026-11-22T10:31:60Z",
        "2026-11-22T10:31:00+24:00",
        "2026-11-22T10:31:00+01:60",
        "2026-11-22T10:31:00.Z",
        "2026-11-22T10:31:00.1234567890Z",
        "２026-11-22T10:31:00Z",
        "2026-11-22T10:31:00Z\n",
        "20261122T103100Z",
        "",
        20261122,
        None,
    ],
)
def test_what_is_no_date_time_has_no_reading(text):
    assert as_date_time(text) is None


@pytest.mark.parametrize("text", ["2026-W01-1", "20261122", "2026-13-01", "2026-1-1", " ", 5])
def test_what_is_no_date_has_no_reading(text):
    assert as_date(text) is None


def test_values_of_different_types_are_incomparable_not_unequal():
    assert equal(1, 1.0) is True
    assert equal(1, 2) is False
    assert equal(1, True) is None
    assert equal("1", 1) is None
    assert equal([1], [1]) is None


def test_a_list_holds_an_item_only_of_the_same_type():
    assert holds([1.0, "1"], 1) is True
    assert holds([True, "1"], 1) is False
    assert holds([], "x") is False
    assert holds("text", "t") is None
    assert holds([[1]], [1]) is None


def test_text_contains_only_text():
    assert contains("Broker fee", "fee") is True
    assert contains("Broker fee", "Fee") is False
    assert contains("1", 1) is None
    assert contains({"a": 1}, "a") is None


def test_looking_up_tells_missing_from_null():
    facts = {"output": {"a": None, "b": {"c": 1}, "d": "text"}}

    assert look_up(facts, "output.a") is None
    assert look_up(facts, "output.b.c") == 1
    assert look_up(facts, "output.d.e") is MISSING
    assert look_up(facts, "context.a") is MISSING
