from __future__ import annotations

import pytest

from tests.controls.checks.sample_facts import codes, facts_of, run

SECOND = {"label": "Second model", "kind": "json"}


def judge(output, other, **params):
    facts = facts_of(output, context={"second": other})
    return run("agreement", {"other": "context.second", **params}, facts)


@pytest.mark.parametrize(
    "value",
    [
        {"amount": 4820, "decision": "approve"},
        {"lines": [{"amount": 1}, {"amount": 2}], "ok": True, "note": None},
        {"a": {"b": {"c": []}}},
    ],
)
def test_what_says_the_same_agrees(value):
    assert judge(value, value).outcome == "pass"


def test_the_order_of_keys_and_the_way_a_number_is_written_do_not_matter():
    assert judge({"a": 1, "b": 2.0}, {"b": 2, "a": 1.0}).outcome == "pass"


@pytest.mark.parametrize(
    ("output", "other", "places"),
    [
        ({"amount": 4820}, {"amount": 4280}, ["output.amount"]),
        ({"amount": 4820}, {"amount": "4820"}, ["output.amount"]),
        ({"ok": True}, {"ok": 1}, ["output.ok"]),
        ({"text": "Yes"}, {"text": "yes"}, ["output.text"]),
        ({"a": 1, "b": 2}, {"a": 1}, ["output.b"]),
        ({"a": 1}, {"a": 1, "b": 2}, ["output.b"]),
        ({"lines": [1, 2]}, {"lines": [1]}, ["output.lines"]),
        ({"lines": [1, 2]}, {"lines": [1, 3]}, ["output.lines.1"]),
        ({"a": {"b": 1}}, {"a": 1}, ["output.a"]),
        ({"a": 1, "b": 2}, {"a": 3, "b": 4}, ["output.a", "output.b"]),
    ],
)
def test_every_place_where_they_differ_is_found(output, other, places):
    found = judge(output, other)

    assert (found.outcome, found.reason_code) == ("fail", "disagrees")
    assert [one.path for one in found.findings] == places


def test_the_sentence_names_the_place_and_the_operands_hold_both_values():
    found = judge({"amount": 4820}, {"amount": 4280})

    assert found.message == "`output.amount` is 4,820; `context.second.amount` says otherwise."
    assert found.operands == (
        {"field": "output.amount", "value": 4820, "op": "==", "other": 4280,
         "other_field": "context.second.amount"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("mine", "other", "params", "outcome"),
    [
        (100, 101, {"tolerance": 1}, "pass"),
        (100, 101.5, {"tolerance": 1}, "fail"),
        (0.1 + 0.2, 0.3, {"tolerance": 1e-9}, "pass"),
        (0.1 + 0.2, 0.3, {}, "fail"),
        (102, 100, {"percent": 2}, "pass"),
        (97, 100, {"percent": 2}, "fail"),
        (-102, -100, {"percent": 2}, "pass"),
        (5, 0, {"percent": 50}, "fail"),
    ],
)
def test_numbers_may_differ_by_the_tolerance_and_no_more(mine, other, params, outcome):
    assert judge({"a": mine}, {"a": other}, **params).outcome == outcome


@pytest.mark.parametrize("number", [1e200, 10**70])
def test_a_number_of_no_usable_size_is_inconclusive(number):
    found = judge({"a": number}, {"a": number}, tolerance=1)

    assert (found.outcome, found.reason_code) == ("inconclusive", "wrong_type")


def test_capitals_and_spaces_count_unless_the_owner_says_otherwise():
    assert judge({"t": "Pay  NOW"}, {"t": "pay now"}).outcome == "fail"
    assert judge({"t": "Pay  NOW"}, {"t": "pay now"}, ignore_case=True).outcome == "pass"


@pytest.mark.parametrize("other", [None, "…"])
def test_without_the_other_output_nothing_agrees(other):
    context = {} if other == "…" else {"second": other}

    found = run("agreement", {"other": "context.second"}, facts_of({"a": 1}, context=context))

    assert (found.outcome, found.reason_code) == ("inconclusive", "missing_field")


def test_the_other_output_may_lie_in_a_source():
    facts = facts_of({"amount": 1}, evidence=[{**SECOND, "content": {"said": {"amount": 2}}}])
    params = {"source": "Second model", "other": "said"}

    found = run("agreement", params, facts)

    assert found.message == "`output.amount` is 1; the source “Second model” says otherwise."
    assert "other_field" not in found.operands[0]
    facts["output"]["amount"] = 2
    assert run("agreement", params, facts).outcome == "pass"


@pytest.mark.parametrize(
    ("evidence", "code"),
    [
        ([], "missing_field"),
        ([{**SECOND, "content": {}}], "missing_field"),
        ([{**SECOND, "content": {"said": 1}}, {**SECOND, "content": {"said": 1}}], "ambiguous"),
        ([{**SECOND, "kind": "text", "content": "said"}], "wrong_type"),
    ],
)
def test_a_source_that_cannot_be_read_is_inconclusive(evidence, code):
    params = {"source": "Second model", "other": "said"}

    found = run("agreement", params, facts_of({"a": 1}, evidence=evidence))

    assert (found.outcome, found.reason_code) == ("inconclusive", code)


def test_one_field_may_be_compared_instead_of_the_whole():
    facts = facts_of({"amount": 1, "text": "x"}, signals={"rule": 1})

    found = run("agreement", {"field": "output.amount", "other": "signals.rule"}, facts)

    assert found.outcome == "pass"


def test_parameters_are_checked_when_saved():
    assert codes("agreement", {"field": "output.amount", "other": "context.limit"}) == {}
    assert codes("agreement", {"source": "Second model"}) == {}
    assert codes("agreement", {}) == {"/other": "missing_parameter"}
    assert codes("agreement", {"other": "context.nothing"}) == {"/other": "unknown_field"}
    assert codes("agreement", {"other": "output"}) == {"/other": "same_field"}
    assert codes("agreement", {"other": "context.limit", "tolerance": -1}) == {
        "/tolerance": "wrong_parameter"
    }
