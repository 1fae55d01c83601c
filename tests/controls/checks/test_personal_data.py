from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assurance.controls.checks.personal_data import spans
from tests.controls.checks.sample_facts import codes, facts_of, letter, marked, run

CHECK = "personal_data"


def judge(text, **params):
    return run(CHECK, params, letter(text))


def kinds(text):
    return [(kind, text[start:end]) for kind, start, end in spans(text, ALL)]


ALL = ["email", "iban", "card", "national_id", "phone"]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("write to ada.l+x@mail.example.org.", "email", "ada.l+x@mail.example.org"),
        ("(ada@example.org)", "email", "ada@example.org"),
        ("ＡＤＡ＠example.org", "email", "ＡＤＡ＠example.org"),
        ("pay to GB29 NWBK 6016 1331 9268 19 now", "iban", "GB29 NWBK 6016 1331 9268 19"),
        ("de89370400440532013000", "iban", "de89370400440532013000"),
        ("AA11 GB29NWBK60161331926819", "iban", "GB29NWBK60161331926819"),
        ("card 4111 1111 1111 1111.", "card", "4111 1111 1111 1111"),
        ("card 5500-0000-0000-0004", "card", "5500-0000-0000-0004"),
        ("378282246310005", "card", "378282246310005"),
        ("ref 32 4111111111111111", "card", "4111111111111111"),
        ("NI AB 12 34 56 C", "national_id", "AB 12 34 56 C"),
        ("ab123456c", "national_id", "ab123456c"),
        ("SSN 123-45-6789", "national_id", "123-45-6789"),
        ("call +44 20 7946 0958", "phone", "+44 20 7946 0958"),
        ("call 020 7946 0958 today", "phone", "020 7946 0958"),
        ("call 0049 30 1234567", "phone", "0049 30 1234567"),
        ("call (555) 010-1234", "phone", "(555) 010-1234"),
        ("call 555-010-1234", "phone", "555-010-1234"),
    ],
)
def test_personal_data_are_found_at_their_place(text, kind, value):
    assert kinds(text) == [(kind, value)]
    facts = letter(text)
    found = run(CHECK, {}, facts)

    assert (found.outcome, found.reason_code) == ("fail", "personal_data")
    assert marked(facts, found.findings[0]) == value
    assert found.marks[0].state == "fail"


@pytest.mark.parametrize(
    "text",
    [
        "GB29 NWBK 6016 1331 9268 18",
        "XX29 NWBK 6016 1331 9268 19",
        "4111 1111 1111 1112",
        "0000 0000 0000 0000",
        "4444444444444444444444",
        "claim HM-77120 of £4,820.00 on 22/11/2026 10:30",
        "01-02-2026 10:30",
        "GB 12 34 56 C",
        "000-12-3456",
        "666-12-3456",
        "123-00-4567",
        "user@localhost",
        "@handle and a@ b.c",
        "invoice 2026-0001234",
        "1,234,567,890.12",
        "version 1.2.3.4",
        "",
        "It is 10 to 20 per cent of 300 cases in 2026.",
    ],
)
def test_what_is_no_personal_datum_passes(text):
    assert judge(text).outcome == "pass"


def test_what_is_found_is_never_repeated():
    found = judge("ada.lovelace@example.org and 4111 1111 1111 1111")
    said = str(found.as_json())

    assert "ada.lovelace" not in said
    assert "4111" not in said
    assert "a…@e…" in said


def test_a_number_in_the_data_may_be_a_card():
    found = run(CHECK, {}, facts_of({"account": 4111111111111111}))

    assert found.outcome == "fail"
    assert found.findings[0].path == "output.account"
    assert found.findings[0].start is None


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("write to help@example.org", ["help@example.org"]),
        ("write to HELP@Example.org", ["help@example.org"]),
        ("write to a@example.org, b@example.org", ["@example.org"]),
        ("call 020 7946 0958", ["020-7946-0958"]),
        ("pay GB29 NWBK 6016 1331 9268 19", ["GB29NWBK60161331926819"]),
    ],
)
def test_what_is_allowed_may_be_said(text, allowed):
    assert judge(text).outcome == "fail"
    assert judge(text, allowed=allowed).outcome == "pass"


@pytest.mark.parametrize("allowed", ["xample.org", "@ample.org", "help@example.or"])
def test_only_exactly_what_is_allowed_may_be_said(allowed):
    assert judge("help@example.org", allowed=[allowed]).outcome == "fail"


def test_the_addressees_own_data_may_be_said():
    facts = letter("to ada@example.org, bob@example.org", context={"email": "ADA@example.org"})
    found = run(CHECK, {"allowed_fields": ["context.email"]}, facts)

    assert [marked(facts, one) for one in found.findings] == ["bob@example.org"]


def test_only_the_wanted_kinds_are_looked_for():
    text = "ada@example.org 4111 1111 1111 1111"

    assert len(judge(text, kinds=["card"]).findings) == 1
    assert judge(text, kinds=["iban"]).outcome == "pass"


def test_a_fault_is_found_although_another_field_is_missing():
    facts = letter("ada@example.org")
    params = {"fields": ["output.text", "output.note"]}

    assert run(CHECK, params, facts).outcome == "fail"
    assert run(CHECK, params, letter("nothing")).outcome == "inconclusive"


def test_parameters_are_checked_when_saved():
    assert codes(CHECK, {"kinds": ["email", "fax"]}) == {"/kinds/1": "wrong_parameter"}
    assert codes(CHECK, {"allowed_fields": ["output.amuont"]}) == {
        "/allowed_fields/0": "unknown_field"
    }


@given(st.text(st.sampled_from("0123456789 .-()+@aAGB/")))
def test_places_of_any_text_lie_in_it_and_do_not_overlap(text):
    end = 0
    for _, start, stop in spans(text, ALL):
        assert end <= start < stop <= len(text)
        end = stop


@given(st.integers(10**14, 10**15 - 1))
def test_every_number_with_the_right_check_digit_is_a_card(body):
    digits = f"4{body}"[:15]
    total = sum(sum(divmod(int(d) * 2, 10)) if i % 2 == 0 else int(d) for i, d in enumerate(digits))
    right = str(-total % 10)
    wrong = str((int(right) + 1) % 10)

    assert kinds(f"no {digits}{right}.") == [("card", digits + right)]
    assert ("card", digits + wrong) not in kinds(f"no {digits}{wrong}.")
