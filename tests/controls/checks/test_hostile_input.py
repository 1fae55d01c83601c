"""Nothing that a case can hold makes a check hang, break or pass without having read it."""

from __future__ import annotations

import time

import pytest

from tests.controls.checks.sample_facts import facts_of, run, text_source

SIZE = 500_000  # the largest evidence is 512 KB
LONGEST = 64_000  # the longest text of an output is 64 KB
SECONDS = 15  # of processor time on a busy machine; alone it is less than a tenth of it

HOSTILE = {
    "digits": "9",
    "digits and commas": "1,",
    "digits and points": "1.1,",
    "digits and spaces": "1 ",
    "grouped": "1 000 ",
    "apostrophes": "1'000 ",
    "ranges": "1-",
    "slashes": "1/",
    "references": "a1",
    "months": "Jan 1 ",
    "list numbers": "\n1. ",
    "arabic digits": "٣,",
    "dashes": "-",
    "stops": ".",
    "quotes": '"a b c" ',
    "open quotes": "“a b c ",
    "open brackets": "[",
    "omissions": "… a ",
    "at signs": "a@a.",
    "bank accounts": "GB29 ",
    "cards": "4111 ",
    "telephones": "(((0",
    "key beginnings": "-----BEGIN ",
    "tokens": "eyJ",
    "passwords": "password:",
    "invisible": "\u200b",
    "blank lines": "\n \n ",
    "foxes": "🦊",
}
CHECKS = {
    "figures_in_sources": {"accept_pairs": True, "accept_rounded": True},
    "quotations_in_sources": {"min_words": 1},
    "personal_data": {},
    "secrets": {},
    "required_wording": {"phrases": ["never said", "1,1"], "whole_words": False},
    "banned_wording": {"phrases": ["never said", "1 1"]},
    "length": {"field": "output.text", "unit": "sentences", "maximum": 5},
    "language": {"field": "output.text", "allowed": ["en"]},
}


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_every_check_ends_in_bounded_time_on_hostile_text(kind):
    piece = HOSTILE[kind]
    text = piece * (LONGEST // len(piece))
    source = piece * (SIZE // len(piece))
    facts = facts_of({"text": text}, evidence=[text_source(source)])

    for name, params in CHECKS.items():
        started = time.thread_time()
        found = run(name, params, facts)
        used = time.thread_time() - started
        assert found.outcome != "error", f"{name}: {found.message}"
        assert used < SECONDS, f"{name} took {used:.1f} s"


def test_more_figures_than_can_be_compared_are_inconclusive_and_never_pass():
    facts = facts_of({"text": "1"}, evidence=[text_source("1 " * 60_000)])
    found = run("figures_in_sources", {}, facts)

    assert found.outcome in {"inconclusive", "timeout"}


def test_sources_that_are_too_long_are_inconclusive():
    evidence = [text_source("a b c " * 80_000) for _ in range(10)]
    facts = facts_of({"text": "5 “a b c d”"}, evidence=evidence)

    assert run("figures_in_sources", {}, facts).outcome in {"inconclusive", "timeout"}
    assert run("quotations_in_sources", {}, facts).outcome in {"inconclusive", "timeout"}


def test_an_output_of_ten_thousand_numbers_is_read():
    facts = facts_of({"numbers": list(range(10_000))}, evidence=[text_source("1 2 3")])
    found = run("figures_in_sources", {}, facts)

    assert found.outcome == "fail"
    assert len(found.findings) == 100
