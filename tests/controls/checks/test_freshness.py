from __future__ import annotations

import pytest

from tests.controls.checks.sample_facts import codes, facts_of, run


def judge(*values, **params):
    context = {f"at{i}": value for i, value in enumerate(values)}
    fields = [f"context.at{i}" for i in range(len(values))]
    params = {"fields": fields, "max_age": "P30D", **params}
    return run("freshness", params, facts_of(context=context))


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-22T10:31:00Z",
        "2026-10-23T10:31:00Z",
        "2026-11-22T10:36:00Z",
        "2026-11-22",
        "2026-10-23",
    ],
)
def test_a_fresh_input_passes(value):
    assert judge(value).outcome == "pass"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2026-10-23T10:30:59Z", "too_old"),
        ("2026-10-22", "too_old"),
        ("1999-01-01", "too_old"),
        ("2026-11-22T10:36:01Z", "in_future"),
        ("2026-11-23", "in_future"),
        ("9999-12-31", "in_future"),
    ],
)
def test_an_old_or_future_input_fails(value, code):
    found = judge(value)

    assert (found.outcome, found.reason_code) == ("fail", code)
    assert found.operands[0]["value"].startswith(value[:10])


def test_the_message_says_how_old_it_is():
    found = judge("2026-01-01T00:00:00Z", max_age="PT24H")

    assert "is 325 days old, more than 1 day. Fetch it again." in found.message
    assert found.score == pytest.approx(325.438, abs=0.001)


def test_every_named_date_is_judged():
    found = judge("2026-11-22", "2020-01-01", "2019-01-01")

    assert [one.path for one in found.findings] == ["context.at1", "context.at2"]


@pytest.mark.parametrize("value", [None, "last week", "22.11.2026", 20261122])
def test_an_input_without_a_readable_date_is_inconclusive(value):
    assert judge("2026-11-22", value).outcome == "inconclusive"


def test_without_the_clock_nothing_is_fresh():
    facts = facts_of(context={"at": "2026-11-22"}, clock=None)
    found = run("freshness", {"fields": ["context.at"], "max_age": "P1D"}, facts)

    assert (found.outcome, found.reason_code) == ("inconclusive", "no_clock")


def test_parameters_are_checked_when_saved():
    good = {"fields": ["context.loss_date"], "max_age": "P20Y"}

    assert codes("freshness", good) == {}
    assert codes("freshness", {**good, "max_age": "a year"}) == {"/max_age": "wrong_duration"}
    assert codes("freshness", {**good, "fields": ["output.amount"]}) == {
        "/fields/0": "wrong_field_type"
    }
