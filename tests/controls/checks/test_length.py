from __future__ import annotations

import time

import pytest

from assurance.controls.checks.length import characters, sentences, words
from tests.controls.checks.sample_facts import codes, facts_of, run


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("  ab  ", 2), ("🦊é", 2), ("a b", 3)],
)
def test_characters_are_code_points_without_the_space_around(text, count):
    assert characters(text) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("...", 0),
        ("We pay £4,820.00.", 3),
        ("don't well-known", 2),
        ("a\nb\tc", 3),
        ("été 2026", 2),
    ],
)
def test_words_are_runs_of_letters_and_digits(text, count):
    assert words(text) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("...", 0),
        ("One.", 1),
        ("One", 1),
        ("One. Two! Three?", 3),
        ("It is 4.5 at example.org now.", 1),
        ("Really?! Yes…", 2),
        ("He said “no.” Then left.", 2),
        ("A heading\n\nA sentence.", 2),
    ],
)
def test_sentences_end_in_stops_or_blank_lines(text, count):
    assert sentences(text) == count


@pytest.mark.parametrize(
    ("params", "outcome", "code"),
    [
        ({"maximum": 3}, "pass", ""),
        ({"minimum": 3}, "pass", ""),
        ({"minimum": 3, "maximum": 3}, "pass", ""),
        ({"maximum": 2}, "fail", "too_long"),
        ({"minimum": 4}, "fail", "too_short"),
        ({"unit": "characters", "maximum": 13}, "pass", ""),
        ({"unit": "characters", "maximum": 12}, "fail", "too_long"),
        ({"unit": "sentences", "maximum": 1}, "pass", ""),
        ({"unit": "sentences", "minimum": 2}, "fail", "too_short"),
    ],
)
def test_a_text_is_measured(params, outcome, code):
    facts = facts_of({"text": "one two three"})
    found = run("length", {"field": "output.text", **params}, facts)

    assert (found.outcome, found.reason_code) == (outcome, code)
    assert found.score is not None


def test_the_message_says_what_there_is_and_what_may_be():
    facts = facts_of({"text": "one two three"})
    found = run("length", {"field": "output.text", "maximum": 2}, facts)

    assert found.message == "`output.text` has 3 words; at most 2 are allowed."
    assert found.operands == ({"field": "output.text", "value": 3, "op": "<=", "other": 2},)


@pytest.mark.parametrize("value", [None, 3, ["a"], {"a": "b"}, True])
def test_what_is_no_text_is_inconclusive(value):
    facts = facts_of({"text": value})

    assert run("length", {"field": "output.text", "maximum": 2}, facts).outcome == "inconclusive"


def test_parameters_are_checked_when_saved():
    assert codes("length", {"field": "output.text"}) == {"/maximum": "missing_parameter"}
    assert codes("length", {"field": "output.text", "minimum": 3, "maximum": 2}) == {
        "/maximum": "empty_range"
    }
    assert codes("length", {"field": "output.text", "unit": "pages", "maximum": 2}) == {
        "/unit": "wrong_parameter"
    }


@pytest.mark.parametrize("piece", [".", ".)", "a.", "\n ", "a'", "…"])
def test_endless_stops_are_read_once(piece):
    text = piece * (500_000 // len(piece)) + "x"
    started = time.thread_time()
    sentences(text)
    words(text)

    assert time.thread_time() - started < 3
