"""Playing a queue: by keyboard alone, one case after the other, with a way back."""

from __future__ import annotations

import json
import statistics
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from assurance import clock
from reviews import decisions
from reviews.decisions import Verdict
from reviews.models import Decision, Skip
from tests.benchmarks.play import copy
from tests.browser.seat import expecting_page, focused, words
from tests.browser.steps import approve, fill_approval, play, until, webhooks_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_twenty_cases_in_a_row_are_decided_by_keyboard_alone(sit, world, capsys):
    copy(world.post(), 2_000)
    for _ in range(21):
        world.post()
    page = sit("ada").open("/queues/")

    play(page)
    for _ in range(20):
        approve(page)
        expect(page.locator("#case-title")).to_be_focused()

    assert Decision.objects.filter(decided_by=world.cast.ada).count() == 20
    assert page.evaluate("sessionStorage.pointers ?? 0") == 0
    waits = sorted(json.loads(page.evaluate("sessionStorage.waits")))
    middle, p95 = statistics.median(waits), statistics.quantiles(waits, n=20)[-1]
    with capsys.disabled():
        print(f"\nfrom send to the next title: median {middle:.0f} ms, p95 {p95:.0f} ms")
    assert len(waits) == 20
    # The promise is 400 ms, kept by tests/benchmarks/play.py; here other tests run beside.
    assert p95 < 2_000


def test_z_takes_a_decision_back_and_nothing_leaves(sit, world):
    first, second = world.post(), world.post()
    page = sit("ada").open("/queues/")
    play(page)
    approve(page)
    expect(page.locator(".receipt")).to_contain_text(f"Approved: {first.reference}")

    with expecting_page(page):
        page.keyboard.press("z")

    assert first.reference in page.url
    assert second.reference not in page.url
    expect(page.locator("#rationale")).to_have_value(
        "Every figure stands in the invoice or the email."
    )
    assert world.release() == 0
    assert webhooks_of(first) == []
    page.goto(f"/cases/{first.reference}/record/")
    story = words(page, ".thread")
    assert "decided: approve as drafted" in story
    assert "took the decision back" in story
    expect(page.locator("main")).to_contain_text("Taken back inside its window; nothing left.")


def test_past_the_window_nothing_can_be_undone_and_a_new_decision_is_linked_both_ways(sit, world):
    world.queue_with(undo_window=timedelta(seconds=1))
    case = world.post()
    world.post()
    page = sit("ada").open("/queues/")
    play(page)
    approve(page)
    expect(page.locator(".receipt")).to_contain_text("The window is over")
    expect(page.locator("form[data-undo]")).to_have_count(0)
    before = page.url
    page.keyboard.press("z")
    page.wait_for_timeout(300)
    assert page.url == before

    world.release()
    made = Decision.objects.get(case=case)
    verdict = Verdict("reject", reasons=["source-misread"], rationale="The invoice was another's.")
    decisions.supersede(case, verdict, of=made.pk, by=world.cast.ada, at=clock.now())
    page.goto(f"/cases/{case.reference}/record/")

    assert webhooks_of(case) == ["case.closed"]
    page.get_by_role("link", name="a later decision").click()
    page.get_by_role("link", name="the decision before").click()
    assert page.url.endswith(f"#decision-{made.pk}")


def test_an_empty_queue_says_why_and_when_the_next_case_may_be_free(sit, world):
    page = sit("ada").open(world.queue.get_absolute_url())
    expect(page.locator("main")).to_contain_text("None waiting")

    held = world.claimed(world.post(), "ben")
    page.get_by_role("button", name="Next case").click()

    notice = words(page, ".notice")
    assert "All are held by others" in notice
    assert f"may be free at {held.leased_until:%H:%M} UTC" in notice

    world.forget_cases()
    world.post(requested_by="ada")
    page.get_by_role("button", name="Next case").click()
    expect(page.locator(".notice")).to_contain_text("None that you may take")


def test_a_skip_without_a_reason_is_refused_and_the_case_stays_away(sit, world):
    case = world.post()
    other = world.post()
    page = sit("ada").open("/queues/")
    play(page)
    assert case.reference in page.url

    page.keyboard.press("n")
    until(page, "Skip this case")
    page.keyboard.press("Enter")
    page.wait_for_timeout(200)
    assert case.reference in page.url
    answer = page.request.post(
        f"/cases/{case.reference}/skip/",
        form={"lease": "1", "csrfmiddlewaretoken": page.evaluate("document.body.dataset.csrf")},
    )
    assert answer.status == 422
    assert "Choose a reason to skip." in answer.text()
    assert not Skip.objects.exists()

    page.select_option("#skip-reason", index=1)
    until(page, "Skip this case")
    with expecting_page(page):
        page.keyboard.press("Enter")

    assert other.reference in page.url
    page.goto(world.queue.get_absolute_url())
    page.get_by_role("button", name="Next case").click()
    expect(page.locator(".notice")).to_contain_text("skipped")


def test_a_double_click_is_one_decision(sit, world):
    case = world.post()
    page = sit("ada").open("/queues/")
    play(page)
    fill_approval(page)

    with expecting_page(page):
        page.locator("[data-send]").dblclick()

    assert Decision.objects.filter(case=case).count() == 1
    expect(page.locator(".receipt")).to_contain_text("Approved")


def test_back_shows_a_decided_case_as_decided(sit, world):
    world.post(), world.post()
    page = sit("ada").open("/queues/")
    play(page)
    approve(page)

    page.go_back()

    expect(page.locator("#decide")).to_contain_text("Ada Byrne decided: approve as drafted")
    expect(page.locator("form[data-decision]")).to_have_count(0)


def test_nothing_is_preselected_and_sending_without_a_choice_leads_to_the_choices(sit, world):
    case = world.claimed(world.post(), "ada")
    page = sit("ada").open(case.get_absolute_url())
    expect(page.locator("[name=outcome]:checked")).to_have_count(0)
    expect(page.locator("#reasons")).to_be_hidden()

    page.keyboard.press("Control+Enter")

    assert focused(page) == "outcome"
    expect(page.locator("#outcome-error")).to_have_text("Choose a decision first.")
    assert not Decision.objects.filter(case=case).exists()
    page.keyboard.press("r")
    expect(page.locator("#outcome-error")).to_be_hidden()
    shown = page.locator(".chip:visible").all_inner_texts()
    assert "Figure wrong" in shown
    assert "Within policy" not in shown


def test_single_keys_rest_while_one_types_and_can_be_switched_off(sit, world):
    case = world.claimed(world.post(), "ada")
    page = sit("ada").open(case.get_absolute_url())
    page.locator("#rationale").focus()
    page.keyboard.type("a crab, 1 jar, ? z n")
    expect(page.locator("[name=outcome]:checked")).to_have_count(0)
    expect(page.locator("#keys-sheet")).to_be_hidden()
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    expect(page.locator("[name=outcome][value=correct]")).to_be_checked()

    page.goto("/me/")
    page.get_by_label("Single-key shortcuts").uncheck()
    page.get_by_role("button", name="Keep these settings").click()
    page.goto(case.get_absolute_url())
    page.keyboard.press("r")
    page.keyboard.press("?")

    expect(page.locator("[name=outcome][value=reject]")).not_to_be_checked()
    expect(page.locator("#keys-sheet")).to_be_hidden()
    page.locator("[data-opens=keys-sheet]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#keys-sheet")).to_be_visible()


def test_j_and_k_lead_to_the_neighbours(sit, world):
    first, second = world.post(), world.post()
    page = sit("ada").open(first.get_absolute_url())

    with expecting_page(page):
        page.keyboard.press("j")
    assert second.reference in page.url
    with expecting_page(page):
        page.keyboard.press("k")
    assert first.reference in page.url

    page.goto(world.queue.get_absolute_url())
    page.keyboard.press("j")
    page.keyboard.press("j")
    with expecting_page(page):
        page.keyboard.press("Enter")
    assert second.reference in page.url
