"""One value, one sequence of bytes."""

from __future__ import annotations

import pytest

from assurance.record.canonical import canonical, sha256_of


def test_keys_are_sorted_as_utf16_and_numbers_have_one_form():
    value = {"\u20ac": 1, "b": [1.0, 1e21, 0.000001, 1e-7, -0.0], "a": {"z": None, "y": True}}

    assert canonical(value) == (
        '{"a":{"y":true,"z":null},"b":[1,1e+21,0.000001,1e-7,0],"\u20ac":1}'.encode()
    )


def test_astral_characters_sort_before_the_private_use_area():
    """In UTF-16 they begin with a surrogate; by code point the order would be the other one."""
    assert canonical({"\ufb33": 1, "😀": 2}) == '{"😀":2,"\ufb33":1}'.encode()


def test_equal_values_have_equal_hashes_however_they_were_written():
    assert sha256_of({"a": 1, "b": 2.0}) == sha256_of({"b": 2, "a": 1.0})
    assert sha256_of({"a": 1}) == "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), 2**53, -(2**53), "\ud800", {"\ud800": 1}, {1: 2}, {"a": object()}],
)
def test_what_json_cannot_carry_exactly_is_refused(value):
    with pytest.raises(ValueError):
        canonical(value)
