"""What holds on every page: no accessibility violation in either theme at either width, no
sideways scroll at 320 px, no refusal by the policy, and a small weight."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.pages import PLACES, Place, case_mine

pytestmark = pytest.mark.django_db(transaction=True)
WIDTHS = {1440: 900, 390: 844}
LIMIT = 150_000
# Reading style sheets ahead is for a rule that is off; axe makes inline styles for it where a
# sheet imports another, and the policy would report axe instead of the page.
RUN = "axe.run(document, { resultTypes: ['violations'], preload: false })"
SIDEWAYS = """() => [...document.querySelectorAll("body *")]
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
  .filter((one) => !one.closest(".scroll, pre, .vh, dialog"))
  .map((one) => one.outerHTML.slice(0, 120)).slice(0, 5)"""


def violations(page: Page) -> list[str]:
    """What axe finds on the page as it is shown now; axe itself is loaded once a page."""
    found: dict[str, Any] = page.evaluate(RUN)
    return [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for one in found["violations"]
        for node in one["nodes"][:3]
    ]


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_every_page_is_accessible_and_reflows(sit, world, place: Place):
    seat = sit(place.person)
    page = seat.context.new_page()
    address = place.find(world)

    answer = page.goto(address)
    assert answer is not None
    assert answer.status == place.status
    page.evaluate(Axe().axe_script)
    faults: dict[str, list[str]] = {}
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            faults[f"{theme} at {width}"] = violations(page)
    page.set_viewport_size({"width": 320, "height": 640})
    wide = page.evaluate("document.documentElement.scrollWidth")

    assert {where: found for where, found in faults.items() if found} == {}
    assert wide <= 320, page.evaluate(SIDEWAYS)


def test_the_workspace_weighs_less_than_its_limit(sit, world):
    seat = sit("ada", again=True)
    page = seat.context.new_page()
    weights: dict[str, int] = {}

    def weigh(response: Any) -> None:
        weights[response.url] = len(gzip.compress(response.body(), 6))

    page.on("requestfinished", lambda request: weigh(request.response()))
    page.goto(case_mine(world))
    page.wait_for_load_state("networkidle")

    heaviest = sorted(weights.items(), key=lambda one: -one[1])[:5]
    assert len(weights) > 20
    assert sum(weights.values()) < LIMIT, heaviest
