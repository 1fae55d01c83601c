"""One installation for all that is broken here: starting one costs more than most of the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assurance.stack import Stack
from tests.chaos.house import House


@pytest.fixture(scope="package")
def house() -> Iterator[House]:
    """Real processes with real durability. A test leaves it running and whole."""
    loopback = {"COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS": "true", "COUNTERMARK_RATE": "0"}
    with Stack.temporary(environment=loopback, durable=True) as stack:
        yield House(stack)
