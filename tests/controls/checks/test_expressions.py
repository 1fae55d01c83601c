from __future__ import annotations

import contextlib
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assurance.controls.checks.expressions import ExpressionError, close, parse
from assurance.controls.checks.reading import Unreadable

FACTS = {
    "output": {
        "net": 100,
        "tax": 19.5,
        "lines": [{"amount": 10.1}, {"amount": 20.2}],
        "parts": [1, 2, 3.5],
        "none": [],
        "text": "7",
        "yes": True,
        "odd-name": 5,
    }
}


def value(text):
    return parse(text).value(FACTS)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("10 - 3 - 2", "5"),
        ("100 / 10 / 2", "5"),
        ("2 * 3 + 4 * 5", "26"),
        ("-2 + 5", "3"),
        ("--2", "2"),
        ("2 * -3", "-6"),
        ("0.1 + 0.2", "0.3"),
        ("output.net + output.tax", "119.5"),
        ("sum(output.lines.amount)", "30.3"),
        ("sum(output.parts) * 2", "13.0"),
        ("sum(output.none)", "0"),
        ("`output.odd-name` - 1", "4"),
        ("  output.net  ", "100"),
    ],
)
def test_arithmetic_is_exact_and_in_the_usual_order(text, result):
    assert value(text) == Decimal(result)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", 0),
        ("1 +", 3),
        ("1 2", 2),
        ("(1", 2),
        ("1)", 1),
        ("1 ** 2", 3),
        ("max(1)", 3),
        ("sum(1)", 4),
        ("sum output.net", 4),
        ("sum()", 4),
        ("a.b = 3", 4),
        ("__import__('os')", 11),
        ("1e5", 0),
        ("1..2", 0),
        ("`a", 0),
        ("a[0]", 1),
        ("1; 2", 1),
        ("x % 2", 2),
    ],
)
def test_what_is_no_arithmetic_is_refused_at_its_character(text, at):
    with pytest.raises(ExpressionError) as caught:
        parse(text)

    assert caught.value.at == at
    assert caught.value.sentence.endswith(f"(at character {at + 1})")


@pytest.mark.parametrize(
    ("text", "path", "code"),
    [
        ("output.absent", "output.absent", "missing_field"),
        ("output.text", "output.text", "wrong_type"),
        ("output.yes + 1", "output.yes", "wrong_type"),
        ("sum(output.net)", "output.net", "wrong_type"),
        ("sum(output.absent)", "output.absent", "missing_field"),
        ("sum(output.lines.tax)", "output.lines.0.tax", "missing_field"),
        ("sum(output.lines)", "output.lines.0", "wrong_type"),
        ("1 / 0", "1 / 0", "division_by_zero"),
        ("0 / 0", "0 / 0", "division_by_zero"),
        ("1 / (output.net - 100)", "1 / (output.net - 100)", "division_by_zero"),
    ],
)
def test_what_cannot_be_computed_is_named(text, path, code):
    with pytest.raises(Unreadable) as caught:
        value(text)
    assert (caught.value.path, caught.value.reason_code) == (path, code)


def test_a_number_beyond_all_bounds_is_no_result():
    text = " * ".join(["999999999999999999999999999999"] * 15)

    with pytest.raises(Unreadable, match="no usable result"):
        value(text)


def test_fields_and_sums_are_named_once():
    expression = parse("output.net + output.net * sum(output.parts) - `output.odd-name`")

    assert expression.fields == ("output.net", "output.odd-name")
    assert expression.sums == ("output.parts",)


@pytest.mark.parametrize(
    "text",
    [
        "1 + " * 400 + "1",
        "(" * 50 + "1" + ")" * 50,
        "-" * 60 + "1",
        "1" * 3000,
    ],
)
def test_an_expression_beyond_its_bounds_is_refused(text):
    with pytest.raises(ExpressionError):
        parse(text)


def test_the_largest_expression_is_computed():
    assert value("1 + " * 149 + "1") == 150
    assert value("(" * 40 + "1" + ")" * 40) == 1


def test_a_list_beyond_its_bounds_is_not_summed():
    facts = {"output": {"parts": [1] * 10_001}}

    with pytest.raises(Unreadable, match="more than 10,000"):
        parse("sum(output.parts)").value(facts)


def test_hostile_text_is_refused_in_bounded_time():
    started = time.thread_time()
    for text in ("a." * 1000, "`" * 2000, " " * 2000, "1." * 1000, "(" * 2000, "a" * 2000 + "!"):
        with pytest.raises(ExpressionError):
            parse(text)
    assert time.thread_time() - started < 2


@pytest.mark.parametrize(
    ("left", "right", "tolerance", "same"),
    [
        ("1", "1", "0", True),
        ("1", "1.01", "0", False),
        ("1", "1.01", "0.01", True),
        ("1", "1.02", "0.01", False),
        ("0.33333333333333333333333333333", "0.333333333333333333333", "0", True),
    ],
)
def test_results_agree_within_a_tolerance(left, right, tolerance, same):
    assert close(Decimal(left), Decimal(right), Decimal(tolerance)) is same


NUMBERS = st.integers(0, 999).map(str)
EXPRESSIONS = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.builds(lambda a, op, b: f"{a} {op} {b}", inner, st.sampled_from("+-*"), inner),
        inner.map(lambda a: f"({a})"),
        inner.map(lambda a: f"-({a})"),
    ),
    max_leaves=10,
)


@given(EXPRESSIONS)
def test_whole_numbers_come_to_what_python_says(text):
    assert value(text) == eval(text)  # the text is made of digits and signs above


@given(st.text(st.sampled_from("0123456789.+-*/() sumoutput`\n")))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(ExpressionError, Unreadable):
        assert parse(text).value(FACTS).is_finite()
