"""A receiver, leave to reach it, and one run of the dispatcher."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from assurance import clock
from assurance.delivery import dispatch
from tests.receiver import Receiver


@pytest.fixture(autouse=True)
def closed(settings):
    """As in production, whatever the environment of this run says."""
    settings.COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS = False
    settings.COUNTERMARK_ALLOWED_NETWORKS = []
    settings.COUNTERMARK_CA_BUNDLE = settings.COUNTERMARK_EGRESS_PROXY = ""


@pytest.fixture
def loopback(closed, settings):
    """As in development: receivers on 127.0.0.1 are allowed."""
    settings.COUNTERMARK_ALLOW_LOOPBACK_WEBHOOKS = True


@pytest.fixture
def receiver(loopback) -> Iterator[Receiver]:
    with Receiver() as one:
        yield one


@pytest.fixture
def dispatched() -> Callable[[], int]:
    """Run the dispatcher until nothing is due; returns the number of tries."""
    return lambda: dispatch.run(clock.now)
