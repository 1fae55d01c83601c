"""Conditions as CEL text: what is printed, what is parsed, what is refused and how."""

from __future__ import annotations

import time

import cel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assurance.controls.cel import CelError, from_cel, to_cel
from assurance.controls.condition_tree import MAX_NODES
from assurance.controls.fields import catalogue_from_schemas

CATALOGUE = catalogue_from_schemas(
    {"properties": {"amount": {"type": "number"}, "tags": {"type": "array"}}}, None
)


def leaf(field, op, *value):
    return {"field": field, "op": op} | ({"value": value[0]} if value else {})


AMOUNT = leaf("output.amount", ">", 2500)
IN = leaf("context.channel", "in", ["broker", "phone"])
PRESENT = leaf("output.a.b", "present")


def refused(text, catalogue=None):
    with pytest.raises(CelError) as caught:
        from_cel(text, catalogue)
    return caught.value


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (AMOUNT, "output.amount > 2500"),
        (leaf("output.amount", "==", -1.5), "output.amount == -1.5"),
        (leaf("output.flag", "==", True), "output.flag == true"),
        (leaf("output.name", "!=", 'a"\\\n\u200b'), r'output.name != "a\"\\\n\u200b"'),
        (IN, 'context.channel in ["broker", "phone"]'),
        (IN | {"op": "not_in"}, '!(context.channel in ["broker", "phone"])'),
        ({"not": IN}, '!((context.channel in ["broker", "phone"]))'),
        ({"not": IN | {"op": "not_in"}}, '!(!(context.channel in ["broker", "phone"]))'),
        (PRESENT, "has(output.a) && has(output.a.b) && output.a.b != null"),
        (
            PRESENT | {"op": "missing"},
            "!(has(output.a) && has(output.a.b) && output.a.b != null)",
        ),
        ({"not": PRESENT}, "!((has(output.a) && has(output.a.b) && output.a.b != null))"),
        (leaf("subject", "present"), "subject != null"),
        (leaf("subject", "missing"), "!(subject != null)"),
        (leaf("output.text", "contains", "x"), 'output.text.contains("x")'),
        (leaf("output.text", "starts_with", "x"), 'output.text.startsWith("x")'),
        ({"field": "output.a", "op": "<=", "other": "context.b"}, "output.a <= context.b"),
        ({"field": "output.a", "op": "not_in", "other": "context.b"}, "!(output.a in context.b)"),
        ({"all": [AMOUNT, {"any": [IN, {"not": AMOUNT}]}]},
         'output.amount > 2500 && (context.channel in ["broker", "phone"]'
         " || !(output.amount > 2500))"),
        ({"all": [PRESENT, AMOUNT]},
         "(has(output.a) && has(output.a.b) && output.a.b != null) && output.amount > 2500"),
        (leaf("context.credit score", ">", 5), 'context["credit score"] > 5'),
        (leaf("context.in", "==", 5), 'context["in"] == 5'),
        (leaf("context.a b", "present"), '"a b" in context && context["a b"] != null'),
        (None, "true"),
    ],
)  # fmt: skip
def test_each_tree_has_one_text_and_the_text_gives_it_back(tree, text):
    assert to_cel(tree) == text
    assert from_cel(text) == tree
    cel.compile(text)


def test_a_declared_list_is_asked_with_in_as_standard_cel_does():
    tree = leaf("output.tags", "contains", "x")

    assert to_cel(tree, CATALOGUE) == '"x" in output.tags'
    assert from_cel('"x" in output.tags') == tree


def test_groups_of_one_part_vanish():
    assert from_cel(to_cel({"all": [{"any": [AMOUNT]}]})) == AMOUNT


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("2500 < output.amount", AMOUNT),
        ("((output.amount)) > (2500)", AMOUNT),
        ("output.amount>2500", AMOUNT),
        (" \n\toutput.amount\r\n > 2500 ", AMOUNT),
        ("output.amount > 2.5e3", leaf("output.amount", ">", 2500.0)),
        ("output.amount > .5", leaf("output.amount", ">", 0.5)),
        ("output.amount > - 5", leaf("output.amount", ">", -5)),
        (r"""subject == 'a"\x41\101\u00e9\U0001d11e'""", leaf("subject", "==", 'a"AAé𝄞')),
        ("output.a in [1, 2,]", leaf("output.a", "in", [1, 2])),
        ("null != subject", leaf("subject", "present")),
        ("(has(output.a)) == true", None),
        ("has(output.a) && output.a != null && output.amount > 2500",
         {"all": [leaf("output.a", "present"), AMOUNT]}),
        ('!output.text.contains("x")', {"not": leaf("output.text", "contains", "x")}),
        ("!!(output.amount > 2500)", {"not": {"not": AMOUNT}}),
        ("output.amount > 2500 || output.amount > 2500 && subject != null",
         {"any": [AMOUNT, {"all": [AMOUNT, leaf("subject", "present")]}]}),
    ],
)  # fmt: skip
def test_other_ways_to_write_the_same_are_understood(text, tree):
    if tree is None:
        assert refused(text).code == "type"
    else:
        assert repr(from_cel(text)) == repr(tree)


def test_bad_input_77_a_syntax_error_has_line_column_and_a_caret():
    error = refused("output.amount > 2500 &&\n  (output.flag == true")

    assert (error.code, error.line, error.column) == ("syntax", 2, 23)
    assert error.caret == "  (output.flag == true\n" + " " * 22 + "^"
    assert "it closes line 2, column 3" in error.message
    assert str(error).startswith("Line 2, column 23: A “)” is expected here")


def test_bad_input_77_the_caret_stands_under_its_place_in_long_lines_and_after_tabs():
    far = refused("output.amount > 2500 && " * 20 + "output.amount =< 5")
    tabbed = refused("\toutput.amount = 5")

    shown, pointer = far.caret.split("\n")
    assert shown[pointer.index("^")] == "="
    assert len(shown) <= 120
    assert tabbed.caret == "\toutput.amount = 5\n\t" + " " * 14 + "^"


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", 1, "Write a condition"),
        ("output.amount >", 16, "ends too early"),
        ("output.amount > 2500 and subject != null", 22, "Write && for “and”"),
        ("not (output.amount > 2500)", 1, "Write ! for “not”"),
        ("output.amount = 5", 15, "Use == to compare"),
        ("output.amount > 5 & subject != null", 19, "Use && for “and”"),
        ('subject == "abc', 12, "is not closed"),
        ("subject == “abc”", 12, "straight quotes"),
        ('subject == "\\q"', 13, "escape is unknown"),
        ('subject == "\\ud800"', 13, "escape is unknown"),
        ("output.amount > 5 6", 19, "not expected here"),
        ("output.amount > 5)", 18, "not expected here"),
        ("output.amount > 5abc", 18, "A number ends"),
        ("output. > 5", 9, "A key is expected"),
        ("output.a in [1 2]", 16, "A “,” is expected"),
        ("output.text.contains()", 22, "takes one value"),
        ('output.text.contains("a", "b")', 25, "one value only"),
        ("has(5)", 5, "A field is expected"),
        ("output.amount > 5 ٣", 19, "no meaning here"),
        ("output.amount\x00 > 5", 14, "\\x00"),
    ],
)
def test_bad_input_77_each_slip_is_named_at_its_place(text, column, says):
    error = refused(text)

    assert (error.code, error.line, error.column) == ("syntax", 1, column)
    assert says in error.message


def test_bad_input_78_an_unknown_field_is_pointed_at_and_the_nearest_named():
    error = refused("output.amount > 5 && (output.amuont < 7)", CATALOGUE)

    assert (error.code, error.column) == ("unknown_field", 23)
    assert "Did you mean “output.amount”?" in error.message


def test_bad_input_79_a_value_of_the_wrong_type_is_pointed_at():
    error = refused('output.amount > 5 && output.amount == "7"', CATALOGUE)

    assert (error.code, error.column) == ("type", 39)
    assert "is a number, the value is text" in error.message


@pytest.mark.parametrize(
    "text",
    [
        "output.amount",
        "2500",
        '"text"',
        "[1, 2]",
        "null",
        "output.amount && subject != null",
        "!output.flag",
        "!output.amount > 5",
        "(output.amount > 5) == true",
        "1 < 2",
        "output.amount in 5",
        "output.amount == [1]",
        "1 < output.amount < 5",
        "has(output)",
        '"text".contains("x")',
        "output.a.contains([1])",
        "output.amount > null",
        "5.a == 1",
    ],
)
def test_bad_input_80_what_is_neither_true_nor_false_is_refused(text):
    assert refused(text).code in ("type", "value")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("output.items.all(x, x > 1)", "“all” is a comprehension"),
        ("output.items.exists(x, x.a)", "“exists” is a comprehension"),
        ("output.items.exists_one(x, x > 1)", "comprehension"),
        ("output.items.map(x, x * 2) == [2]", "comprehension"),
        ("output.items.filter(x, x > 1) == []", "comprehension"),
        ("size(output.items) > 3", "length check"),
        ("output.items.size() > 3", "length check"),
        ('timestamp(output.when) < timestamp("2026-01-01T00:00:00Z")', "compare as instants"),
        ('output.text.endsWith("x")', "startsWith"),
        ("int(output.amount) > 3", "“int” is not offered"),
        ("output.amount + 1 > 3", "Arithmetic"),
        ("output.amount > -output.limit", "minus"),
        ("output.amount > 5 ? true : false", "Join conditions"),
        ("output.items[0] == 1", "Positions in lists"),
        ('{"a": 1} == output.map', "Maps"),
        ("output.a in [[1]]", "A list holds"),
        ("output.amount == 5u", "Unsigned"),
        ("output.amount == 0x1F", "hexadecimal"),
        ('subject == r"a"', "Raw"),
        ('subject == """a"""', "Triple"),
        ("output.amount > 5 // why", "Comments"),
    ],
)
def test_bad_input_81_what_cel_has_beyond_us_is_unsupported_with_what_to_do(text, says):
    error = refused(text)

    assert error.code == "unsupported"
    assert says in error.message


@pytest.mark.parametrize("text", ["has(output.a.b)", "output.a.b != null", "!has(output.a.b)",
    "has(output.a.b) && output.a.b != null", "output.a.b == null"])  # fmt: skip
def test_bad_input_81_half_a_presence_test_is_refused_with_the_whole_one(text):
    error = refused(text)
    offered = error.message.partition("write: ")[2]

    assert error.code == "unsupported"
    assert from_cel(offered)["field"] == "output.a.b"


def test_bad_input_82_two_thousand_ors_are_too_large():
    text = " || ".join(["output.amount == 1"] * 2_000)

    error = refused(text)

    assert error.code == "too_large"
    # The group itself is the first part, so the two hundredth term is the one too many.
    assert text[error.column - 1 :].count("||") == 2_000 - MAX_NODES


def test_bad_input_82_a_text_over_64_kb_is_too_large():
    assert refused(f'subject == "{"é" * 40_000}"').code == "too_large"


def test_bad_input_82_a_list_of_more_than_a_thousand_is_too_large():
    error = refused(f"output.amount in [{', '.join(['1'] * 1_001)}]")

    assert (error.code, error.column) == ("too_large", 19 + 3 * 1_000)


def test_bad_input_83_five_hundred_parentheses_are_too_deep():
    assert refused("(" * 500 + "output.amount == 1" + ")" * 500).code == "too_deep"


@pytest.mark.parametrize("text", ['output.name.matches("(a+)+$")', "output.name =~ 'a+'"])
def test_bad_input_84_a_regular_expression_is_unsupported(text):
    error = refused(text)

    assert error.code == "unsupported"
    assert "Regular expressions are not offered" in error.message


@pytest.mark.parametrize(
    "text",
    [
        "output.__class__ == 1",
        "__import__('os').system('true')",
        "output.amount.__class__.__mro__ == 1",
        "frobnicate(output.amount)",
        "output.amount.frobnicate()",
        "os.system == 1",
    ],
)
def test_bad_input_86_dunder_names_and_unknown_functions_are_refused(text):
    assert refused(text).code in ("unknown_field", "unsupported")


@pytest.mark.parametrize(
    "text",
    [
        "!" * 60_000 + "x",
        "-" * 60_000 + "1",
        "(" * 60_000,
        "[" * 60_000,
        "a.contains(" * 5_000,
        "has(" * 10_000,
        "output" + ".a" * 30_000 + " == 1",
        "output.a in [" + "1," * 30_000 + "1]",
        "&&".join(["output.a.b != null"] * 3_000),
        "9" * 60_000 + " == output.a",
        "." * 60_000,
        '"' * 60_001,
        "\\" * 60_000,
    ],
)
def test_hostile_text_is_refused_in_less_than_a_second(text):
    started = time.process_time()

    refused(text)

    assert time.process_time() - started < 1


words = st.sampled_from(
    ["output", ".", "amount", "a", "has", "(", ")", "[", "]", "&&", "||", "!", "==", "!=", "<",
     "in", "null", "true", "1", "2.5", "-", '"x"', "'", ",", "contains", " ", "?", ":", "not_in",
     "\\", "\n", "é", "\x00", "{", "=", "subject"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=40), st.lists(words, max_size=25).map("".join)))
def test_any_text_is_either_a_condition_or_a_cel_error(text):
    answer = parsed(text)

    if isinstance(answer, CelError):
        assert answer.message
        assert answer.line >= 1
        assert answer.caret.endswith("^")
    else:
        assert from_cel(to_cel(answer)) == answer


def parsed(text):
    try:
        return from_cel(text)
    except CelError as error:
        return error
