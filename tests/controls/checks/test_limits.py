from __future__ import annotations

import pytest

from tests.controls.checks.sample_facts import codes, facts_of, run


def number(value, **params):
    facts = facts_of({"amount": value}, context={"limit": 5000})
    return run("number_limit", {"field": "output.amount", **params}, facts)


def day(value, **params):
    facts = facts_of({"date": value}, context={"loss_date": "2026-10-31"})
    return run("date_limit", {"field": "output.date", **params}, facts)


@pytest.mark.parametrize(
    ("value", "params"),
    [
        (2500, {"maximum": 2500}),
        (0, {"minimum": 0, "maximum": 1}),
        (2499.99, {"maximum": 2500, "exclusive": True}),
        (5000, {"maximum_field": "context.limit"}),
        (5000.0, {"minimum_field": "context.limit"}),
        (-1, {"maximum": 0}),
        (0.3, {"maximum": 0.3}),
    ],
)
def test_a_number_within_its_limits_passes(value, params):
    assert number(value, **params).outcome == "pass"


@pytest.mark.parametrize(
    ("value", "params", "code"),
    [
        (2500.01, {"maximum": 2500}, "above_maximum"),
        (2500, {"maximum": 2500, "exclusive": True}, "above_maximum"),
        (-0.01, {"minimum": 0}, "below_minimum"),
        (0, {"minimum": 0, "exclusive": True}, "below_minimum"),
        (5001, {"maximum_field": "context.limit"}, "above_maximum"),
        (5001, {"maximum": 9999, "maximum_field": "context.limit"}, "above_maximum"),
        (1, {"minimum_field": "context.limit"}, "below_minimum"),
    ],
)
def test_a_number_beyond_its_limits_fails(value, params, code):
    found = number(value, **params)

    assert (found.outcome, found.reason_code) == ("fail", code)
    assert found.findings[0].path == "output.amount"


def test_the_operands_and_the_message_of_a_number_limit_name_both_sides():
    found = number(4820, maximum=2500)

    assert found.operands == ({"field": "output.amount", "value": 4820, "op": "<=", "other": 2500},)
    assert found.message == "`output.amount` 4,820 is more than 2,500."
    assert found.score == 4820


@pytest.mark.parametrize("value", [None, "2500", True, [2500], float("nan")])
def test_what_is_no_number_is_inconclusive(value):
    assert number(value, maximum=5000).outcome == "inconclusive"


def test_a_missing_limit_field_is_inconclusive_and_named():
    found = number(3, maximum_field="context.absent")

    assert (found.outcome, found.reason_code) == ("inconclusive", "missing_field")
    assert "`context.absent`" in found.message


def test_number_limits_are_checked_when_saved():
    field = {"field": "output.amount"}

    assert codes("number_limit", field) == {"/maximum": "missing_parameter"}
    assert codes("number_limit", {**field, "minimum": 3, "maximum": 2}) == {
        "/maximum": "empty_range"
    }
    assert codes("number_limit", {**field, "maximum_field": "context.channel"}) == {
        "/maximum_field": "wrong_field_type"
    }
    assert codes("number_limit", {**field, "maximum_field": "context.limit"}) == {}


@pytest.mark.parametrize(
    ("value", "params"),
    [
        ("2026-11-22", {"latest": "clock"}),
        ("2026-11-22T10:31:00Z", {"latest": "clock"}),
        ("2026-11-22", {"earliest": "clock"}),
        ("2026-11-01", {"earliest": "2026-11-01", "latest": "2026-11-01"}),
        ("2008-11-22", {"latest": "clock - P18Y"}),
        ("2026-11-01", {"earliest": "context.loss_date"}),
        ("2027-10-31", {"latest": "context.loss_date + P1Y"}),
        ("2026-11-22T09:31:00Z", {"earliest": "clock-PT1H"}),
    ],
)
def test_a_date_within_its_limits_passes(value, params):
    assert day(value, **params).outcome == "pass"


@pytest.mark.parametrize(
    ("value", "params", "code"),
    [
        ("2026-11-23", {"latest": "clock"}, "too_late"),
        ("2026-11-22T10:31:01Z", {"latest": "clock"}, "too_late"),
        ("2026-11-22T11:31:00+00:30", {"latest": "clock"}, "too_late"),
        ("2008-11-23", {"latest": "clock - P18Y"}, "too_late"),
        ("2026-10-30", {"earliest": "context.loss_date"}, "too_early"),
        ("2026-01-01", {"earliest": "2026-06-01"}, "too_early"),
        ("2026-11-22T09:30:59Z", {"earliest": "clock-PT1H"}, "too_early"),
    ],
)
def test_a_date_beyond_its_limits_fails(value, params, code):
    found = day(value, **params)

    assert (found.outcome, found.reason_code) == ("fail", code)
    assert found.operands[0]["field"] == "output.date"


@pytest.mark.parametrize("value", [None, "22.11.2026", "soon", 20261122, "2026-02-30"])
def test_what_is_no_date_is_inconclusive(value):
    assert day(value, latest="clock").outcome == "inconclusive"


def test_a_date_limit_without_its_anchor_is_inconclusive():
    assert day("2026-01-01", latest="context.absent + P1D").reason_code == "missing_field"
    facts = facts_of({"date": "2026-01-01"}, clock=None)
    found = run("date_limit", {"field": "output.date", "latest": "clock"}, facts)
    assert (found.outcome, found.reason_code) == ("inconclusive", "no_clock")


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ("tomorrow", "unknown_field"),
        ("clock + soon", "unreadable_limit"),
        ("clock - 3 days", "unreadable_limit"),
        ("clock - P", "unreadable_limit"),
        ("2026-02-30", "unreadable_limit"),
        ("context.channel", None),
        ("context.limit", "wrong_field_type"),
        ("context.los_date", "unknown_field"),
        ("clock", None),
        (" context.loss_date  +  P30D ", None),
        ("2026-01-01", None),
        ("2026-01-01T00:00:00Z - PT1H", None),
    ],
)
def test_date_limits_are_checked_when_saved(limit, code):
    found = codes("date_limit", {"field": "output.date", "latest": limit})

    assert found == ({} if code is None else {"/latest": code})


def test_a_date_limit_needs_a_limit_and_a_date():
    assert codes("date_limit", {"field": "output.date"}) == {"/latest": "missing_parameter"}
    assert codes("date_limit", {"field": "output.amount", "latest": "clock"}) == {
        "/field": "wrong_field_type"
    }
