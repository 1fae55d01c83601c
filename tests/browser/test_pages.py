"""What holds on every page: no accessibility violation in either theme at either width, no
sideways scroll at 320 px, no refusal by the policy, and a small weight."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import URLPattern, get_resolver, resolve
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


# Rows that stay rows on a narrow screen, where nothing around them scrolls.
UNSTACKED = """() => [...document.querySelectorAll("table.data tbody tr")]
  .filter((one) => getComputedStyle(one).display === "table-row" && one.offsetParent)
  .filter((one) => !one.closest(".scroll, .payload, pre, dialog, .evidence, .src"))
  .map((one) => one.closest("table").outerHTML.slice(0, 160)).slice(0, 3)"""
# Words in a column so narrow that they stand one letter below the other.
SQUEEZED = """() => [...document.querySelectorAll("main :is(td, th, td > div, dd, li, p, small)")]
  .filter((one) => !one.closest("svg, .vh") && one.innerText?.trim().length > 12)
  .map((one) => [one.getBoundingClientRect(), one.outerHTML.slice(0, 120)])
  .filter(([{ width, height }]) => width < 40 && height > 100)
  .map(([{ width, height }, html]) => `${width} by ${height}: ${html}`).slice(0, 3)"""
LOADED = "() => performance.getEntriesByType('resource').map((one) => one.name)"
# Addresses that show no page of their own: acts that answer a form with a page on the list, parts
# that a page asks for, and what only programs ask.
NO_PAGES = {
    *("home", "healthz", "readyz", "metrics", "csp-reports"),
    *("me_theme", "me_end_others", "me_end_one", "grant_certify", "grant_end"),
    *("change_progress", "change_preview", "change_act"),
    *("workflow_pause_page", "workflow_resume_page", "gate_stage", "gate_drill", "confirm_drill"),
    *("delivery:resend", "delivery:revoke_key", "delivery:act_on_endpoint"),
    *("delivery:close_alert", "reviews:next", "reviews:play", "reviews:claim", "reviews:release"),
    *("reviews:skip", "reviews:decide", "reviews:resume", "reviews:undo"),
    *("incidents:open", "incidents:act"),
}


@pytest.fixture(scope="module")
def seen() -> Iterator[dict[str, str]]:
    """The view of each place that was visited. When all were, no page of the house is missing."""
    visited: dict[str, str] = {}
    yield visited
    if len(visited) == len(PLACES):
        assert house() - NO_PAGES - set(visited.values()) == set(), "a page is not in PLACES"


@pytest.fixture(scope="module")
def weights() -> dict[str, int]:
    """The compressed bytes of each file that pages share."""
    return {}


def house() -> set[str]:
    """The names of all addresses of ours, without those of the API and of the admin."""

    def walk(patterns: Any, prefix: str, spaces: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        for one in patterns:
            here = prefix + str(one.pattern)
            if isinstance(one, URLPattern):
                yield here, ":".join((*spaces, one.name or here))
            else:
                inner = (*spaces, one.namespace) if one.namespace else spaces
                yield from walk(one.url_patterns, here, inner)

    every = walk(get_resolver().url_patterns, "", ())
    return {name for at, name in every if not at.startswith(("api/", "admin/"))}


def weight(page: Page, weights: dict[str, int]) -> int:
    """What the page weighs with everything that it loads, compressed."""
    for url in page.evaluate(LOADED):
        if "/static/" in url and url not in weights:
            weights[url] = len(gzip.compress(page.request.get(url).body(), 6))
    files = sum(weights.get(url, 0) for url in page.evaluate(LOADED))
    return files + len(gzip.compress(page.content().encode(), 6))


def violations(page: Page) -> list[str]:
    """What axe finds on the page as it is shown now; axe itself is loaded once a page."""
    found: dict[str, Any] = page.evaluate(RUN)
    return [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for one in found["violations"]
        for node in one["nodes"][:3]
    ]


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_every_page_is_accessible_and_reflows(sit, world, place: Place, seen, weights):
    seat = sit(place.person)
    page = seat.context.new_page()
    address = place.find(world)

    answer = page.goto(address)
    if place.act is not None:
        answer = place.act(world, page)
    assert answer is not None
    assert answer.status == place.status
    seen[place.name] = resolve(urlsplit(page.url).path).view_name if answer.ok else ""
    assert weight(page, weights) < LIMIT
    page.evaluate(Axe().axe_script)
    faults: dict[str, list[str]] = {}
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            faults[f"{theme} at {width}"] = violations(page)
    unstacked, squeezed = page.evaluate(UNSTACKED), page.evaluate(SQUEEZED)
    page.set_viewport_size({"width": 320, "height": 640})
    wide = page.evaluate("document.documentElement.scrollWidth")

    assert {where: found for where, found in faults.items() if found} == {}
    assert wide <= 320, page.evaluate(SIDEWAYS)
    assert not unstacked or "/admin/" in address, unstacked
    assert not squeezed, squeezed


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
