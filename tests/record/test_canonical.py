"""One value, one sequence of bytes."""

from __future__ import annotations

import json
from enum import StrEnum

import pytest
import rfc8785
from django.db import connection
from hypothesis import example, given, settings
from hypothesis import strategies as st

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
    [
        float("nan"),
        float("inf"),
        2**53 + 1,
        -(10**400),
        "\ud800",
        {"\ud800": 1},
        {1: 2},
        {"a": object()},
    ],
)
def test_what_json_cannot_carry_exactly_is_refused(value):
    with pytest.raises(ValueError):
        canonical(value)


class Outcome(StrEnum):
    APPROVE = "approve"


def test_choices_are_written_as_their_text():
    assert canonical({Outcome.APPROVE: Outcome.APPROVE}) == b'{"approve":"approve"}'


def test_what_has_no_end_is_refused():
    endless: list[object] = []
    endless.append(endless)

    with pytest.raises(ValueError, match="too deeply"):
        canonical(endless)


FLOATS = st.floats(allow_nan=False, allow_infinity=False)
EXACT = st.integers(-(2**53) + 1, 2**53 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | EXACT | FLOATS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=400, deadline=None)
@given(VALUES)
@example([1e16, 1e20, 1e21, 1.5e300, 1e-5, 1e-6, 1e-7, 5e-324, 123456789012345680000.0, -0.0])
@example("".join(map(chr, range(0x300))))
@example({"\ue000": 1, "\U00010000": 2, "\ud7ff": 3})
def test_it_agrees_with_the_library_and_reads_back_to_the_same_bytes(value):
    assert canonical(value) == rfc8785.dumps(value)
    assert canonical(json.loads(canonical(value))) == canonical(value)


@pytest.mark.django_db
@settings(max_examples=200, deadline=None)
@given(FLOATS)
@example(1.5e300)
@example(123456789012345680000.0)
def test_every_number_has_the_same_bytes_after_storage_as_jsonb(value):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::jsonb::text", [json.dumps(value)])
        (stored,) = cursor.fetchone()

    assert canonical(json.loads(stored)) == canonical(value) == rfc8785.dumps(value)
