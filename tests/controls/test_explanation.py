"""Why a condition said what it said, in operands and in words."""

from __future__ import annotations

import pytest

from assurance.controls.conditions import Leaf, describe, explain, sentence
from assurance.controls.fields import catalogue_from_schemas

CATALOGUE = catalogue_from_schemas(
    {
        "properties": {
            "amount": {"type": "number", "title": "Loan amount", "unit": "EUR"},
            "limit": {"type": "number", "title": "Limit", "unit": "EUR"},
            "age": {"type": "number", "sensitive": True},
            "flag": {"type": "boolean"},
            "tags": {"type": "array"},
            "when": {"type": "string", "format": "date-time"},
        }
    },
    None,
)
AMOUNT = {"field": "output.amount", "op": ">", "value": 2500}


def said(tree, facts, **options):
    return [sentence(leaf, CATALOGUE, **options) for leaf in explain(tree, facts, CATALOGUE).leaves]


def test_a_leaf_holds_its_operands_as_the_record_shows_them():
    leaf = explain(AMOUNT, {"output": {"amount": 4820}}, CATALOGUE).leaves[0]

    assert leaf == Leaf("output.amount", ">", 4820, 2500, None, True)
    assert leaf.as_json() == {"field": "output.amount", "value": 4820, "op": ">", "other": 2500}


def test_a_leaf_with_another_field_names_it_and_what_it_held():
    tree = {"field": "output.amount", "op": "<=", "other": "output.limit"}

    leaf = explain(tree, {"output": {"amount": 5, "limit": 4}}, CATALOGUE).leaves[0]

    assert leaf.as_json() == {
        "field": "output.amount",
        "value": 5,
        "op": "<=",
        "other": 4,
        "other_field": "output.limit",
    }


def test_an_unknown_leaf_says_which_field_is_at_fault():
    leaf = explain(AMOUNT, {"output": {"amount": "4,820"}}, CATALOGUE).leaves[0]

    assert (leaf.verdict, leaf.doubtful, leaf.reason) == (
        None,
        "output.amount",
        "text, not a number",
    )
    assert leaf.as_json()["unknown"] == "`output.amount` is text, not a number"


def test_every_leaf_is_judged_even_when_the_verdict_is_settled():
    tree = {"any": [AMOUNT, {"all": [AMOUNT | {"value": 9000}, {"not": AMOUNT}]}]}

    explanation = explain(tree, {"output": {"amount": 4820}}, CATALOGUE)

    assert explanation.verdict is True
    assert [leaf.verdict for leaf in explanation.leaves] == [True, False, True]


def test_a_path_without_a_label_stands_in_backquotes():
    tree = {"field": "context.amount", "op": ">", "value": 2500}

    assert said(tree, {"context": {"amount": 4820}}) == [
        "`context.amount` 4,820 is more than 2,500"
    ]


@pytest.mark.parametrize(
    ("tree", "held", "words"),
    [
        (AMOUNT, 4820, "Loan amount 4,820 EUR is more than 2,500 EUR"),
        (AMOUNT, 1200.5, "Loan amount 1,200.5 EUR is not more than 2,500 EUR"),
        (AMOUNT | {"op": "=="}, 2500.0, "Loan amount 2,500.0 EUR is 2,500 EUR"),
        (AMOUNT | {"op": "!="}, 2500, "Loan amount 2,500 EUR is 2,500 EUR"),
        (AMOUNT | {"op": "<="}, 1, "Loan amount 1 EUR is at most 2,500 EUR"),
        (AMOUNT | {"op": "in", "value": [1, 2]}, 3, "Loan amount 3 EUR is none of 1, 2 EUR"),
        (
            AMOUNT,
            None,
            "Loan amount is null, so whether it is more than 2,500 EUR is unknown",
        ),
        (
            AMOUNT,
            [1],
            "Loan amount is a list, not a number, so whether it is more than 2,500 EUR is unknown",
        ),
        ({"field": "output.amount", "op": "missing"}, None, "Loan amount is missing"),
        ({"field": "output.amount", "op": "missing"}, 5, "Loan amount is present"),
    ],
)
def test_a_test_is_told_with_label_and_unit(tree, held, words):
    assert said(tree, {"output": {"amount": held}}) == [words]


@pytest.mark.parametrize(
    ("op", "held", "words"),
    [
        ("<", "2025-01-01T00:00:00Z", "is before"),
        (">=", "2025-01-01T00:00:00Z", "is not at or after"),
        (">", "2027-01-01T00:00:00Z", "is after"),
        ("<=", "2025-01-01T00:00:00Z", "is at or before"),
    ],
)
def test_moments_are_before_and_after_not_less_and_more(op, held, words):
    tree = {"field": "output.when", "op": op, "value": "2026-01-01T00:00:00Z"}

    assert said(tree, {"output": {"when": held}}) == [
        f"`output.when` “{held}” {words} “2026-01-01T00:00:00Z”"
    ]


def test_the_other_field_at_fault_is_the_one_named():
    tree = {"field": "output.amount", "op": ">", "other": "output.limit"}

    assert said(tree, {"output": {"amount": 5}}) == [
        "Limit is missing, so whether Loan amount is more than Limit is unknown"
    ]


def test_two_readable_values_that_do_not_compare_are_told_apart():
    tree = {"field": "context.a", "op": "==", "other": "context.b"}

    assert said(tree, {"context": {"a": "x", "b": 1}}) == [
        "`context.a` is text, which “==” does not compare with a number,"
        " so whether it is `context.b` 1 is unknown"
    ]


def test_long_text_and_long_lists_are_cut_in_sentences_but_not_in_operands():
    names = [f"n{i}" for i in range(12)]
    tree = {"field": "context.text", "op": "in", "value": names}
    long = "x" * 200

    leaf = explain(tree, {"context": {"text": long}}, CATALOGUE).leaves[0]
    words = sentence(leaf, CATALOGUE)

    assert words == (
        f"`context.text` “{'x' * 79}…” is none of “n0”, “n1”, “n2”, “n3”, “n4” and 7 more"
    )
    assert leaf.as_json()["value"] == long
    assert leaf.as_json()["other"] == names


def test_values_of_sensitive_fields_can_be_left_out():
    tree = {"field": "output.age", "op": "<", "value": 18}

    assert said(tree, {"output": {"age": 17}}) == ["`output.age` 17 is less than 18"]
    assert said(tree, {"output": {"age": 17}}, reveal=False) == [
        "`output.age` (hidden) is less than (hidden)"
    ]


def telling(tree, facts):
    explanation = explain(tree, facts, CATALOGUE)
    return explanation.verdict, [leaf.field for leaf in explanation.telling]


def test_the_telling_leaves_are_those_that_brought_the_verdict_about():
    small, absent, odd = (
        {"field": "output.amount", "op": "<", "value": 100},
        {"field": "context.absent", "op": "==", "value": 1},
        {"field": "context.odd", "op": "==", "value": 1},
    )
    facts = {"output": {"amount": 4820}, "context": {"odd": 1}}

    assert telling({"any": [small, odd, absent]}, facts) == (True, ["context.odd"])
    assert telling({"any": [small, absent]}, facts) == (None, ["context.absent"])
    assert telling({"all": [odd, small, absent]}, facts) == (False, ["output.amount"])
    assert telling({"all": [odd, AMOUNT]}, facts) == (True, ["context.odd", "output.amount"])


def test_below_a_not_a_false_leaf_tells_of_truth():
    sure = {"field": "signals.confidence", "op": ">=", "value": 0.8}
    tree = {"all": [AMOUNT, {"not": {"any": [sure, {"field": "subject", "op": "present"}]}}]}
    facts = {"output": {"amount": 4820}, "signals": {"confidence": 0.7}}

    assert telling(tree, facts) == (True, ["output.amount", "signals.confidence", "subject"])
    assert said({"not": sure}, facts) == ["`signals.confidence` 0.7 is not at least 0.8"]


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        (None, "Always holds."),
        (AMOUNT, "Holds when Loan amount is more than 2,500 EUR."),
        ({"not": AMOUNT}, "Holds when Loan amount is not more than 2,500 EUR."),
        ({"all": [{"any": [AMOUNT]}]}, "Holds when Loan amount is more than 2,500 EUR."),
        (
            {"field": "output.amount", "op": ">", "other": "output.limit"},
            "Holds when Loan amount is more than Limit.",
        ),
        (
            {"field": "output.flag", "op": "==", "value": True},
            "Holds when `output.flag` is true.",
        ),
        (
            {"field": "output.tags", "op": "contains", "value": "vip"},
            "Holds when `output.tags` contains “vip”.",
        ),
        (
            {
                "all": [
                    AMOUNT,
                    {
                        "any": [
                            {"field": "context.channel", "op": "in", "value": ["broker", "phone"]},
                            {"not": {"field": "signals.confidence", "op": ">=", "value": 0.8}},
                        ]
                    },
                ]
            },
            "Holds when Loan amount is more than 2,500 EUR and (`context.channel` is one of"
            " “broker”, “phone” or `signals.confidence` is not at least 0.8).",
        ),
        (
            {"not": {"all": [AMOUNT, {"field": "subject", "op": "missing"}]}},
            "Holds when it is not the case that (Loan amount is more than 2,500 EUR and"
            " Subject is missing).",
        ),
    ],
)
def test_a_rule_is_described_in_one_sentence(tree, words):
    assert describe(tree, CATALOGUE) == words
