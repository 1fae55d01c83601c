from __future__ import annotations

import pytest

from tests.controls.checks.sample_facts import codes, facts_of, run

APPROVED = [
    {"name": "scorecard", "versions": ["2026.11"], "prompt_versions": ["14"]},
    {"name": "scorecard", "versions": ["2026.12"], "prompt_versions": ["15"]},
    {"name": "writer"},
    {"name": "reader", "versions": ["1", "2"]},
]


def judge(**model):
    return run("approved_versions", {"approved": APPROVED}, facts_of(model=model))


@pytest.mark.parametrize(
    "model",
    [
        {"name": "scorecard", "version": "2026.11", "prompt_version": "14"},
        {"name": "scorecard", "version": "2026.12", "prompt_version": 15},
        {"name": "writer"},
        {"name": "writer", "version": "any"},
        {"name": "reader", "version": 2},
    ],
)
def test_an_approved_model_may_speak(model):
    assert judge(**model).outcome == "pass"


@pytest.mark.parametrize(
    ("model", "field"),
    [
        ({"name": "Scorecard", "version": "2026.11", "prompt_version": "14"}, "model.name"),
        ({"name": "scorecard", "version": "2026.10", "prompt_version": "14"}, "model.version"),
        ({"name": "scorecard", "version": "2026.11", "prompt_version": "15"},
         "model.prompt_version"),
        ({"name": "reader", "version": "3"}, "model.version"),
        ({"name": "stranger"}, "model.name"),
    ],
)  # fmt: skip
def test_a_model_that_was_not_approved_fails_at_what_differs(model, field):
    found = judge(**model)

    assert (found.outcome, found.reason_code) == ("fail", "not_approved")
    assert found.operands[0]["field"] == field


@pytest.mark.parametrize(
    ("model", "field"),
    [
        ({}, "model.name"),
        ({"version": "2026.11"}, "model.name"),
        ({"name": "scorecard"}, "model.version"),
        ({"name": "scorecard", "version": "2026.11"}, "model.prompt_version"),
        ({"name": "reader"}, "model.version"),
        ({"name": "scorecard", "version": None, "prompt_version": "14"}, "model.version"),
    ],
)
def test_a_model_that_does_not_say_its_version_is_inconclusive(model, field):
    found = judge(**model)

    assert (found.outcome, found.reason_code) == ("inconclusive", "missing_field")
    assert f"`{field}`" in found.message


def test_a_model_that_is_no_object_is_inconclusive():
    facts = facts_of(model="scorecard")

    assert run("approved_versions", {"approved": APPROVED}, facts).outcome == "inconclusive"


def test_a_nearly_right_name_is_shown_the_right_one():
    assert "The nearest approved one is “scorecard”." in judge(name="scorcard").message


def test_parameters_are_checked_when_saved():
    assert codes("approved_versions", {"approved": APPROVED}) == {}
    assert codes("approved_versions", {"approved": []}) == {"/approved": "wrong_parameter"}
    assert codes("approved_versions", {"approved": [{"versions": ["1"]}]}) == {
        "/approved/0/name": "missing_parameter"
    }
    assert codes("approved_versions", {"approved": [{"name": "a", "version": "1"}]}) == {
        "/approved/0": "wrong_parameter"
    }
