from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from assurance.controls.checks.registry import CHECKS
from tests.controls.checks.sample_facts import codes, facts_of, run

CHECK = CHECKS["cumulative_limit"]
PARAMS = {"field": "output.amount", "maximum": 10000}


class History:
    """Remembers what it was asked and answers with one sum."""

    def __init__(self, total):
        self.total = total
        self.asked = []

    def sum(self, field, subject_field, subject, window):
        self.asked.append((field, subject_field, subject, window))
        return self.total


def judge(amount, before, **params):
    facts = facts_of({"amount": amount})
    return run("cumulative_limit", {**PARAMS, **params}, facts, before)


@pytest.mark.parametrize(("amount", "before"), [(4000, "6000"), (10000, "0"), (0.1, "9999.9")])
def test_a_sum_within_the_limit_passes(amount, before):
    assert judge(amount, {"sum": before}).outcome == "pass"


@pytest.mark.parametrize(
    ("amount", "before"), [(4000.01, "6000"), (1, "10000"), (10000.5, "0"), (0.2, "9999.9")]
)
def test_a_sum_above_the_limit_fails(amount, before):
    found = judge(amount, {"sum": before})

    assert (found.outcome, found.reason_code) == ("fail", "above_maximum")
    assert found.operands[-1]["op"] == "<="


def test_the_message_says_what_was_before_and_what_it_makes():
    found = judge(4820, {"sum": "6000"})

    assert found.message == (
        "`output.amount` 4,820 and 6,000 before make 10,820, "
        "more than 10,000 in P30D for one subject."
    )
    assert found.score == 10820


@pytest.mark.parametrize("gathered", [None, {}, {"sum": None}, {"sum": "x"}, {"sum": "NaN"}, 3])
def test_what_was_not_summed_is_not_run_and_never_passes(gathered):
    found = judge(1, gathered)

    assert (found.outcome, found.reason_code) == ("not_run", "not_gathered")


def test_gathering_asks_for_the_window_of_the_subject():
    history = History(Decimal("6000.10"))
    gathered = CHECK.gather({**PARAMS, "window": "PT24H"}, facts_of(), history)

    assert gathered == {"sum": "6000.10"}
    assert history.asked == [("output.amount", "subject", "customer-7781", timedelta(days=1))]


@pytest.mark.parametrize("subject", [None, "", True, ["x"], {}])
def test_without_a_subject_nothing_is_locked_gathered_or_passed(subject):
    facts = facts_of({"amount": 1}, subject=subject)
    history = History(0)

    assert CHECK.lock_key(PARAMS, facts) is None
    assert CHECK.gather(PARAMS, facts, history) == {}
    assert history.asked == []
    assert run("cumulative_limit", PARAMS, facts, {"sum": "0"}).outcome == "inconclusive"


def test_the_lock_names_the_field_and_the_subject():
    facts = facts_of({"amount": 1}, context={"policy": "HM-1"})

    assert CHECK.lock_key(PARAMS, facts) == "subject=customer-7781"
    other = {**PARAMS, "subject_field": "context.policy"}
    assert CHECK.lock_key(other, facts) == "context.policy=HM-1"


def test_the_check_says_that_it_needs_other_cases():
    assert CHECK.stateful is True
    assert [name for name, check in sorted(CHECKS.items()) if check.stateful] == [
        "contradiction",
        "cumulative_limit",
        "duplicate",
    ]


def test_parameters_are_checked_when_saved():
    assert codes("cumulative_limit", PARAMS) == {}
    assert codes("cumulative_limit", {**PARAMS, "window": "month"}) == {"/window": "wrong_duration"}
    assert codes("cumulative_limit", {**PARAMS, "window": "P2Y"}) == {"/window": "wrong_duration"}
    assert codes("cumulative_limit", {**PARAMS, "subject_field": "output.approved"}) == {
        "/subject_field": "wrong_field_type"
    }
