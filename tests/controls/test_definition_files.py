"""Definition files are read strictly, and every part knows its line."""

from __future__ import annotations

import pytest

from assurance.controls.definition_files import MAX_VALUES, read
from assurance.errors import DomainError


def faults(text: str) -> list[tuple[str, str, str]]:
    with pytest.raises(DomainError) as refusal:
        read(text)
    return [(e["pointer"], e["code"], e["message"]) for e in refusal.value.errors]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: off", "off"),
        ("a: on", "on"),
        ("a: NO", "NO"),
        ("a: yes", "yes"),
        ("a: true", True),
        ("a: False", False),
        ("a: true-ish", "true-ish"),
        ("a: 2026-11-22", "2026-11-22"),
        ("a: 2026-11-22T10:31:00Z", "2026-11-22T10:31:00Z"),
        ("a: 12:30", "12:30"),
        ("a: 012", "012"),
        ("a: 0x1F", "0x1F"),
        ("a: 1_000", "1_000"),
        ("a: 12", 12),
        ("a: -3", -3),
        ("a: 0.71", 0.71),
        ("a: 1e3", 1000.0),
        ("a: 1.5.2", "1.5.2"),
        ("a: .inf", ".inf"),
        ("a: ~", None),
        ("a:", None),
        ("a: nullable", "nullable"),
        ("a: PT2H", "PT2H"),
        ('{"a": [1, "x", null]}', [1, "x", None]),
    ],
)
def test_a_plain_value_is_what_it_looks_like(text, value):
    document, _ = read(text)

    assert document == {"a": value}
    assert type(document["a"]) is type(value)


def test_a_key_that_stands_twice_is_refused_with_both_lines():
    ((pointer, code, message),) = faults("a:\n  b: 1\n  c: 2\n  b: 3\n")

    assert (pointer, code) == ("/a/b", "duplicate_key")
    assert "Line 4" in message
    assert "line 2" in message


def test_a_key_that_is_no_text_is_refused():
    assert [code for _, code, _ in faults("1: a")] == ["wrong_key"]


@pytest.mark.parametrize("text", ["a: [1, 2", "a: b: c", "\ta: 1", "a: 'x"])
def test_what_is_no_yaml_is_refused_with_line_and_column(text):
    ((_, code, message),) = faults(text)

    assert code == "bad_yaml"
    assert message.startswith(("Line 1, column ", "Line 2, column "))


@pytest.mark.parametrize("text", ["", "# nothing\n", "   \n"])
def test_an_empty_file_is_refused(text):
    assert [code for _, code, _ in faults(text)] == ["empty"]


def test_a_tag_that_would_make_an_object_is_refused():
    assert [code for _, code, _ in faults("a: !!python/object/apply:os.getcwd []")] == ["bad_yaml"]


def test_aliases_that_multiply_are_refused_before_they_are_followed():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for n in range(1, 12):
        lines.append(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]")

    found = faults("\n".join(lines))

    assert [code for _, code, _ in found] == ["too_large"]
    assert f"{MAX_VALUES:,}" in found[0][2]


def test_endless_nesting_is_refused():
    assert [code for _, code, _ in faults("[" * 200 + "]" * 200)] == ["too_large"]
    assert [code for _, code, _ in faults("[" * 600 + "]" * 600)] == ["too_deep"]


def test_an_alias_to_itself_is_refused():
    assert faults("a: &a [*a]")[0][1] in ("too_large", "bad_yaml")


def test_every_part_knows_its_line_and_what_is_missing_the_line_of_what_holds_it():
    _, places = read("workflow:\n  slug: x\ncontrols:\n  - key: A\n    condition:\n      all: []\n")

    assert places.line("/workflow/slug") == 2
    assert places.line("/controls/0/condition/all") == 6
    assert places.line("/controls/0/owner") == 4
    assert places.line("/rules") == 1
