"""What every test stands on: a real PostgreSQL, the fixed cast, a clean clock."""

from __future__ import annotations

import pytest

from tests.cast import make_cast
from tests.flushing import flush_past_the_triggers  # noqa: F401 (a fixture for all)


@pytest.fixture
def cast(db):
    """ada, ben, cleo, dev, grace, gus, ivy, otto, mallory: see `tests/cast.py`."""
    return make_cast()
