"""The next case takes the place of the last in the same tab, and nothing of the last stays."""

from __future__ import annotations

from typing import Any

import pytest
from django.shortcuts import render
from playwright.sync_api import Page, expect

from reviews.models import Decision, Draft
from tests.browser.steps import WHY, approve, fill_approval, play

pytestmark = pytest.mark.django_db(transaction=True)

MARK = "window.sameDocument = true"
IS_MARKED = "window.sameDocument === true"


def begin(sit, world, cases: int) -> tuple[Page, list[Any]]:
    """At play on the first of so many cases."""
    posted = [world.post() for _ in range(cases)]
    page = sit("ada").open("/queues/")
    play(page)
    page.evaluate(MARK)
    return page, posted


def test_the_next_case_is_there_without_a_navigation_and_at_its_own_address(sit, world):
    page, (first, second) = begin(sit, world, 2)

    approve(page)

    expect(page.locator("#case-title")).to_be_focused()
    assert page.evaluate(IS_MARKED)
    assert page.url.endswith(second.get_absolute_url())
    assert second.reference in page.title()
    expect(page.locator(".receipt")).to_contain_text(first.reference)
    expect(page.locator("#rationale")).to_have_value("")
    expect(page.locator("body[aria-busy]")).to_have_count(0)


def test_what_is_typed_and_kept_belongs_to_the_case_that_is_shown(sit, world):
    page, (first, second, third) = begin(sit, world, 3)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    approve(page)
    approve(page)
    expect(page.locator("#case-title")).to_be_focused()
    assert page.evaluate(IS_MARKED)
    asked.clear()

    fill_approval(page)
    expect(page.locator("[data-draft-status]")).to_contain_text("Draft saved")

    assert Draft.objects.get().case == third
    assert asked, "the draft was never sent"
    assert all(third.reference in one or str(third.pk) in one for one in asked)
    assert not Draft.objects.filter(case__in=[first, second]).exists()


def test_each_key_acts_once_and_on_the_case_that_is_shown(sit, world):
    page, (_, _, third) = begin(sit, world, 3)
    approve(page)
    approve(page)
    expect(page.locator("#case-title")).to_be_focused()
    page.evaluate(
        "window.sends = 0;document.addEventListener('submit', () => { window.sends += 1; }, true)"
    )

    fill_approval(page)
    page.keyboard.press("Control+Enter")

    expect(page.locator(".receipt")).to_contain_text(third.reference)
    assert page.evaluate("window.sends") == 1
    assert Decision.objects.filter(case=third).count() == 1


def test_back_reads_the_last_case_from_the_server(sit, world):
    page, (first, second) = begin(sit, world, 2)
    approve(page)
    expect(page.locator("#case-title")).to_be_focused()

    page.go_back()

    page.wait_for_function(f"!({IS_MARKED})")
    assert page.url.endswith(first.get_absolute_url())
    expect(page.locator("form[data-decision]")).to_have_count(0)
    page.go_forward()
    expect(page.locator("#case-title")).to_be_visible()
    assert page.url.endswith(second.get_absolute_url())


def test_a_page_of_a_newer_release_is_navigated_to(sit, world):
    page, (_, second) = begin(sit, world, 2)
    page.evaluate("document.querySelector('script[src]').setAttribute('src', '/static/js/old.js')")

    approve(page)

    expect(page.locator("#case-title")).to_be_focused()
    assert not page.evaluate(IS_MARKED)
    assert page.url.endswith(second.get_absolute_url())


def test_a_next_page_that_fails_never_reads_as_a_decision_that_was_not_sent(
    sit, world, monkeypatch
):
    page, (first, second) = begin(sit, world, 2)
    fill_approval(page)
    monkeypatch.setattr("reviews.views.cases.render_case", fail)

    page.keyboard.press("Control+Enter")

    expect(page.locator("h1")).to_contain_text("Something failed on our side")

    assert Decision.objects.get(case=first).rationale == WHY
    assert not page.evaluate(IS_MARKED)
    assert page.url.endswith(second.get_absolute_url())


def fail(request, _case):
    """A page that cannot be made."""
    return render(request, "500.html", status=500)
