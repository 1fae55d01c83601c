"""What every test stands on: a real PostgreSQL, the fixed cast, a clean clock."""

from __future__ import annotations

import os

import hypothesis
import pytest
from django.conf import settings

from tests.cast import make_cast
from tests.flushing import flush_past_the_triggers  # noqa: F401 (a fixture for all)

# A gate must say the same of the same code: examples are drawn alike there. Elsewhere they differ
# from run to run, and so find more.
hypothesis.settings.register_profile("gate", derandomize=True, deadline=None)
hypothesis.settings.register_profile("search", deadline=None)
hypothesis.settings.load_profile("gate" if os.environ.get("CI") else "search")


def pytest_configure(config: pytest.Config) -> None:
    """Each process of a parallel run counts and caches for itself: a Redis database of its own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    caches = {name: dict(cache) for name, cache in settings.CACHES.items()}
    base = caches["default"]["LOCATION"].rsplit("/", 1)[0]
    caches["default"]["LOCATION"] = f"{base}/{int(worker) % 15 + 1}"
    settings.CACHES = caches


@pytest.fixture
def cast(db):
    """ada, ben, cleo, dev, grace, gus, ivy, otto, mallory: see `tests/cast.py`."""
    return make_cast()
