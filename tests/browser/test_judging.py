"""Judging well on the page: marks and their sources, corrections, what did not run, versions."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from assurance.controls.checks.outcomes import Outcome
from reviews.models import Decision
from tests.browser.seat import expecting_page, focused, words
from tests.browser.steps import refused, until
from tests.browser.world import check_answers

pytestmark = pytest.mark.django_db(transaction=True)
LIT = "[...document.querySelectorAll('.lit')].map((one) => one.dataset.markText)"
FOCUSED_MARK = "((e) => e.dataset.mark && [e.dataset.mark, e.dataset.side])(document.activeElement)"


def test_the_reason_stands_first_with_its_values_and_every_control_shows_its_operands(sit, world):
    case = world.wrong()
    page = sit("ada").open(case.get_absolute_url())

    assert "£4,820.00 is in none of the sources." in words(page, ".lede")
    assert page.locator(".lede b").first.inner_text() == "£4,820.00"
    # Beside three controls that held it, one that only advises: its verifier could not be asked.
    rows = page.locator(".fired > li:not(#control-stage):not(#control-LET-10)")
    assert rows.count() == 3
    for row in rows.all():
        assert row.locator(".trip").inner_text().strip()
        assert "?version=1" in row.locator("a").get_attribute("href")
    assert "Payout 4,820 is not 3,930" in words(page, "#control-LET-02")
    assert "Payout 4,820 over 2,500" in words(page, "#control-LET-07")

    rows.first.locator("a").click()
    expect(page.locator("h1")).to_have_text("Figures come from sources")
    expect(page.locator("main")).to_contain_text("Version 1")


def test_marks_lead_to_their_source_and_back_by_key(sit, world):
    page = sit("ada").open(world.wrong().get_absolute_url())

    page.keyboard.press("2")
    assert page.evaluate(FOCUSED_MARK) == ["2", "output"]
    page.keyboard.press("2")
    assert page.evaluate(FOCUSED_MARK) == ["2", "source"]
    assert page.evaluate(LIT) == ["2", "2"]
    page.keyboard.press("Enter")
    assert page.evaluate(FOCUSED_MARK) == ["2", "output"]
    # The payout is wrong by itself: no passage, so it leads to the control that found it.
    page.keyboard.press("1")
    page.keyboard.press("1")
    assert page.evaluate("document.activeElement.textContent") == "LET-02"

    page.keyboard.press("]")
    page.keyboard.press("]")
    assert page.evaluate("document.activeElement.closest('details').id") == "source-2"
    page.keyboard.press("[")
    assert page.evaluate("document.activeElement.closest('details').id") == "source-1"


def test_marks_lead_to_their_source_and_back_by_click_and_for_a_screen_reader(sit, world):
    page = sit("ada").open(world.wrong().get_absolute_url())

    page.get_by_role("link", name="Mark 3, passed").click()
    assert page.evaluate(FOCUSED_MARK) == ["3", "source"]
    page.get_by_role("link", name="Mark 3, back to the output").click()
    assert page.evaluate(FOCUSED_MARK) == ["3", "output"]
    failed = page.get_by_role("link", name="Mark 2, failed: £4,820.00 is in none of the sources.")
    expect(failed).to_be_visible()
    # Without script too, every number leads somewhere.
    assert page.evaluate(
        "[...document.querySelectorAll('a.ref')].every("
        "(link) => document.getElementById(decodeURIComponent(link.hash.slice(1))))"
    )


def test_changes_show_as_a_word_diff_and_yours_beside_the_draft(sit, world):
    case = world.claimed(world.wrong(), "ada")
    page = sit("ada").open(case.get_absolute_url())
    page.keyboard.press("c")
    expect(page.get_by_label("Your letter")).to_be_focused()
    letter = page.get_by_label("Your letter")
    letter.fill(letter.input_value().replace("4,820.00", "3,930.00"))
    page.locator("#correct-output-payout").fill("3930")
    page.keyboard.press("Escape")
    page.keyboard.press("v")

    changes = page.locator("[data-changes='output.letter']")
    expect(changes.locator("del")).to_have_text("£4,820.00")
    expect(changes.locator("ins")).to_have_text("£3,930.00")
    expect(page.locator("[data-yours='output.payout']")).to_have_text("3,930")
    page.keyboard.press("Escape")
    page.keyboard.press("v")
    expect(page.locator("[data-clean='output.letter']")).to_contain_text("We will pay £3,930.00")


def test_a_corrected_output_is_judged_again_refused_mended_with_a_tie_and_sent(sit, world):
    case = world.claimed(world.wrong(), "ada")
    page = sit("ada").open(case.get_absolute_url())
    page.keyboard.press("c")
    letter = page.get_by_label("Your letter")
    letter.fill(letter.input_value().replace("4,820.00", "3,930.00"))
    page.locator("#correct-output-payout").fill("3930")
    page.locator("[data-reason][value=figure-wrong]").check(force=True)
    page.locator("#rationale").fill("Invoice total of 4,280.00 less the excess of 350.00.")

    with page.expect_response("**/decide/") as sent:
        refused(page)

    assert sent.value.status == 422
    summary = page.locator("#notice [data-error-summary]")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("£3,930.00 is in none of the sources.")
    assert not Decision.objects.filter(case=case).exists()
    summary.get_by_role("link").first.click()
    assert focused(page) == "correct-output-letter"
    expect(letter).to_have_attribute("aria-invalid", "true")
    assert "3,930.00" in letter.input_value()

    page.get_by_text("Tie a figure to its sources").click()
    page.locator("[name=tie_figure]").last.fill("3,930.00")
    page.locator("[name=tie_expression]").last.fill("4,280.00 - 350.00")
    with expecting_page(page):
        page.keyboard.press("Control+Enter")

    decision = Decision.objects.get(case=case)
    assert decision.output["payout"] == 3930
    assert "£3,930.00" in decision.output["letter"]
    assert decision.arithmetic == [{"figure": "3,930.00", "expression": "4,280.00 - 350.00"}]
    world.release()
    case.refresh_from_db()
    assert case.end == "corrected"
    page.goto(f"{case.get_absolute_url()}record/")
    changed = page.locator("section", has=page.locator(f"#decision-{decision.pk}"))
    expect(changed.locator("del", has_text="£4,820.00")).to_be_visible()
    expect(changed.locator("ins", has_text="£3,930.00")).to_be_visible()
    expect(changed.locator(".diff-rows")).to_contain_text("Payout 4,820 3,930")


@pytest.mark.parametrize("outcome", ["timeout", "error"])
def test_a_check_that_did_not_run_is_never_shown_as_passed(sit, world, outcome):
    with check_answers("personal_data", Outcome(outcome, "The check took longer than it may.")):
        case = world.post()
    seat = sit("ada")
    for address in (case.get_absolute_url(), f"{case.get_absolute_url()}record/"):
        page = seat.open(address)
        row = page.locator(".checks li", has_text="No personal data")
        said = {"timeout": "timed out", "error": "could not run"}[outcome]
        expect(row).to_have_text(f"No personal data: {said}")
        assert row.get_attribute("data-outcome") == "not_run"
        expect(row.get_by_role("img", name="Did not run:")).to_be_visible()
        colour = "(e) => getComputedStyle(e.querySelector('svg')).color"
        passed = page.locator(".checks li[data-outcome=pass]").first
        assert row.evaluate(colour) != passed.evaluate(colour)
        assert "No personal data" not in " ".join(
            page.locator(".checks li[data-outcome=pass]").all_inner_texts()
        )
        expect(page.locator("#control-LET-04")).to_be_visible()


def test_sensitive_values_are_covered_until_asked_for_and_absent_from_lists(sit, world):
    case = world.claimed(world.post(), "ada")
    page = sit("ada").open(case.get_absolute_url())
    value = page.locator("[data-covered-value]", has_text="Ms Okafor")
    expect(value).to_be_hidden()

    until(page, "Show customer")
    page.keyboard.press("Enter")
    expect(value).to_be_visible()

    for address in ("/queues/", world.queue.get_absolute_url(), "/cases/"):
        page.goto(address)
        assert "Okafor" not in page.content()


def test_a_kept_source_says_when_it_was_opened(sit, world):
    evidence = [{"label": "Note", "kind": "text", "content": "Nothing of weight."}]
    case = world.claimed(world.post(evidence=evidence * 2), "ada")
    page = sit("ada").open(case.get_absolute_url())
    second = page.locator("#source-2")
    expect(second.locator("[data-source-state]")).to_have_text("not opened")

    page.keyboard.press("]")
    page.keyboard.press("]")

    expect(second.locator("[data-source-state]")).to_contain_text("opened")
    expect(page.locator("[data-draft-status]")).to_contain_text("Draft saved", timeout=10_000)
    page.reload()
    expect(second.locator("[data-source-state]")).to_contain_text("opened")
    expect(second.locator("[data-source-state]")).not_to_have_text("not opened")
