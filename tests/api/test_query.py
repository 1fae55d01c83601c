"""Parameters of an address are read as strictly as a body."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import RequestFactory

from assurance.api.query import Query
from assurance.errors import DomainError


def query(address: str, *names: str) -> Query:
    return Query(RequestFactory().get(address), *names)


def test_what_is_absent_or_empty_is_none():
    found = query("/?a=", "a", "b")

    assert found.text("a") is None
    assert found.whole("b", 0, 5) is None
    assert found.instant("b") is None


@pytest.mark.parametrize("value", ["1e2", "-1", "61", "1.0", " 1", "٣"])
def test_a_whole_number_is_plain_digits_in_bounds(value):
    found = Query(RequestFactory().get("/", {"wait": value}), "wait")

    with pytest.raises(DomainError, match="0 to 60") as caught:
        found.whole("wait", 0, 60)
    assert caught.value.status == 400


def test_a_choice_lists_what_is_offered():
    with pytest.raises(DomainError, match="Use one of: waiting, closed"):
        query("/?status=open", "status").choice("status", ["waiting", "closed"])


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2026-11-22T10:31:00", "timezone_required"),
        ("2026-02-30T10:31:00Z", "not_a_time"),
        ("today", "not_a_time"),
        ("0001-01-01T00:00:00+01:00", "not_a_time"),
    ],
)
def test_a_time_has_a_zone_and_existed(value, code):
    found = Query(RequestFactory().get("/", {"at": value}), "at")

    with pytest.raises(DomainError) as caught:
        found.instant("at")
    assert caught.value.code == code


def test_a_plus_that_arrived_as_a_space_is_taken_for_what_it_was():
    found = query("/?at=2026-11-22T10:31:00+01:00", "at").instant("at")

    assert found == datetime(2026, 11, 22, 9, 31, tzinfo=UTC)


def test_flags_and_ids_are_strict():
    assert query("/?f=true", "f").flag("f") is True
    with pytest.raises(DomainError, match="Use one of: true, false"):
        query("/?f=1", "f").flag("f")
    with pytest.raises(DomainError, match="no UUID"):
        query("/?id=12", "id").uuid("id")


def test_a_text_has_a_longest():
    with pytest.raises(DomainError, match="at most 200"):
        query("/?q=" + "x" * 201, "q").text("q")
