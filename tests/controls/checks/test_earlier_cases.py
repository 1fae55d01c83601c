from __future__ import annotations

from datetime import timedelta

import pytest

from assurance.controls.checks.registry import CHECKS
from tests.controls.checks.sample_facts import codes, facts_of, run

SAME = {"same": ["output.amount", "proposed_action"]}
OTHER = {"field": "output.decision", "same": ["context.product"]}


class History:
    def __init__(self, cases):
        self.cases = cases
        self.asked = []

    def earlier(self, subject_field, value, window, fields):
        self.asked.append((subject_field, value, window, list(fields)))
        return self.cases


def earlier(**fields):
    return {"case": "0193-a", "at": "2026-11-20T09:00:00Z", **fields}


def duplicate(cases, amount=4820, **params):
    facts = facts_of({"amount": amount}, proposed_action="approve")
    return run("duplicate", {**SAME, **params}, facts, {"earlier": cases})


def contradiction(cases, decision="approve", **params):
    facts = facts_of({"decision": decision}, context={"product": "car"})
    return run("contradiction", {**OTHER, **params}, facts, {"earlier": cases})


def twin(amount=4820, action="approve"):
    return earlier(**{"output.amount": amount, "proposed_action": action})


def before(decision, product="car"):
    return earlier(**{"output.decision": decision, "context.product": product})


@pytest.mark.parametrize(
    "cases",
    [
        [],
        [twin(amount=4821)],
        [twin(action="decline")],
        [earlier(**{"output.amount": 4820})],
        [twin(amount=None)],
        [twin(amount="4820")],
    ],
)
def test_a_case_that_differs_from_all_earlier_ones_is_no_duplicate(cases):
    assert duplicate(cases).outcome == "pass"


@pytest.mark.parametrize("cases", [[twin()], [twin(4820.0)], [twin(1), twin(), twin()]])
def test_a_case_that_is_the_same_as_an_earlier_one_is_a_duplicate(cases):
    found = duplicate(cases)

    assert (found.outcome, found.reason_code) == ("fail", "duplicate")
    assert "It is the same as 0193-a of 2026-11-20" in found.message
    assert [one["field"] for one in found.operands] == SAME["same"]


def test_true_and_one_are_not_the_same():
    facts = facts_of({"amount": True}, proposed_action="approve")

    assert run("duplicate", SAME, facts, {"earlier": [twin(1)]}).outcome == "pass"
    assert run("duplicate", SAME, facts, {"earlier": [twin(True)]}).outcome == "fail"


@pytest.mark.parametrize(
    "cases",
    [
        [],
        [before("approve"), before("approve")],
        [before("decline", product="house")],
        [before(None)],
        [earlier()],
    ],
)
def test_a_case_that_agrees_with_comparable_ones_contradicts_nothing(cases):
    assert contradiction(cases).outcome == "pass"


@pytest.mark.parametrize("cases", [[before("decline")], [before("approve"), before("decline")]])
def test_a_case_that_came_to_another_value_is_a_contradiction(cases):
    found = contradiction(cases)

    assert (found.outcome, found.reason_code) == ("fail", "contradiction")
    assert "came to decline" in found.message
    assert found.operands == (
        {"field": "output.decision", "value": "approve", "op": "==", "other": "decline"},
    )
    assert found.score == 1


def test_numbers_may_differ_within_the_tolerance():
    cases = [before(100)]

    assert contradiction(cases, 101, tolerance=1).outcome == "pass"
    assert contradiction(cases, 101.5, tolerance=1).outcome == "fail"


@pytest.mark.parametrize("gathered", [None, {}, {"earlier": None}, {"earlier": [3]}, []])
@pytest.mark.parametrize(("name", "params"), [("duplicate", SAME), ("contradiction", OTHER)])
def test_what_was_not_fetched_is_not_run_and_never_passes(name, params, gathered):
    facts = facts_of(
        {"amount": 1, "decision": "approve"}, proposed_action="x", context={"product": "car"}
    )
    found = run(name, params, facts, gathered)

    assert (found.outcome, found.reason_code) == ("not_run", "not_gathered")


@pytest.mark.parametrize("subject", [None, "", [], True])
def test_without_a_subject_nothing_is_fetched_locked_or_passed(subject):
    facts = facts_of({"amount": 1}, proposed_action="x", subject=subject)
    history = History([])
    check = CHECKS["duplicate"]

    assert check.gather(SAME, facts, history) == {}
    assert check.lock_key(SAME, facts) is None
    assert history.asked == []
    assert run("duplicate", SAME, facts, {"earlier": []}).outcome == "inconclusive"


def test_gathering_asks_for_the_compared_fields_in_the_window():
    history = History([twin()])
    gathered = CHECKS["duplicate"].gather({**SAME, "window": "P7D"}, facts_of(), history)

    assert gathered == {"earlier": [twin()]}
    assert history.asked == [("subject", "customer-7781", timedelta(days=7), SAME["same"])]


def test_a_contradiction_asks_for_its_field_too():
    history = History([])
    CHECKS["contradiction"].gather(OTHER, facts_of(), history)

    assert history.asked[0][3] == ["output.decision", "context.product"]


def test_cases_of_one_subject_wait_for_each_other():
    assert CHECKS["duplicate"].lock_key(SAME, facts_of()) == "subject=customer-7781"


def test_parameters_are_checked_when_saved():
    assert codes("duplicate", {"same": ["output.amount"]}) == {}
    assert codes("duplicate", {"same": []}) == {"/same": "wrong_parameter"}
    assert codes("duplicate", {"same": ["output.amuont"]}) == {"/same/0": "unknown_field"}
    assert codes("contradiction", {"field": "output.amount", "window": "P9Y"}) == {
        "/window": "wrong_duration"
    }
