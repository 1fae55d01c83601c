from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assurance.controls.checks.writing import Plain, folded, plain

MESSY = st.text(st.sampled_from("abÉßİ ﬁ\u200b\u00ad “”’—٣\u00a0\n\t１。"), max_size=30)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("４，８２０．００", "4,820.00"),
        ("٤٨٢٠", "4820"),
        ("−350 – 20", "-350 - 20"),
        ("４８２٠٫٥", "4820.5"),
        ("é ß 🦊", "é ß 🦊"),
    ],
)
def test_digits_dashes_and_full_width_forms_are_folded(text, shown):
    assert folded(text) == shown


@given(st.text())
def test_folding_keeps_every_code_point_in_its_place(text):
    assert len(folded(text)) == len(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  We \n  will\u00a0PAY ", "we will pay"),
        ("“Guar\u200banteed”", '"guaranteed"'),
        ("don’t — ever", "don't - ever"),
        ("ｆｒｅｅ", "free"),
        ("so\u00adft", "soft"),
        ("\u200b \u200b", ""),
    ],
)
def test_texts_are_made_comparable(text, shown):
    assert plain(text) == shown


def test_case_is_kept_where_it_counts():
    assert plain("We Pay", ignore_case=False) == "We Pay"


def test_a_place_leads_back_to_the_original():
    text = "We\n\n are  guar\u200banteed  to “win”."
    held = Plain(text)
    ((start, end),) = held.find_all("guaranteed to", whole_words=True, most=5)

    assert text[start:end] == "guar\u200banteed  to"


@given(MESSY, MESSY)
def test_what_is_found_reads_the_same_in_the_original(before, after):
    text = f"{before} needle in hay {after}"
    places = Plain(text).find_all("needle in hay", whole_words=True, most=3)

    assert places
    for start, end in places:
        assert plain(text[start:end]) == "needle in hay"


@given(MESSY)
def test_every_place_of_the_plain_text_lies_in_the_original(text):
    held = Plain(text)
    places = [held.original(at, at + 1) for at in range(len(held.text))]

    assert all(0 <= start < end <= len(text) for start, end in places)
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("text", "whole", "found"),
    [
        ("you are insured", True, 0),
        ("you are insured", False, 1),
        ("sure, sure; unsure; sure", True, 3),
        ("sure", True, 1),
        ("", True, 0),
    ],
)
def test_whole_words_are_told_from_parts(text, whole, found):
    assert len(Plain(text).find_all("sure", whole_words=whole, most=10)) == found


def test_a_phrase_that_begins_with_a_sign_needs_no_word_before_it():
    assert Plain("save 100% now").find_all("% now", whole_words=True, most=1)


def test_one_endless_word_is_searched_in_bounded_time():
    text = "a\u200bb" * 150_000
    started = time.thread_time()
    places = Plain(text).find_all("ba", whole_words=False, most=100)

    assert len(places) == 100
    assert time.thread_time() - started < 2
