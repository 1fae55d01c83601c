"""Finding Chromium, and saying so loudly where there is none."""

from __future__ import annotations

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# As root Chromium refuses its sandbox; the pages are our own.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
MISSING = (
    "NO CHROMIUM WAS FOUND: not one browser test ran. Install it (Debian: apt-get install "
    "chromium) or name it in COUNTERMARK_CHROMIUM."
)


def path() -> str | None:
    """The browser that the tests drive."""
    return os.environ.get("COUNTERMARK_CHROMIUM") or next(
        (found for name in NAMES if (found := shutil.which(name))), None
    )


def is_required() -> bool:
    """Whether a machine without Chromium fails the tests, as in `.ci/run`."""
    return os.environ.get("COUNTERMARK_REQUIRE_CHROMIUM", "false") == "true"
