from __future__ import annotations

import pytest

from tests.controls.checks.sample_facts import codes, facts_of, letter, marked, run


def required(text, *phrases, **params):
    return run("required_wording", {"phrases": list(phrases), **params}, letter(text))


def banned(text, *phrases, **params):
    return run("banned_wording", {"phrases": list(phrases), **params}, letter(text))


@pytest.mark.parametrize(
    "text",
    [
        "You may appeal within 30 days.",
        "YOU MAY\n  APPEAL within 30 days.",
        "you may\u00a0appeal",
        "you may ap\u00adpeal",
        "“You may appeal”",
    ],
)
def test_required_wording_is_found_in_many_writings(text):
    found = required(text, "you may appeal")

    assert found.outcome == "pass"
    assert found.marks[0].state == "pass"


@pytest.mark.parametrize("text", ["", "You may not appeal.", "You may appealing"])
def test_required_wording_that_is_absent_fails(text):
    found = required(text, "you may appeal")

    assert (found.outcome, found.reason_code) == ("fail", "wording_missing")
    assert "“you may appeal” is missing. Add it." in found.message


def test_all_wordings_are_required_unless_any_is_enough():
    text = "You may appeal."

    assert required(text, "you may appeal", "our ombudsman").outcome == "fail"
    assert required(text, "you may appeal", "our ombudsman", match="any").outcome == "pass"
    found = required(text, "the court", "our ombudsman", match="any")
    assert found.message == "None of 2 possible wordings is there. Add one of them."


def test_required_wording_cannot_be_told_while_a_field_is_missing():
    fields = ["output.text", "output.note"]

    assert required("You may appeal.", "you may appeal", fields=fields).outcome == "inconclusive"
    assert required("Nothing.", "you may appeal", fields=fields).outcome == "inconclusive"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("This is guaranteed.", "guaranteed"),
        ("GUARANTEED!", "GUARANTEED"),
        ("guar\u200banteed", "guar\u200banteed"),
        ("ｇｕａｒａｎｔｅｅｄ", "ｇｕａｒａｎｔｅｅｄ"),
        ("risk\n free", "risk\n free"),
    ],
)
def test_banned_wording_is_found_at_its_place_in_many_writings(text, shown):
    facts = letter(text)
    found = run("banned_wording", {"phrases": ["guaranteed", "risk free"]}, facts)

    assert (found.outcome, found.reason_code) == ("fail", "wording_banned")
    assert marked(facts, found.findings[0]) == shown
    assert found.marks[0].state == "fail"


@pytest.mark.parametrize("text", ["", "unguaranteed", "guaranteedly", "risk-laden and free"])
def test_a_text_without_banned_wording_passes(text):
    assert banned(text, "guaranteed", "risk free").outcome == "pass"


def test_parts_of_words_and_case_count_where_the_owner_says_so():
    assert banned("unsure", "sure", whole_words=False).outcome == "fail"
    assert banned("SURE", "sure", ignore_case=False).outcome == "pass"


def test_every_place_is_found_in_order_and_counted():
    found = banned("free, sure, free", "free", "sure")

    assert [one.start for one in found.findings] == [0, 6, 12]
    assert "There are 2 more places." in found.message
    assert "There is 1 more place." in banned("free, free", "free").message


def test_banned_wording_is_a_fault_although_another_field_is_missing():
    fields = ["output.text", "output.note"]

    assert banned("free", "free", fields=fields).outcome == "fail"
    assert banned("none", "free", fields=fields).outcome == "inconclusive"


def test_the_whole_output_is_read():
    facts = facts_of({"letters": [{"body": "free"}], "subject": "x"})
    found = run("banned_wording", {"phrases": ["free"]}, facts)

    assert found.findings[0].path == "output.letters.0.body"


def test_a_true_or_false_is_no_text():
    params = {"phrases": ["free"], "fields": ["output.flag"]}

    assert run("banned_wording", params, facts_of({"flag": True})).reason_code == "wrong_type"


@pytest.mark.parametrize("name", ["required_wording", "banned_wording"])
def test_parameters_are_checked_when_saved(name):
    assert codes(name, {"phrases": ["ok"]}) == {}
    assert codes(name, {"phrases": []}) == {"/phrases": "wrong_parameter"}
    assert codes(name, {"phrases": ["ok", " \u200b "]}) == {"/phrases/1": "empty_phrase"}
    assert codes(name, {"phrases": ["x" * 201]}) == {"/phrases/0": "wrong_parameter"}
