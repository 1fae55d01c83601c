from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assurance.controls.checks.sources import source_text
from tests.controls.checks.sample_facts import codes, letter, marked, run, table_source

CHECK = "quotations_in_sources"
POLICY = "Section 4. We pay for escape of water,\nbut not for “gradual” damage - ever."


def judge(text, *sources, **params):
    return run(CHECK, params, letter(text, *sources))


@pytest.mark.parametrize(
    "text",
    [
        "It says “We pay for escape of water”.",
        'It says "we pay for escape of water".',
        "It says «we pay for escape of water».",
        "It says „we pay for escape of water“.",
        "It says “We pay for escape of water, but not for”.",
        "It says “we pay for escape of water.”",
        "It says “pay for … not for”.",
        "It says “we pay [the insured] escape of water”.",
        "It says “we pay [...] not for”.",
        "It says “not for ‘gradual’ damage — ever”.",
        "It says “We”.",
        "It says “Something new” of two words.",
        "It says nothing.",
        'A 5" pipe and a 6" pipe.',
    ],
)
def test_what_a_source_says_may_be_quoted(text):
    assert judge(text, POLICY).outcome == "pass"


@pytest.mark.parametrize(
    "text",
    [
        "It says “We pay for all kinds of water”.",
        'It says "we never pay for water".',
        "It says «we pay for the escape of water».",
        "It says “ay for escape of wat”.",
        "It says “not for … pay for”.",
        "It says “we pay for escape of water”. And “we pay for fire too”.",
        "It says “we pay for escape of water without end",
    ],
)
def test_what_no_source_says_fails(text):
    found = judge(text, POLICY)

    assert (found.outcome, found.reason_code) == ("fail", "not_in_sources")
    assert len(found.findings) == 1


def test_a_quotation_is_tied_to_its_place_in_its_source():
    facts = letter("It says “PAY for escape of  water”.", "nothing", POLICY)
    (mark,) = run(CHECK, {}, facts).marks
    place = mark.source
    text = source_text(facts["evidence"][place["evidence"]])

    assert marked(facts, mark) == "PAY for escape of  water"
    assert (place["evidence"], mark.state) == (1, "pass")
    assert text[place["start"] : place["end"]] == "pay for escape of water"


def test_a_quotation_with_an_omission_spans_its_parts():
    facts = letter("It says “pay for … gradual”.", POLICY)
    (mark,) = run(CHECK, {}, facts).marks

    assert POLICY[mark.source["start"] : mark.source["end"]].startswith("pay for escape")
    assert POLICY[mark.source["start"] : mark.source["end"]].endswith("gradual")


def test_a_false_quotation_shows_how_far_a_source_goes_along():
    facts = letter("It says “we pay for escape of gas and more”.", POLICY)
    found = run(CHECK, {}, facts)
    (finding,) = found.findings

    assert "only up to “…we pay for escape of”" in finding.message
    assert POLICY[finding.source["start"] : finding.source["end"]] == "We pay for escape of"
    assert marked(facts, finding) == "we pay for escape of gas and more"


def test_the_parts_of_one_quotation_must_be_in_one_source():
    text = "It says “we pay for … no claims bonus”."

    assert judge(text, POLICY, "no claims bonus").outcome == "fail"
    assert judge(text, POLICY + " no claims bonus").outcome == "pass"


def test_a_quotation_that_is_never_closed_is_a_fault():
    found = judge("It says “we pay for escape", POLICY)

    assert found.findings[0].message.endswith("is never closed. Close it.")


def test_a_paragraph_ends_a_straight_quote():
    assert judge('A 5" pipe.\n\nA 6" pipe of more words.', POLICY).outcome == "pass"


def test_a_table_can_be_quoted():
    table = table_source(["Cover", "Wording"], [["Water", "escape of water is covered"]])

    assert judge("“escape of water is covered”", table).outcome == "pass"


def test_shorter_wordings_count_where_the_owner_says_so():
    assert judge("“new thing”", POLICY).outcome == "pass"
    assert judge("“new thing”", POLICY, min_words=2).outcome == "fail"


def test_without_evidence_a_quotation_is_inconclusive():
    assert judge("“we pay for water”").reason_code == "no_sources"
    link = {"kind": "link", "label": "we pay for water", "url": "https://example.org"}
    assert judge("“we pay for water”", link).reason_code == "no_sources"
    assert judge("Nothing quoted.").outcome == "pass"


def test_a_missing_field_is_inconclusive():
    found = judge("“escape of water”", POLICY, fields=["output.text", "output.note"])

    assert (found.outcome, found.reason_code) == ("inconclusive", "missing_field")
    assert len(found.marks) == 1


def test_more_quotations_than_can_be_compared_are_inconclusive():
    assert judge("“a b c” " * 201, "a b c").reason_code == "too_large"
    assert judge("“a b c” " * 200, "a b c").outcome == "pass"


def test_parameters_are_checked_when_saved():
    assert codes(CHECK, {"min_words": 0}) == {"/min_words": "wrong_parameter"}
    assert codes(CHECK, {"min_words": 4, "fields": ["output.text"]}) == {}


SAID = ["we", "pay", "for", "escape", "of", "water", "and", "fire"]
WORDS = st.lists(st.sampled_from(SAID), min_size=3)


@given(WORDS, st.data())
def test_any_run_of_words_of_a_source_may_be_quoted(words, data):
    start = data.draw(st.integers(0, len(words) - 3))
    end = data.draw(st.integers(start + 3, len(words)))
    source = data.draw(st.sampled_from([" ", "\n", "  \t"])).join(words)
    text = f"It says “{' '.join(words[start:end])}”."

    assert judge(text, source).outcome == "pass"
    assert judge(text.replace("”", " never”"), source).outcome == "fail"


@given(st.text(st.sampled_from('ab “”"«»…[]\n.')), st.text(st.sampled_from('ab “"\n.')))
def test_any_text_is_judged_without_an_error(text, source):
    found = judge(text, source, min_words=1)

    assert found.outcome in {"pass", "fail", "inconclusive"}
