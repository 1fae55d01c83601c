from __future__ import annotations

import pytest

from tests.controls.checks.sample_facts import codes, facts_of, run

CHANNELS = {"field": "output.channel", "values": ["broker", "phone", 3, True]}


def judge(name, value, **params):
    return run(name, {**CHANNELS, **params}, facts_of({"channel": value}))


@pytest.mark.parametrize("value", ["broker", 3, 3.0, True, ["phone", "broker"], []])
def test_a_value_on_the_list_is_allowed(value):
    assert judge("allow_list", value).outcome == "pass"


@pytest.mark.parametrize("value", ["Broker", "web", 4, False, 1, "3", ["phone", "web"]])
def test_a_value_off_the_list_is_not_allowed(value):
    found = judge("allow_list", value)

    assert (found.outcome, found.reason_code) == ("fail", "not_allowed")
    assert found.operands[0]["op"] == "in"


@pytest.mark.parametrize("value", ["Broker", "web", 4, False, 1, [], ["web", "chat"]])
def test_a_value_off_the_list_is_not_denied(value):
    assert judge("deny_list", value).outcome == "pass"


@pytest.mark.parametrize("value", ["broker", 3.0, True, ["web", "phone"]])
def test_a_value_on_the_list_is_denied(value):
    found = judge("deny_list", value)

    assert (found.outcome, found.reason_code) == ("fail", "denied")


@pytest.mark.parametrize("name", ["allow_list", "deny_list"])
@pytest.mark.parametrize("value", [None, {}, [None], [["broker"]]])
def test_what_cannot_be_looked_up_is_inconclusive(name, value):
    assert judge(name, value).outcome == "inconclusive"


def test_case_counts_unless_the_owner_says_otherwise():
    assert judge("allow_list", "BROKER", ignore_case=True).outcome == "pass"
    assert judge("deny_list", "BROKER", ignore_case=True).outcome == "fail"


def test_the_item_that_failed_is_named_with_the_nearest_allowed_value():
    found = judge("allow_list", ["phone", "brokr"])

    assert found.findings[0].path == "output.channel.1"
    assert "The nearest is “broker”." in found.message


@pytest.mark.parametrize("name", ["allow_list", "deny_list"])
def test_parameters_are_checked_when_saved(name):
    good = {"field": "output.decision", "values": ["approve"]}

    assert codes(name, good) == {}
    assert codes(name, {**good, "values": []}) == {"/values": "wrong_parameter"}
    assert codes(name, {**good, "values": [{}]}) == {"/values/0": "wrong_parameter"}
    assert codes(name, {**good, "values": list(range(1001))}) == {"/values": "wrong_parameter"}
