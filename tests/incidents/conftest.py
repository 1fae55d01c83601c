"""An incident of a credit workflow that let something go."""

from __future__ import annotations

import pytest

from incidents import lifecycle
from incidents.models import Incident
from tests.reviews.conftest import NOON, credit, post, waiting  # noqa: F401 (fixtures)


@pytest.fixture
def incident(credit, cast) -> Incident:  # noqa: F811
    return lifecycle.open_incident(
        credit,
        title="Loans above the limit went out",
        severity=2,
        summary="Eleven loans were paid that nobody saw.",
        by=cast.ivy,
        at=NOON,
    )
