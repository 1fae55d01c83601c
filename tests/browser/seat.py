"""A person at a browser: their pages, and everything that went wrong in them unseen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

# Pointer events of this tab since it was opened, and how long each sent decision took until the
# next title had the focus. Kept in the tab, over all its pages.
WATCH = """
for (const type of ["pointerdown", "pointermove", "mousedown", "mousemove", "touchstart"]) {
  addEventListener(type, () => {
    sessionStorage.pointers = Number(sessionStorage.pointers ?? 0) + 1;
  }, { capture: true, passive: true });
}
addEventListener("keydown", (event) => {
  if (event.ctrlKey && event.key === "Enter") sessionStorage.sentAt = Date.now();
}, true);
addEventListener("focusin", (event) => {
  if (event.target.id !== "case-title" || !sessionStorage.sentAt) return;
  const waits = JSON.parse(sessionStorage.waits ?? "[]");
  sessionStorage.waits = JSON.stringify([...waits, Date.now() - Number(sessionStorage.sentAt)]);
  sessionStorage.removeItem("sentAt");
}, true);
"""
# What a refused act looks like in the console; the page answers it, so it is no fault.
EXPECTED = ("Failed to load resource",)


class Seat:
    """One browser context. Its faults: script errors, policy reports, dialogs."""

    def __init__(self, browser: Browser, base: str, **options: Any) -> None:
        self.base = base
        self.faults: list[str] = []
        self.context: BrowserContext = browser.new_context(
            base_url=base, **{"viewport": {"width": 1440, "height": 900}, **options}
        )
        self.context.set_default_timeout(20_000)
        self.context.add_init_script(WATCH)
        self.context.on("console", self._console)
        self.context.on("weberror", lambda error: self.faults.append(f"script: {error.error}"))
        self.context.on("request", self._request)
        self.context.on("dialog", self._dialog)

    def _console(self, message: Any) -> None:
        if message.type == "error" and not message.text.startswith(EXPECTED):
            self.faults.append(f"console: {message.text}")

    def _request(self, request: Any) -> None:
        if "/csp-reports/" in request.url:
            self.faults.append(f"policy: {request.post_data}")

    def _dialog(self, dialog: Any) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def sign_in(self, session: str) -> None:
        """Take the seat with a session that was begun elsewhere."""
        self.context.add_cookies([{"name": "sessionid", "value": session, "url": self.base}])

    def open(self, address: str) -> Page:
        """A new tab on this address."""
        page = self.context.new_page()
        page.goto(address)
        return page

    def leave(self) -> None:
        """Close every tab; nothing typed stays on this device."""
        for page in self.context.pages:
            page.close()

    def close(self) -> None:
        self.context.close()


def words(page: Page, selector: str = "main") -> str:
    """The visible text, its white space as one blank."""
    return " ".join(page.locator(selector).inner_text().split())


def focused(page: Page) -> str:
    """The id, else the name, else the tag of what has the focus."""
    return page.evaluate(
        "(({id, name, tagName}) => id || name || tagName.toLowerCase())(document.activeElement)"
    )


@contextmanager
def expecting_page(page: Page) -> Iterator[None]:
    """Go on only when the act has brought another page."""
    with page.expect_navigation(wait_until="load"):
        yield
