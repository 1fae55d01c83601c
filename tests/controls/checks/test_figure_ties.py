"""Ties: a reviewer says which arithmetic on the sources a figure is, and the check works it out."""

from __future__ import annotations

import pytest

from tests.controls.checks.sample_facts import facts_of, letter, text_source
from tests.controls.checks.test_figures_in_sources import INVOICE, POLICY, judge, place_of


def test_a_reviewers_tie_is_recomputed_and_lets_the_figure_pass():
    tie = [{"figure": "3,930.00", "expression": "£4,280.00 − £350.00"}]
    facts = letter("We pay £3,930.00.", "4,280.00 and 350.00", arithmetic=tie)
    found = judge(facts)

    assert found.outcome == "pass"
    (mark,) = found.marks
    assert mark.message == "It is £4,280.00 − £350.00."
    assert place_of(facts, mark.source) == "4,280.00"


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("4,280.00 - 350.00 - 350.00", "comes to 3,580.00, not 3,930.00"),
        ("4,280.00 - 350.01", "“350.01” in the arithmetic is in none of the sources"),
        ("4,280.00 - (350.00", "cannot be computed"),
        ("4,280.00 / (350.00 - 350.00)", "cannot be computed"),
        ("", "names no figure"),
        ("output.amount", "names no figure"),
        ("12.11.2026 + 350", "is no number"),
        ("4,280.00 ** 350.00", "cannot be computed"),
        (None, "names no figure"),
    ],
)
def test_a_tie_that_does_not_hold_is_explained(expression, words):
    tie = [{"figure": "3,930.00", "expression": expression}]
    facts = letter("£3,930.00", "4,280.00 and 350.00, HM-77120", arithmetic=tie)
    found = judge(facts)

    assert found.outcome == "fail"
    assert words in found.message


@pytest.mark.parametrize(
    "junk", [None, 3, [3], [{}], [{"figure": 3, "expression": 4}], [{"figure": "a b"}]]
)
def test_ties_of_another_shape_explain_nothing(junk):
    assert judge(letter("3,930", "4,280 and 350", arithmetic=junk)).outcome == "fail"


@pytest.mark.parametrize(
    ("figure", "expression"),
    [
        ("642.00", "4,280.00 × 15 %"),
        ("642", "4,280 * 15%"),
        ("4,922.00", "4,280.00 × 115 % "),
        ("12.23", "4280/350"),
        ("4,280", "(4,280 + 350) - 350"),
        ("3,930", "4,280-350"),
        ("-3,930", "350 - 4,280"),
    ],
)
def test_ties_are_computed_in_the_writing_of_people(figure, expression):
    source = "4,280.00 and 350.00 and 15 % and 115 %"
    tie = [{"figure": figure, "expression": expression}]

    assert judge(letter(f"It is {figure}.", source, arithmetic=tie)).outcome == "pass"


@pytest.mark.parametrize(
    ("figure", "expression"),
    [
        ("1", "4,280 / 4,280"),
        ("2", "(4,280 + 4,280) / 4,280"),
        ("3", "350/350 + 350/350 + 4,280/4,280"),
        ("1", "350 * (4,280 / 350) / 4,280"),
    ],
)
def test_no_figure_is_made_by_dividing_one_by_itself(figure, expression):
    tie = [{"figure": figure, "expression": expression}]
    found = judge(letter(f"We pay £{figure}.", "4,280 and 350", arithmetic=tie))

    assert found.outcome == "fail"
    assert "divides a figure by itself" in found.message


def test_a_text_makes_no_figure_that_way_either():
    found = judge(letter("4,280 / 4,280 + 4,280 / 4,280 = 2", "4,280 and 350"))

    assert (found.outcome, found.findings[0].start) == ("fail", 32)


def test_a_change_is_still_divided_by_where_it_began():
    tie = [{"figure": "91.82 %", "expression": "(4,280 - 350) / 4,280"}]

    assert judge(letter("It is 91.82 %.", "4,280 and 350", arithmetic=tie)).outcome == "pass"


@pytest.mark.parametrize(("tied", "written"), [("5 %", "£5"), ("5 %", "5"), ("€5", "£5")])
def test_a_tie_explains_no_figure_of_another_unit(tied, written):
    expression = "20 / 400" if "%" in tied else "400 / 80"
    tie = [{"figure": tied, "expression": expression}]
    assert judge(letter(f"It is {tied}.", "20, 80, 400", arithmetic=tie)).outcome == "pass"

    assert judge(letter(f"It is {written}.", "20, 80, 400", arithmetic=tie)).outcome == "fail"


def test_a_tie_holds_for_the_same_value_in_the_data():
    tie = [{"figure": "3,930.00", "expression": "4,280 - 350"}]
    facts = facts_of({"amount": 3930}, evidence=[INVOICE, POLICY], arithmetic=tie)
    facts["evidence"] = [text_source("4,280 and 350")]

    assert judge(facts).outcome == "pass"
