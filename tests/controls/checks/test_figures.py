from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assurance.controls.checks.figures import TooManyFigures, figure_of, figures_in


def values(text):
    return [format(one.value, "f") for one in figures_in(text) if one.value is not None]


def agree(text, source):
    """Whether the only figure of a text is found among those of a source."""
    (figure,) = figures_in(text)
    offered = {key for one in figures_in(source) for key in one.offers}
    return bool(offered.intersection(figure.wants))


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("4820", "4820", ""),
        ("£4,820.00", "4820.00", "GBP"),
        ("4,820", "4820", ""),
        ("4.820,00", "4820.00", ""),
        ("4.820.000", "4820000", ""),
        ("4,820,000.5", "4820000.5", ""),
        ("4'820.00", "4820.00", ""),
        ("4’820", "4820", ""),
        ("4\u202f820,00 €", "4820.00", "EUR"),
        ("4 820,00", "4820.00", ""),
        ("€ 4 820", "4820", "EUR"),
        ("12,34,567", "1234567", ""),
        ("4.820", "4.820", ""),
        ("0.5", "0.5", ""),
        ("1,5", "1.5", ""),
        ("15 %", "15", "%"),
        ("15%", "15", "%"),
        ("15 per cent", "15", "%"),
        ("15 percent", "15", "%"),
        ("GBP 4,820", "4820", "GBP"),
        ("EUR4,820.00", "4820.00", "EUR"),
        ("4,820 euros", "4820", "EUR"),
        ("4,820 usd", "4820", "USD"),
        ("£12k", "12000", "GBP"),
        ("£1.2m", "1200000", "GBP"),
        ("4.8 million", "4800000", ""),
        ("3bn", "3000000000", ""),
        ("5 m", "5", ""),
        ("15kg", "15", ""),
        ("120m²", "120", ""),
        ("120 m²", "120", ""),
        ("15 °C", "15", ""),
        ("-350", "350", ""),
        ("(350)", "350", ""),
        ("４８２０", "4820", ""),
    ],
)
def test_numbers_are_read_in_many_writings(text, value, unit):
    (figure,) = figures_in(text)

    assert (format(figure.value, "f"), figure.unit) == (value, unit)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1,2,3", ["1", "2", "3"]),
        ("in 2024 300 claims", ["2024", "300"]),
        ("call 12 345 times", ["12", "345"]),
        ("10-20", ["10", "20"]),
        ("£10,000-£20,000", ["10000", "20000"]),
        ("10,000–20,000", ["10000", "20000"]),
        ("It is 4,820.", ["4820"]),
        ("Pay 5, then 6; and 7.", ["5", "6", "7"]),
        ("no figures at all", []),
        ("the 2nd and 3rd letter", []),
        ("1. First\n2. Second\n3) Third", []),
        ("pay\n48. Thank you", ["48"]),
        ("1. First\n7. Not next", ["7"]),
        ("Zins 1,5 %, Betrag 4.820 EUR", ["1.5", "4820"]),
        ("rate 1.5 %, amount 4,820 EUR", ["1.5", "4820"]),
    ],
)
def test_runs_of_digits_are_told_apart(text, found):
    assert values(text) == found


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("claim HM-77120 is", "HM-77120"),
        ("app-20931", "app-20931"),
        ("case 007", "007"),
        ("IP 10.0.0.1", "10.0.0.1"),
        ("sort 12-34-56", "12-34-56"),
        ("call 020-7946-0958", "020-7946-0958"),
        ("GB29NWBK60161331926819", "GB29NWBK60161331926819"),
        ("no 12/345", "12/345"),
        ("SW1A", "SW1A"),
        ("77120HM", "77120HM"),
        ("9" * 60, "9" * 60),
    ],
)
def test_references_are_kept_as_they_are_written(text, shown):
    (figure,) = figures_in(text)

    assert (figure.kind, figure.text) == ("reference", shown)
    assert text[figure.start : figure.end] == shown


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("£4,820.00", "4820"),
        ("4820", "£4,820.00"),
        ("£4,820", "GBP 4,820.00"),
        ("4.820,00 €", "€4,820.00"),
        ("15 %", "15%"),
        ("15 %", "rate 15"),
        ("15 %", "0.15"),
        ("22 November 2026", "2026-11-22"),
        ("22 November", "22/11/2026"),
        ("in 2026", "22/11/2026"),
        ("November 2026", "2026-11-22"),
        ("2:05 pm", "14:05"),
        ("HM-77120", "hm 77120"),
        ("HM-77120", "claim 77120"),
        ("HM 77120", "HM-77120"),
        ("HM77120", "HM-77120"),
        ("4.820", "4.820 and 1,5"),
        ("4.8 million", "4,800,000"),
        ("−350", "350.00"),
        ("350", "(350.00)"),
    ],
)
def test_two_writings_of_one_figure_agree(text, source):
    assert agree(text, source)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("£4,820", "£4,280"),
        ("£4,820", "€4,820"),
        ("£15", "15 %"),
        ("15", "15 %"),
        ("15 %", "£15"),
        ("15 %", "1.5"),
        ("22 November 2026", "22 November"),
        ("22 November 2026", "21 November 2026"),
        ("22 November 2025", "2026-11-22"),
        ("HM-77120", "KL-77120"),
        ("HM-77120", "HM-77121"),
        ("£77120", "HM-77120"),
        ("77120HM", "77120KL"),
        ("007", "7"),
        ("4.8 million", "4.8"),
        ("10:31", "10:32"),
        ("482", "4820"),
        ("820", "4,820"),
    ],
)
def test_two_different_figures_do_not_agree(text, source):
    assert not agree(text, source)


def test_a_written_figure_knows_its_last_place():
    (amount,) = figures_in("4,820.00")
    (million,) = figures_in("4.8 million")

    assert amount.step == Decimal("0.01")
    assert million.step == Decimal(100_000)


def test_a_json_number_is_exact_and_without_unit():
    figure = figure_of(Decimal("-0.150"))

    assert (figure.value, figure.unit, figure.wants) == (Decimal("0.150"), "", ("n:0.15",))


def test_more_figures_than_can_be_compared_are_refused():
    assert len(figures_in("1 " * 10, limit=10)) == 10
    with pytest.raises(TooManyFigures):
        figures_in("1 " * 11, limit=10)


@given(st.text(st.sampled_from("0123456789 .,'-/:%£€kmA٣ \n()T")))
def test_figures_of_any_text_stand_in_order_where_they_say(text):
    end = 0
    for figure in figures_in(text):
        assert end <= figure.start < figure.end <= len(text)
        assert text[figure.start : figure.end] == figure.text
        end = figure.end


@given(st.text(st.sampled_from("0123456789 .,-/:%£€kmA ")))
def test_every_text_agrees_with_itself(text):
    figures = figures_in(text)
    offered = {key for one in figures for key in one.offers}

    assert all(offered.intersection(one.wants) for one in figures if one.unit != "%")


@given(st.decimals(0, 10**9, places=2))
def test_a_number_is_read_the_same_in_every_convention(number):
    english = format(number, ",.2f")
    german = english.replace(",", " ").replace(".", ",").replace(" ", ".")
    swiss = english.replace(",", "’")
    keys = [figures_in(text)[0].wants[0] for text in (english, german, swiss)]

    assert len(set(keys)) == 1
