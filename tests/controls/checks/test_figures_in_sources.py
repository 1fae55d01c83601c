from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from assurance.controls.checks.figures import figures_in
from assurance.controls.checks.sources import source_text
from tests.controls.checks.sample_facts import (
    codes,
    facts_of,
    letter,
    marked,
    run,
    table_source,
    text_source,
)

CHECK = "figures_in_sources"
INVOICE = table_source(["Item", "Amount"], [["Plumber", 3930.0], ["Parts", 350], ["Total", 4280]])
POLICY = text_source("Policy HM-77120. Excess £350.00. Account ending 4471.", "Policy")


def judge(facts, **params):
    return run(CHECK, params, facts)


def place_of(facts, source):
    """The words in the evidence that a finding or mark leads to."""
    text = source_text(facts["evidence"][source["evidence"]])
    return text[source["start"] : source["end"]]


def test_a_letter_with_figures_of_its_sources_passes_and_ties_each_to_its_place():
    facts = letter("We pay £4,280.00 less £350 to account 4471, HM-77120.", INVOICE, POLICY)
    found = judge(facts)

    assert found.outcome == "pass"
    assert found.findings == ()
    assert [(marked(facts, mark), mark.state, place_of(facts, mark.source))
            for mark in found.marks] == [
        ("4,280.00", "pass", "4280"),
        ("350", "pass", "350.00"),
        ("4471", "pass", "4471"),
        ("HM-77120", "pass", "HM-77120"),
    ]  # fmt: skip
    assert found.score == 1.0


def test_a_figure_in_no_source_fails_with_its_place_and_the_nearest_figure():
    facts = letter("We will pay £4,820.00 to account 4471.", INVOICE, POLICY)
    found = judge(facts)

    assert (found.outcome, found.reason_code) == ("fail", "not_in_sources")
    assert found.message == (
        "£4,820.00 is in none of the sources. The nearest figure is 4280 in “Invoice”."
    )
    (finding,) = found.findings
    assert marked(facts, finding) == "4,820.00"
    assert place_of(facts, finding.source) == "4280"
    assert [mark.state for mark in found.marks] == ["fail", "pass"]
    assert found.score == 0.5


def test_the_operands_name_the_figure_and_what_the_sources_have_instead():
    facts = facts_of({"amount": 4820}, evidence=[INVOICE])
    (operand,) = judge(facts).operands

    assert operand["field"] == "output.amount"
    assert (operand["value"], operand["op"]) == (4820, "not_in")
    assert operand["other"][0] == 4280
    assert set(operand["other"]) == {4280, 3930, 350}


def test_swapped_digits_are_the_nearest_figure_before_a_closer_one():
    facts = letter("4,820", "4,819 and 4,280")

    assert "4,280" in judge(facts).message


def test_a_number_in_the_data_has_a_field_and_no_place_in_a_text():
    facts = facts_of({"amount": 4820}, evidence=[INVOICE])
    (finding,) = judge(facts).findings

    assert (finding.path, finding.start, finding.end) == ("output.amount", None, None)
    assert finding.source is not None


@pytest.mark.parametrize(
    "source",
    [
        {"kind": "json", "label": "Record", "content": {"total": 4280.0}},
        {"kind": "json", "label": "Record", "content": {"lines": [{"total": "£4,280.00"}]}},
        table_source(["Total"], [["4.280,00"]]),
        table_source([4280], []),
        text_source("four: 4 280,00 EUR"),
    ],
)
def test_figures_are_found_in_every_kind_of_source(source):
    assert judge(letter("4,280.00", source)).outcome == "pass"


@pytest.mark.parametrize(
    "source",
    [
        {"kind": "link", "label": "Price list", "url": "https://example.org/4280"},
        {"kind": "file", "label": "Scan", "content": "4280"},
    ],
)
def test_what_was_not_opened_is_no_source(source):
    found = judge(letter("4,280.00", source))

    assert (found.outcome, found.reason_code) == ("inconclusive", "no_sources")


@pytest.mark.parametrize("kind", ["link", "file"])
def test_the_label_of_what_was_not_opened_is_no_source_either(kind):
    unopened = {"kind": kind, "label": "Payout 9,999.00", "url": "https://example.org"}

    assert judge(letter("We pay £9,999.00.", unopened, "Excess £350")).outcome == "fail"


def test_the_keys_of_a_json_source_are_names_and_no_figures():
    source = {"kind": "json", "label": "Record", "content": {"address_4820": "x", "4821": [7]}}

    assert judge(letter("4821", source)).outcome == "fail"
    assert judge(letter("0", source)).outcome == "fail"
    assert judge(letter("7", source)).outcome == "pass"


def test_without_evidence_a_figure_is_inconclusive_and_a_text_without_figures_passes():
    assert judge(letter("We pay 5.")).reason_code == "no_sources"
    assert judge(letter("We pay nothing.")).outcome == "pass"
    assert judge(letter("We pay 5.", "   ")).reason_code == "no_sources"


def test_a_missing_field_is_inconclusive_although_the_others_are_fine():
    facts = letter("4280", INVOICE)
    found = judge(facts, fields=["output.text", "output.subject_line"])

    assert (found.outcome, found.reason_code) == ("inconclusive", "missing_field")
    assert "`output.subject_line`" in found.message
    assert len(found.marks) == 1


def test_a_fault_is_a_fault_although_another_field_is_missing():
    facts = letter("4281", INVOICE)

    assert judge(facts, fields=["output.text", "output.subject_line"]).outcome == "fail"


def test_fields_of_the_case_may_count_as_sources():
    facts = letter("Dear customer-7781, you are 34.", "x", context={"age": 34})

    assert judge(facts).outcome == "fail"
    assert judge(facts, source_fields=["context.age", "subject"]).outcome == "pass"
    (first, _) = judge(facts, source_fields=["context", "subject"]).marks
    assert first.source is None
    assert first.message == "It is in `subject`."


def test_fixed_figures_of_a_template_may_be_ignored():
    facts = letter("Call 0800 123 456, 24/7, within 14 days.", "nothing")

    assert judge(facts).outcome == "fail"
    assert judge(facts, ignore=["0800 123 456", "24/7", "14"]).outcome == "pass"


def test_ignoring_a_number_does_not_ignore_the_same_amount_of_money():
    assert judge(letter("£14", "nothing"), ignore=["14"]).outcome == "fail"


def test_small_counts_may_be_ignored_but_no_amounts_and_no_fractions():
    source = "nothing"

    assert judge(letter("2 documents", source), ignore_up_to=10).outcome == "pass"
    assert judge(letter("11 documents", source), ignore_up_to=10).outcome == "fail"
    assert judge(letter("£2", source), ignore_up_to=10).outcome == "fail"
    assert judge(letter("2.5", source), ignore_up_to=10).outcome == "fail"
    assert judge(letter("0 documents", source)).outcome == "fail"


def test_dates_and_references_are_compared_unless_switched_off():
    facts = letter("On 23 November 2026, HM-99999.", POLICY)

    assert judge(facts).outcome == "fail"
    assert judge(facts, dates=False).outcome == "fail"
    assert judge(facts, dates=False, references=False).outcome == "pass"


def test_a_reference_that_is_nearly_right_is_shown_beside_the_right_one():
    found = judge(letter("HM-77121", POLICY))

    assert found.message.startswith("“HM-77121” is in none of the sources.")
    assert "“HM-77120”" in found.message


def test_arithmetic_that_the_text_writes_out_is_recomputed():
    source = "4,280.00 and 350.00"
    right = "We pay £4,280.00 − £350.00 = £3,930.00."
    wrong = "We pay £4,280.00 − £350.00 = £3,920.00."
    foreign = "We pay £4,280.00 − £360.00 = £3,920.00."

    assert judge(letter(right, source)).outcome == "pass"
    assert judge(letter(wrong, source)).outcome == "fail"
    assert len(judge(letter(foreign, source)).findings) == 2


def test_sums_of_two_pass_only_where_the_owner_accepts_them():
    facts = letter("£3,930.00", "4,280.00 and 350.00")

    assert judge(facts).outcome == "fail"
    assert judge(facts, accept_pairs=True).outcome == "pass"
    assert judge(letter("£3,931.00", "4,280.00 and 350.00"), accept_pairs=True).outcome == "fail"


def test_rounded_figures_pass_only_where_the_owner_accepts_them():
    facts = letter("about 4.8 million", "4,812,300")

    assert judge(facts).outcome == "fail"
    assert judge(facts, accept_rounded=True).outcome == "pass"
    assert judge(letter("4.9 million", "4,812,300"), accept_rounded=True).outcome == "fail"
    assert judge(letter("4,812,301", "4,812,300"), accept_rounded=True).outcome == "fail"


def test_places_are_counted_in_code_points():
    facts = letter("🦊🦊 é 4,820", "🦊 4,280")
    (finding,) = judge(facts).findings

    assert (finding.start, finding.end) == (5, 10)
    assert finding.source == {"evidence": 0, "start": 2, "end": 7}


def test_digits_of_other_scripts_hide_nothing():
    assert judge(letter("٤٨٢٠ and ４８２０", "4280")).outcome == "fail"
    assert judge(letter("٤٢٨٠ and ４２８０", "4280")).outcome == "pass"


def test_more_findings_than_a_page_can_show_are_counted():
    text = " ".join(str(number) for number in range(10_000, 10_500))
    found = judge(letter(text, "nothing but 1"))

    assert len(found.findings) == 100
    assert "499 others" in found.message


def test_parameters_are_checked_when_saved():
    assert codes(CHECK, {"fields": ["output.text"], "source_fields": ["context"]}) == {}
    assert codes(CHECK, {"fields": ["output.txt"]}) == {"/fields/0": "unknown_field"}
    assert codes(CHECK, {"fields": []}) == {"/fields": "wrong_parameter"}
    assert codes(CHECK, {"ignore_up_to": -1}) == {"/ignore_up_to": "wrong_parameter"}


AMOUNTS = st.decimals(0, 10**7, places=2).map(lambda n: format(n, ",.2f"))
WRITINGS = st.one_of(
    AMOUNTS,
    AMOUNTS.map(lambda text: f"£{text}"),
    AMOUNTS.map(lambda text: f"{text} €".replace(",", "’")),
    st.integers(10, 10**6).map(str),
    st.integers(1, 99).map(lambda n: f"{n} %"),
    st.dates().filter(lambda day: day.year > 1900).map(lambda day: day.isoformat()),
    st.integers(10_000, 99_999).map(lambda n: f"HM-{n}"),
)


@given(st.lists(WRITINGS, min_size=1, max_size=6), st.data())
def test_any_text_made_of_figures_of_the_sources_passes(figures, data):
    source = "Listed: " + "; ".join(figures) + "."
    chosen = data.draw(st.lists(st.sampled_from(figures), min_size=1, max_size=6))
    text = "We say " + " and then ".join(chosen) + ", as agreed."
    found = judge(letter(text, source))

    assert found.outcome == "pass", found.message
    assert all(mark.state == "pass" for mark in found.marks)


@given(AMOUNTS, st.lists(AMOUNTS, max_size=4), st.data())
def test_one_changed_digit_fails_at_its_place(figure, others, data):
    places = [i for i, char in enumerate(figure) if char.isdigit()]
    at = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != figure[at]]))
    changed = figure[:at] + digit + figure[at + 1 :]
    known = {Decimal(one.replace(",", "")) for one in [figure, *others]}
    assume(Decimal(changed.replace(",", "")) not in known)
    facts = letter(f"We pay £{changed} now.", "; ".join([figure, *others]))
    found = judge(facts)

    assert found.outcome == "fail"
    assert found.findings[0].start == 8
    assert marked(facts, found.findings[0])[0] == changed[0]


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_judged_without_an_error(text, source):
    found = judge(letter(text, source or "x"), accept_pairs=True, accept_rounded=True)

    assert found.outcome in {"pass", "fail", "inconclusive"}
    for mark in found.marks:
        assert mark.end is None or 0 <= mark.start < mark.end <= len(text)


@given(st.text(st.sampled_from("0123456789.,-+*/()= %£\n"), max_size=40))
def test_any_tie_is_judged_without_an_error(expression):
    tie = [{"figure": "3,930.00", "expression": expression}]
    found = judge(letter("3,930.00", "4,280 and 350", arithmetic=tie))

    assert found.outcome in {"pass", "fail"}
    if found.outcome == "pass":
        assert {"4280", "350"}.issuperset(
            format(one.value, "f").split(".")[0] for one in figures_in(expression) if one.value
        )
