"""What a person does again and again, in keys."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from assurance.delivery.models import Delivery
from reviews.models import Case
from tests.browser.seat import expecting_page, focused

WHY = "Every figure stands in the invoice or the email."


def until(page: Page, wanted: str) -> None:
    """Tab on until this (an id, a name, or words in it) has the focus."""
    for _ in range(40):
        text = page.evaluate("document.activeElement.textContent.trim().slice(0, 60)")
        if focused(page) == wanted or text.startswith(wanted):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reached {wanted}; it is on {focused(page)}")


def play(page: Page) -> None:
    """From the list of queues to the first case."""
    page.goto("/queues/")
    until(page, "Next case")
    with expecting_page(page):
        page.keyboard.press("Enter")


def fill_approval(page: Page) -> None:
    """A, the first reason, a rationale."""
    page.keyboard.press("a")
    page.keyboard.press("Space")
    until(page, "rationale")
    page.keyboard.type(WHY)


def approve(page: Page) -> None:
    """All of it, and on to the next page."""
    fill_approval(page)
    with expecting_page(page):
        page.keyboard.press("Control+Enter")


def refused(page: Page) -> None:
    """Send, and wait for the refusal."""
    page.keyboard.press("Control+Enter")
    expect(page.locator("#notice [data-notice], #notice .summary").first).to_be_visible()


def webhooks_of(case: Case) -> list[str]:
    """What was promised to the system about one case, after it was routed."""
    promised: Any = Delivery.objects.filter(stream_id=str(case.pk))
    return [type for type in promised.values_list("event_type", flat=True) if "routed" not in type]
